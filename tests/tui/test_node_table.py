import asyncio
import dataclasses
import json
from collections.abc import Awaitable, Callable
from itertools import pairwise
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.events import Paste
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from juturna_core.cells import width
from juturna_core.control.api import Description, NodeDescription
from juturna_core.control.fake import FakeControl
from juturna_tui.history import History
from juturna_tui.view import Frame, NodeView, State, still
from juturna_tui.widgets import node_columns
from juturna_tui.widgets.node_table import COLUMNS, NodeTable

CALM = (State.FLOWING, State.IDLE)


class Screen(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.table = NodeTable()
        self.posted: list[Message] = []

    def compose(self) -> ComposeResult:
        yield self.table

    def on_mount(self) -> None:
        self.table.focus()

    def on_node_table_selected(self, message: NodeTable.Selected) -> None:
        self.posted.append(message)

    def on_node_table_opened(self, message: NodeTable.Opened) -> None:
        self.posted.append(message)

    @property
    def lines(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in line).rstrip() for line in strips]

    @property
    def names(self) -> list[str]:
        return [line.split()[1] for line in self.lines[1:] if len(line.split()) > 1]


def run(
    test: Callable[[Screen, Pilot[None]], Awaitable[None]],
    *nodes: NodeView,
    size: tuple[int, int] = (120, 12),
) -> None:
    async def within() -> None:
        app = Screen()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            if nodes:
                app.table.show(frame(*nodes))
                await pilot.pause()
            await test(app, pilot)

    asyncio.run(within())


def node(name: str, state: State = State.FLOWING, **changed: Any) -> NodeView:
    usual = NodeView(
        name=name,
        kind="proc",
        mark="passthrough",
        where="local",
        warped=False,
        state=state,
        text="",
        latency=2.9,
        p99=310.0,
        rate_in=10.0,
        rate_out=9.0,
        queue=3,
        limit=64,
        busy=0.5,
        errors=0,
        lost=0,
        dropped=0,
        spark=(),
    )
    return dataclasses.replace(usual, **changed)


def frame(*nodes: NodeView) -> Frame:
    described = tuple(
        NodeDescription(each.name, each.kind, each.mark, each.warped, "", 0, 0.0, "", {}, "", "")
        for each in nodes
    )
    about = Description(1, "p", "", "", "", 0, 0.0, 0, described, ())
    return dataclasses.replace(still(about), nodes=nodes)


NUMBERED = tuple(node(f"n{number}") for number in range(1000))


# --- what rows say ---------------------------------------------------------------------------------------------------


def test_rows_say_what_a_frame_of_a_pipeline_holds() -> None:
    text = json.dumps(
        {
            "version": "2.2.2",
            "pipeline": {
                "name": "p",
                "id": "1",
                "folder": "/tmp/p",
                "nodes": [
                    {"name": "a", "type": "source", "mark": "x", "configuration": {}},
                    {"name": "b", "type": "sink", "mark": "y", "configuration": {}},
                ],
                "links": [{"from": "a", "to": "b"}],
            },
        }
    )
    control, history = FakeControl(text), History()
    history.advance(control.stats(), control.describe())
    control.advance(2.0)

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.table.show(history.advance(control.stats(), control.describe()))
        await pilot.pause()
        header, a, b = app.lines[:3]
        assert header.split() == [
            *("node", "kind", "where", "rx/s", "tx/s", "queue"),
            *("p50", "p99", "busy", "errors", "dropped", "lost", "state"),
        ]
        assert a.split()[:6] == ["●", "a", "source", "local", "10", "10"]
        assert b.split()[:7] == ["●", "b", "sink", "local", "10", "10", "0/64"]

    run(test)


def test_every_state_has_its_sign_first_and_its_word_last_unless_all_is_well() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        for state, row in zip(State, app.lines[1:], strict=False):
            assert row.startswith(f"{state.sign} {state.name} ")
            assert row.endswith(state.word if state not in CALM else " 0")

    run(test, *(node(state.name, state) for state in State))


def test_the_sentence_about_a_trouble_is_cut_and_the_word_is_not() -> None:
    away = node("a", State.AWAY, text="remote 127.0.0.1:45000 is not there since a minute or two")

    async def wide(app: Screen, pilot: Pilot[None]) -> None:
        assert "remote away: remote 127.0.0.1:45000 is" in app.lines[1] and "…" in app.lines[1]

    async def narrow(app: Screen, pilot: Pilot[None]) -> None:
        assert app.lines[1].endswith(" remote away")

    run(wide, away, size=(160, 5))
    run(narrow, away, size=(60, 5))


