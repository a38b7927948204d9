"""Places a graph in terminal cells: boxes in columns from left to right, links as box-drawing lines between them.

How to read the drawing, and what the code below keeps true:

- What leaves a box leaves at its right side, from one row, for a node sends the same message to all its links; what
  arrives does so at the left side, under ▶. A link that leads back (or to its own node) runs below or above boxes,
  with ◀ on its way, and then arrives like all others.
- Nodes with the same destinations share one line (`Trunk`). ┼ is a crossing; ╋ is a joint.

An engine says in which column a box is, and what is above what there: graphlay, or `by_hand` where that fails. All
the rest is ours and counts in cells: rows (`settle`), ports and lanes (`wire_up`), then the drawing. One component of
the graph after the other, isolated nodes last. The same graph always gives the same picture.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count, pairwise
from math import isqrt
from typing import NamedTuple, TypeAlias

Cell: TypeAlias = tuple[int, int]
Link: TypeAlias = tuple[int, int]

GAP = 5  # columns between boxes, at least: a lane in the middle, and ▶
LEFT, RIGHT = 0, 1  # sides of the gap between two columns
NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
FORTH, BACK, JOINT = 16, 17, 18
CROWD = 40  # blocks that move together, at most: a fan-out of 1000 takes seconds with all
GRAPHLAY = {
    "direction": "leftright",
    "coords": {"placement": "brandes_koepf"},
    # Its routes are not drawn. Repairing them takes 350 s for a fan-out of 1000, and 25 ms go without.
    "tuning": {"routing": {"port_relax_rounds": 0, "overlap_repair_rounds": 0}},
}
GLYPHS = dict(enumerate(" ╵╶╰╷│╭├╴╯─┴╮┤┬┼▶◀╋"))
ASCII = str.maketrans("╵╶╰╷│╭├╴╯─┴╮┤┬┼▶◀╋", "|-+||++-+-+++++><+")


@dataclass(frozen=True, slots=True)
class Box:
    """Where a node is, in cells; (0, 0) is the top left."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class CellLayout:
    """A graph in cells. `boxes` and `routes` are in the order of the names and links that it was made from."""

    width: int
    height: int
    boxes: tuple[Box, ...]
    routes: tuple[tuple[Cell, ...], ...]
    """For every link its cells, from beside its origin to beside its destination; () where an end is unknown."""
    rows: tuple[str, ...]
    """The lines, `width` characters a row; blank where boxes are."""
    row_boxes: tuple[tuple[int, ...], ...]
    """For every row the indexes of the boxes on it, from left to right."""


class Wire(NamedTuple):
    """What the links from one origin share of a column that they pass."""

    origin: int
    column: int


Item: TypeAlias = int | Wire  # what lies in a column: a box, by its index, or a wire
Hop: TypeAlias = tuple[Item, Item]


@dataclass(slots=True, eq=False)
class Trunk:
    """Links that are one line in one gap: pins at both sides, with their rows, and a lane that connects them."""

    pins: tuple[dict[Item, int], dict[Item, int]] = field(default_factory=lambda: ({}, {}))
    lanes: list[int] = field(default_factory=lambda: [0, 0])
    """From the left pins and to the right pins: the same lane, but for a trunk with a `turn`."""
    turn: int | None = None
    """The row in which it changes lanes."""

    def rows(self, side: int) -> list[int]:
        """What its lane at that side reaches."""
        if self.turn is not None:
            return [*self.pins[side].values(), self.turn]
        return [*self.pins[LEFT].values(), *self.pins[RIGHT].values()]

    def bent(self) -> bool:
        rows = self.rows(LEFT)
        return min(rows) != max(rows)


def layout(
    names: Sequence[str], links: Sequence[tuple[str, str]], size: tuple[int, int] = (24, 4)
) -> CellLayout:
    """Places boxes of `size` cells (width, height). Links from or to unknown names are skipped."""
    index = {name: place for place, name in enumerate(names)}
    known = [
        (index[origin], index[destination]) if origin in index and destination in index else None
        for origin, destination in links
    ]
    sketch = Sketch(len(names), list(dict.fromkeys(link for link in known if link)), *size)
    routes = {link: sketch.route(link) for link in sketch.links}
    return CellLayout(
        sketch.width,
        sketch.height,
        tuple(sketch.boxes),
        tuple(routes[link] if link else () for link in known),
        sketch.draw(),
        sketch.row_boxes(),
    )


