"""A sketch becomes lines of box-drawing characters, and the cells of every link."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypeAlias

from juturna_tui.layout.sketch import Box, Sketch
from juturna_tui.layout.wires import LEFT, RIGHT, Link, Wire

Cell: TypeAlias = tuple[int, int]

NORTH, EAST, SOUTH, WEST = 1, 2, 4, 8
FORTH, BACK, JOINT = 16, 17, 18
GLYPHS = dict(enumerate(" ╵╶╰╷│╭├╴╯─┴╮┤┬┼▶◀╋"))


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


def drawn(sketch: Sketch, links: Sequence[Link | None]) -> CellLayout:
    """The whole of it; None is a link with an end that is unknown."""
    routes = {link: route(sketch, link) for link in sketch.links}
    return CellLayout(
        sketch.width,
        sketch.height,
        tuple(sketch.boxes),
        tuple(routes[link] if link else () for link in links),
        draw(sketch),
        row_boxes(sketch),
    )


def route(sketch: Sketch, link: Link) -> tuple[Cell, ...]:
    """All cells of a link, from beside its origin to beside its destination."""
    corners: list[Cell] = []
    for gap, *ends in sketch.hops(link):
        trunk = sketch.used[gap, link[0]]
        (start, first), (end, last) = (sketch.pin(trunk, item, gap) for item in ends)
        corners.append(start)
        if trunk.bent():
            turn = start[1] if trunk.turn is None else trunk.turn
            corners += [(first, start[1]), (first, turn), (last, turn), (last, end[1])]
        corners.append(end)
    cells = [corners[0]]
    for (x, y), (to_x, to_y) in pairwise(corners):
        across, down = 1 if to_x > x else -1, 1 if to_y > y else -1
        cells += [(column, y) for column in range(x + across, to_x + across, across) if x != to_x]
        cells += [(x, row) for row in range(y + down, to_y + down, down) if y != to_y]
    return tuple(cells)


class Canvas:
    """Rows of cells, a byte each: the sides of the cell that a line leads to, or one of FORTH, BACK, JOINT."""

    def __init__(self, width: int, height: int) -> None:
        self.cells = [bytearray(width) for _ in range(height)]

    def across(self, row: int, start: int, end: int) -> None:
        start, end = sorted((start, end))
        line = self.cells[row]
        for x in range(start, end):
            line[x] |= EAST
            line[x + 1] |= WEST

    def down(self, x: int, start: int, end: int) -> None:
        for y in range(start, end):
            self.cells[y][x] |= SOUTH
            self.cells[y + 1][x] |= NORTH

    def join(self, x: int, y: int) -> None:
        """What would be a crossing is a joint."""
        if self.cells[y][x] == NORTH | EAST | SOUTH | WEST:
            self.cells[y][x] = JOINT

    def blank(self, box: Box) -> None:
        for line in self.cells[box.y : box.y + box.height]:
            line[box.x : box.x + box.width] = bytes(box.width)

    def rows(self) -> tuple[str, ...]:
        return tuple(line.decode("latin-1").translate(GLYPHS) for line in self.cells)


def draw(sketch: Sketch) -> tuple[str, ...]:
    """The lines."""
    canvas = Canvas(sketch.width, sketch.height)
    joints: list[Cell] = []
    heads: dict[Cell, int] = {}
    for gap, trunks in sketch.trunks.items():
        for trunk in trunks:
            bent = trunk.bent()
            for side, pins in enumerate(trunk.pins):
                if bent:
                    reached = trunk.rows(side)
                    canvas.down(trunk.lanes[side], min(reached), max(reached))
                for item, row in pins.items():
                    edge = sketch.edge(side, gap)
                    inside = edge - 1 if side == LEFT else edge + 1  # so that the edge is no end
                    lane = trunk.lanes[side] if bent else sketch.edge(1 - side, gap)
                    canvas.across(row, inside, lane)
                    joints.append((lane, row))
                    if side == RIGHT and isinstance(item, int):
                        heads[edge, row] = FORTH
            if trunk.turn is not None:
                canvas.across(trunk.turn, *trunk.lanes)
    for wire, row in sketch.ports.items():
        if isinstance(wire, Wire):
            left = sketch.lefts[wire.column]
            canvas.across(row, left, left + sketch.size[0] - 1)
            if wire.column <= sketch.columns[wire.origin]:
                heads[left + sketch.size[0] // 2, row] = BACK
    for x, y in joints:
        canvas.join(x, y)
    for (x, y), head in heads.items():
        canvas.cells[y][x] = head
    for box in sketch.boxes:
        canvas.blank(box)
    return canvas.rows()


def row_boxes(sketch: Sketch) -> tuple[tuple[int, ...], ...]:
    """For every row the boxes on it, from left to right."""
    found: list[list[int]] = [[] for _ in range(sketch.height)]
    for place in sorted(range(len(sketch.boxes)), key=lambda place: sketch.boxes[place].x):
        box = sketch.boxes[place]
        for row in found[box.y : box.y + box.height]:
            row.append(place)
    return tuple(map(tuple, found))
