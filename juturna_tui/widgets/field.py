"""A line of text to type in, on the screens that ask for some."""

from __future__ import annotations

from textual.widgets import Input

from juturna_core.cells import printable


class Field(Input):
    """A line to type in; what is pasted is made harmless. Enter belongs to the screen, where it has an id."""

    def validate_value(self, value: str) -> str:
        return printable(value)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "submit"
