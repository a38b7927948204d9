"""The loggers of Juturna."""

from juturna_core.log import (
    add_handler,
    formatter,
    formatters,
    jt_logger,
)

__all__ = [
    "add_handler",
    "formatter",
    "formatters",
    "jt_logger",
]
