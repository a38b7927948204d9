"""The file in the editor: saved, refused, changed by others, and what a person must never lose.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from textual import events

import juturna_core.edit
from juturna_core.control.api import Gone
from juturna_core.errors import StateError
from juturna_tui.widgets.config_editor import Bar
from tests.tui.rig import (
    THREE,
    Bench,
    FiledControl,
    choose_pass,
    edit,
    external,
    failing,
    is_warped,
    play,
    there,
)


def test_e_edits_the_file_and_ctrl_s_writes_it_and_has_it_applied(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench, "\n\n")
        await bench.until_said("editing · not saved")
        await bench.press("ctrl+s")
        await bench.until_told("reload ok: nothing has changed")
        assert bench.control.written == "\n\n" + THREE
        assert bench.control.asked("reload")
        await bench.until_said("editing · saved")
        await bench.press("escape")
        await bench.until(lambda: not bench.app.monitor.editor.editing)

    play(story, tmp_path)


def test_u_takes_back_what_was_saved_in_the_editor_and_before_it_what_w_did(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: is_warped(bench))
        warped = bench.control.written
        await edit(bench)
        await bench.press("ctrl+s", "escape")
        await bench.until(lambda: bench.control.written != warped, "it is saved")
        await bench.until(lambda: not bench.app.monitor.editor.editing)
        await bench.press("1", "u")
        await bench.until_told("undone: the file is as it was before it was saved here")
        assert bench.control.written == warped
        await bench.until(lambda: bench.app.monitor.editor.text == warped, "it is shown")
        await bench.press("u")
        await bench.until(lambda: bench.control.written == THREE)

    play(story, tmp_path, prepare=there)


def test_u_takes_nothing_back_while_something_is_not_saved(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench)
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.control.written != THREE)
        await bench.until(lambda: not bench.app.monitor.editor.dirty)
        saved = bench.control.written
        await bench.type("more")
        bench.app.steering.do("undo", "1_pass")
        await bench.until_told("not undone: something typed here is not saved")
        assert bench.control.written == saved

    play(story, tmp_path)


def test_what_saving_would_change_is_said_while_one_types(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench)
        bench.app.monitor.editor._source.text = THREE.replace('"delay": 2.0', '"delay": 3.0')
        await bench.until_said("would change: ")
        bench.app.monitor.editor._source.text = THREE.replace('"delay": 2.0', '"delay": ')
        await bench.until_said("1 error")

    play(story, tmp_path)


def test_leaving_with_something_unsaved_asks(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench)
        await bench.press("escape")
        await bench.until_said("not saved: s save d discard")
        await bench.press("s")
        await bench.until(lambda: bench.control.written == "\n" + THREE)
        await bench.until(lambda: not bench.app.monitor.editor.editing)
        await edit(bench)
        await bench.press("escape", "d")
        await bench.until(lambda: not bench.app.monitor.editor.dirty)
        assert bench.control.written == "\n" + THREE

    play(story, tmp_path)


def test_capital_e_edits_the_file_in_the_editor_of_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    external(monkeypatch, tmp_path, 'test "$1" = --wait && echo >> "$2"')

    async def story(bench: Bench) -> None:
        await bench.press("5", "E")
        await bench.until(lambda: bench.app.monitor.editor.text == THREE + "\n", "it is shown")

    play(story, tmp_path)


def test_an_editor_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    external(monkeypatch, tmp_path, "")
    monkeypatch.setenv("EDITOR", "no-such-editor")

    async def story(bench: Bench) -> None:
        await bench.press("5", "E")
        await bench.until_told('"no-such-editor" cannot be started')

    play(story, tmp_path)


def test_nothing_is_asked_while_another_program_has_the_terminal(tmp_path: Path) -> None:
    """The screen stands still meanwhile: hours of numbers and lines would pile up before it."""

    async def story(bench: Bench) -> None:
        feed = bench.app.look._feed
        assert feed is not None
        await bench.until(lambda: feed.frames)
        with bench.app.look.unseen():
            feed.refresh()
            await bench.pilot._wait_for_screen()  # one may have been under way
            frames = feed.frames
            for _ in range(30):
                feed.refresh()
                await bench.pilot._wait_for_screen()
            assert feed.frames <= frames + 1
            frames = feed.frames
        await bench.until(lambda: feed.frames > frames, "it goes on")

    play(story, tmp_path)


def saved_by_another(tmp_path: Path, story: Callable[[Bench, str], Any]) -> Bench:
    """Type something, have another program save the file, and see the question."""

    async def told(bench: Bench) -> None:
        await edit(bench, " mine ")
        theirs = "\n// theirs\n" + THREE
        bench.file.write_text(theirs)
        await bench.until_said("changed by another program while you edited")
        await bench.until(lambda: bench.app.screen.query_one(Bar).has_focus, "the question asks")
        await story(bench, theirs)

    return play(told, tmp_path)


def test_theirs_drops_mine_which_undo_brings_back(tmp_path: Path) -> None:
    async def story(bench: Bench, theirs: str) -> None:
        editor = bench.app.monitor.editor
        await bench.press("t")
        await bench.until(lambda: editor.text == theirs)
        assert not editor.dirty
        await bench.press("ctrl+z")
        await bench.until(lambda: " mine " in editor.text)

    saved_by_another(tmp_path, story)


def test_mine_is_kept_and_saving_overwrites(tmp_path: Path) -> None:
    async def story(bench: Bench, theirs: str) -> None:
        await bench.press("m", "ctrl+s")
        await bench.until(lambda: bench.control.written == " mine " + THREE)

    saved_by_another(tmp_path, story)


def test_look_shows_both_and_answers_nothing(tmp_path: Path) -> None:
    async def story(bench: Bench, theirs: str) -> None:
        await bench.press("l")
        await bench.until_said("theirs, on disk", "yours, not saved")
        assert bench.control.written == theirs
        assert bench.app.monitor.editor.text == " mine " + THREE

    saved_by_another(tmp_path, story)


def test_ctrl_s_is_no_answer_to_that_question(tmp_path: Path) -> None:
    async def story(bench: Bench, theirs: str) -> None:
        await bench.press("ctrl+s")
        assert bench.control.written == theirs
        assert bench.app.monitor.editor.text == " mine " + THREE

    saved_by_another(tmp_path, story)


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_on_a_full_disk_nothing_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    async def story(bench: Bench) -> None:
        await edit(bench, " mine ")
        with monkeypatch.context() as patch:
            patch.setattr(juturna_core.edit.os, call, full)
            await bench.press("ctrl+s")
            await bench.until_told("not saved: ")
        assert "No space left on device" in bench.toasts[-1]
        assert bench.control.written == THREE
        assert bench.app.monitor.editor.text == " mine " + THREE
        assert bench.app.monitor.editor.dirty
        assert [each.name for each in tmp_path.iterdir()] == ["pipe.json"], "no file is left"
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.control.written == " mine " + THREE, "the second try")

    play(story, tmp_path)


def test_a_file_that_is_refused_is_saved_and_the_old_pipeline_runs_on(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench)
        await bench.press("ctrl+s")
        await bench.until_told(
            "saved, and refused: the old pipeline runs on. error: the reload has failed"
        )

    play(story, tmp_path, prepare=failing("reload"))


@pytest.mark.parametrize("error", [Gone("it says nothing"), StateError("it is stopping")])
def test_a_file_that_is_saved_while_the_pipeline_does_not_answer_is_perhaps_not_taken(
    tmp_path: Path, error: Exception
) -> None:
    async def story(bench: Bench) -> None:
        bench.control.fail["reload"] = error
        await edit(bench)
        await bench.press("ctrl+s")
        await bench.until_told("saved, and ")
        assert f"saved, and perhaps not taken: {error}" in bench.toasts
        assert bench.control.written == "\n" + THREE

    play(story, tmp_path)


def test_that_a_file_was_refused_stays_in_its_bar_though_it_is_saved_while_one_types(
    tmp_path: Path,
) -> None:
    """What typing would have had checked a moment later is not told over it."""

    async def story(bench: Bench) -> None:
        app = bench.app
        await edit(bench)
        pause = app.monitor.editor._timer
        await bench.press("ctrl+s")
        await bench.until_told("saved, and refused")
        await bench.until(lambda: not pause._task or pause._task.done(), "typing has paused")
        await bench.pilot._wait_for_screen()
        await bench.until(lambda: all(w.is_finished for w in app.workers if w.name == "check"))
        await bench.until_said("saved with 1 error: the old pipeline runs on")

    play(story, tmp_path, prepare=failing("reload"))


def test_a_megabyte_is_pasted_and_saved(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        line = "a long line of a paste \x1b[2J of a megabyte\r\n"
        pasted = line * (1_000_000 // len(line))
        await bench.press("e")
        bench.app.post_message(events.Paste(pasted))
        editor, wanted = bench.app.monitor.editor, pasted.replace("\r\n", "\n") + THREE
        await bench.until(lambda: editor.text == wanted)
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.control.written == wanted)

    play(story, tmp_path)


# --- a run that does not follow its file -----------------------------------------------------------------------------


def alone(control: FiledControl) -> None:
    """It runs without --watch."""
    control.followed = False


def test_a_save_from_outside_is_taken_by_a_run_that_does_not_follow_its_file(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.latest.about.pid, "it has said what it is")
        bench.file.write_text(THREE.replace('"delay": 2.0', '"delay": 0.5'))
        await bench.until_told("reload ok: 1_pass: delay 2.0 -> 0.5")
        await bench.press("5")
        await bench.until_said("saved · what is written is what runs")
        bench.file.write_text(THREE + "x")
        await bench.until_told("saved, and refused: the old pipeline runs on.")
        await bench.until_said("saved with 1 error: the old pipeline runs on")
        await bench.until(lambda: "✗ " in bench.rows[0], "the first line says so too")
        bench.file.write_text(THREE)
        await bench.until(lambda: "✗ " not in bench.rows[0])

    play(story, tmp_path, prepare=alone)


def test_a_file_that_was_changed_before_one_came_is_not_said_to_run_and_capital_r_has_it_taken(
    tmp_path: Path,
) -> None:
    def prepare(control: FiledControl) -> None:
        alone(control)
        control.written = THREE.replace('"delay": 2.0', '"delay": 0.5')

    async def story(bench: Bench) -> None:
        await bench.press("5")
        await bench.until_said("what runs is another one: R has it taken")
        await bench.until_said("would change: 1_pass: delay 2.0 -> 0.5")
        assert not bench.control.asked("reload"), "not without being asked"
        await bench.press("R")
        await bench.until_told("reload ok: 1_pass: delay 2.0 -> 0.5")
        await bench.until_said("saved · what is written is what runs")

    play(story, tmp_path, prepare=prepare)


def test_a_run_that_follows_its_file_is_not_asked_twice(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.file.write_text(THREE.replace('"delay": 2.0', '"delay": 0.5'))
        await bench.until(lambda: "0.5" in bench.app.monitor.editor.text)
        await bench.until_asked("check")
        assert not bench.control.asked("reload")

    play(story, tmp_path)
