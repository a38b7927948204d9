"""Messages on Juturna's own wire (payloads.proto), for remotes and clients that are not ours.

That wire is poorer than Python: a `Struct` has no integers (an integral number is read back as int), no bytes and no
arrays (sent as base64 text and lists); images have two or three dimensions; ids and versions have 32 bits. What it
cannot hold at all raises `UncrossableError`, or is left out and reported where it is in `meta`.
"""

from __future__ import annotations

import base64
import datetime
import enum
import math
import time
import uuid
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

import numpy as np
from google.protobuf.any_pb2 import Any as Packed
from google.protobuf.message import DecodeError
from google.protobuf.message import Message as Wire
from google.protobuf.struct_pb2 import ListValue, Struct, Value

from juturna_core._pb import payloads_pb2 as pb
from juturna_core.errors import UncrossableError
from juturna_core.message import Message
from juturna_core.payloads import (
    AudioPayload,
    Batch,
    BytesPayload,
    Draft,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)
from juturna_core.warp.arrival import arrived

Report: TypeAlias = Callable[[str, str], None]
"""Called with the key in `meta` that was left out, and why."""

_EXACT = 2**53  # beyond it a double does not hold every integer
_TYPE_URL = "type.googleapis.com/juturna.proto.payloads."


# --- envelopes -------------------------------------------------------------------------------------------------------


def encode_envelope(
    message: Message[Any] | None,
    *,
    sender: str,
    timeout: float,
    response_to: str = "",
    configuration: Mapping[str, Any] | None = None,
    metadata: Mapping[str, Any] | None = None,
    report: Report = lambda key, why: None,
) -> pb.ProtoEnvelope:
    """`message` in an envelope with an id of its own; None: an envelope without a message. `timeout` in seconds."""
    envelope = pb.ProtoEnvelope(
        id=str(uuid.uuid4()),
        sender=sender,
        response_to=response_to,
        ttl=max(1, math.ceil(timeout)),
        created_at=time.time(),
    )
    if message is not None:
        encode_message(message, envelope.message, report)
        envelope.request_type = type(message.payload).__name__
    _fill(envelope.configuration, configuration or {}, "configuration")
    _fill(envelope.metadata, metadata or {}, "metadata")
    return envelope


def decode_struct(struct: Struct) -> dict[str, Any]:
    """The struct as a dict; integral numbers come back as int."""
    return {name: _from_value(value) for name, value in struct.fields.items()}


# --- messages --------------------------------------------------------------------------------------------------------


def encode_message(
    message: Message[Any], wire: pb.ProtoMessage, report: Report = lambda key, why: None
) -> None:
    """Write `message` into `wire`. Raises UncrossableError that names the place."""
    payload = message.payload.compile() if isinstance(message.payload, Draft) else message.payload
    wire.created_at = message.created_at
    wire.creator = message.creator or ""
    wire.version = _int32(message.version, "version")
    wire.id = message.id & 0x7FFFFFFF  # a counter: what does not fit is of no use to the other end
    if payload is not None:
        row = _TO_WIRE.get(type(payload))
        if row is None:
            raise UncrossableError(
                f"a {type(payload).__name__} has no form on Juturna's wire",
                hint="use one of its payload types, or run the remote with juturna-tui",
            )
        packed = row(payload)
        wire.payload.type_url = _TYPE_URL + packed.DESCRIPTOR.name
        wire.payload.value = packed.SerializeToString()
    for key, value in message.meta.items():
        try:
            _to_value(wire.meta.fields[str(key)], value, str(key))
        except UncrossableError as error:
            del wire.meta.fields[str(key)]
            report(str(key), error.message)
    for name, seconds in message.timers.items():
        wire.timers[name] = seconds


def decode_message(wire: pb.ProtoMessage, born: float = 0.0) -> Message[Any]:
    """The message, frozen. Raises ValueError for what is malformed, UncrossableError for an unknown payload."""
    return arrived(
        id=wire.id,
        created_at=wire.created_at,
        creator=wire.creator or None,
        version=wire.version,
        payload=_unpack(wire.payload) if wire.HasField("payload") else None,
        meta=decode_struct(wire.meta),
        timers=dict(wire.timers),
        born=born,
    )


