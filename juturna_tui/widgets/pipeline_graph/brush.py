"""How one node is drawn, in a box of any of the sizes; and strips and segments made of pieces of styled text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeAlias

from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from juturna_core.cells import cut, pad, printable, shorten, width
from juturna_tui.figures import count, duration, rate, sparkline
from juturna_tui.view import Fill, NodeView, State

Piece: TypeAlias = tuple[str, Style]
IN_WORDS: Final = {
    *(State.AWAY, State.FAILING, State.STUCK, State.SUSPENDED),
    *(State.DRAINING, State.FULL, State.ENDED),
}
"""What is said in a word too, where the sparkline would begin."""
STYLES: Final = ("text", "edge", "ok", "quiet", "warn", "bad", "selected", "map")
TONES: Final = ("ok", "quiet", "warn", "bad")
"""From good to bad."""


LIGHT: Final = tuple("╭─╮│╰╯")
"""Corners and lines: top left, flat, top right, upright, bottom left, bottom right."""
HEAVY: Final = tuple("┏━┓┃┗┛")
"""The same of what is selected."""
WARPED: Final = "⇄"
MARKS: Final = "··▲!"
"""What stands on the map for a tone, in the order of TONES."""


@dataclass(frozen=True, slots=True)
class Brush:
    """Draws one node as the rows of its box, each exactly as wide as that."""

    size: tuple[int, int]
    styles: dict[str, Style]

    def node(self, view: NodeView, selected: bool, flashed: bool) -> tuple[Strip, ...]:
        columns, lines = self.size
        draw = self._full if lines > 1 else self._line if columns > 3 else self._dot
        rows = draw(view, selected, Style(reverse=True) if flashed else Style())
        return tuple(strip(row, self.size[0]) for row in rows)

    def _full(self, view: NodeView, selected: bool, flash: Style) -> list[list[Piece]]:
        inner, text = self.size[0] - 2, self.styles["text"]
        box = HEAVY if selected else LIGHT
        top_left, flat, top_right, upright, bottom_left, bottom_right = box
        tone = view.state.tone if view.state.tone in ("warn", "bad") else "edge"
        line = self.styles["selected" if selected else tone]
        sign, sign_style = self._sign(view)
        name, kind = self._title(view, inner)
        kind = f" {kind} " if kind else ""
        word = f" {view.state.word}" if view.state in IN_WORDS else ""
        ticks = sparkline(view.spark, inner - 4 - width(word))
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
        side = HEAVY[3] if selected else " "
        sign, sign_style = self._sign(view)
        took = duration(view.latency)
        if view.warped:
            took = f"{WARPED} {took}"
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
        left, right = (HEAVY[3],) * 2 if selected else ("[", "]")
        sign, sign_style = self._sign(view)
        return [[(left, line), (sign, sign_style + flash), (right, line)]]

    def _title(self, view: NodeView, inner: int) -> tuple[str, str]:
        """The name, and what kind of node it is as far as the name leaves room for that."""
        kinds = (f"{WARPED} warped", WARPED) if view.warped else (self._short(view.kind, 8), "")
        for kind in kinds:
            room = inner - 4 - (width(kind) + 2 if kind else 0)
            if width(printable(view.name)) <= room:
                break
        return self._short(view.name, room), kind

    def _numbers(self, view: NodeView, inner: int) -> list[Piece]:
        """Latency, rate and queue in columns; closer together where they are long."""
        sign = Fill.FULL.sign if view.fill >= 1 else ""
        passed = rate(view.rate_out if view.kind == "source" else view.rate_in)
        parts = [duration(view.latency), passed, f"q {count(view.held)}"]
        room = inner - 1 - len(sign)
        numbers = f"{parts[0]:<7} {parts[1]:<7} {parts[2]}"
        if len(numbers) > room:
            numbers = cut(" ".join(part.replace(" ", "") for part in parts), room)
        text = self.styles["text"]
        rest = " " * (room - len(numbers))
        return [(f" {numbers}", text), (sign, self.styles["warn"]), (rest, text)]

    def _sign(self, view: NodeView) -> Piece:
        state = view.state
        return state.sign, self.styles[state.tone]

    def _short(self, text: str, cells: int) -> str:
        return shorten(printable(text), cells)


def strip(pieces: Iterable[Piece], cells: int, rest: Style | None = None) -> Strip:
    """A strip of `cells`; what `pieces` leave is blank, in the style `rest`."""
    return Strip([Segment(*piece) for piece in pieces if piece[0]]).extend_cell_length(cells, rest)


def joined(pieces: Iterable[Piece]) -> list[Segment]:
    """Neighbours of the same style as one segment."""
    return [
        Segment("".join(text for text, _ in group), style)
        for style, group in groupby(pieces, key=itemgetter(1))
    ]
