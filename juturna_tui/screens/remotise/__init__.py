"""Where a node is to run, tried while it is typed: what answers there, how to start it, what the file will say.

`place` is what is typed, checked; `report` what is told of it; `screen` has both.
"""

from __future__ import annotations

from juturna_tui.screens.remotise.place import CHECKS, command, is_here
from juturna_tui.screens.remotise.report import Report
from juturna_tui.screens.remotise.screen import RemotiseScreen
from juturna_tui.settings import Place

__all__ = ["RemotiseScreen", "Report", "Place", "CHECKS", "command", "is_here"]
