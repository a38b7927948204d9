"""The picture of a pipeline: what is drawn, where keys lead, and how little is drawn again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.color import Color
from textual.geometry import Region
from textual.pilot import Pilot

from juturna_core.cells import printable, width
from juturna_core.control.fake import FakeControl
from juturna_tui.history import History
from juturna_tui.layout import Box, CellLayout, layout
from juturna_tui.preview import preview
from juturna_tui.view import Fill, Frame, State, still
from juturna_tui.widgets.pipeline_graph import STYLES, Brush, PipelineGraph, widget

DIAMOND = ("ab", "ac", "bd", "cd")


class Screen(App[None]):
    """The graph alone. `answers` says whether layouts are made for it; `seen` has what it said."""

    def __init__(self, first: Frame, answers: bool = True) -> None:
        super().__init__()
        self.first, self.answers = first, answers
        self.graph = PipelineGraph()
        self.seen: list[Any] = []

    def compose(self) -> ComposeResult:
        yield self.graph

    def on_mount(self) -> None:
        self.graph.focus()
        self.graph.show(self.first)

    def on_pipeline_graph_selected(self, message: PipelineGraph.Selected) -> None:
        self.seen.append(message)

    def on_pipeline_graph_opened(self, message: PipelineGraph.Opened) -> None:
        self.seen.append(message)

    def on_pipeline_graph_layout_needed(self, message: PipelineGraph.LayoutNeeded) -> None:
        self.seen.append(message)
        if self.answers:
            self.graph.use(layout(message.names, message.links, message.size))

    @property
    def rows(self) -> list[str]:
        """What the graph draws, with all blanks."""
        return [self.graph.render_line(y).text for y in range(self.graph._window.height)]

    @property
    def text(self) -> str:
        return "\n".join(row.rstrip() for row in self.rows).rstrip()


def frame(names: Iterable[str], links: Iterable[Any] = (), **changes: dict[str, Any]) -> Frame:
    """Nodes that flow, the first of them a source; `changes` are fields of single ones."""
    document = {
        "pipeline": {
            "nodes": [
                {"name": name, "type": "proc" if place else "source", "mark": "m"}
                for place, name in enumerate(names)
            ],
            "links": [{"from": origin, "to": end} for origin, end in links],
        }
    }
    drawn = still(preview(document, "/f.json"))
    known: dict[str, Any] = {"state": State.FLOWING, "latency": 0.25, "limit": 64}
    known |= {"rate_in": 0.5, "rate_out": 41.2, "spark": (0.0, 1.0, 2.0, 4.0)}
    nodes = tuple(replace(node, **known | changes.get(node.name, {})) for node in drawn.nodes)
    return replace(drawn, nodes=nodes)


def names_of(count: int) -> list[str]:
    return [f"node_{place:03}" for place in range(count)]


def chain(count: int) -> Frame:
    names = names_of(count)
    return frame(names, pairwise(names))


def fan_out(count: int) -> Frame:
    first, *rest = names_of(count)
    return frame([first, *rest], [(first, name) for name in rest])


def run(
    first: Frame,
    test: Callable[[Screen, Pilot[None]], Awaitable[None]] | None = None,
    *,
    size: tuple[int, int] = (90, 16),
    keys: Iterable[str] = (),
    **options: Any,
) -> str:
    """The text of the graph after `keys` were pressed and `test` was made."""

    async def main() -> str:
        app = Screen(first, **options)
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await pilot.pause()
            if test is not None:
                await test(app, pilot)
            return app.text

    return asyncio.run(main())


def lines(text: str) -> list[str]:
    return [line.strip() for line in text.strip("\n").splitlines()]


# --- what is drawn ---------------------------------------------------------------------------------------------------


def test_a_chain_is_boxes_with_numbers_and_arrows() -> None:
    assert lines(run(frame("ab", ["ab"]))) == lines("""
        ╭─ a ────────── source ╮     ╭─ b ──────────── proc ╮
        │ 250 µs  41.2/s  q 0  │────▶│ 250 µs  0.50/s  q 0  │
        │ ●               ▁▃▅█ │     │ ●               ▁▃▅█ │
        ╰──────────────────────╯     ╰──────────────────────╯""")


def test_what_is_selected_has_heavy_lines() -> None:
    assert lines(run(frame("ab", ["ab"]), keys=["right"])) == lines("""
        ┏━ a ━━━━━━━━━━ source ┓     ╭─ b ──────────── proc ╮
        ┃ 250 µs  41.2/s  q 0  ┃────▶│ 250 µs  0.50/s  q 0  │
        ┃ ●               ▁▃▅█ ┃     │ ●               ▁▃▅█ │
        ┗━━━━━━━━━━━━━━━━━━━━━━┛     ╰──────────────────────╯""")


def test_a_fan_out_and_an_isolated_node_are_all_there() -> None:
    text = run(frame("abcdx", ["ab", "ac", "ad"]), size=(90, 40))
    assert all(f"╭─ {name} ─" in text for name in "abcdx")
    assert text.count("▶") == 3


def test_a_cycle_is_drawn() -> None:
    text = run(frame("abc", ["ab", "bc", "cb"]), size=(100, 20))
    assert all(f"╭─ {name} ─" in text for name in "abc")


def test_a_warped_node_that_is_away_says_where() -> None:
    away = {"warped": True, "state": State.AWAY, "where": "10.0.0.1:50051"}
    text = run(frame("ab", ["ab"], b=away))
    assert "╭─ b ──────── ⇄ warped ╮" in text
    assert "│ ↯ remote away     ▁▃▅█ │".replace("     ", "   ", 1) in text
    assert "╰─ ↯ 10.0.0.1:50051 ───╯" in text
    assert "10.0.0.1" not in run(frame("ab", ["ab"], b=away | {"state": State.FLOWING}))


def test_a_full_queue_shows_at_the_number_and_on_the_edge() -> None:
    full = frame("ab", ["ab"], b={"queue": 64, "state": State.FULL})
    text = run(replace(full, links=(Fill.FULL,)))
    assert "───▲▶│ 250 µs  0.50/s  q 64▲│" in text
    assert "│ ▲ queue full    ▁▃▅█ │" in text
    assert "───△▶│" in run(replace(full, links=(Fill.FILLING,)))


def test_a_suspended_node_of_a_real_description_says_so() -> None:
    nodes = [{"name": name, "type": "proc", "mark": "m"} for name in "ab"]
    links = [{"from": "a", "to": "b"}]
    file = {"version": "0.1.0", "pipeline": {"name": "p", "id": "i", "folder": "/tmp"}}
    file["pipeline"] |= {"nodes": nodes, "links": links}  # type: ignore[operator]
    control, history = FakeControl(json.dumps(file)), History()
    control.suspend("b")
    control.advance(1.0)
    history.advance(control.stats(), control.describe())
    control.advance(1.0)
    text = run(history.advance(control.stats(), control.describe()))
    assert "│ ‖ suspended" in text
    assert "│ ● " in text


@pytest.mark.parametrize("mode", ["full", "line", "dot"])
def test_every_state_has_its_sign_in_every_size(mode: str) -> None:
    states = {state.name: state for state in State}
    shown = frame(states, **{name: {"state": state} for name, state in states.items()})

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.graph.mode = mode  # type: ignore[assignment]
        await pilot.pause()
        for name, state in states.items():
            box = app.graph._box(name)
            assert box is not None
            part = "".join(
                row[box.x : box.x + box.width] for row in app.rows[box.y :][: box.height]
            )
            assert state.sign in part.replace(name, "")
            trouble = state.tone in ("warn", "bad")
            assert (state.word in part) or not (trouble and mode == "full")

    run(shown, test, size=(200, 80))


def test_one_line_and_dots() -> None:
    warped = frame("ab", ["ab"], b={"warped": True, "state": State.FAILING})
    assert run(warped, keys=["right", "z"]) == (
        "┃● a             250 µs┃────▶ ✗ b           ⇄ 250 µs"
    )
    assert run(warped, keys=["right", "z", "z"]) == "┃●┃────▶[✗]"
    assert "╭─ b" in run(warped, keys=["right", "z", "z", "z"])


def test_an_empty_pipeline_says_what_to_do() -> None:
    text = run(frame(""), size=(60, 5), keys=["right", "G", "enter", "z"])
    assert text.splitlines()[2].strip() == "no nodes yet: press e to edit the file"
    left = len(text.splitlines()[2]) - len(text.splitlines()[2].lstrip())
    assert left == (60 - 38) // 2


@pytest.mark.parametrize("mode", ["full", "line", "dot"])
@pytest.mark.parametrize(
    "name",
    [
        "カメラ入力",
        "👩‍💻",
        "x" * 200,
        "映" * 50,
        "e\u0301" * 30,
        "[bold]x[/bold]",
        "a\x1b[31m\nb",
        "한국어",
    ],
)
def test_rows_are_as_wide_as_they_are_whatever_the_name(name: str, mode: str) -> None:
    shown = frame([name, "b"], [(name, "b")], **{name: {"kind": name, "state": State.FAILING}})

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.graph.mode = mode  # type: ignore[assignment]
        for app.graph.selected in ("", name):
            await pilot.pause()
            app.graph.flash([name])
            for y in range(16):
                row = app.graph.render_line(y)
                assert row.cell_length == width(row.text) == 60
                assert row.text == printable(row.text)
            if mode == "full":
                for y in range(4):
                    face = app.graph._painting_now.face(0)[y].text
                    assert width(face) == 24 and face[-1] in "╮│╯┓┃┛"

    run(shown, test, size=(60, 16))


def test_markup_in_names_is_text() -> None:
    assert "╭─ [bold]x[/] ─" in run(frame(["[bold]x[/]"]))


def test_long_names_that_begin_alike_stay_apart() -> None:
    names = ["n" * 40 + "_left", "n" * 40 + "_right"]
    text = run(frame(names), size=(60, 20))
    assert "_left" in text and "right" in text


def test_long_numbers_move_together_and_stay_in_the_box() -> None:
    busy = {"latency": 12.5, "rate_in": 41_234.0, "queue": 1250, "limit": 1250}
    assert "│ 12.5ms 41.2k/s q1250▲│" in run(frame("ab", ["ab"], b=busy))


# --- keys and mouse --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("begin", "key", "end"),
    [
        *(("", key, "a") for key in ("right", "left", "up", "down", "h", "j", "k", "l")),
        *(("a", "right", "b"), ("a", "l", "b"), ("b", "right", "d"), ("c", "l", "d")),
        *(("d", "left", "b"), ("d", "h", "b"), ("b", "left", "a"), ("c", "h", "a")),
        *(("b", "down", "c"), ("b", "j", "c"), ("c", "up", "b"), ("c", "k", "b")),
        *(("a", "down", "c"), ("d", "j", "c"), ("a", "up", "a"), ("a", "left", "a")),
        *(("d", "right", "d"), ("c", "down", "c")),
        *(("b", "g", "a"), ("b", "home", "a"), ("b", "G", "d"), ("b", "end", "d")),
    ],
)
def test_keys_lead_along_edges(begin: str, key: str, end: str) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.graph.selected = begin
        await pilot.press(key)
        assert app.graph.selected == end

    run(frame("abcd", DIAMOND), test)


def test_without_an_edge_right_goes_to_the_nearest_box() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.graph.selected = "x"  # isolated, below a
        box, a = app.graph._box("x"), app.graph._box("a")
        assert box and a and box.x == a.x
        await pilot.press("right")
        assert app.graph.selected == "c"

    run(frame("abcdx", DIAMOND), test, size=(90, 30))


@pytest.mark.parametrize(
    ("begin", "key", "end"),
    [
        ("a", "right", "c"),  # b is nearer, and no edge leads there
        ("c", "left", "a"),
        ("b", "right", "e"),
        ("a", "down", "d"),  # b is nearer, and not in that column
        ("d", "up", "a"),
        ("e", "down", "c"),  # nothing is below it
    ],
)
def test_edges_come_before_what_is_near_and_columns_too(
    begin: str, key: str, end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"a": (0, 0), "b": (29, 6), "c": (29, 12), "d": (0, 24), "e": (80, 8)}
    boxes = tuple(Box(x, y, 24, 4) for x, y in places.values())
    rows = [[i for i, box in enumerate(boxes) if box.y <= y < box.y + 4] for y in range(28)]
    by_x = tuple(tuple(sorted(row, key=lambda i: boxes[i].x)) for row in rows)
    placed = CellLayout(104, 28, boxes, ((),), (" " * 104,) * 28, by_x)
    monkeypatch.setattr(widget, "layout", lambda *graph: placed)

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.graph.selected = begin
        await pilot.press(key)
        assert app.graph.selected == end

    run(frame(places, ["ac"]), test)


def test_enter_and_double_click_open() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("enter")  # nothing is selected
        assert app.seen == []
        await pilot.press("g", "enter")
        await pilot.click(PipelineGraph, offset=(35, 1))
        await pilot.click(PipelineGraph, offset=(26, 3))  # between the boxes
        await pilot.click(PipelineGraph, offset=(5, 1), times=2)
        said = [(type(message).__name__, message.name) for message in app.seen]
        assert said == [
            *(("Selected", "a"), ("Opened", "a"), ("Selected", "b")),
            *(("Selected", "a"), ("Opened", "a")),
        ]

    run(frame("ab", ["ab"]), test)


def test_a_click_counts_from_what_is_scrolled_to() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.graph.scroll_to(x=58, animate=False)
        await pilot.pause()
        await pilot.click(PipelineGraph, offset=(1, 1))
        assert app.graph.selected == "node_002"

    run(chain(9), test, size=(60, 8))


def test_what_is_selected_is_scrolled_into_view() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("G")
        assert "┏━ node_008 " in app.text
        assert "node_000" not in app.text
        await pilot.press("g")
        assert "┏━ node_000 " in app.text

    run(chain(9), test, size=(60, 8))


def test_the_wheel_goes_along_a_chain_and_down_where_there_is_more_below() -> None:
    async def turn(app: Screen, pilot: Pilot[None]) -> tuple[int, int]:
        down = events.MouseScrollDown(app.graph, 1, 1, 0, 1, 0, False, False, False)
        app.graph.post_message(down)
        await pilot.pause()
        return app.graph.scroll_offset

    async def along(app: Screen, pilot: Pilot[None]) -> None:
        x, y = await turn(app, pilot)
        assert x > 0 and y == 0

    async def downwards(app: Screen, pilot: Pilot[None]) -> None:
        x, y = await turn(app, pilot)
        assert x == 0 and y > 0

    run(chain(9), along, size=(60, 8))
    run(fan_out(9), downwards, size=(60, 8))


def test_every_binding_has_its_id() -> None:
    ids = [binding.id for binding in PipelineGraph.BINDINGS]  # type: ignore[union-attr]
    assert all(each and each.startswith("graph.") for each in ids)
    assert len(set(ids)) == len(ids)


# --- another graph ---------------------------------------------------------------------------------------------------


def test_a_reload_keeps_the_selection_by_name_and_the_place() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("G", "left")
        selected, before = app.graph.selected, app.graph._box("node_007")
        place = before.x - app.graph.scroll_offset.x if before else None
        names = ["new", *names_of(9)]
        app.graph.show(frame(names, pairwise(names)))
        await pilot.pause()
        after = app.graph._box("node_007")
        assert app.graph.selected == selected == "node_007"
        assert after and before and after.x > before.x
        assert after.x - app.graph.scroll_offset.x == place
        app.graph.show(chain(7))
        await pilot.pause()
        assert app.graph.selected == ""
        assert app.seen[-1] == PipelineGraph.Selected("")

    run(chain(9), test, size=(60, 8))


def test_a_large_graph_asks_for_its_layout_one_at_a_time() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        (asked,) = app.seen
        assert len(asked.names) == 61 and asked.size == (24, 1)
        assert app.text.strip() == "drawing 61 nodes …"
        app.graph.show(chain(62))
        app.graph.show(chain(63))
        await pilot.pause()
        assert len(app.seen) == 1
        app.graph.use(layout(asked.names, asked.links, asked.size))  # of the graph of before
        await pilot.pause()
        assert "drawing 63" in app.text
        again = app.seen[1]
        assert len(again.names) == 63
        app.graph.use(layout(again.names, again.links, again.size))
        assert "● node_000" in app.text
        app.graph.show(chain(64))
        await pilot.pause()
        assert "● node_000" in app.text  # the old picture, until the new one is there
        app.graph.show(chain(2))
        late = app.seen[2]
        app.graph.use(layout(late.names, late.links, late.size))
        assert len(app.graph._picture.layout.boxes) == 2

    run(chain(61), test, answers=False)


@pytest.mark.parametrize("keys", [[], ["z"], ["z", "z"], ["z", "z", "z"]], ids=len)
def test_boxes_are_full_up_to_sixty_nodes_and_a_line_above_unless_somebody_chose(
    keys: list[str],
) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        chosen = app.graph._picture.layout.boxes[0].height if keys else None
        for count in (81, 3, 0, 81, 60, 61):
            app.seen.clear()
            app.graph.show(chain(count))
            await pilot.pause()
            heights = {box.height for box in app.graph._picture.layout.boxes}
            assert heights == ({chosen or (1 if count > 60 else 4)} if count else set())
            assert len(app.seen) == (count > 60), "a graph is laid out once"

    run(chain(3), test)


# --- how much is drawn -----------------------------------------------------------------------------------------------


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Names of the nodes that were drawn."""
    found: list[str] = []
    node = Brush.node

    def counted(self: Brush, view: Any, *rest: Any) -> Any:
        found.append(view.name)
        return node(self, view, *rest)

    monkeypatch.setattr(Brush, "node", counted)
    return found


