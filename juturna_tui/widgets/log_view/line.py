"""One line of the log, and how it is written: its head in columns, its text in rows. Pure."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime

from juturna_core.cells import printable, shorten, width

LONGEST = 24_000
"""Characters that are kept of a line. A pipeline's own log keeps 20 000 and a remark, which is to stay."""
NODE_CELLS = 20
KIND_CELLS = 12
TAB = 4
SEVERITIES = {"DEBUG": 10, "INFO": 20, "WARNING": 30, "ERROR": 40, "CRITICAL": 50}
CLOCK_CELLS = len("HH:MM:SS.mmm")


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the log or one event. `time` is seconds since the epoch; `level` is an event's kind."""

    time: float
    level: str
    node: str
    text: str


def bounded(line: Line) -> Line:
    """`line` without line ends at its end and, when it is too long, with how many more characters there were."""
    text = line.text
    if len(text) <= LONGEST and text[-1:] != "\n":
        return line
    text = text.rstrip("\n")
    if (more := len(text) - LONGEST) > 0:
        text = f"{text[:LONGEST]}\n… {spaced(more)} more characters"
    return replace(line, text=text)


def spaced(count: int) -> str:
    """Digits in groups of three."""
    return f"{count:,}".replace(",", " ")


def rows_of(text: str) -> list[str]:
    """The rows that `text` takes, harmless to a terminal."""
    if text.isprintable():  # so it is one row, and most are
        return [text]
    return [printable(row.expandtabs(TAB)) for row in text.split("\n")]


def clock(seconds: float) -> str:
    """The time of day here, to a millisecond."""
    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3]


class Head:
    """What stands before the text of lines: time, level or kind, node. Columns are as wide as those so far need."""

    def __init__(self) -> None:
        self._kind_cells = 1
        self._node_cells = 0

    @property
    def cells(self) -> int:
        """With the blank behind it."""
        return CLOCK_CELLS + 1 + self._kind_cells + 1 + bool(self._node_cells) + self._node_cells

    def widen(self, seen: Collection[tuple[str, str]]) -> bool:
        """Make room for levels and nodes that are longer than those before; whether there were any."""
        kinds = [width(printable(kind)) for kind, _ in seen if kind not in SEVERITIES]
        nodes = [width(printable(node)) for _, node in seen]
        before = self._kind_cells, self._node_cells
        self._kind_cells = max(self._kind_cells, min(KIND_CELLS, max(kinds, default=0)))
        self._node_cells = max(self._node_cells, min(NODE_CELLS, max(nodes, default=0)))
        return before != (self._kind_cells, self._node_cells)

    def columns(self, line: Line) -> list[tuple[str, int, str]]:
        """Texts, the cells that each takes with the blanks behind it, and the part of the line that it is."""
        known = line.level in SEVERITIES
        level, part = (line.level[:1], line.level.lower()) if known else (line.level, "kind")
        found = (
            (clock(line.time), CLOCK_CELLS, "time"),
            (level, self._kind_cells, part),
            (line.node, self._node_cells, "node"),
        )
        return [
            (shorten(printable(text), cells), cells + 1, part)
            for text, cells, part in found
            if cells
        ]
