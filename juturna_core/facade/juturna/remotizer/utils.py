"""Messages and envelopes to and from the wire."""

from juturna_core.warp.remotizer import (
    create_envelope,
    deserialize_envelope,
    deserialize_message,
    message_to_proto,
    sanitize_struct_for_proto,
    to_primitive,
)

__all__ = [
    "create_envelope",
    "deserialize_envelope",
    "deserialize_message",
    "message_to_proto",
    "sanitize_struct_for_proto",
    "to_primitive",
]
