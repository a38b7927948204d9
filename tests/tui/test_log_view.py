"""The view of the log: what is in sight, what is counted, which key does what."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, ClassVar

import pytest
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown, MouseScrollUp, Paste
from textual.pilot import Pilot
from textual.strip import Strip
from textual.widgets import Input

from juturna_core.cells import width
from juturna_tui.widgets.log_view import KIND_CELLS, LONGEST, Line, LogView, Rows, rows_of

NOON = datetime(2025, 6, 1, 12, 0, 0, 250_000).timestamp()
NODES = ("0_stream", "1_pass")
LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class Stage(App[None]):
    """A log view alone on the screen, in an app that has keys of its own."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("q", "note('q')"),
        Binding("escape", "note('escape')"),
    ]

    def __init__(self, **how: Any) -> None:
        super().__init__()
        self.view = LogView(**how)
        self.noted: list[str] = []

    def compose(self) -> ComposeResult:
        yield self.view

    def on_mount(self) -> None:
        self.view.focus()

    def action_note(self, key: str) -> None:
        self.noted.append(key)

    @property
    def rows(self) -> list[str]:
        """What is in sight below the status, without blanks at the right."""
        return [row.text.rstrip() for row in self.strips[1:] if row.text.strip()]

    @property
    def strips(self) -> list[Strip]:
        return [self.view.render_line(y) for y in range(self.view.size.height)]

    @property
    def status(self) -> str:
        return self.view.render_line(0).text.rstrip()

    @property
    def current(self) -> str:
        """The marked row."""
        (row,) = [row for row in self.rows if row[0] in ">·"]
        return row


def line(number: int, level: str = "INFO", node: str = "", text: str = "") -> Line:
    return Line(NOON + number / 1000, level, node, text or f"line {number}")


def lines(count: int, start: int = 0) -> list[Line]:
    """Levels and nodes take turns."""
    return [line(n, LEVELS[n % 5], NODES[n % 2]) for n in range(start, start + count)]


def on_stage(
    test: Callable[[Stage, Pilot[None]], Awaitable[None]],
    size: tuple[int, int] = (80, 11),
    **how: Any,
) -> None:
    async def run() -> None:
        app = Stage(**how)
        async with app.run_test(size=size) as pilot:
            await test(app, pilot)

    asyncio.run(run())


def numbers(app: Stage) -> list[int]:
    """The lines in sight, by the numbers that end their texts."""
    return [int(row.split()[-1]) for row in app.rows]


def test_a_row_has_time_sign_node_and_text() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(5))
        await pilot.pause()
        assert app.rows == [
            " 12:00:00.250 D 0_stream line 0",
            " 12:00:00.251 I 1_pass   line 1",
            " 12:00:00.252 W 0_stream line 2",
            " 12:00:00.253 E 1_pass   line 3",
            ">12:00:00.254 C 0_stream line 4",
        ]
        assert app.status == "log · 5 lines · following"

    on_stage(test)


def test_the_column_of_nodes_grows_up_to_twenty_cells() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, node="a"), line(2, node="0_カメラ")])
        assert [width(row[: row.index(" line")]) for row in app.rows] == [1 + 15 + 8] * 2
        app.view.extend([line(3, node="a_node_with_a_very_long_name_7")])
        await pilot.pause()
        assert [width(row[: row.index(" line")]) for row in app.rows] == [1 + 15 + 20] * 3
        assert "_name_7"[-6:] in app.rows[2]

    on_stage(test)


def test_an_empty_view_says_so() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        assert app.rows == ["no event yet"]
        assert app.status == "events · 0 lines · following"
        await pilot.press(*"nNLfyck", "home", "end", "pageup", "pagedown", "slash", "x", "enter")
        app.view.node = "1_pass"
        app.view.extend([line(1)])
        await pilot.pause()
        assert app.rows == ["no line passes the filter"]

    on_stage(test, what="events", empty="no event yet")


def test_events_show_their_kind_as_a_word_and_are_filtered_by_it() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, "failed", "1_pass"), line(2, "connected"), line(3, "x" * 40)])
        await pilot.pause()
        assert app.rows[0] == " 12:00:00.251 failed       1_pass line 1"
        assert width(app.rows[2].split()[1]) == KIND_CELLS
        seen = []
        for _ in range(4):
            await pilot.press("L")
            seen.append((app.view.level, len(app.rows)))
        assert seen == [("connected", 1), ("failed", 1), ("x" * 40, 1), ("", 3)]

    on_stage(test, what="events")


