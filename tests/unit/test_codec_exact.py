"""Our own wire: Python values come out as they went in, or are refused by name."""

from __future__ import annotations

import datetime
import decimal
import logging
import math
import threading
import uuid
from collections import OrderedDict, namedtuple
from collections.abc import Mapping
from dataclasses import dataclass
from queue import SimpleQueue
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from juturna_core._pb import warp_pb2 as pb
from juturna_core.errors import UncrossableError
from juturna_core.message import Message
from juturna_core.names import PixelFormat
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
)
from juturna_core.warp import exact, frame


def across(message: Message[Any], left_out: list[str] | None = None) -> Message[Any]:
    """The message after it has crossed, by way of bytes."""
    head = pb.Head()
    report = (lambda key, why: left_out.append(key)) if left_out is not None else exact._ignore
    buffers = exact.encode(message, head.request.message, report)
    ((read, views),) = frame.split(frame.join(head.SerializeToString(), buffers))
    return exact.decode(pb.Head.FromString(read).request.message, views)


def value_across(value: Any) -> Any:
    return across(Message(payload=value)).payload


# --- values ----------------------------------------------------------------------------------------------------------

plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.text()
    | st.binary()
    | st.decimals(allow_nan=False)
    | st.uuids()
    | st.datetimes()
    | st.timedeltas()
    | st.complex_numbers(allow_nan=False),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.tuples(inner, inner)
        | st.dictionaries(st.text() | st.integers() | st.none(), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(plain)
def test_plain_values_come_back_equal_and_of_the_same_type(value: Any) -> None:
    back = value_across({"value": value})["value"]
    assert back == value
    assert _types(back) == _types(value)


def _types(value: Any) -> Any:
    if isinstance(value, dict):
        return dict, [(_types(k), _types(v)) for k, v in value.items()]
    if isinstance(value, list | tuple):
        return type(value), [_types(item) for item in value]
    return type(value)


@pytest.mark.parametrize(
    "value",
    [
        2**63 - 1,
        -(2**63),
        2**63,
        -(2**63) - 1,
        2**200,
        -(2**200),
        -0.0,
        math.inf,
        True,
        1,
        1.0,
        frozenset({1, 2}),
        pytest.param({1, "a", (2,)}, id="a set"),  # its repr is another one in each process
        datetime.datetime(2026, 11, 25, 4, 5, 6, 7, datetime.UTC),
        datetime.date(2026, 11, 25),
        datetime.time(4, 5, 6),
        decimal.Decimal("1.10"),
        uuid.UUID(int=7),
        ControlSignal.SUSPEND,
        "\0 カメラ 👩‍💻",
    ],
    ids=repr,
)
def test_a_value_is_what_it_was(value: Any) -> None:
    back = value_across(value)
    assert type(back) is type(value)
    assert repr(back) == repr(value)


def test_not_a_number_stays_one() -> None:
    assert math.isnan(value_across(math.nan))


@pytest.mark.parametrize(
    ("value", "arrives"),
    [
        (bytearray(b"a"), b"a"),
        (memoryview(b"a"), b"a"),
        (OrderedDict(a=1), {"a": 1}),
        (MappingProxyType({"a": 1}), {"a": 1}),
        (namedtuple("Pair", "a b")(1, 2), (1, 2)),
        (PixelFormat.RGB24, "rgb24"),
    ],
)
def test_kinds_of_a_value_arrive_as_that_value(value: Any, arrives: Any) -> None:
    back = value_across(value)
    assert back == arrives
    assert type(back) is type(arrives)


# --- arrays ----------------------------------------------------------------------------------------------------------

ARRAYS = {
    "C order": np.arange(24, dtype=np.int32).reshape(2, 3, 4),
    "Fortran order": np.asfortranarray(np.arange(6, dtype=np.float64).reshape(2, 3)),
    "neither order": np.arange(24, dtype=np.int16).reshape(2, 3, 4)[:, ::2, 1:],
    "reversed": np.arange(5)[::-1],
    "without dimensions": np.array(2.5, np.float32),
    "empty": np.zeros((0, 3), np.uint8),
    "big-endian": np.arange(4, dtype=">i4"),
    "half": np.arange(4, dtype=np.float16),
    "complex": np.array([1 + 2j], np.complex64),
    "booleans": np.array([True, False]),
    "text": np.array(["ab", "cde"]),
    "bytes": np.array([b"ab", b"c"]),
    "dates": np.array(["2026-11-25"], "datetime64[s]"),
}


@pytest.mark.parametrize("name", ARRAYS)
def test_an_array_keeps_dtype_shape_order_and_content(name: str) -> None:
    array = ARRAYS[name]
    back = value_across(array)
    assert (back.dtype, back.shape) == (array.dtype, array.shape)
    assert back.tolist() == array.tolist()
    if name.endswith("order") and not name.startswith("neither"):
        assert back.flags.f_contiguous == array.flags.f_contiguous


@pytest.mark.parametrize(
    "scalar", [np.float32(1.5), np.int64(-3), np.bool_(True), np.str_("a")], ids=repr
)
def test_a_numpy_scalar_stays_one(scalar: Any) -> None:
    back = value_across(scalar)
    assert type(back) is type(scalar)
    assert back == scalar


def test_arrays_arrive_read_only_and_are_not_copied() -> None:
    back = value_across(np.arange(1000))
    assert not back.flags.writeable
    assert not back.flags.owndata


@pytest.mark.parametrize("size", range(1, 40))
def test_arrays_are_aligned_whatever_is_before_them(size: int) -> None:
    back = value_across(
        {"text": "x" * size, "a": np.arange(3.0), "b": b"y" * size, "c": np.arange(size)}
    )
    assert back["a"].__array_interface__["data"][0] % frame.ALIGNMENT == 0
    assert back["c"].flags.aligned


# --- messages and payloads -------------------------------------------------------------------------------------------


def test_a_message_crosses_with_everything_on_it() -> None:
    message: Message[Any] = Message(None, 7, BytesPayload(b"abc"))
    message.id, message.created_at = 2**40, 1.5
    message.meta = {"i": 1, "f": 1.0, "n": None}
    message.timer("t", 2.5)
    back = across(message)
    assert (back.id, back.created_at, back.creator, back.version) == (2**40, 1.5, None, 7)
    assert dict(back.meta) == {"i": 1, "f": 1.0, "n": None}
    assert [type(value) for value in back.meta.values()] == [int, float, type(None)]
    assert dict(back.timers) == {"t": 2.5}
    assert back.payload == BytesPayload(b"abc")
    assert back._is_frozen


def test_crossing_takes_no_number_of_ours() -> None:
    before = Message().id
    across(Message())
    assert Message().id == before + 2


def test_an_empty_creator_is_not_none() -> None:
    assert across(Message("")).creator == ""


@dataclass(frozen=True)
class Reading(BasePayload):
    """A payload of a plugin."""

    celsius: float
    taken: datetime.date
    frame: ImagePayload | None = None


@dataclass(frozen=True, slots=True)
class Slotted(BasePayload):
    values: tuple[int, ...] = ()


@pytest.mark.parametrize(
    "payload",
    [
        Reading(21.5, datetime.date(2026, 11, 25)),
        Slotted((1, 2)),
        ControlPayload(ControlSignal.STOP_PROPAGATE),
        ObjectPayload(a={"b": [1, 2.0, None]}),
        BytesPayload(b""),
    ],
    ids=lambda payload: type(payload).__name__,
)
def test_payload_classes_that_both_ends_know_cross(payload: Any) -> None:
    back = value_across(payload)
    assert type(back) is type(payload)
    assert back == payload


def test_payloads_within_payloads_cross() -> None:
    picture = ImagePayload(
        np.arange(6, dtype=np.uint8).reshape(2, 3), 3, 2, 1, PixelFormat.GRAY, 0.5
    )
    back = value_across(Reading(1.0, datetime.date(2026, 1, 1), picture))
    assert back.frame.image.tolist() == picture.image.tolist()
    assert back.frame.pixel_format == "gray"


def test_batches_within_batches_cross() -> None:
    inner = Message("a", 1, Batch((Message("b", 2, AudioPayload(np.arange(3, dtype=np.int16))),)))
    back = value_across(Batch((inner,)))
    ((deep,),) = (message.payload.messages for message in back.messages)
    assert (deep.creator, deep.payload.audio.tolist()) == ("b", [0, 1, 2])


def test_a_draft_crosses_as_what_it_would_become() -> None:
    draft = Draft(BytesPayload)
    draft.cnt = b"x"
    assert value_across({"d": draft})["d"] == BytesPayload(b"x")


def test_a_payload_class_that_is_not_known_is_named() -> None:
    head = pb.Head()
    exact.encode(Message(payload=Slotted()), head.request.message)
    head.request.message.payload.object.type = "Elsewhere"
    with pytest.raises(UncrossableError, match="Elsewhere"):
        exact.decode(head.request.message, [])


def test_of_two_payload_classes_of_one_name_the_senders_module_decides() -> None:
    def in_module(name: str) -> type[BasePayload]:
        made = dataclass(frozen=True)(type("Twin", (BasePayload,), {"__module__": name}))
        assert issubclass(made, BasePayload)
        return made

    first, second = in_module("one"), in_module("two")
    assert type(value_across(first())) is first
    assert type(value_across(second())) is second
    with pytest.raises(UncrossableError, match="one, two"):
        exact.payload_class("Twin", "three")


# --- what cannot cross -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        (ObjectPayload(f=print), "payload['f'] of message"),
        (ObjectPayload(a=[0, {"b": threading.Lock()}]), "payload['a'][1]['b'] of message"),
        (Batch((Message(payload=print),)), "payload.messages[0].payload of message"),
        (ObjectPayload(s=np.zeros(1, [("x", "i4")])), "dtype [('x', '<i4')]"),
        (ObjectPayload(o=np.array([None])), "dtype object"),
        (ObjectPayload(m=np.ma.masked_array([1, 2], [0, 1])), "masked"),
        (ObjectPayload(t="\ud800"), "surrogate"),
        ({"k": 1, "\ud800": 2}, "surrogate"),
    ],
    ids=["function", "lock", "in a batch", "structured", "objects", "masked", "text", "key"],
)
def test_what_cannot_cross_is_refused_with_its_place(payload: Any, named: str) -> None:
    with pytest.raises(UncrossableError) as caught:
        across(Message(payload=payload))
    assert named in str(caught.value)


