"""Everything on the screen in ASCII, for terminals and fonts without other signs: Textual's own borders too.

Letters stay what they are: a name in another script is no sign.
"""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

SIGNS = {
    **dict.fromkeys("─═┄┈╌╴╶▔", "-"),
    **dict.fromkeys("━┅┉╍╸╺", "="),
    **dict.fromkeys("│║┆┊╎╵╷▏▎▍▌▐▕▊▋", "|"),
    **dict.fromkeys("╭╮╰╯┌┐└┘├┤┬┴┼╔╗╚╝╠╣╦╩╬╋╱╲╳", "+"),  # noqa: RUF001  # they are meant
    **dict.fromkeys("┃┇┋╏╹╻┏┓┗┛┣┫┳┻▀▓▒▉", "#"),  # what is heavy has the keys, or is selected
    **dict(zip("▁▂▃▄▅▆▇█", "_.-:=+*#", strict=True)),
    **dict(zip("▶▸▷◀◂▲△▴▼▾↑↓←→⇄⏎", ">>><<^'^vv^v<>@>", strict=True)),
    **dict(zip("●○◌◔□■✗✖✓‖↯·•…µ░", "*o~%-#xx+=!--~u.", strict=True)),
    "🔎": "/ ",  # two cells wide
}
"""A sign each for a sign: everything stays where it is."""
_TABLE = str.maketrans(SIGNS)


class Ascii(LineFilter):
    """What widgets have drawn, sign by sign."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            Segment(text.translate(_TABLE), style, control) for text, style, control in segments
        ]
