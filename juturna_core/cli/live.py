"""Numbers that refresh while a pipeline runs: one line, or a table. Drawn on stderr, and only on a terminal."""

from __future__ import annotations

import logging
import shutil
import sys
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Self, TypeAlias

from juturna_core.cells import cut
from juturna_core.cli.summary import as_table, duration
from juturna_core.stats import PipelineStats

_CLEAR_BELOW = "\r\x1b[J"
_WINDOW = 5.0
"""Rates and latencies are of the last so many seconds, and of less than twice as many."""


Render: TypeAlias = Callable[[PipelineStats, PipelineStats | None], list[str]]


class Screen:
    """Draws over what it drew before, and steps aside for each log line."""

    def __init__(self, handler: logging.Handler, render: Render) -> None:
        """`render` makes lines of the numbers now and those of the last time."""
        self._handler = handler
        self._render = render
        self._lines = 0  # how many lines of ours stand on the screen
        self._earlier: PipelineStats | None = None  # what the numbers are compared with
        self._next: PipelineStats | None = None  # and from when this is old enough
        self._emit = handler.emit
        self._lock = handler.lock or threading.RLock()

    def __enter__(self) -> Self:
        if isinstance(self._handler, logging.StreamHandler) and self._handler.stream is sys.stderr:
            self._handler.emit = self._emit_above  # type: ignore[method-assign]  # for the time of this block
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._handler.emit = self._emit  # type: ignore[method-assign]  # put back
        self._erase()
        sys.stderr.flush()

    def draw(self, stats: PipelineStats) -> None:
        """Show `stats`, with what has changed lately."""
        if self._next is not None and stats.seconds < self._next.seconds:  # it has begun anew
            self._earlier = self._next = None
        columns = shutil.get_terminal_size().columns
        lines = [cut(line, columns - 1) for line in self._render(stats, self._earlier)]
        if self._next is None or stats.seconds - self._next.seconds >= _WINDOW:
            self._earlier, self._next = self._next, stats
        with self._lock:
            self._erase()
            sys.stderr.write("\n".join(lines))
            sys.stderr.flush()
            self._lines = len(lines)

    def _erase(self) -> None:
        if self._lines:
            up = f"\x1b[{self._lines - 1}A" if self._lines > 1 else ""
            sys.stderr.write(f"{up}{_CLEAR_BELOW}")
        self._lines = 0

    def _emit_above(self, record: logging.LogRecord) -> None:
        self._erase()  # inside the handler's lock
        self._emit(record)


def status_line(stats: PipelineStats, before: PipelineStats | None) -> list[str]:
    """`● running 12 s  3 nodes  41.2 msg/s  slowest 1_pass 2.01 s  14 waiting  0 errors  0 lost`"""
    nodes = stats.nodes
    seconds = stats.seconds - (before.seconds if before else 0.0)
    received = sum(node.received for node in nodes.values())
    received -= sum(node.received for node in before.nodes.values()) if before else 0
    waiting = sum(node.queue + node.in_flight for node in nodes.values())
    slowest, name = max(
        ((node.update_time.percentile(50) or 0.0, name) for name, node in nodes.items()),
        default=(0.0, "-"),
    )
    parts = [
        f"● {stats.state} {stats.seconds:.0f} s",
        f"{len(nodes)} nodes",
        f"{received / seconds:.1f} msg/s" if seconds > 0 else "",
        f"slowest {name} {duration(slowest)}",
        f"{waiting} waiting",
        f"{sum(node.errors for node in nodes.values())} errors",
        f"{stats.lost} lost",
        *(f"{name}: {node.status_text}" for name, node in nodes.items() if node.status_text),
    ]
    return ["  ".join(part for part in parts if part)]


def table(stats: PipelineStats, before: PipelineStats | None) -> list[str]:
    """All nodes, a row each."""
    return [*as_table(stats, before).splitlines(), "ctrl+c stops"]
