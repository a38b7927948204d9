"""Node, message, pipeline, buffer."""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy
from juturna_core.message import Message
from juturna_core.node import Node

if TYPE_CHECKING:
    from juturna_core.buffer import Buffer
    from juturna_core.pipeline import Pipeline

__all__ = ["Buffer", "Message", "Node", "Pipeline"]

__getattr__, __dir__ = lazy(
    globals(),
    {"Buffer": "juturna_core.buffer:Buffer", "Pipeline": "juturna_core.pipeline:Pipeline"},
)
