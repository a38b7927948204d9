"""Which pipeline is looked at: stop and start, attach, detach, quit.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from juturna_core.control import api
from juturna_core.errors import JuturnaError
from juturna_tui import runs
from juturna_tui.runs import GivenRun
from juturna_tui.screens.attach import AttachScreen, Running
from juturna_tui.screens.confirm import ConfirmScreen
from juturna_tui.screens.monitor import MonitorScreen
from tests.tui.rig import (
    PATIENCE,
    REMOTE,
    Bench,
    FiledControl,
    Started,
    chain,
    choose_pass,
    failing,
    is_warped,
    node,
    play,
    serves,
)


def test_x_asks_before_it_stops_what_others_have_started_and_starts_it_again(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("x")
        await bench.until_said("Stop a pipeline that was not started here?")
        await bench.press("escape")
        await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))
        assert not bench.control.asked("stop")
        await bench.press("x")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen))
        await bench.press("s")
        await bench.until(lambda: bench.app.monitor.frame.state == "stopped")
        assert bench.control.asked("stop") == [{"keep": True}]
        await bench.until_said("■ stopped")
        await bench.press("x")
        await bench.until(lambda: bench.app.monitor.frame.state == "running")
        await bench.until_said("● running")

    play(story, tmp_path)


OTHER = chain([node("a_camera", "source"), node("b_eye")])


@pytest.fixture
def another(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FiledControl:
    """A second pipeline that runs here, and can be attached to."""
    folder = tmp_path / "other"
    folder.mkdir()
    control = FiledControl(OTHER, folder / "other.json")
    row = Running("other", 4711, "unix:/other", "running", 2)
    monkeypatch.setattr(runs, "running", lambda: [row])
    monkeypatch.setattr(runs, "found", lambda address: GivenRun(control, address))
    monkeypatch.chdir(folder)
    return control


async def attach(bench: Bench) -> None:
    await bench.press("a")
    await bench.until(lambda: isinstance(bench.app.screen, AttachScreen))
    await bench.until_said("unix:/other")
    await bench.press("enter")
    await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))


def test_a_attaches_to_another_pipeline(tmp_path: Path, another: FiledControl) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.event_view._kept, "something has happened")
        await attach(bench)
        await bench.until_said("a_camera", "b_eye", "other/other.json", "● running")
        await bench.until(lambda: bench.app.monitor.editor.text == OTHER)
        assert "1_pass" not in bench.text
        assert bench.control.state == "running", "the one before runs on"

    play(story, tmp_path)


def test_a_and_escape_stay_with_this_one(tmp_path: Path, another: FiledControl) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("a")
        await bench.until_said("unix:/other")
        await bench.press("escape")
        await bench.until_said("1_pass", "● running")

    play(story, tmp_path)


def test_a_on_a_frozen_screen_opens_the_file_of_what_is_attached_to(
    tmp_path: Path, another: FiledControl
) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("space")
        await bench.until_said("frozen")
        await attach(bench)
        await bench.until(lambda: bench.app.document is not None)
        assert bench.app.document is not None and bench.app.document.path == Path(another.file)

    play(story, tmp_path)


def test_messages_that_were_asked_for_and_come_when_another_pipeline_is_shown_are_not_its_own(
    tmp_path: Path, another: FiledControl
) -> None:
    """Both have a node of that name. Nor is the other one asked for no messages since these have never come."""
    go = threading.Event()
    late = api.Passed("a_camera", 1, 1, "", 0.0, "LatePayload", 4, "of the one before", {})

    async def story(bench: Bench) -> None:
        app = bench.app

        def peek(node: str, count: int = 10) -> tuple[api.Passed, ...]:
            go.wait(PATIENCE)
            return (late,)

        bench.control.peek = peek  # type: ignore[method-assign]
        await bench.press("i", "m")
        await bench.until(lambda: app.steering._peeking, "it is asked")
        (asked,) = (each for each in app.workers if each.name == "messages")
        await attach(bench)
        await bench.until_said("other/other.json", "● running")
        await bench.press("i", "m")
        await bench.until(lambda: another.asked("peek"), "the other one is asked")
        go.set()
        await bench.until(lambda: asked.is_finished, "the first answer has come")
        assert app.monitor.wants_messages and not app.monitor._passed

    failing("peek")(another)  # so that nothing comes which would take the place of what is late
    play(story, tmp_path, OTHER)


def test_an_address_where_nobody_is_leaves_what_is_on_the_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(address: str) -> runs.Run:
        raise JuturnaError(f"nothing listens at {address}")

    monkeypatch.setattr(runs, "found", nobody)

    async def story(bench: Bench) -> None:
        await bench.press("a")
        await bench.until(lambda: isinstance(bench.app.screen, AttachScreen))
        await bench.press("a", *"h:1", "enter")
        await bench.until_told("nothing listens at h:1")
        await bench.until(lambda: isinstance(bench.app.screen, AttachScreen), "it asks again")
        await bench.press("escape", "escape")
        await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))
        await bench.until_said("1_pass", "● running")
        assert bench.app.answers and not bench.app._exit

    play(story, tmp_path)


@pytest.mark.parametrize("key", ["a", "d"])
def test_a_node_on_a_remote_that_was_started_here_is_not_left(
    tmp_path: Path, started: list[Started], key: str
) -> None:
    """The remote ends with the workbench, and its messages would wait for ever."""

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen))
        bench.control.places["127.0.0.1", 45000] = serves("1_pass")
        await bench.press("s")
        await bench.until(lambda: is_warped(bench))
        await bench.until(lambda: bench.app.remotes.nodes())
        await bench.press(key)
        await bench.until_told("1_pass is on a remote that was started here")
        assert not bench.app._exit and isinstance(bench.app.screen, MonitorScreen)

    play(story, tmp_path)


def test_a_remote_on_another_machine_is_none_of_ours_though_its_port_is_the_same(
    tmp_path: Path, started: list[Started]
) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen))
        await bench.press("s")
        await bench.until(lambda: is_warped(bench))
        (remote,) = started
        assert remote.port == REMOTE["grpc_port"]
        assert bench.app.remotes.nodes() == ["1_pass"]

    nodes = [
        node("0_stream", "source", "video_file"),
        node("1_pass", warp_configuration=REMOTE),
        node("2_notifier", "sink", warped=True, warp_configuration=REMOTE),
    ]
    play(story, tmp_path, chain(nodes))


@pytest.mark.parametrize("there", [True, False])
def test_x_starts_a_silent_pipeline_of_others_again_only_when_it_is_gone_or_one_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[Path], there: bool
) -> None:
    monkeypatch.setattr("juturna_core.control.discovery.is_there", lambda address: there)

    async def story(bench: Bench) -> None:
        await bench.until_said("● running")
        failing("stats")(bench.control)
        await bench.until_said("not answering")
        await bench.press("x")
        if there:
            await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen), "it asks")
            assert not begun
            await bench.press("s")
        await bench.until(lambda: begun, "it is started")

    play(story, tmp_path)


def test_d_leaves_what_runs_and_says_how_to_come_back(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("d")
        await bench.until(lambda: bench.app._exit)

    bench = play(story, tmp_path)
    assert (
        bench.app.leaving.last_words == "the pipeline runs on: juturna-tui --attach in this process"
    )
    assert bench.app.return_code == 0
    assert bench.control.state == "running"


@pytest.mark.parametrize("key", ["q", "d"])
def test_who_leaves_a_pipeline_stopped_is_told_so(tmp_path: Path, key: str) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("x")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen))
        await bench.press("s")
        await bench.until(lambda: bench.app.monitor.frame.state == "stopped")
        await bench.press(key)
        await bench.until(lambda: bench.app._exit)

    said = "the pipeline is stopped, and x starts it again: juturna-tui --attach in this process"
    assert play(story, tmp_path).app.leaving.last_words == said


@pytest.mark.parametrize("key", ["q", "ctrl+c", "ctrl+q"])
def test_q_ends_the_workbench_and_not_what_others_have_started(tmp_path: Path, key: str) -> None:
    async def story(bench: Bench) -> None:
        await bench.press(key)
        await bench.until(lambda: bench.app._exit)

    bench = play(story, tmp_path)
    assert bench.app.return_code == 0
    assert bench.control.state == "running" and not bench.control.asked("stop")
