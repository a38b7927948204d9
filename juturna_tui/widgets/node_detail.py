"""The pane of the node that is selected: a `page` that scrolls, of which lines are drawn when they have changed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import ClassVar

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from juturna_core.cells import cut, width
from juturna_core.control.api import Passed
from juturna_tui.view import Detail
from juturna_tui.widgets.node_page import (
    MESSAGES,
    ROLES,
    UNLIMITED,
    Row,
    json_arguments,
    page,
    plain,
    wrapped,
)


class NodeDetail(ScrollView, can_focus=True, inherit_bindings=False):
    """The node that is selected. Who mounts it brings the last messages when they are wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", id="detail.up", show=False),
        Binding("down,j", "scroll_down", "down", id="detail.down", show=False),
        Binding("pageup", "page_up", "page up", id="detail.pageup", show=False),
        Binding("pagedown", "page_down", "page down", id="detail.pagedown", show=False),
        Binding("home,g", "scroll_home", "begin", id="detail.home", show=False),
        Binding("end,G", "scroll_end", "end", id="detail.end", show=False),
        Binding("m", "messages", "messages", id="detail.messages"),
        Binding("y", "copy", "copy all", id="detail.copy"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"node-detail--{role}" for role in ("text", *ROLES)}
    DEFAULT_CSS = """
    NodeDetail {
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .node-detail--text { color: $foreground; }
        & > .node-detail--title { text-style: bold; }
        &:focus > .node-detail--title { color: $text-accent; }
        & > .node-detail--ok { color: $text-success; }
        & > .node-detail--quiet { color: $text-muted; }
        & > .node-detail--warn { color: $text-warning; text-style: bold; }
        & > .node-detail--bad { color: $text-error; text-style: bold; }
    }
    """
    NOTHING: ClassVar = "select a node: arrow keys in the graph"

    @dataclass
    class MessagesWanted(Message):
        """The user wants to see the last messages of the node, or has seen enough."""

        on: bool

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._detail: Detail | None = None
        self._messages: Sequence[Passed] | None = None
        self._wanted = False
        self._values: tuple[tuple[str, str], ...] = ()
        self._lines: list[Row] = []

    # --- compose -------------------------------------------------------------------------------------------------

    def show(self, detail: Detail | None, messages: Sequence[Passed] | None) -> None:
        """Take the numbers of this moment; another node is shown from its beginning, messages that come at once."""
        old, self._detail = self._detail, detail
        seen, self._messages = self._messages, messages
        about = detail.about if detail is not None else None
        if about is not (old and old.about):  # not every time: arguments may be large
            self._values = json_arguments(about)
        self._renew()
        if (old and old.about.name) != (about and about.name):
            self.scroll_home(animate=False)
        if detail is not None and messages is not None and not seen and messages != seen:
            titles = [
                row for row, line in enumerate(self._lines) if line[:1] == ((MESSAGES, "title"),)
            ]
            self.scroll_to(y=titles[-1], animate=False)

    def render_line(self, y: int) -> Strip:
        room, row = self.size.width, y + self.scroll_offset.y
        if row >= len(self._lines):
            return Strip.blank(room, self._role(""))
        text, left = Text(end="", no_wrap=True), room
        for piece, role in self._lines[row]:
            piece = cut(piece, left)
            left -= width(piece)
            text.append(piece, self._role(role))
        text.append(" " * left, self._role(""))
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(row)) is not None:
            begin, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            text.stylize(style, begin, len(text) if end == -1 else end)
        return Strip(text.render(self.app.console), room).apply_offsets(0, row)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """What the mouse marked."""
        return selection.extract("\n".join(map(plain, self._lines))), "\n"

    def _role(self, role: str) -> Style:
        return self.get_component_rich_style(f"node-detail--{role or 'text'}")

    # --- watch ---------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._renew()

    def on_show(self) -> None:
        self._renew()

    # --- action --------------------------------------------------------------------------------------------------

    def action_messages(self) -> None:
        self._wanted = not self._wanted
        self.post_message(self.MessagesWanted(self._wanted))

    def action_copy(self) -> None:
        if self._detail is not None:
            lines = page(self._detail, self._values, self._messages, UNLIMITED)
            self.app.copy_to_clipboard("\n".join(map(plain, lines)) + "\n")

    # --- in here -------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        room, old = self.scrollable_size.width, self._lines
        if self._detail is None:
            self._lines = [((line, "quiet"),) for line in wrapped(self.NOTHING, max(1, room))]
        else:
            self._lines = page(self._detail, self._values, self._messages, room)
        size = Size(room, len(self._lines))
        if size != self.virtual_size:
            self.virtual_size = size
        top, page_size = self.scroll_offset.y, self.size.height
        for row, (before, now) in enumerate(zip_longest(old, self._lines)):
            if before != now and top <= row < top + page_size:
                self.refresh_line(row)
