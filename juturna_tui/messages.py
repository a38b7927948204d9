"""What the feed's threads tell the screen. Everything in a message is immutable."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from textual.message import Message

from juturna_core.events import Event
from juturna_tui.runs import Run
from juturna_tui.view import Frame
from juturna_tui.widgets.log_view import Line


class FrameCame(Message):
    """Fresh numbers. A screen that is behind gets the newest alone."""

    def __init__(self, frame: Frame) -> None:
        super().__init__()
        self.frame = frame

    def can_replace(self, message: Message) -> bool:
        return isinstance(message, FrameCame)


class LinesCame(Message):
    """Lines of the log, and how many before them are not kept any more."""

    def __init__(self, lines: Sequence[Line], missed: int = 0) -> None:
        super().__init__()
        self.lines, self.missed = lines, missed


class EventsCame(Message):
    """What happened in the pipeline, and how much before it is not kept any more."""

    def __init__(self, events: Sequence[Event], missed: int = 0) -> None:
        super().__init__()
        self.events, self.missed = events, missed


class Connected(Message):
    """The pipeline answers: for the first time, or again."""


class Silent(Message):
    """It does not answer. Its process may hang, or be gone; it is asked again."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class RunEnded(Message):
    """The process of `run` is gone, by itself or since it was told to; `code` where it is known."""

    def __init__(self, run: Run, text: str, code: int | None = None) -> None:
        super().__init__()
        self.run, self.text, self.code = run, text, code


class FileLost(Message):
    """The file at `path` cannot be followed just now: it is gone, or cannot be read."""

    def __init__(self, path: Path, text: str) -> None:
        super().__init__()
        self.path, self.text = path, text


class FileSaved(Message):
    """The file at `path` says something else now."""

    def __init__(self, path: Path, content: bytes) -> None:
        super().__init__()
        self.path, self.content = path, content
