"""The workbench as people have it: a process of its own on a terminal, with a runtime that can be frozen and killed."""

from __future__ import annotations

import os
import re
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from juturna_core.control.api import Control
from juturna_core.control.discovery import is_there
from tests.cli.command import SINK, node, running, source
from tests.plugin_folder import PluginFolder
from tests.remotes import PLUGINS as REMOTE_PLUGINS
from tests.remotes import RemoteProcess, free_port
from tests.tui.terminal import SECONDS, Desk, Screen, Terminal, eventually, is_alive, plain

seen = pytest.mark.skipif(shutil.which("tmux") is None, reason="shown in tmux, which is not here")

RECEIVED = r"rx +(\d+) "
"""What the detail says of the selected node."""
COLOUR = re.compile(rb"\x1b\[(?:[\d;:]*[;:])?(?:[34][0-8]|9[0-7]|10[0-7])(?:[;:][\d;:]*)?m")
SLOW = """\
import time
from juturna_core.node import Node


class Slow(Node):
    def update(self, message):
        time.sleep(0.5)
        self.transmit(message)
"""
CRASHING = """\
import os

from juturna_core.node import Node


class Crashing(Node):
    def update(self, message):
        if os.path.exists("crash"):
            os._exit(3)
        self.transmit(message)
"""
SHOUTING = """\
import os

from juturna_core.node import Node

EVIL = "\\x1b]0;owned\\x07\\x1b[2Jwiped\\x1b[?1049lleft\\x9b31mred"


class Shouting(Node):
    def update(self, message):
        if message.version == 3:
            print("x" * 5_000_000)
            self.logger.warning("y" * 5_000_000)
        if message.version == 10:
            print("printed " + EVIL)
            os.write(1, ("written " + EVIL + "\\n").encode())
            self.logger.warning("logged " + EVIL)
            raise ValueError("raised " + EVIL)
        self.transmit(message)
"""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Where the test works; nothing runs there when it is over."""
    with Desk(tmp_path) as made:
        yield made
        eventually(lambda: not made.running(), "nothing is left running")


def plugin(desk: Desk, mark: str, code: str) -> Path:
    """The folder with a plugin of that code."""
    folder = PluginFolder(desk.folder / "extra")
    folder.write("proc", mark, code, toml="[arguments]\n\n[meta]\n")
    return folder.path


def with_remote(remote: RemoteProcess, **rest: Any) -> dict[str, Any]:
    """A node that runs here, and whose file says where its remote is."""
    place = {"grpc_host": "127.0.0.1", "grpc_port": remote.port, "timeout": 10}
    return node("p", "scripted", warped=False, warp_configuration=place, **rest)


# --- on the screen -----------------------------------------------------------------------------------------------


@seen
def test_a_key_moves_a_node_to_its_remote_and_another_one_takes_that_back(desk: Desk) -> None:
    """The file changes by the one word, and by nothing when that is undone; messages never cease."""
    with RemoteProcess() as remote, Screen(desk) as screen:
        file = desk.pipeline(source(rate=50), with_remote(remote), SINK, plugins=REMOTE_PLUGINS)
        before = file.read_bytes()
        screen.run("juturna-tui", file.name)
        screen.until("● running", "3 nodes")
        screen.moves(RECEIVED)
        child = desk.runtime()

        screen.press("Right", "w")
        screen.until("⇄", "1 warped", "p is warped")
        assert file.read_bytes() == before.replace(b'"warped": false', b'"warped": true')
        screen.press("Right")
        screen.until("sink · counter")
        screen.moves(RECEIVED)

        screen.press("u")
        screen.until("undone")
        screen.until_not("1 warped")
        assert file.read_bytes() == before
        screen.moves(RECEIVED)
        with desk.control() as control:
            assert control.stats().lost == 0

        screen.press("q")
        assert screen.exit_code() == 0
        desk.ended(child)


@seen
def test_q_warns_once_of_a_node_on_a_remote_that_was_started_here(desk: Desk) -> None:
    """The remote ends with the workbench, and the file, which says so still, would wait for it ever after."""
    place = {"grpc_host": "127.0.0.1", "grpc_port": free_port(), "timeout": 10}
    warpable = node("p", "forwarder", warp_configuration=place)
    file = desk.pipeline(source(rate=50), warpable, SINK)
    with Screen(desk, columns=200) as screen:
        screen.run("juturna-tui", file.name)
        screen.until("● running")
        child = desk.runtime()
        screen.press("Right", "w")
        screen.until("start a remote on this machine")
        screen.press("s")
        screen.until("1 warped")
        screen.press("3", "q")
        screen.until(
            "p: on a remote that was started here, and ends with the workbench; the file says so "
            "still. w moves it back; q once more leaves"
        )
        assert desk.running() == [child]
        screen.press("q")
        assert screen.exit_code() == 0
        desk.ended(child)
        eventually(
            lambda: not is_there(f"127.0.0.1:{place['grpc_port']}"), "the remote ends with it"
        )


@seen
def test_a_remote_that_dies_under_load_is_said_to_be_away_and_loses_nothing(desk: Desk) -> None:
    with RemoteProcess() as remote, Screen(desk) as screen:
        file = desk.pipeline(
            source(rate=500), {**with_remote(remote), "warped": True}, SINK, plugins=REMOTE_PLUGINS
        )
        screen.run("juturna-tui", file.name)
        screen.until("● running", "1 warped")
        screen.press("Right", "Right")
        screen.until("sink · counter")
        screen.moves(RECEIVED)

        remote.kill()
        screen.until("↯", "remote away", f"127.0.0.1:{remote.port}")
        remote.start()
        screen.until_not("remote away")
        screen.moves(RECEIVED)
        with desk.control() as control:
            assert nothing_is_lost(control)

        screen.press("q")
        assert screen.exit_code() == 0


def nothing_is_lost(control: Control) -> bool:
    """Whether all that the source sent has come to the sink once the pipeline has drained."""
    control.stop(keep=True)
    numbers = control.stats()
    counts = {name: each.received for name, each in numbers.nodes.items()}
    return numbers.lost == 0 and counts["s"] == counts["k"] > 0


@pytest.fixture(scope="module")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Desk, Screen]]:
    """One for several tests: each finds it running and leaves it so. A file `crash` has its node end the process."""
    with Desk(tmp_path_factory.mktemp("desk")) as desk, Screen(desk) as screen:
        folder = plugin(desk, "crashing", CRASHING)
        file = desk.pipeline(source(rate=50), node("p", "crashing"), SINK, plugins=folder)
        screen.run("juturna-tui", file.name)
        yield desk, screen
        screen.press("C-q")
        assert screen.exit_code() == 0


@seen
def test_a_runtime_that_hangs_is_said_not_to_answer_until_it_goes_on(
    workbench: tuple[Desk, Screen],
) -> None:
    desk, screen = workbench
    screen.until("● running")
    child = desk.runtime()
    os.kill(child, signal.SIGSTOP)
    screen.until("not answering")
    os.kill(child, signal.SIGCONT)
    screen.until("● running")
    screen.press("1")
    screen.moves(RECEIVED)


@seen
def test_a_silence_that_is_over_is_not_spoken_of_any_more(workbench: tuple[Desk, Screen]) -> None:
    desk, screen = workbench
    screen.until("● running")
    child = desk.runtime()
    os.kill(child, signal.SIGSTOP)
    screen.until("not answering")
    os.kill(child, signal.SIGCONT)
    screen.until("● running")
    screen.moves(RECEIVED)
    assert "the pipeline at" not in screen.text()


def starts_again(desk: Desk, screen: Screen, killed: int) -> None:
    """The end of the runtime is told, and x runs another one."""
    screen.until("■ stopped", "juturna run was killed by SIGKILL; x starts it")
    screen.press("x")
    screen.until("● running")
    screen.moves(RECEIVED)
    assert desk.runtime() != killed


@seen
def test_a_runtime_that_is_killed_leaves_the_workbench_and_x_starts_another(
    workbench: tuple[Desk, Screen],
) -> None:
    desk, screen = workbench
    screen.until("● running")
    child = desk.runtime()
    os.kill(child, signal.SIGKILL)
    starts_again(desk, screen, child)


@seen
def test_a_runtime_that_hangs_is_forced_to_end_and_started_again(
    workbench: tuple[Desk, Screen],
) -> None:
    desk, screen = workbench
    screen.until("● running")
    child = desk.runtime()
    os.kill(child, signal.SIGSTOP)
    screen.until("not answering", "x ends it by force")
    screen.press("x")
    screen.until("The pipeline does not answer. End it at once?")
    screen.press("f")
    starts_again(desk, screen, child)


@seen
def test_what_is_on_the_screen_is_marked_in_the_list_and_is_not_left_for_itself(
    workbench: tuple[Desk, Screen],
) -> None:
    desk, screen = workbench
    screen.until("● running")
    child = desk.runtime()
    for keys in (["Enter"], ["Down", "Enter"]):  # itself, and its file
        screen.press("a")
        screen.until("pipelines that run here", "on the screen", "pipeline files")
        screen.press(*keys)
        screen.until("it is on the screen already")
        screen.press("Escape")
        screen.until_not("it is on the screen already")
    assert desk.running() == [child]


@seen
def test_a_plugin_that_ends_its_process_leaves_the_workbench_and_the_exit_code_is_shown(
    workbench: tuple[Desk, Screen],
) -> None:
    desk, screen = workbench
    screen.until("● running")
    trap = desk.folder / "crash"
    trap.touch()
    screen.until("■ stopped", "juturna run ended with exit code 3; x starts it")
    trap.unlink()
    screen.press("x")
    screen.until("● running")
    screen.moves(RECEIVED)


@seen
def test_a_bad_file_is_opened_at_its_error_and_runs_when_that_is_typed_away(desk: Desk) -> None:
    """A comma is missing at the end of line 2: the parser misses it at the beginning of line 3."""
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    good = file.read_text()
    file.write_text(good.replace('"version": "1",', '"version": "1"'))
    with Screen(desk) as screen:
        screen.run("juturna-tui", file.name)
        screen.until("■ stopped", "✗ 3:3: expected", "✖ 3:3")
        screen.press("e")
        screen.until("editing", "^s save")
        screen.press(",", "C-s")
        screen.until("editing · saved ·")
        assert file.read_text() == good.replace('"1",\n  "plugins"', '"1"\n  ,"plugins"')
        screen.press("Escape")
        screen.until_not("editing ·")
        screen.press("x")
        screen.until("● running")
        screen.press("1")
        screen.moves(RECEIVED)
        screen.press("q")
        assert screen.exit_code() == 0


@seen
def test_a_file_that_is_opened_only_says_what_runs_it(desk: Desk) -> None:
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with Screen(desk) as screen:
        screen.run("juturna-tui", "--no-start", file.name)
        screen.until("■ stopped", "x runs it", "not started")
        assert not desk.running()
        screen.press("x")
        screen.until("● running")
        screen.until_not("x runs it")
        screen.moves(RECEIVED)
        screen.press("q")
        assert screen.exit_code() == 0


@seen
def test_beside_a_bad_file_nothing_is_said_to_run_on(desk: Desk) -> None:
    desk.pipeline(node("p", "forwarder"), SINK).write_text("{")
    with Screen(desk) as screen:
        screen.run("juturna-tui", "pipe.json")
        screen.until("■ stopped", "saved with 1 error")
        shown = screen.text()
        screen.press("q")
        assert screen.exit_code() == 2
        assert "runs on" not in shown


@seen
def test_what_was_left_runs_on_and_is_found_again(desk: Desk) -> None:
    """`d` says with what; without arguments it is in the list; whoever attaches leaves it running with `q` too."""
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with Screen(desk) as screen:
        screen.run("juturna-tui", file.name)
        screen.until("● running")
        child = desk.runtime()
        (door,) = desk.doors.glob("*.sock")
        screen.press("d")
        assert screen.exit_code() == 0
        screen.until(f"the pipeline runs on: juturna-tui --attach unix:{door}")

        screen.run("juturna-tui", "--attach", f"unix:{door}")
        screen.until("● running")
        screen.moves(RECEIVED)
        screen.press("q")
        assert screen.exit_code() == 0
        assert desk.running() == [child]

        (desk.folder / "elsewhere").mkdir()
        screen.run("cd", "elsewhere")
        screen.run("juturna-tui")
        screen.until("pipelines that run here", "chain", str(child), "running")
        screen.press("Enter")
        screen.until("● running")
        screen.moves(RECEIVED)
        screen.press("d")
        assert screen.exit_code() == 0
        assert desk.running() == [child]
        os.kill(child, signal.SIGTERM)
        desk.ended(child)


@seen
def test_the_first_choice_is_what_runs_however_long_it_takes_to_say_so(desk: Desk) -> None:
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with running("run", file, cwd=desk.folder, **desk.variables) as run, Screen(desk) as screen:
        child = desk.runtime()
        run.signal(signal.SIGSTOP)
        screen.run("juturna-tui")
        screen.until("pipe.json", "does not answer")
        run.signal(signal.SIGCONT)
        screen.press("Enter")
        screen.until("● running", "3 nodes")
        found = desk.running()
        screen.press("q")
        assert screen.exit_code() == 0
        assert found == [child]


@seen
def test_q_in_the_list_shows_what_is_drained(desk: Desk) -> None:
    folder = plugin(desk, "slow", SLOW)
    file = desk.pipeline(source(rate=50), node("p", "slow"), SINK, plugins=folder)
    with Screen(desk) as screen:
        screen.run("juturna-tui", file.name)
        screen.until("● running")
        child = desk.runtime()
        screen.moves(RECEIVED)
        screen.press("a")
        screen.until("pipelines that run here", "on the screen")
        screen.press("q")
        screen.until("stopping, ", "messages left (q once more forces)")
        screen.press("q")
        assert screen.exit_code() == 1
        desk.ended(child)


@seen
def test_who_has_attached_is_told_that_it_has_ended_and_starts_it_again(desk: Desk) -> None:
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with running("run", file, cwd=desk.folder, **desk.variables) as run, Screen(desk) as screen:
        desk.runtime()
        screen.run("juturna-tui", "--attach")
        screen.until("● running")
        run.signal(signal.SIGTERM)
        assert run.end() == 0
        screen.until("■ stopped", "the pipeline has ended; x starts it")
        screen.press("x")
        screen.until("● running")
        child = desk.runtime()
        screen.press("q")
        assert screen.exit_code() == 0
        desk.ended(child)


@seen
def test_who_attaches_leaves_a_juturna_run_as_it_is(desk: Desk) -> None:
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with running("run", file, cwd=desk.folder, **desk.variables) as run, Screen(desk) as screen:
        desk.runtime()
        for key in "dq":
            screen.run("juturna-tui", "--attach")
            screen.until("● running")
            screen.moves(RECEIVED)
            screen.press(key)
            assert screen.exit_code() == 0
            assert run.process.poll() is None
        run.signal(signal.SIGTERM)
        assert run.end() == 0


@seen
def test_nothing_that_a_plugin_says_gets_to_the_terminal_as_it_is(desk: Desk) -> None:
    """Neither a title, nor what wipes the screen, nor a line of 5 MB; the log shows what was said all the same."""
    folder = plugin(desk, "shouting", SHOUTING)
    file = desk.pipeline(source(rate=20), node("p", "shouting"), SINK, plugins=folder)
    raw = desk.folder / "raw"
    with Screen(desk) as screen:
        with screen.written_to(raw):
            screen.run("juturna-tui", file.name)
            screen.until("● running")
            screen.press("3")
            screen.until("printed", "written", "logged", "raised")
            screen.press("4")
            screen.until("events ·")
            screen.press("1")
            screen.moves(RECEIVED)
            screen.press("q")
            assert screen.exit_code() == 0
        sent = raw.read_bytes()
    assert b"running" in sent
    for evil in (b"\x1b]0;", b"\x1b[2J", b"\x1b[?1049lleft", b"\xc2\x9b"):
        assert evil not in sent
    assert b"x" * 1000 not in sent and b"y" * 1000 not in sent


# --- what the terminal is sent -----------------------------------------------------------------------------------


@pytest.fixture
def terminal(desk: Desk) -> Iterator[Terminal]:
    """A workbench that runs a pipeline."""
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with Terminal(desk, "juturna-tui", file.name) as made:
        made.until("running")
        assert not made.is_restored
        yield made


def test_the_terminal_is_as_it_was_when_the_workbench_is_quit(
    desk: Desk, terminal: Terminal
) -> None:
    child = desk.runtime()
    terminal.type("q")
    assert terminal.exit_code() == 0
    assert terminal.is_restored
    assert not is_alive(child)
    assert not list(desk.folder.glob("juturna-run-*"))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_the_workbench_and_its_runtime_and_restores_the_terminal(
    desk: Desk, terminal: Terminal, number: signal.Signals
) -> None:
    child = desk.runtime()
    begin = len(terminal.raw)
    terminal.process.send_signal(number)
    assert terminal.exit_code() == 128 + number
    assert terminal.is_restored
    said = f"juturna-tui: ended by {number.name}; the pipeline was told to stop"
    assert said.encode() in terminal.raw[begin:]
    desk.ended(child)


def test_a_window_that_is_closed_ends_the_workbench_and_its_runtime(
    desk: Desk, terminal: Terminal
) -> None:
    child = desk.runtime()
    terminal.hang_up()
    terminal.process.wait(SECONDS)
    desk.ended(child)


def test_the_exit_code_tells_of_a_window_that_was_closed(terminal: Terminal) -> None:
    terminal.hang_up()
    assert terminal.process.wait(SECONDS) == 128 + signal.SIGHUP


def test_a_storm_of_sizes_leaves_it_answering(terminal: Terminal) -> None:
    for _ in range(50):
        for columns, rows in ((80, 24), (20, 5), (1, 1), (200, 60)):
            terminal.resize(columns, rows)
    begin = len(terminal.raw)
    terminal.resize(190, 60)
    terminal.until(
        "^p palette", after=begin
    )  # the last of them are drawn: there is room for all of the help
    begin = len(terminal.raw)
    terminal.type("?")
    terminal.until("the keys that do something here", after=begin)
    terminal.process.terminate()
    assert terminal.exit_code() == 128 + signal.SIGTERM
    assert terminal.is_restored


@pytest.mark.parametrize("stream", ["stdin", "stdout", "stderr"])
def test_without_a_terminal_it_names_the_command_that_needs_none(desk: Desk, stream: str) -> None:
    redirected = {"stdin": "</dev/null", "stdout": ">out", "stderr": "2>err"}[stream]
    with Terminal(desk, "sh", "-c", f"exec juturna-tui pipe.json {redirected}") as terminal:
        desk.pipeline(source(rate=50), SINK)
        assert terminal.exit_code() == 2
        err = desk.folder / "err"
        said = err.read_text() if stream == "stderr" else plain(terminal.raw)
        assert "no terminal; without a screen: juturna run pipe.json" in said
        assert said.count("\n") == 1


def test_on_a_dumb_terminal_it_names_the_command_that_needs_none(desk: Desk) -> None:
    desk.pipeline(source(rate=50), SINK)
    with Terminal(desk, "juturna-tui", "pipe.json", TERM="dumb") as terminal:
        assert terminal.exit_code() == 2
        said = plain(terminal.raw)
        assert "TERM=dumb" in said and "without a screen: juturna run pipe.json" in said
        assert said.count("\n") == 1
        assert b"\x1b" not in terminal.raw


def test_without_colour_it_works(desk: Desk) -> None:
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with Terminal(desk, "juturna-tui", file.name, NO_COLOR="1") as terminal:
        terminal.until("running")
        terminal.until("flowing")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert terminal.is_restored


@pytest.mark.parametrize("theme", ["textual-dark", "ansi-dark"])
def test_no_color_is_obeyed(desk: Desk, theme: str) -> None:
    file = desk.pipeline(source(rate=50), node("p", "forwarder"), SINK)
    with Terminal(desk, "juturna-tui", file.name, "--theme", theme, NO_COLOR="1") as terminal:
        terminal.until("running")
        terminal.type("q")
        assert terminal.exit_code() == 0
        assert not COLOUR.search(terminal.raw)
