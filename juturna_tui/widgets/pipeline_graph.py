"""The living picture of a pipeline: nodes as boxes, links as lines, drawn row by row.

Coordinates are cells of the picture; the widget is a window on it. `show` takes a `Frame` a few times a second: it
looks at the boxes in view, draws those again whose node has changed, and has only the rows repainted that came out
otherwise.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import ClassVar, Final, Literal, NamedTuple, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding, BindingType
from textual.geometry import Offset, Region, Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.timer import Timer

from juturna_core.cells import ELLIPSIS, cut, pad, printable, shorten, width
from juturna_tui.figures import ASCII_TICKS, TICKS, count, duration, rate, sparkline
from juturna_tui.layout import Box, CellLayout, ascii_art, layout
from juturna_tui.view import Fill, Frame, NodeView, State

MANY: Final = 60
"""Nodes up to which boxes begin full, there is no map, and the layout is made at once: 60 take 8 ms, 1000 take 600."""
FLASH: Final = 1.0
"""Seconds that a node which a reload has changed stands out."""
MAP_SIZE: Final = Size(24, 6)
NARROWEST: Final = 20
"""Cells to which full boxes shrink where that spares scrolling."""

Mode: TypeAlias = Literal["full", "line", "dot"]
SIZES: Final[dict[Mode, tuple[int, int]]] = {"full": (24, 4), "line": (24, 1), "dot": (3, 1)}

Piece: TypeAlias = tuple[str, Style]
IN_WORDS: Final = {
    *(State.AWAY, State.FAILING, State.STUCK, State.SUSPENDED),
    *(State.DRAINING, State.FULL, State.ENDED),
}
"""What is said in a word too, where the sparkline would begin."""
STYLES: Final = ("text", "edge", "ok", "quiet", "warn", "bad", "selected", "map")
FILL_STYLES: Final = {Fill.EASY: "selected", Fill.FILLING: "warn", Fill.FULL: "bad"}
SEVERITY: Final = {Fill.EASY: 0, Fill.FILLING: 1, Fill.FULL: 2}
TONES: Final = ("ok", "quiet", "warn", "bad")
"""From good to bad."""
DIRECTIONS: Final = {"right": (1, 0), "left": (-1, 0), "down": (0, 1), "up": (0, -1)}


class Graph(NamedTuple):
    """What a layout is made of."""

    names: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    size: tuple[int, int]


@dataclass(frozen=True, slots=True)
class Signs:
    """What is drawn besides text. Corners and lines: top left, flat, top right, upright, bottom left, bottom right.

    `marks` stand on the map for a tone, in the order of TONES.
    """

    light: tuple[str, ...]
    heavy: tuple[str, ...]
    ticks: str
    warped: str
    ellipsis: str
    marks: str


UNICODE: Final = Signs(tuple("╭─╮│╰╯"), tuple("┏━┓┃┗┛"), TICKS, "⇄", ELLIPSIS, "··▲!")
ASCII: Final = Signs(tuple("+-+|++"), tuple("#=####"), ASCII_TICKS, "<>", "~", "..^!")


@dataclass(frozen=True, slots=True)
class Brush:
    """Draws one node as the rows of its box, each exactly as wide as that."""

    size: tuple[int, int]
    ascii: bool
    styles: dict[str, Style]

    @property
    def signs(self) -> Signs:
        return ASCII if self.ascii else UNICODE

    def node(self, view: NodeView, selected: bool, flashed: bool) -> tuple[Strip, ...]:
        columns, lines = self.size
        draw = self._full if lines > 1 else self._line if columns > 3 else self._dot
        rows = draw(view, selected, Style(reverse=True) if flashed else Style())
        return tuple(strip(row, self.size[0]) for row in rows)

    def _full(self, view: NodeView, selected: bool, flash: Style) -> list[list[Piece]]:
        inner, text = self.size[0] - 2, self.styles["text"]
        box = self.signs.heavy if selected else self.signs.light
        top_left, flat, top_right, upright, bottom_left, bottom_right = box
        tone = view.state.tone if view.state.tone in ("warn", "bad") else "edge"
        line = self.styles["selected" if selected else tone]
        sign, sign_style = self._sign(view)
        name, kind = self._title(view, inner)
        kind = f" {kind} " if kind else ""
        word = f" {view.state.word}" if view.state in IN_WORDS else ""
        ticks = sparkline(view.spark, inner - 4 - width(word), self.signs.ticks)
        where = ""
        if view.state is State.AWAY:
            where = f" {sign} {self._short(view.where, inner - 6)} "
        return [
            [
                (f"{top_left}{flat} ", line),
                (name, text + flash + Style(bold=selected)),
                (f" {flat * (inner - 3 - width(name + kind))}", line),
                (kind, text),
                (top_right, line),
            ],
            [(upright, line), *self._numbers(view, inner), (upright, line)],
            [
                (upright, line),
                (f" {sign}{word}", sign_style),
                (f" {ticks} ", text),
                (upright, line),
            ],
            [
                (bottom_left + flat, line),
                (where, sign_style),
                (flat * (inner - 1 - width(where)) + bottom_right, line),
            ],
        ]

    def _line(self, view: NodeView, selected: bool, flash: Style) -> list[list[Piece]]:
        text, line = self.styles["text"], self.styles["selected"]
        side = self.signs.heavy[3] if selected else " "
        sign, sign_style = self._sign(view)
        took = self._figure(duration(view.latency))
        if view.warped:
            took = f"{self.signs.warped} {took}"
        room = self.size[0] - 5 - width(took)
        name = pad(self._short(view.name, room), room)
        return [
            [
                (side, line),
                (sign, sign_style),
                (" ", text),
                (name, text + flash + Style(bold=selected)),
                (f" {took}", text),
                (side, line),
            ]
        ]

    def _dot(self, view: NodeView, selected: bool, flash: Style) -> list[list[Piece]]:
        line = self.styles["selected" if selected else "edge"]
        left, right = (self.signs.heavy[3],) * 2 if selected else ("[", "]")
        sign, sign_style = self._sign(view)
        return [[(left, line), (sign, sign_style + flash), (right, line)]]

    def _title(self, view: NodeView, inner: int) -> tuple[str, str]:
        """The name, and what kind of node it is as far as the name leaves room for that."""
        warped = self.signs.warped
        kinds = (f"{warped} warped", warped) if view.warped else (self._short(view.kind, 8), "")
        for kind in kinds:
            room = inner - 4 - (width(kind) + 2 if kind else 0)
            if width(printable(view.name)) <= room:
                break
        return self._short(view.name, room), kind

    def _numbers(self, view: NodeView, inner: int) -> list[Piece]:
        """Latency, rate and queue in columns; closer together where they are long."""
        full = Fill.FULL.ascii_sign if self.ascii else Fill.FULL.sign
        sign = full if view.limit and view.queue >= view.limit else ""
        passed = rate(view.rate_out if view.kind == "source" else view.rate_in)
        parts = [self._figure(duration(view.latency)), passed, f"q {count(view.queue)}"]
        room = inner - 1 - len(sign)
        numbers = f"{parts[0]:<7} {parts[1]:<7} {parts[2]}"
        if len(numbers) > room:
            numbers = cut(" ".join(part.replace(" ", "") for part in parts), room)
        text = self.styles["text"]
        rest = " " * (room - len(numbers))
        return [(f" {numbers}", text), (sign, self.styles["warn"]), (rest, text)]

    def _sign(self, view: NodeView) -> Piece:
        state = view.state
        return (state.ascii_sign if self.ascii else state.sign), self.styles[state.tone]

    def _figure(self, text: str) -> str:
        return text.replace("µ", "u") if self.ascii else text

    def _short(self, text: str, cells: int) -> str:
        text = printable(text)
        short = shorten(text, cells)
        return short if short == text else short.replace(ELLIPSIS, self.signs.ellipsis)


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
    ascii: reactive[bool] = reactive(False, repaint=False, init=False)
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

    def __init__(
        self, *, ascii: bool = False, id: str | None = None, classes: str | None = None
    ) -> None:
        super().__init__(id=id, classes=classes)
        self.set_reactive(PipelineGraph.ascii, ascii)
        self.frame: Frame | None = None
        self._wanted = self._graph = Graph((), (), SIZES["full"])
        self._asked: Graph | None = None
        self._box_size = SIZES["full"]
        self._drawn: Frame | None = None  # the last frame that is of the graph that is laid out
        self._layout = CellLayout(0, 0, (), (), (), ())
        self._index: dict[str, int] = {}
        self._flashed: frozenset[str] = frozenset()
        self._flash_timer: Timer | None = None
        # What was drawn, made when it is first looked at; `_forget` empties all of it.
        self._brush: Brush | None = None
        self._faces: dict[int, tuple[tuple[NodeView, bool, bool], tuple[Strip, ...]]] = {}
        self._lit: list[tuple[int, Style, str]] | None = None
        self._cells: dict[int, dict[int, list[int]]] = {}
        self._marks: list[list[int]] = []

    # --- what there is to show -----------------------------------------------------------------------------------

    def show(self, frame: Frame) -> None:
        """Draw `frame`: what of it is in view and has changed."""
        before, self.frame = self.frame, frame
        if before is None or before.about is not frame.about:
            names = tuple(node.name for node in frame.about.nodes)
            if len(names) > MANY and (before is None or not before.nodes):
                self.mode = "line"
            self._wanted = Graph(names, frame.about.links, SIZES[self.mode])
        if self._drawn is None or self._wanted != self._graph:
            self._arrange()
        else:
            self._update(self._drawn, frame)

    def use(self, found: CellLayout) -> None:
        """The answer to `LayoutNeeded`."""
        asked, self._asked = self._asked, None
        if asked == self._wanted:
            self._adopt(found)
        elif self._wanted != self._graph:
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
        in_view = [self._graph.names[index] for index in self._in_view()]
        anchor = self.selected if self.selected in in_view else next(iter(in_view), "")
        old = self._box(anchor)
        self._graph, self._layout, self._drawn = self._wanted, found, self.frame
        if found.boxes:
            self._box_size = found.boxes[0].width, found.boxes[0].height
        self._index = {name: index for index, name in enumerate(self._graph.names)}
        self._cells.clear()
        self._forget()
        self.virtual_size = Size(found.width, found.height)
        if self.selected and self.selected not in self._index:
            self.selected = ""
        if old is not None and (new := self._box(anchor)) is not None:
            self.scroll_relative(new.x - old.x, new.y - old.y, animate=False, force=True)
        elif self.selected:
            self._reveal()

    def _update(self, before: Frame, frame: Frame) -> None:
        self._drawn = frame
        (left, top), window = self.scroll_offset, self._window
        dirty: dict[int, list[int]] = {}  # row: columns between which it has changed
        for index in self._in_view():
            box, old = self._layout.boxes[index], self._faces.get(index)
            for row, new in enumerate(self._face(index)):
                if old is None or old[1][row] != new:
                    dirty.setdefault(box.y + row, []).extend((box.x, box.x + box.width))
        if before.links != frame.links:
            self._lit = None
            for link, (was, fill) in enumerate(zip(before.links, frame.links, strict=True)):
                if was is not fill:
                    cells = self._cells_of(link)
                    for row in range(top, top + window.height):
                        if columns := cells.get(row):
                            dirty.setdefault(row, []).extend((min(columns), max(columns) + 1))
        found = [
            Region(min(columns) - left, row - top, max(columns) - min(columns), 1)
            for row, columns in dirty.items()
        ]
        chart = self._map_region()
        if chart:
            old_marks, self._marks = self._marks, []
            if self._map_marks(chart) != old_marks:
                found.append(chart)
        if regions := [part for each in found if (part := each.intersection(window.region))]:
            self.refresh(*regions)

    def _forget(self) -> None:
        """Draw everything anew."""
        self._brush = self._lit = None
        self._faces.clear()
        self._marks = []
        self.refresh()

    # --- where things are ----------------------------------------------------------------------------------------

    @property
    def _window(self) -> Size:
        """What is left of the widget when scrollbars have taken theirs."""
        return self.scrollable_content_region.size

    def _box(self, name: str) -> Box | None:
        return self._layout.boxes[self._index[name]] if name in self._index else None

    def _in_row(self, row: int, left: int, right: int) -> Sequence[int]:
        """The boxes of a row that reach into the columns from `left` to `right`."""
        if not 0 <= row < len(self._layout.row_boxes):
            return ()
        boxes, indexes = self._layout.boxes, self._layout.row_boxes[row]
        first = bisect_right(indexes, left - self._box_size[0], key=lambda index: boxes[index].x)
        return indexes[first : bisect_left(indexes, right, key=lambda index: boxes[index].x)]

    def _in_view(self) -> Iterable[int]:
        """The boxes of which a part is in view, each once."""
        left, top = self.scroll_offset
        columns, rows = self._window
        found: dict[int, None] = {}
        for row in range(top, top + rows):
            found.update(dict.fromkeys(self._in_row(row, left, left + columns)))
        return found

    def _node_at(self, offset: Offset) -> str:
        x, y = offset + self.scroll_offset
        found = self._in_row(y, x, x + 1)
        return self._graph.names[found[0]] if found else ""

    def _reveal(self) -> None:
        """Scroll until what is selected is in view."""
        if (box := self._box(self.selected)) is not None:
            region = Region(box.x, box.y, box.width, box.height)
            self.scroll_to_region(region, animate=False, force=True)

    # --- one row after the other ---------------------------------------------------------------------------------

    def render_line(self, y: int) -> Strip:
        columns, rows = self.size
        if self._drawn is None or not self._graph.names:
            text = cut(self._sentence(), columns) if y == rows // 2 else ""
            style = self._styles["text"]
            return strip([(" " * ((columns - width(text)) // 2) + text, style)], columns, style)
        left, top = self.scroll_offset
        line = Strip(self._row(y + top, left, left + columns), columns)
        chart = self._map_region()
        if chart.y <= y < chart.bottom:
            before, after = line.crop(0, chart.x), line.crop(chart.right, columns)
            line = Strip([*before, *self._map_row(chart, y - chart.y), *after], columns)
        return line

    def _sentence(self) -> str:
        if self.frame is None:
            return ""
        if not self._wanted.names:
            return "no nodes yet: press e to edit the file"
        return f"drawing {len(self._wanted.names)} nodes {'...' if self.ascii else ELLIPSIS}"

    def _row(self, row: int, left: int, right: int) -> list[Segment]:
        segments: list[Segment] = []
        over, x = self._lit_in(row, left, right), left
        for index in self._in_row(row, left, right):
            box = self._layout.boxes[index]
            segments += self._edges(row, x, box.x, over)
            face = self._face(index)[row - box.y]
            segments += face.crop(max(0, left - box.x), min(box.width, right - box.x))
            x = box.x + box.width
        return segments + self._edges(row, x, right, over)

    def _face(self, index: int) -> tuple[Strip, ...]:
        """The rows of a box: those from the last time, if nothing of it has changed."""
        assert self._drawn is not None
        view = self._drawn.nodes[index]
        key = (view, view.name == self.selected, view.name in self._flashed)
        found = self._faces.get(index)
        if found is None or found[0] != key:
            found = self._faces[index] = key, self._brush_now.node(*key)
        return found[1]

    def _edges(self, row: int, start: int, stop: int, over: dict[int, Piece]) -> list[Segment]:
        """Lines of links, from column `start` to `stop`, and `over` them what is lit."""
        if start >= stop:
            return []
        art = self._layout.rows[row] if row < len(self._layout.rows) else ""
        text = art[start:stop].ljust(stop - start)
        if self.ascii:
            text = ascii_art(text)
        plain = self._styles["edge"]
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
            for x in self._cells_of(link).get(row, ()):
                if start <= x < stop:
                    found[x] = "", style
            if sign and (before_arrow := self._layout.routes[link][-2:]):
                x, y = before_arrow[0]
                if y == row:
                    found[x] = sign, style
        return found

    def _lit_links(self) -> list[tuple[int, Style, str]]:
        """Links that fill and those of what is selected, the most urgent last: it is drawn over the others."""
        if self._lit is None:
            assert self._drawn is not None
            found = []
            for link, fill in enumerate(self._drawn.links):
                chosen = self.selected in self._graph.links[link]
                if chosen or fill is not Fill.EASY:
                    style = self._styles[FILL_STYLES[fill]] + Style(bold=chosen or None)
                    sign = fill.ascii_sign if self.ascii else fill.sign
                    found.append(((SEVERITY[fill], chosen), (link, style, sign)))
            self._lit = [each for _, each in sorted(found, key=itemgetter(0))]
        return self._lit

    def _cells_of(self, link: int) -> dict[int, list[int]]:
        """The columns of a link, by row."""
        if link not in self._cells:
            found: dict[int, list[int]] = {}
            for x, y in self._layout.routes[link]:
                found.setdefault(y, []).append(x)
            self._cells[link] = found
        return self._cells[link]

    # --- the map -------------------------------------------------------------------------------------------------

    def _map_region(self) -> Region:
        """Where the map lies on the widget: at the right, at the left when it would hide what is selected."""
        columns, rows = self._window
        whole = self._layout
        crowded = len(self._graph.names) > MANY and (whole.width > columns or whole.height > rows)
        size_x = min(MAP_SIZE.width, columns // 2, whole.width + 2)
        size_y = min(MAP_SIZE.height, rows // 2, whole.height + 2)
        if not (self.mapped and crowded and size_x > 2 and size_y > 2):
            return Region()
        found = Region(columns - size_x, rows - size_y, size_x, size_y)
        if (box := self._box(self.selected)) is not None:
            place = Region(box.x, box.y, box.width, box.height).translate(-self.scroll_offset)
            if place.overlaps(found):
                return found.at_offset(Offset(0, found.y))
        return found

    def _map_marks(self, chart: Region) -> list[list[int]]:
        """For every cell inside of the map: 0 without a box, else 1 and the worst of the TONES there."""
        columns, rows = chart.width - 2, chart.height - 2
        if len(self._marks) != rows or len(self._marks[0]) != columns:
            assert self._drawn is not None
            whole = self._layout
            self._marks = [[0] * columns for _ in range(rows)]
            for box, view in zip(whole.boxes, self._drawn.nodes, strict=True):
                row = self._marks[(box.y + box.height // 2) * rows // whole.height]
                x = (box.x + box.width // 2) * columns // whole.width
                row[x] = max(row[x], 1 + TONES.index(view.state.tone))
        return self._marks

    def _map_row(self, chart: Region, y: int) -> list[Segment]:
        signs, styles = self._brush_now.signs, self._styles
        paper = styles["map"]
        top_left, flat, top_right, upright, bottom_left, bottom_right = signs.light
        columns, rows = chart.width - 2, chart.height - 2
        if y in (0, rows + 1):
            begin, end = (bottom_left, bottom_right) if y else (top_left, top_right)
            return [Segment(begin + flat * columns + end, paper)]
        frame = self._map_frame(columns, rows)
        pieces: list[Piece] = [(upright, paper)]
        for x, mark in enumerate(self._map_marks(chart)[y - 1]):
            tone = TONES[mark - 1] if mark else ""
            line = frame_line(frame, x, y - 1, signs.light)
            if tone in ("warn", "bad"):
                pieces.append((signs.marks[mark - 1], ink(paper, styles[tone])))
            elif line:
                pieces.append((line, ink(paper, styles["selected"])))
            else:
                pieces.append((signs.marks[mark - 1] if mark else " ", paper))
        return joined([*pieces, (upright, paper)])

    def _map_frame(self, columns: int, rows: int) -> Region:
        """What is in view, in cells of the map."""
        whole, window = self._layout, self._window.region.at_offset(self.scroll_offset)
        window = window.intersection(Region(0, 0, whole.width, whole.height))
        left, top = window.x * columns // whole.width, window.y * rows // whole.height
        right = (window.right - 1) * columns // whole.width
        bottom = (window.bottom - 1) * rows // whole.height
        return Region(left, top, right - left + 1, bottom - top + 1)

    # --- styles --------------------------------------------------------------------------------------------------

    @property
    def _brush_now(self) -> Brush:
        if self._brush is None:
            names = {name: f"pipeline-graph--{name}" for name in STYLES}
            styles = {name: self.get_component_rich_style(each) for name, each in names.items()}
            self._brush = Brush(self._box_size, self.ascii, styles)
        return self._brush

    @property
    def _styles(self) -> dict[str, Style]:
        return self._brush_now.styles

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._forget()

    # --- what changes --------------------------------------------------------------------------------------------

    def watch_selected(self, name: str) -> None:
        self._lit = None
        self._reveal()
        self.refresh()
        self.post_message(self.Selected(name))

    def watch_mode(self, mode: Mode) -> None:
        self._wanted = self._wanted._replace(size=SIZES[mode])
        if self._drawn is not None:
            self._arrange()

    def watch_ascii(self) -> None:
        self._forget()

    # --- what is pressed -----------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        if self._graph.names and len(self._graph.names) <= MANY:
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
        if name := self._node_at(offset):
            self.selected = name
            if event.chain == 2:
                self.post_message(self.Opened(name))

    def action_move(self, direction: str) -> None:
        names = self._graph.names
        if self.selected not in self._index:
            self.action_end(0)
        elif (found := self._next(direction)) is not None:
            self.selected = names[found]

    def action_end(self, place: int) -> None:
        if self._graph.names:
            self.selected = self._graph.names[place]

    def action_open(self) -> None:
        if self.selected in self._index:
            self.post_message(self.Opened(self.selected))

    def action_size(self) -> None:
        modes = list(SIZES)
        self.mode = modes[(modes.index(self.mode) + 1) % len(modes)]

    def action_map(self) -> None:
        self.mapped = not self.mapped

    def _next(self, direction: str) -> int | None:
        """Along an edge if one leads there, else to the nearest box; up and down rather in the same column."""
        boxes = self._layout.boxes
        here = boxes[self._index[self.selected]]
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
        if down:
            near = [index for index in ahead if away(index)[0] < here.width]
            return min(near or ahead, key=distance, default=None)
        ends = [link[:: 1 if across > 0 else -1] for link in self._graph.links]
        linked = {self._index[end] for origin, end in ends if origin == self.selected}
        by_edge = [index for index in ahead if index in linked]
        if by_edge:
            return min(by_edge, key=lambda index: away(index)[::-1])
        return min(ahead, key=distance, default=None)


def strip(pieces: Iterable[Piece], cells: int, rest: Style | None = None) -> Strip:
    """A strip of `cells`; what `pieces` leave is blank, in the style `rest`."""
    return Strip([Segment(*piece) for piece in pieces if piece[0]]).extend_cell_length(cells, rest)


def joined(pieces: Iterable[Piece]) -> list[Segment]:
    """Neighbours of the same style as one segment."""
    return [
        Segment("".join(text for text, _ in group), style)
        for style, group in groupby(pieces, key=itemgetter(1))
    ]


def ink(paper: Style, style: Style) -> Style:
    """`style` on the background of `paper`."""
    return style + Style(bgcolor=paper.bgcolor)


def frame_line(frame: Region, x: int, y: int, box: tuple[str, ...]) -> str:
    """The line of a frame at a cell; "" beside and inside of it. One row, which has no room for lines, is in [ ]."""
    if not frame.contains(x, y):
        return ""
    first, last = x == frame.x, x == frame.right - 1
    top, bottom = y == frame.y, y == frame.bottom - 1
    if first and last:
        return box[3]
    if top and bottom:
        return "[" if first else "]" if last else ""
    if top or bottom:
        begin, end = (box[0], box[2]) if top else (box[4], box[5])
        return begin if first else end if last else box[1]
    return box[3] if first or last else ""
