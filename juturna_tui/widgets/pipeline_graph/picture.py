"""Where everything is: a graph with its layout, in cells. Pure."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from textual.geometry import Region

from juturna_tui.layout import Box, CellLayout

DIRECTIONS: Final = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}


class Graph(NamedTuple):
    """What a layout is made of."""

    names: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    size: tuple[int, int]


class Picture:
    """A graph that is laid out. Nodes and links go by their index, as in the graph."""

    def __init__(self, graph: Graph, layout: CellLayout) -> None:
        self.graph, self.layout = graph, layout
        self.index = {name: index for index, name in enumerate(graph.names)}
        self.box_size = graph.size
        if layout.boxes:
            self.box_size = layout.boxes[0].width, layout.boxes[0].height
        self._cells: dict[int, dict[int, list[int]]] = {}

    def box(self, name: str) -> Box | None:
        return self.layout.boxes[self.index[name]] if name in self.index else None

    def in_row(self, row: int, left: int, right: int) -> Sequence[int]:
        """The boxes of a row that reach into the columns from `left` to `right`."""
        if not 0 <= row < len(self.layout.row_boxes):
            return ()
        boxes, indexes = self.layout.boxes, self.layout.row_boxes[row]
        first = bisect_right(indexes, left - self.box_size[0], key=lambda index: boxes[index].x)
        return indexes[first : bisect_left(indexes, right, key=lambda index: boxes[index].x)]

    def within(self, window: Region) -> Iterable[int]:
        """The boxes of which a part is in the window, each once."""
        found: dict[int, None] = {}
        for row in range(window.y, window.bottom):
            found.update(dict.fromkeys(self.in_row(row, window.x, window.right)))
        return found

    def node_at(self, x: int, y: int) -> str:
        found = self.in_row(y, x, x + 1)
        return self.graph.names[found[0]] if found else ""

    def cells_of(self, link: int) -> dict[int, list[int]]:
        """The columns of a link, by row."""
        if link not in self._cells:
            found: dict[int, list[int]] = {}
            for x, y in self.layout.routes[link]:
                found.setdefault(y, []).append(x)
            self._cells[link] = found
        return self._cells[link]

    def next(self, name: str, direction: str) -> str:
        """Along an edge if one leads there, else to the nearest box; up and down rather in the same column."""
        boxes = self.layout.boxes
        here = boxes[self.index[name]]
        across, down = DIRECTIONS[direction]

        def away(index: int) -> tuple[int, int]:
            return abs(boxes[index].x - here.x), abs(boxes[index].y - here.y)

        def distance(index: int) -> int:
            columns, rows = away(index)
            return columns + 2 * rows  # a cell is twice as high as wide

        ahead = [
            index
            for index, box in enumerate(boxes)
            if (box.x - here.x) * across + (box.y - here.y) * down > 0
        ]
        if not ahead:
            return name
        if down:
            near = [index for index in ahead if away(index)[0] < here.width]
            return self.graph.names[min(near or ahead, key=distance)]
        ends = [link[:: 1 if across > 0 else -1] for link in self.graph.links]
        linked = {self.index[end] for origin, end in ends if origin == name}
        by_edge = [index for index in ahead if index in linked]
        if by_edge:
            return self.graph.names[min(by_edge, key=lambda index: away(index)[::-1])]
        return self.graph.names[min(ahead, key=distance)]
