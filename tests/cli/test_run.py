"""`juturna run`, as a process on real files: how it ends, what it prints, and that signals drain."""

from __future__ import annotations

import contextlib
import io
import json
import os
import pty
import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path

import pytest

from tests.cli.command import (
    COMMAND,
    PLUGINS,
    ROOT,
    SECONDS,
    SINK,
    chain,
    environment,
    juturna,
    node,
    running,
    source,
    written,
)

NODE_KEYS = {"type", "mark", "where", "rx", "tx", "errors", "dropped", "lost", "queue", "queue_max"}
POINTS = {"p50", "p90", "p99", "max"}
JSON = ("--summary", "json")


# --- the guide -------------------------------------------------------------------------------------------------------


def test_the_guide_runs_from_end_to_end_and_sums_up_in_one_json_object(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    shutil.copy(ROOT / "plugins/pipelines/remotise/config.json", tmp_path / "pipe.json")
    with running("listen", "ws://127.0.0.1:0", "--json", cwd=tmp_path) as listener:
        url = listener.until("listening on").split()[2]
        faster = ("--set", "1_pass.delay=0.02", "--set", "0_stream.rate=40")
        where = ("--set", f"2_notifier.endpoint={url}")
        options = (*faster, *where, *JSON, "--for", "0.5")
        run = juturna("run", "pipe.json", *options, cwd=tmp_path)
        listener.signal(signal.SIGINT)
        assert listener.end() == 0
    assert run.returncode == 0
    summary = json.loads(run.stdout)
    messages = [json.loads(line) for line in listener.out.splitlines()]
    assert len(messages) == summary["nodes"]["0_stream"]["tx"] > 3
    assert [message["version"] for message in messages] == list(range(len(messages)))
    assert {message["creator"] for message in messages} == {"1_pass"}
    assert {message["meta"]["session_id"] for message in messages} == {"1234567890"}
    assert run.stdout.count("\n") == 1
    assert {"pipeline", "seconds", "state", "lost", "nodes"} <= summary.keys()
    assert summary["pipeline"] == "test_mocked_pipeline"
    assert list(summary["nodes"]) == ["0_stream", "1_pass", "2_notifier"]
    for each in summary["nodes"].values():
        assert each.keys() >= NODE_KEYS
        assert each["where"] == "local"
        assert each["queue_ms"].keys() == each["update_ms"].keys() == POINTS
        assert each["rtt_ms"] is None
    assert summary["nodes"]["0_stream"]["mark"] == "data_streamer"
    assert json.loads((tmp_path / "pipe/config.json").read_text())["pipeline"]["id"] == "1234567890"


# --- how it ends -----------------------------------------------------------------------------------------------------


def test_a_finite_source_ends_the_run_and_every_message_is_counted(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=500), node("p", "forwarder"), SINK))
    done = juturna("run", pipe, *JSON, cwd=tmp_path)
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert [each["tx"] for each in summary["nodes"].values()] == [500, 500, 0]
    assert summary["nodes"]["k"]["rx"] == 500
    assert summary["lost"] == 0


def test_for_ends_an_endless_run_without_loss(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(rate=500), SINK))
    done = juturna("run", pipe, "--for", "0.1", *JSON, cwd=tmp_path)
    assert done.returncode == 0
    summary = json.loads(done.stdout)
    assert 0.1 <= summary["seconds"] < 5
    assert summary["nodes"]["s"]["tx"] == summary["nodes"]["k"]["rx"] > 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_drains_and_exits_with_0(tmp_path: Path, number: int) -> None:
    pipe = written(tmp_path, chain(source(rate=200), node("p", "reporter"), SINK))
    with running("run", pipe, *JSON, cwd=tmp_path) as run:
        run.until("got 3")
        run.signal(number)
        assert run.end() == 0
    nodes = run.summary["nodes"]
    assert run.summary["lost"] == 0
    assert nodes["s"]["tx"] == nodes["p"]["rx"] == nodes["p"]["tx"] == nodes["k"]["rx"] > 3


