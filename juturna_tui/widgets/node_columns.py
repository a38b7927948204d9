"""The columns of the table of nodes: which there are, where there is room for them, what stands in them. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from juturna_core.cells import ELLIPSIS, cut, printable, shorten, width
from juturna_tui.figures import count, duration, share
from juturna_tui.view import Fill, NodeView, State

Piece = tuple[str, str]
"""Text, and the tone that it is written in."""

CALM: Final = (State.FLOWING, State.IDLE)
"""States that need no word."""
TONES: Final = ("ok", "quiet", "warn", "bad")
WIDE: Final = 100
"""From this width on there are two blanks between columns."""
LEAST: Final = (
    *("dropped", "tx/s", "kind", "busy", "lost", "p99"),
    *("errors", "where", "state", "rx/s", "p50", "queue"),
)
"""Columns in the order in which they go when there is no room; the node stays."""


@dataclass(frozen=True, slots=True)
class Column:
    """Shows `attribute` of nodes in `form`, and sorts by it; what is not 0 is written in the tone `alarm`.

    `size` is in cells; 0 for words, which take what they need.
    """

    title: str
    attribute: str
    size: int = 0
    form: Callable[[Any], str] = count
    alarm: str = ""

    @property
    def number(self) -> bool:
        return self.size > 0

    def key(self, node: NodeView) -> Any:
        """What is not known counts as less than all, the worst state as the first."""
        value = getattr(node, self.attribute)
        if isinstance(value, State):
            return -TONES.index(value.tone)
        return -1 if value is None else value


@dataclass(frozen=True, slots=True)
class Slot:
    """Where a column stands, in cells."""

    column: Column
    left: int
    size: int

    def pieces(self, node: NodeView) -> list[Piece]:
        """What stands here: as wide as the column."""
        column, value = self.column, getattr(node, self.column.attribute)
        if column.title == "node":
            return [(fitted(printable(node.name), self.size - 2), "")]
        if column.title == "state":
            return [(trouble(node, self.size), node.state.tone)]
        if column.title == "queue":
            return [(fitted(queue(node), self.size, True), "warn" if node.fill >= 1 else "")]
        return [
            (fitted(column.form(value), self.size, column.number), column.alarm if value else "")
        ]


def fitted(text: str, size: int, number: bool = False) -> str:
    """Exactly `size` cells: words on the left, numbers on the right."""
    text = shorten(text, size) if width(text) > size else text
    blanks = " " * (size - width(text))
    return blanks + text if number else text + blanks


def queue(node: NodeView) -> str:
    """`14/64`, and a sign where it is full; a blank in its place where not, so that digits align."""
    limit = f"/{count(node.limit)}" if node.limit else ""
    return f"{count(node.queue)}{limit}{Fill.FULL.sign if node.fill >= 1 else ' '}"


def begun(text: str, room: int) -> str:
    """`text` or its beginning: of a sentence that tells most."""
    return text if width(text) <= room else cut(text, room - 1) + ELLIPSIS


def trouble(node: NodeView, size: int) -> str:
    """The word for the node's state, and why as far as there is room; nothing where all is well."""
    if node.text:
        word = f"{node.state.word}: "
        room = size - len(word)
        return word + begun(printable(node.text), room) if room > 3 else node.state.word
    return "" if node.state in CALM else node.state.word


COLUMNS: Final = (
    Column("node", "name"),
    Column("kind", "kind", form=printable),
    Column("where", "where", form=printable),
    Column("rx/s", "rate_in", 5),
    Column("tx/s", "rate_out", 5),
    Column("queue", "queue", 7),
    Column("p50", "latency", 7, duration),
    Column("p99", "p99", 7, duration),
    Column("busy", "busy", 5, share),
    Column("errors", "errors", 7, alarm="bad"),
    Column("dropped", "dropped", 8),
    Column("lost", "lost", 5, alarm="bad"),
    Column("state", "state"),
)


def placed(room: int, sizes: Mapping[str, int]) -> tuple[Slot, ...]:
    """The columns there is `room` for, by their `sizes`; what is left goes to the state, else to long names."""
    gap = blanks(room)
    shown = {**sizes, "node": min(sizes["node"], max(12, room // 4))}
    for title in ("", *LEAST):
        shown.pop(title, None)
        left = room - sum(shown.values()) - gap * (len(shown) - 1)
        if left >= 0:
            break
    if "state" in shown:
        shown["state"] += left
    else:
        shown["node"] = min(sizes["node"], shown["node"] + left)
    places, at = [], 0
    for column in COLUMNS:
        if column.title in shown:
            places.append(Slot(column, at, shown[column.title]))
            at += shown[column.title] + gap
    return tuple(places)


def blanks(room: int) -> int:
    """How many there are between two columns."""
    return 2 if room >= WIDE else 1


def measure(nodes: Sequence[NodeView], room: int) -> dict[str, int]:
    """Cells by column: of all nodes and not of those in sight, so that nothing moves while one scrolls."""
    limit = max((node.limit for node in nodes), default=0)
    found = {column.title: column.size for column in COLUMNS}
    found["node"] = 2 + widest("node", (node.name for node in nodes), room)
    found["kind"] = widest("kind", {node.kind for node in nodes}, 10)
    found["where"] = widest("where", {node.where for node in nodes}, 21)
    found["state"] = max(len(state.word) for state in State)
    found["queue"] = max(found["queue"], 2 * len(count(limit)) + 2)
    return found


def widest(title: str, texts: Iterable[str], most: int) -> int:
    """Room for the title with its mark, and for `texts` up to a width of `most`."""
    return max(
        len(title) + 1, min(most, max((width(printable(each)) for each in texts), default=0))
    )


def ordered(nodes: Iterable[NodeView], title: str, falling: bool) -> list[NodeView]:
    """By the column of that title; as they come if there is none."""
    found = list(nodes)
    for column in COLUMNS:
        if column.title == title:
            found.sort(key=column.key, reverse=falling)
    return found