def test_a_full_queue_has_a_sign_and_its_digits_stay_aligned() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert "64/64▲" in app.lines[1] and "▲" not in app.lines[2]
        assert app.lines[1].index("/64") == app.lines[2].index("/64")

    run(test, node("a", queue=64), node("b", queue=3))


def test_numbers_stand_on_the_right() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        header, *rows = app.lines[:3]
        for title, short, long in (("p50", "12.0 µs", "2.90 ms"), ("errors", "7", "1234")):
            end = header.index(title) + len(title)
            assert rows[0].index(short) + len(short) == rows[1].index(long) + len(long) == end

    run(test, node("a", latency=0.012, errors=7), node("b", errors=1234), size=(140, 5))


def test_wide_names_keep_columns_aligned() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        at = {width(line[: line.index("proc")]) for line in app.lines[1:4]}
        assert len(at) == 1
        assert {cell_len(line[: line.index("local")]) for line in app.lines[1:4]} == {
            cell_len(app.lines[0][: app.lines[0].index("where")])
        }

    run(test, node("plain"), node("漢字の名前"), node("mixed漢x"))


def test_escape_sequences_are_pictures_and_markup_is_text() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        text = "\n".join(app.lines)
        assert "\x1b" not in text and "\x9b" not in text and "\u202e" not in text
        assert "␛[2J" in text and "[b]x[/b]" in text and "[red" in text

    run(
        test,
        node("\x1b[2J", State.AWAY, text="\x9b31m\u202e", where="\x1b]0;x"),
        node("[b]x[/b]", State.FAILING, text="[red"),
        size=(140, 5),
    )


def test_an_empty_table_says_why() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert app.lines[1] == "no pipeline is shown yet"
        app.table.show(frame())
        await pilot.pause()
        assert app.lines[1] == "this pipeline has no nodes"
        app.table.show(frame(node("a")))
        await pilot.pause()
        await pilot.press("slash", "q")
        assert app.lines[1] == 'no node is called like "q": escape shows all'
        await pilot.press("down", "enter", "escape", "end")
        assert app.names == ["a"]

    run(test)


# --- widths ----------------------------------------------------------------------------------------------------------


def test_columns_go_in_the_order_of_what_matters_least() -> None:
    titles = {}

    for cells in (140, 100, 80, 60, 40, 20):

        async def test(app: Screen, pilot: Pilot[None], cells: int = cells) -> None:
            titles[cells] = set(app.lines[0].split())
            assert not app.table.show_horizontal_scrollbar

        run(test, node("1_pass", where="127.0.0.1:45000"), size=(cells, 5))
    assert titles[140] == {column.title for column in COLUMNS}
    assert {"dropped", "tx/s"}.isdisjoint(titles[80])
    assert titles[80] >= {"node", "where", "rx/s", "queue", "p50", "errors", "state"}
    assert titles[40] >= {"node", "queue", "p50"}
    assert titles[20] >= {"node"}
    widths = sorted(titles)
    assert all(titles[a] <= titles[b] for a, b in pairwise(widths))


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 1), (1, 9), (9, 2), (200, 1)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("down", "o", "slash", "x", "escape", "end", "pageup")
        assert len(app.lines) == size[1]
        assert all(cell_len(line) <= size[0] for line in app.lines)

    run(test, node("漢字漢字", State.AWAY, text="gone"), *NUMBERED[:20], size=size)


def test_a_terminal_that_changes_its_width_gets_other_columns() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert "tx/s" not in app.lines[0]
        await pilot.resize_terminal(150, 8)
        await pilot.pause()
        assert "tx/s" in app.lines[0] and "dropped" in app.lines[0]

    run(test, node("1_pass"), size=(80, 5))


# --- moving ----------------------------------------------------------------------------------------------------------


def test_keys_move_the_cursor_and_say_so() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        expected = []
        for key, name in (
            *(("down", "n0"), ("j", "n1"), ("down", "n2"), ("k", "n1"), ("up", "n0")),
            *(("pagedown", "n11"), ("pageup", "n0"), ("end", "n999"), ("home", "n0")),
            *(("G", "n999"), ("g", "n0")),
        ):
            await pilot.press(key)
            expected.append(NodeTable.Selected(name))
            assert app.table.selected == name
            assert name in app.names, "the cursor is in sight"
        assert [each.name for each in app.posted] == [each.name for each in expected]  # type: ignore[attr-defined]
        await pilot.press("up", "enter")
        assert isinstance(app.posted[-1], NodeTable.Opened) and app.posted[-1].name == "n0"
        assert len(app.posted) == len(expected) + 1, "what does not move says nothing"

    run(test, *NUMBERED)