@pytest.fixture
def dirty(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Region, ...]]:
    """Regions of every refresh."""
    found: list[tuple[Region, ...]] = []
    refresh = PipelineGraph.refresh

    def noted(self: PipelineGraph, *regions: Region, **options: Any) -> Any:
        found.append(regions)
        return refresh(self, *regions, **options)

    monkeypatch.setattr(PipelineGraph, "refresh", noted)
    return found


@pytest.mark.parametrize("large", [chain(500), fan_out(500)], ids=["chain", "fan-out"])
def test_only_what_is_in_view_and_has_changed_is_drawn(
    large: Frame, drawn: list[str], dirty: list[tuple[Region, ...]]
) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("g")
        await pilot.pause()
        in_view = [large.nodes[index].name for index in app.graph._in_view()]
        assert 0 < len(in_view) < 60
        drawn.clear(), dirty.clear()
        app.graph.show(replace(large, nodes=tuple(replace(node) for node in large.nodes)))
        await pilot.pause()
        assert (drawn, dirty) == ([], [])

        one = in_view[-1]
        box = app.graph._box(one)
        assert box is not None
        slower = [
            replace(node, latency=3.0) if node.name in (one, "node_499") else node
            for node in large.nodes
        ]
        app.graph.show(replace(large, nodes=tuple(slower)))
        (regions,) = dirty
        left, top = app.graph.scroll_offset
        window = app.graph._window.size.region
        assert regions == (Region(box.x - left, box.y - top, 24, 1).intersection(window),)
        await pilot.pause()
        assert drawn == [one]
        assert "3.00 ms" in app.text or box.x + 24 - left > window.width

        drawn.clear()
        await pilot.press("G")
        await pilot.pause()
        assert "node_499" in app.text
        assert len(set(drawn)) < 60
        for key in ("left", "right", "up", "down", "z", "z", "z"):
            await pilot.press(key)
        assert set(drawn) < {node.name for node in large.nodes}

    run(large, test, size=(100, 24))


