"""The first line: what is looked at, how it is, what happened last."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import RenderResult
from textual.reactive import reactive
from textual.widget import Widget

from juturna_core.cells import cut, printable, shorten, width
from juturna_tui import figures
from juturna_tui.view import Frame

_SIGNS = {"running": "●", "stopped": "■"}
"""Of a state; of any other ◌: it is about to be one of these."""


class StatusBar(Widget):
    """Given a frame, the state of the connection in a word, and the latest news; what does not fit is left out."""

    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "status-bar--title",
        "status-bar--good",
        "status-bar--bad",
        "status-bar--warn",
    }
    DEFAULT_CSS = """
    StatusBar {
        height: 1;
        background: $panel;
        color: $foreground;
        .status-bar--title { color: $text-accent; text-style: bold; }
        .status-bar--good { color: $text-success; }
        .status-bar--warn { color: $text-warning; text-style: bold; }
        .status-bar--bad { color: $text-error; text-style: bold; }
    }
    """

    file: reactive[str] = reactive("", layout=False)
    word: reactive[str] = reactive("", layout=False)
    """What is said of the state in place of the frame's: starting, not answering."""
    frozen: reactive[bool] = reactive(False, layout=False)
    alone: reactive[bool] = reactive(False, layout=False)
    """One pane has the room of all."""
    news: reactive[str] = reactive("", layout=False)
    trouble: reactive[str] = reactive("", layout=False)
    """Stands in front of all news until it is over: a bad file, a remote that is away."""
    frame: reactive[Frame | None] = reactive(None, layout=False, repaint=False)

    def __init__(self) -> None:
        super().__init__()
        self._said: list[tuple[str, str]] = []

    def watch_frame(self) -> None:
        """Most frames say the same here: the clock moves once a second."""
        if self._parts() != self._said:
            self.refresh()

    def render(self) -> RenderResult:
        self._said = self._parts()
        text = Text(no_wrap=True, end="")
        for part, style in self._said:
            text.append(
                part, self.get_component_rich_style(f"status-bar--{style}") if style else ""
            )
        room = self.size.width - width(text.plain) - 2
        said, style = (self.trouble, "bad") if self.trouble else (self.news, "")
        if said and room >= 8:
            sign = "✗ " if self.trouble else ""
            shown = cut(printable(sign + said), room)
            if width(sign + said) > room:
                shown = cut(shown, room - 1) + "…"
            text.append(" " * (room - width(shown) + 2))
            text.append(
                shown, self.get_component_rich_style(f"status-bar--{style}") if style else ""
            )
        return text

    def _parts(self) -> list[tuple[str, str]]:
        """Text and style, as many as there is room for beside the trouble."""
        parts = [(" juturna ", "title")]
        frame = self.frame
        if self.file:
            parts.append((f" {shorten(printable(self.file), max(12, self.size.width // 4))} ", ""))
        state = self.word or (frame.state if frame is not None else "")
        if state:
            good = state == "running"
            sign = _SIGNS.get(state, "◌")
            style = "good" if good else "warn"
            parts.append((f" {sign} {state}", style))
        if self.frozen:
            parts.append((" frozen: space goes on", "warn"))
        if self.alone:
            parts.append((" one pane: esc shows all", "warn"))
        if frame is None:
            return parts
        warped = sum(node.warped for node in frame.nodes)
        lost = frame.numbers.lost
        more = [
            (f"  {lost} lost" if lost else "", "bad"),
            (f" {figures.clock(frame.numbers.seconds)}", ""),
            (f"  {figures.count(frame.rate)} msg/s", ""),
            (f"  {warped} warped" if warped else "", ""),
            (f"  {len(frame.nodes)} nodes", ""),
        ]
        kept = sum(width(part) for part, _ in parts)
        reserve = self.size.width // 2 if self.trouble else min(38, self.size.width // 3)
        reserve = reserve if self.trouble or self.news else 0
        for part, style in more:
            if kept + width(part) > self.size.width - reserve:
                break
            kept += width(part)
            parts.append((part, style))
        return parts
