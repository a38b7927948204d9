"""The text of a file as it is kept and as it is shown, and what the file has around it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from textual.document._document import Document, EditResult, Location
from textual.document._wrapped_document import WrappedDocument

from juturna_core.cells import printable

BOM = "\ufeff"
INDENT = re.compile(r"^(\t| {1,8})(?=\S)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Form:
    """What a file has around its text: byte order mark, line ends; and the unit that it is indented by."""

    bom: str = ""
    newline: str = "\n"
    indent: str = "  "

    @classmethod
    def of(cls, text: str) -> Self:
        """A file with line ends of both kinds is one of `\\n`, whose `\\r` are characters like others."""
        windows = text.count("\r\n")
        indent = INDENT.search(text)
        return cls(
            bom=BOM if text.startswith(BOM) else "",
            newline="\r\n" if windows and windows == text.count("\n") else "\n",
            indent=indent[1] if indent else "  ",
        )

    def strip(self, text: str) -> str:
        """The text of the file `text`, with `\\n` only."""
        return text.removeprefix(self.bom).replace(self.newline, "\n")

    def wrap(self, text: str) -> str:
        """The file again: what `strip` takes, given back."""
        return self.bom + text.replace("\n", self.newline)


class Lines(Document):
    """Textual's document, but only `\\n` ends a line, and nothing that a terminal would obey is drawn or measured.

    Textual's own drops form feeds and the like, at which `str.splitlines` cuts. Its `_lines` are what is shown here,
    character for character beside those that are kept.
    """

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._kept = text.split("\n")
        self._lines = list(map(harmless, self._kept))
        self._text: str | None = text

    @property
    def text(self) -> str:
        # Asked for by Textual for every row that it draws.
        if self._text is None:
            self._text = "\n".join(self._kept)
        return self._text

    def get_text_range(self, start: Location, end: Location) -> str:
        (top, left), (bottom, right) = sorted((start, end))
        lines = self._kept[top : bottom + 1]
        if bottom < len(self._kept):
            lines[-1] = lines[-1][:right]
        lines[0] = lines[0][left:]
        return "\n".join(lines)

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range(start, end)
        rest = self._kept[bottom][right:] if bottom < len(self._kept) else ""
        lines = (self._kept[top][:left] + text + rest).split("\n")
        self._kept[top : bottom + 1] = lines
        self._lines[top : bottom + 1] = map(harmless, lines)
        self._text = None
        return EditResult((top + text.count("\n"), len(lines[-1]) - len(rest)), replaced)


class Rows(WrappedDocument):
    """A line a row. Textual counts through all lines for every row that it draws: 2 ms at 40 000."""

    @property
    def height(self) -> int:
        return self.document.line_count


def harmless(line: str) -> str:
    """`line` as it may be sent to a terminal, with its tabs, which Textual spreads."""
    return line if line.isprintable() else "\t".join(map(printable, line.split("\t")))