def test_a_text_of_several_lines_takes_as_many_rows_below_each_other() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, node="1_pass", text="Traceback:\n\tat [b]x[/b]\nboom\n"), line(2)])
        await pilot.pause()
        assert app.rows == [
            " 12:00:00.251 I 1_pass Traceback:",
            "                           at [b]x[/b]",
            "                       boom",
            ">12:00:00.252 I        line 2",
        ]
        assert "2 lines" in app.status
        await pilot.press("up", "y")
        assert app.clipboard == "12:00:00.251 INFO 1_pass Traceback:\n    at [b]x[/b]\nboom"

    on_stage(test)


def test_nothing_that_a_terminal_would_obey_gets_through() -> None:
    evil = "\x1b[2J\x1b]52;c;eA==\x07\r\x00\x9b31m\u202e"

    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([Line(NOON, evil, evil, evil + "\ud800")])
        app.view.node = evil
        await pilot.press("y")
        await pilot.pause()
        shown = "\n".join(row.text for row in app.strips) + app.clipboard
        shown.encode()
        assert not any(
            ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 for each in shown.replace("\n", "")
        )
        assert "\u202e" not in shown
        assert "␛[2J␛]52" in shown

    on_stage(test)


def test_wide_characters_keep_every_row_as_wide_as_the_view() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(
            [line(n, node="カメラ" * (n % 2), text="温度が高い警告 é" * 4) for n in range(6)]
        )
        for _ in range(4):
            await pilot.pause()
            assert {row.cell_length for row in app.strips} == {40}
            assert {sum(width(part.text) for part in row) for row in app.strips} == {40}
            app.view.scroll_to(x=app.view.scroll_x + 3)

    on_stage(test, size=(40, 8))


def test_a_line_of_five_megabytes_is_cut_and_says_by_how_much() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(n, text="x" * 5_000_000) for n in range(3)])
        await pilot.pause()
        assert app.rows[-1].strip("> ") == "… 4 976 000 more characters"
        assert "3 lines" in app.status
        assert app.view.virtual_size.width < LONGEST + 40
        await pilot.press("y")
        assert len(app.clipboard) < LONGEST + 100

    on_stage(test)


def test_all_lines_together_are_bounded_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("juturna_tui.widgets.log_view.backlog.MOST", 1000)

    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(n, text="x" * 300) for n in range(10)])
        assert "3 lines · 7 dropped here" in app.status

    on_stage(test)


def test_what_was_dropped_here_and_missed_before_is_counted() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        for start in range(0, 15_360, 1000):
            app.view.extend(lines(min(1000, 15_360 - start), start), missed=1)
        app.view.extend([], missed=1)
        await pilot.pause()
        assert app.status == ("log · 12 340 lines · 3 020 dropped here · 17 missed · following")
        assert numbers(app) == list(range(15_350, 15_360))
        await pilot.press("home")
        assert numbers(app)[0] == 3020

    on_stage(test, capacity=12_340)


def test_a_flood_splits_and_styles_only_what_is_in_sight(monkeypatch: pytest.MonkeyPatch) -> None:
    """20 000 lines of the same width: each is looked at, but few are measured, and no more drawn than fit."""
    measured = 0

    def counting(text: str) -> list[str]:
        nonlocal measured
        measured += 1
        return rows_of(text)

    monkeypatch.setattr("juturna_tui.widgets.log_view.rows.rows_of", counting)

    async def test(app: Stage, pilot: Pilot[None]) -> None:
        for batch in range(20):
            app.view.extend(
                [line(n, text="same") for n in range(batch * 1000, batch * 1000 + 1000)]
            )
        await pilot.pause()
        assert "20 000 lines" in app.status
        assert measured <= 1 + 2 * 10
        before = measured
        app.view.refresh()
        await pilot.pause()
        assert measured == before  # strips are kept from one repaint to the next

    on_stage(test)


def test_it_follows_until_one_scrolls_away_and_follows_again_at_end() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(50))
        await pilot.pause()
        assert numbers(app)[-1] == 49
        await pilot.press("up")
        app.view.extend(lines(50, 50))
        await pilot.pause()
        assert numbers(app)[-1] == 48
        assert app.status.endswith("scrolled: end follows again")
        await pilot.press("end")
        assert numbers(app)[-1] == 99
        app.view.extend(lines(1, 100))
        await pilot.pause()
        assert numbers(app)[-1] == 100
        assert app.status.endswith("following")

    on_stage(test)


