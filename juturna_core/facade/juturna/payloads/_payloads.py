"""Payloads."""

from juturna_core.payloads import (
    AudioPayload,
    BasePayload,
    Batch,
    BytesPayload,
    ControlPayload,
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
    "ImagePayload",
    "ObjectPayload",
    "VideoPayload",
]
