import asyncio
import dataclasses
import json
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from juturna_core.cells import width
from juturna_core.control.api import Durations, NodeDescription, NodeNumbers, Passed
from juturna_core.control.fake import FakeControl
from juturna_tui.history import History
from juturna_tui.view import Detail, NodeView, State
from juturna_tui.widgets.node_detail import NodeDetail, wrapped


class Screen(App[None]):
    def __init__(self) -> None:
        super().__init__()
        self.detail = NodeDetail()
        self.wanted: list[bool] = []
        self.animation_level = "none"

    def compose(self) -> ComposeResult:
        yield self.detail

    def on_mount(self) -> None:
        self.detail.focus()

    def on_node_detail_messages_wanted(self, message: NodeDetail.MessagesWanted) -> None:
        self.wanted.append(message.on)

    @property
    def lines(self) -> list[str]:
        strips = self.screen._compositor.render_strips()
        return ["".join(segment.text for segment in line).rstrip() for line in strips]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    def section(self, title: str) -> list[str]:
        """The lines below `title` up to the next blank one."""
        begin = next(row for row, line in enumerate(self.lines) if line.startswith(title))
        return self.lines[begin + 1 : self.lines.index("", begin)]


def run(
    test: Callable[[Screen, Pilot[None]], Awaitable[None]],
    detail: Detail | None,
    messages: Sequence[Passed] | None = None,
    size: tuple[int, int] = (38, 90),
) -> None:
    async def within() -> None:
        app = Screen()
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            app.detail.show(detail, messages)
            await pilot.pause()
            await test(app, pilot)

    asyncio.run(within())


def spread(bucket: int) -> Durations:
    return Durations(f"{bucket}:10 {bucket + 40}:2")


LOCAL = Detail(
    NodeDescription("a", "proc", "passthrough", False, "", 0, 0.0, "", {"rate": 16000}, "", ""),
    NodeView(
        name="a",
        kind="proc",
        mark="passthrough",
        where="local",
        warped=False,
        state=State.FLOWING,
        text="",
        latency=2.9,
        p99=310.0,
        rate_in=41.2,
        rate_out=41.2,
        queue=3,
        limit=64,
        busy=0.5,
        errors=0,
        lost=0,
        dropped=0,
        spark=(),
    ),
    NodeNumbers(
        where="local",
        status="component_running",
        status_text="",
        received=1234,
        transmitted=1230,
        bytes_out=4_200,
        errors=0,
        dropped=0,
        lost=0,
        in_flight=0,
        queue=3,
        queue_max=17,
        queue_bytes=0,
        queue_limit=64,
        blocked_seconds=0.0,
        blocked_by="",
        blocking_seconds=3.2,
        busy_seconds=0.0,
        last_error="",
        queue_time=spread(460),
        update_time=spread(440),
        age=spread(480),
        round_trip=None,
    ),
    None,
)


def changed(
    about: dict[str, Any] | None = None,
    view: dict[str, Any] | None = None,
    now: dict[str, Any] | None = None,
) -> Detail:
    return Detail(
        dataclasses.replace(LOCAL.about, **(about or {})),
        dataclasses.replace(LOCAL.view, **(view or {})),
        dataclasses.replace(LOCAL.now, **(now or {})),
        None,
    )


WARPED = changed(
    {
        "name": "1_pass",
        "warped": True,
        "host": "127.0.0.1",
        "port": 45000,
        "timeout": 30.0,
        "on_failure": "wait",
    },
    {"name": "1_pass", "where": "127.0.0.1:45000", "warped": True},
    {
        "round_trip": {
            "total": spread(450),
            "encode": spread(300),
            "network": spread(440),
            "remote_queue": spread(340),
            "remote_compute": spread(440),
            "decode": Durations(),
        }
    },
)


def message(number: int, summary: str = "4 bytes") -> Passed:
    return Passed("a", number, 1, "x", 1.7e9 + number, "BytesPayload", 4, summary, {})


# --- what it says ----------------------------------------------------------------------------------------------------