def test_what_is_in_sight_stays_while_lines_drop_at_the_head() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(100))
        await pilot.press("up", "up", "up")
        before, current = numbers(app), app.current
        assert before == list(range(87, 97))
        for start in range(100, 180, 10):
            app.view.extend(lines(10, start))
            assert (numbers(app), app.current) == (before, current)
            await pilot.pause()
            assert (numbers(app), app.current) == (before, current)
        app.view.extend(lines(12, 180))  # now some of it has to go
        await pilot.pause()
        assert numbers(app) == list(range(92, 102))

    on_stage(test, capacity=100)


def test_what_is_in_sight_stays_while_filtered_lines_drop() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.level = "ERROR"
        app.view.extend(lines(100))
        await pilot.press("pageup", "up")
        before = numbers(app)
        app.view.extend(lines(40, 100))
        await pilot.pause()
        assert numbers(app) == before
        assert app.status.startswith("log · 40 of 100 lines · 40 dropped here")

    on_stage(test, capacity=100)


@pytest.mark.parametrize(
    ("keys", "top", "current"),
    [
        (["up"], 29, 38),
        (["k", "k", "j"], 29, 38),
        (["pageup"], 21, 30),
        (["pageup", "pageup", "pagedown"], 21, 30),
        (["home"], 0, 0),
        (["home", "down"], 1, 1),
        (["home", "pagedown", "pagedown"], 18, 18),
        (["home", "end"], 30, 39),
        (["home", "up", "up"], 0, 0),
        (["pageup"] * 9, 0, 0),
        (["home", *["pagedown"] * 9], 30, 39),
    ],
)
def test_keys_move_the_view_and_the_current_row(keys: list[str], top: int, current: int) -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(40))
        await pilot.pause()
        await pilot.press(*keys)
        assert numbers(app)[0] == top
        assert app.current.endswith(f" {current}")
        assert app.view.following is (current == 39)

    on_stage(test)


def test_the_wheel_stops_following_and_follows_again_at_the_end() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        def wheel(kind: type[MouseScrollUp] | type[MouseScrollDown]) -> None:
            app.view.post_message(kind(app.view, 5, 5, 0, 0, 0, False, False, False))

        app.view.extend(lines(40))
        await pilot.pause()
        wheel(MouseScrollUp)
        await pilot.pause()
        assert not app.view.following
        assert app.current == app.rows[-1]
        wheel(MouseScrollDown)
        await pilot.pause()
        assert app.view.following
        assert numbers(app)[-1] == 39

    on_stage(test)


def test_a_click_makes_a_row_current() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(40))
        await pilot.pause()
        await pilot.click(app.view, offset=(5, 3))
        assert app.current.endswith(" 32")
        app.view.extend(lines(40, 40))
        await pilot.pause()
        assert app.current.endswith(" 32")

    on_stage(test)


def test_left_and_right_scroll_rows_that_are_longer_than_the_view() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, text="0123456789" * 9), line(2)])
        await pilot.pause()
        await pilot.press("right", "right")
        assert app.rows[0] == " " + ("0123456789" * 9)[5 : 5 + 38]
        assert app.rows[1] == ">2"
        await pilot.press(*["right"] * 6)
        assert app.rows[0].endswith("789")
        assert len(app.rows[0]) == 39
        await pilot.press(*["left"] * 8)
        assert app.rows[0].startswith(" 12:00:00.251 I 0123")

    on_stage(test, size=(39, 8))


def test_l_goes_through_the_levels_and_keeps_following() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(10))
        assert numbers(app) == list(range(10))
        seen = []
        for _ in range(4):
            await pilot.press("L")
            if app.view.level == "ERROR":
                assert numbers(app)[:4] == [3, 4, 8, 9]
            app.view.extend(lines(5))
            seen.append((app.view.level, app.status))
        assert seen == [
            ("INFO", "log · 12 of 15 lines · filter: level ≥ INFO · following"),
            ("WARNING", "log · 12 of 20 lines · filter: level ≥ WARNING · following"),
            ("ERROR", "log · 10 of 25 lines · filter: level ≥ ERROR · following"),
            ("", "log · 30 lines · following"),
        ]

    on_stage(test)


def test_f_shows_only_the_node_of_the_current_line_and_then_all_again() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(40))
        await pilot.press("up", "f")
        assert app.view.node == "0_stream"
        assert numbers(app) == list(range(20, 40, 2))
        assert app.current.endswith(" 38")
        assert app.status.startswith("log · 20 of 40 lines · filter: node 0_stream · ")
        await pilot.press("up", "f")
        assert app.view.node == ""
        assert app.current.endswith(" 36")  # the same line, where it was
        assert numbers(app)[-1] == 36
        assert not app.view.following

    on_stage(test)