def test_nohup_outlives_its_terminal(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(rate=100), node("p", "reporter"), SINK))
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a child inherits it
    try:
        with running("run", pipe, cwd=tmp_path) as run:
            run.until("got 1")
            run.signal(signal.SIGHUP)
            for _ in range(20):
                run.until("got ")
            run.signal(signal.SIGTERM)
            assert run.end() == 0
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_remote_that_is_not_there_keeps_nobody_waiting_beyond_the_grace(tmp_path: Path) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))  # bound and never listening: refused
        place = {"grpc_host": "127.0.0.1", "grpc_port": nobody.getsockname()[1]}
        far = node("p", "forwarder", warped=True, warp_configuration=place)
        pipe = written(tmp_path, chain(source(count=3), node("r", "reporter"), far, SINK))
        with running("run", pipe, "--grace", "1", *JSON, cwd=tmp_path) as run:
            run.until("got 2")
            if "is not there" not in run.err:  # the two come in either order
                run.until("is not there")
            run.signal(signal.SIGINT)
            assert "is not there" in run.until("waiting for p")
            assert run.end() == 1
    assert run.summary["nodes"]["p"]["lost"] == run.summary["lost"] == 3
    assert run.summary["nodes"]["p"]["where"] == f"127.0.0.1:{place['grpc_port']}"


def test_a_pipeline_without_nodes_is_over_at_once(tmp_path: Path) -> None:
    pipeline = chain()
    assert juturna("run", written(tmp_path, pipeline), cwd=tmp_path).returncode == 0


def test_full_queues_are_drained(tmp_path: Path) -> None:
    slow = node("p", "sleeper", seconds=0.03)
    pipe = written(tmp_path, chain(source(), node("f", "forwarder"), slow, SINK))
    with running("run", pipe, *JSON, cwd=tmp_path, JUTURNA_MAX_QUEUE_SIZE="4") as run:
        run.until("asleep over 6")
        run.signal(signal.SIGINT)
        assert run.end() == 0
    nodes = run.summary["nodes"]
    assert nodes["p"]["queue_max"] >= 4
    assert nodes["s"]["tx"] == nodes["f"]["rx"] == nodes["p"]["rx"] == nodes["k"]["rx"]
    assert run.summary["lost"] == 0


def test_what_cannot_be_drained_within_the_grace_is_lost_counted_and_exits_with_1(
    tmp_path: Path,
) -> None:
    pipe = written(tmp_path, chain(source(count=5), node("p", "sleeper"), SINK))
    with running("run", pipe, "--grace", "0.5", *JSON, cwd=tmp_path) as run:
        run.until("asleep over 0")
        before = time.monotonic()
        run.signal(signal.SIGINT)
        assert run.end() == 1
    assert time.monotonic() - before < 10  # not the minute that the node sleeps
    nodes = run.summary["nodes"]
    assert run.summary["lost"] + nodes["k"]["rx"] == nodes["s"]["tx"] > 0
    assert "p did not end: in update() of message" in run.err


def test_a_second_sigint_forces_and_says_what_it_waited_for(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=5), node("p", "sleeper"), SINK))
    with running("run", pipe, "--grace", "60", cwd=tmp_path) as run:
        run.until("asleep over 0")
        run.signal(signal.SIGINT)
        assert "in update() of message" in run.until("waiting for p")
        run.until("ctrl+c once more forces")
        run.signal(signal.SIGINT)
        assert run.end() == 1
    assert "forced" in run.err


@pytest.mark.parametrize("stubborn", [False, True])
def test_a_source_that_sits_in_a_read_keeps_nobody_waiting(tmp_path: Path, stubborn: bool) -> None:
    pipe = written(tmp_path, chain(node("s", "blocked", "source", stubborn=stubborn), SINK))
    with running("run", pipe, "--grace", "1", *JSON, cwd=tmp_path) as run:
        run.until("reading")
        before = time.monotonic()
        run.signal(signal.SIGINT)
        assert run.end() == 0  # nothing was lost: there was nothing
    assert time.monotonic() - before < 10
    assert ("s did not end: in its source function" in run.err) == stubborn


def test_a_signal_while_nodes_warm_up_ends_it_before_anything_runs(tmp_path: Path) -> None:
    plugin = tmp_path / "plugins/nodes/proc/_slow"
    plugin.mkdir(parents=True)
    (plugin / "slow.py").write_text(
        "import time\nfrom juturna.components import Node\n\n\nclass Slow(Node):\n"
        "    def warmup(self):\n        self.logger.info('warming')\n        time.sleep(60)\n"
    )
    pipe = written(tmp_path, {**chain(node("p", "slow")), "plugins": ["./plugins"]})
    with running("run", pipe, cwd=tmp_path) as run:
        run.until("warming")
        run.signal(signal.SIGINT)
        assert run.end() == 130
    assert run.out == ""
    assert "interrupted" in run.err


