"""What the editor shows of problems and of what saving would change."""

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList

from juturna_core.errors import Problem
from tests.tui.editor import ODD, TEXT, UNKNOWN, Pane, run


def test_a_problem_has_a_sign_beside_its_line_and_its_place_underlined() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        assert [row[:4] for row in pane.rows[:5]] == ["1  {", "2   ", "3▲  ", "4   ", "5✖  "]
        strips = pane.screen._compositor.render_strips()
        underlined = [
            [segment.text for segment in strip if segment.style and segment.style.underline]
            for strip in strips[:5]
        ]
        assert underlined == [[], [], ['"pipeline"'], [], ['"1_pass"']]
        pane.editor.set_problems([])
        await pilot.pause()
        assert pane.rows[4].startswith("5   ")

    run(story)


def test_an_error_covers_the_warning_of_its_line_and_places_beyond_the_text_do_no_harm() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        error = Problem("error", "e", None, 1, 1)
        warning = Problem("warning", "w", None, 1, 1)
        beyond = [Problem("error", "far", None, 1, 900), Problem("error", "deep", None, 900, 1)]
        pane.editor.set_problems([error, warning, *beyond, Problem("error", "nowhere")])
        await pilot.pause()
        assert pane.rows[0].startswith("1✖ {")
        assert "✖ nowhere" in pane.rows
        await pilot.press("[")
        assert pane.source.cursor_location[0] == TEXT.count("\n")

    run(story)


def test_problems_are_listed_below_in_the_order_of_the_file() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        assert pane.rows[-3:] == [
            "▲ 3:3 a [red] thing␛[2J",
            '✖ 5:16 there is no node "x"  did you mean "y"?',
            "saved with 1 error: the old pipeline runs on · 1 warning",
        ]

    run(story)


def test_at_most_five_problems_are_seen_at_once() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN] * 30)
        await pilot.pause()
        assert sum("✖ 5:16" in row for row in pane.rows) == 5

    run(story)


@pytest.mark.parametrize(("forth", "back"), [("f8", "shift+f8"), ("]", "[")])
def test_keys_go_to_the_next_problem_and_to_the_one_before_and_round_the_ends(
    forth: str, back: str
) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        places = []
        for key in (forth, forth, forth, back, back):
            await pilot.press(key)
            places.append(pane.source.cursor_location)
        assert places == [(2, 2), (4, 15), (2, 2), (4, 15), (2, 2)]

    run(story)


def test_without_problems_their_keys_do_nothing() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("f8", "[")
        assert pane.source.cursor_location == (0, 0)

    run(story)


def test_enter_and_a_click_in_the_list_go_to_the_problem() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        pane.query_one(OptionList).focus()
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert pane.source.cursor_location == (4, 15)
        assert pane.source.has_focus
        await pilot.click(OptionList, offset=(5, 0))
        await pilot.pause()
        assert pane.source.cursor_location == (2, 2)

    run(story)


def test_what_saving_would_change_is_said_until_it_is_saved() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.set_problems([], ["1_pass: delay 2.0 -> 0.5", "2_out: added"])
        await pilot.pause()
        assert pane.rows[-3:] == [
            "would change: 1_pass: delay 2.0 -> 0.5",
            "would change: 2_out: added",
            "editing · not saved",
        ]
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert not any("would change" in row for row in pane.rows)

    run(story)


def test_a_place_is_gone_to_and_seen() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.show("\n".join(f'"{i}"' for i in range(1, 500)))
        pane.editor.go_to(400, 3)
        await pilot.pause()
        assert pane.source.cursor_location == (399, 2)
        assert any(row.startswith('400  "400"') for row in pane.rows)
        pane.editor.go_to(0, 0)
        assert pane.source.cursor_location == (0, 0)
        pane.editor.go_to(10_000)
        assert pane.source.cursor_location == (498, 0)

    run(story)
