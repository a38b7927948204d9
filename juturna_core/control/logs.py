"""The lines that a running pipeline logs, kept for those who look into it."""

from __future__ import annotations

import logging

from juturna_core.control.api import LogLine, LogPage
from juturna_core.errors import JuturnaError, did_you_mean
from juturna_core.ring import Ring

KEPT = 20_000
LONGEST = 20_000
"""Characters of one line; of a longer one the beginning is kept, and how much more there was."""
PAGE = 4 << 20
"""Characters of one answer: it has to fit into a message, also where each of them takes six bytes."""


class LogRing(logging.Handler):
    """A handler that keeps the latest lines, numbered; nobody waits for a reader."""

    def __init__(self, pipeline: str, capacity: int = KEPT) -> None:
        """`pipeline` is the name under which its nodes log: `jt.<pipeline>.<node>`."""
        super().__init__()
        self.lines: Ring[LogLine] = Ring(capacity)
        self._nodes = f"jt.{pipeline}."

    @property
    def last(self) -> int:
        return self.lines.last

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
            if record.exc_info:
                text += "\n" + logging.Formatter().formatException(record.exc_info)
        except Exception:  # noqa: BLE001  # a plugin's own mistake in its arguments, which other handlers show
            text = str(record.msg)
        if len(text) > LONGEST:
            text = f"{text[:LONGEST]}… ({len(text) - LONGEST} more characters)"
        node = record.name.removeprefix(self._nodes) if record.name.startswith(self._nodes) else ""
        self.lines.append(
            lambda number: LogLine(
                number, record.created, record.levelname, record.name, node, text
            )
        )

    def since(self, number: int, wait: float = 0.0, node: str = "", level: str = "") -> LogPage:
        """Lines after `number`, of one node or of at least one level if named. Raises JuturnaError."""
        least = _level(level)
        kept, missed, last = self.lines.since(number, wait)
        found: list[LogLine] = []
        room = PAGE
        for line in kept:
            if (node and line.node != node) or _LEVELS.get(line.level, logging.INFO) < least:
                continue
            room -= len(line.text)
            if room < 0 and found:
                return LogPage(tuple(found), missed, line.number - 1, last - line.number + 1)
            found.append(line)
        return LogPage(tuple(found), missed, last)


def _level(name: str) -> int:
    if not name:
        return logging.NOTSET
    if (found := _LEVELS.get(name.upper())) is None:
        raise JuturnaError(f'there is no level "{name}"', hint=did_you_mean(name.upper(), _LEVELS))
    return found


_LEVELS = logging.getLevelNamesMapping()
"""Those of Python. A plugin's own counts as INFO where one asks for the more important."""
