"""The window on the picture: it scrolls, selects and asks for layouts.

`show` takes a `Frame` a few times a second: it looks at the boxes in view, draws those again whose node has changed,
and has only the rows repainted that came out otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import ClassVar, Final, Literal, TypeAlias

from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from juturna_core.cells import ELLIPSIS, cut, width
from juturna_tui.layout import Box, CellLayout, layout
from juturna_tui.view import Frame
from juturna_tui.widgets.pipeline_graph import minimap
from juturna_tui.widgets.pipeline_graph.brush import STYLES, Brush, strip
from juturna_tui.widgets.pipeline_graph.painting import Painting
from juturna_tui.widgets.pipeline_graph.picture import Graph, Picture

MANY: Final = 60
"""Nodes up to which boxes begin full, there is no map, and the layout is made at once: 60 take 8 ms, 1000 take 600."""
FLASH: Final = 1.0
"""Seconds that a node which a reload has changed stands out."""
NARROWEST: Final = 20
"""Cells to which full boxes shrink where that spares scrolling."""

Mode: TypeAlias = Literal["full", "line", "dot"]
SIZES: Final[dict[Mode, tuple[int, int]]] = {"full": (24, 4), "line": (24, 1), "dot": (3, 1)}


class PipelineGraph(ScrollView, can_focus=True):
    """Nodes and links of the frame that `show` was given last; `selected` is the name of a node, or "".

    A layout of many nodes takes its time: `LayoutNeeded` asks for one, `use` takes it, until then the picture stays
    as it was. Only one is asked for at a time, so each has to be answered.
    """

    ALLOW_SELECT = False
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("right,l", "move('right')", "along an edge", id="graph.right", show=False),
        Binding("left,h", "move('left')", "back along an edge", id="graph.left", show=False),
        Binding("up,k", "move('up')", "node above", id="graph.up", show=False),
        Binding("down,j", "move('down')", "node below", id="graph.down", show=False),
        Binding("g,home", "end(0)", "first node", id="graph.first", show=False),
        Binding("G,end", "end(-1)", "last node", id="graph.last", show=False),
        Binding("enter", "open", "open the node", id="graph.open", show=False),
        Binding("z", "size", "box size", id="graph.size"),
        Binding("M", "map", "map on or off", id="graph.map", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"pipeline-graph--{name}" for name in STYLES}
    DEFAULT_CSS = """
    PipelineGraph {
        .pipeline-graph--text { color: $text; }
        .pipeline-graph--edge { color: $text-muted; }
        .pipeline-graph--ok { color: $text-success; }
        .pipeline-graph--quiet { color: $text-muted; }
        .pipeline-graph--warn { color: $text-warning; }
        .pipeline-graph--bad { color: $text-error; text-style: bold; }
        .pipeline-graph--selected { color: $text-accent; text-style: bold; }
        .pipeline-graph--map { color: $text-muted; background: $panel; }
    }
    """

    selected: reactive[str] = reactive("", repaint=False, init=False)
    mode: reactive[Mode] = reactive[Mode]("full", repaint=False, init=False)
    mapped: reactive[bool] = reactive(True)
    """Whether there is a map where there is need of one."""

    @dataclass
    class Selected(Message):
        """Another node is selected; "" when there is none any more."""

        name: str

    @dataclass
    class Opened(Message):
        """Somebody wants to see more of a node."""

        name: str

    @dataclass
    class LayoutNeeded(Message):
        """`use` waits for the `layout` of these."""

        names: tuple[str, ...]
        links: tuple[tuple[str, str], ...]
        size: tuple[int, int]

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self.frame: Frame | None = None
        self._wanted = Graph((), (), SIZES["full"])
        self._sized = False  # by a person: from then on the size stays what it is
        self._asked: Graph | None = None
        self._picture = Picture(self._wanted, CellLayout(0, 0, (), (), (), ()))
        self._drawn: Frame | None = None  # the last frame that is of the graph that is laid out
        self._flashed: frozenset[str] = frozenset()
        self._flash_timer: Timer | None = None
        # What was drawn, made when it is first looked at; `_forget` empties all of it.
        self._brush: Brush | None = None
        self._painting: Painting | None = None
        self._marks: minimap.Marks = []

    # --- what there is to show -----------------------------------------------------------------------------------

    def show(self, frame: Frame) -> None:
        """Draw `frame`: what of it is in view and has changed."""
        before, self.frame = self.frame, frame
        if before is None or before.about is not frame.about:
            names = tuple(node.name for node in frame.about.nodes)
            many = len(names) > MANY
            if not self._sized and many != (len(self._wanted.names) > MANY):
                # without its watcher: the graph of before is not to be laid out once more
                self.set_reactive(PipelineGraph.mode, "line" if many else "full")
            self._wanted = Graph(names, frame.about.links, SIZES[self.mode])
        if self._drawn is None or self._wanted != self._picture.graph:
            self._arrange()
        elif (self._drawn.nodes, self._drawn.links) != (frame.nodes, frame.links):
            self._update(frame)

    def use(self, found: CellLayout) -> None:
        """The answer to `LayoutNeeded`."""
        asked, self._asked = self._asked, None
        if asked == self._wanted:
            self._adopt(found)
        elif self._wanted != self._picture.graph:
            self._arrange()

    def flash(self, names: Iterable[str]) -> None:
        """Make nodes stand out for a moment."""
        self._flashed = frozenset(names)
        if self._flash_timer is not None:
            self._flash_timer.stop()
        self._flash_timer = self.set_timer(FLASH, self._unflash)
        self.refresh()

    def _unflash(self) -> None:
        self._flashed = frozenset()
        self.refresh()

    def _arrange(self) -> None:
        if len(self._wanted.names) <= MANY:
            self._adopt(self._fitted())
        elif self._asked is None:
            self._asked = self._wanted
            self.post_message(self.LayoutNeeded(*self._wanted))
            self.refresh()

    def _fitted(self) -> CellLayout:
        """The layout that is wanted; a picture that is a little too wide gets narrower boxes."""
        names, links, (columns, rows) = self._wanted
        found = layout(names, links, (columns, rows))
        abreast = len({box.x for box in found.boxes})
        excess = found.width - self._window.width
        if rows > 1 and 0 < excess <= abreast * (columns - NARROWEST):
            return layout(names, links, (columns - -(-excess // abreast), rows))
        return found

    def _adopt(self, found: CellLayout) -> None:
        """Take a new layout. What is selected, else the first box in view, stays where it is on the screen."""
        names = self._picture.graph.names
        in_view = [names[index] for index in self._in_view()]
        anchor = self.selected if self.selected in in_view else next(iter(in_view), "")
        old = self._box(anchor)
        self._picture, self._drawn = Picture(self._wanted, found), self.frame
        self._forget()
        self.virtual_size = Size(found.width, found.height)
        if self.selected and self.selected not in self._picture.index:
            self.selected = ""
        if old is not None and (new := self._box(anchor)) is not None:
            self.scroll_relative(new.x - old.x, new.y - old.y, animate=False, force=True)
        elif self.selected:
            self._reveal()

    def _update(self, frame: Frame) -> None:
        offset, window = self.scroll_offset, self._window
        found = [part.translate(-offset) for part in self._painting_now.take(frame, window)]
        self._drawn = frame
        chart = self._map_region()
        if chart:
            old_marks, self._marks = self._marks, []
            if self._marks_now(chart) != old_marks:
                found.append(chart)
        sight = window.size.region
        if regions := [part for each in found if (part := each.intersection(sight))]:
            self.refresh(*regions)

    def _forget(self) -> None:
        """Draw everything anew."""
        self._brush = self._painting = None
        self._marks = []
        self.refresh()

    # --- where things are ----------------------------------------------------------------------------------------

    @property
    def _window(self) -> Region:
        """What is in view: what is left of the widget when scrollbars have taken theirs."""
        return self.scrollable_content_region.size.region.at_offset(self.scroll_offset)

    def _box(self, name: str) -> Box | None:
        return self._picture.box(name)

    def _in_view(self) -> Iterable[int]:
        """The boxes of which a part is in view, each once."""
        return self._picture.within(self._window)

    def _reveal(self) -> None:
        """Scroll until what is selected is in view."""
        if (box := self._box(self.selected)) is not None:
            region = Region(box.x, box.y, box.width, box.height)
            self.scroll_to_region(region, animate=False, force=True)

    def _map_region(self) -> Region:
        """Where the map lies on the widget."""
        if not self.mapped or len(self._picture.graph.names) <= MANY:
            return Region()
        return minimap.placed(self._picture.layout, self._window, self._box(self.selected))

    # --- one row after the other ---------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        columns, rows = self.size
        if self._drawn is None or not self._picture.graph.names:
            text = cut(self._sentence(), columns) if y == rows // 2 else ""
            style = self._styles["text"]
            return strip([(" " * ((columns - width(text)) // 2) + text, style)], columns, style)
        left, top = self.scroll_offset
        line = Strip(self._painting_now.row(y + top, left, left + columns), columns)
        chart = self._map_region()
        if chart.y <= y < chart.bottom:
            marks = self._marks_now(chart)
            frame = minimap.in_view(
                self._picture.layout, self._window, chart.width - 2, chart.height - 2
            )
            before, after = line.crop(0, chart.x), line.crop(chart.right, columns)
            row = minimap.row(marks, frame, y - chart.y, self._brush_now)
            line = Strip([*before, *row, *after], columns)
        return line

    def _sentence(self) -> str:
        if self.frame is None:
            return ""
        if not self._wanted.names:
            return "no nodes yet: press e to edit the file"
        return f"drawing {len(self._wanted.names)} nodes {ELLIPSIS}"

    @property
    def _painting_now(self) -> Painting:
        if self._painting is None:
            assert self._drawn is not None
            self._painting = Painting(self._picture, self._brush_now, self._drawn)
        self._painting.stress(self.selected, self._flashed)
        return self._painting

    def _marks_now(self, chart: Region) -> minimap.Marks:
        columns, rows = chart.width - 2, chart.height - 2
        if len(self._marks) != rows or len(self._marks[0]) != columns:
            assert self._drawn is not None
            self._marks = minimap.marks(self._picture.layout, self._drawn.nodes, columns, rows)
        return self._marks

    @property
    def _brush_now(self) -> Brush:
        if self._brush is None:
            names = {name: f"pipeline-graph--{name}" for name in STYLES}
            styles = {name: self.get_component_rich_style(each) for name, each in names.items()}
            self._brush = Brush(self._picture.box_size, styles)
        return self._brush

    @property
    def _styles(self) -> dict[str, Style]:
        return self._brush_now.styles

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget()

    # --- what changes --------------------------------------------------------------------------------------------

    def watch_selected(self, name: str) -> None:
        self._reveal()
        self.refresh()
        self.post_message(self.Selected(name))

    def watch_mode(self, mode: Mode) -> None:
        self._wanted = self._wanted._replace(size=SIZES[mode])
        if self._drawn is not None:
            self._arrange()

    # --- what is pressed -----------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        if self._picture.graph.names and len(self._picture.graph.names) <= MANY:
            self._arrange()
        self._reveal()

    def on_mouse_scroll_down(self, event: events.MouseScrollDown) -> None:
        self._wheel(event, 1)

    def on_mouse_scroll_up(self, event: events.MouseScrollUp) -> None:
        self._wheel(event, -1)

    def _wheel(self, event: events.MouseEvent, direction: int) -> None:
        """A long chain has nothing above and below: there the wheel goes along."""
        if not (self.allow_vertical_scroll or event.shift or event.ctrl):
            step = direction * self.app.scroll_sensitivity_x
            self.scroll_relative(x=step, animate=False)
            event.stop()

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if offset is None or self._map_region().contains_point(offset):
            return
        if name := self._picture.node_at(*(offset + self.scroll_offset)):
            self.selected = name
            if event.chain == 2:
                self.post_message(self.Opened(name))

    def action_move(self, direction: str) -> None:
        if self.selected in self._picture.index:
            self.selected = self._picture.next(self.selected, direction)
        else:
            self.action_end(0)

    def action_end(self, place: int) -> None:
        if self._picture.graph.names:
            self.selected = self._picture.graph.names[place]

    def action_open(self) -> None:
        if self.selected in self._picture.index:
            self.post_message(self.Opened(self.selected))

    def action_size(self) -> None:
        modes = list(SIZES)
        self._sized = True
        self.mode = modes[(modes.index(self.mode) + 1) % len(modes)]

    def action_map(self) -> None:
        self.mapped = not self.mapped
