"""The numbered record of what happened."""

from __future__ import annotations

import pytest

from juturna_core.events import Event, Events
from tests.runtime import DEADLINE, eager_switches, threads


def test_events_are_numbered_from_one_and_come_back_in_order() -> None:
    events = Events()
    first = events.publish("started", "2 nodes run")
    second = events.publish("failed", "message 3", "camera")
    assert (first.number, first.kind, first.node, first.text) == (1, "started", "", "2 nodes run")
    assert events.since() == ([first, second], 0)
    assert events.since(1) == ([second], 0)
    assert events.since(2) == ([], 0)


def test_the_ring_keeps_the_latest_and_a_reader_learns_what_it_missed() -> None:
    events = Events(capacity=3)
    published = [events.publish("kind", str(number)) for number in range(10)]
    assert events.since() == (published[7:], 7)
    assert events.since(5) == (published[7:], 2)
    assert events.since(8) == (published[8:], 0)


def test_wait_finds_what_has_happened_already() -> None:
    events = Events()
    events.publish("ready", "")
    failed = events.publish("failed", "", "a")
    assert events.wait("failed", timeout=0) == failed
    assert events.wait("failed", node="a", timeout=0) == failed


def test_wait_wakes_when_it_happens() -> None:
    events = Events()
    found: list[Event] = []
    with threads(lambda: found.append(events.wait("failed", node="b", timeout=DEADLINE))):
        events.publish("failed", "not this one", "a")
        published = events.publish("failed", "", "b")
    assert found == [published]


def test_wait_can_leave_out_what_is_known() -> None:
    events = Events()
    old = events.publish("failed", "")
    new = events.publish("failed", "")
    assert events.wait("failed", after=old.number, timeout=0) == new
    with pytest.raises(TimeoutError, match="no event 'failed' of any node within 0 s"):
        events.wait("failed", after=new.number, timeout=0)


def test_events_of_many_threads_are_all_numbered_once() -> None:
    events = Events(capacity=10_000)

    def publish() -> None:
        for _ in range(500):
            events.publish("kind", "")

    with eager_switches(), threads(*[publish] * 4):
        pass
    kept, missed = events.since()
    assert [event.number for event in kept] == list(range(1, 2001))
    assert missed == 0
