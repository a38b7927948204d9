"""What a person does to single nodes: w, r, u, s.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import Input

from juturna_core.control import api, fake
from juturna_tui.messages import FrameCame
from juturna_tui.screens.confirm import ConfirmScreen
from juturna_tui.screens.help import HelpScreen
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.screens.remotise import RemotiseScreen
from juturna_tui.settings import Memory, Place
from juturna_tui.view import State
from tests.tui.rig import (
    PATIENCE,
    PLACE,
    THREE,
    Bench,
    FiledControl,
    Started,
    choose_pass,
    failing,
    is_warped,
    play,
    pose,
    serves,
    there,
)


def changed_lines(bench: Bench, before: str = THREE) -> list[str]:
    """The lines of the file that were not in it before."""
    return [line.strip() for line in bench.control.written.splitlines() if line not in before]


# --- w ---------------------------------------------------------------------------------------------------------------


def test_w_moves_a_node_to_its_remote_and_back(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until_told("1_pass is warped: the flow was held for 0.0 ms, nothing lost.")
        assert bench.control.asked("probe") == [{"host": PLACE[0], "port": PLACE[1]}]
        assert changed_lines(bench) == ['"warped": true']
        await bench.until(lambda: is_warped(bench), "the picture shows it")
        await bench.press("w")
        await bench.until_told("1_pass runs here again")
        assert len(bench.control.asked("probe")) == 1, "going home needs no remote"
        await bench.until(lambda: not is_warped(bench))

    play(story, tmp_path, prepare=there)


def ask_w(tmp_path: Path, *keys: str, probe: api.Probe | None = None, said: str) -> Bench:
    """Press w where it has to ask, read the question, and answer it with `keys`."""

    def prepare(control: FiledControl) -> None:
        if probe is not None:
            control.places[PLACE] = probe

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen), "it asks")
        await bench.until_said(said)
        await bench.press(*keys)
        await bench.until(lambda: not isinstance(bench.app.screen, ConfirmScreen), "answered")
        if keys == ("m",):
            await bench.until_told("1_pass is warped")

    return play(story, tmp_path, prepare=prepare)


NOTHING_LISTENS = "nothing listens on 10.0.0.7:45000. Messages for 1_pass would wait"


def test_w_asks_before_it_moves_a_node_to_where_nothing_listens(tmp_path: Path) -> None:
    bench = ask_w(tmp_path, "m", said=NOTHING_LISTENS)
    assert changed_lines(bench) == ['"warped": true']


def test_w_does_nothing_when_the_question_is_cancelled(tmp_path: Path) -> None:
    bench = ask_w(tmp_path, "escape", said=NOTHING_LISTENS)
    assert bench.control.written == THREE and not bench.control.asked("edit")


def test_w_asks_before_it_moves_a_node_to_a_remote_of_another_one(tmp_path: Path) -> None:
    other = serves("2_notifier", "sink", "notifier_udp")
    said = "and 1_pass is proc passthrough_identity"
    bench = ask_w(tmp_path, "escape", probe=other, said=said)
    assert not bench.control.asked("edit")


def test_w_offers_another_remote(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen))
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))

    play(story, tmp_path)


def test_w_starts_a_remote_here_moves_the_node_and_ends_it_with_the_workbench(
    tmp_path: Path, started: list[Started]
) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen))
        await bench.press("s")
        await bench.until_told("1_pass runs at 127.0.0.1:45000")
        assert "remote: the remote is warming up" in bench.logged
        assert not started[0].stopped

    play(story, tmp_path)
    (remote,) = started
    assert (remote.node, remote.host, remote.port) == ("1_pass", "127.0.0.1", 45000)
    assert remote.stopped


@pytest.mark.parametrize("listens", [True, False])
def test_w_that_is_answered_while_the_help_is_read_moves_the_node_or_says_why_it_stays(
    tmp_path: Path, listens: bool
) -> None:
    """A question would lie over the help, and take keys that are meant for it."""
    go = threading.Event()

    async def story(bench: Bench) -> None:
        control, probe = bench.control, bench.control.probe

        def late(host: str, port: int) -> api.Probe:
            go.wait(PATIENCE)
            return probe(host, port)

        control.probe = late  # type: ignore[method-assign]
        await choose_pass(bench)
        await bench.press("w", "question_mark")
        await bench.until(lambda: isinstance(bench.app.screen, HelpScreen))
        go.set()
        if listens:
            await bench.until_told("1_pass is warped")
        else:
            await bench.until_told(f"1_pass stays where it is: {NOTHING_LISTENS}")
        assert isinstance(bench.app.screen, HelpScreen)
        assert changed_lines(bench) == ['"warped": true'] * listens
        if not listens:
            await bench.press("escape", "w")
            await bench.until(lambda: isinstance(bench.app.screen, ConfirmScreen), "w asks again")

    play(story, tmp_path, prepare=there if listens else lambda control: None)


@pytest.mark.parametrize("key", ["w", "r"])
def test_a_source_is_not_moved_and_the_sentence_says_why(tmp_path: Path, key: str) -> None:
    async def story(bench: Bench) -> None:
        await bench.press(key)
        await bench.until_told("0_stream is a source: a remote answers messages and begins none.")
        assert isinstance(bench.app.screen, MonitorScreen)

    assert not play(story, tmp_path, prepare=there).control.asked("probe")


def test_w_on_a_node_that_knows_no_remote_asks_for_one(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("right", "w")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        await bench.until_said("where 2_notifier runs")

    play(story, tmp_path)


# --- r ---------------------------------------------------------------------------------------------------------------


def remotise_pass(
    tmp_path: Path, *keys: str, memory: Memory | None = None, port: str = ""
) -> tuple[Bench, Place | None]:
    """Open the dialog, wait for what it says, and press `keys`; also what is remembered then."""

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        if port:
            bench.app.screen.query_one("#grpc_port", Input).value = port
        await bench.until_said('+ "warped": true', "juturna remotize --node-name 1_pass")
        await bench.press(*keys)
        await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))
        if "enter" in keys:
            await bench.until_told("1_pass runs at")

    bench = play(story, tmp_path, prepare=there, memory=memory)
    return bench, bench.app.memory.place


def test_r_shows_what_will_change_and_enter_writes_it(tmp_path: Path) -> None:
    bench, remembered = remotise_pass(tmp_path, "enter", port="45001")
    wrote = next(each for each in bench.control.asked("edit") if not each["dry_run"])
    assert wrote["write"] is True
    assert {(each.path, each.value) for each in wrote["edits"]} == {
        (("warped",), True),
        (("warp_configuration", "grpc_host"), "10.0.0.7"),
        (("warp_configuration", "grpc_port"), 45001),
    }
    assert '"grpc_port": 45001' in bench.control.written
    assert remembered == Place("10.0.0.7", 45001, 30.0)


def test_r_and_escape_change_nothing(tmp_path: Path) -> None:
    bench, remembered = remotise_pass(tmp_path, "escape")
    assert all(each["dry_run"] for each in bench.control.asked("edit"))
    assert bench.control.written == THREE
    assert remembered is None


def test_r_is_prefilled_with_the_remote_that_was_used_last(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("right", "r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        await bench.until_said("there.example", "45009")

    play(story, tmp_path, memory=Memory(Place("there.example", 45009, 5.0), hint_seen=True))


def test_r_starts_a_remote_here_and_copies_the_command(
    tmp_path: Path, started: list[Started]
) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        await bench.press("ctrl+s")
        await bench.until_said("10.0.0.7 is another machine: run the command there")
        bench.app.screen.query_one("#grpc_host", Input).value = "localhost"
        await bench.until_said("--host localhost --port 45000")
        await bench.press("ctrl+s")
        await bench.until_said("remote serves 1_pass on port 45000")
        await bench.press("ctrl+y")
        await bench.until(lambda: bench.app.clipboard.endswith("--host localhost --port 45000"))

    play(story, tmp_path)


# --- u, s ------------------------------------------------------------------------------------------------------------


def test_u_takes_the_last_edit_of_the_file_back(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until_told("u takes it back")
        await bench.press("u")
        await bench.until_told("undone, which changed 1_pass: ")
        assert bench.control.written == THREE

    play(story, tmp_path, prepare=there)


def test_u_says_that_there_is_nothing_to_undo(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("u")
        await bench.until_told("undo: there is nothing to undo")

    play(story, tmp_path)


def test_s_suspends_a_node_and_resumes_it(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("s")
        await bench.until_told("1_pass lets messages pass untouched until s is pressed again")
        view = bench.app.monitor
        await bench.until(lambda: view.frame.by_name["1_pass"].state is State.SUSPENDED)
        await bench.until_said("‖ suspended")
        await bench.press("s")
        assert await bench.until_asked("resume") == {"node": "1_pass"}
        await bench.until(lambda: view.frame.by_name["1_pass"].state is not State.SUSPENDED)

    play(story, tmp_path)


def test_s_resumes_a_suspended_node_that_is_shown_as_failing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(fake._QUIET, "status_text", "the disk is full")

    async def story(bench: Bench) -> None:
        control, view = bench.control, bench.app.monitor
        control.suspended.add("1_pass")
        await choose_pass(bench)
        await bench.until(lambda: "suspended; the disk" in view.frame.by_name["1_pass"].text)
        assert view.frame.by_name["1_pass"].state is State.FAILING
        await bench.press("s")
        await bench.until(lambda: control.asked("suspend") or control.asked("resume"))
        assert control.asked("resume") == [{"node": "1_pass"}]

    play(story, tmp_path)


def test_s_is_asked_for_a_node_that_is_described_and_not_counted_yet(here: Path) -> None:
    """A reload has added it between the two answers that a picture is made of."""

    async def story(bench: Bench) -> None:
        monitor = bench.app.monitor
        await choose_pass(bench)
        counted = api.Numbers.of("camera", "running", 0.0, 0, {})
        monitor.post_message(FrameCame(replace(monitor.frame, numbers=counted)))
        await bench.until(lambda: monitor.latest.numbers is counted)
        await bench.press("s")
        await bench.until_asked("suspend")

    pose(story, THREE, (120, 40))


# --- one change at a time --------------------------------------------------------------------------------------------


def test_a_change_that_takes_its_time_is_said_and_is_not_asked_for_twice(tmp_path: Path) -> None:
    go = threading.Event()

    class Slow(FiledControl):
        """Its nodes take long to be built."""

        def edit(self, *arguments: Any, **more: Any) -> api.Applied:
            go.wait(PATIENCE)
            return super().edit(*arguments, **more)

    def prepare(control: FiledControl) -> None:
        there(control)
        control.__class__ = Slow

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: "moving 1_pass…" in bench.rows[0])
        await bench.press("w", "u")
        await bench.until(lambda: "the last change is under way still" in bench.toasts)
        go.set()
        await bench.until_told("1_pass is warped")
        await bench.until(lambda: "moving" not in bench.rows[0])
        assert len(bench.control.asked("edit")) == 1 and not bench.control.asked("undo")
        await bench.press("u")
        await bench.until_told("undone")

    play(story, tmp_path, prepare=prepare)


def test_after_a_change_that_failed_another_one_may_be_made(tmp_path: Path) -> None:
    def prepare(control: FiledControl) -> None:
        there(control)
        failing("edit")(control)

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until_told("warp: the edit has failed")
        bench.control.fail.clear()
        await bench.press("w")
        await bench.until_told("1_pass is warped")

    play(story, tmp_path, prepare=prepare)