def ascii_art(row: str) -> str:
    """The same row in - | + > < only."""
    return row.translate(ASCII)


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


# Engines: (boxes, links) -> the column of every box; the height, in any unit, of boxes and of wires between them.

Order: TypeAlias = tuple[dict[int, int], dict[Item, float]]


def by_graphlay(boxes: list[int], links: list[Link]) -> Order:
    """Half the crossings of ours; 1000 nodes in 100 ms."""
    import graphlay

    graph = graphlay.Graph()
    for box in boxes:
        graph.node(box, width=192, height=64)
    for origin, destination in links:
        graph.edge(origin, destination)
    effort = "balanced" if len(boxes) < 150 else "fast"  # 300 nodes: 130 or 15 ms
    placed = graphlay.layout(graph, options={**GRAPHLAY, "effort": effort})
    columns = {box: int(node["rank"]) for box, node in zip(boxes, placed.nodes, strict=True)}
    heights: dict[Item, float] = {
        box: node["center"]["y"] for box, node in zip(boxes, placed.nodes, strict=True)
    }
    middles = {node["rank"]: node["center"]["x"] for node in placed.nodes}
    passing: dict[Wire, list[float]] = defaultdict(list)
    for link, edge in zip(links, placed.edges, strict=True):
        points = sorted((point["x"], point["y"]) for point in edge["points"])
        for item in chain(link, columns):
            if isinstance(item, Wire):
                after = bisect_left(points, (middles[item.column], 0.0))
                passing[item].append(points[min(after, len(points) - 1)][1])
    heights.update((wire, sum(found) / len(found)) for wire, found in passing.items())
    return columns, heights


def by_hand(boxes: list[int], links: list[Link]) -> Order:
    """Columns by the longest way to a box, ordered by the mean of what each item is linked with."""
    columns = longest_ways(boxes, links)
    beside: tuple[dict[Item, set[Item]], ...] = (defaultdict(set), defaultdict(set))
    layers: dict[int, dict[Item, None]] = defaultdict(dict)
    for box in boxes:
        layers[columns[box]][box] = None
    for link in links:
        first = min(columns[link[0]], columns[link[1]])
        for column, (left, right) in enumerate(pairwise(chain(link, columns)), first):
            layers[column][left] = layers[column + 1][right] = None
            beside[RIGHT][left].add(right)
            beside[LEFT][right].add(left)
    rows = [list(layers[column]) for column in sorted(layers)]
    heights: dict[Item, float] = {}
    for row in rows:
        heights.update((item, float(place)) for place, item in enumerate(row))
    for sweep in range(8):
        side = sweep % 2
        for row in rows if side == LEFT else reversed(rows):
            for item in row:
                if near := beside[side].get(item):
                    heights[item] = sum(heights[other] for other in near) / len(near)
            row.sort(key=heights.__getitem__)
            heights.update((item, float(place)) for place, item in enumerate(row))
    return columns, heights


def longest_ways(boxes: list[int], links: list[Link]) -> dict[int, int]:
    """Columns such that links lead to the right, but for few in cycles. Sources stand close to what they feed."""
    behind: dict[int, list[int]] = {box: [] for box in boxes}
    waiting = dict.fromkeys(boxes, 0)
    for origin, destination in links:
        behind[origin].append(destination)
        waiting[destination] += 1

    def burden(box: int) -> tuple[bool, int]:
        return not behind[box], waiting[box] - len(behind[box])

    sources = [box for box, number in waiting.items() if not number]
    ready = list(sources)
    columns = dict.fromkeys(boxes, 0)
    while waiting:
        # Without one that is ready there is a cycle: links to this one, from what still waits, lead back.
        box = ready.pop() if ready else min(waiting, key=burden)
        del waiting[box]
        for other in behind[box]:
            if other in waiting:
                columns[other] = max(columns[other], columns[box] + 1)
                waiting[other] -= 1
                if not waiting[other]:
                    ready.append(other)
    for box in sources:
        columns[box] = min(columns[other] for other in behind[box]) - 1
    return columns