def test_the_header_stays_while_rows_scroll() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        header = app.lines[0]
        await pilot.press("end")
        assert app.lines[0] == header
        assert app.names == [f"n{number}" for number in range(989, 1000)]

    run(test, *NUMBERED)


def test_a_selection_from_outside_scrolls_there_and_posts_nothing() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.table.selected = "n500"
        await pilot.pause()
        assert "n500" in app.names and not app.posted
        app.table.selected = "unknown"
        await pilot.pause()
        await pilot.press("enter")
        assert not app.posted
        await pilot.press("down")
        assert app.table.selected == "n0"

    run(test, *NUMBERED)


def test_the_cursor_stays_on_its_node_while_rows_move() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down")
        app.table.show(frame(*reversed(NUMBERED)))
        await pilot.pause()
        assert app.table.selected == "n1" and "n1" in app.names
        app.table.scroll_to(y=100, animate=False)
        await pilot.pause()
        app.table.show(frame(*NUMBERED))
        await pilot.pause()
        assert "n1" not in app.names, "who scrolled away is left there"

    run(test, *NUMBERED)


def test_a_click_on_a_row_selects() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.click(NodeTable, offset=(5, 3))
        assert app.table.selected == "n2"
        await pilot.press("end")
        await pilot.click(NodeTable, offset=(5, 11))
        assert app.table.selected == "n999"

    run(test, *NUMBERED)


def test_a_click_below_the_rows_selects_nothing() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.click(NodeTable, offset=(5, 8))
        assert app.table.selected == "" and not app.posted

    run(test, node("a"))


# --- order and filter ------------------------------------------------------------------------------------------------

LOW = node(
    *("a", State.FLOWING),
    kind="proc",
    where="1.1.1.1:1",
    rate_in=1.0,
    rate_out=1.0,
    queue=1,
    latency=None,
    p99=1.0,
    busy=0.1,
    errors=1,
    dropped=1,
    lost=1,
)
HIGH = node(
    *("b", State.AWAY),
    kind="sink",
    where="2.2.2.2:2",
    rate_in=2.0,
    rate_out=2.0,
    queue=2,
    latency=2.0,
    p99=2.0,
    busy=0.2,
    errors=2,
    dropped=2,
    lost=2,
)


@pytest.mark.parametrize("column", COLUMNS, ids=lambda column: column.title)
def test_a_click_on_a_title_sorts_and_another_one_reverses(column: node_columns.Column) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        nodes = (LOW, HIGH) if column.number else (HIGH, LOW)
        app.table.show(frame(*nodes))
        await pilot.pause()
        first = [each.name for each in nodes]
        assert app.names == first
        at = app.lines[0].split().index(column.title)
        left = sum(len(part) for part in app.lines[0].split(column.title)[:1])
        await pilot.click(NodeTable, offset=(left, 0))
        mark = "▾" if column.number else "▴"
        assert app.lines[0].split()[at] == column.title + mark
        worst_first = column.title == "state"
        assert app.names == (first if worst_first else first[::-1])
        await pilot.click(NodeTable, offset=(left, 0))
        assert app.names == (first[::-1] if worst_first else first)
        assert app.lines[0].split()[at] == column.title + ("▴" if column.number else "▾")

    run(test, LOW, size=(150, 6))


def test_o_goes_through_the_columns_in_sight_and_back_to_the_order_of_the_file() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        titles = app.lines[0].split()
        for title in titles:
            await pilot.press("o")
            assert title + "▴" in app.lines[0] or title + "▾" in app.lines[0]
        await pilot.press("o")
        assert app.lines[0].split() == titles
        assert app.names == ["b", "a"]
        await pilot.press("O")
        assert app.names == ["b", "a"], "the order of the file has no reverse"
        await pilot.press("o")
        assert app.names == ["a", "b"]
        await pilot.press("O")
        assert app.names == ["b", "a"]

    run(test, HIGH, LOW, size=(90, 6))


def test_equal_rows_keep_the_order_of_the_file() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        left = app.lines[0].index("queue")
        for _ in range(2):
            await pilot.click(NodeTable, offset=(left, 0))
            assert [name for name in app.names if name != "m"] == ["z", "a", "k"]

    run(test, node("z"), node("a"), node("m", queue=9), node("k"))


def test_slash_filters_by_a_part_of_the_name_and_escape_shows_all() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "A", "u", "d")
        assert app.names == ["audio_in", "audio_out"] and "Aud" in app.lines[-1]
        await pilot.press("enter")
        assert app.table.has_focus and app.table.selected == "audio_in"
        await pilot.press("down")
        assert app.table.selected == "audio_out"
        await pilot.press("escape")
        assert app.names == ["audio_in", "video", "audio_out"]
        assert app.table.selected == "audio_out" and app.table.has_focus

    run(test, node("audio_in"), node("video"), node("audio_out"))