def test_without_a_node_it_says_what_to_do() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert " ".join(app.text.split()) == "select a node: arrow keys in the graph"
        await pilot.press("y")
        assert app.clipboard == ""

    run(test, None, size=(24, 6))


def test_a_node_of_a_pipeline_has_all_its_sections() -> None:
    text = json.dumps(
        {
            "version": "2.2.2",
            "pipeline": {
                "name": "p",
                "id": "1",
                "folder": "/tmp/p",
                "nodes": [
                    {"name": "a", "type": "source", "mark": "x", "configuration": {}},
                    {"name": "b", "type": "sink", "mark": "y", "configuration": {"k": [1, "ü"]}},
                ],
                "links": [{"from": "a", "to": "b"}],
            },
        }
    )
    control, history = FakeControl(text), History()
    history.advance(control.stats(), control.describe())
    control.advance(2.0)
    frame = history.advance(control.stats(), control.describe())

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert app.lines[:3] == ["b", "sink · y", "● flowing"]
        assert app.section("Where") == ["local      in this pipeline"]
        assert app.section("Traffic")[0].split() == ["rx", "20", "10/s"]
        assert app.section("Arguments in force") == ['k = [1, "ü"]']
        assert "last 2.5 s, 20 messages" in app.text
        assert "Round trip" not in app.text and "Last error" not in app.text

    run(test, frame.detail("b"))


def test_a_local_node_shows_where_its_time_and_its_messages_go() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert "since start, 12 messages" in app.text
        header, *rows, bar = app.section("Latency")
        assert header.split() == ["update", "in", "queue", "age"]
        assert [row.split()[0] for row in rows] == ["p50", "p90", "p99", "max"]
        median = [Durations(f"{bucket}:1").percentile(50) for bucket in (440, 460, 480)]
        assert median[0] is not None and f"{median[0]:.1f} ms" in rows[0]
        assert median[1] is not None and median[2] is not None
        part = median[1] / (median[0] + median[1])
        assert bar.endswith(f"{part * 100:.0f} % in queue")
        assert bar.count("█") == round(part * 16) and bar.count("█") + bar.count("░") == 16
        traffic = [line.split(maxsplit=1) for line in app.section("Traffic")]
        assert ["rx", "1234  41.2/s"] in traffic and ["bytes", "out  4.20 kB"] in traffic
        assert ["queue", "3/64  highest 17"] in traffic
        assert ["blocked", "0 µs"] in traffic and ["blocking", "3.20 s its feeders"] in traffic

    run(test, LOCAL)


def test_a_warped_node_shows_its_remote_and_the_parts_of_a_round_trip() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert app.section("Where") == [
            "remote     127.0.0.1:45000",
            "timeout    30 s",
            "on failure wait",
        ]
        total, *parts = app.section("Round trip")
        assert total.startswith("p50 ") and "p99" in total
        bars = {part[:14].strip(): part.count("█") for part in parts}
        assert list(bars) == ["encode", "network", "remote queue", "remote compute", "decode"]
        assert bars["network"] == bars["remote compute"] > bars["encode"] > bars["decode"] == 0
        assert sum(bars.values()) <= 38 - 25 + 2

    run(test, WARPED)


def test_a_node_that_has_a_remote_and_does_not_use_it_says_which() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        where = " ".join(" ".join(app.section("Where")).split())
        assert where == "local w moves it to far:7"

    run(test, changed({"host": "far", "port": 7}))


def test_every_state_is_said_by_sign_and_word() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        for state in State:
            app.detail.show(changed(view={"state": state, "text": "because"}), None)
            await pilot.pause()
            assert app.lines[2] == f"{state.sign} {state.word}: because"

    run(test, None)


def test_a_full_queue_and_who_blocks_are_named() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        traffic = app.section("Traffic")
        assert "queue      64/64▲  highest 64" in traffic
        assert "blocked    12.5 s, now by 2_sink" in traffic

    run(
        test,
        changed(
            view={"state": State.BLOCKED, "queue": 64},
            now={"queue": 64, "queue_max": 64, "blocked_by": "2_sink", "blocked_seconds": 12.5},
        ),
    )


