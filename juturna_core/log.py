"""The `jt` logger tree and the seven formats of its lines.

Importing this adds no handler: a program that embeds a pipeline decides itself, and until it does
Python's last resort prints warnings on stderr. The command line calls `add_handler`.
"""

from __future__ import annotations

import copy
import json
import logging
from datetime import UTC, datetime

from juturna_core.errors import did_you_mean


class ColoredFormatter(logging.Formatter):
    """Pads the level and colours it by severity."""

    COLOURS = (
        (logging.CRITICAL, "\033[35m"),
        (logging.ERROR, "\033[31m"),
        (logging.WARNING, "\033[33m"),
        (logging.INFO, "\033[32m"),
        (logging.DEBUG, "\033[36m"),
    )

    def format(self, record: logging.LogRecord) -> str:
        colour = next((code for level, code in self.COLOURS if record.levelno >= level), "")
        record = copy.copy(record)  # other handlers format the same record
        record.levelname = f"{colour}\033[1m{record.levelname:<8}\033[0m"
        return super().format(record)


class JsonFormatter(logging.Formatter):
    """One JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        entry = {
            "timestamp": datetime.fromtimestamp(record.created, UTC).isoformat(),
            "level": record.levelname,
            "logger": record.name,
            "message": record.getMessage(),
            "module": record.module,
            "function": record.funcName,
            "line": record.lineno,
        }
        if record.exc_info:
            entry["exception"] = self.formatException(record.exc_info)
        return json.dumps(entry, ensure_ascii=False)


_CLOCK = "%H:%M:%S"

FORMATTERS: dict[str, logging.Formatter] = {
    "simple": logging.Formatter("%(asctime)s - %(name)s - %(levelname)s - %(message)s"),
    "colored": ColoredFormatter("%(asctime)s | %(levelname)s | %(name)-23s | %(message)s"),
    "full": logging.Formatter(
        "%(asctime)s | %(levelname)-8s | %(name)-23s | %(message)s", f"%Y-%m-%d {_CLOCK}"
    ),
    "compact": logging.Formatter(
        "%(asctime)s | %(levelname).1s | %(name)-23s | %(message)s", _CLOCK
    ),
    "development": logging.Formatter(
        "%(asctime)s | %(levelname)-8s | %(name)s:%(lineno)d | %(funcName)s() | %(message)s",
        _CLOCK,
    ),
    "minimal": logging.Formatter("%(levelname)s: %(message)s"),
    "json": JsonFormatter(),
}

_current = "full"


def jt_logger(logger_name: str = "") -> logging.Logger:
    """The logger `jt.<logger_name>`, or `jt` itself."""
    return logging.getLogger(f"jt.{logger_name}" if logger_name else "jt")


def formatters() -> list[str]:
    """The names of the formats."""
    return list(FORMATTERS)


def formatter(formatter_name: str = "") -> str:
    """Use the format `formatter_name` on all handlers of `jt`; without a name, change nothing.

    Returns the name of the format in use. Raises ValueError for a name that is none.
    """
    global _current
    if formatter_name:
        chosen = _find(formatter_name)
        for handler in jt_logger().handlers:
            handler.setFormatter(chosen)
        _current = formatter_name
    return _current


def add_handler(handler: logging.Handler, formatter: str | logging.Formatter = "") -> None:
    """Have `handler` get what is logged, in the format given or else the one in use."""
    chosen = _find(formatter or _current) if isinstance(formatter, str) else formatter
    handler.setFormatter(chosen)
    jt_logger().addHandler(handler)


def _find(name: str) -> logging.Formatter:
    try:
        return FORMATTERS[name]
    except KeyError:
        hint = did_you_mean(name, FORMATTERS) or f"one of {', '.join(FORMATTERS)}"
        raise ValueError(f'there is no log format "{name}" ({hint})') from None