def _unpack(packed: Packed) -> Any:
    name = packed.type_url.rpartition("/")[2].removeprefix("juturna.proto.payloads.")
    if name not in _FROM_WIRE:
        raise UncrossableError(f"a payload of type {packed.type_url!r} is not known here")
    kind, read = _FROM_WIRE[name]
    try:
        return read(kind.FromString(packed.value))
    except DecodeError as error:
        raise ValueError(f"the {name} cannot be parsed: {error}") from error


# --- payloads --------------------------------------------------------------------------------------------------------


def _audio_to_wire(payload: AudioPayload) -> pb.AudioProtoPayload:
    return pb.AudioProtoPayload(
        audio_data=_raw(payload.audio, "payload.audio"),
        dtype=str(payload.audio.dtype),
        shape=payload.audio.shape,
        sampling_rate=_int32(payload.sampling_rate, "payload.sampling_rate"),
        channels=_int32(payload.channels, "payload.channels"),
        start=payload.start,
        end=payload.end,
        audio_format=payload.audio_format,
    )


def _audio_from_wire(wire: pb.AudioProtoPayload) -> AudioPayload:
    return AudioPayload(
        audio=_array(wire.audio_data, wire.dtype, tuple(wire.shape)),
        sampling_rate=wire.sampling_rate,
        audio_format=wire.audio_format,
        channels=wire.channels,
        start=wire.start,
        end=wire.end,
    )


def _image_to_wire(payload: ImagePayload) -> pb.ImageProtoPayload:
    """The sizes are the array's: they are all that the other end has to shape it with."""
    shape = payload.image.shape
    if len(shape) not in (2, 3):
        raise UncrossableError(
            f"payload.image has shape {shape}; Juturna's wire has images of 2 or 3 dimensions"
        )
    return pb.ImageProtoPayload(
        image_data=_raw(payload.image, "payload.image"),
        dtype=str(payload.image.dtype),
        width=shape[1],
        height=shape[0],
        depth=shape[2] if len(shape) == 3 else 1,
        pixel_format=payload.pixel_format,
        timestamp=payload.timestamp,
    )


def _image_from_wire(wire: pb.ImageProtoPayload) -> ImagePayload:
    shape = (wire.height, wire.width) if wire.depth <= 1 else (wire.height, wire.width, wire.depth)
    return ImagePayload(
        image=_array(wire.image_data, wire.dtype, shape),
        width=wire.width,
        height=wire.height,
        depth=wire.depth,
        pixel_format=wire.pixel_format,
        timestamp=wire.timestamp,
    )


def _video_to_wire(payload: VideoPayload) -> pb.VideoProtoPayload:
    return pb.VideoProtoPayload(
        frames=[_image_to_wire(frame) for frame in payload.video],
        frames_per_second=payload.frames_per_second,
        start=payload.start,
        end=payload.end,
        codec=payload.codec,
    )


def _video_from_wire(wire: pb.VideoProtoPayload) -> VideoPayload:
    return VideoPayload(
        video=[_image_from_wire(frame) for frame in wire.frames],
        frames_per_second=wire.frames_per_second,
        codec=wire.codec,
        start=wire.start,
        end=wire.end,
    )


def _bytes_to_wire(payload: BytesPayload) -> pb.BytesProtoPayload:
    return pb.BytesProtoPayload(cnt=bytes(payload.cnt), size=len(payload.cnt))


def _bytes_from_wire(wire: pb.BytesProtoPayload) -> BytesPayload:
    return BytesPayload(wire.cnt)


def _object_to_wire(payload: ObjectPayload) -> pb.ObjectProtoPayload:
    wire = pb.ObjectProtoPayload()
    _fill(wire.data, payload, "payload")
    return wire


def _object_from_wire(wire: pb.ObjectProtoPayload) -> ObjectPayload:
    return ObjectPayload.from_dict(decode_struct(wire.data))


def _batch_to_wire(payload: Batch) -> pb.BatchProto:
    wire = pb.BatchProto()
    for message in payload.messages:
        encode_message(message, wire.messages.add())
    return wire


def _batch_from_wire(wire: pb.BatchProto) -> Batch:
    return Batch(tuple(decode_message(message) for message in wire.messages))


