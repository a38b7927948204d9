"""The buffer that plugins may use to gather messages."""

from __future__ import annotations

import threading

from juturna_core.buffer import Buffer
from juturna_core.message import Message
from juturna_core.payloads import Batch


def test_without_a_policy_messages_come_out_as_they_went_in() -> None:
    buffer = Buffer("node")
    messages = [Message(creator="a", version=0), Message(creator="b", version=1)]
    for message in messages:
        buffer.put(message)
    assert [buffer.get(), buffer.get()] == messages


def test_what_the_policy_picks_together_comes_out_as_one_batch() -> None:
    def pairs(waiting: dict[str, list[Message]]) -> dict[str, list[int]]:
        complete = len(waiting) == 2 and all(waiting.values())
        return {creator: [0] for creator in waiting} if complete else {}

    buffer = Buffer("node", pairs)
    left, right = Message(creator="left"), Message(creator="right")
    buffer.put(left)
    buffer.put(right)
    batch = buffer.get()
    assert batch is not None
    assert isinstance(batch.payload, Batch)
    assert set(batch.payload.messages) == {left, right}
    assert batch.creator == "node_sync"


def test_none_comes_out_as_none_and_wakes_a_thread_in_get() -> None:
    buffer = Buffer("node")
    got: list[Message | None] = []
    thread = threading.Thread(target=lambda: got.append(buffer.get()))
    thread.start()
    buffer.put(None)
    thread.join(5)
    assert got == [None]


def test_flush_forgets_what_waits_and_what_is_ready() -> None:
    buffer = Buffer("node", lambda waiting: {"a": [0]} if len(waiting["a"]) > 1 else {})
    for version in range(3):
        buffer.put(Message(creator="a", version=version))
    buffer.flush()
    last = Message(creator="a", version=3)
    buffer.put(last)
    buffer.put(Message(creator="a", version=4))
    assert buffer.get() is last
