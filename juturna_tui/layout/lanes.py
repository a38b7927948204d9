"""The gaps between columns: what links are there is one line, a `Trunk`, and bent ones need lanes to go up and down."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from itertools import count

from juturna_tui.layout.wires import LEFT, RIGHT, Item


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
