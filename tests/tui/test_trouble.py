"""What fails is told, and the workbench goes on.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

import asyncio
import threading
from pathlib import Path

import pytest

from juturna_tui.settings import Memory
from juturna_tui.view import State
from tests.tui.rig import (
    PATIENCE,
    THREE,
    Bench,
    FiledControl,
    choose_pass,
    edit,
    failing,
    play,
    there,
)


@pytest.mark.parametrize(
    "method, keys, sentence",
    [
        ("suspend", ["right", "s"], "suspend: the suspend has failed"),
        ("undo", ["u"], "undo: the undo has failed"),
        ("probe", ["right", "w"], "warp: the probe has failed"),
        ("edit", ["right", "w"], "warp: the edit has failed"),
        ("stop", ["x", "s"], "stop: the stop has failed"),
    ],
)
def test_what_fails_is_told_and_logged_and_the_workbench_lives(
    tmp_path: Path, method: str, keys: list[str], sentence: str
) -> None:
    def prepare(control: FiledControl) -> None:
        there(control)
        failing(method)(control)

    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        await bench.press(*keys)
        await bench.until_told(sentence)
        assert sentence in bench.logged
        bench.control.fail.clear()
        await bench.press("2")
        await bench.until(lambda: bench.app.monitor.table.has_focus, "it lives")

    play(story, tmp_path, prepare=prepare)


def test_an_exception_that_nobody_expects_is_told_as_a_fault_and_the_workbench_lives(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        bench.control.fail["suspend"] = ZeroDivisionError("there is nothing to share")
        await choose_pass(bench)
        await bench.press("s")
        await bench.until_told(
            "suspend: a fault of the workbench: ZeroDivisionError: there is nothing to share"
        )
        await bench.press("2")
        await bench.until(lambda: bench.app.monitor.table.has_focus, "it lives")

    play(story, tmp_path)


def test_a_resume_or_start_that_fails_is_told(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        control, monitor = bench.control, bench.app.monitor
        failing("resume")(control)
        failing("start")(control)
        control.suspended.add("1_pass")
        await choose_pass(bench)
        await bench.until(lambda: monitor.frame.by_name["1_pass"].state is State.SUSPENDED)
        await bench.press("s")
        await bench.until_told("resume: the resume has failed")
        control.stop(keep=True)
        await bench.until(lambda: monitor.frame.state == "stopped")
        await bench.press("x")
        await bench.until_told("start: the start has failed")

    play(story, tmp_path)


def test_a_check_that_fails_is_said_in_the_editor(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench)
        await bench.until_said("the check has failed")

    play(story, tmp_path, prepare=failing("check"))


def test_messages_that_cannot_be_had_trouble_nobody(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("i", "m")
        await bench.until(lambda: len(bench.control.asked("peek")) > 1, "it is asked again")
        assert not bench.toasts
        await bench.until_said("none yet")

    play(story, tmp_path, size=(120, 60), prepare=failing("peek"))


@pytest.mark.parametrize("method", ["stats", "describe"])
def test_a_pipeline_that_does_not_answer_is_shown_as_such_until_it_does(
    tmp_path: Path, method: str
) -> None:
    async def story(bench: Bench) -> None:
        await bench.until_said("● running")
        failing(method)(bench.control)
        bench.control._publish("whatever", "so that it is described again")
        await bench.until_said("not answering", f"the {method} has failed")
        bench.control.fail.clear()
        await bench.until_said("● running")

    play(story, tmp_path)


def test_a_log_that_cannot_be_read_is_told_and_hides_no_numbers(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until_said("● running")
        failing("logs")(bench.control)
        bench.control.log("the first")
        await bench.until(lambda: "the log cannot be read just now" in str(bench.logged))
        frames = bench.app.look._feed.frames  # type: ignore[union-attr]
        await bench.until(lambda: bench.app.look._feed.frames > frames + 2)  # type: ignore[union-attr]
        assert "● running" in bench.rows[0]
        assert str(bench.logged).count("cannot be read") == 1
        bench.control.fail.clear()
        await bench.until(lambda: "the first" in bench.logged)

    play(story, tmp_path)


def test_an_answer_that_comes_when_there_is_no_screen_any_more_is_told_to_nobody(
    tmp_path: Path,
) -> None:
    """It would be drawn on widgets that have lost their styles, and the workbench would end with that error."""
    told: list[str] = []
    go = threading.Event()

    async def story(bench: Bench) -> None:
        bench.app.on_thread("late", lambda: go.wait(PATIENCE) and "late", told.append)
        shut = bench.app._close_all

        async def close() -> None:
            await shut()
            go.set()
            await asyncio.wait([each._task for each in bench.app.workers if each.name == "late"])

        bench.app._close_all = close  # type: ignore[method-assign]

    play(story, tmp_path)
    assert go.is_set() and not told


@pytest.mark.parametrize("method", ["events", "follow"])
def test_events_that_cannot_be_had_come_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.control.asked(method))
        assert not bench.app.monitor.event_view._kept
        bench.control.fail.clear()
        await bench.until(lambda: bench.app.monitor.event_view._kept)

    play(story, tmp_path, prepare=failing(method))


def test_a_pipeline_that_is_gone_is_not_answering_and_keys_tell_so(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until_said("● running")
        bench.control.leave()
        await bench.until_said("not answering", "the pipeline camera is gone")
        await bench.press("u")
        await bench.until_told("undo: the pipeline camera is gone")

    play(story, tmp_path)


def test_the_file_can_be_edited_and_saved_when_the_pipeline_is_gone(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.control.leave()
        await bench.until_said("not answering")
        await edit(bench)
        await bench.press("ctrl+s")
        await bench.until(lambda: bench.control.written == "\n" + THREE)

    play(story, tmp_path)


def test_what_cannot_be_remembered_is_told(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("a file where a folder should be")
    place = tmp_path / "state" / "memory.json"

    async def story(bench: Bench) -> None:
        await bench.until_told("memory.json: cannot be written")

    play(story, tmp_path, memory=Memory(), memory_file=place)
