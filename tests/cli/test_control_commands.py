"""The commands that look into a running pipeline and steer it: real processes, sockets and files."""

from __future__ import annotations

import json
import os
import pty
import signal
import socket
import subprocess
import termios
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Any

import pytest

from juturna_core.cli import main
from juturna_core.cli.numbers import lately, rates
from juturna_core.cli.top import Reader
from juturna_core.control.client import Client
from juturna_core.control.discovery import find, socket_path
from juturna_core.control.fake import FakeControl
from juturna_core.control.server import Server
from tests.cli.command import (
    COMMAND,
    PLUGINS,
    SECONDS,
    SINK,
    Running,
    chain,
    environment,
    juturna,
    node,
    running,
    source,
    written,
)
from tests.remotes import RemoteProcess

ATTACHING = {
    "top": (),
    "tap": ("p",),
    "logs": (),
    "events": (),
    "check": ("pipe.json",),
    "probe": ("127.0.0.1:1",),
    "set": ("p", "x", "1"),
    "warp": ("p", "127.0.0.1:1"),
    "unwarp": ("p",),
    "suspend": ("p",),
    "resume": ("p",),
    "reload": (),
    "undo": (),
    "restart": (),
    "stop": (),
}
"""Commands that need a pipeline that runs, with arguments that are good."""


def here(folder: Path) -> dict[str, str]:
    """What keeps a test's pipelines apart from all others on this machine."""
    return {"JUTURNA_RUNTIME_DIR": str(folder / "run")}


