"""`juturna run --watch`: real files, saved in all the ways that editors and deployments save them (CASES 1 to 13)."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import PLUGINS, SINK, Running, chain, node, running, source, written
from tests.remotes import RemoteProcess, free_port

JSON = ("--summary", "json")


def replaced(path: Path, pipeline: dict[str, Any]) -> None:
    """Save by rename, as editors do."""
    beside = path.with_suffix(".tmp")
    beside.write_text(json.dumps(pipeline, indent=2))
    os.replace(beside, path)


def at(rate: int, *middle: dict[str, Any], sink: dict[str, Any] = SINK) -> dict[str, Any]:
    return chain(source(rate=rate), *(middle or (node("r", "reporter"),)), sink)


def all_arrived(run: Running) -> None:
    """Stopped, with every message at the end of the chain."""
    run.signal(signal.SIGINT)
    assert run.end() == 0
    nodes = run.summary["nodes"]
    assert run.summary["lost"] == 0
    assert nodes["k"]["rx"] == nodes["r"]["rx"] > 0


def watching(pipe: Path, cwd: Path, *options: str) -> Any:
    return running("run", pipe, "--watch", *JSON, *options, cwd=cwd)


def test_each_of_three_saves_by_rename_is_a_reload(tmp_path: Path) -> None:
    pipe = written(tmp_path, at(10))
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        for before, after in ((10, 20), (20, 30), (30, 40)):
            replaced(pipe, at(after))
            run.until(f"s: rate {before} -> {after}")
        all_arrived(run)


def test_a_symlink_that_is_led_elsewhere_is_one_reload(tmp_path: Path) -> None:
    written(tmp_path, at(10), "v1.json")
    written(tmp_path, at(20), "v2.json")
    pipe = tmp_path / "c.json"
    pipe.symlink_to("v1.json")
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        (tmp_path / "new").symlink_to("v2.json")
        os.replace(tmp_path / "new", pipe)
        run.until("s: rate 10 -> 20")
        all_arrived(run)
    assert run.err.count("s: rate ") == 1


def test_half_a_file_is_refused_once_and_the_whole_is_applied(tmp_path: Path) -> None:
    pipe = written(tmp_path, at(10))
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        text = json.dumps(at(20), indent=2)
        pipe.write_text(text[: len(text) // 2])
        assert f"{pipe.name}:" in run.until("error:")
        run.until("what ran before runs on")
        pipe.write_text(text)
        run.until("s: rate 10 -> 20")
        pipe.unlink()
        run.until("is gone")
        replaced(pipe, at(30))
        run.until("s: rate 20 -> 30")
        replaced(pipe, at(40, node("r", "reportr")))
        line = run.until('there is no proc node "reportr"')
        assert 'did you mean "reporter"?' in line
        assert ":23:" in line  # the line of its mark
        replaced(pipe, at(40))
        run.until("s: rate 30 -> 40")
        all_arrived(run)


def test_two_neighbours_in_one_save_and_then_another_mark(tmp_path: Path) -> None:
    pipe = written(tmp_path, at(10, node("r", "reporter"), node("p", "forwarder")))
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        replaced(pipe, at(50, node("r", "reporter"), node("p", "sleeper", seconds=0.001)))
        assert "p: " in run.until("s: rate 10 -> 50")
        run.until("got 1")
        replaced(pipe, at(50, node("r", "reporter"), node("p", "forwarder")))
        run.until("mark sleeper -> forwarder")
        run.until("got 2")
        all_arrived(run)


def test_a_sink_with_a_dead_endpoint_is_given_another(tmp_path: Path) -> None:
    dead, alive = free_port(), free_port()

    def to(port: int) -> dict[str, Any]:
        return at(
            50, sink=node("k", "notifier_websocket", "sink", endpoint=f"ws://127.0.0.1:{port}")
        )

    pipe = written(tmp_path, to(dead))
    with running("listen", f"ws://127.0.0.1:{alive}", "--json", cwd=tmp_path) as listener:
        listener.until("listening on")
        with watching(pipe, tmp_path) as run:
            run.until("is not there")
            run.until("got 5")
            replaced(pipe, to(alive))
            run.until("k: endpoint")
            all_arrived(run)
        listener.signal(signal.SIGINT)
        listener.end()
    received = [json.loads(line)["version"] for line in listener.out.splitlines()]
    assert received == list(range(run.summary["nodes"]["k"]["rx"]))


def test_a_save_while_a_reload_is_under_way_is_applied_after_it(tmp_path: Path) -> None:
    slow = tmp_path / "plugins/nodes/proc/_slow"
    slow.mkdir(parents=True)
    gate = tmp_path / "gate"
    (slow / "slow.py").write_text(
        "from juturna.components import Node\n\n\nclass Slow(Node):\n"
        "    def warmup(self):\n        self.logger.info('warming')\n"
        f"        open({str(gate)!r}).read()\n\n"
        "    def update(self, message):\n        self.transmit(message)\n"
    )
    os.mkfifo(gate)
    more = {"plugins": [*PLUGINS, "./plugins"]}
    pipe = written(tmp_path, {**at(10), **more})
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        replaced(pipe, {**at(10, node("r", "reporter"), node("p", "slow")), **more})
        run.until("warming")
        replaced(pipe, {**at(20, node("r", "reporter"), node("p", "slow")), **more})
        run.until("got ")  # the flow does not wait for a model that loads
        gate.write_text("go")
        run.until("p added")
        run.until("s: rate 10 -> 20")
        all_arrived(run)


def test_what_a_pipeline_is_cannot_change_by_a_save(tmp_path: Path) -> None:
    pipe = written(tmp_path, at(10))
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        changed = at(10)
        changed["pipeline"]["name"] = "another"
        replaced(pipe, changed)
        run.until('"name" cannot change while the pipeline runs')
        replaced(pipe, at(20))
        run.until("s: rate 10 -> 20")
        all_arrived(run)


def test_a_reload_that_takes_a_nodes_inputs_away_is_done_and_said(tmp_path: Path) -> None:
    pipe = written(tmp_path, at(50, node("r", "reporter"), node("p", "forwarder")))
    with watching(pipe, tmp_path) as run:
        run.until("got 0")
        changed = at(50, node("r", "reporter"), node("p", "forwarder"))
        changed["pipeline"]["links"] = [{"from": "s", "to": "r"}, {"from": "r", "to": "k"}]
        replaced(pipe, changed)
        run.until("link r -> p removed")
        run.until("got ")
        all_arrived(run)


def test_a_frozen_remote_is_left_and_comes_back(tmp_path: Path) -> None:
    """CASES 13, with the way out that a person takes."""
    with RemoteProcess(mark="forwarder", plugins=Path(PLUGINS[0])) as remote:
        place = {"grpc_host": "127.0.0.1", "grpc_port": remote.port}
        here, there = (
            at(
                50,
                node("r", "reporter"),
                node("p", "forwarder", warped=warped, warp_configuration=place),
            )
            for warped in (False, True)
        )
        pipe = written(tmp_path, there)
        with watching(pipe, tmp_path) as run:
            run.until("is connected")
            run.until("got 3")
            remote.freeze()
            run.until("does not answer")
            replaced(pipe, here)
            run.until(f"p: 127.0.0.1:{remote.port} -> local")
            remote.thaw()
            replaced(pipe, there)
            run.until("is connected")
            run.until("got ")
            all_arrived(run)


@pytest.mark.parametrize("fault", ["syntax", "import"])
def test_saved_plugin_code_is_what_runs_unless_it_is_broken(tmp_path: Path, fault: str) -> None:
    plugin = tmp_path / "plugins/nodes/proc/_said"
    plugin.mkdir(parents=True)
    code = plugin / "said.py"
    text = (
        "from juturna.components import Node\n\n\nclass Said(Node):\n"
        "    def update(self, message):\n        self.logger.info('said first')\n"
        "        self.transmit(message)\n"
    )
    code.write_text(text)
    pipe = written(
        tmp_path,
        {**at(50, node("r", "reporter"), node("p", "said")), "plugins": [*PLUGINS, "./plugins"]},
    )
    with watching(pipe, tmp_path, "--watch-plugins") as run:
        run.until("said first")
        code.write_text(text.replace("first", "second"))
        run.until("p is built again: its code has changed")
        run.until("said second")
        code.write_text("class Said(:\n" if fault == "syntax" else f"import nothing_here\n{text}")
        run.until("said.py:1")
        run.until("said second")
        code.write_text(text.replace("first", "third"))
        run.until("said third")
        all_arrived(run)
