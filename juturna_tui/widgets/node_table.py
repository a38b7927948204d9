"""All nodes as a table, a row each: only rows in sight are written, only those that changed are drawn again.

On the Line API; a pipeline of 1000 nodes costs what its visible rows cost, and the sort.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.events import Click
from textual.geometry import Size
from textual.message import Message
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input

from juturna_core.cells import cut, printable, width
from juturna_tui.view import Frame, NodeView
from juturna_tui.widgets.field import Search
from juturna_tui.widgets.node_columns import (
    COLUMNS,
    TONES,
    Column,
    Piece,
    Slot,
    blanks,
    fitted,
    measure,
    ordered,
    placed,
)


class NodeTable(ScrollView, can_focus=True, inherit_bindings=False):
    """The header stays while rows scroll; a line for the name to look for opens below them.

    `selected` is the name of a node: the cursor stays on it while rows move. Setting it posts nothing.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", id="table.up", show=False),
        Binding("down,j", "move(1)", "down", id="table.down", show=False),
        Binding("pageup", "page(-1)", "page up", id="table.pageup", show=False),
        Binding("pagedown", "page(1)", "page down", id="table.pagedown", show=False),
        Binding("home,g", "first", "first node", id="table.home", show=False),
        Binding("end,G", "last", "last node", id="table.end", show=False),
        Binding("enter", "open", "open node", id="table.open"),
        Binding("o", "sort", "sort by next", id="table.sort"),
        Binding("O", "reverse", "reverse order", id="table.reverse", show=False),
        Binding("slash", "filter", "filter by name", id="table.filter"),
        Binding("escape", "clear", "clear filter", id="table.clear"),
    ]
    ALLOW_SELECT = False
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "node-table--text",
        "node-table--header",
        "node-table--cursor",
        *(f"node-table--{tone}" for tone in TONES),
    }
    DEFAULT_CSS = """
    NodeTable {
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .node-table--text { color: $foreground; }
        & > .node-table--header { background: $panel; color: $foreground; text-style: bold; }
        & > .node-table--ok { color: $text-success; }
        & > .node-table--quiet { color: $text-muted; }
        & > .node-table--warn { color: $text-warning; text-style: bold; }
        & > .node-table--bad { color: $text-error; text-style: bold; }
        & > .node-table--cursor {
            background: $block-cursor-blurred-background;
            color: $block-cursor-blurred-foreground;
            text-style: bold;
        }
        &:ansi > .node-table--header { text-style: bold underline; }
        &:ansi > .node-table--cursor { text-style: reverse; }
        &:nocolor > .node-table--cursor { text-style: underline; }
        &:focus > .node-table--cursor {
            background: $block-cursor-background;
            color: $block-cursor-foreground;
            text-style: bold;
        }
        &:focus:nocolor > .node-table--cursor { text-style: bold reverse; }
        & > Input { dock: bottom; display: none; }
        &.-filtering > Input { display: block; }
    }
    """

    selected: reactive[str] = reactive("", init=False, repaint=False)

    @dataclass
    class Selected(Message):
        """The user moved the cursor to the node `name`."""

        name: str

    @dataclass
    class Opened(Message):
        """The user wants to see more of the node `name`."""

        name: str

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._shown: Frame | None = None
        self._rows: list[NodeView] = []
        self._row_of: dict[str, int] = {}
        self._places: tuple[Slot, ...] = ()
        self._drawn: dict[int, tuple[tuple[Piece, ...], bool]] = {}
        """Rows as they are on the screen, and whether the cursor is on them."""
        self._sorted = ""
        self._falling = False
        self._input = Search(placeholder="part of a name", select_on_focus=False, compact=True)

    @property
    def is_container(self) -> bool:
        """A ScrollView lays out no children; this one has one: the filter."""
        return True

    @property
    def _filter(self) -> str:
        return self._input.value.casefold()

    @property
    def _page(self) -> int:
        """Rows that there is room for."""
        return max(0, self.size.height - 1 - self.has_class("-filtering"))

    @property
    def _visible(self) -> range:
        top = self.scroll_offset.y
        return range(top, min(len(self._rows), top + self._page))

    # --- compose -------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield self._input

    def show(self, frame: Frame) -> None:
        """Take the numbers of this moment."""
        before, self._shown = self._shown, frame
        if before is None or before.nodes != frame.nodes:
            self._renew()

    def render_line(self, y: int) -> Strip:
        if y == 0:
            style = self.get_component_rich_style("node-table--header")
            return self._strip(self._header(), lambda tone: style, style)
        row = y - 1 + self.scroll_offset.y
        if row >= len(self._rows):
            said = self._nothing() if y == 1 and not self._rows else ""
            return self._strip([(said, "quiet" if said else "")], self._tone, self._tone(""))
        line = self._drawn.get(row)
        if line is None:  # scrolled into sight
            line = self._drawn[row] = self._line(row)
        pieces, here = line
        if here:
            style = self.get_component_rich_style("node-table--cursor")
            return self._strip(pieces, lambda tone: style, style)
        return self._strip(pieces, self._tone, self._tone(""))

    def _strip(
        self, pieces: Iterable[Piece], style_of: Callable[[str], Style], rest: Style
    ) -> Strip:
        """As wide as the widget by our own measure of cells."""
        left, segments = self.size.width, []
        for tone, run in groupby(
            pieces, key=itemgetter(1)
        ):  # the fewer segments, the less to write
            text = "".join(text for text, _ in run)
            text = cut(text, left)
            left -= width(text)
            segments.append(Segment(text, style_of(tone)))
        segments.append(Segment(" " * left, rest))
        return Strip([each for each in segments if each.text], self.size.width)

    def _tone(self, tone: str) -> Style:
        """Kept by Textual from one repaint to the next; `rich_style` is not."""
        return self.get_component_rich_style(f"node-table--{tone or 'text'}")

    def _header(self) -> Iterator[Piece]:
        mark = "▾" if self._falling else "▴"
        for place in self._places:
            column = place.column
            title = column.title + (mark if column.title == self._sorted else "")
            yield "  " if column.title == "node" else self._gap, ""
            yield fitted(title, place.size - 2 * (column.title == "node"), column.number), ""

    def _line(self, row: int) -> tuple[tuple[Piece, ...], bool]:
        """What a row says, and whether the cursor is on it."""
        node = self._rows[row]
        state = node.state
        pieces: list[Piece] = [(state.sign, state.tone)]
        gap = self._gap
        for place in self._places:
            pieces += [(" " if place.left == 0 else gap, ""), *place.pieces(node)]
        return tuple(pieces), node.name == self.selected

    @property
    def _gap(self) -> str:
        return " " * blanks(self.scrollable_size.width)

    def _nothing(self) -> str:
        if self._shown is None:
            return "no pipeline is shown yet"
        if self._shown.nodes:
            return f'no node is called like "{printable(self._input.value)}": escape shows all'
        return "this pipeline has no nodes"

    # --- watch ---------------------------------------------------------------------------------------------------

    def watch_selected(self) -> None:
        self._redraw()
        self._reveal()

    def on_resize(self) -> None:
        self._renew()

    def on_show(self) -> None:
        self._renew()

    def on_click(self, event: Click) -> None:
        if event.widget is not self or (at := event.get_content_offset(self)) is None:
            return
        if at.y:
            row = at.y - 1 + self.scroll_offset.y
            if row in self._visible:
                self._choose(row)
            return
        reached = [place.column for place in self._places if place.left <= at.x]
        if reached:
            self._sort_by(reached[-1])

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._renew()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.focus()
        if not event.value:
            self.action_clear()
        elif self.selected not in self._row_of:
            self._choose(0)

    # --- action --------------------------------------------------------------------------------------------------

    def action_move(self, rows: int) -> None:
        row = self._row_of.get(self.selected)
        if row is None:
            row = -1 if rows > 0 else len(self._rows)
        self._choose(row + rows)

    def action_page(self, pages: int) -> None:
        self.action_move(pages * max(1, self._page))

    def action_first(self) -> None:
        self._choose(0)

    def action_last(self) -> None:
        self._choose(len(self._rows) - 1)

    def action_open(self) -> None:
        if self.selected in self._row_of:
            self.post_message(self.Opened(self.selected))

    def action_sort(self) -> None:
        """By the next column in sight; after the last one as in the file."""
        titles = ["", *(place.column.title for place in self._places)]
        at = titles.index(self._sorted) if self._sorted in titles else 0
        title = titles[(at + 1) % len(titles)]
        column = next((each for each in COLUMNS if each.title == title), None)
        self._sort_by(column)

    def action_reverse(self) -> None:
        if self._sorted:
            self._falling = not self._falling
            self._renew()
            self.refresh()

    def action_filter(self) -> None:
        self.add_class("-filtering")
        self.refresh_bindings()
        self._input.focus()
        self._renew()

    def action_clear(self) -> None:
        self.remove_class("-filtering")
        self.refresh_bindings()
        self._input.value = ""
        self.focus()
        self._renew()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Escape is the screen's where there is no filter."""
        return action != "clear" or self.has_class("-filtering")

    # --- in here -------------------------------------------------------------------------------------------------

    def _choose(self, row: int) -> None:
        if not self._rows:
            return
        name = self._rows[max(0, min(len(self._rows) - 1, row))].name
        if name != self.selected:
            self.selected = name
            self.post_message(self.Selected(name))

    def _sort_by(self, column: Column | None) -> None:
        """None: as in the file. The highest number first, and the first word; the other way round the second time."""
        if column is None:
            self._sorted, self._falling = "", False
        elif column.title == self._sorted:
            self._falling = not self._falling
        else:
            self._sorted, self._falling = column.title, column.number
        self._renew()
        self.refresh()

    def _renew(self) -> None:
        """Which rows there are, in which order, in which columns; the view follows the cursor if it was in sight."""
        followed = self._row_of.get(self.selected) in self._visible
        old, places = len(self._rows), self._places
        self._rows = self._ordered()
        self._row_of = {node.name: row for row, node in enumerate(self._rows)}
        room = self.scrollable_size.width
        self._places = placed(room, measure(self._known, room))
        lines = len(self._rows) + 1 + self.has_class("-filtering")
        size = Size(room, lines)
        if size != self.virtual_size:
            self.virtual_size = size
        if self._places != places or len(self._rows) != old or not self._rows:
            self._drawn.clear()
            self.refresh()
        self._redraw()
        if followed:
            self._reveal()

    def _redraw(self) -> None:
        """Draw rows in sight that are not on the screen as they should be."""
        drawn = {row: self._line(row) for row in self._visible}
        for row, line in drawn.items():
            if self._drawn.get(row) != line:
                self.refresh_line(row + 1)
        self._drawn = drawn

    def _reveal(self) -> None:
        """Scroll no farther than it takes to have the cursor in sight."""
        row, top, page = self._row_of.get(self.selected), self.scroll_offset.y, self._page
        if row is not None and page and not top <= row < top + page:
            self.scroll_to(y=row if row < top else row - page + 1, animate=False)

    @property
    def _known(self) -> Sequence[NodeView]:
        return self._shown.nodes if self._shown is not None else ()

    def _ordered(self) -> list[NodeView]:
        found, part = self._known, self._filter
        if part:
            found = [node for node in found if part in printable(node.name).casefold()]
        return ordered(found, self._sorted, self._falling)