def test_on_error_stop_ends_the_run_with_1_and_skip_goes_on(tmp_path: Path) -> None:
    faulty = node("p", "faulty", where="update", on_error="stop")
    done = juturna("run", written(tmp_path, chain(source(rate=50), faulty, SINK)), cwd=tmp_path)
    assert done.returncode == 1
    assert "no luck in update" in done.stderr
    faulty = node("p", "faulty", where="update")
    pipe = written(tmp_path, chain(source(count=3), faulty, SINK))
    done = juturna("run", pipe, *JSON, cwd=tmp_path)
    assert json.loads(done.stdout)["nodes"]["p"]["errors"] == 3
    assert done.returncode == 0


# --- what it prints --------------------------------------------------------------------------------------------------


def test_what_a_plugin_prints_is_kept_out_of_the_json(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=2), node("k", "printer", "sink")))
    done = juturna("run", pipe, *JSON, cwd=tmp_path)
    assert json.loads(done.stdout)["nodes"]["k"]["rx"] == 2
    assert done.stderr.count("printed by a plugin") == 2
    assert done.stderr.count("written by a program") == 2


def test_the_table_is_aligned_by_cells_and_summary_none_prints_nothing(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=3), node("カメラ入力", "forwarder"), SINK))
    done = juturna("run", pipe, cwd=tmp_path)
    head, *rows = done.stdout.splitlines()
    assert head.startswith("chain: ")
    assert rows[0].split()[:4] == ["node", "where", "rx", "tx"]
    assert rows[1].startswith("s           local ")
    assert rows[2].startswith("カメラ入力  local ")
    assert juturna("run", pipe, "--summary", "none", cwd=tmp_path).stdout == ""


def test_set_gives_an_argument_another_value_and_leaves_the_file_alone(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=3), SINK))
    before = pipe.read_bytes()
    done = juturna("run", pipe, "--set", "s.count=7", "--set", "s.size=10", *JSON, cwd=tmp_path)
    made = json.loads(done.stdout)["nodes"]["s"]
    assert (made["tx"], made["bytes"]) == (7, 70)
    assert pipe.read_bytes() == before


@pytest.mark.parametrize(
    ("form", "sign"),
    [
        ("simple", " - jt."),
        ("colored", "\033["),
        ("full", " | INFO "),
        ("compact", " | I | "),
        ("development", "() | "),
        ("minimal", "INFO: "),
        ("json", '"level": "INFO"'),
    ],
)
def test_the_log_is_in_the_format_that_was_asked_for(tmp_path: Path, form: str, sign: str) -> None:
    pipe = written(tmp_path, chain(source(count=1), SINK))
    done = juturna("run", pipe, "--log-format", form, "--log-file", "run.log", cwd=tmp_path)
    assert done.stderr == ""
    assert sign in (tmp_path / "run.log").read_text()


def test_no_color_drops_the_colours_and_a_level_drops_lines(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=1), SINK))
    done = juturna("run", pipe, "--log-format", "colored", cwd=tmp_path, NO_COLOR="1")
    assert "is warmed up" in done.stderr
    assert "\033[" not in done.stderr
    assert juturna("run", pipe, "--log-level", "error", cwd=tmp_path).stderr == ""


def test_in_a_pipe_there_is_no_status_line(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(rate=50), SINK))
    done = juturna("run", pipe, "--for", "0.6", cwd=tmp_path)
    assert not set("\r\033●") & set(done.stderr + done.stdout)


@pytest.mark.parametrize(("term", "options"), [("xterm", ()), ("xterm", ("--live",)), ("dumb", ())])
def test_a_terminal_has_one_line_that_is_drawn_over_unless_it_is_dumb(
    tmp_path: Path, term: str, options: tuple[str, ...]
) -> None:
    pipe = written(tmp_path, chain(source(rate=50), SINK))
    master, slave = pty.openpty()
    arguments = [*COMMAND, "run", str(pipe), "--for", "0.8", *options]
    with subprocess.Popen(
        arguments,
        cwd=tmp_path,
        env=environment({"TERM": term}),
        stdout=subprocess.PIPE,
        stderr=slave,
        text=True,
    ) as process:
        os.close(slave)
        shown = b""
        with contextlib.suppress(OSError):  # the other end is closed
            while chunk := os.read(master, 65536):
                shown += chunk
        os.close(master)
        out = process.communicate(timeout=SECONDS)[0]
    screen = shown.decode()
    assert process.returncode == 0
    assert out.startswith("chain: ")
    assert ("\033[J" in screen) == (term != "dumb")
    assert ("msg/s" in screen) == (term != "dumb" and not options)
    assert ("ctrl+c stops" in screen) == bool(options)


