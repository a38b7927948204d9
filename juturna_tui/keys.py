"""Every key of the workbench, by the place where it does something: for the page of keys, and to check a keymap."""

from __future__ import annotations

from textual.binding import Binding
from textual.dom import DOMNode

from juturna_tui.app import Workbench
from juturna_tui.screens.attach import AttachScreen
from juturna_tui.screens.confirm import ConfirmScreen
from juturna_tui.screens.dialog import Dialog
from juturna_tui.screens.help import HelpScreen
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.screens.remotise import RemotiseScreen
from juturna_tui.screens.remotise.report import Report
from juturna_tui.widgets.config_editor import ConfigEditor
from juturna_tui.widgets.config_editor.bar import Bar
from juturna_tui.widgets.log_view import LogView
from juturna_tui.widgets.node_detail import NodeDetail
from juturna_tui.widgets.node_table import NodeTable
from juturna_tui.widgets.pipeline_graph import PipelineGraph

PLACES: dict[str, type[DOMNode]] = {
    "Everywhere but in dialogs": Workbench,
    "On the main screen": MonitorScreen,
    "Graph": PipelineGraph,
    "Detail": NodeDetail,
    "Node table": NodeTable,
    "Log and events": LogView,
    "Config": ConfigEditor,
    "A question about the file": Bar,
    "In every dialog": Dialog,
    "Where a node runs (remotise)": RemotiseScreen,
    "There, beside the fields": Report,
    "A question": ConfirmScreen,
    "What runs, and what could": AttachScreen,
    "Help": HelpScreen,
}


def bindings(place: type[DOMNode]) -> list[Binding]:
    """Those of a class, without what it inherits."""
    return [each for each in vars(place)["BINDINGS"] if isinstance(each, Binding)]


def ids() -> set[str]:
    """The ids that a keymap may name."""
    return {binding.id for place in PLACES.values() for binding in bindings(place) if binding.id}
