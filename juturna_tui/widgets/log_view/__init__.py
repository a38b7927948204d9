"""What is logged, as it grows: a bounded view with filters and a search. Events are shown by it too.

A `line` is what comes in; the `backlog` keeps the latest of them; `rows` are those that pass the filter, numbered;
`widget` shows them.
"""

from __future__ import annotations

from juturna_tui.widgets.log_view.line import KIND_CELLS, LONGEST, Line, rows_of
from juturna_tui.widgets.log_view.rows import Rows
from juturna_tui.widgets.log_view.widget import LogView

__all__ = ["LogView", "Line", "Rows", "rows_of", "KIND_CELLS", "LONGEST"]
