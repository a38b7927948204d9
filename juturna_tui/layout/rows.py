"""The row of everything in the columns of a layout: as straight and as short as links can be, for little time."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections import defaultdict
from itertools import pairwise

from juturna_tui.layout.wires import LEFT, RIGHT, Hop, Item, Wire

CROWD = 40
"""Blocks that move together, at most: a fan-out of 1000 takes seconds with all."""


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
