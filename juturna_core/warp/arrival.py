"""A message that came over the wire, as both codecs make it."""

from __future__ import annotations

from typing import Any

from juturna_core.message import Message


def arrived(
    *,
    id: int,
    created_at: float,
    creator: str | None,
    version: int,
    payload: Any,
    meta: dict[str, Any],
    timers: dict[str, float],
    born: float,
) -> Message[Any]:
    """The message, frozen as every message is that a node receives. It keeps its id and takes no number of ours."""
    message: Message[Any] = Message.__new__(Message)
    message.id = id
    message.created_at = created_at
    message.creator = creator
    message.version = version
    message.payload = payload
    message.meta = meta
    message.timers = timers
    message._data_source_id = None
    message._born = born
    message._freeze()
    return message
