"""A graph on its way into cells: the columns and rows of its boxes, and the trunks in the gaps between them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import count, pairwise
from math import isqrt

from juturna_tui.layout.lanes import Trunk, in_lanes
from juturna_tui.layout.order import components, ordered
from juturna_tui.layout.rows import reach, settle
from juturna_tui.layout.wires import LEFT, RIGHT, Item, Link, Wire, way

GAP = 5
"""Cells between two columns of boxes, at least: a lane in the middle, and ▶."""


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node is, in cells; (0, 0) is the top left."""

    x: int
    y: int
    width: int
    height: int


class Sketch:
    """A graph on its way into cells. Gap 2 is right of column 2; gap -1 is the left margin."""

    def __init__(self, boxes: int, links: list[Link], width: int, height: int) -> None:
        self.links, self.size = links, (width, height)
        self.columns: dict[int, int] = {}
        self.ports: dict[Item, int] = {}  # the row of every item; see also `arrive`
        self.trunks: dict[int, list[Trunk]] = {}  # by gap
        self.used: dict[tuple[int, int], Trunk] = {}  # by gap and origin
        self.place(boxes)
        self.wire_up()
        self.lefts, self.width = self.widen()
        above, _ = reach(0, height)
        self.boxes = [
            Box(self.lefts[self.columns[box]], self.ports[box] - above, width, height)
            for box in range(boxes)
        ]
        lines = [row for gap in self.trunks.values() for trunk in gap for row in trunk.rows(LEFT)]
        self.height = 1 + max([box.y + height - 1 for box in self.boxes] + lines, default=-1)

    def place(self, boxes: int) -> None:
        """Columns and rows: one component below the other, then a table of what has no links."""
        height = self.size[1]
        alone: list[int] = []
        bottom = 0
        for group, links in components(boxes, self.links):
            if not links:
                alone += group
                continue
            columns, layers = ordered(group, links)
            hops = dict.fromkeys(hop for link in links for hop in pairwise(way(link, columns)))
            rows = settle(layers, list(hops), height)
            shift = bottom - min(row - reach(item, height)[0] for item, row in rows.items())
            self.columns.update(columns)
            self.ports.update((item, row + shift) for item, row in rows.items())
            bottom = 1 + max(self.ports[item] + reach(item, height)[1] for item in rows)
        abreast = 1 + max([isqrt(len(alone)) - 1, *self.columns.values()])
        for place, box in enumerate(alone):
            down, self.columns[box] = divmod(place, abreast)
            self.ports[box] = bottom + down * (height + (height > 1)) + reach(box, height)[0]

    def wire_up(self) -> None:
        """Trunks, with their pins and lanes."""
        nets: dict[tuple[int, int], dict[Item, None]] = defaultdict(dict)
        for link in self.links:
            for gap, one, other in self.hops(link):
                nets[gap, link[0]].update({one: None, other: None})
        alike: dict[tuple[int, object], Trunk] = {}
        for (gap, origin), items in nets.items():
            ends = frozenset(item for item in items if self.side(item, gap) == RIGHT)
            wires = [item for item in items if isinstance(item, Wire)]
            own = any(wire in ends or wire.column <= self.columns[origin] for wire in wires)
            trunk = alike.setdefault((gap, origin if own else ends), Trunk())
            self.used[gap, origin] = trunk
            for item in items:
                trunk.pins[self.side(item, gap)][item] = self.ports[item]
        for (gap, _), trunk in alike.items():
            self.trunks.setdefault(gap, []).append(trunk)
        for trunks in self.trunks.values():
            self.arrive(trunks)
            in_lanes(trunks)

    def arrive(self, trunks: list[Trunk]) -> None:
        """Gives each trunk a row of its own at a box, as long as there are some; corners last.

        Two in one row cannot be told apart further back. What comes straight to the port stays straight.
        """
        arriving: dict[int, list[Trunk]] = defaultdict(list)
        starts: dict[Trunk, list[int]] = {}
        for trunk in trunks:
            starts[trunk] = list(trunk.pins[LEFT].values())
            for item, row in trunk.pins[RIGHT].items():
                if isinstance(item, int):
                    arriving[item].append(trunk)
                else:
                    starts[trunk].append(row)
        height = self.size[1]
        for box, found in arriving.items():
            port = self.ports[box]
            top = port - reach(box, height)[0]
            rows = range(top, top + height)
            if len(found) <= height - 2:
                rows = rows[1:-1]
            found.sort(key=lambda trunk: sum(starts[trunk]) / len(starts[trunk]))
            level = next((t for t in found if port in t.pins[LEFT].values()), None)
            upper = found.index(level) if level else (len(found) - 1) // 2
            first = max(0, min(port - rows[0] - upper, len(rows) - len(found)))
            free = list(rows[first : first + len(found)])
            if level:
                found.remove(level)
                free.remove(port)
            for place, trunk in enumerate(found):
                trunk.pins[RIGHT][box] = free[min(place, len(free) - 1)] if free else port

    def widen(self) -> tuple[list[int], int]:
        """The left edge of every column, and the width of all; lanes become x."""
        lefts: list[int] = []
        x = 0
        last = max(self.columns.values(), default=-1)
        for gap in range(-1, last + 1):
            bent = [trunk for trunk in self.trunks.get(gap, ()) if trunk.bent()]
            lanes = 1 + max((lane for trunk in bent for lane in trunk.lanes), default=-1)
            step = 2 if lanes < 8 else 1
            span = (lanes - 1) * step + 1 if lanes else 0
            least = 0 if gap in (-1, last) else GAP
            before, behind = gap > -1, 2 * (gap < last)
            width = max(least, before + span + behind) if span else least
            start = x + max((width - span) // 2 if least else 0, before)
            for trunk in bent:
                trunk.lanes = [start + lane * step for lane in trunk.lanes]
            x += width
            if gap < last:
                lefts.append(x)
                x += self.size[0]
        return lefts, x

    def side(self, item: Item, gap: int) -> int:
        column = item.column if isinstance(item, Wire) else self.columns[item]
        return LEFT if column == gap else RIGHT

    def hops(self, link: Link) -> Iterator[tuple[int, Item, Item]]:
        """A link gap by gap: what it connects there."""
        first, last = (self.columns[end] for end in link)
        gaps = count(first, 1 if first < last else -1)
        hops = pairwise(way(link, self.columns))
        return ((gap, one, other) for gap, (one, other) in zip(gaps, hops, strict=False))

    def edge(self, side: int, gap: int) -> int:
        """The outermost column of cells in a gap."""
        return self.lefts[gap] + self.size[0] if side == LEFT else self.lefts[gap + 1] - 1

    def pin(self, trunk: Trunk, item: Item, gap: int) -> tuple[tuple[int, int], int]:
        """The cell in which a trunk meets an item, and the lane from there."""
        side = self.side(item, gap)
        return (self.edge(side, gap), trunk.pins[side][item]), trunk.lanes[side]
