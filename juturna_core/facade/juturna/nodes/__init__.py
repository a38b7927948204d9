"""The nodes that are built in."""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy

if TYPE_CHECKING:
    from . import proc, sink, source

__all__ = ["proc", "sink", "source"]

__getattr__, __dir__ = lazy(globals(), {name: f"juturna.nodes.{name}" for name in __all__})