def test_what_contains_itself_is_refused() -> None:
    loop: list[Any] = []
    loop.append(loop)
    with pytest.raises(UncrossableError, match="contains itself"):
        across(Message(payload=loop))


def test_what_is_as_deep_as_allowed_can_be_read() -> None:
    value: Any = 1
    depth = 0
    while True:
        try:
            assert value_across(value) == value
        except UncrossableError:
            break
        value = [value]
        depth += 1
    assert depth > 30


def test_metadata_that_cannot_cross_is_left_out_and_the_rest_crosses() -> None:
    message: Message[Any] = Message()
    message.meta = {
        "a": np.arange(3),
        "f": print,
        "d": {"x": 1, "lock": threading.Lock(), "deep": {"y": [1, print]}},
        "b": b"z",
    }
    left_out: list[str] = []
    back = across(message, left_out)
    assert left_out == ["f", "d.lock", "d.deep.y[1]"]
    assert back.meta["a"].tolist() == [0, 1, 2]
    assert back.meta["d"] == {"x": 1, "deep": {}}
    assert back.meta["b"] == b"z"


def test_a_key_is_named_once_a_node(caplog: pytest.LogCaptureFixture) -> None:
    omissions = exact.Omissions("n", logging.getLogger("test"))
    omissions("f", "a function")
    omissions("f", "a function")
    omissions("g", "a lock")
    assert [record.args[1] for record in caplog.records if isinstance(record.args, tuple)] == [
        "f",
        "g",
    ]


