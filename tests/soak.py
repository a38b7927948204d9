"""`make soak`: a warped node at full speed for ten minutes, its remote killed and started again every 20 seconds.

Passes when every message that the source sent arrived once and in order, and neither memory nor threads have grown.
"""

from __future__ import annotations

import argparse
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from juturna_core.config import PipelineConfig
from juturna_core.message import Message
from juturna_core.pipeline import Pipeline

PLUGINS = Path(__file__).resolve().parent.parent / "bench" / "plugins"
SAMPLE_EVERY = 2.0
GRACE = 60.0
MAY_GROW = 16 << 20
"""Bytes of resident memory that may come on top between the second quarter of the run and the last."""


@dataclass(frozen=True, slots=True)
class Sample:
    """This process at one moment: resident bytes, threads."""

    rss: int
    threads: int


class Remote:
    """`juturna remotize` on a port of its own, which is killed again and again."""

    def __init__(self, folder: str) -> None:
        """`folder` is where it runs, and makes folders of its own."""
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = int(probe.getsockname()[1])
        self._folder = folder
        self.kills = 0
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "juturna", "remotize", "--node-name", "echo"]
        command += ["--node-mark", "echo", "--plugins-dir", str(PLUGINS), "--pipe-name", "soak"]
        command += ["--default-config", "{}", "--port", str(self.port)]
        self._process = subprocess.Popen(
            command, cwd=self._folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def restart(self) -> None:
        self.kills += 1
        self.kill()
        self.start()


class Order:
    """Checks versions as they arrive; keeps counts and not messages."""

    def __init__(self) -> None:
        self.received = 0
        self.twice = 0
        self.skipped = 0
        self._next = 0

    def check(self, message: Message[Any]) -> None:
        self.received += 1
        if message.version < self._next:
            self.twice += 1
        else:
            self.skipped += message.version - self._next
            self._next = message.version + 1


def main() -> int:
    arguments = _arguments()
    order = Order()
    samples: list[Sample] = []
    with tempfile.TemporaryDirectory() as folder:
        remote = Remote(folder)
        pipeline = Pipeline(_configuration(folder, remote.port, arguments.size))
        try:
            pipeline.warmup()
            pipeline._nodes["k"].on_message = order.check  # type: ignore[attr-defined]
            pipeline.start()
            _run(pipeline, remote, order, samples, arguments)
            report = pipeline.stop(GRACE)
            stats = pipeline.stats()
        finally:
            remote.kill()
        pipeline.destroy()
    sent = stats["s"].transmitted
    problems = [
        f"{sent} sent, {order.received} received" if sent != order.received else "",
        f"{order.twice} came twice or late" if order.twice else "",
        f"{order.skipped} versions were skipped" if order.skipped else "",
        f"{report.lost} counted as lost" if report.lost else "",
        *(
            f"{stats[name].errors} errors at {name}: {stats[name].last_error}"
            for name in stats.nodes
            if stats[name].errors
        ),
        *_growth(samples),
    ]
    problems = [problem for problem in problems if problem]
    seconds = arguments.seconds
    print(
        f"{sent} messages sent in {seconds:.0f} s ({sent / seconds:.0f} a second), {order.received} received; "
        f"remote killed {remote.kills} times; RSS {samples[-1].rss >> 20} MiB, {samples[-1].threads} threads"
    )
    print("\n".join(f"FAILED: {problem}" for problem in problems) or "passed")
    return 1 if problems else 0


def _run(
    pipeline: Pipeline,
    remote: Remote,
    order: Order,
    samples: list[Sample],
    arguments: argparse.Namespace,
) -> None:
    """Kill and look, until the time is over."""
    began = time.monotonic()
    next_kill = began + arguments.kill_every
    while (now := time.monotonic()) - began < arguments.seconds:
        if now >= next_kill and began + arguments.seconds - now > arguments.kill_every / 2:
            remote.restart()
            next_kill += arguments.kill_every
        samples.append(_sample())
        status = pipeline.stats()["w"].status_text
        print(
            f"\r\x1b[K{now - began:.0f} s: {order.received} received, {remote.kills} kills, "
            f"{samples[-1].rss >> 20} MiB, {samples[-1].threads} threads {status[:60]}",
            end="",
            file=sys.stderr,
            flush=True,
        )
        pipeline.wait(SAMPLE_EVERY)
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _growth(samples: list[Sample]) -> list[str]:
    """What grew between the second quarter of the run and the last; the first warms up."""
    quarter = len(samples) // 4
    if not quarter:
        return ["too short to say anything about memory"]
    early, late = samples[quarter : 2 * quarter], samples[-quarter:]
    found = []
    grown = statistics.median(each.rss for each in late) - statistics.median(
        each.rss for each in early
    )
    if grown > MAY_GROW:
        found.append(f"resident memory grew by {grown / (1 << 20):.1f} MiB")
    threads = max(each.threads for each in late) - max(each.threads for each in early)
    if threads > 0:
        found.append(f"{threads} threads more than before")
    return found


def _sample() -> Sample:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return Sample(pages * os.sysconf("SC_PAGE_SIZE"), threading.active_count())


def _configuration(folder: str, port: int, size: int) -> PipelineConfig:
    warp = {"grpc_host": "127.0.0.1", "grpc_port": port, "timeout": 30}
    nodes = [
        {"name": "s", "type": "source", "mark": "numbers", "configuration": {"size": size}},
        {"name": "w", "type": "proc", "mark": "echo", "warped": True, "warp_configuration": warp},
        {"name": "k", "type": "sink", "mark": "counter"},
    ]
    links = [{"from": "s", "to": "w"}, {"from": "w", "to": "k"}]
    body = {"name": "soak", "id": "1", "folder": folder, "nodes": nodes, "links": links}
    return PipelineConfig.from_dict({"version": "1", "plugins": [str(PLUGINS)], "pipeline": body})


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600, help="how long (600)")
    parser.add_argument("--kill-every", type=float, default=20, help="seconds between kills (20)")
    parser.add_argument("--size", type=int, default=64, help="bytes of a message (64)")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