def components(boxes: int, links: list[Link]) -> Iterator[tuple[list[int], list[Link]]]:
    """Boxes that are linked with each other, whichever way, and their links."""
    linked: list[list[Link]] = [[] for _ in range(boxes)]
    for link in links:
        for box in set(link):
            linked[box].append(link)
    seen: set[int] = set()
    for box in range(boxes):
        if box not in seen:
            seen.add(box)
            group = [box]
            for member in group:
                fresh = dict.fromkeys(
                    end for link in linked[member] for end in link if end not in seen
                )
                seen.update(fresh)
                group.extend(fresh)
            group.sort()
            yield group, [link for member in group for link in linked[member] if link[0] == member]


def ordered(boxes: list[int], links: list[Link]) -> tuple[dict[int, int], list[list[Item]]]:
    """The column of every box; and columns, each from top to bottom, with boxes and wires."""
    apart = [link for link in links if link[0] != link[1]]
    columns: dict[int, int] = {boxes[0]: 0}
    heights: dict[Item, float] = {boxes[0]: 0.0}
    if apart:
        columns, heights = order(boxes, apart)
    keys = {item: (height, 0) for item, height in heights.items()}
    for link in links:
        items = way(link, columns)
        for box, wire, *inner in (items[:3], items[:-4:-1]) if len(items) > 2 else ():
            # What leads back turns beside its ends: on the side where the rest of it is, or below.
            above = any(keys.get(item, keys[box]) < keys[box] for item in inner)
            keys.setdefault(wire, (keys[box][0], -1 if above else 1))
    layers: list[list[Item]] = [[] for _ in range(max(columns.values()) + 1)]
    for item in sorted(keys, key=keys.__getitem__):
        layers[item.column if isinstance(item, Wire) else columns[item]].append(item)
    return columns, layers


def order(boxes: list[int], links: list[Link]) -> Order:
    """What graphlay says, or else what we do."""
    try:
        return by_graphlay(boxes, links)
    except Exception:  # noqa: BLE001  a drawing never fails because of who orders it
        return by_hand(boxes, links)


# Rows.


def reach(item: Item, height: int) -> tuple[int, int]:
    """How many rows an item takes above its port, and from there on."""
    port = (height - 1) // 2
    return (0, 1) if isinstance(item, Wire) else (port, height - port)


def straight(layers: list[list[Item]], links: list[Hop]) -> dict[Item, Item]:
    """What shall lie in the row of what is left of it: the middle one of several, wires first, nothing that crosses."""
    place = {item: index for layer in layers for index, item in enumerate(layer)}
    column = {item: index for index, layer in enumerate(layers) for item in layer}
    beside: tuple[dict[Item, list[Item]], ...] = (defaultdict(list), defaultdict(list))
    for left, right in links:
        insort(beside[RIGHT][left], right, key=place.__getitem__)
        insort(beside[LEFT][right], left, key=place.__getitem__)

    def off(item: Item, near: list[Item]) -> int:
        return abs(2 * near.index(item) - len(near) + 1)

    def rank(link: Hop) -> tuple[bool, int, int, int]:
        left, right = link
        bends = off(right, beside[RIGHT][left]) + off(left, beside[LEFT][right])
        box = isinstance(left, int) or isinstance(right, int)
        return box, bends, place[left], place[right]

    chosen: dict[Item, Item] = {}
    kept: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for left, right in sorted(links, key=rank):
        mine = (place[left], place[right])
        others = kept[column[left]]
        spot = bisect_left(others, mine)
        upper, lower = others[max(spot - 1, 0) : spot], others[spot : spot + 1]
        if all(a < mine[0] and b < mine[1] for a, b in upper) and all(
            a > mine[0] and b > mine[1] for a, b in lower
        ):
            others.insert(spot, mine)
            chosen[right] = left
    return chosen


