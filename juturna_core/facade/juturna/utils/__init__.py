"""Loggers, sockets, and what processing nodes share."""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy

if TYPE_CHECKING:
    from . import log_utils, net_utils, proc_utils

__all__ = ["log_utils", "net_utils", "proc_utils"]

__getattr__, __dir__ = lazy(globals(), {name: f"juturna.utils.{name}" for name in __all__})
