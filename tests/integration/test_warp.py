"""A warped node and a remote of ours: what crosses, in which order, and what becomes of single messages."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from juturna_core.errors import MessageTooLarge, RemoteError, RemoteTimeout, UncrossableError
from juturna_core.message import Message
from juturna_core.payloads import (
    AudioPayload,
    Batch,
    BytesPayload,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)
from tests.remotes import RemoteProcess, Rig
from tests.runtime import eventually


@pytest.fixture(scope="module", params=["any", "none"], ids=["lane", "stream alone"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteProcess]:
    """With a fast lane and without: nobody may see a difference."""
    with RemoteProcess(*(("--lane-port", "none") if request.param == "none" else ())) as process:
        yield process


@pytest.fixture
def rig(remote: RemoteProcess) -> Iterator[Rig]:
    with Rig(remote.port) as made:
        yield made


def asking(version: int = 0, payload: Any = None, **meta: Any) -> Message[Any]:
    message: Message[Any] = Message("s", version, payload)
    message.meta = meta
    return message


# --- what crosses ----------------------------------------------------------------------------------------------------


PAYLOADS = {
    "nothing": None,
    "audio": AudioPayload(np.arange(12, dtype=np.int16).reshape(6, 2), 16000, "s16le", 2, 1.5, 2.0),
    "image": ImagePayload(np.arange(12, dtype=np.uint8).reshape(2, 3, 2), 3, 2, 2, "ya8", 0.25),
    "image of depth 1 with three dimensions": ImagePayload(
        np.zeros((2, 3, 1), np.float32), 3, 2, 1
    ),
    "bytes": BytesPayload(b"\x00\xff"),
    "object": ObjectPayload(a=1, b=2.0, c=None, d=[1, (2, 3)], e={"f": {1: True}}, big=2**70),
    "video": VideoPayload(
        [ImagePayload(np.ones((2, 2), np.uint16), 2, 2, 1)], 25.0, "raw", 0.0, 1.0
    ),
    "no payload class at all": {"plain": ["values", 1]},
}


@pytest.mark.parametrize("name", PAYLOADS)
def test_every_payload_arrives_as_it_was(rig: Rig, name: str) -> None:
    payload = PAYLOADS[name]
    rig.send(asking(7, payload))
    (output,) = rig.receive(1)
    assert output.version == 7
    assert type(output.payload) is type(payload)
    np.testing.assert_equal(_fields(output.payload), _fields(payload))


def _fields(payload: Any) -> Any:
    """A payload with everything in it that `==` of arrays cannot compare, as plain values with their types."""
    if isinstance(payload, np.ndarray):
        return str(payload.dtype), payload.shape, payload.tolist()
    if isinstance(payload, VideoPayload):
        return [_fields(frame) for frame in payload.video], payload.codec, payload.frames_per_second
    if hasattr(payload, "__dataclass_fields__") and not isinstance(payload, dict):
        return {name: _fields(getattr(payload, name)) for name in payload.__dataclass_fields__}
    return payload, type(payload)


def test_a_batch_arrives_with_its_messages(rig: Rig) -> None:
    inner = [
        asking(1, BytesPayload(b"a"), k=None),
        asking(2, AudioPayload(np.zeros(2, np.float32))),
    ]
    rig.send(asking(3, Batch(tuple(inner))))
    (output,) = rig.receive(1)
    first, second = output.payload.messages
    assert (first.id, first.version, first.creator, first.payload.cnt, dict(first.meta)) == (
        inner[0].id,
        1,
        "s",
        b"a",
        {"k": None},
    )
    assert second.payload.audio.dtype == np.float32


def test_metadata_that_json_cannot_hold_arrives_and_the_rest_is_named_once(
    rig: Rig, caplog: pytest.LogCaptureFixture
) -> None:
    """CASES 19."""
    logging.getLogger("jt").propagate = True
    meta = {"a": np.arange(3), "f": lambda: 0, "n": None, "d": {"x": 1}}
    rig.send(asking(0, **meta), asking(1, **meta))
    first, _ = rig.receive(2)
    assert first.meta["a"].tolist() == [0, 1, 2]
    assert (first.meta["n"], first.meta["d"]) == (None, {"x": 1})
    assert "f" not in first.meta
    assert (
        len([record for record in caplog.records if "meta f is a function" in record.message]) == 1
    )


def test_outputs_carry_the_id_and_the_age_of_what_they_answer(rig: Rig) -> None:
    message = asking(0)
    rig.send(message)
    (output,) = rig.receive(1)
    assert output._data_source_id == message.id
    assert output._born == message._born


def test_timers_and_creator_cross(rig: Rig) -> None:
    message: Message[Any] = Message(None, 0)
    message.timer("t", 2.5)
    rig.send(message)
    (output,) = rig.receive(1)
    assert output.timers["t"] == 2.5
    assert output.creator == "1_pass"


# --- none, many, later -----------------------------------------------------------------------------------------------


def test_order_is_kept_whatever_the_number_of_outputs(rig: Rig) -> None:
    for version in range(200):
        rig.send(asking(version, copies=version % 3))
    expected = [version for version in range(200) for _ in range(version % 3)]
    assert [m.version for m in rig.receive(len(expected))] == expected


def test_an_output_that_comes_later_is_still_of_its_message(rig: Rig) -> None:
    message = asking(5, copies=0, later=True)
    rig.send(message)
    (output,) = rig.receive(1)
    assert output.meta["copy"] == "later"
    assert output._data_source_id == message.id


def test_more_outputs_than_the_remote_may_keep_arrive_all(rig: Rig) -> None:
    rig.send(asking(0, copies=3000))
    assert [m.meta["copy"] for m in rig.receive(3000)] == list(range(3000))


# --- one message fails alone -----------------------------------------------------------------------------------------


def test_a_message_that_the_node_there_cannot_handle_fails_alone(rig: Rig) -> None:
    rig.send(asking(1), asking(2, fail="no such thing"), asking(3))
    assert [m.version for m in rig.receive(2)] == [1, 3]
    ((message, error),) = rig.fail(1)
    assert message.version == 2
    assert isinstance(error, RemoteError)
    assert (
        "ValueError" in str(error)
        and "no such thing" in str(error)
        and rig.node._link.address in str(error)
    )
    assert "scripted.py" in error.__notes__[0]


def test_a_message_that_takes_too_long_fails_alone(remote: RemoteProcess) -> None:
    """The late one's successor does not pay for it, and what comes of it in the end is nobody's."""
    with Rig(remote.port, timeout=0.5) as rig:
        rig.event("connected")
        rig.send(asking(1, sleep=0.9), asking(2, sleep=0.2), asking(3))
        assert [m.version for m in rig.receive(2)] == [2, 3]
        ((message, error),) = rig.fail(1)
        assert message.version == 1
        assert isinstance(error, RemoteTimeout)
        for part in ("1_pass", rig.node._link.address, "0.5 s", "warp_configuration.timeout"):
            assert part in str(error)
        assert rig.node.held == 0


def test_many_messages_may_take_longer_together_than_one_may(remote: RemoteProcess) -> None:
    """The time of a message begins when the one before it is answered."""
    with Rig(remote.port, timeout=0.6) as rig:
        rig.event("connected")
        rig.send(*(asking(version, sleep=0.2) for version in range(6)))
        assert [m.version for m in rig.receive(6)] == list(range(6))
        assert rig.failures == []


def test_a_message_over_the_limit_fails_alone(rig: Rig) -> None:
    rig.send(asking(1), asking(2, BytesPayload(bytes((100 << 20) + 1))), asking(3))
    assert [m.version for m in rig.receive(2)] == [1, 3]
    ((message, error),) = rig.fail(1)
    assert message.version == 2
    assert isinstance(error, MessageTooLarge)
    assert str(100 << 20) in str(error)


def test_an_output_over_the_limit_fails_its_message(rig: Rig) -> None:
    rig.send(asking(1, large=(100 << 20) + 1), asking(2))
    assert [m.version for m in rig.receive(1)] == [2]
    ((_, error),) = rig.fail(1)
    assert "MessageTooLarge" in str(error)


def test_a_message_just_below_the_limit_crosses(rig: Rig) -> None:
    rig.send(asking(1, BytesPayload(bytes((100 << 20) - 1000))))
    (output,) = rig.receive(1)
    assert len(output.payload.cnt) == (100 << 20) - 1000


def test_a_payload_that_cannot_cross_fails_its_message_and_names_the_place(rig: Rig) -> None:
    rig.send(asking(1, ObjectPayload(call=print)), asking(2))
    assert [m.version for m in rig.receive(1)] == [2]
    ((_, error),) = rig.fail(1)
    assert isinstance(error, UncrossableError)
    assert "payload['call']" in str(error)


def test_a_payload_class_that_is_not_known_here_fails_its_message_by_name(rig: Rig) -> None:
    rig.send(asking(1, alien=True), asking(2))
    rig.until(lambda: rig.versions == [2], "output of the second")
    ((_, error),) = rig.fail(1)
    assert "Unheard" in str(error)


# --- configuration ---------------------------------------------------------------------------------------------------


def test_the_configuration_reaches_the_remote_over_its_defaults(remote: RemoteProcess) -> None:
    with Rig(remote.port, remote_config={"label": "mine"}) as rig:
        rig.send(asking(0))
        (output,) = rig.receive(1)
        assert (output.meta["label"], output.meta["factor"]) == ("mine", 1)


def test_configurations_that_are_equal_by_value_share_a_node(remote: RemoteProcess) -> None:
    with (
        Rig(remote.port, remote_config={"label": "shared", "factor": 2}) as one,
        Rig(remote.port, remote_config={"factor": 2.0, "label": "shared"}) as two,
    ):
        one.send(asking(0))
        one.receive(1)
        two.send(asking(0))
        assert two.receive(1)[0].meta["count"] == 2


def test_a_change_of_configuration_reaches_the_remote_after_what_was_sent_before(
    remote: RemoteProcess,
) -> None:
    with Rig(remote.port, remote_config={"label": "before"}) as rig:
        rig.send(*(asking(version, sleep=0.05) for version in range(5)))
        rig.receive(1)
        worker = rig.node._juturna.worker
        assert worker is not None
        worker.post(lambda: rig.node.set_on_config("label", "after"))
        rig.send(*(asking(version) for version in range(5, 10)))
        outputs = rig.receive(10)
        labels = [m.meta["label"] for m in outputs]
        assert [m.version for m in outputs] == list(range(10))
        assert labels == sorted(labels, reverse=True)
        assert {labels[0], labels[-1]} == {"before", "after"}


def test_a_configuration_that_cannot_be_built_is_shown_and_messages_wait(
    remote: RemoteProcess,
) -> None:
    with Rig(remote.port, remote_config={"label": {"no": b"bytes"}}) as rig:
        rig.send(asking(0))
        assert "bytes" in rig.event("disconnected").text
        eventually(lambda: rig.node.held == 1)


# --- flow and figures ------------------------------------------------------------------------------------------------


def test_what_is_in_flight_is_bounded_and_the_rest_waits_in_the_inbox(rig: Rig) -> None:
    rig.send(asking(0, sleep=0.3), *(asking(version) for version in range(1, 100)))
    highest = 0
    while len(rig.outputs) < 100:
        highest = max(highest, rig.node.held)
        seen = len(rig.outputs)
        rig.until(lambda seen=seen: len(rig.outputs) > seen, "output")  # type: ignore[misc]
    assert 0 < highest <= 32


def test_a_round_trip_is_split(rig: Rig) -> None:
    rig.send(*(asking(version, sleep=0.02) for version in range(3)))
    rig.receive(3)
    rig.stop()
    trips = rig.trips
    assert {name: trip.count for name, trip in trips.items()} == dict.fromkeys(trips, 3)
    medians = {name: trip.percentile(50) or 0 for name, trip in trips.items()}
    assert 19 < medians["remote_compute"] < medians["total"]
    assert medians["remote_queue"] > 10  # the second waited for the first
    assert medians["network"] < 10


def test_stop_waits_for_the_answers(rig: Rig) -> None:
    rig.event("connected")
    rig.send(*(asking(version, sleep=0.05) for version in range(5)))
    rig.stop()
    assert rig.versions == list(range(5))
    assert rig.node.held == 0


def test_two_pipelines_may_use_one_remote(remote: RemoteProcess) -> None:
    with Rig(remote.port) as one, Rig(remote.port) as two:
        for version in range(50):
            one.send(asking(version, who=1))
            two.send(asking(version, who=2))
        assert [m.meta["who"] for m in one.receive(50)] == [1] * 50
        assert [m.version for m in two.receive(50)] == list(range(50))
