"""A message is free until it is transmitted, frozen afterwards, and always writable as JSON."""

from __future__ import annotations

import copy
import itertools
import json
import pickle
import time
from types import MappingProxyType
from typing import Any

import numpy as np
import pytest

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


def frozen(**fields: Any) -> Message[Any]:
    message: Message[Any] = Message(**fields)
    message.meta["k"] = [1]
    message._freeze()
    return message


def test_a_fresh_message_has_juturnas_defaults() -> None:
    before = time.time()
    message: Message[Any] = Message()
    assert (message.creator, message.version, message.payload) == (None, -1, None)
    assert (message.meta, message.timers, message._data_source_id) == ({}, {}, None)
    assert before <= message.created_at <= time.time()
    assert str(message) == "<Message from None, v. -1>"
    assert message._born == 0


def test_ids_come_from_a_counter_that_can_be_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Message, "_id_gen", itertools.count())
    assert [Message().id for _ in range(3)] == [0, 1, 2]


def test_a_type_parameter_is_nothing_at_run_time() -> None:
    assert Message[BytesPayload] is Message
    assert Message[BytesPayload](payload=BytesPayload(b"x")).payload.cnt == b"x"


def test_timers_are_copied_not_shared() -> None:
    first: Message[Any] = Message()
    first.timer("a", 0.0)
    second: Message[Any] = Message(timers_from=first)
    first.timer("a", 1.0)
    assert second.timers == {"a": 0.0}
    third: Message[Any] = Message(timers_from=frozen())
    third.timer("b")
    assert time.time() - third.timers["b"] < 60


def test_timeit_notes_the_seconds_of_its_block_even_when_it_raises() -> None:
    message: Message[Any] = Message()
    with pytest.raises(KeyError), message.timeit("t"):
        raise KeyError
    assert 0 <= message.timers["t"] < 60


@pytest.mark.parametrize(
    "change",
    [
        lambda m: setattr(m, "creator", "x"),
        lambda m: setattr(m, "payload", None),
        lambda m: setattr(m, "meta", {}),
        lambda m: delattr(m, "creator"),
        lambda m: m.timer("t", 1.0),
    ],
)
def test_a_frozen_message_cannot_be_modified(change: Any) -> None:
    message = frozen(creator="c")
    with pytest.raises(TypeError, match=r"frozen messages cannot be modified|mappingproxy"):
        change(message)
    assert (message.creator, dict(message.timers)) == ("c", {})


def test_setting_and_deleting_say_the_words_of_juturna() -> None:
    message = frozen(creator="c")
    with pytest.raises(TypeError, match=r"^frozen messages cannot be modified$"):
        message.creator = "x"
    with pytest.raises(TypeError, match=r"^frozen messages cannot be modified$"):
        del message.creator
    with pytest.raises(TypeError, match="frozen messages cannot be modified"), message.timeit("t"):
        pass


def test_meta_and_timers_of_a_frozen_message_are_read_only() -> None:
    message = frozen()
    assert isinstance(message.meta, MappingProxyType)
    assert isinstance(message.timers, MappingProxyType)
    with pytest.raises(TypeError, match="'mappingproxy' object does not support item assignment"):
        message.meta["k"] = 2
    untouched: Message[Any] = Message()
    untouched._freeze()
    assert (dict(untouched.meta), dict(untouched.timers)) == ({}, {})
    with pytest.raises(TypeError):
        untouched.meta["k"] = 2


def test_a_frozen_message_is_still_a_message_of_its_class() -> None:
    class Tagged(Message[Any]):
        pass

    assert isinstance(frozen(), Message)
    tagged = Tagged()
    tagged._freeze()
    assert isinstance(tagged, Tagged) and tagged._is_frozen


def test_freezing_twice_changes_nothing() -> None:
    message = frozen()
    meta = message.meta
    message._freeze()
    assert message.meta == meta and message._is_frozen


