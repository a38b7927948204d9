"""The main screen: the picture of the pipeline, one node in detail, and below it tables, log, events and the file.

It shows what the feed posts, and posts `Asked` for whatever is to happen to the pipeline; the app does it.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import ClassVar, Literal

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Horizontal, Vertical
from textual.events import Resize
from textual.message import Message
from textual.reactive import reactive
from textual.screen import Screen
from textual.widget import Widget
from textual.widgets import ContentSwitcher

from juturna_core.control.api import Passed
from juturna_core.events import Event
from juturna_tui.binding import key
from juturna_tui.layout import CellLayout, layout
from juturna_tui.messages import EventsCame, FrameCame, LinesCame
from juturna_tui.view import Frame, State, ended
from juturna_tui.widgets.config_editor import ConfigEditor
from juturna_tui.widgets.key_bar import KeyBar
from juturna_tui.widgets.log_view import Line, LogView
from juturna_tui.widgets.node_detail import NodeDetail
from juturna_tui.widgets.node_table import NodeTable
from juturna_tui.widgets.pane_bar import PaneBar
from juturna_tui.widgets.pipeline_graph import PipelineGraph
from juturna_tui.widgets.status_bar import StatusBar

NARROW = 108
"""Columns below which there is no room for the detail beside the graph."""

NEWS = 30.0
"""Seconds that news stand on the first line."""

Wish = Literal["warp", "remotise", "suspend", "undo", "reload", "messages"]


class MonitorScreen(Screen[None]):
    """See the module."""

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            *("w", "ask('warp')", "warp", "node.warp"),
            "move the node to its remote, or back; the file says so too",
            bar=True,
        ),
        key(
            *("r", "ask('remotise')", "remotise", "node.remotise"),
            "say where the node's remote is, and move it there",
            bar=True,
        ),
        key(
            *("s", "ask('suspend')", "suspend", "node.suspend"),
            "let messages pass the node untouched, or end that",
            bar=True,
        ),
        key("u", "ask('undo')", "undo", "file.undo", "take the last change of the file back"),
        key("R", "ask('reload')", "reload", "file.reload", "have what runs take the file as it is"),
        key("e", "edit", "edit", "file.edit", "edit the file here", bar=True),
        key("E", "external", "edit in $EDITOR", "file.external", "edit the file in $EDITOR"),
        key(
            *("m", "detail('messages')", "messages", "node.messages"),
            "the node's last messages, in its detail",
        ),
        key("y", "detail('copy')", "copy", "node.copy", "copy the node's detail as text"),
        key(
            *("space", "freeze", "freeze", "screen.freeze"),
            "keep the picture as it is; data flows on",
        ),
        key("escape", "clear", "clear", "screen.clear", "take the notes from the screen"),
        key("v", "enlarge", "larger", "screen.enlarge", "the focused pane alone, or all"),
        key("1", "pane('graph')", "graph", "pane.graph", "to the graph"),
        key("2", "pane('nodes')", "nodes", "pane.nodes", "to the table of nodes"),
        key("3", "pane('log')", "log", "pane.log", "to the log"),
        key("4", "pane('events')", "events", "pane.events", "to the events"),
        key("5", "pane('config')", "config", "pane.config", "to the file"),
        key("i", "pane('detail')", "detail", "pane.detail", "to the selected node's detail"),
        key("tab", "app.focus_next", "next pane", "pane.next", "to the next pane"),
        key("shift+tab", "app.focus_previous", "last pane", "pane.previous", "to the pane before"),
    ]
    ALLOW_IN_MAXIMIZED_VIEW = "StatusBar, KeyBar"
    DEFAULT_CSS = """
    MonitorScreen {
        layout: vertical;
        overflow: hidden;
    }
    #top { height: 3fr; }
    #detail { width: 38; border-left: solid $panel; }
    #bottom { height: 2fr; min-height: 5; }
    #bottom ContentSwitcher { height: 1fr; }
    #bottom ContentSwitcher > * { height: 1fr; }
    #detail.-maximized { width: 1fr; border-left: none; }
    MonitorScreen.-narrow #detail { display: none; }
    MonitorScreen.-low #bottom { min-height: 0; }
    MonitorScreen.-maximized-view StatusBar { dock: top; }
    MonitorScreen.-maximized-view KeyBar { dock: bottom; }
    MonitorScreen ToastRack { dock: top; align: right top; margin-top: 1; }
    MonitorScreen Toast { width: 44; }
    """

    frozen: reactive[bool] = reactive(False)
    selected: reactive[str] = reactive("")
    wrong: reactive[str] = reactive("")
    """What is wrong with the file or with the run, while it is; it stands on the first line, before all else."""

    class Asked(Message):
        """Somebody wants something done with the node `node`."""

        def __init__(self, wish: Wish, node: str) -> None:
            super().__init__()
            self.wish, self.node = wish, node

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self.frame = self.latest = frame
        """What is drawn, and what came last: they differ while the picture is frozen."""
        self.graph = PipelineGraph(id="graph")
        self.detail = NodeDetail(id="detail")
        self.table = NodeTable(id="nodes")
        self.log_view = LogView(id="log", empty="nothing is logged yet")
        self.event_view = LogView(id="events", what="events", empty="nothing has happened yet")
        self.editor = ConfigEditor(id="config")
        self.status = StatusBar()
        self._passed: Sequence[Passed] | None = None
        self._awaited = False  # somebody has just asked for messages
        self._top_rows: int | None = None
        self._opened_from: Widget | None = None  # where the detail was opened that lies over all

    def compose(self) -> ComposeResult:
        yield self.status
        with Horizontal(id="top"):
            yield self.graph
            yield self.detail
        with Vertical(id="bottom"):
            yield PaneBar(("nodes", "log", "events", "config"))
            with ContentSwitcher(initial="nodes"):
                yield self.table
                yield self.log_view
                yield self.event_view
                yield self.editor
        yield KeyBar()

    def on_mount(self) -> None:
        self.graph.focus()
        self.show(self.frame)
        self.graph.selected = self.table.selected = self.selected

    def on_resize(self, event: Resize) -> None:
        self.set_class(event.size.width < NARROW, "-narrow")
        self.set_class(event.size.height < 16, "-low")
        self._share_rows()

    def _share_rows(self) -> None:
        """Where the graph stands alone it takes no more rows than it needs: the panes below have use for them."""
        rows = self.graph.virtual_size.height + 1 if self.has_class("-narrow") else None
        if rows != self._top_rows:
            self._top_rows = rows
            self.query_one("#top").styles.max_height = rows

    @property
    def panes(self) -> dict[str, Widget]:
        """By the name that `action_pane` knows."""
        shown = (
            *(self.graph, self.detail, self.table),
            *(self.log_view, self.event_view, self.editor),
        )
        return {str(each.id): each for each in shown}

    # --- what comes ----------------------------------------------------------------------------------------------

    def show(self, frame: Frame) -> None:
        """Draw `frame`, all panes. What a reload has changed stands out for a moment."""
        before, self.frame = self.frame.about, frame
        changed = 0 < before.revision != frame.about.revision
        if changed:
            known = {node.name: node for node in before.nodes}
            self.graph.flash(
                [node.name for node in frame.about.nodes if known.get(node.name) != node]
            )
        self.status.frame = frame
        self.status.trouble = self.trouble()
        self.graph.show(frame)
        self.table.show(frame)
        self._share_rows()
        if not self.selected and frame.nodes:
            self.selected = frame.nodes[0].name
        if changed and self._passed is not None:
            self._passed = ()
        self._show_detail()

    def trouble(self) -> str:
        """One sentence about what is most wrong just now."""
        if self.wrong:
            return self.wrong
        bad = [node for node in self.frame.nodes if node.state.tone == "bad"]
        if not bad:
            return ""
        first = min(bad, key=lambda node: node.state is not State.AWAY)
        rest = f" (and {len(bad) - 1} more)" if len(bad) > 1 else ""
        return f"{first.name}: {first.text or first.state.word}{rest}"

    def watch_maximized(self, pane: Widget | None) -> None:
        self.status.alone = pane is not None
        if pane is not self.detail:
            self.detail.styles.clear_rule("display")  # on a narrow screen it has no place but alone
            self.detail.refresh(layout=True)
            if self.focused is self.detail and self.has_class("-narrow"):
                self.set_focus(self._opened_from or self.graph)

    def watch_wrong(self) -> None:
        self.status.trouble = self.trouble()

    def tell_news(self, text: str, *, fades: bool = True) -> None:
        """Say on the first line what has happened, for a while or until there are others."""
        self.status.news = text

        def fade() -> None:
            if self.status.news == text:
                self.status.news = ""

        if text and fades:
            self.set_timer(NEWS, fade)

    def on_frame_came(self, message: FrameCame) -> None:
        self.latest = message.frame
        if not self.frozen:
            self.show(message.frame)

    def ended(self) -> None:
        """The run is over: show what was counted until then."""
        self.draw(ended(self.latest))

    def draw(self, frame: Frame) -> None:
        """Show what no run has said."""
        self.latest = frame
        self.show(frame)

    def on_lines_came(self, message: LinesCame) -> None:
        self.log_view.extend(message.lines, message.missed)

    def on_events_came(self, message: EventsCame) -> None:
        self.event_view.extend([_line(event) for event in message.events], message.missed)

    def note(self, level: str, text: str) -> None:
        """Add a line of the workbench's own to the log."""
        self.log_view.extend([Line(time.time(), level, "", text)])

    def no_file(self) -> None:
        """What runs has no file on this machine."""
        self.editor.absent = True

    def passed(self, node: str, messages: Sequence[Passed]) -> None:
        """The last messages of `node`, which somebody asked for."""
        shown = node == self.selected and self._passed is not None
        if shown and (self._awaited or not self.frozen):
            self._awaited = False
            self._passed = messages
            self._show_detail()

    @property
    def wants_messages(self) -> bool:
        return self._passed is not None

    def _show_detail(self) -> None:
        if self.detail.display or self.maximized is self.detail:
            self.detail.show(self.frame.detail(self.selected), self._passed)

    # --- which node ----------------------------------------------------------------------------------------------

    def watch_selected(self, name: str) -> None:
        if self._passed is not None:
            self._want_messages()
        if self.is_mounted:
            # what they say of it is known here, and would be an answer to an answer
            with self.graph.prevent(PipelineGraph.Selected), self.table.prevent(NodeTable.Selected):
                self.graph.selected = name
                self.table.selected = name
            self._show_detail()

    def on_pipeline_graph_selected(self, message: PipelineGraph.Selected) -> None:
        self.selected = message.name

    def on_node_table_selected(self, message: NodeTable.Selected) -> None:
        self.selected = message.name

    def on_pipeline_graph_opened(self, message: PipelineGraph.Opened) -> None:
        self.selected = message.name
        self.action_pane("detail")

    def on_node_table_opened(self, message: NodeTable.Opened) -> None:
        self.selected = message.name
        self.action_pane("detail")

    def on_node_detail_messages_wanted(self, message: NodeDetail.MessagesWanted) -> None:
        if message.on:
            self._want_messages()
        else:
            self._passed = None
        self._show_detail()

    def _want_messages(self) -> None:
        """Have those of the node that is selected; they are shown also while the picture is frozen."""
        self._passed, self._awaited = (), True
        self.post_message(self.Asked("messages", self.selected))

    def on_pipeline_graph_layout_needed(self, message: PipelineGraph.LayoutNeeded) -> None:
        """A large graph takes its time: on a thread."""
        names, links, size = message.names, message.links, message.size

        def arrange() -> None:
            found: CellLayout = layout(names, links, size)
            self.app.call_from_thread(self._use, found)

        self.run_worker(arrange, thread=True, group="layout")

    def _use(self, found: CellLayout) -> None:
        self.graph.use(found)
        self._share_rows()

    # --- keys ----------------------------------------------------------------------------------------------------

    def action_ask(self, wish: Wish) -> None:
        chosen = self.table if self.table.has_focus else self.graph
        self.selected = chosen.selected  # its message may be on the way still
        self.post_message(self.Asked(wish, self.selected))

    def action_detail(self, what: Literal["messages", "copy"]) -> None:
        """What the detail does where it has the focus."""
        if not self.detail.display:
            self.action_pane("detail")
        if what == "messages":
            self.detail.action_messages()
        else:
            self.detail.action_copy()

    def action_freeze(self) -> None:
        self.frozen = not self.frozen

    def watch_frozen(self, frozen: bool) -> None:
        self.status.frozen = frozen
        if not frozen and self.is_mounted:
            self.show(self.latest)

    def action_pane(self, name: str) -> None:
        """Bring a pane to the front, and the focus into it."""
        self.minimize()
        widget: Widget = self.query_one(f"#{name}")
        if name == "detail" and not widget.display:
            self._opened_from = self.focused if self.focused is not widget else None
            widget.styles.display = "block"
            self._show_detail()
            self.maximize(widget)
        elif name not in ("graph", "detail"):
            self.query_one(ContentSwitcher).current = name
            self.query_one(PaneBar).current = name
        # at once: the next key is for it
        self.set_focus(self.editor.entrance if widget is self.editor else widget)

    def on_pane_bar_chosen(self, message: PaneBar.Chosen) -> None:
        self.action_pane(message.pane)

    def action_clear(self) -> None:
        """The notes that lie over the screen; or the pane that lies over the others."""
        self.app.clear_notifications()
        if self.maximized is not None:
            self.minimize()

    def action_enlarge(self) -> None:
        """The focused pane alone, or all of them again."""
        if self.maximized is not None:
            self.minimize()
        elif self.focused is not None:
            self.maximize(self.focused)

    def action_edit(self) -> None:
        self.action_pane("config")
        self.editor.action_edit()

    def action_external(self) -> None:
        """Where that cannot be, the pane says why."""
        self.action_pane("config")
        if self.editor.check_action("external", ()):
            self.editor.action_external()


def _line(event: Event) -> Line:
    return Line(event.time, event.kind, event.node, event.text)