def settle(layers: list[list[Item]], links: list[Hop], height: int) -> dict[Item, int]:
    """The row of every item's port. What is straight moves as one block, towards what it is linked with."""
    column = {item: index for index, layer in enumerate(layers) for item in layer}
    flat = [(one, other) for one, other in links if column[one] < column[other]]
    flat += [(other, one) for one, other in links if column[one] > column[other]]
    left_of = straight(layers, list(dict.fromkeys(flat)))
    block: dict[Item, Item] = {}
    for layer in layers:
        for item in layer:
            block[item] = block[left_of[item]] if item in left_of else item
    below: dict[Item, dict[Item, int]] = defaultdict(dict)
    above: dict[Item, dict[Item, int]] = defaultdict(dict)
    for layer in layers:
        for upper, lower in pairwise(layer):
            apart = reach(upper, height)[1] + reach(lower, height)[0] + (height > 1)
            one, other = block[upper], block[lower]
            below[one][other] = above[other][one] = max(apart, below[one].get(other, 0))
    beside: dict[Item, list[Item]] = defaultdict(list)
    for left, right in links:
        if block[left] != block[right]:
            beside[block[left]].append(block[right])
            beside[block[right]].append(block[left])
    rows: dict[Item, int] = {}
    waiting = {one: len(above[one]) for one in block.values()}
    ready = [one for one, number in waiting.items() if not number]
    for one in ready:
        rows[one] = max((rows[other] + apart for other, apart in above[one].items()), default=0)
        for other in below[one]:
            waiting[other] -= 1
            if not waiting[other]:
                ready.append(other)
    for sign, neighbours, sequence in ((1, below, ready[::-1]), (-1, above, ready)) * 3:
        for one in sequence:
            while slide(one, sign, rows, neighbours, beside):
                pass
    return {item: rows[one] for item, one in block.items()}


def slide(
    first: Item,
    sign: int,
    rows: dict[Item, int],
    neighbours: dict[Item, dict[Item, int]],
    beside: dict[Item, list[Item]],
) -> bool:
    """Moves a block down (1) or up (-1), with all that it pushes, if that shortens more links than it lengthens."""

    def pull(one: Item) -> int:
        return sum(
            1 if (rows[o] - rows[one]) * sign > 0 else -1 for o in beside[one] if o not in group
        )

    group = {first: None}
    if pull(first) <= 0:
        return False
    space = []
    members = [first]
    for one in members:
        if len(members) > CROWD:
            return False
        for other, apart in neighbours[one].items():
            slack = (rows[other] - rows[one]) * sign - apart
            if slack:
                space.append(slack)
            elif other not in group:
                group[other] = None
                members.append(other)
    if sum(map(pull, group)) <= 0:
        return False
    ways = ((rows[o] - rows[one]) * sign for one in group for o in beside[one] if o not in group)
    step = min([*space, *(way for way in ways if way > 0)])
    for one in group:
        rows[one] += step * sign
    return True


# Lanes.


def in_lanes(trunks: list[Trunk]) -> None:
    """Gives every bent trunk of a gap a lane such that lines only cross or join.

    Where one trunk has its left pin in a row and another its right pin, the first needs the lane further left. Where
    that is impossible, a trunk changes lanes in a row without pins: from one on the left to one on the right.
    """
    bent = [trunk for trunk in trunks if trunk.bent()]
    starts = {row: trunk for trunk in bent for row in trunk.pins[LEFT].values()}
    after: dict[Trunk, set[Trunk]] = {trunk: set() for trunk in bent}
    for trunk in bent:
        for row in trunk.pins[RIGHT].values():
            if (other := starts.get(row, trunk)) is not trunk:
                after[other].add(trunk)
    waiting = dict.fromkeys(bent, 0)
    for followers in after.values():
        for trunk in followers:
            waiting[trunk] += 1
    taken = {row for trunk in trunks for side in trunk.pins for row in side.values()}
    place = {trunk: index for index, trunk in enumerate(sorted(bent, key=slope))}
    ready = [(place[trunk], trunk) for trunk, number in waiting.items() if not number]
    heapify(ready)
    lanes: list[tuple[Trunk, int]] = []
    turned: list[tuple[Trunk, int]] = []
    while waiting:
        if ready:
            _, trunk = heappop(ready)
            lanes.append((trunk, LEFT))
        else:
            trunk = min(
                (trunk for trunk in waiting if all(trunk.pins)),
                key=lambda trunk: (waiting[trunk], place[trunk]),
            )
            middle = sum(trunk.rows(LEFT)) // len(trunk.rows(LEFT))
            trunk.turn = next(
                row
                for apart in count()
                for row in (middle - apart, middle + apart)
                if row >= 0 and row not in taken
            )
            taken.add(trunk.turn)
            lanes.append((trunk, LEFT))
            turned.append((trunk, RIGHT))
        del waiting[trunk]
        for other in after[trunk]:
            if other in waiting:
                waiting[other] -= 1
                if not waiting[other]:
                    heappush(ready, (place[other], other))
    used: dict[int, int] = defaultdict(int)  # by row: the lanes up to here
    for trunk, side in lanes + turned:
        reached = trunk.rows(side)
        span = range(min(reached), max(reached) + 1)
        lane = max(used[row] for row in span)
        used.update(dict.fromkeys(span, lane + 1))
        trunk.lanes[side] = lane
        if trunk.turn is None:
            trunk.lanes[RIGHT] = lane


