"""The hand-over between threads: order, bounds, policies, and that no wake-up is ever lost."""

from __future__ import annotations

import itertools
import threading
from collections import defaultdict
from typing import Any

import pytest

from juturna_core.inbox import END, Inbox, WhenFull
from tests.runtime import DEADLINE, eager_switches, eventually, item, threads

POLICIES: tuple[WhenFull, ...] = ("block", "drop_oldest", "drop_newest")
PRODUCERS = 8


def versions(inbox: Inbox) -> list[int]:
    """Take everything that waits."""
    taken = []
    while isinstance(each := inbox.take(0), tuple):
        taken.append(each[0].version)
    return taken


def test_messages_come_out_in_the_order_they_went_in() -> None:
    inbox = Inbox()
    for version in range(5):
        assert inbox.put(item(version))
    assert versions(inbox) == [0, 1, 2, 3, 4]


def test_nothing_to_take_is_none_after_the_timeout() -> None:
    inbox = Inbox()
    assert inbox.take(0) is None
    assert inbox.take(0.001) is None


def test_a_put_after_a_timeout_wakes_the_worker() -> None:
    """A worker that gave up waiting leaves nothing behind that swallows the next wake-up."""
    inbox = Inbox()
    for version in range(50):
        assert inbox.take(0.0001) is None
        taken: list[Any] = []
        with threads(lambda: taken.append(inbox.take(DEADLINE))):  # noqa: B023  # joined in this round
            eventually(lambda: inbox.idle)
            inbox.put(item(version))
        assert taken[0][0].version == version


def test_mail_overtakes_messages_and_is_read_before_the_end() -> None:
    inbox = Inbox()
    inbox.put(item(1))

    def mail() -> None: ...

    inbox.post(mail)
    assert inbox.take() is mail
    inbox.close()
    inbox.post(mail)
    assert inbox.take() is mail
    assert versions(inbox) == [1]
    assert inbox.take() is END


def test_mail_wakes_the_worker() -> None:
    inbox = Inbox()
    taken: list[Any] = []
    with threads(lambda: taken.append(inbox.take(DEADLINE))):
        eventually(lambda: inbox.idle)
        inbox.post(print)
    assert taken == [print]


def test_a_closed_inbox_gives_out_what_it_has_and_then_the_end() -> None:
    inbox = Inbox()
    inbox.put(item(7))
    inbox.close()
    inbox.close()
    taken = inbox.take()
    assert isinstance(taken, tuple)
    assert taken[0].version == 7
    assert inbox.take() is END


@pytest.mark.parametrize("policy", POLICIES)
def test_a_closed_inbox_takes_nothing_whatever_its_policy(policy: WhenFull) -> None:
    inbox = Inbox(2, 100, policy)
    inbox.put(item())
    inbox.close()
    assert not inbox.put(item())
    assert not inbox.put(item(), False)
    assert (len(inbox), inbox.dropped) == (1, 0)


def test_closing_wakes_the_worker() -> None:
    inbox = Inbox()
    taken: list[Any] = []
    with threads(lambda: taken.append(inbox.take(DEADLINE))):
        eventually(lambda: inbox.idle)
        inbox.close()
    assert taken == [END]


def test_closing_wakes_producers_that_wait_for_room_and_refuses_their_messages() -> None:
    inbox = Inbox(1)
    inbox.put(item())
    refused: list[bool] = []
    with threads(*[lambda: refused.append(inbox.put(item()))] * 3):
        eventually(lambda: len(inbox._waiting) == 3)
        inbox.close()
    assert refused == [False] * 3
    assert len(inbox) == 1


# --- bounds and policies ---------------------------------------------------------------------------------------------


def test_a_full_inbox_refuses_who_may_not_wait() -> None:
    inbox = Inbox(2)
    assert [inbox.put(item(), False) for _ in range(3)] == [True, True, False]


def test_a_blocked_producer_goes_on_when_half_of_the_room_is_free() -> None:
    inbox = Inbox(4)
    for version in range(4):
        inbox.put(item(version))
    entered = threading.Event()

    def produce() -> None:
        inbox.put(item(4))
        entered.set()

    with threads(produce):
        eventually(lambda: inbox._waiting)
        inbox.take()
        assert inbox._waiting, "woken for every message"
        inbox.take()
        assert entered.wait(DEADLINE)
    assert versions(inbox) == [2, 3, 4]
    assert inbox.blocked_seconds > 0
    assert inbox.blocked_since == 0


def test_drop_oldest_keeps_the_latest_and_counts() -> None:
    inbox = Inbox(3, when_full="drop_oldest")
    assert all(inbox.put(item(version)) for version in range(10))
    assert versions(inbox) == [7, 8, 9]
    assert inbox.dropped == 7


def test_drop_newest_keeps_the_first_and_counts() -> None:
    inbox = Inbox(3, when_full="drop_newest")
    assert all(inbox.put(item(version)) for version in range(10))
    assert versions(inbox) == [0, 1, 2]
    assert inbox.dropped == 7


