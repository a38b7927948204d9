"""The line between the picture and what is below it: the names of the panes, the one in front marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import RenderResult
from textual.events import Click
from textual.message import Message
from textual.reactive import reactive
from textual.widget import Widget


class PaneBar(Widget):
    """`2 nodes │ 3 log │ …`: the digit is the key. A click posts `Chosen`."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"pane-bar--current"}
    DEFAULT_CSS = """
    PaneBar {
        height: 1;
        background: $panel;
        color: $foreground;
        .pane-bar--current { text-style: bold reverse; }
    }
    """

    current: reactive[str] = reactive("", layout=False)

    class Chosen(Message):
        """The pane `pane` is wanted in front."""

        def __init__(self, pane: str) -> None:
            super().__init__()
            self.pane = pane

    def __init__(self, panes: Sequence[str]) -> None:
        super().__init__()
        self._panes = tuple(panes)
        self.set_reactive(PaneBar.current, self._panes[0])

    def render(self) -> RenderResult:
        text = Text(no_wrap=True, end="")
        for pane, label in zip(self._panes, self._labels(), strict=True):
            style = (
                self.get_component_rich_style("pane-bar--current") if pane == self.current else ""
            )
            text.append(label, style)
        return text

    def _labels(self) -> list[str]:
        return [f" {number} {pane} " for number, pane in enumerate(self._panes, 2)]

    def on_click(self, event: Click) -> None:
        at = 0
        for pane, label in zip(self._panes, self._labels(), strict=True):
            if at <= event.x < at + len(label):
                self.post_message(self.Chosen(pane))
            at += len(label)
