"""The way out of a node: what becomes of a message on it, and who gets it first."""

from __future__ import annotations

import time
from typing import Any

import pytest

from juturna_core.inbox import Inbox
from juturna_core.message import Message
from juturna_core.outlet import Outlet
from juturna_core.payloads import BytesPayload, ControlPayload, ControlSignal, Draft
from tests.runtime import DEADLINE, eager_switches, eventually, threads


class Shelf:
    """An object with `put` that is no node."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def put(self, message: Any) -> None:
        self.messages.append(message)


def outlet_to(*inboxes: Any) -> Outlet:
    outlet = Outlet()
    for number, inbox in enumerate(inboxes):
        outlet.connect(f"k{number}", inbox)
    return outlet


def taken(inbox: Inbox) -> Message[Any]:
    got = inbox.take(0)
    assert isinstance(got, tuple)
    return got[0]


def test_a_message_is_frozen_and_its_draft_compiled_when_it_is_sent() -> None:
    inbox = Inbox()
    message: Message[Any] = Message(payload=Draft(BytesPayload))
    message.payload.cnt = b"abc"
    outlet_to(inbox).send(message)
    assert taken(inbox) is message
    assert message.payload == BytesPayload(b"abc")
    with pytest.raises(TypeError, match="frozen messages cannot be modified"):
        message.version = 3


def test_messages_and_payload_bytes_are_counted_once_whatever_the_number_of_links() -> None:
    outlet = outlet_to(Inbox(), Inbox())
    outlet.send(Message(payload=BytesPayload(b"abc")))
    outlet.send(Message())
    assert (outlet.transmitted, outlet.bytes) == (2, 3)


def test_without_links_a_message_is_sent_and_nothing_is_lost() -> None:
    outlet = Outlet()
    outlet.send(Message())
    assert (outlet.transmitted, outlet.lost) == (1, 0)


def test_a_bare_signal_is_wrapped() -> None:
    inbox = Inbox()
    outlet_to(inbox).send(ControlSignal.SUSPEND)
    assert taken(inbox).payload == ControlPayload(ControlSignal.SUSPEND)


def test_a_message_bears_the_id_and_the_age_of_the_one_whose_update_sent_it() -> None:
    inbox = Inbox()
    outlet = outlet_to(inbox)
    cause: Message[Any] = Message()
    cause._born = 12.5
    outlet.source = cause
    outlet.send(Message())
    answer = taken(inbox)
    assert answer._data_source_id == cause.id
    assert answer._born == 12.5


def test_who_answers_later_names_the_message_that_it_answers() -> None:
    inbox = Inbox()
    outlet = outlet_to(inbox)
    request, other = Message[Any](), Message[Any]()
    outlet.source = other
    outlet.send(Message(), source=request)
    assert taken(inbox)._data_source_id == request.id


def test_a_message_without_a_cause_is_born_when_it_is_sent() -> None:
    inbox = Inbox()
    before = time.perf_counter()
    outlet_to(inbox).send(Message())
    message = taken(inbox)
    assert message._data_source_id is None
    assert before <= message._born <= time.perf_counter()


def test_a_message_that_is_passed_on_keeps_its_age_and_names_itself() -> None:
    inbox = Inbox()
    outlet = outlet_to(inbox)
    message: Message[Any] = Message()
    outlet.send(message)
    born = message._born
    outlet.source = message
    outlet.send(message)
    outlet.send(message)
    assert message._born == born
    assert message._data_source_id == message.id
    assert outlet.transmitted == 3


def test_what_is_no_message_is_refused_where_it_is_sent() -> None:
    with pytest.raises(AttributeError):
        outlet_to(Inbox()).send("text")


def test_any_object_with_put_gets_the_message_itself() -> None:
    shelf = Shelf()
    message: Message[Any] = Message()
    outlet_to(shelf).send(message)
    assert shelf.messages == [message]


def test_a_link_with_a_known_name_is_led_elsewhere() -> None:
    old, new, other = Shelf(), Shelf(), Shelf()
    outlet = outlet_to(old, other)
    outlet.connect("k0", new)
    outlet.send(Message())
    assert [len(each.messages) for each in (old, new, other)] == [0, 1, 1]


def test_links_are_removed_by_name_or_all() -> None:
    shelves = [Shelf() for _ in range(3)]
    outlet = outlet_to(*shelves)
    outlet.disconnect("k1")
    outlet.disconnect("unknown")
    outlet.send(Message())
    outlet.disconnect()
    outlet.send(Message())
    assert [len(shelf.messages) for shelf in shelves] == [1, 0, 1]


def test_a_full_branch_is_served_after_its_siblings_and_is_named_while_it_blocks() -> None:
    full, free = Inbox(1), Inbox(10)
    outlet = outlet_to(full, free)
    outlet.send(Message(version=0))
    with threads(lambda: outlet.send(Message(version=1))):
        eventually(lambda: outlet.blocked_by)
        assert outlet.blocked_by == "k0"
        assert outlet.blocked_since > 0
        assert [taken(free).version for _ in range(2)] == [0, 1]
        assert taken(full).version == 0
    assert taken(full).version == 1
    assert (outlet.blocked_by, outlet.blocked_since) == ("", 0.0)
    assert outlet.blocked_seconds > 0
    assert outlet.lost == 0


def test_a_message_for_an_inbox_that_has_closed_is_lost_and_counted_for_each_link() -> None:
    closed, closed_too, free = Inbox(), Inbox(when_full="drop_newest"), Inbox()
    outlet = outlet_to(closed, closed_too, free)
    closed.close()
    closed_too.close()
    outlet.send(Message())
    assert outlet.lost == 2
    assert len(free) == 1


def test_closing_frees_who_waits_and_counts_the_message() -> None:
    full = Inbox(1)
    outlet = outlet_to(full)
    outlet.send(Message())
    with threads(lambda: outlet.send(Message())):
        eventually(lambda: full._waiting)
        full.close()
    assert outlet.lost == 1


def test_a_policy_that_drops_is_neither_waiting_nor_loss() -> None:
    inbox = Inbox(1, when_full="drop_newest")
    outlet = outlet_to(inbox)
    for _ in range(3):
        outlet.send(Message())
    assert (outlet.transmitted, outlet.lost, outlet.blocked_seconds) == (3, 0, 0)
    assert inbox.dropped == 2


def test_taps_see_each_message_once_and_frozen() -> None:
    outlet = outlet_to(Inbox(), Inbox())
    seen: list[Message[Any]] = []
    outlet.taps += (seen.append,)
    message: Message[Any] = Message()
    outlet.send(message)
    assert seen == [message]
    assert message._is_frozen


def test_counts_are_exact_when_many_threads_send() -> None:
    inbox = Inbox(100_000)
    outlet = outlet_to(inbox)

    def send() -> None:
        for _ in range(2000):
            outlet.send(Message(payload=BytesPayload(b"12345")))

    with eager_switches(), threads(*[send] * 8):
        pass
    assert (outlet.transmitted, outlet.bytes, len(inbox)) == (16_000, 80_000, 16_000)
    assert inbox.bytes_queued == 80_000


def test_two_threads_that_wait_at_one_outlet_both_get_through() -> None:
    full = Inbox(1)
    outlet = outlet_to(full)
    outlet.send(Message(version=0))
    with threads(*[lambda: outlet.send(Message(version=1))] * 2):
        eventually(lambda: len(full._waiting) == 2)
        for _ in range(3):
            assert isinstance(full.take(DEADLINE), tuple)
    assert outlet.lost == 0