def test_f_and_n_say_why_they_do_nothing_until_the_next_key() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        async def says(key: str) -> str:
            await pilot.press(key)
            await pilot.pause()
            return app.screen._compositor.render_strips()[0].text

        assert "log · there is no line to take a node from · 0 lines" in await says("f")
        app.view.extend([line(1, node="1_pass"), line(2)])
        assert "log · this line is of no node · 2 lines" in await says("f")
        for key in ("n", "N"):
            assert "log · nothing is searched for: / begins · 2 lines" in await says(key)
        assert "log · 2 lines" in await says("up")
        assert "log · 1 of 2 lines · filter: node 1_pass" in await says("f")
        await search(pilot, "none")
        assert "log · 1 of 2 lines · filter: node 1_pass · /none 0" in await says("n")

    on_stage(test)


def test_filters_may_be_set_before_it_is_mounted_and_apply_together() -> None:
    async def run() -> None:
        app = Stage()
        app.view.node, app.view.level = "1_pass", "ERROR"
        app.view.extend(lines(20))
        async with app.run_test(size=(80, 11)) as pilot:
            await pilot.pause()
            assert numbers(app) == [3, 9, 13, 19]
            assert "filter: node 1_pass, level ≥ ERROR" in app.status

    asyncio.run(run())


def matched(app: Stage) -> list[str]:
    """What is drawn in reverse, but for the signs of errors."""
    return [
        part.text
        for row in app.strips[1:]
        for part in row
        if part.style and part.style.reverse and len(part.text) > 1
    ]


async def search(pilot: Pilot[None], text: str) -> None:
    await pilot.press("slash", *text, "enter")


def test_a_search_goes_to_the_next_match_and_shows_all_of_them_reversed() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(
            [line(n, text=f"Frame {n} frame" if n % 10 == 3 else "") for n in range(40)]
        )
        await pilot.press("home")
        await search(pilot, "frame")
        assert app.focused is app.view
        assert app.current.endswith("Frame 3 frame")
        assert "/frame 1 of 4 · scrolled" in app.status
        assert matched(app) == ["Frame", "frame"]
        await pilot.press("n", "n")
        assert app.current.endswith("Frame 23 frame")
        assert "/frame 3 of 4" in app.status
        await pilot.press("N")
        assert app.current.endswith("Frame 13 frame")
        await pilot.press("N", "N")
        assert "/frame 4 of 4" in app.status  # from the first to the last
        await pilot.press("n")
        assert "/frame 1 of 4" in app.status
        await pilot.press("down")
        assert "/frame 4 · " in app.status

    on_stage(test)


def test_a_search_from_the_end_finds_the_latest() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(n, text="found" if n in (5, 15) else "") for n in range(40)])
        await search(pilot, "found")
        assert "/found 2 of 2" in app.status
        assert app.current.split()[0] == ">12:00:00.265"

    on_stage(test)


def test_escape_ends_a_search_that_enter_has_made_and_is_the_screens_then() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(n, text="found" if n in (5, 15) else "") for n in range(40)])
        await search(pilot, "found")
        assert "/found 2 of 2" in app.status
        await pilot.press("escape")
        await pilot.pause()
        assert "/found" not in app.status and not app.view._rows.matches
        assert app.view.check_action("close", ()) is False

    on_stage(test)


@pytest.mark.parametrize(
    ("text", "count"), [("warp", 3), ("Warp", 1), ("WARP", 1), ("[a-z].*", 1), ("none", 0)]
)
def test_a_search_is_for_plain_text_and_minds_case_only_for_capitals(text: str, count: int) -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        texts = ["warp", "Warp", "WARP", "literally [a-z].*"]
        app.view.extend([line(n, text=each) for n, each in enumerate(texts)])
        app.view._rows.search(text)
        assert len(app.view._rows.matches) == count

    on_stage(test)


def test_matches_are_kept_up_as_lines_come_and_drop_and_filters_change() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(20))
        await search(pilot, "line 1")
        assert "/line 1 11 of 11" in app.status
        app.view.extend([*lines(10, 100), line(7, text="two\nline 1 rows")])
        assert "/line 1 20 of 20" in app.status  # lines 0 to 10 dropped, two of them matches
        app.view.node = "1_pass"
        assert "ine 1 10 of 10 · following" in app.status
        app.view.clear()
        assert "/line 1 0" in app.status
        await pilot.press("slash", "backspace", "enter")  # the last one is offered, selected
        assert "/" not in app.status

    on_stage(test, capacity=20)


