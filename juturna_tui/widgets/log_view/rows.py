"""The rows of the lines that are shown: numbered, measured, searched. Pure."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Sequence

from juturna_core.cells import width
from juturna_tui.widgets.log_view.line import Line, rows_of


class Rows:
    """Lines, one below the other: which row belongs to which, and which rows match the pattern.

    Rows are numbered from the first one that ever was, so that a number stays what it means when old lines drop.
    """

    def __init__(self, sought: str = "") -> None:
        self.lines: list[Line] = []
        self.first = 0
        """The number of the first row that is still there."""
        self.widest = 0
        """Cells of the widest text so far."""
        self._ends: list[int] = []
        self.search(sought)

    @property
    def end(self) -> int:
        """The number of the row that comes next."""
        return self._ends[-1] if self._ends else self.first

    def extend(self, lines: Sequence[Line]) -> None:
        end = self.end
        for line in lines:
            text = line.text
            # Most need not be measured: no character takes more than two cells, of ASCII more than one.
            most = len(text) if text.isascii() else 2 * len(text)
            if most > self.widest or "\t" in text:
                self.widest = max(self.widest, *map(width, rows_of(text)))
            if self.sought:
                self.matches += self._found(line, end)
            end += text.count("\n") + 1
            self._ends.append(end)
        self.lines += lines

    def drop(self, count: int) -> None:
        """Forget the first `count` lines."""
        if count:
            self.first = self._ends[count - 1]
            del self.lines[:count], self._ends[:count]
            del self.matches[: bisect_left(self.matches, self.first)]

    def at(self, row: int) -> tuple[Line, int]:
        """The line that `row` belongs to, and the how manieth of its rows that is. Raises IndexError."""
        index = bisect_right(self._ends, row)
        return self.lines[index], row - (self._ends[index - 1] if index else self.first)

    def text(self, row: int) -> str:
        """What stands in `row`. Raises IndexError."""
        line, index = self.at(row)
        return rows_of(line.text)[index]

    def search(self, sought: str) -> None:
        """Capitals are meant only where there are any, as in vim and less."""
        case = 0 if any(map(str.isupper, sought)) else re.IGNORECASE
        self.sought, self._pattern = sought, re.compile(re.escape(sought), case)
        self.matches: list[int] = []
        """The rows that have what is sought."""
        begin = self.first
        for line, end in zip(self.lines, self._ends, strict=True):
            self.matches += self._found(line, begin)
            begin = end

    def spans(self, text: str) -> list[tuple[int, int]]:
        """Where in `text` is what is sought."""
        return [found.span() for found in self._pattern.finditer(text)] if self.sought else []

    def _found(self, line: Line, begin: int) -> list[int]:
        if not self.sought:
            return []
        found = self._pattern.search
        return [begin + index for index, row in enumerate(rows_of(line.text)) if found(row)]