def ask(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return juturna(*arguments, cwd=folder, **here(folder))


def answer(folder: Path, *arguments: str) -> Any:
    """The JSON that a command prints, which ends with 0."""
    done = ask(folder, *arguments, "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@contextmanager
def pipeline(
    folder: Path, *nodes: dict[str, Any], name: str = "chain", options: tuple[str, ...] = ()
) -> Iterator[Running]:
    """A pipeline that others can look into."""
    file = chain(*(nodes or (source(rate=50), node("p", "forwarder"), SINK)))
    file["pipeline"]["name"] = name
    pipe = written(folder, file, "pipe.json" if name == "chain" else f"{name}.json")
    given = ("--log-level", "DEBUG", "--summary", "none", *options)
    with running("run", pipe, *given, cwd=folder, **here(folder)) as run:
        run.until("| unix:")
        if "--control" in options:
            run.until("jt.control")
        yield run


@pytest.fixture(scope="module")
def looked_at(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of a pipeline that tests only look into."""
    folder = tmp_path_factory.mktemp("looked")
    with pipeline(folder, source(rate=50), node("p", "reporter"), SINK):
        yield folder


# --- looking ---------------------------------------------------------------------------------------------------------


def test_ps_lists_what_runs_with_its_numbers(looked_at: Path) -> None:
    head, row = ask(looked_at, "ps").stdout.splitlines()
    assert head.split() == [
        "name",
        "pid",
        "state",
        "nodes",
        "warped",
        "msg/s",
        "lost",
        "up",
        "file",
    ]
    assert row.startswith("chain ")
    assert row.endswith(str(looked_at / "pipe.json"))
    (found,) = answer(looked_at, "ps")
    assert found["state"] == "running"
    assert (found["nodes"], found["warped"], found["lost"]) == (3, 0, 0)
    assert found["messages_per_second"] > 0
    assert found["address"] == f"unix:{looked_at}/run/chain-{found['pid']}.sock"


def test_top_without_a_terminal_is_one_table_of_the_last_second(looked_at: Path) -> None:
    done = ask(looked_at, "top", "--interval", "0.4")
    head, columns, first, *_ = done.stdout.splitlines()
    assert head.startswith("chain: running")
    rate = first.split()[columns.split().index("rx/s")]
    assert 30 < float(rate) < 70
    assert done.stdout.count("chain: ") == 1


def test_top_as_json_is_an_object_an_interval_with_rates_and_recent_times(looked_at: Path) -> None:
    done = ask(looked_at, "top", "--json", "--count", "2", "--interval", "0.3")
    first, second = map(json.loads, done.stdout.splitlines())
    assert second["seconds"] > first["seconds"] > 0
    assert list(second["nodes"]) == ["s", "p", "k"]
    for each in second["nodes"].values():
        assert 20 < each["rx_per_second"] < 80
        assert each["update_ms"]["p50"] is not None


def test_tap_prints_messages_as_json_where_no_terminal_is(looked_at: Path) -> None:
    done = ask(looked_at, "tap", "p", "--limit", "3")
    found = [json.loads(line) for line in done.stdout.splitlines()]
    assert [each["node"] for each in found] == ["p", "p", "p"]
    versions = [each["version"] for each in found]
    assert versions == list(range(versions[0], versions[0] + 3))


def test_tap_prints_one_field_only(looked_at: Path) -> None:
    assert ask(looked_at, "tap", "p", "--limit", "1", "--field", "creator").stdout == "s\n"
    assert ask(looked_at, "tap", "p", "--limit", "1", "--field", "meta.x").stdout == "null\n"
    done = ask(looked_at, "tap", "p", "--field", "creater")
    assert done.returncode == 2
    assert 'did you mean "creator"?' in done.stderr


def test_logs_are_those_of_a_node_and_after_a_number(looked_at: Path) -> None:
    assert " | I | jt.chain" in ask(looked_at, "logs").stdout
    lines = [
        json.loads(line)
        for line in ask(looked_at, "logs", "--node", "p", "--json").stdout.splitlines()
    ]
    assert {each["node"] for each in lines} == {"p"}
    assert "got " in lines[0]["text"]
    later = ask(looked_at, "logs", "--since", str(lines[-1]["number"]), "--json").stdout
    assert all(json.loads(line)["number"] > lines[-1]["number"] for line in later.splitlines())
    assert ask(looked_at, "logs", "--level", "error").stdout == ""


def test_events_are_told_and_picked_by_kind(looked_at: Path) -> None:
    assert "started     3 nodes run" in ask(looked_at, "events").stdout
    (event,) = map(
        json.loads, ask(looked_at, "events", "--kind", "ready", "--json").stdout.splitlines()
    )
    assert event["text"] == "3 nodes are warmed up"
    assert ask(looked_at, "events", "--node", "p").stdout == ""


@pytest.mark.parametrize(
    "command", ["tap", "logs", "events", "set", "warp", "unwarp", "suspend", "resume"]
)
def test_a_node_that_is_not_there_is_named_with_the_nearest(looked_at: Path, command: str) -> None:
    more = {"set": ("P", "x", "1"), "warp": ("P", "127.0.0.1:1")}.get(command, ("P",))
    given = ("--node", "P") if command in ("logs", "events") else more
    done = ask(looked_at, command, *given)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "juturna: " in done.stderr
    assert 'there is no node "P"' in done.stderr
    assert done.stderr.count("\n") == 1


def test_check_says_what_a_file_would_change_and_does_nothing(looked_at: Path) -> None:
    before = (looked_at / "pipe.json").read_bytes()
    assert ask(looked_at, "check", "pipe.json").stdout == "nothing would change\n"
    changed = before.decode().replace('"rate": 50', '"rate": 20')
    done = juturna("check", "-", cwd=looked_at, stdin=changed, **here(looked_at))
    assert done.returncode == 0
    assert done.stdout == "s: rate 50 -> 20\n"
    broken = written(looked_at, before.decode().replace('"reporter"', '"reportr"'), "broken.json")
    done = ask(looked_at, "check", broken.name)
    assert done.returncode == 2
    assert done.stdout.startswith("broken.json:")
    assert 'did you mean "reporter"?' in done.stdout
    assert done.stdout.endswith("nothing would be done\n")
    done = ask(looked_at, "check", broken.name, "--json")
    assert json.loads(done.stdout)["problems"][0]["path"] == "broken.json"
    assert (looked_at / "pipe.json").read_bytes() == before


def test_check_of_what_cannot_be_read_says_where(looked_at: Path) -> None:
    (looked_at / "latin.json").write_bytes(b'{"version": "\xe9"}')
    done = ask(looked_at, "check", "latin.json")
    assert (done.returncode, done.stdout) == (2, "")
    assert "latin.json:1:14: error: byte 0xe9" in done.stderr
    assert "no.json" in ask(looked_at, "check", "no.json").stderr


def test_probe_says_that_nothing_is_there(looked_at: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and never listening: refused
        place = f"127.0.0.1:{nobody.getsockname()[1]}"
        done = ask(looked_at, "probe", place)
        assert done.returncode == 1
        assert f"{place} is not there" in done.stdout
        assert json.loads(ask(looked_at, "probe", place, "--json").stdout)["ours"] is False


@pytest.mark.parametrize("form", ["unix:{}", "{}"])
def test_attach_takes_a_socket_by_its_path(looked_at: Path, form: str) -> None:
    (path,) = (looked_at / "run").glob("*.sock")
    done = juturna("events", "--attach", form.format(path), cwd=looked_at)
    assert "3 nodes run" in done.stdout


# --- steering --------------------------------------------------------------------------------------------------------


def test_set_changes_a_value_and_only_its_bytes_in_the_file_and_undo_takes_it_back(
    tmp_path: Path,
) -> None:
    with pipeline(tmp_path):
        pipe = tmp_path / "pipe.json"
        before = pipe.read_text()
        after = before.replace('"rate": 50', '"rate": 80')
        done = ask(tmp_path, "set", "s", "rate", "80", "--dry-run")
        assert done.returncode == 0
        assert "s: rate 50 -> 80" in done.stdout
        assert '+          "rate": 80' in done.stdout
        assert done.stdout.endswith("nothing was done\n")
        assert pipe.read_text() == before
        done = ask(tmp_path, "set", "s", "rate", "80")
        assert done.returncode == 0
        assert "s: rate 50 -> 80" in done.stdout
        assert "0 messages carried over, 0 lost" in done.stdout
        assert pipe.read_text() == after
        assert answer(tmp_path, "undo")["changes"] == ["s: rate 80 -> 50"]
        assert pipe.read_text() == before
        done = ask(tmp_path, "undo")
        assert (done.returncode, done.stderr) == (2, "juturna: there is nothing to undo\n")


def test_set_may_leave_the_file_alone(tmp_path: Path) -> None:
    with pipeline(tmp_path):
        before = (tmp_path / "pipe.json").read_text()
        changed = answer(tmp_path, "set", "s", "rate", "80", "--no-write")
        assert changed["changes"] == ["s: rate 50 -> 80"]
        assert changed["lines"] == []
        assert (tmp_path / "pipe.json").read_text() == before


def test_set_takes_json_text_nested_keys_keys_of_the_node_and_the_default(tmp_path: Path) -> None:
    def of_node(at: int) -> Any:
        return json.loads((tmp_path / "pipe.json").read_text())["pipeline"]["nodes"][at]

    with pipeline(tmp_path):
        for given in (
            ("p", "labels", '["a", 1]'),
            ("p", "words", "two words"),
            ("p", "odd", "NaN"),
            ("p", "deep.er", "true"),
            ("p", "on_error", "stop"),
        ):
            assert ask(tmp_path, "set", *given).returncode == 0
        assert of_node(1)["on_error"] == "stop"
        deep = {"er": True}
        expected = {"labels": ["a", 1], "words": "two words", "odd": "NaN", "deep": deep}
        assert of_node(1)["configuration"] == expected
        assert ask(tmp_path, "set", "p", "labels", "--default").returncode == 0
        assert "labels" not in of_node(1)["configuration"]


def test_warp_moves_a_node_to_a_remote_and_unwarp_back_without_loss(tmp_path: Path) -> None:
    with (
        RemoteProcess(mark="forwarder", plugins=Path(PLUGINS[0])) as remote,
        pipeline(tmp_path) as run,
    ):
        place = f"127.0.0.1:{remote.port}"
        assert ask(tmp_path, "warp", "p").stderr.startswith(
            "juturna: the file names no remote for p"
        )
        found = answer(tmp_path, "probe", place)
        assert (found["ours"], found["node_mark"]) == (True, "forwarder")
        done = ask(tmp_path, "warp", "p", place, "--timeout", "5")
        assert done.returncode == 0
        assert f"p: local -> {place}" in done.stdout
        assert "0 lost" in done.stdout
        kept = {"grpc_host": "127.0.0.1", "grpc_port": remote.port, "timeout": 5.0}
        assert node_in(tmp_path, 1)["warp_configuration"] == kept
        assert answer(tmp_path, "ps")[0]["warped"] == 1
        assert answer(tmp_path, "unwarp", "p")["lost"] == 0
        assert node_in(tmp_path, 1)["warped"] is False
        assert answer(tmp_path, "warp", "p", "--dry-run")["changes"] == [f"p: local -> {place}"]
        assert answer(tmp_path, "warp", "p", "--no-write")["lines"] == []
        assert node_in(tmp_path, 1)["warped"] is False
        assert answer(tmp_path, "ps")[0]["warped"] == 1
        ended = answer(tmp_path, "stop")
        assert (ended["ended"], ended["lost"]) == (True, 0)
        assert run.end() == 0


def node_in(folder: Path, at: int) -> Any:
    return json.loads((folder / "pipe.json").read_text())["pipeline"]["nodes"][at]


def test_a_node_is_suspended_and_goes_on(tmp_path: Path) -> None:
    with pipeline(tmp_path):
        assert ask(tmp_path, "suspend", "p").stdout == "p is suspended\n"
        assert answer(tmp_path, "resume", "p") == {"node": "p", "suspended": False}
        done = ask(tmp_path, "events", "--node", "p", "--json")
        kinds = [json.loads(line)["kind"] for line in done.stdout.splitlines()]
        assert kinds == ["suspended", "resumed"]


def test_reload_applies_the_file_and_refuses_one_with_an_error(tmp_path: Path) -> None:
    with pipeline(tmp_path):
        pipe = tmp_path / "pipe.json"
        text = pipe.read_text()
        assert ask(tmp_path, "reload").stdout == "nothing changed\n"
        pipe.write_text(text.replace('"rate": 50', '"rate": 70'))
        assert "s: rate 50 -> 70" in ask(tmp_path, "reload").stdout
        pipe.write_text(text.replace('"forwarder"', '"forwardr"'))
        done = ask(tmp_path, "reload")
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{pipe}:" in done.stderr
        assert 'did you mean "forwarder"?' in done.stderr
        assert answer(tmp_path, "ps")[0]["state"] == "running"


def test_restart_begins_anew_in_the_same_process(tmp_path: Path) -> None:
    with pipeline(tmp_path):
        (before,) = answer(tmp_path, "ps")
        done = ask(tmp_path, "restart")
        assert done.returncode == 0
        assert done.stdout.startswith("chain runs again after ")
        assert "0 lost; 3 nodes run" in done.stdout
        (after,) = answer(tmp_path, "ps")
        assert after["pid"] == before["pid"]
        assert after["state"] == "running"


def test_stop_waits_for_the_end_of_the_process(tmp_path: Path) -> None:
    with pipeline(tmp_path) as run:
        done = ask(tmp_path, "stop")
        assert run.process.poll() == 0  # it has ended by now
        assert done.returncode == 0
        assert done.stdout.startswith("chain has ended after ")
        assert done.stdout.endswith(", 0 lost\n")
        assert run.end() == 0
        assert list((tmp_path / "run").glob("*.sock")) == []


def asleep_over_the_first(run: Running) -> None:
    if "asleep over 0" not in run.err:  # before or after the door was open
        run.until("asleep over 0")


def test_stop_exits_with_1_when_something_was_lost(tmp_path: Path) -> None:
    slow = (source(count=5), node("p", "sleeper"), SINK)
    with pipeline(tmp_path, *slow, options=("--grace", "0.3")) as run:
        asleep_over_the_first(run)
        done = ask(tmp_path, "stop", "--json")
        assert done.returncode == 1
        assert json.loads(done.stdout)["lost"] == 5
        assert run.end() == 1
    assert "juturna: 5 messages lost at p\n" in run.err


def test_stop_does_not_wait_beyond_its_grace(tmp_path: Path) -> None:
    slow = (source(count=5), node("p", "sleeper"), SINK)
    with pipeline(tmp_path, *slow, options=("--grace", "60")) as run:
        asleep_over_the_first(run)
        done = ask(tmp_path, "stop", "--grace", "0.2")
        assert done.returncode == 1
        assert "still runs" in done.stdout
        assert run.process.poll() is None


# --- which one -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ATTACHING)
def test_without_a_pipeline_a_command_says_so_in_a_line_and_exits_with_2(
    command: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("JUTURNA_RUNTIME_DIR", str(tmp_path / "run"))
    monkeypatch.chdir(tmp_path)
    written(tmp_path, chain(SINK))
    assert main([command, *ATTACHING[command]]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith("juturna: no pipeline is running here (start one with")
    assert said.err.count("\n") == 1


def test_ps_without_a_pipeline_is_an_empty_list(tmp_path: Path) -> None:
    assert answer(tmp_path, "ps") == []
    done = ask(tmp_path, "ps")
    assert (done.returncode, done.stdout) == (0, "")
    assert done.stderr == "juturna: no pipeline is running here\n"
    assert not (tmp_path / "run").exists()


def test_of_two_one_has_to_be_named(tmp_path: Path) -> None:
    with pipeline(tmp_path), pipeline(tmp_path, name="camera"):
        pids = {each["name"]: each["pid"] for each in answer(tmp_path, "ps")}
        assert pids.keys() == {"chain", "camera"}
        done = ask(tmp_path, "events")
        assert done.returncode == 2
        for name, pid in pids.items():
            assert f"{name}-{pid}" in done.stderr
        assert "--pipeline camera-" in done.stderr
        for which in ("camera", f"camera-{pids['camera']}", str(pids["camera"])):
            done = ask(tmp_path, "top", "--interval", "0.1", "--pipeline", which)
            assert done.stdout.startswith("camera: running")
        done = ask(tmp_path, "events", "--pipeline", "chian")
        assert done.returncode == 2
        assert 'did you mean "chain"?' in done.stderr


def test_a_socket_that_a_killed_process_left_is_removed(tmp_path: Path) -> None:
    with pipeline(tmp_path) as run:
        (left,) = (tmp_path / "run").glob("*.sock")
        run.process.kill()
        run.process.wait()
        assert left.exists()
        assert answer(tmp_path, "ps") == []
        assert not left.exists()


def test_a_pipeline_that_does_not_answer_is_listed_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    with pipeline(tmp_path) as run:
        run.signal(signal.SIGSTOP)
        try:
            began = time.monotonic()
            done = ask(tmp_path, "ps")
            assert time.monotonic() - began < 5
            assert done.returncode == 1
            assert "does not answer" in done.stdout
            listed = json.loads(ask(tmp_path, "ps", "--json").stdout)
            assert [(each["pid"], each["answers"]) for each in listed] == [(run.process.pid, False)]
            done = ask(tmp_path, "set", "s", "rate", "1")
            assert done.returncode == 2
            assert "does not answer" in done.stderr
        finally:
            run.signal(signal.SIGCONT)
        assert answer(tmp_path, "ps")[0]["answers"]


def test_a_runtime_directory_that_is_open_to_others_is_refused(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir(mode=0o755)
    for command in ("ps", "top"):
        done = ask(tmp_path, command)
        assert done.returncode == 2
        assert f"{tmp_path}/run: the runtime directory is open to others" in done.stderr
        assert "chmod 700" in done.stderr


def test_over_tcp_a_pipeline_is_reached_by_address_and_token(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("secret\n")
    options = ("--control", "127.0.0.1:0", "--control-token-file", "token")
    with pipeline(tmp_path, options=options) as run:
        place = run.lines[-1].split()[-1]
        there = ("--attach", place)
        done = ask(tmp_path, "events", *there)
        assert done.returncode == 2
        assert "token" in done.stderr
        done = ask(tmp_path, "events", *there, "--token-file", "nowhere")
        assert done.returncode == 2
        assert "--token-file nowhere" in done.stderr
        known = (*there, "--token-file", "token")
        assert "3 nodes run" in ask(tmp_path, "events", *known).stdout
        ended = answer(tmp_path, "stop", *known)
        assert (ended["ended"], ended["lost"]) == (True, 0)
        assert run.end() == 0


# --- how it ends -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("line", ["tap p", "logs --follow", "top --json --interval 0.1"])
def test_a_reader_that_has_gone_is_no_traceback(looked_at: Path, line: str) -> None:
    done = subprocess.run(
        ["sh", "-c", f"{' '.join(COMMAND)} {line} | head -n 1"],
        cwd=looked_at,
        env=environment(here(looked_at)),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stdout.count("\n") == 1
    assert done.stderr == ""


def test_a_reader_of_one_answer_that_has_gone_is_no_traceback(looked_at: Path) -> None:
    command = f"{' '.join(COMMAND)} ps"
    done = subprocess.run(
        ["sh", "-c", f"{command} | true"],
        cwd=looked_at,
        env=environment(here(looked_at)),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert done.stderr == ""


@pytest.mark.parametrize(
    "line", ["tap p", "logs --follow", "events --follow", "top --json --interval 0.1"]
)
def test_ctrl_c_ends_what_follows_without_a_word(looked_at: Path, line: str) -> None:
    with running(*line.split(), cwd=looked_at, **here(looked_at)) as following:
        assert following.process.stdout is not None
        following.process.stdout.readline()
        following.signal(signal.SIGINT)
        assert following.end() == 130
        assert following.err == ""


def test_the_end_of_the_pipeline_ends_what_follows_it(tmp_path: Path) -> None:
    lines = ("tap p", "logs --follow", "events --follow", "top --json --interval 0.1")
    with pipeline(tmp_path) as run, ExitStack() as stack:
        following = [
            stack.enter_context(running(*line.split(), cwd=tmp_path, **here(tmp_path)))
            for line in lines
        ]
        for each in following:
            assert each.process.stdout is not None
            each.process.stdout.readline()
        run.signal(signal.SIGTERM)
        for each in following:
            assert each.end() == 0
            assert each.err == "juturna: the pipeline has ended\n"
        assert run.end() == 0


def test_on_a_terminal_top_draws_over_itself_until_q_and_leaves_the_terminal_as_it_was(
    looked_at: Path,
) -> None:
    master, slave = pty.openpty()
    before = termios.tcgetattr(slave)
    with subprocess.Popen(
        [*COMMAND, "top", "--interval", "0.1"],
        cwd=looked_at,
        env=environment({**here(looked_at), "COLUMNS": "100", "LINES": "20"}),
        stdin=slave,
        stdout=slave,
        stderr=slave,
    ) as process:
        shown = b""
        while shown.count(b"q ends this view") < 3:
            shown += os.read(master, 65536)
        os.write(master, b"q")
        assert process.wait(SECONDS) == 0
    assert termios.tcgetattr(slave) == before
    os.close(slave)
    os.close(master)
    assert b"\x1b[J" in shown
    assert "chain: running" in shown.decode()


def test_on_a_terminal_tap_says_a_message_in_words(looked_at: Path) -> None:
    master, slave = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "tap", "p", "--limit", "1"],
        cwd=looked_at,
        env=environment(here(looked_at)),
        stdout=slave,
        stderr=slave,
    ) as process:
        assert process.wait(SECONDS) == 0
    shown = os.read(master, 65536).decode()
    os.close(slave)
    os.close(master)
    assert " of s, version " in shown
    assert " 64 B  64 bytes: " in shown


# --- what a short run does not show ----------------------------------------------------------------------------------


@contextmanager
def faked(folder: Path, monkeypatch: pytest.MonkeyPatch, file: str = "") -> Iterator[FakeControl]:
    """A pipeline in this process, behind a real socket."""
    monkeypatch.setenv("JUTURNA_RUNTIME_DIR", str(folder / "run"))
    control = FakeControl(json.dumps(chain(source(rate=1), node("p", "forwarder"), SINK)), file)
    server = Server(control)
    server.listen_unix(socket_path("chain", os.getpid()))
    try:
        yield control
    finally:
        server.stop()


@pytest.mark.parametrize("command", ["logs", "events"])
def test_how_much_is_not_kept_any_more_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str
) -> None:
    with faked(tmp_path, monkeypatch) as control:
        for number in range(20_005 if command == "logs" else 0):
            control.log(str(number))
        for _ in range(1005 if command == "events" else 0):
            control.restart()
        done = ask(tmp_path, command)
    said = {"logs": "5 earlier lines", "events": "6 earlier events"}[command]
    assert (done.returncode, done.stderr) == (0, f"juturna: {said} are not kept any more\n")


def test_without_a_file_a_change_is_not_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with faked(tmp_path, monkeypatch) as control:
        assert ask(tmp_path, "set", "s", "rate", "2").returncode == 0
        (given,) = [arguments for method, arguments in control.calls if method == "edit"]
        assert given["write"] is False
        done = ask(tmp_path, "set", "s", "rate", "3", "--write")
        assert done.returncode == 2
        assert done.stderr == "juturna: --write: the pipeline was started from no file\n"


def test_rates_begin_anew_with_the_pipeline(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        faked(tmp_path, monkeypatch) as control,
        closing(Client(find().address, timeout=5.0)) as client,
    ):
        reader = Reader(client, window=5.0)
        for seconds in (10, 3, 3):
            control.advance(seconds)
            stats = reader.read()
        assert reader.before is not None
        assert (stats.seconds, reader.before.seconds) == (16.0, 10.0)
        assert rates(stats, reader.before) == {"s": 10.0, "p": 10.0, "k": 10.0}
        assert lately(stats, reader.before)["p"].update_time.count == 60
        control.restart()
        control.advance(1)
        assert (reader.read().seconds, reader.before) == (1.0, None)


# --- usage -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ("probe nowhere", "HOST:PORT, like"),
        ("probe ::1:45000", "HOST:PORT, like"),
        ("probe [::1]:99999", "a port from 0 to 65535"),
        ("warp p :45000", "HOST:PORT, like"),
        ("warp p 127.0.0.1:0", "HOST:PORT, like"),
        ("warp p 127.0.0.1:1 --timeout 0", "a number of seconds above 0"),
        ("set p x", "required"),
        ("set p x 1 --default", "not allowed with"),
        ("tap p --limit 0", "a whole number of at least 1"),
        ("top --interval -1", "a number of seconds above 0"),
        ("logs --since x", "the number of a line"),
        ("logs --level loud", "invalid choice: 'LOUD'"),
        ("top --pipeline a --attach b", "not allowed with"),
    ],
)
def test_bad_usage_exits_with_2(line: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(line.split())
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize("address", ["nowhere", "unix:/no/socket", "/no/socket", "host:", "host:0"])
def test_what_is_no_address_exits_with_2(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["top", "--attach", address]) == 2
    said = capsys.readouterr().err
    assert said.startswith("juturna: ")
    assert said.count("\n") == 1


def test_where_there_can_be_no_socket_a_port_with_a_token_stands_in(tmp_path: Path) -> None:
    """The path of this runtime directory is too long for a socket of any system."""
    far = {"JUTURNA_RUNTIME_DIR": str(tmp_path / ("d" * 120))}
    pipe = written(tmp_path, chain(source(rate=50), node("p", "forwarder"), SINK))
    with running(
        "run", pipe, "--summary", "none", "--log-level", "INFO", cwd=tmp_path, **far
    ) as run:
        assert "too long a path" in run.until("since there is no socket")
        (said,) = Path(far["JUTURNA_RUNTIME_DIR"]).iterdir()
        (seen,) = json.loads(juturna("ps", "--json", cwd=tmp_path, **far).stdout)
        assert seen["answers"]
        stranger = juturna("stop", "--attach", seen["address"], cwd=tmp_path, **far)
        assert stranger.returncode != 0
        assert "a control token is asked for" in stranger.stderr
        assert juturna("stop", cwd=tmp_path, **far).returncode == 0
        assert run.end() == 0
    assert not said.exists()
