"""A question with a few answers, each under a letter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static

from juturna_core.cells import printable
from juturna_tui.screens.dialog import Dialog
from juturna_tui.widgets.options import Options


class Choices(Options):
    """A list whose current row is seen without colours, and whose enter belongs to the screen, where it has an id."""

    DEFAULT_CSS = """
    Choices {
        border: none;
        padding: 0;
        background: transparent;
        text-wrap: nowrap;
        text-overflow: ellipsis;
    }
    Choices:focus, Choices:blur { border: none; background-tint: transparent; }
    Choices > .option-list--option { padding: 0 1; }
    Choices:blur > .option-list--option-highlighted {
        background: transparent; text-style: none;
    }
    Choices:focus > .option-list--option-highlighted {
        text-style: bold underline;
    }
    """

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return action != "select"


class ConfirmScreen(Dialog[str | None]):
    """Dismissed with the result of the choice, None for escape. A choice is a key, what it does, and its result."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "dismiss", "cancel", id="confirm.cancel"),
        Binding("enter", "choose", "choose", id="confirm.choose"),
        Binding("left", "move(-1)", "previous", id="confirm.previous"),
        Binding("right", "move(1)", "next", id="confirm.next"),
    ]

    DEFAULT_CSS = """
    ConfirmScreen { align: center middle; }
    ConfirmScreen > VerticalScroll {
        width: 100%;
        max-width: 78;
        height: auto;
        max-height: 100%;
        padding: 0 1;
        background: $surface;
        border: round $accent;
    }
    ConfirmScreen Static { height: auto; margin-bottom: 1; }
    ConfirmScreen Choices { height: auto; }
    """

    def __init__(self, question: str, choices: Sequence[tuple[str, str, str]]) -> None:
        super().__init__()
        self.question = question
        self.choices = tuple(choices)
        rows = (f"{printable(key)}  {printable(label)}" for key, label, _ in self.choices)
        self._list = Choices(*map(Content, rows))

    def compose(self) -> ComposeResult:
        with VerticalScroll(can_focus=False) as box:
            box.border_subtitle = "esc: none of these"
            yield Static(Content(printable(self.question)))
            yield self._list

    def on_mount(self) -> None:
        self._list.highlighted = 0

    def on_key(self, event: events.Key) -> None:
        for key, _, result in self.choices:
            if key in (event.key, event.character):
                event.stop()
                self.dismiss(result)
                return

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(self.choices[event.option_index][2])

    def action_choose(self) -> None:
        self._list.action_select()

    def action_move(self, step: int) -> None:
        self._list.highlighted = ((self._list.highlighted or 0) + step) % len(self.choices)
        self._list.scroll_visible(animate=False)
