"""Payloads are frozen, know their size, copy deeply and serialise."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from juturna_core.message import Message
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

FRAME = ImagePayload(np.zeros((2, 3, 3), np.uint8), 3, 2, 3, "rgb24", 0.5)
PAYLOADS = [
    ControlPayload(ControlSignal.SUSPEND),
    AudioPayload(np.arange(4, dtype=np.int16), 16000, "s16", 1, 0.0, 1.0),
    FRAME,
    VideoPayload([FRAME, FRAME], 25.0, "raw", 0.0, 0.08),
    BytesPayload(b"\x00\xff"),
    Batch((Message(payload=BytesPayload(b"abc")), Message())),
    ObjectPayload(a=1, b=[1, 2]),
]


@pytest.mark.parametrize(
    "module", ["juturna_core", "juturna_core.payloads", "juturna_core.message"]
)
def test_importing_costs_neither_numpy_nor_pydantic(module: str) -> None:
    code = f"import sys, {module}; print({{'numpy', 'pydantic', 'grpc'}} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


def test_the_package_exports_what_its_all_says() -> None:
    import juturna_core

    for name in juturna_core.__all__:
        assert getattr(juturna_core, name) is not None
    assert set(juturna_core.__all__) <= set(dir(juturna_core))
    with pytest.raises(AttributeError, match="Nothing"):
        _ = juturna_core.Nothing  # type: ignore[attr-defined]


def test_defaults_are_fresh_empty_arrays_minus_ones_and_empty_texts() -> None:
    audio, image = AudioPayload(), ImagePayload()
    assert (audio.audio.shape, audio.audio.dtype) == ((0,), np.float64)
    assert image.image.shape == (0, 0)
    assert AudioPayload().audio is not audio.audio
    assert (audio.sampling_rate, audio.audio_format, audio.start) == (-1, "", -1.0)
    assert (image.width, image.pixel_format, image.timestamp) == (-1, "", -1.0)
    assert VideoPayload().video == [] and VideoPayload().video is not VideoPayload().video
    assert BytesPayload().cnt == b""
    assert ControlPayload().signal is ControlSignal.STOP


@pytest.mark.parametrize(
    ("payload", "size"),
    list(zip(PAYLOADS[:6], [0, 8, 18, 36, 2, 3], strict=True)),
)
def test_size_in_bytes(payload: BasePayload, size: int) -> None:
    """That of a video is the sum of its frames, that of a batch the sum of its messages."""
    assert payload.size_bytes == size


def test_an_object_weighs_what_the_arrays_and_texts_in_it_do() -> None:
    """A bound in bytes on an inbox would not bound anything otherwise."""
    pixels = np.zeros((100, 100), np.uint8)
    assert ObjectPayload(view=pixels[:]).size_bytes > 10_000
    assert ObjectPayload(text="x" * 10_000).size_bytes > 10_000
    assert ObjectPayload().size_bytes > 0


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_fields_cannot_be_set(payload: BasePayload) -> None:
    for field in dataclasses.fields(payload):
        with pytest.raises(dataclasses.FrozenInstanceError):
            setattr(payload, field.name, None)


@pytest.mark.parametrize("payload", PAYLOADS, ids=lambda payload: type(payload).__name__)
def test_a_clone_is_equal_in_content_and_size(payload: Any) -> None:
    for twin in (payload.clone(), copy.deepcopy(payload), pickle.loads(pickle.dumps(payload))):
        assert type(twin) is type(payload)
        # an object's weight is what Python says of a dict, which remembers how it grew
        assert abs(twin.size_bytes - payload.size_bytes) <= 64 * isinstance(payload, dict)
        assert repr(type(twin).serialize(twin)) == repr(type(payload).serialize(payload))


def test_a_clone_is_deep() -> None:
    original = AudioPayload(np.arange(3))
    original.clone().audio[0] = 9
    assert original.audio[0] == 0
    nested = ObjectPayload(a=[1])
    nested.clone()["a"].append(2)
    assert nested["a"] == [1]


def test_serialize_is_called_on_the_class_or_with_the_payload() -> None:
    """Plugins do both, after Juturna's static methods."""
    payload = BytesPayload(b"\x00\xff")
    assert BytesPayload.serialize(payload) == {"cnt": "AP8="}
    assert payload.serialize(payload) == {"cnt": "AP8="}