def test_a_reader_of_the_summary_that_has_gone_is_no_traceback(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(rate=50), node("p", "reporter"), SINK))
    with running("run", pipe, cwd=tmp_path) as run:
        run.until("got 1")
        assert run.process.stdout is not None
        run.process.stdout.close()
        run.signal(signal.SIGINT)
        run.process.stdout = io.StringIO()  # for end() to read
        assert run.end() == 1


@pytest.mark.parametrize("closed", [">&-", "2>&-", "<&-", "<&- >&- 2>&-"])
def test_streams_that_are_closed_are_no_reason_to_fail(tmp_path: Path, closed: str) -> None:
    written(tmp_path, chain(source(count=1), SINK))
    line = f"exec {' '.join(COMMAND)} run pipe.json --summary json {closed}"
    done = subprocess.run(["sh", "-c", line], cwd=tmp_path, capture_output=True, timeout=SECONDS)
    assert done.returncode == 0


# --- bad input -------------------------------------------------------------------------------------------------------


def cut_short() -> str:
    return json.dumps(chain(source(), SINK), indent=2)[:-3]


def renamed(name: str) -> dict[str, object]:
    return chain(source(), node(name, "forwarder"), SINK)


def with_link(origin: str, destination: str) -> dict[str, object]:
    pipe = chain(source(), node("p", "forwarder"), node("q", "forwarder"), SINK)
    pipe["pipeline"]["links"].append({"from": origin, "to": destination})
    return pipe


def warped(**place: object) -> dict[str, object]:
    there = node("p", "forwarder", warped=True, warp_configuration=place)
    return chain(source(), there, SINK)


BAD = {
    "empty": ("", ["pipe.json:1:1: error:", "empty"]),
    "cut short": (cut_short(), ["pipe.json:", "error:", "found the end of the file"]),
    "not an object": ("[]", ["pipe.json:1:1: error:", "expected an object, found a list"]),
    "NaN": ('{"pipeline": NaN}', ["pipe.json:1:14: error:", "NaN"]),
    "key twice": ('{"version": "1", "version": "2"}', ["pipe.json:1:18: error:", '"version"']),
    "unknown mark": (chain(source(), node("p", "forwardr")), ['"forwardr"', '"forwarder"']),
    "unknown node": (with_link("p", "kk"), ["pipe.json:", '"kk"']),
    "cycle": (with_link("q", "p"), ["pipe.json:", "p -> q -> p"]),
    "self loop": (with_link("p", "p"), ["pipe.json:", "p -> p"]),
    "name twice": (renamed("s"), ["pipe.json:", '"s"']),
    "name leads out": (renamed("../../x"), ["pipe.json:", '"../../x"']),
    "port": (warped(grpc_port=70000), ["pipe.json:", "grpc_port", "70000"]),
    "timeout": (warped(grpc_port=1, timeout="x"), ["pipe.json:", "timeout", '"x"']),
    "on_error": (chain(source(on_error="skp"), SINK), ["pipe.json:", '"skp"', '"skip"']),
    "variable": (chain(source(count="$JT_ENV_NOT_SET"), SINK), ['"s"', '"count"', "NOT_SET"]),
    "variable's type": (chain(source(count="$JT_ENV_ABC"), SINK), ['"s"', '"count"', '"abc"']),
    "__init__": (
        chain(node("p", "faulty", where="__init__")),
        ["faulty.py:17", "no luck in __init__"],
    ),
    "configure": (
        chain(node("p", "faulty", where="configure")),
        ["faulty.py:17", "no luck in configure"],
    ),
    "warmup": (
        chain(source(), node("p", "faulty", where="warmup")),
        ["faulty.py:17", "no luck in warmup"],
    ),
    "start": (
        chain(source(), node("p", "faulty", where="start")),
        ["faulty.py:17", "no luck in start"],
    ),
}


@pytest.mark.parametrize("which", BAD)
def test_a_bad_file_exits_with_2_says_where_and_what_and_prints_nothing(
    tmp_path: Path, which: str
) -> None:
    pipeline, said = BAD[which]
    pipe = written(tmp_path, pipeline)
    done = juturna("run", pipe.name, *JSON, cwd=tmp_path, ABC="abc")
    assert done.returncode == 2
    assert done.stdout == ""
    for text in said:
        assert text in done.stderr


