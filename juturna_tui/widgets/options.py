"""A list of Textual's that takes a key before it was laid out."""

from __future__ import annotations

from contextlib import suppress
from typing import Literal

from textual.widgets import OptionList


class Options(OptionList):
    """As `OptionList`; there a page up that comes too early is a KeyError, which ends the program (textual 8.2.8)."""

    def _move_page(self, direction: Literal[-1, 1]) -> None:
        with suppress(KeyError):
            super()._move_page(direction)