def test_the_payloads_bytes_are_bounded_too() -> None:
    inbox = Inbox(100, 1000)
    assert inbox.put(item(0, 600), False)
    assert not inbox.put(item(1, 600), False)
    assert inbox.put(item(2, 400), False)
    assert inbox.bytes_queued == 1000
    assert inbox.put(item(3, 0), False), "a message without bytes needs no room"
    assert versions(inbox) == [0, 2, 3]
    assert inbox.bytes_queued == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_a_message_larger_than_the_bound_is_let_in_alone(policy: WhenFull) -> None:
    inbox = Inbox(100, 1000, policy)
    assert inbox.put(item(0, 5000))
    assert (len(inbox), inbox.dropped) == (1, 0)
    assert versions(inbox) == [0]


def test_drop_oldest_makes_room_in_bytes() -> None:
    inbox = Inbox(100, 1000, "drop_oldest")
    for version in range(10):
        inbox.put(item(version, 100))
    inbox.put(item(10, 250))
    assert inbox.dropped == 3
    inbox.put(item(11, 5000))
    assert inbox.dropped == 11
    assert versions(inbox) == [11]
    assert inbox.bytes_queued == 0


def test_who_waits_for_bytes_goes_on_when_they_are_free() -> None:
    inbox = Inbox(100, 1000)
    for version in range(10):
        inbox.put(item(version, 100))
    with threads(lambda: inbox.put(item(10, 1000))):
        eventually(lambda: inbox._waiting)
        for _ in range(10):
            inbox.take()
    assert versions(inbox) == [10]


def test_bounds_set_after_a_put_count_what_is_there() -> None:
    """A plugin may put messages in its constructor, before the pipeline gives its inbox the bounds."""
    inbox = Inbox()
    inbox.put(item(0, 100))
    inbox.configure(10, 1000, "block")
    assert inbox.bytes_queued == 100
    inbox.take()
    assert inbox.bytes_queued == 0


def test_the_high_water_is_the_deepest_it_ever_was() -> None:
    inbox = Inbox()
    for depth in (3, 5, 2):
        for _ in range(depth):
            inbox.put(item())
        versions(inbox)
    assert inbox.high_water == 5


# --- hold and clear --------------------------------------------------------------------------------------------------


def test_while_held_only_mail_is_taken() -> None:
    inbox = Inbox()
    inbox.put(item(1))
    inbox.hold(True)
    inbox.post(print)
    assert inbox.take(0) is print
    assert inbox.take(0) is None
    inbox.hold(False)
    assert versions(inbox) == [1]


def test_release_wakes_the_worker() -> None:
    inbox = Inbox()
    inbox.hold(True)
    inbox.put(item(1))
    taken: list[Any] = []
    with threads(lambda: taken.append(inbox.take(DEADLINE))):
        eventually(lambda: inbox.idle)
        inbox.hold(False)
    assert taken[0][0].version == 1


def test_a_held_inbox_does_not_end_before_its_messages_are_taken() -> None:
    inbox = Inbox()
    inbox.put(item(1))
    inbox.hold(True)
    inbox.close()
    assert inbox.take(0) is None
    inbox.hold(False)
    assert versions(inbox) == [1]
    assert inbox.take(0) is END


def test_clearing_a_closed_inbox_lets_the_worker_end() -> None:
    inbox = Inbox()
    inbox.put(item(1, 10))
    inbox.hold(True)
    inbox.close()
    taken: list[Any] = []
    with threads(lambda: taken.append(inbox.take(DEADLINE))):
        eventually(lambda: inbox.idle)
        assert inbox.clear() == 1
    assert taken == [END]
    assert inbox.bytes_queued == 0


def test_clearing_makes_room_for_who_waits() -> None:
    inbox = Inbox(1)
    inbox.put(item(0))
    with threads(lambda: inbox.put(item(1))):
        eventually(lambda: inbox._waiting)
        inbox.clear()
    assert versions(inbox) == [1]


def test_waking_producers_ends_even_when_they_wait_again_at_once() -> None:
    """A woken producer may find the inbox full again before the worker has woken the last one."""
    inbox = Inbox(1)
    inbox.put(item())

    class Eager:
        rung = 0

        def release(self) -> None:
            self.rung += 1
            if self.rung < 100:
                inbox._waiting.append(self)

    eager = Eager()
    inbox._waiting.append(eager)
    inbox.take()
    assert eager.rung == 1


# --- many threads ----------------------------------------------------------------------------------------------------


def take_all(inbox: Inbox, timeout: float | None = None) -> dict[int, list[int]]:
    """What comes out until the end: per producer (its number is the size) the versions."""
    taken: dict[int, list[int]] = defaultdict(list)
    while (got := inbox.take(timeout)) is not END:
        if isinstance(got, tuple):
            taken[got[1]].append(got[0].version)
        elif callable(got):
            got()
    return taken


