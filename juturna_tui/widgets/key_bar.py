"""The last line: the keys that do something where the focus is."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import RenderResult
from textual.binding import ActiveBinding, Binding
from textual.events import Click
from textual.screen import Screen
from textual.widget import Widget

from juturna_core.cells import width

LAST = ("app.help", "app.command_palette", "app.quit")
"""Ids of bindings that stand at the right, also where there is little room."""
STAND_INS = frozenset(f"f{number}" for number in range(13, 25))
"""What some terminals send for a function key with shift; nobody has keys that are called so."""


class KeyBar(Widget):
    """Drawn anew when the bindings change; a click on a key does what the key does."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {"key-bar--key"}
    DEFAULT_CSS = """
    KeyBar {
        height: 1;
        background: $panel;
        color: $foreground;
        .key-bar--key { color: $text-accent; text-style: bold; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._places: list[tuple[int, int, ActiveBinding]] = []

    def on_mount(self) -> None:
        self.screen.bindings_updated_signal.subscribe(self, self._again)

    def _again(self, screen: Screen[object]) -> None:
        self.refresh()

    def render(self) -> RenderResult:
        shown = [each for each in self._active() if each.binding.show and each.binding.description]
        last = [each for each in shown if each.binding.id in LAST]
        first = [each for each in shown if each.binding.id not in LAST]
        style = self.get_component_rich_style("key-bar--key")
        text, self._places = Text(no_wrap=True, end=""), []
        room = self.size.width - sum(width(self._label(each.binding)) for each in last)
        for active in [*first, *last]:
            binding = active.binding
            label = self._label(binding)
            if active in first and width(text.plain) + width(label) > room:
                continue
            begin = width(text.plain)
            key = self.app.get_key_display(binding)
            text.append(f" {key}", style)
            text.append(f" {binding.description} ")
            self._places.append((begin, width(text.plain), active))
        return text

    def _label(self, binding: Binding) -> str:
        return f" {self.app.get_key_display(binding)} {binding.description} "

    def _length(self, binding: Binding) -> int:
        return len(self.app.get_key_display(binding))

    def _active(self) -> list[ActiveBinding]:
        """One for each action, with its shortest key, those of the focused widget first."""
        found: dict[str, ActiveBinding] = {}
        for active in self.screen.active_bindings.values():
            binding = active.binding
            known = found.get(binding.action)
            if not active.enabled or binding.key in STAND_INS:
                continue
            if known is None or self._length(binding) < self._length(known.binding):
                found[binding.action] = active
        return list(found.values())

    async def on_click(self, event: Click) -> None:
        for begin, end, active in self._places:
            if begin <= event.x < end:
                await self.app.run_action(active.binding.action, active.node)