def test_a_configuration_crosses_and_what_it_cannot_hold_is_named() -> None:
    wire = pb.Map()
    exact.encode_mapping({"delay": 2, "x": [1, 2.5, None]}, wire)
    assert exact.decode_mapping(wire) == {"delay": 2, "x": [1, 2.5, None]}
    with pytest.raises(UncrossableError, match="function"):
        exact.encode_mapping({"f": lambda: 0}, pb.Map())


# --- frames ----------------------------------------------------------------------------------------------------------


def test_a_frame_is_a_protobuf_message_that_any_library_reads() -> None:
    head = pb.Head(number=3)
    head.buffers = len(
        exact.encode(Message(payload={"a": np.arange(3), "b": b"x"}), head.request.message)
    )
    buffers = exact.encode(Message(payload={"a": np.arange(3), "b": b"x"}), pb.Message())
    read = pb.Frame.FromString(frame.join(head.SerializeToString(), buffers))
    assert read.heads[0] == head
    assert list(read.buffers) == [np.arange(3).tobytes(), b"x"]


def test_a_frame_that_any_library_wrote_is_read() -> None:
    written = pb.Frame(heads=[pb.Head(number=3)], buffers=[b"x", b"y"]).SerializeToString()
    ((head, buffers),) = frame.split(written)
    assert pb.Head.FromString(head).number == 3
    assert [bytes(buffer) for buffer in buffers] == [b"x", b"y"]


