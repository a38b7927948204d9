"""What of a picture is in sight, row by row: boxes and links, drawn when they are looked at, and what has changed."""

from __future__ import annotations

from operator import itemgetter
from typing import Final

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Region
from textual.strip import Strip

from juturna_tui.view import Fill, Frame, NodeView
from juturna_tui.widgets.pipeline_graph.brush import Brush, Piece, joined
from juturna_tui.widgets.pipeline_graph.picture import Picture

FILL_STYLES: Final = {Fill.EASY: "selected", Fill.FILLING: "warn", Fill.FULL: "bad"}
SEVERITY: Final = {Fill.EASY: 0, Fill.FILLING: 1, Fill.FULL: 2}


class Painting:
    """A picture with the numbers of a frame. What was drawn is kept until it changes."""

    def __init__(self, picture: Picture, brush: Brush, frame: Frame) -> None:
        self.picture, self.brush, self.frame = picture, brush, frame
        self.selected = ""
        self.flashed: frozenset[str] = frozenset()
        self._faces: dict[int, tuple[tuple[NodeView, bool, bool], tuple[Strip, ...]]] = {}
        self._lit: list[tuple[int, Style, str]] | None = None

    def stress(self, selected: str, flashed: frozenset[str]) -> None:
        """Have these nodes stand out, and no others."""
        if selected != self.selected:
            self.selected, self._lit = selected, None
        self.flashed = flashed

    def take(self, frame: Frame, window: Region) -> list[Region]:
        """Draw `frame` from now on. What of the window comes out otherwise, in cells of the picture."""
        before, self.frame = self.frame, frame
        dirty: dict[int, list[int]] = {}  # row: columns between which it has changed
        for index in self.picture.within(window):
            box, old = self.picture.layout.boxes[index], self._faces.get(index)
            for row, new in enumerate(self.face(index)):
                if old is None or old[1][row] != new:
                    dirty.setdefault(box.y + row, []).extend((box.x, box.x + box.width))
        if before.links != frame.links:
            self._lit = None
            for link, (was, fill) in enumerate(zip(before.links, frame.links, strict=True)):
                if was is not fill:
                    cells = self.picture.cells_of(link)
                    for row in range(window.y, window.bottom):
                        if columns := cells.get(row):
                            dirty.setdefault(row, []).extend((min(columns), max(columns) + 1))
        return [
            Region(min(columns), row, max(columns) - min(columns), 1)
            for row, columns in dirty.items()
        ]

    def row(self, row: int, left: int, right: int) -> list[Segment]:
        """From column `left` to `right`."""
        segments: list[Segment] = []
        over, x = self._lit_in(row, left, right), left
        for index in self.picture.in_row(row, left, right):
            box = self.picture.layout.boxes[index]
            segments += self._edges(row, x, box.x, over)
            face = self.face(index)[row - box.y]
            segments += face.crop(max(0, left - box.x), min(box.width, right - box.x))
            x = box.x + box.width
        return segments + self._edges(row, x, right, over)

    def face(self, index: int) -> tuple[Strip, ...]:
        """The rows of a box: those from the last time, if nothing of it has changed."""
        view = self.frame.nodes[index]
        key = (view, view.name == self.selected, view.name in self.flashed)
        found = self._faces.get(index)
        if found is None or found[0] != key:
            found = self._faces[index] = key, self.brush.node(*key)
        return found[1]

    def _edges(self, row: int, start: int, stop: int, over: dict[int, Piece]) -> list[Segment]:
        """Lines of links, from column `start` to `stop`, and `over` them what is lit."""
        if start >= stop:
            return []
        rows = self.picture.layout.rows
        art = rows[row] if row < len(rows) else ""
        text = art[start:stop].ljust(stop - start)
        plain = self.brush.styles["edge"]
        if not over:
            return [Segment(text, plain)]
        pieces: list[Piece] = []
        for x, glyph in enumerate(text, start):
            sign, style = over.get(x, ("", plain))
            pieces.append((sign or glyph, style))
        return joined(pieces)

    def _lit_in(self, row: int, start: int, stop: int) -> dict[int, Piece]:
        """By column, what is drawn otherwise than all edges are; a sign where one stands for the line."""
        found: dict[int, Piece] = {}
        for link, style, sign in self._lit_links():
            for x in self.picture.cells_of(link).get(row, ()):
                if start <= x < stop:
                    found[x] = "", style
            if sign and (before_arrow := self.picture.layout.routes[link][-2:]):
                x, y = before_arrow[0]
                if y == row:
                    found[x] = sign, style
        return found

    def _lit_links(self) -> list[tuple[int, Style, str]]:
        """Links that fill and those of what is selected, the most urgent last: it is drawn over the others."""
        if self._lit is None:
            found = []
            for link, fill in enumerate(self.frame.links):
                chosen = self.selected in self.picture.graph.links[link]
                if chosen or fill is not Fill.EASY:
                    style = self.brush.styles[FILL_STYLES[fill]] + Style(bold=chosen or None)
                    found.append(((SEVERITY[fill], chosen), (link, style, fill.sign)))
            self._lit = [each for _, each in sorted(found, key=itemgetter(0))]
        return self._lit
