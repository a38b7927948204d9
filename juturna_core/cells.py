"""How wide text is on a terminal: in cells, which are not characters."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from unicodedata import category, east_asian_width

ELLIPSIS = "…"
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]"
)
"""What moves the cursor, turns the direction of writing or cannot be encoded."""
_JOINER = "\u200d"
_EMOJI_STYLE = "\ufe0f"
_SKIN_TONES = range(0x1F3FB, 0x1F400)
_JAMO = range(0x1160, 0x1200)
"""Vowels and finals of Hangul, which stand in the cells of the initial before them."""

_SINGLE = re.compile(r"[ -~\xa0-\xac\xae-\u02ff\u2010-\u2027\u2190-\u2319\u2500-\u25fc]*").fullmatch
"""Text of characters that take a cell each and combine with none: most of what is not ASCII here (µ, ●, lines)."""


def width(text: str) -> int:
    """The cells that `text` takes."""
    if text.isascii() or _SINGLE(text):
        return len(text)
    return sum(cells for _, cells in _glyphs(text))


def pad(text: str, cells: int) -> str:
    """`text` with blanks up to a width of `cells`."""
    return text + " " * (cells - width(text))


def cut(text: str, cells: int) -> str:
    """As much of the beginning of `text` as there is room for."""
    if text.isascii() or _SINGLE(text):
        return text[:cells]
    return _first(list(_glyphs(text)), cells)


def shorten(text: str, cells: int) -> str:
    """`text`, or its beginning and its end with an ellipsis between: long names often differ at their ends."""
    if width(text) <= cells:
        return text
    glyphs = list(_glyphs(text))
    room = max(0, cells - 1)
    begin = _first(glyphs, room - room // 3)
    end = _first([(glyph[::-1], size) for glyph, size in reversed(glyphs)], room // 3)[::-1]
    return f"{begin}{ELLIPSIS}{end}"


def printable(text: str) -> str:
    """`text` on one line and without what a terminal would obey; its characters and those that replace them align.

    A control character becomes its picture (U+2400 and up), every other one of that kind U+FFFD.
    """
    return text if text.isprintable() else _HARMFUL.sub(_picture, text)


def _picture(found: re.Match[str]) -> str:
    code = ord(found.group())
    if code < 0x20:
        return chr(0x2400 + code)
    return "\u2421" if code == 0x7F else "\ufffd"


def aligned(rows: Sequence[Sequence[str]], words: Collection[int]) -> list[str]:
    """A line a row, in columns: `words` are those that begin on the left, all others are numbers."""
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [
            pad(text, size) if column in words else " " * (size - width(text)) + text
            for column, (text, size) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return lines


def _first(glyphs: list[tuple[str, int]], cells: int) -> str:
    taken = []
    for glyph, size in glyphs:
        cells -= size
        if cells < 0:
            break
        taken.append(glyph)
    return "".join(taken)


def _glyphs(text: str) -> Iterator[tuple[str, int]]:
    """What is drawn as one, and its cells: a character and all that combines with it."""
    glyph, cells = "", 0
    for character in text:
        size = _cells(character)
        if glyph and (not size or glyph.endswith(_JOINER) or _is_tone_of(character, cells)):
            glyph += character
            if character == _EMOJI_STYLE:
                cells = 2
            continue
        if glyph:
            yield glyph, cells
        glyph, cells = character, size
    if glyph:
        yield glyph, cells


def _cells(character: str) -> int:
    if category(character) in ("Mn", "Me", "Cf", "Cc") or ord(character) in _JAMO:
        return 0
    return 2 if east_asian_width(character) in "WF" else 1


def _is_tone_of(character: str, cells: int) -> bool:
    return cells == 2 and ord(character) in _SKIN_TONES