@given(
    st.lists(
        st.tuples(st.binary(max_size=40), st.lists(st.binary(max_size=300), max_size=3)), max_size=5
    )
)
def test_frames_that_were_put_together_come_apart(parts: list[tuple[bytes, list[bytes]]]) -> None:
    joined = frame.concatenate(
        [frame.join(head, [memoryview(b) for b in buffers]) for head, buffers in parts]
    )
    assert [(head, [bytes(b) for b in buffers]) for head, buffers in frame.split(joined)] == parts


def test_small_frames_that_wait_go_out_together_and_large_ones_alone() -> None:
    waiting: SimpleQueue[bytes | None] = SimpleQueue()
    small, large = frame.join(b"", [b"x"]), frame.join(b"", [bytes(frame.GATHERED)])
    for data in (small, small, large, small, small, None):
        waiting.put(data)
    assert [len(frame.split(data)) for data in frame.gather(waiting)] == [2, 1, 2]


@given(st.binary(max_size=64))
def test_what_is_no_frame_is_refused_as_such(data: bytes) -> None:
    """A ValueError or protobuf's own error; nothing else, whatever arrives."""
    try:
        for head, buffers in frame.split(data):
            exact.decode(pb.Head.FromString(head).request.message, buffers)
    except (ValueError, DecodeError, UncrossableError):
        pass


def test_a_buffer_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="no buffer 7"):
        exact.decode(pb.Message(payload=pb.Value(bytes=7)), [])


def test_an_array_that_does_not_fit_its_buffer_is_refused() -> None:
    wire = pb.Message(payload=pb.Value(array=pb.Array(dtype="<i4", shape=[3])))
    with pytest.raises(ValueError, match=r"cannot reshape|buffer size"):
        exact.decode(wire, [memoryview(bytes(8))])


def test_an_array_of_objects_is_refused_from_the_wire_too() -> None:
    wire = pb.Message(payload=pb.Value(array=pb.Array(dtype="|O", shape=[1])))
    with pytest.raises(ValueError, match="does not cross"):
        exact.decode(wire, [memoryview(bytes(8))])


def test_mappings_of_any_kind_are_maps() -> None:
    class Fixed(Mapping[str, int]):
        def __getitem__(self, key: str) -> int:
            return 1

        def __iter__(self) -> Any:
            return iter(["a"])

        def __len__(self) -> int:
            return 1

    assert value_across(Fixed()) == {"a": 1}
