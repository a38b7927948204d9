"""Which column a box is in, and what is above what there: graphlay says it, or `by_hand` where that fails.

Both are engines: (boxes, links) -> the column of every box; the height, in any unit, of boxes and wires.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeAlias

from juturna_tui.layout.wires import LEFT, RIGHT, Item, Link, Wire, chain, way

GRAPHLAY = {
    "direction": "leftright",
    "coords": {"placement": "brandes_koepf"},
    # Its routes are not drawn. Repairing them takes 350 s for a fan-out of 1000, and 25 ms go without.
    "tuning": {"routing": {"port_relax_rounds": 0, "overlap_repair_rounds": 0}},
}

Order: TypeAlias = tuple[dict[int, int], dict[Item, float]]


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
