"""Which keys do something now, what the signs mean, and where both are changed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, NamedTuple

from rich.columns import Columns
from rich.table import Table
from rich.text import Text
from textual import events
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.dom import DOMNode
from textual.reactive import reactive
from textual.screen import Screen
from textual.widgets import Input, Static, TextArea

from juturna_core.cells import printable
from juturna_tui.screens.dialog import Dialog
from juturna_tui.view import Fill, State

COLUMN = 34
"""Cells that a column has at least, if there is more than one."""


class Section(NamedTuple):
    """Keys that belong together: how they are written, and what they do."""

    title: str
    keys: list[tuple[str, str]]


def sections(screen: Screen[Any]) -> list[Section]:
    """The keys that do something on `screen` as it is, as the user's keymap has them: first the focused widget's."""
    found: dict[DOMNode, dict[tuple[str, str], list[str]]] = {}
    active = screen.active_bindings.values()
    nodes = list(dict.fromkeys(each.node for each in active))
    # a node's own keys, which can be changed, before those that it has from Textual
    for node, binding, *_ in sorted(
        active, key=lambda each: (nodes.index(each.node), each.binding.id is None)
    ):
        what = binding.tooltip or binding.description
        plain = binding.id is not None or isinstance(node, Input | TextArea)  # all others know ids
        if what and plain and not binding.system:
            keys = found.setdefault(node, {}).setdefault((what, binding.action), [])
            keys.append(screen.app.get_key_display(binding))
    return [
        Section(_title(node), [(" ".join(keys), what) for (what, _), keys in groups.items()])
        for node, groups in found.items()
    ]


def _title(node: DOMNode) -> str:
    if isinstance(node, App):
        return "everywhere"
    if node.BINDING_GROUP_TITLE:
        return node.BINDING_GROUP_TITLE.lower()
    if isinstance(node, Screen):
        return "this screen"
    return node.name or node.id or type(node).__name__.lower()


def spread(sections: Sequence[Section], count: int) -> list[list[Section]]:
    """The sections in `count` columns: each below the shortest so far."""
    columns: list[list[Section]] = [[] for _ in range(count)]
    for section in sections:
        min(columns, key=lambda column: sum(len(each.keys) + 2 for each in column)).append(section)
    return columns


class Keys(Static):
    """One section."""

    DEFAULT_CSS = "Keys { height: auto; margin: 0 1 1 0; }"

    def __init__(self, section: Section) -> None:
        table = Table.grid(padding=(0, 1, 0, 0))
        table.title = Text(printable(section.title), "bold underline")
        table.title_justify = "left"
        table.add_column(overflow="fold")
        table.add_column(min_width=8, overflow="fold")
        for keys, what in section.keys:
            table.add_row(Text(printable(keys), "bold"), Text(printable(what)))
        super().__init__(table)


class Sections(Horizontal):
    """All sections, side by side as far as there is room."""

    DEFAULT_CSS = """
    Sections { height: auto; }
    Sections > Vertical { width: 1fr; height: auto; }
    """

    count: reactive[int] = reactive(1, recompose=True)

    def __init__(self, sections: Sequence[Section]) -> None:
        super().__init__()
        self.sections = sections

    def compose(self) -> ComposeResult:
        for column in spread(self.sections, self.count):
            yield Vertical(*map(Keys, column))

    def on_resize(self, event: events.Resize) -> None:
        self.count = max(1, min(event.size.width // COLUMN, len(self.sections)))


class HelpScreen(Dialog[None]):
    """`settings` is the path of the file that changes keys."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape,question_mark,f1,q", "dismiss", "close", id="help.close"),
    ]

    DEFAULT_CSS = """
    HelpScreen { align: center middle; }
    HelpScreen > VerticalScroll {
        width: 100%;
        max-width: 120;
        height: auto;
        max-height: 100%;
        padding: 0 1;
        background: $surface;
        border: round $accent;
    }
    HelpScreen > VerticalScroll > Static { height: auto; margin-bottom: 1; }
    """

    def __init__(self, sections: Sequence[Section], settings: str) -> None:
        super().__init__()
        self.sections = sections
        self.settings = settings

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Its own keys are not explained on it."""
        return action != "help" and super().check_action(action, parameters)

    def compose(self) -> ComposeResult:
        with VerticalScroll() as scroll:
            scroll.border_title = "help"
            yield Sections(self.sections)
            yield Static(Columns(map(Text, legend()), padding=(0, 3, 0, 0)), id="legend")
            yield Static(
                Content(
                    f"Keys are changed in {printable(self.settings)}, section [keymap]: "
                    '"help.close" = "escape,f1"'
                ),
                id="how",
            )


def legend() -> list[str]:
    """Every sign of a node and of a link, with its word."""
    known: list[tuple[State | Fill, str]] = [(each, each.word) for each in State]
    known += [(each, f"queue {each.name.lower()}") for each in Fill if each.sign]
    return list(dict.fromkeys(f"{each.sign} {word}" for each, word in known))