def test_a_changed_number_repaints_its_row_alone(dirty: list[tuple[Region, ...]]) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        first = app.first
        dirty.clear()
        app.graph.show(replace(first, nodes=(first.nodes[0], replace(first.nodes[1], queue=7))))
        app.graph.show(replace(first, links=(Fill.FULL,)))
        both, link = dirty
        assert both == (Region(29, 1, 24, 1),)
        assert (
            Region(24, 1, 29, 1) in link
        )  # the number goes back, and the edge changes: one region

    run(frame("ab", ["ab"]), test)


def test_what_is_on_the_screen_is_what_a_full_repaint_shows() -> None:
    """No changed row is forgotten: whatever changes, in view or not, with an edge or without."""
    dice, names = Random(7), names_of(70)
    tree = frame(names, [(names[(place - 1) // 3], names[place]) for place in range(1, 70)])

    def changed() -> Frame:
        nodes = [
            replace(node, latency=dice.random(), queue=dice.choice((0, 64)))
            if dice.random() < 0.2
            else replace(node, state=dice.choice((State.FLOWING, node.state, State.AWAY)))
            for node in tree.nodes
        ]
        fills = [dice.choice((Fill.EASY, Fill.EASY, Fill.FILLING, Fill.FULL)) for _ in tree.links]
        return replace(tree, nodes=tuple(nodes), links=tuple(fills))

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        def screen() -> list[list[Any]]:
            return [list(strip) for strip in app.screen._compositor.render_strips()]

        for turn in range(18):
            if turn % 6 == 0:
                await pilot.press("z", *"llj")
            app.graph.scroll_relative(dice.randrange(9), dice.randrange(5), animate=False)
            await pilot.pause()
            app.graph.show(changed())
            await pilot.pause()
            partly = screen()
            app.graph._forget()
            await pilot.pause()
            assert partly == screen()

    run(tree, test, size=(70, 20))


# --- sizes, map, flash, themes ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("shown", [frame("abcd", DIAMOND), chain(70), frame("")])
def test_any_size_of_the_terminal_will_do(shown: Frame) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        for _ in range(13):
            for size in ((80, 24), (20, 5), (1, 1), (200, 60)):
                await pilot.resize_terminal(*size)
                app.graph.show(replace(shown, nodes=tuple(replace(node) for node in shown.nodes)))
                columns, rows = app.graph.size
                assert all(app.graph.render_line(y).cell_length == columns for y in range(rows))
        await pilot.press("g")
        assert "┃" in app.text or not shown.nodes

    run(shown, test, size=(80, 24))


def test_the_map_shows_boxes_trouble_and_what_is_in_view() -> None:
    bad = {"node_069": {"state": State.FAILING}, "node_030": {"state": State.STUCK}}
    names = names_of(70)
    many = frame(names, pairwise(names), **bad)

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        *_, top, inside, bottom = [row[-24:] for row in app.rows]
        assert top == "╭──────────────────────╮" and bottom == "╰──────────────────────╯"
        assert inside.startswith("││·") and inside.endswith("·!│")
        assert inside.count("▲") == inside.count("!") == 1 and inside.count("·") == 19
        await pilot.press("g", "M")
        assert "╭" not in app.text
        await pilot.press("M")
        assert "╭" in app.text
        calm = replace(many, nodes=tuple(replace(n, state=State.FLOWING) for n in many.nodes))
        app.graph.show(calm)
        await pilot.pause()
        assert "!" not in app.text

    run(many, test, size=(80, 20))
    assert "·" not in run(chain(60), size=(80, 20))
    wide = run(fan_out(70), size=(200, 200))
    assert "·" not in wide


def test_the_map_makes_way_for_what_is_selected() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert app.rows[-1].rstrip().endswith("╯")
        await pilot.press("G")
        assert app.rows[-1].startswith("╰") and "node_069" in app.rows[-1]

    run(fan_out(70), test, size=(60, 20))


def test_the_map_repaints_only_when_it_changes(dirty: list[tuple[Region, ...]]) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        dirty.clear()
        nodes = list(app.first.nodes)
        nodes[50] = replace(nodes[50], latency=9.0)
        app.graph.show(replace(app.first, nodes=tuple(nodes)))
        assert dirty == []
        nodes[50] = replace(nodes[50], state=State.AWAY)
        app.graph.show(replace(app.first, nodes=tuple(nodes)))
        assert dirty == [(app.graph._map_region(),)]

    run(chain(70), test, size=(80, 20))


def test_a_flash_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    def reversed_text(app: Screen) -> str:
        row = app.graph.render_line(0)
        return "".join(text for text, style, _ in row if style and style.reverse)

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        monkeypatch.setattr(widget, "FLASH", 60.0)
        app.graph.flash(["b", "not there"])
        await pilot.pause()
        assert reversed_text(app) == "b"
        monkeypatch.setattr(widget, "FLASH", 0.001)
        app.graph.flash(["a", "b"])
        assert reversed_text(app) == "ab"
        while app.graph._flashed:
            await pilot.pause()
        assert reversed_text(app) == ""

    run(frame("ab", ["ab"]), test)


def test_it_can_be_read_in_every_theme_and_follows_a_switch() -> None:
    def light(color: Color) -> float:
        parts = [
            part / 12.92 if part <= 0.04 else ((part + 0.055) / 1.055) ** 2.4
            for part in color.normalized
        ]
        return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2] + 0.05

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        seen, text = set(), app.text
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            styles = app.graph._styles
            assert set(styles) == set(STYLES)
            drawn = [style for _, style, _ in app.graph.render_line(1) if style]
            assert styles["text"] in drawn
            for style in styles.values():
                assert style.color is not None and style.bgcolor is not None
                if style.color.triplet is not None and style.bgcolor.triplet is not None:
                    shades = [light(Color.from_rich_color(c)) for c in (style.color, style.bgcolor)]
                    assert max(shades) / min(shades) >= 3.0, (theme, style)
            seen.add(str(styles["text"]))
            assert app.text == text
            if theme.startswith("ansi"):
                assert len({str(styles[tone].color) for tone in ("ok", "warn", "bad")}) == 3
        assert len(seen) > 5

    run(frame("ab", ["ab"]), test)


def test_the_links_of_what_is_selected_stand_out() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        def bold() -> int:
            rows = [app.graph.render_line(y) for y in range(12)]
            return sum(
                "▶" in text for row in rows for text, style, _ in row if style and style.bold
            )

        assert bold() == 0
        app.graph.selected = "d"
        assert bold() == 1
        app.graph.selected = "a"
        assert bold() == 2

    run(frame("abcd", DIAMOND), test)


def test_the_most_urgent_link_is_drawn_over_those_that_share_its_way() -> None:
    shown = replace(frame("abc", ["ab", "ac"]), links=(Fill.FULL, Fill.FILLING))

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        for app.graph.selected in ("", "a", "c"):
            await pilot.pause()
            (shared,) = app.graph.render_line(1).crop(24, 25)
            assert shared.style and shared.style.color == app.graph._styles["bad"].color

    run(shown, test)