def slope(trunk: Trunk) -> tuple[bool, float]:
    """Lanes in this order cross least: what leads down, the lowest first; then what leads up, the highest first."""
    start, end = (
        sum(rows) / len(rows) if rows else 0.0 for rows in (pins.values() for pins in trunk.pins)
    )
    return end < start, start if end < start else -start


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

    def pin(self, trunk: Trunk, item: Item, gap: int) -> tuple[Cell, int]:
        """The cell in which a trunk meets an item, and the lane from there."""
        side = self.side(item, gap)
        return (self.edge(side, gap), trunk.pins[side][item]), trunk.lanes[side]

    def route(self, link: Link) -> tuple[Cell, ...]:
        """All cells of a link, from beside its origin to beside its destination."""
        corners: list[Cell] = []
        for gap, *ends in self.hops(link):
            trunk = self.used[gap, link[0]]
            (start, first), (end, last) = (self.pin(trunk, item, gap) for item in ends)
            corners.append(start)
            if trunk.bent():
                turn = start[1] if trunk.turn is None else trunk.turn
                corners += [(first, start[1]), (first, turn), (last, turn), (last, end[1])]
            corners.append(end)
        cells = [corners[0]]
        for (x, y), (to_x, to_y) in pairwise(corners):
            across, down = 1 if to_x > x else -1, 1 if to_y > y else -1
            cells += [
                (column, y) for column in range(x + across, to_x + across, across) if x != to_x
            ]
            cells += [(x, row) for row in range(y + down, to_y + down, down) if y != to_y]
        return tuple(cells)

    def draw(self) -> tuple[str, ...]:
        """The lines."""
        cells = [bytearray(self.width) for _ in range(self.height)]
        joints: list[Cell] = []
        heads: dict[Cell, int] = {}

        def across(row: int, start: int, end: int) -> None:
            start, end = sorted((start, end))
            line = cells[row]
            for x in range(start, end):
                line[x] |= EAST
                line[x + 1] |= WEST

        def down(x: int, start: int, end: int) -> None:
            for y in range(start, end):
                cells[y][x] |= SOUTH
                cells[y + 1][x] |= NORTH

        for gap, trunks in self.trunks.items():
            for trunk in trunks:
                bent = trunk.bent()
                for side, pins in enumerate(trunk.pins):
                    if bent:
                        reached = trunk.rows(side)
                        down(trunk.lanes[side], min(reached), max(reached))
                    for item, row in pins.items():
                        edge = self.edge(side, gap)
                        inside = (
                            edge - 1 if side == LEFT else edge + 1
                        )  # so that the edge is no end
                        lane = trunk.lanes[side] if bent else self.edge(1 - side, gap)
                        across(row, inside, lane)
                        joints.append((lane, row))
                        if side == RIGHT and isinstance(item, int):
                            heads[edge, row] = FORTH
                if trunk.turn is not None:
                    across(trunk.turn, *trunk.lanes)
        for wire, row in self.ports.items():
            if isinstance(wire, Wire):
                left = self.lefts[wire.column]
                across(row, left, left + self.size[0] - 1)
                if wire.column <= self.columns[wire.origin]:
                    heads[left + self.size[0] // 2, row] = BACK
        for x, y in joints:
            if cells[y][x] == NORTH | EAST | SOUTH | WEST:
                cells[y][x] = JOINT
        for (x, y), head in heads.items():
            cells[y][x] = head
        for box in self.boxes:
            for line in cells[box.y : box.y + box.height]:
                line[box.x : box.x + box.width] = bytes(box.width)
        return tuple(line.decode("latin-1").translate(GLYPHS) for line in cells)

    def row_boxes(self) -> tuple[tuple[int, ...], ...]:
        found: list[list[int]] = [[] for _ in range(self.height)]
        for place in sorted(range(len(self.boxes)), key=lambda place: self.boxes[place].x):
            box = self.boxes[place]
            for row in found[box.y : box.y + box.height]:
                row.append(place)
        return tuple(map(tuple, found))
