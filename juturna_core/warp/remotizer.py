"""The functions of Juturna's `remotizer.utils`, for whoever speaks its wire by hand; `codec` does the work."""

from __future__ import annotations

import math
import time
import uuid
from collections.abc import Mapping
from typing import Any

from juturna_core._pb import payloads_pb2 as pb
from juturna_core.message import Message
from juturna_core.warp.codec import decode_message, decode_struct, encode_message

deserialize_message = decode_message


def message_to_proto(message: Message[Any]) -> pb.ProtoMessage:
    """`message` on Juturna's wire. Raises UncrossableError for what does not fit on it."""
    wire = pb.ProtoMessage()
    encode_message(message, wire)
    return wire


def create_envelope(
    message: pb.ProtoMessage,
    configuration: Mapping[str, Any],
    metadata: Mapping[str, Any],
    creator: str,
    id: str | None = None,
    priority: int = 1,
    timeout: float = 30,
    response_to: str | None = None,
    response_type: str = "",
    request_type: str = "",
) -> pb.ProtoEnvelope:
    """An envelope around `message`, with an id of its own unless one is given; `timeout` in seconds."""
    envelope = pb.ProtoEnvelope(
        id=id or str(uuid.uuid4()),
        message=message,
        sender=creator,
        response_to=response_to or "",
        ttl=math.ceil(timeout),
        created_at=time.time(),
        priority=priority,
        request_type=request_type,
        response_type=response_type,
    )
    envelope.configuration.update(sanitize_struct_for_proto(configuration))
    envelope.metadata.update(sanitize_struct_for_proto(metadata))
    return envelope


def deserialize_envelope(envelope: pb.ProtoEnvelope) -> dict[str, Any]:
    """What is in an envelope, the message as a `Message`."""
    names = ("id", "sender", "response_to", "ttl", "request_type", "response_type")
    return {name: getattr(envelope, name) for name in names} | {
        "message": decode_message(envelope.message)
    }


def to_primitive(obj: Any) -> Any:
    """`obj` as JSON has it, arrays as lists and bytes as base64 text; None for what has no such form."""
    return sanitize_struct_for_proto({"value": obj}).get("value")


def sanitize_struct_for_proto(meta: Mapping[str, Any]) -> dict[str, Any]:
    """`meta` as it is after it has crossed: `to_primitive` of each value, without those that cannot."""
    message: Message[None] = Message()
    message.meta = dict(meta)
    return decode_struct(message_to_proto(message).meta)
