"""What lies in the columns of a layout: boxes, by their index, and wires, which are links that pass the column."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

LEFT, RIGHT = 0, 1
"""Sides: of an item, or of the gap between two columns."""
Link: TypeAlias = tuple[int, int]
"""Its origin and its destination, both boxes."""


class Wire(NamedTuple):
    """What the links from one origin share of a column that they pass."""

    origin: int
    column: int


Item: TypeAlias = int | Wire
"""What lies in a column: a box, by its index, or a wire."""
Hop: TypeAlias = tuple[Item, Item]
"""What a link connects from one column to the next."""


def way(link: Link, columns: dict[int, int]) -> list[Item]:
    """What a link connects one after the other. If it leads back, it passes the columns of its ends too."""
    origin, destination = link
    first, last = columns[origin], columns[destination]
    passed = range(first + 1, last) if first < last else range(first, last - 1, -1)
    return [origin, *(Wire(origin, column) for column in passed), destination]


def chain(link: Link, columns: dict[int, int]) -> list[Item]:
    """A link from left to right, one item a column, whichever way it leads: what an engine orders."""
    items = way(link, columns)
    if columns[link[0]] < columns[link[1]]:
        return items
    return [items[-1], *items[-3:1:-1], items[0]]
