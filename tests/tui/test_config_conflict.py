"""The file changes elsewhere while it is read or edited."""

from textual.pilot import Pilot
from textual.widgets import Input

from tests.tui.editor import ODD, TEXT, THEIRS, Pane, run

QUESTION = "changed by another program while you edited: t theirs (drops yours)  m mine (saving overwrites)  l look"


async def conflict(pane: Pane, pilot: Pilot[None]) -> None:
    await pilot.press("e", "x")
    assert await pane.next_change() == "x" + TEXT
    pane.editor.outdated(THEIRS)
    await pilot.pause()


def test_a_file_that_changes_while_one_reads_is_shown_and_the_cursor_keeps_its_line() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down", "right")
        pane.editor.outdated(THEIRS)
        await pilot.pause()
        assert pane.editor.text == THEIRS
        assert pane.source.cursor_location == (2, 1)
        assert not pane.editor.dirty
        assert await pane.next_change() == THEIRS  # what is wrong with it is not known here

    run(story)


def test_a_file_that_changes_while_something_is_not_saved_is_asked_about(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        assert pane.said_below() == QUESTION
        assert pane.bar.has_focus
        assert pane.editor.text == "x" + TEXT

    run(story)


def test_show_drops_nothing_that_was_typed(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.show(THEIRS, [ODD])
        await pilot.pause()
        assert pane.said_below() == QUESTION
        assert pane.editor.text == "x" + TEXT

    run(story)


def test_theirs_takes_the_place_of_mine_which_undo_brings_back(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("t")
        await pilot.pause()
        assert pane.editor.text == THEIRS
        assert not pane.editor.dirty
        assert pane.editor.editing
        assert await pane.next_change() == THEIRS
        await pilot.press("ctrl+z")
        assert pane.editor.text == "x" + TEXT
        assert pane.editor.dirty

    run(story)


def test_mine_goes_on_and_saving_sends_it(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("m", "y", "ctrl+s")
        await pilot.pause()
        assert pane.saves == ["xy" + TEXT]

    run(story)


def test_discard_after_mine_shows_what_is_on_disk_now(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("m", "escape", "d")
        await pilot.pause()
        assert pane.editor.text == THEIRS

    run(story)


def test_look_shows_what_differs_until_escape_and_then_asks_again(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert pane.rows[:2] == ["--- theirs, on disk", "+++ yours, not saved"]
        assert "-{" in pane.rows
        assert "+x{" in pane.rows
        assert any(row.startswith("-") and "0.5" in row for row in pane.rows)
        await pilot.press("z", "down", "delete")
        assert pane.editor.text == "x" + TEXT
        await pilot.press("ctrl+s", "escape", "z")  # nothing is typed into what is not seen
        await pilot.pause()
        assert pane.editor.text == "x" + TEXT and pane.saves == []
        assert pane.rows[0].startswith("1  x{")
        assert pane.bar.has_focus
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.press("t")  # it may be answered where it is read
        await pilot.pause()
        assert pane.editor.text == THEIRS and pane.rows[0].startswith("1")

    run(story)


def test_a_long_difference_is_scrolled_while_the_question_stands(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.outdated("\n".join(map(str, range(200))))
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        while pane.editor._difference.max_scroll_y < 11:
            await pilot.pause()  # until it is laid out
        seen = [pane.editor._difference.scroll_offset.y]
        for key in ("down", "pagedown", "pageup", "up"):
            await pilot.press(key)
            seen.append(pane.editor._difference.scroll_offset.y)
        assert seen == [0, 1, 11, 1, 0]

    run(story)


def test_a_difference_in_line_ends_alone_is_said(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.outdated(("x" + TEXT).replace("\n", "\r\n"))
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert pane.rows[0] == "They differ in line ends only."

    run(story)


def test_a_conflict_is_not_answered_by_saving_nor_by_leaving(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        for key in ("ctrl+s", "escape"):
            await pilot.press("escape")  # back to the text
            assert pane.source.has_focus
            await pilot.press(key)
            await pilot.pause()
            assert pane.bar.has_focus
            assert pane.said_below() == QUESTION
        assert pane.saves == []
        assert pane.editor.editing

    run(story)


def test_the_question_goes_when_the_other_program_wrote_the_same(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        pane.editor.outdated("x" + TEXT)
        await pilot.pause()
        assert not pane.editor.dirty
        assert "what is written is what runs" in pane.said_below()
        assert pane.source.has_focus

    run(story)


def test_what_one_types_on_with_is_no_answer() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("t", "m")
        assert pane.editor.text == "xtm" + TEXT
        await pilot.pause()
        assert pane.said_below() == QUESTION

    run(story)


def test_a_question_that_comes_after_a_long_pause_takes_no_key_at_once_either() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        await pilot.pause()
        pane.editor._quiet_at = 0.0  # typed long ago
        pane.editor.outdated(THEIRS)
        await pilot.press("t")
        assert pane.editor.text == "xt" + TEXT

    run(story)


def test_the_question_leaves_the_keys_to_the_pane_that_has_them(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        elsewhere = pane.query_one(Input)
        elsewhere.display = True
        elsewhere.focus()
        await pilot.pause()
        pane.editor.outdated(THEIRS)
        await pilot.press("t")
        assert elsewhere.value == "t"
        assert pane.editor.text == "x" + TEXT
        pane.editor.focus()
        await pilot.pause()
        assert pane.bar.has_focus

    run(story)


def test_a_change_while_it_asks_about_leaving_is_asked_about_with_its_own_keys(
    at_once: None,
) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "escape")
        shown = {each.binding.id for each in pane.screen.active_bindings.values() if each.enabled}
        assert {"config.answer.save", "config.answer.discard"} <= shown
        told: list[object] = []
        pane.screen.bindings_updated_signal.subscribe(pane.editor, told.append)
        pane.editor.outdated(THEIRS)
        await pilot.pause()
        assert told, "the key bar is drawn again"
        shown = {each.binding.id for each in pane.screen.active_bindings.values() if each.enabled}
        assert "config.answer.theirs" in shown and "config.answer.save" not in shown

    run(story)