def test_the_filter_is_typed_whatever_its_keys_do_elsewhere() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", *"jogGO")
        assert app.query_one(Input).value == "jogGO" and not app.posted

    run(test, node("a"))


def test_what_is_pasted_into_the_filter_is_harmless_and_finds_what_looks_like_it() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash")
        app.post_message(Paste("au\x1b[2J\u202e"))
        await pilot.pause()
        assert app.lines[-1].strip() == "au␛[2J\ufffd"
        assert "\x1b" not in app.query_one(Input).value
        await pilot.press("enter")
        assert app.names == ["au␛[2J\ufffd"] and app.table.has_focus

    run(test, node("audio"), node("au\x1b[2J\u202e"))


def test_the_filter_hides_no_row_for_good() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "n", "enter", "end")
        assert app.lines[-1].strip() == "n" and app.lines[-2].split()[1] == "n999"

    run(test, *NUMBERED)


def test_a_click_into_the_filter_is_none_on_the_header() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("slash", "a")
        await pilot.click(Input)
        assert app.lines[0].split()[0] == "node"

    run(test, node("a"))


# --- cost ------------------------------------------------------------------------------------------------------------


def test_only_rows_in_sight_are_written(monkeypatch: pytest.MonkeyPatch) -> None:
    written = []
    trouble = node_columns.trouble
    monkeypatch.setattr(
        node_columns, "trouble", lambda node, size: written.append(node.name) or trouble(node, size)
    )

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        written.clear()
        app.table.show(frame(*(dataclasses.replace(each, queue=1) for each in NUMBERED)))
        await pilot.pause()
        assert written == [f"n{number}" for number in range(11)]
        written.clear()
        await pilot.press("end")
        assert 0 < len(written) <= 33 and set(written) <= {
            f"n{n}" for n in (*range(11), *range(989, 1000))
        }

    run(test, *NUMBERED)


def test_only_rows_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    render_line = NodeTable.render_line
    monkeypatch.setattr(
        NodeTable, "render_line", lambda self, y: drawn.append(y) or render_line(self, y)
    )

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        drawn.clear()
        app.table.show(frame(*NUMBERED))
        await pilot.pause()
        assert drawn == []
        changed = list(NUMBERED)
        changed[4] = node("n4", errors=1)
        changed[5] = node("n5", spark=(1.0, 2.0))
        changed[700] = node("n700", errors=1)
        app.table.show(frame(*changed))
        await pilot.pause()
        assert drawn == [5] and "n4 " in app.lines[5]

    run(test, *NUMBERED)


# --- themes ----------------------------------------------------------------------------------------------------------


def test_the_cursor_is_seen_in_every_theme_with_and_without_focus() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.table.selected = "b"
        for theme in app.available_themes:
            app.theme = theme
            for focused in (True, False):
                app.set_focus(app.table if focused else None)
                await pilot.pause()
                here, there = (app.table.render_line(y)._segments[1].style for y in (2, 1))
                assert here is not None and here != there, (theme, focused)
                assert here.reverse or here.bgcolor != there.bgcolor, (theme, focused)
                assert here.reverse or here.color != here.bgcolor, (theme, focused)

    run(test, node("a"), node("b"))


def test_the_cursor_is_seen_without_colours_with_and_without_focus(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Bold is no sign of it: rows with something wrong are bold too, and some terminals have none."""
    monkeypatch.setenv("NO_COLOR", "1")

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        app.table.selected = "b"
        for theme in app.available_themes:
            app.theme = theme
            for focused in (True, False):
                app.set_focus(app.table if focused else None)
                await pilot.pause()
                there, here = (
                    {(each.style.reverse, each.style.underline) for each in strip if each.style}
                    for strip in app.screen._compositor.render_strips()[1:3]
                )
                assert len(here) == 1 and here.isdisjoint(there), (theme, focused)

    run(test, node("a"), node("b"))


def test_a_theme_switch_draws_tones_anew() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        signs = set()
        for theme in ("textual-dark", "textual-light", "ansi-dark", "ansi-light"):
            app.theme = theme
            await pilot.pause()
            strip = app.screen._compositor.render_strips()[1]
            sign = next(segment for segment in strip if segment.text.startswith("✗"))
            assert sign.style is not None
            signs.add(str(sign.style))
        assert len(signs) >= 3

    run(test, node("a", State.FAILING))