def test_a_failing_node_shows_its_last_error_with_every_line_of_its_trace() -> None:
    trace = "ValueError: boom\n" + "\n".join(
        f'  File "/a/long/path/that/does/not/fit/node{number}.py", line {number}'
        for number in range(200)
    )

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert "✗ failing: no" in app.text and "errors     3" in app.text
        whole = "".join(app.section("Last error")).replace(" ", "")
        assert whole == trace.replace("\n", "").replace(" ", "")
        assert all(width(line) <= 37 for line in app.lines)

    failing = changed(
        view={"state": State.FAILING, "text": "no", "errors": 3},
        now={"errors": 3, "last_error": trace},
    )
    run(test, failing, size=(38, 900))


def test_a_suspended_node_without_anything_yet_has_dashes() -> None:
    none = {kind: Durations() for kind in ("queue_time", "update_time", "age")}

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert "‖ suspended" in app.lines
        assert app.section("Latency")[1].split() == ["p50", "-", "-", "-"]
        assert "in queue" not in app.section("Latency")[-1], "no bar of nothing"
        assert app.section("Arguments in force") == ["none"]

    run(test, changed({"arguments": {}}, {"state": State.SUSPENDED}, none))


# --- arguments and copying -------------------------------------------------------------------------------------------


def test_long_arguments_are_cut_and_copied_whole() -> None:
    value = {"prompt": "word " * 40, "n": None}

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        shown = app.section("Arguments in force")
        assert shown[0].startswith('long = {"prompt": "word') and "…" in shown[0]
        assert shown[1:] == ["short = true", "full value: y"]
        await pilot.press("y")
        copied = app.clipboard.splitlines()
        assert f"long = {json.dumps(value)}" in copied and "short = true" in copied
        assert copied[:3] == ["a", "proc · passthrough", "● flowing"]
        assert "full value: y" not in copied

    run(test, changed({"arguments": {"long": value, "short": True}}))


def test_a_huge_argument_costs_no_time_while_it_is_shown() -> None:
    detail = changed({"arguments": {"data": "漢" * 2_000_000}})

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        begin = time.perf_counter()
        for _ in range(20):
            app.detail.show(detail, None)
        assert time.perf_counter() - begin < 1.0
        assert cell_len(app.section("Arguments in force")[0]) <= 37

    run(test, detail)


def test_what_comes_from_outside_is_neither_obeyed_nor_markup() -> None:
    bad = "\x1b[2J\x9b31m\u202e[b]x[/b]\x07"

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        for text in (app.text, app.clipboard):
            assert not {"\x1b", "\x9b", "\u202e", "\x07"} & set(text)
            assert text.count("[b]x[/b]") >= 7

    detail = changed(
        {"name": bad, "mark": bad, "arguments": {bad: bad + "\x7f"}},
        {"text": bad, "state": State.AWAY},
        {"last_error": bad, "blocked_by": bad},
    )
    run(test, detail, [dataclasses.replace(message(1, bad), type=bad)], size=(100, 60))


def test_the_mouse_marks_text_to_copy() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.mouse_down(NodeDetail, offset=(0, 1))
        await pilot.hover(NodeDetail, offset=(4, 2))
        await pilot.mouse_up(NodeDetail, offset=(4, 2))
        assert app.screen.get_selected_text() == "proc · passthrough\n● flo"

    run(test, LOCAL)


# --- messages --------------------------------------------------------------------------------------------------------


def test_messages_are_asked_for_and_shown_the_newest_first() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert "Messages  m shows the last ones" in app.lines
        await pilot.press("m")
        assert app.wanted == [True]
        app.detail.show(LOCAL, ())
        await pilot.pause()
        assert app.section("Messages") == ["none yet"]
        app.detail.show(LOCAL, [message(1), message(2, "漢字" * 40)])
        await pilot.pause()
        first, summary, second, last = app.section("Messages")
        clock = time.strftime("%H:%M:%S", time.localtime(1.7e9 + 2))
        assert first == f"{clock} #2 BytesPayload 4 B"
        assert "漢字" in summary and "…" in summary and width(summary) <= 37
        assert second.endswith("#1 BytesPayload 4 B") and last == "  4 bytes"
        await pilot.press("m")
        assert app.wanted == [True, False]

    run(test, LOCAL)


