"""The text area: JSON with colours and marked problems, harmless and fast with any file."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events
from textual.document._document import Location
from textual.document._document_navigator import DocumentNavigator
from textual.strip import Strip
from textual.widgets import TextArea

from juturna_core.errors import Problem
from juturna_tui.widgets.config_editor.text import Lines, Rows

LARGEST = 2_000_000
"""Characters that a text may have by pasting; a megabyte of 42 000 lines takes half a second."""
COLOURED = 10_000
"""Characters of one line that get colours: a file of one long line is drawn as fast as any."""
SIGNS = {"error": "✖", "warning": "▲"}
CHANGES = ("delete_", "cut", "paste", "undo", "redo")
"""How the names of actions begin that change the text."""
TOKEN = re.compile(
    r'(?P<key>"[^"\\]*(?:\\.[^"\\]*)*"(?=\s*:))'
    r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)'
    r"|(?P<number>-?\d[\w.+-]*)"
    r"|(?P<literal>\b(?:true|false|null)\b)"
    r"|(?P<brace>[][{}:,])"
)
"""One line is enough to know what a character is: strings of JSON do not go on in the next."""


class Source(TextArea):
    """Text of JSON with colours, line numbers and marked problems; read-only until told otherwise."""

    DEFAULT_CSS = """
    Source {
        border: none; padding: 0;
        &:focus { border: none; }
        & .source--key { color: $text-primary; }
        & .source--string { color: $text-success; }
        & .source--number { color: $text-warning; }
        & .source--literal { color: $text-accent; text-style: italic; }
        & .source--brace { color: $text-muted; }
        &:nocolor .text-area--cursor { text-style: reverse; }
        &:nocolor .text-area--selection { text-style: underline; }
        & .source--error { color: $text-error; text-style: bold underline; }
        & .source--warning { color: $text-warning; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"source--{part}"
        for part in ("key", "string", "number", "literal", "brace", "error", "warning")
    }

    def __init__(self, *, id: str, show_line_numbers: bool = True) -> None:
        self._marks: dict[int, list[Problem]] = {}
        super().__init__(
            id=id,
            soft_wrap=False,
            tab_behavior="indent",
            read_only=True,
            show_line_numbers=show_line_numbers,
        )
        self.cursor_blink = False

    def indent_by(self, unit: str) -> None:
        """What the tab key inserts; up to the next multiple of it when it is made of blanks."""
        self.indent_type = "tabs" if unit == "\t" else "spaces"
        self.indent_width = 4 if unit == "\t" else len(unit)

    def mark(self, problems: Sequence[Problem]) -> None:
        """Show where these are, instead of those before."""
        self._marks = defaultdict(list)
        for problem in problems:
            if problem.line is not None:
                self._marks[problem.line - 1].append(problem)
        self.notify_style_update()  # forgets the lines drawn so far
        self.refresh()

    def paste(self, text: str) -> None:
        """Put `text` in place of the selection, with the line ends that terminals send made `\\n`."""
        if self.read_only:
            return
        if len(self.text) + len(text) > LARGEST:
            self.notify(
                f"Not pasted: the file would be larger than {LARGEST // 1_000_000} MB.",
                severity="warning",
            )
            return
        self._replace_via_keyboard(text.replace("\r\n", "\n").replace("\r", "\n"), *self.selection)

    def get_line(self, line_index: int) -> Text:
        plain = self.document.get_line(line_index)
        line = Text(plain, end="", no_wrap=True)
        tokens = list(TOKEN.finditer(plain, 0, COLOURED))
        for token in tokens:
            line.stylize(self.get_component_rich_style(f"source--{token.lastgroup}"), *token.span())
        for problem in self._marks.get(line_index, ()):
            if problem.column is not None and plain:
                at = min(problem.column, len(plain)) - 1
                around = (t.span() for t in tokens if t.start() <= at < t.end())
                style = self.get_component_rich_style(f"source--{problem.severity}")
                line.stylize(style, *next(around, (at, at + 1)))
        return line

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        # Textual goes character by character: 0.3 s a megabyte, at every move of the cursor.
        if len(self.text) > 50_000:
            return None
        return super().find_matching_bracket(bracket, search_from)

    def get_component_rich_style(
        self, *names: str, partial: bool = False, default: Style | None = None
    ) -> Style:
        style = super().get_component_rich_style(*names, partial=partial, default=default)
        # The line of the cursor keeps the colours of its words: Textual lays this style over them.
        return Style(bgcolor=style.bgcolor) if names == ("text-area--cursor-line",) else style

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Who only reads has no keys that change something: neither where they are explained nor when pressed."""
        return not (self.read_only and action.startswith(CHANGES))

    def action_paste(self) -> None:
        self.paste(self.app.clipboard)

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = Lines(text)
        self.wrapped_document = Rows(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def _recompute_cursor_offset(self) -> None:
        # In the middle of an undo Textual asks this for a line that is gone, and would fail.
        location = self.clamp_visitable(self.cursor_location)
        self._cursor_offset = self.wrapped_document.location_to_offset(location)

    def _render_line(self, y: int) -> Strip:
        strip = super()._render_line(y)
        problems = self._marks.get(self.scroll_offset.y + y)
        if not problems or not self.show_line_numbers:
            return strip
        severity = min(problem.severity for problem in problems)  # an error before a warning
        style = self.get_component_rich_style(f"source--{severity}") + Style(underline=False)
        sign, edge = Segment(SIGNS[severity], style), self.gutter_width - 2
        return Strip.join([strip.crop(0, edge), Strip([sign]), strip.crop(edge + 1)])

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.prevent_default()  # with which Textual's would move the focus
        elif event.key == "enter" and not self.read_only:
            event.prevent_default()
            event.stop()
            self._break_line()

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.paste(event.text)

    def _break_line(self) -> None:
        """Begin a line where the one before begins, or deeper after a bracket; its partner gets one of its own."""
        row, column = min(self.selection)
        end_row, end_column = max(self.selection)
        before, after = self.document[row][:column], self.document[end_row][end_column:]
        outer = inner = "\n" + before[: len(before) - len(before.lstrip(" \t"))]
        if before.rstrip().endswith(("{", "[")):
            inner += "\t" if self.indent_type == "tabs" else " " * self.indent_width
        closes = inner != outer and after.lstrip().startswith(("}", "]"))
        self._replace_via_keyboard(inner + outer if closes else inner, *self.selection)
        self.move_cursor((row + 1, len(inner) - 1))
