"""Payloads, and what goes with them."""

from juturna_core.node import T_Input, T_Output
from juturna_core.payloads import (
    AudioPayload,
    BasePayload,
    Batch,
    BytesPayload,
    ControlPayload,
    ControlSignal,
    Draft,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)

__all__ = [
    "AudioPayload",
    "BasePayload",
    "Batch",
    "BytesPayload",
    "ControlPayload",
    "ControlSignal",
    "Draft",
    "ImagePayload",
    "ObjectPayload",
    "T_Input",
    "T_Output",
    "VideoPayload",
]
