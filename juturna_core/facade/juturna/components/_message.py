"""The message."""

from juturna_core.message import Message

__all__ = [
    "Message",
]