def test_a_match_that_is_far_to_the_right_is_brought_into_sight() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, text="-" * 300 + "needle" + "-" * 300), line(2)])
        await pilot.pause()
        await search(pilot, "needle")
        assert "needle" in app.rows[0]

    on_stage(test)


def test_while_one_types_a_search_the_keys_of_the_view_and_the_app_are_text() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(40))
        await pilot.press("slash", *"qncfyLk/")
        field = app.query_one(Input)
        assert field.value == "qncfyLk/"
        assert app.focused is field
        assert field.region.y == 10  # the last row, and the latest line is above it
        assert numbers(app)[8] == 39
        await pilot.press("escape")
        assert not field.display
        assert app.focused is app.view
        assert app.noted == []
        assert "qncf" not in app.status
        assert numbers(app)[-1] == 39
        await pilot.press("escape", "q")
        assert app.noted == ["escape", "q"]  # there is nothing to close: it is the app's

    on_stage(test)


def test_what_is_pasted_into_the_search_is_harmless_and_finds_what_looks_like_it() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, text="a\x1b[2J\u202eb"), line(2)])
        await pilot.press("slash")
        app.post_message(Paste("\x1b[2J\u202e"))
        await pilot.pause()
        shown = app.screen._compositor.render_strips()[10].text
        assert shown.strip() == "␛[2J\ufffd"
        await pilot.press("enter")
        assert "/␛[2J\ufffd 1 of 1" in app.status
        assert app.focused is app.view

    on_stage(test)


def test_c_clears_lines_and_counts() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(n) for n in range(5)], missed=3)
        app.view.extend([line(0)])
        assert "1 dropped here · 3 missed" in app.status
        assert numbers(app) == [1, 2, 3, 4, 0]
        await pilot.press("home", "c")
        assert app.status == "log · 0 lines · following"
        app.view.extend([line(n) for n in range(500, 505)])
        await pilot.pause()
        assert numbers(app) == [500, 501, 502, 503, 504]
        assert app.view.following

    on_stage(test, capacity=5)


def test_y_copies_the_current_line_whole() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend([line(1, "WARNING", "1_pass", "x" * 200), line(2)])
        await search(pilot, "xxx")
        await pilot.press("y")
        assert app.clipboard == "12:00:00.251 WARNING 1_pass " + "x" * 200

    on_stage(test)


@pytest.mark.parametrize("size", [(80, 24), (20, 5), (3, 2), (1, 1)])
def test_no_size_is_too_small(size: tuple[int, int]) -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(100))
        await pilot.press(
            "up", "n", "slash", "l", "enter", "n", "f", "L", "right", "left", "home", "y"
        )
        await pilot.press("end", "pageup", "pagedown", "slash", "escape")
        await pilot.resize_terminal(40, 12)
        await pilot.pause()
        assert len(app.rows) == 11
        await pilot.resize_terminal(*size)
        await pilot.pause()
        assert all(row.cell_length <= size[0] for row in app.strips)

    on_stage(test, size=size)


def test_the_end_stays_in_sight_when_the_terminal_changes_its_size() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.view.extend(lines(40))
        for height in (6, 20, 4):
            await pilot.resize_terminal(60, height)
            await pilot.pause()
            assert numbers(app)[-1] == 39
            assert app.view.following

    on_stage(test)


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light", "nord"])
def test_every_theme_draws_levels_and_matches_without_colour_alone(theme: str) -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.theme = theme
        app.view.extend(lines(5))
        await search(pilot, "line")
        await pilot.pause()
        assert [row.split()[1] for row in app.rows] == list("DIWEC")
        assert matched(app) == ["line"] * 5

    on_stage(test)


def test_keys_can_be_changed_by_id() -> None:
    async def test(app: Stage, pilot: Pilot[None]) -> None:
        app.set_keymap({"log.up": "w"})
        app.view.extend(lines(40))
        await pilot.press("up")
        assert app.view.following
        await pilot.press("w")
        assert not app.view.following

    on_stage(test)


def test_rows_keep_their_numbers_when_others_drop() -> None:
    rows = Rows()
    rows.extend([line(1, text="a\nb"), line(2, text="c"), line(3, text="d\ne\nf")])
    assert (rows.first, rows.end) == (0, 6)
    found = rows.at(4)
    rows.drop(2)
    assert (rows.first, rows.end) == (3, 6)
    assert rows.at(4) == found == (line(3, text="d\ne\nf"), 1)
    with pytest.raises(IndexError):
        rows.at(6)
