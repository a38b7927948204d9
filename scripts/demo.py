"""`make demo`: the guide's pipeline, with all that it needs on this machine: a websocket receiver, and a remote.

On a terminal it opens the workbench, where `w` on `1_pass` moves that node to the remote and back. Without one the
pipeline runs for 15 seconds, in which the node moves by itself every few, and the summary is printed.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from juturna_core.cli.signals import Signals
from juturna_tui.__main__ import no_terminal

ROOT = Path(__file__).resolve().parent.parent
PIPELINE = ROOT / "plugins/pipelines/remotise/config.json"
GUIDE_PORT = 8081
# The guide's 2 s a message are slower than its source, one message a second: its queue grows until
# the end, and then takes half a minute to drain.
DELAY = 0.5
MOVES = 3.0
"""Seconds between two moves."""
WORKBENCH = [sys.executable, "-m", "juturna_tui"]
JUTURNA = [sys.executable, "-m", "juturna_core.cli"]


def main() -> int:
    signals = Signals()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="juturna-demo-")))
        endpoint = stack.enter_context(receiver())
        place = stack.enter_context(remote(folder))
        environment = {**os.environ, "JUTURNA_RUNTIME_DIR": str(folder / "run")}
        pipe = copy_of_the_guide(folder, endpoint, place)
        if no_terminal() is None:
            workbench = subprocess.Popen([*WORKBENCH, str(pipe)], cwd=folder, env=environment)
            signals.attend(workbench.terminate, force=workbench.kill)
            return workbench.wait()
        return headless(pipe, endpoint, place, environment, signals)


def headless(
    pipe: Path, endpoint: str, place: str, environment: dict[str, str], signals: Signals
) -> int:
    """Run the pipeline for a while, and have its node move."""
    print(
        f"{PIPELINE.relative_to(ROOT)}, a copy of it in {pipe.parent}\n"
        f"  2_notifier sends to {endpoint}, where a receiver waits\n"
        f"  1_pass moves to {place} and back while messages flow: see the column `where`\n"
        "  without a terminal: 15 seconds, then the summary",
        file=sys.stderr,
    )
    run = subprocess.Popen(
        [*JUTURNA, "run", str(pipe), "--log-level", "WARNING", "--for", "15"],
        cwd=pipe.parent,
        env=environment,
    )
    signals.attend(run.terminate, force=lambda: None)  # on ctrl+c it also hears it by itself
    moves = Moves(place, environment)
    try:
        return run.wait()
    finally:
        moves.stop()
        print(f"1_pass has moved {moves.made} times", file=sys.stderr)


class Moves:
    """Has the node move, again and again, as anybody would from another terminal."""

    def __init__(self, place: str, environment: dict[str, str]) -> None:
        self.made = 0
        self._place = place
        self._environment = environment
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._move)
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join()

    def _move(self) -> None:
        there = ["warp", "1_pass", self._place]
        back = ["unwarp", "1_pass"]
        while not self._over.wait(MOVES):
            command = back if self.made % 2 else there
            done = subprocess.run(
                [*JUTURNA, *command, "--json"],
                env=self._environment,
                capture_output=True,
                text=True,
                start_new_session=True,  # ctrl+c is not for it
            )
            self.made += done.returncode == 0


@contextmanager
def receiver() -> Iterator[str]:
    """A websocket server that counts what it gets; its address."""
    with subprocess.Popen(
        [*JUTURNA, "listen", f"ws://127.0.0.1:{free_port(GUIDE_PORT)}", "--quiet"],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # ctrl+c is for the pipeline, which still has something to send then
    ) as process:
        assert process.stderr is not None
        greeting = process.stderr.readline()  # "listening on ws://… (ctrl+c ends)"
        if not greeting.startswith("listening on "):
            sys.exit(greeting + process.stderr.read())
        try:
            yield greeting.split()[2]
        finally:
            process.terminate()
            print(f"receiver: {process.stderr.read().strip()}", file=sys.stderr)


@contextmanager
def remote(folder: Path) -> Iterator[str]:
    """`1_pass` behind `juturna remotize`; HOST:PORT."""
    port = free_port(45000)
    command = [*JUTURNA, "remotize", "--node-name", "1_pass", "--node-mark", "passthrough_identity"]
    command += ["--plugins-dir", str(ROOT / "plugins"), "--pipe-name", "demo", "--port", str(port)]
    command += ["--host", "127.0.0.1", "--log-level", "ERROR"]
    with subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        assert process.stdout is not None
        if " serves " not in process.stdout.readline():
            sys.exit("the remote did not start")
        try:
            yield f"127.0.0.1:{port}"
        finally:
            process.terminate()


def copy_of_the_guide(folder: Path, endpoint: str, place: str) -> Path:
    """The guide's pipeline file for this demonstration: moving a node writes it. `1_pass` knows its remote."""
    document = json.loads(PIPELINE.read_text(encoding="utf-8"))
    document["plugins"] = [str(ROOT / "plugins")]
    arguments = {node["name"]: node["configuration"] for node in document["pipeline"]["nodes"]}
    arguments["1_pass"]["delay"] = DELAY
    arguments["2_notifier"]["endpoint"] = endpoint
    host, _, port = place.rpartition(":")
    for node in document["pipeline"]["nodes"]:
        if node["name"] == "1_pass":
            node["warp_configuration"] = {"grpc_host": host, "grpc_port": int(port)}
    copy = folder / "config.json"
    copy.write_text(json.dumps(document, indent=2), encoding="utf-8")
    return copy


def free_port(wanted: int) -> int:
    """`wanted` where it is free, else any."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    return 0


if __name__ == "__main__":
    sys.exit(main())
