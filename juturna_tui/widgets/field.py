"""A line of text to type in: on the screens that ask for some, and in panes that search."""

from __future__ import annotations

from contextlib import suppress

from textual.actions import SkipAction
from textual.widgets import Input

from juturna_core.cells import printable


class Field(Input):
    """A line to type in; what is pasted is made harmless. Enter belongs to the screen, where it has an id."""

    DEFAULT_CSS = """
    Field:nocolor > .input--cursor { text-style: reverse; }
    """

    def validate_value(self, value: str) -> str:
        return printable(value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "submit"

    def action_copy(self) -> None:
        """Where nothing is marked ctrl+c would go on to the app, and end it."""
        with suppress(SkipAction):
            super().action_copy()


class Search(Field):
    """One in a pane, which is told of enter by `Submitted`."""

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return True
