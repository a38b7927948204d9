"""The wire is Juturna's: bytes of its own code (tests/data/wire/make.py) are read and written so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from juturna_core._pb import messaging_service_pb2, payloads_pb2
from juturna_core.payloads import (
    AudioPayload,
    Batch,
    BytesPayload,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)
from juturna_core.warp import codec

GOLDEN = Path(__file__).parent.parent / "data" / "wire"
NAMES = sorted(path.stem for path in GOLDEN.glob("*.bin"))


def golden(name: str) -> payloads_pb2.ProtoEnvelope:
    return payloads_pb2.ProtoEnvelope.FromString((GOLDEN / f"{name}.bin").read_bytes())


@pytest.mark.parametrize("module", [payloads_pb2, messaging_service_pb2], ids=lambda m: m.__name__)
def test_the_descriptors_are_juturnas_byte_for_byte(module: Any) -> None:
    """So that both can be loaded into one process, and that no field is another's."""
    descriptor = module.DESCRIPTOR
    expected = (GOLDEN / f"{descriptor.name}.descriptor").read_bytes()
    assert descriptor.serialized_pb == expected


@pytest.mark.parametrize("name", NAMES)
def test_what_juturna_sends_is_read(name: str) -> None:
    envelope = golden(name)
    message = codec.decode_message(envelope.message)
    assert (message.id, message.created_at, message.creator, message.version) == (
        7,
        1000.5,
        "mic",
        3,
    )
    assert dict(message.meta) == {"flag": True, "count": 2, "list": [1, 2.5], "deep": {"x": "y"}}
    assert dict(message.timers) == {"taken": 0.125}
    assert codec.decode_struct(envelope.configuration) == {"delay": 2, "name": "n"}
    assert (envelope.id, envelope.sender, envelope.ttl) == ("a-fixed-id", "1_pass", 5)


@pytest.mark.parametrize("name", NAMES)
def test_what_juturna_sends_is_what_we_would_send(name: str) -> None:
    """Read and written again it is the same message, field by field, padding and order of a map aside."""
    envelope = golden(name)
    again = payloads_pb2.ProtoMessage()
    codec.encode_message(codec.decode_message(envelope.message), again)
    assert again.payload.type_url == envelope.message.payload.type_url
    assert _unpacked(again) == _unpacked(envelope.message)


def _unpacked(message: payloads_pb2.ProtoMessage) -> Any:
    """The message with its payload as a protobuf object, so that bytes need not be in one order."""
    rest = payloads_pb2.ProtoMessage()
    rest.CopyFrom(message)
    rest.ClearField("payload")
    if not message.HasField("payload"):
        return rest, None
    kind = getattr(payloads_pb2, message.payload.type_url.rpartition(".")[2])
    payload = kind.FromString(message.payload.value)
    if kind is payloads_pb2.BatchProto:
        return rest, [_unpacked(inner) for inner in payload.messages]
    return rest, payload


def test_payloads_are_what_juturna_meant() -> None:
    found = {name: codec.decode_message(golden(name).message).payload for name in NAMES}
    audio, image, gray, video = (found[name] for name in ("audio", "image", "image_gray", "video"))
    assert found["none"] is None
    assert isinstance(audio, AudioPayload)
    assert audio.audio.dtype == np.int16
    assert audio.audio.tolist() == [[0, 1], [2, 3], [4, 5]]
    assert isinstance(image, ImagePayload)
    assert (image.image.shape, gray.image.shape) == ((2, 3, 3), (2, 3))
    assert (image.width, image.height, image.depth, image.pixel_format) == (3, 2, 3, "rgb24")
    assert isinstance(video, VideoPayload)
    assert [frame.image.shape for frame in video.video] == [(2, 3, 3), (2, 3)]
    assert found["bytes"] == BytesPayload(b"\x00\x01\xff")
    assert found["object"] == ObjectPayload(
        text="x", number=1, half=0.5, nothing=None, nested={"list": [1, "a"]}
    )
    assert isinstance(found["batch"], Batch)
    assert [(m.id, m.version, m.payload.cnt) for m in found["batch"].messages] == [
        (1, 1, b"\x01"),
        (2, 2, b"\x02"),
    ]
