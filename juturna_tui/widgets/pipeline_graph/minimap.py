"""The map of a picture that is larger than the window: all boxes in a few cells, and a frame around those in view."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.geometry import Offset, Region, Size

from juturna_tui.layout import Box, CellLayout
from juturna_tui.view import NodeView
from juturna_tui.widgets.pipeline_graph.brush import LIGHT, MARKS, TONES, Brush, Piece, joined

MAP_SIZE: Final = Size(24, 6)

Marks: TypeAlias = list[list[int]]
"""For every cell inside of the map: 0 without a box, else 1 and the worst of the TONES there."""


def placed(whole: CellLayout, window: Region, chosen: Box | None) -> Region:
    """Where the map lies on the widget: at the right, at the left when it would hide what is chosen; or nowhere."""
    columns, rows = window.size
    size_x = min(MAP_SIZE.width, columns // 2, whole.width + 2)
    size_y = min(MAP_SIZE.height, rows // 2, whole.height + 2)
    if not (size_x > 2 and size_y > 2 and (whole.width > columns or whole.height > rows)):
        return Region()
    found = Region(columns - size_x, rows - size_y, size_x, size_y)
    if chosen is not None:
        place = Region(chosen.x, chosen.y, chosen.width, chosen.height).translate(-window.offset)
        if place.overlaps(found):
            return found.at_offset(Offset(0, found.y))
    return found


def marks(whole: CellLayout, nodes: Sequence[NodeView], columns: int, rows: int) -> Marks:
    """All that stands on a map of that size."""
    found = [[0] * columns for _ in range(rows)]
    for box, view in zip(whole.boxes, nodes, strict=True):
        cells = found[(box.y + box.height // 2) * rows // whole.height]
        x = (box.x + box.width // 2) * columns // whole.width
        cells[x] = max(cells[x], 1 + TONES.index(view.state.tone))
    return found


def in_view(whole: CellLayout, window: Region, columns: int, rows: int) -> Region:
    """What the window shows, in cells of the map."""
    window = window.intersection(Region(0, 0, whole.width, whole.height))
    left, top = window.x * columns // whole.width, window.y * rows // whole.height
    right = (window.right - 1) * columns // whole.width
    bottom = (window.bottom - 1) * rows // whole.height
    return Region(left, top, right - left + 1, bottom - top + 1)


def row(marks: Marks, frame: Region, y: int, brush: Brush) -> list[Segment]:
    """Row `y` of the map, its own border included."""
    styles = brush.styles
    paper = styles["map"]
    top_left, flat, top_right, upright, bottom_left, bottom_right = LIGHT
    columns, rows = len(marks[0]), len(marks)
    if y in (0, rows + 1):
        begin, end = (bottom_left, bottom_right) if y else (top_left, top_right)
        return [Segment(begin + flat * columns + end, paper)]
    pieces: list[Piece] = [(upright, paper)]
    for x, mark in enumerate(marks[y - 1]):
        tone = TONES[mark - 1] if mark else ""
        line = frame_line(frame, x, y - 1)
        if tone in ("warn", "bad"):
            pieces.append((MARKS[mark - 1], ink(paper, styles[tone])))
        elif line:
            pieces.append((line, ink(paper, styles["selected"])))
        else:
            pieces.append((MARKS[mark - 1] if mark else " ", paper))
    return joined([*pieces, (upright, paper)])


def ink(paper: Style, style: Style) -> Style:
    """`style` on the background of `paper`."""
    return style + Style(bgcolor=paper.bgcolor)


def frame_line(frame: Region, x: int, y: int) -> str:
    """The line of a frame at a cell; "" beside and inside of it. One row, which has no room for lines, is in [ ]."""
    if not frame.contains(x, y):
        return ""
    top_left, flat, top_right, upright, bottom_left, bottom_right = LIGHT
    first, last = x == frame.x, x == frame.right - 1
    top, bottom = y == frame.y, y == frame.bottom - 1
    if first and last:
        return upright
    if top and bottom:
        return "[" if first else "]" if last else ""
    if top or bottom:
        begin, end = (top_left, top_right) if top else (bottom_left, bottom_right)
        return begin if first else end if last else flat
    return upright if first or last else ""