def test_a_video_serialises_with_its_frames() -> None:
    serialised = VideoPayload.serialize(VideoPayload([FRAME], codec="raw"))
    assert serialised["codec"] == "raw"
    assert serialised["video"][0]["image"] == FRAME.image.tolist()


def test_a_batch_serialises_as_the_dicts_of_its_messages() -> None:
    first = Message(creator="a", payload=BytesPayload(b"x"))
    assert Batch.serialize(Batch((first,))) == [first.to_dict()]


def test_a_payload_of_an_author_serialises_by_its_fields_and_sets_its_own_size() -> None:
    @dataclasses.dataclass(frozen=True)
    class Point(BasePayload):
        x: int = 1

        def __post_init__(self) -> None:
            object.__setattr__(self, "size_bytes", 8)

    assert BasePayload.serialize(Point()) == {"x": 1}
    assert Point().size_bytes == 8


def test_an_object_payload_reads_as_a_dict_and_by_attribute() -> None:
    payload = ObjectPayload.from_dict({"a": 1, "self": 2})
    assert (payload["a"], payload.a, payload["self"]) == (1, 1, 2)
    assert payload == {"a": 1, "self": 2}
    assert isinstance(payload, dict)


def test_an_attribute_that_is_not_there_is_an_attribute_error() -> None:
    """Copy, pickle and hasattr ask; KeyError would break them."""
    payload = ObjectPayload(a=1)
    assert not hasattr(payload, "b")
    with pytest.raises(AttributeError, match="'b'"):
        _ = payload.b


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.__setitem__("b", 1),
        lambda p: p.update(b=1),
        lambda p: p.setdefault("b", 1),
        lambda p: p.__ior__({"b": 1}),
        lambda p: p.__delitem__("a"),
        lambda p: p.pop("a"),
        lambda p: p.popitem(),
        lambda p: p.clear(),
    ],
)
def test_an_object_payload_refuses_every_change(change: Any) -> None:
    payload = ObjectPayload(a=1)
    with pytest.raises(TypeError, match="'ObjectPayload' object does not support item"):
        change(payload)
    assert payload == {"a": 1}


def test_a_draft_is_set_freely_and_compiled() -> None:
    draft = Draft(ImagePayload, copy_from=FRAME)
    draft.width = 7
    draft["height"] = 8
    assert (draft.width, draft["height"], draft.depth) == (7, 8, 3)
    compiled = draft.compile()
    assert isinstance(compiled, ImagePayload)
    assert (compiled.width, compiled.height, compiled.pixel_format) == (7, 8, "rgb24")


def test_a_draft_refuses_a_field_that_its_type_does_not_have() -> None:
    draft = Draft(AudioPayload)
    with pytest.raises(AttributeError, match="volume not allowed in AudioPayload"):
        draft.volume = 1
    with pytest.raises(AttributeError, match="volume not allowed in AudioPayload"):
        draft["volume"] = 1
    with pytest.raises(AttributeError, match="channels is not set"):
        _ = draft.channels
    with pytest.raises(TypeError, match="cannot copy from a BytesPayload"):
        Draft(AudioPayload, copy_from=BytesPayload())  # type: ignore[type-var]


def test_a_draft_of_an_object_is_open_and_can_be_cleared() -> None:
    draft = Draft(ObjectPayload, copy_from=ObjectPayload(a=1))
    draft.b = 2
    assert draft.compile() == {"a": 1, "b": 2}
    draft.clear()
    assert draft.compile() == {}


def test_a_draft_can_be_copied() -> None:
    draft = Draft(ObjectPayload)
    draft.a = [1]
    twin = copy.deepcopy(draft)
    twin.a.append(2)
    assert (draft.a, twin.a) == ([1], [1, 2])


def test_control_signals_have_juturnas_numbers() -> None:
    assert {signal.name: int(signal) for signal in ControlSignal} == {
        "STOP_PROPAGATE": -2,
        "STOP": -1,
        "START": 0,
        "START_PROPAGATE": 1,
        "WARMUP": 2,
        "SUSPEND": 3,
        "RESUME": 4,
    }
