"""What all screens that ask for an answer have in common."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

T = TypeVar("T")


class Asking(Screen[T]):
    """Is answered once: keys that come in a burst would otherwise answer for the screen below as well."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        return super().dismiss(result) if self.is_active else AwaitComplete()


class Dialog(ModalScreen[T], Asking[T]):
    """The same, over what is below. Textual takes the styles of the first of its bases alone."""
