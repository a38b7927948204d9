"""Real remotes in processes of their own, and a warped node with its worker, for tests that want both."""

from __future__ import annotations

import os
import selectors
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from juturna_core.events import Event, Events
from juturna_core.message import Message
from juturna_core.metrics import Distribution
from juturna_core.warp.client import Warp
from juturna_core.worker import Worker

ROOT = Path(__file__).resolve().parent.parent
PLUGINS = ROOT / "tests" / "data" / "warp"
PATIENCE = 15.0
"""Seconds that anything here may take at most; nothing is expected to."""


def free_port() -> int:
    """A port that nothing listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def ours() -> dict[str, str]:
    """The environment in which a child imports this source tree."""
    paths = [str(ROOT), str(ROOT / "juturna_core" / "facade")]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "PYTHONUNBUFFERED": "1"}


class RemoteProcess:
    """`juturna remotize` in a process that a test may stop, freeze and kill; started again on the same port."""

    def __init__(
        self,
        *options: str,
        mark: str = "scripted",
        plugins: Path = PLUGINS,
        port: int | None = None,
        host: str = "127.0.0.1",
        command: Sequence[str] = (sys.executable, "-m", "juturna_core.cli", "remotize"),
        env: dict[str, str] | None = None,
    ) -> None:
        self.port = free_port() if port is None else port
        self._command = [*command, "--node-name", "1_pass", "--plugin-dir", str(plugins)]
        self._command += ["--node-mark", mark, "--port", str(self.port)]
        self._command += ["--host", host] if host else []
        self._command += options
        self._env = env or ours()
        self._folder = tempfile.TemporaryDirectory()
        self.process: subprocess.Popen[str] | None = None
        self.output = ""

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        self._folder.cleanup()

    def start(self) -> None:
        """Start it and wait until it says that it is ready."""
        self.launch()
        line = self.read_line()
        assert " serves " in line, f"the remote said {line!r}: {self.errors()}"

    def run(self) -> tuple[int, str]:
        """Start one that will not serve, and wait for its end: the exit code, and what it said on standard error."""
        self.launch()
        try:
            return self.wait(), self.errors()
        finally:
            self._folder.cleanup()

    def launch(self) -> None:
        """Start it, and do not wait."""
        self._log = open(Path(self._folder.name, "log"), "a+", encoding="utf-8")  # noqa: SIM115  # closed in wait()
        self.process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
            cwd=self._folder.name,
            env=self._env,
        )

    def read_line(self) -> str:
        """The next line of its standard output; "" at the end."""
        process = self._running()
        assert process.stdout is not None
        with selectors.DefaultSelector() as selector:
            selector.register(process.stdout, selectors.EVENT_READ)
            assert selector.select(PATIENCE), f"the remote says nothing: {self.errors()}"
        return process.stdout.readline()

    def errors(self) -> str:
        """What it has written to standard error so far."""
        return Path(self._folder.name, "log").read_text(encoding="utf-8")

    def signal(self, number: int) -> None:
        self._running().send_signal(number)

    def freeze(self) -> None:
        self.signal(signal.SIGSTOP)

    def thaw(self) -> None:
        self.signal(signal.SIGCONT)

    def kill(self) -> None:
        """As when the machine loses power."""
        if self.process is not None:
            self.process.kill()
            self.wait()

    def wait(self) -> int:
        """Its exit code."""
        process = self._running()
        code = process.wait(PATIENCE)
        if process.stdout is not None:
            process.stdout.close()
        self._log.close()
        self.process = None
        return code

    def _running(self) -> subprocess.Popen[str]:
        assert self.process is not None, "the remote does not run"
        return self.process


class Rig:
    """A warped node with a worker and no pipeline: what went in, what came out, what failed, what was said."""

    def __init__(
        self, port: int, *, host: str = "127.0.0.1", timeout: float = 30.0, **options: Any
    ) -> None:
        self.events = Events()
        self.outputs: list[Message[Any]] = []
        self.failures: list[tuple[Message[Any], BaseException]] = []
        self._changed = threading.Condition()
        self.node = Warp(
            grpc_host=host,
            grpc_port=port,
            timeout=timeout,
            node_name="1_pass",
            pipe_name="test",
            **options,
        )
        self.node._juturna.publish = lambda kind, text: self.events.publish(kind, text, "1_pass")
        self.node.add_destination("rig", _Receiver(self._keep))
        self._worker = Worker(self.node, letters=self)

    def __enter__(self) -> Self:
        self.node.warmup()
        self.node.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.node.destroy()
        self._worker.end()
        self._worker.thread.join(PATIENCE)

    def send(self, *messages: Message[Any]) -> None:
        for message in messages:
            self.node.put(message)

    def stop(self) -> None:
        """End as in a pipeline: take what waits in the inbox, then `stop` on the node's own thread."""
        self._worker.end()
        assert self._worker.ended.wait(PATIENCE), "the node does not end"

    def receive(self, count: int) -> list[Message[Any]]:
        """The first `count` outputs, once there are as many."""
        self.until(lambda: len(self.outputs) >= count, f"{count} outputs")
        return self.outputs[:count]

    def fail(self, count: int) -> list[tuple[Message[Any], BaseException]]:
        """The first `count` failures, once there are as many."""
        self.until(lambda: len(self.failures) >= count, f"{count} failures")
        return self.failures[:count]

    def until(self, holds: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
        """Wait for something that an output, a failure or an event brings about."""
        with self._changed:
            assert self._changed.wait_for(holds, timeout), (
                f"no {what}: {len(self.outputs)} outputs, {self.failures}, {self.node._juturna.status_text!r}"
            )

    def event(self, kind: str, *, after: int = 0, timeout: float = PATIENCE) -> Event:
        return self.events.wait(kind, after=after, timeout=timeout)

    @property
    def versions(self) -> list[int]:
        return [message.version for message in self.outputs]

    @property
    def trips(self) -> dict[str, Distribution]:
        found = self.node._juturna.metrics.round_trips
        assert found is not None
        return found.snapshot()

    def _keep(self, message: Message[Any]) -> None:
        with self._changed:
            self.outputs.append(message)
            self._changed.notify_all()

    def write(self, node: str, message: Message[Any], error: BaseException) -> None:
        """The worker's box of dead letters."""
        with self._changed:
            self.failures.append((message, error))
            self._changed.notify_all()


class _Receiver:
    def __init__(self, put: Callable[[Message[Any]], None]) -> None:
        self.put = put


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Fail when the block takes longer."""
    began = time.monotonic()
    yield
    took = time.monotonic() - began
    assert took <= seconds, f"took {took:.2f} s, {seconds:g} are allowed"