_TO_WIRE: dict[type, Callable[[Any], Wire]] = {
    AudioPayload: _audio_to_wire,
    ImagePayload: _image_to_wire,
    VideoPayload: _video_to_wire,
    BytesPayload: _bytes_to_wire,
    ObjectPayload: _object_to_wire,
    Batch: _batch_to_wire,
}

_FROM_WIRE: dict[str, tuple[type[Wire], Callable[[Any], Any]]] = {
    "AudioProtoPayload": (pb.AudioProtoPayload, _audio_from_wire),
    "ImageProtoPayload": (pb.ImageProtoPayload, _image_from_wire),
    "VideoProtoPayload": (pb.VideoProtoPayload, _video_from_wire),
    "BytesProtoPayload": (pb.BytesProtoPayload, _bytes_from_wire),
    "ObjectProtoPayload": (pb.ObjectProtoPayload, _object_from_wire),
    "BatchProto": (pb.BatchProto, _batch_from_wire),
}


# --- arrays, numbers, structs ----------------------------------------------------------------------------------------


def _raw(array: np.ndarray[Any, Any], place: str) -> bytes:
    if array.dtype.kind not in "biufcSU":
        raise UncrossableError(
            f"{place} is an array of dtype {array.dtype}, which Juturna's wire cannot hold"
        )
    return array.tobytes()


def _array(data: bytes, dtype: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any]:
    """A read-only array over `data`. Raises ValueError when they do not fit."""
    try:
        kind = np.dtype(dtype)
    except TypeError as error:
        raise ValueError(f"there is no dtype {dtype!r}") from error
    if kind.hasobject or not kind.itemsize:
        raise ValueError(f"an array of dtype {dtype!r} does not cross")
    if not data:
        return np.empty(shape, kind)
    flat: np.ndarray[Any, Any] = np.frombuffer(data, kind)
    if flat.size != math.prod(shape):
        raise ValueError(f"{flat.size} numbers of {dtype} are no array of shape {shape}")
    return flat.reshape(shape)


def _int32(number: Any, place: str) -> int:
    if number != int(number) or not -(2**31) <= number < 2**31:
        raise UncrossableError(
            f"{place} is {number!r}; Juturna's wire holds integers of 32 bits there"
        )
    return int(number)


def _fill(struct: Struct, mapping: Mapping[Any, Any], place: str) -> None:
    for key, value in mapping.items():
        _to_value(struct.fields[str(key)], value, f"{place}.{key}")


def _to_value(wire: Value, value: Any, place: str) -> None:
    """Write any value that a `Struct` can hold, or the nearest there is to it. Raises UncrossableError."""
    if isinstance(value, enum.Enum):
        value = value.value
    elif isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if value is None:
        wire.null_value = 0  # type: ignore[assignment]  # its only member
    elif isinstance(value, bool):
        wire.bool_value = value
    elif isinstance(value, int | float):
        if isinstance(value, int) and abs(value) > _EXACT:
            raise UncrossableError(f"{place} is {value}, more than a double holds exactly")
        wire.number_value = value
    elif isinstance(value, str):
        wire.string_value = value
    elif isinstance(value, bytes | bytearray | memoryview):
        wire.string_value = base64.b64encode(value).decode("ascii")
    elif isinstance(value, Mapping):
        wire.struct_value.SetInParent()
        _fill(wire.struct_value, value, place)
    elif isinstance(value, list | tuple | set | frozenset):
        wire.list_value.SetInParent()
        for index, item in enumerate(value):
            _to_value(wire.list_value.values.add(), item, f"{place}[{index}]")
    elif isinstance(value, datetime.datetime | datetime.date | datetime.time):
        wire.string_value = value.isoformat()
    else:
        raise UncrossableError(
            f"{place} is of type {type(value).__name__}, which a Struct cannot hold"
        )


def _from_value(wire: Value) -> Any:
    kind = wire.WhichOneof("kind")
    if kind == "number_value":
        number = wire.number_value
        return int(number) if number.is_integer() and abs(number) <= _EXACT else number
    if kind == "struct_value":
        return decode_struct(wire.struct_value)
    if kind == "list_value":
        return _from_list(wire.list_value)
    return None if kind in (None, "null_value") else getattr(wire, kind)


def _from_list(wire: ListValue) -> list[Any]:
    return [_from_value(value) for value in wire.values]
