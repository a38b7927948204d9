"""Places a graph in terminal cells: boxes in columns from left to right, links as box-drawing lines between them.

How to read the drawing, and what the code below keeps true:

- What leaves a box leaves at its right side, from one row, for a node sends the same message to all its links; what
  arrives does so at the left side, under ▶. A link that leads back (or to its own node) runs below or above boxes,
  with ◀ on its way, and then arrives like all others.
- Nodes with the same destinations share one line (`Trunk`). ┼ is a crossing; ╋ is a joint.

An engine says in which column a box is, and what is above what there (`order`). All the rest is ours and counts in
cells: `rows`, ports and `lanes`, which a `sketch` brings together, then the `drawing`. One component of the graph after
the other, isolated nodes last. The same graph always gives the same picture.
"""

from __future__ import annotations

from collections.abc import Sequence

from juturna_tui.layout.drawing import CellLayout, drawn
from juturna_tui.layout.sketch import Box, Sketch

__all__ = ["layout", "Box", "CellLayout"]


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
    return drawn(sketch, known)
