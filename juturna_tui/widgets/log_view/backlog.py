"""The lines that are kept, whether shown or not: the latest. Pure."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence

from juturna_tui.widgets.log_view.line import SEVERITIES, Line

MOST = 64_000_000
"""Characters that are kept of all lines."""


class Backlog:
    """At most `capacity` lines, and MOST characters, the oldest first."""

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self.dropped = 0
        """Lines that were let go of."""
        self.missed = 0
        """Lines that were lost on the way here."""
        self._lines: deque[Line] = deque()
        self._characters = 0

    def __len__(self) -> int:
        return len(self._lines)

    def __iter__(self) -> Iterator[Line]:
        return iter(self._lines)

    def extend(self, lines: Sequence[Line]) -> list[Line]:
        """The oldest lines, which had to go."""
        self._lines += lines
        self._characters += sum(len(line.text) for line in lines)
        gone = []
        while len(self._lines) > self.capacity or self._characters > MOST:
            line = self._lines.popleft()
            self._characters -= len(line.text)
            gone.append(line)
        self.dropped += len(gone)
        return gone


def passing(lines: Sequence[Line], node: str, level: str) -> Sequence[Line]:
    """Those of this node and of at least this level or, where it is none of the log's, of exactly this kind."""
    least = SEVERITIES.get(level)
    if node:
        lines = [line for line in lines if line.node == node]
    if least is not None:
        lines = [line for line in lines if SEVERITIES.get(line.level, 20) >= least]
    elif level:
        lines = [line for line in lines if line.level == level]
    return lines