def produce(inbox: Inbox, producer: int, count: int) -> int:
    return sum(inbox.put(item(version, producer)) for version in range(count))


def run_producers(inbox: Inbox, count: int, timeout: float | None = None) -> dict[int, list[int]]:
    """Eight producers against one taker; what was taken."""
    taken: dict[int, list[int]] = {}
    with eager_switches(), threads(lambda: taken.update(take_all(inbox, timeout))):
        with threads(*[lambda p=p: produce(inbox, p, count) for p in range(1, PRODUCERS + 1)]):
            pass
        inbox.close()
    return taken


@pytest.mark.parametrize("timeout", [None, 0.0001], ids=["sleeping", "timing out"])
@pytest.mark.parametrize("capacity", [1, 4, 64])
def test_nothing_is_lost_doubled_or_out_of_order(capacity: int, timeout: float | None) -> None:
    inbox = Inbox(capacity)
    taken = run_producers(inbox, 1000, timeout)
    assert taken == {p: list(range(1000)) for p in range(1, PRODUCERS + 1)}
    assert inbox.high_water <= capacity + PRODUCERS - 1
    assert inbox.bytes_queued == 0, "one += from several threads got lost"
    assert not inbox._waiting


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
@pytest.mark.parametrize("capacity", [1, 4, 64])
def test_every_dropped_message_is_counted_once(policy: WhenFull, capacity: int) -> None:
    inbox = Inbox(capacity, when_full=policy)
    taken = run_producers(inbox, 1000)
    assert sum(map(len, taken.values())) + inbox.dropped == PRODUCERS * 1000
    assert all(each == sorted(set(each)) for each in taken.values())
    assert inbox.high_water <= capacity + PRODUCERS - 1
    assert inbox.bytes_queued == 0


def test_the_bound_in_bytes_holds_and_wakes() -> None:
    inbox = Inbox(1000, 20)  # producers' sizes are 1 … 8
    taken = run_producers(inbox, 500)
    assert taken == {p: list(range(500)) for p in range(1, PRODUCERS + 1)}
    assert inbox.high_water <= 20 + PRODUCERS - 1
    assert inbox.bytes_queued == 0


@pytest.mark.parametrize("policy", POLICIES)
def test_closing_amid_puts_accounts_for_every_message(policy: WhenFull) -> None:
    """What `put` said yes to is taken, was dropped, or is left over behind the end; and nobody hangs."""
    for _ in range(20):
        inbox = Inbox(4, when_full=policy)
        accepted: list[int] = []
        taken: dict[int, list[int]] = {}
        enough = threading.Event()

        def producer(inbox: Inbox = inbox, enough: threading.Event = enough) -> None:
            yes = 0
            for version in itertools.count():
                if not inbox.put(item(version, 1)):
                    break
                yes += 1
                if yes == 20:
                    enough.set()
            accepted.append(yes)  # noqa: B023  # joined in this round

        with (
            eager_switches(),
            threads(*[producer] * 4, lambda: taken.update(take_all(inbox))),  # noqa: B023
        ):
            assert enough.wait(DEADLINE)
            inbox.close()
        got = sum(map(len, taken.values()))
        assert sum(accepted) == got + inbox.dropped + len(inbox)


def test_holding_and_releasing_amid_puts_loses_no_wake_up() -> None:
    inbox = Inbox(4)
    taken: dict[int, list[int]] = {}
    done = threading.Event()

    def toggle() -> None:
        while not done.is_set():
            inbox.hold(True)
            inbox.hold(False)

    with eager_switches(), threads(lambda: taken.update(take_all(inbox)), toggle):
        with threads(*[lambda p=p: produce(inbox, p, 300) for p in (1, 2, 3)]):
            pass
        done.set()
        inbox.close()
    assert taken == {p: list(range(300)) for p in (1, 2, 3)}


def test_all_mail_is_read_in_order_amid_messages() -> None:
    inbox = Inbox(4)
    read: list[int] = []
    taken: dict[int, list[int]] = {}

    def post() -> None:
        for number in range(1000):
            inbox.post(lambda number=number: read.append(number))  # type: ignore[misc]

    with eager_switches(), threads(lambda: taken.update(take_all(inbox))):
        with threads(post, lambda: produce(inbox, 1, 1000)):
            pass
        inbox.close()
    assert read == list(range(1000))
    assert taken == {1: list(range(1000))}


def test_one_message_back_and_forth_never_waits_for_ever() -> None:
    """Both sides sleep at every step: the shortest way to a lost wake-up."""
    there, back = Inbox(1), Inbox(1)

    def echo() -> None:
        while isinstance(got := there.take(), tuple):
            back.put(got)

    with eager_switches(), threads(echo):
        for version in range(3000):
            there.put(item(version))
            got = back.take(DEADLINE)
            assert isinstance(got, tuple)
            assert got[0].version == version
        there.close()
