"""Juturna's own wire: everything that it can hold comes back, and what it cannot is refused by name."""

from __future__ import annotations

import datetime
import threading
from typing import Any

import numpy as np
import pytest

from juturna_core._pb import payloads_pb2 as pb
from juturna_core.errors import UncrossableError
from juturna_core.message import Message
from juturna_core.payloads import (
    AudioPayload,
    Batch,
    BytesPayload,
    ControlPayload,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)
from juturna_core.warp import codec


def across(message: Message[Any], left_out: list[str] | None = None) -> Message[Any]:
    report = (
        (lambda key, why: left_out.append(key)) if left_out is not None else (lambda key, why: None)
    )
    envelope = codec.encode_envelope(message, sender="n", timeout=1, report=report)
    return codec.decode_message(pb.ProtoEnvelope.FromString(envelope.SerializeToString()).message)


def payload_across(payload: Any) -> Any:
    return across(Message(payload=payload)).payload


def test_audio_keeps_its_format_dtype_and_shape() -> None:
    payload = AudioPayload(np.arange(6, dtype=np.int16).reshape(3, 2), 44100, "s16le", 2, 0.5, 1.5)
    back = payload_across(payload)
    assert back.audio.dtype == np.int16
    assert back.audio.tolist() == payload.audio.tolist()
    assert (back.sampling_rate, back.audio_format, back.channels, back.start, back.end) == (
        44100,
        "s16le",
        2,
        0.5,
        1.5,
    )


@pytest.mark.parametrize("shape", [(2, 3), (2, 3, 4), (0, 0)])
def test_an_image_of_two_or_three_dimensions_keeps_its_shape(shape: tuple[int, ...]) -> None:
    payload = ImagePayload(np.ones(shape, np.uint8), pixel_format="x", timestamp=0.25)
    back = payload_across(payload)
    assert back.image.shape == shape
    assert (back.pixel_format, back.timestamp) == ("x", 0.25)


def test_an_image_of_another_shape_is_refused() -> None:
    with pytest.raises(UncrossableError, match=r"\(2, 3, 4, 5\)"):
        payload_across(ImagePayload(np.ones((2, 3, 4, 5))))


def test_a_video_keeps_its_frames() -> None:
    frames = [ImagePayload(np.full((2, 2, 3), n, np.uint8), 2, 2, 3) for n in range(3)]
    back = payload_across(VideoPayload(frames, 25.0, "raw", 1.0, 2.0))
    assert [frame.image[0, 0, 0] for frame in back.video] == [0, 1, 2]
    assert (back.frames_per_second, back.codec, back.start, back.end) == (25.0, "raw", 1.0, 2.0)


def test_bytes_say_their_size() -> None:
    wire = pb.ProtoMessage()
    codec.encode_message(Message(payload=BytesPayload(b"abc")), wire)
    assert pb.BytesProtoPayload.FromString(wire.payload.value).size == 3
    assert payload_across(BytesPayload(b"abc")) == BytesPayload(b"abc")


def test_an_object_keeps_integers_none_and_nesting() -> None:
    payload = ObjectPayload(i=1, f=1.5, n=None, b=True, s="x", l=[1, [2, None]], d={"e": {"f": 3}})
    back = payload_across(payload)
    assert back == payload
    assert type(back["i"]) is int
    assert type(back["d"]["e"]["f"]) is int


def test_a_batch_crosses_as_messages() -> None:
    inner = Message("a", 3, BytesPayload(b"x"))
    (back,) = payload_across(Batch((inner,))).messages
    assert isinstance(back, Message)
    assert (back.creator, back.version, back.payload) == ("a", 3, BytesPayload(b"x"))


def test_a_message_without_payload_and_creator_crosses() -> None:
    back = across(Message(None, -1))
    assert (back.payload, back.creator, back.version) == (None, None, -1)


def test_metadata_crosses_as_lists_text_and_numbers() -> None:
    message: Message[Any] = Message()
    message.meta = {
        "a": np.arange(3),
        "n": None,
        "s": np.float32(0.5),
        "t": (1, 2),
        "b": b"x",
        "d": {"x": 1, 2: "y"},
        "when": datetime.date(2026, 11, 25),
    }
    assert dict(across(message).meta) == {
        "a": [0, 1, 2],
        "n": None,
        "s": 0.5,
        "t": [1, 2],
        "b": "eA==",
        "d": {"x": 1, "2": "y"},
        "when": "2026-11-25",
    }


def test_metadata_that_cannot_cross_is_left_out_and_reported() -> None:
    message: Message[Any] = Message()
    message.meta = {"f": print, "big": 2**60, "ok": 1}
    left_out: list[str] = []
    assert dict(across(message, left_out).meta) == {"ok": 1}
    assert left_out == ["f", "big"]


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (ObjectPayload(lock=threading.Lock()), "payload.lock"),
        (ObjectPayload(big=[2**60]), "payload.big[0]"),
        (ControlPayload(), "ControlPayload"),
        (AudioPayload(np.array([None])), "payload.audio"),
        (AudioPayload(sampling_rate=2**40), "payload.sampling_rate"),
        ({"not": "a payload"}, "dict"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_what_this_wire_cannot_hold_is_refused_by_name(payload: Any, named: str) -> None:
    with pytest.raises(UncrossableError) as caught:
        payload_across(payload)
    assert named in str(caught.value)


def test_an_id_beyond_32_bits_does_not_keep_a_message_from_crossing() -> None:
    message: Message[Any] = Message()
    message.id = 2**40 + 5
    assert across(message).id == 5


def test_each_envelope_has_an_id_of_its_own_and_says_what_it_answers() -> None:
    first = codec.encode_envelope(Message(), sender="a", timeout=0.2, response_to="q")
    second = codec.encode_envelope(None, sender="a", timeout=2.5)
    assert first.id != second.id
    assert (first.ttl, first.response_to, second.ttl) == (1, "q", 3)
    assert not second.HasField("message")


def test_the_configuration_in_an_envelope_comes_back_with_its_integers() -> None:
    given = {"delay": 2, "rate": 2.5, "names": ["a", None]}
    envelope = codec.encode_envelope(Message(), sender="a", timeout=1, configuration=given)
    back = codec.decode_struct(envelope.configuration)
    assert back == given
    assert type(back["delay"]) is int


@pytest.mark.parametrize(
    "wire",
    [
        pb.AudioProtoPayload(audio_data=b"abc", dtype="int16", shape=[1]),
        pb.AudioProtoPayload(audio_data=b"abcd", dtype="int16", shape=[3]),
        pb.AudioProtoPayload(audio_data=b"abcd", dtype="nonsense", shape=[2]),
        pb.AudioProtoPayload(audio_data=b"abcdefgh", dtype="object", shape=[1]),
    ],
    ids=["cut off", "other shape", "no dtype", "objects"],
)
def test_an_array_that_makes_no_sense_is_a_value_error(wire: pb.AudioProtoPayload) -> None:
    message = pb.ProtoMessage()
    message.payload.Pack(wire)
    with pytest.raises(ValueError):
        codec.decode_message(message)


def test_a_payload_of_an_unknown_type_is_named() -> None:
    message = pb.ProtoMessage()
    message.payload.type_url = "type.googleapis.com/some.Thing"
    with pytest.raises(UncrossableError, match=r"some\.Thing"):
        codec.decode_message(message)
