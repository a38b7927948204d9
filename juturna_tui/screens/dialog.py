"""What all screens that ask for an answer have in common."""

from __future__ import annotations

from typing import ClassVar, TypeVar

from textual.await_complete import AwaitComplete
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from juturna_tui.binding import key

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
    """The same, over what is below. Textual takes the styles of the first of its bases alone.

    The keys of the app do nothing here. Those that are for everywhere are here too, by the same ids.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        key(
            *("question_mark,f1", "help", "help", "app.help", "the keys that do something here"),
            bar=True,
        ),
        key(
            "ctrl+p",
            *("app.command_palette", "palette", "app.command_palette", "find anything by its name"),
        ),
        Binding(
            "ctrl+c",
            "screen.copy_text",
            "copy, if anything is marked",
            show=False,
            id="dialog.copy",
        ),
        key(
            "q,ctrl+c,ctrl+q",
            *("quit", "quit", "app.quit", "leave this, and the workbench as on the main screen"),
        ),
    ]

    async def action_help(self) -> None:
        await self.app.run_action("help")

    async def action_quit(self) -> None:
        """What there is to say before the end is said below."""
        self.dismiss()
        await self.app.run_action("quit")