def test_freezing_compiles_a_draft() -> None:
    draft = Draft(ObjectPayload)
    draft.a = 1
    message: Message[Any] = Message(payload=draft)
    message._freeze()
    assert isinstance(message.payload, ObjectPayload)
    assert message.payload == {"a": 1}


@pytest.mark.parametrize("twin_of", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
@pytest.mark.parametrize("is_frozen", [False, True])
def test_copies_and_pickles_are_as_frozen_as_the_original(twin_of: Any, is_frozen: bool) -> None:
    message: Message[Any] = Message(creator="c", version=3, payload=BytesPayload(b"x"))
    message.meta["k"] = [1]
    message.timer("t", 0.5)
    if is_frozen:
        message._freeze()
    twin = twin_of(message)
    assert (twin.id, twin.creator, twin.version) == (message.id, "c", 3)
    assert (twin.payload, dict(twin.meta)) == (message.payload, {"k": [1]})
    assert dict(twin.timers) == {"t": 0.5}
    assert twin.meta["k"] is not message.meta["k"]
    assert twin._is_frozen is is_frozen
    if is_frozen:
        with pytest.raises(TypeError):
            twin.creator = "x"
        with pytest.raises(TypeError):
            twin.meta["k"] = 2
    else:
        twin.creator = "x"


def test_the_dict_has_juturnas_keys() -> None:
    message: Message[Any] = Message(creator="c", payload="p")
    assert message.to_dict() == {
        "created_at": message.created_at,
        "creator": "c",
        "version": -1,
        "payload": "p",
        "meta": {},
        "timers": {},
    }


def test_json_holds_arrays_numpy_scalars_bytes_sets_and_nested_payloads() -> None:
    frame = ImagePayload(np.arange(4, dtype=np.uint8).reshape(2, 2))
    message: Message[Any] = Message(payload=VideoPayload([frame]))
    message.meta.update(
        array=np.arange(3),
        scalar=np.float32(0.5),
        raw=b"\x00\xff",
        inner={"audio": AudioPayload(np.array([1, 2]))},
        none=None,
        choice={7},
        proxy=MappingProxyType({"x": 1}),
    )
    message._freeze()
    decoded = json.loads(message.to_json())
    assert decoded["payload"]["video"][0]["image"] == [[0, 1], [2, 3]]
    meta = decoded["meta"]
    assert (meta["array"], meta["scalar"], meta["raw"]) == ([0, 1, 2], 0.5, "AP8=")
    assert meta["inner"]["audio"]["audio"] == [1, 2]
    assert (meta["none"], meta["choice"], meta["proxy"]) == (None, [7], {"x": 1})


def test_json_of_a_batch_is_its_messages() -> None:
    inner: Message[Any] = Message(creator="a", payload=ObjectPayload(x=np.int64(3)))
    decoded = json.loads(Message(payload=Batch((inner,))).to_json())
    assert decoded["payload"][0]["creator"] == "a"
    assert decoded["payload"][0]["payload"] == {"x": 3}


def test_an_encoder_replaces_the_default() -> None:
    message: Message[Any] = Message(payload=AudioPayload(np.zeros(3)))
    assert json.loads(message.to_json(encoder=lambda _: "own"))["payload"] == "own"
    assert "\n  " in message.to_json(indent=2)


@pytest.mark.parametrize(
    ("meta", "named"),
    [
        ({"ok": 1, "f": {"g": [0, lambda: 0]}}, "message['meta']['f']['g'][1]: a function"),
        ({("a", 1): 2}, "the key ('a', 1) of message['meta']"),
        ({"z": np.array([1j])}, "message['meta']['z'][0]: a complex"),
    ],
)
def test_what_json_cannot_hold_is_named(meta: dict[Any, Any], named: str) -> None:
    message: Message[Any] = Message()
    message.meta = meta
    with pytest.raises(TypeError) as raised:
        message.to_json()
    assert named in str(raised.value)