PLUGIN_HEAD = "from juturna.components import Node\nopen('imported', 'w').close()\n"
BAD_PLUGINS = {
    "syntax error": ("def (:\n", ["odd.py:3", "not Python"]),
    "missing package": ("import no_such_package\n", ["odd.py:3", '"no_such_package"']),
    "two nodes": (
        "class A(Node):\n    pass\n\n\nclass B(Node):\n    pass\n",
        ["odd.py", "A", "B"],
    ),
    "no node": ("class A:\n    pass\n", ["odd.py", "no node class"]),
    "raises": ("raise ValueError('bad luck')\n", ["odd.py:3", "bad luck"]),
    "no super()": (
        "class A(Node):\n    def __init__(self, **kwargs):\n        pass\n",
        ["odd.py", "super().__init__"],
    ),
    "no **kwargs": (
        "class A(Node):\n    def __init__(self):\n        super().__init__()\n",
        ["odd.py", "node_name"],
    ),
    "exits": ("import sys\nsys.exit(3)\n", ["odd.py:4", "SystemExit"]),
}


@pytest.mark.parametrize("which", BAD_PLUGINS)
def test_a_plugin_that_cannot_be_loaded_is_named_with_its_line(tmp_path: Path, which: str) -> None:
    text, said = BAD_PLUGINS[which]
    folder = tmp_path / "plugins/nodes/proc/_odd"
    folder.mkdir(parents=True)
    (folder / "odd.py").write_text(PLUGIN_HEAD + text)
    pipeline = chain(source(), node("p", "odd"), SINK)
    pipeline["plugins"] = [*PLUGINS, "./plugins"]
    done = juturna("run", written(tmp_path, pipeline), *JSON, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stdout == ""
    for part in said:
        assert part in done.stderr


def test_nothing_is_imported_or_made_for_a_file_with_an_error(tmp_path: Path) -> None:
    folder = tmp_path / "plugins/nodes/proc/_odd"
    folder.mkdir(parents=True)
    (folder / "odd.py").write_text(PLUGIN_HEAD + "class Odd(Node):\n    pass\n")
    pipeline = chain(source(), node("p", "odd"), node("q", "no_such_mark"))
    pipeline["plugins"] = [*PLUGINS, "./plugins"]
    assert juturna("run", written(tmp_path, pipeline), cwd=tmp_path).returncode == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["pipe.json", "plugins"]


def test_strict_refuses_what_is_only_odd(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=1, cuont=3), SINK))
    lax, strict = (juturna("run", pipe, *more, cwd=tmp_path) for more in ((), ("--strict",)))
    assert (lax.returncode, strict.returncode) == (0, 2)
    for done in (lax, strict):
        assert '"cuont"' in done.stderr
        assert 'did you mean "count"?' in done.stderr


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    written(tmp_path, chain(source(), SINK))
    for name, said in [("pip.json", '"pipe.json"'), (".", "directory")]:
        done = juturna("run", name, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
    (tmp_path / "latin.json").write_bytes(b'{"version": "\xe9"}')
    assert "latin.json:1:14: error: byte 0xe9" in juturna("run", "latin.json", cwd=tmp_path).stderr


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    pipe = written(tmp_path, "\ufeff" + json.dumps(chain(source(count=1), SINK)))
    assert juturna("run", pipe, cwd=tmp_path).returncode == 0


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(), SINK))
    (tmp_path / "out").write_text("in the way")
    done = juturna("run", pipe, cwd=tmp_path)
    assert done.returncode == 2
    assert '"out" cannot be written' in done.stderr
    (tmp_path / "out").unlink()
    (tmp_path / "out").mkdir()
    (tmp_path / "out/k").write_text("in the way")
    done = juturna("run", pipe, cwd=tmp_path)
    assert done.returncode == 2
    assert "out/k" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--for", "soon"], "a number of seconds above 0"),
        (["--grace", "-1"], "a number of seconds above 0"),
        (["--summary", "xml"], "invalid choice: 'xml'"),
        (["--set", "s.count"], "write NODE.KEY=VALUE"),
        (["--set", "ss.count=1"], 'did you mean "s"?'),
        (["--log-file", "no/such/folder"], "--log-file no/such/folder"),
        (["--log-format", "pretty"], "invalid choice: 'pretty'"),
    ],
)
def test_bad_usage_exits_with_2(tmp_path: Path, options: list[str], said: str) -> None:
    done = juturna("run", written(tmp_path, chain(source(), SINK)), *options, cwd=tmp_path)
    assert done.returncode == 2
    assert said in done.stderr
    assert not (tmp_path / "out").exists()


def test_a_setting_that_cannot_be_is_named(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(), SINK))
    done = juturna("run", pipe, cwd=tmp_path, JUTURNA_MAX_QUEUE_SIZE="many")
    assert done.returncode == 2
    assert 'JUTURNA_MAX_QUEUE_SIZE is "many"' in done.stderr
