"""The node."""

from juturna_core.node import Node

__all__ = [
    "Node",
]
