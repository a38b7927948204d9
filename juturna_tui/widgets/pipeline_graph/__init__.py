"""The living picture of a pipeline: nodes as boxes, links as lines, drawn row by row.

A `picture` knows where everything is, a `brush` draws one box, a `painting` all that is in sight; the `minimap` lies
over it. `widget` is the window on that. Coordinates are cells of the picture.
"""

from __future__ import annotations

from juturna_tui.widgets.pipeline_graph.brush import STYLES, Brush
from juturna_tui.widgets.pipeline_graph.widget import PipelineGraph

__all__ = ["PipelineGraph", "Brush", "STYLES"]