# --- width, scrolling, drawing ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("cells", [24, 34, 44, 80])
def test_nothing_runs_over_the_edge(cells: int) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        assert not app.detail.show_horizontal_scrollbar
        for line in app.detail._lines:
            assert sum(width(text) for text, _ in line) < cells, line
        assert all(kind in app.text for kind in ("trip", "in queue"))

    long = changed(
        {
            **dataclasses.asdict(WARPED.about),
            "name": "漢字" * 30,
            "arguments": {"漢" * 60: "x" * 99},
        },
        {"text": "remote somewhere.example.org:45000 is away " * 3, "state": State.AWAY},
        {"round_trip": WARPED.now.round_trip, "received": 10**12, "last_error": "漢" * 99},
    )
    run(test, long, [message(10**9, "s" * 300)], size=(cells, 150))


@pytest.mark.parametrize("size", [(1, 1), (2, 5), (5, 2), (9, 1), (1, 40)])
def test_any_size_can_be_drawn(size: tuple[int, int]) -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        await pilot.press("end", "m", "y", "home")
        assert len(app.lines) == size[1]
        assert all(cell_len(line) <= size[0] for line in app.lines)

    run(test, changed({"name": "漢字"}, now={"last_error": "漢字 " * 9}), [message(1)], size)


def test_keys_scroll_and_another_node_begins_at_its_top() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        view = app.detail
        seen = []
        for key in ("down", "j", "k", "up", "pagedown", "pageup", "end", "home", "G", "g", "end"):
            await pilot.press(key)
            await pilot.pause()
            seen.append(view.scroll_offset.y)
        last = view.max_scroll_y
        assert seen == [1, 2, 1, 0, 10, 0, last, 0, last, 0, last]
        view.show(changed(view={"rate_in": 1.0}), None)
        await pilot.pause()
        assert view.scroll_offset.y == last, "the same node stays where it is"
        view.show(WARPED, None)
        await pilot.pause()
        assert view.scroll_offset.y == 0 and app.lines[0].split()[0] == "1_pass"

    run(test, LOCAL, size=(38, 10))


def test_only_lines_that_changed_are_drawn_again(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[int] = []
    render_line = NodeDetail.render_line
    monkeypatch.setattr(
        NodeDetail, "render_line", lambda self, y: drawn.append(y) or render_line(self, y)
    )

    async def test(app: Screen, pilot: Pilot[None]) -> None:
        drawn.clear()
        app.detail.show(changed(), None)
        await pilot.pause()
        assert drawn == []
        app.detail.show(changed(now={"received": 1235}), None)
        await pilot.pause()
        assert [app.lines[row] for row in drawn] == ["rx         1235  41.2/s"]

    run(test, LOCAL)


def test_text_is_wrapped_by_cells_and_keeps_its_own_lines() -> None:
    assert wrapped("", 5) == ()
    assert wrapped("one two three", 7) == ("one two", "three")
    assert wrapped("漢字漢字 漢", 5) == ("漢字", "漢字", "漢")
    assert wrapped("a\n\n  b cc", 4) == ("a", "", "  b", "cc")
    assert wrapped("漢x", 1) == ("漢", "x"), "one glyph at least, or it would never end"
    assert wrapped("\tx", 10) == ("    x",)


def test_a_theme_switch_draws_tones_anew_and_titles_stay_bold() -> None:
    async def test(app: Screen, pilot: Pilot[None]) -> None:
        tones = set()
        for theme in app.available_themes:
            app.theme = theme
            await pilot.pause()
            strips = app.screen._compositor.render_strips()
            name, state = (next(iter(strips[row])) for row in (0, 2))
            assert name.style is not None and name.style.bold, theme
            assert state.style is not None and state.style.color != state.style.bgcolor, theme
            tones.add(str(state.style))
        assert len(tones) > 15

    run(test, changed(view={"state": State.FAILING}))
