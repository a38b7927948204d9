"""The `juturna` command as a process, and pipeline files for it."""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from itertools import pairwise
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COMMAND = [sys.executable, "-m", "juturna_core.cli"]
PLUGINS = [str(ROOT / "tests/plugins"), str(ROOT / "tests/cli/plugins")]
SECONDS = 20.0
"""How long anything may take before the test fails."""


RUNTIME = tempfile.TemporaryDirectory(prefix="jt-")
"""Where what these tests run opens its doors: not where the pipelines of whoever runs the tests do."""


def environment(given: dict[str, str]) -> dict[str, str]:
    return {**os.environ, "TERM": "xterm", "JUTURNA_RUNTIME_DIR": RUNTIME.name, **given}


def juturna(
    *arguments: str | Path, cwd: Path, stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """Run a command to its end. No traceback may reach the user, whatever was wrong."""
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=SECONDS,
    )
    assert "Traceback" not in done.stderr, done.stderr
    return done


class Running:
    """A command that runs, with what it says on stderr line by line."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.lines: list[str] = []
        self.out = ""
        self._new: queue.Queue[str | None] = queue.Queue()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        assert self.process.stderr is not None
        for line in self.process.stderr:
            self._new.put(line)
        self._new.put(None)

    def until(self, text: str) -> str:
        """The first line from here on with `text` in it."""
        deadline = time.monotonic() + SECONDS
        while True:
            try:
                line = self._new.get(timeout=max(0.0, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            assert line is not None, f"{text!r} was not said:\n{''.join(self.lines)}"
            self.lines.append(line)
            if text in line:
                return line

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def end(self) -> int:
        """Its exit code, once it has ended by itself."""
        assert self.process.stdout is not None
        self.out = self.process.stdout.read()
        code = self.process.wait(SECONDS)
        self._reader.join(SECONDS)
        while (line := self._new.get(timeout=SECONDS)) is not None:
            self.lines.append(line)
        assert "Traceback" not in self.err, self.err
        return code

    @property
    def err(self) -> str:
        return "".join(self.lines)

    @property
    def summary(self) -> dict[str, Any]:
        """The one JSON object that it printed."""
        return dict(json.loads(self.out))

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        self._reader.join()


@contextmanager
def running(*arguments: str | Path, cwd: Path, **variables: str) -> Iterator[Running]:
    """A command in the background; killed at the end if it still runs then."""
    with subprocess.Popen(
        [*COMMAND, *map(str, arguments)],
        cwd=cwd,
        env=environment(variables),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        made = Running(process)
        try:
            yield made
        finally:
            made.close()


def node(name: str, mark: str, type: str = "proc", /, **rest: Any) -> dict[str, Any]:
    """A node of a pipeline file; what is not a key of a node is an argument."""
    keys = {"sync", "auto_dump", "warped", "warp_configuration", "when_full", "on_error"}
    of_node = {key: value for key, value in rest.items() if key in keys}
    arguments = {key: value for key, value in rest.items() if key not in keys}
    return {"name": name, "type": type, "mark": mark, "configuration": arguments, **of_node}


def source(**arguments: Any) -> dict[str, Any]:
    return node("s", "sequencer", "source", **arguments)


SINK = node("k", "counter", "sink")


def chain(*nodes: dict[str, Any]) -> dict[str, Any]:
    """A pipeline of nodes one behind the other."""
    names = [each["name"] for each in nodes]
    links = [{"from": a, "to": b} for a, b in pairwise(names)]
    return {
        "version": "1",
        "plugins": PLUGINS,
        "pipeline": {
            "name": "chain",
            "id": "1",
            "folder": "./out",
            "nodes": deepcopy(list(nodes)),
            "links": links,
        },
    }


def written(folder: Path, pipeline: Any, name: str = "pipe.json") -> Path:
    """The file of a pipeline; a text is written as it is."""
    text = pipeline if isinstance(pipeline, str) else json.dumps(pipeline, indent=2)
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path
