"""What all screens that ask for an answer have in common."""

from __future__ import annotations

from typing import TypeVar

from textual.await_complete import AwaitComplete
from textual.screen import ModalScreen, Screen

T = TypeVar("T")


class Asking(Screen[T]):
    """Is answered once: keys that come in a burst would otherwise answer for the screen below as well."""

    answered = False
    """What is told to it from now on is told to nobody."""

    def dismiss(self, result: T | None = None) -> AwaitComplete:
        if self.answered or not self.is_active:
            return AwaitComplete()
        self.answered = True
        return super().dismiss(result)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return not self.answered and super().check_action(action, parameters)


class Dialog(ModalScreen[T], Asking[T]):
    """The same, over what is below. Textual takes the styles of the first of its bases alone."""
