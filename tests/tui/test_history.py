"""What is made of two snapshots: rates, latencies, and the state of every node."""

from __future__ import annotations

from typing import Any

import pytest

from juturna_core.control import api
from juturna_tui.history import SAMPLES, STUCK, History
from juturna_tui.preview import preview
from juturna_tui.view import WINDOW, Fill, Frame, NodeView, State
from tests.tui.frames import numbers
from tests.tui.rig import REMOTE, node

FILE: dict[str, Any] = {
    "pipeline": {
        "name": "p",
        "nodes": [
            node("s", "source"),
            node("n"),
            node("w", warped=True, warp_configuration=REMOTE),
        ],
        "links": [{"from": "s", "to": "n"}, {"from": "n", "to": "w"}],
    }
}
ABOUT = preview(FILE, "p.json")


def at(seconds: float, state: str = "running", **nodes: api.NodeNumbers) -> api.Numbers:
    """A snapshot; nodes that are not named do nothing."""
    found = {each.name: nodes.get(each.name, numbers(seconds)) for each in ABOUT.nodes}
    return api.Numbers.of("p", state, seconds, 0, found)


def seen(*snapshots: api.Numbers) -> Frame:
    """The last frame, of somebody who has looked at all of them."""
    history = History()
    for each in snapshots:
        frame = history.advance(each, ABOUT)
    return frame


def one(name: str = "n", state: str = "running", **special: Any) -> NodeView:
    """A node a second after it had done nothing at all."""
    idle = numbers(9, where=special.get("where", "local"))
    return seen(at(9, **{name: idle}), at(10, state, **{name: numbers(10, **special)})).by_name[
        name
    ]


def test_rates_and_latencies_are_of_the_window_alone() -> None:
    """What was long ago is out of it, however much it was."""
    slow, fast = numbers(100, rate=50, milliseconds=200), numbers(100, rate=50, milliseconds=200)
    history = History()
    history.advance(at(100, n=slow), ABOUT)
    for second in range(101, 110):
        count = 5000 + 10 * (second - 100)
        new = api.Durations(f"{slow.update_time.text} 400:{10 * (second - 100)}")
        fast = numbers(second, received=count, transmitted=count, update_time=new)
        frame = history.advance(at(second, n=fast), ABOUT)
    found = frame.by_name["n"]
    assert found.rate_in == found.rate_out == pytest.approx(10)
    assert found.latency == found.p99 == api.percentile({400: 1}, 50)
    assert frame.before is not None
    assert WINDOW <= frame.numbers.seconds - frame.before.seconds <= WINDOW + 1


def test_the_rate_of_few_messages_does_not_jump() -> None:
    """One a second, seen four times a second: 2.5 s hold two of them, or three."""
    history, rates = History(), []
    for quarter in range(4, 4 * 40):
        seconds = quarter / 4
        count = int(seconds + 0.1)
        frame = history.advance(at(seconds, n=numbers(seconds, received=count)), ABOUT)
        rates.append(frame.by_name["n"].rate_in)
    assert all(rate == pytest.approx(1, abs=0.11) for rate in rates[48:])
    for quarter in range(4 * 40, 4 * 52):
        frame = history.advance(at(quarter / 4, n=numbers(1, received=count)), ABOUT)
    assert frame.by_name["n"].rate_in == 0, "it stopped ten seconds ago"


def test_the_share_of_time_at_work_is_of_the_time_that_durations_are_of() -> None:
    """Of many nodes they are older than the counts: half a second at work in each is half, whenever they were read."""
    history = History()
    for second, timed in ((10, 10.0), (11, 10.6), (12, 12.0), (13, 12.2)):
        count = round(timed * 50)
        new = numbers(
            second, received=count, update_time=numbers(timed, rate=50, milliseconds=10).update_time
        )
        now = at(second, n=new)
        frame = history.advance(api.Numbers(**{**vars(now), "timed": timed}), ABOUT)
        if second > 10:
            assert frame.by_name["n"].busy == pytest.approx(0.5, rel=0.07)


def test_one_message_that_takes_long_is_all_its_time() -> None:
    assert one(busy_seconds=3.0).busy == 1.0


def test_without_anything_new_the_last_latency_stands() -> None:
    busy = numbers(10, rate=10, milliseconds=5)
    history = History()
    for second in range(9, 30):
        frame = history.advance(at(second, n=busy if second > 9 else numbers(9)), ABOUT)
    assert frame.by_name["n"].rate_in == 0
    assert frame.by_name["n"].latency == pytest.approx(5, rel=0.07)


def test_a_warped_node_is_as_slow_as_its_round_trips() -> None:
    trip = numbers(10, rate=10, milliseconds=80).update_time
    found = one("w", rate=10, milliseconds=1, where="10.0.0.7:45000", round_trip={"total": trip})
    assert found.latency == pytest.approx(80, rel=0.07)


THERE = "10.0.0.7:45000"


def test_a_warped_node_without_a_finished_trip_has_no_latency() -> None:
    """What `update` takes is the hand-over alone."""
    found = one("w", rate=10, milliseconds=0.05, where=THERE, in_flight=10)
    assert found.latency is None and found.p99 is None and found.busy == 0


def test_after_a_move_nothing_is_counted_that_was_measured_elsewhere() -> None:
    """200 ms a message here, 80 ms a trip there, and 200 ms here again: never a mixture, never a wrong share."""
    history = History()
    here, trips = 0, 0
    for quarter in range(4, 4 * 30):
        seconds = quarter / 4
        warped = 10 <= seconds < 20
        if warped:
            trips += 1
        elif quarter % 2:
            here += 1  # two a second, 100 ms each: a fifth of the time
        update = numbers(1, rate=here, milliseconds=100).update_time
        if trips:  # the hand-overs
            update = api.Durations(f"50:{trips} {update.text}")
        trip = {"total": numbers(1, rate=trips, milliseconds=80).update_time} if trips else None
        now = numbers(1, where=THERE if warped else "local", update_time=update, round_trip=trip)
        found = history.advance(at(seconds, w=now), ABOUT).by_name["w"]
        if seconds in (10, 20):
            assert found.latency is None
        elif seconds > 4:
            assert found.latency == pytest.approx(80 if warped else 100, rel=0.07), seconds
            if seconds % 10 > 1:
                assert found.busy == pytest.approx(0.32 if warped else 0.2, abs=0.13), seconds


def test_what_is_in_flight_does_not_fill_the_queue() -> None:
    frame = seen(at(10, w=numbers(10, where=THERE, queue=31, in_flight=32)))
    found = frame.by_name["w"]
    assert (found.queue, found.in_flight, found.held) == (31, 32, 63)
    assert found.state is State.IDLE and frame.links[1] is Fill.EASY


@pytest.mark.parametrize(
    ("special", "state", "text"),
    [
        ({}, State.IDLE, ""),
        ({"rate": 10}, State.FLOWING, ""),
        (
            {"rate": 10, "queue": 64},
            State.FULL,
            "64 messages wait: it is slower than what feeds it",
        ),
        ({"blocked_by": "w"}, State.BLOCKED, "waits for room in w"),
        ({"busy_seconds": STUCK + 1}, State.STUCK, "at one message for 6 s"),
        ({"status": "suspended"}, State.SUSPENDED, ""),
        ({"status": "draining"}, State.DRAINING, ""),
        ({"status": "component_stopped"}, State.ENDED, ""),
        ({"errors": 1, "last_error": "ValueError: no\nTraceback"}, State.FAILING, "ValueError: no"),
        ({"lost": 2}, State.FAILING, "2 messages lost"),
        ({"rate": 10, "status_text": "no server"}, State.FAILING, "no server"),
        (
            {"status": "suspended", "status_text": "no server"},
            State.FAILING,
            "suspended; no server",
        ),
        ({"queue": 64, "errors": 1, "last_error": "no"}, State.FAILING, "no"),
    ],
)
def test_the_most_urgent_is_shown(special: dict[str, Any], state: State, text: str) -> None:
    found = one(**special)
    assert (found.state, found.text) == (state, text)


def test_a_remote_that_is_away_is_more_urgent_than_what_comes_of_it() -> None:
    found = one("w", status_text="remote 10.0.0.7:45000 is not there", queue=64, errors=1)
    assert (found.state, found.text) == (State.AWAY, "remote 10.0.0.7:45000 is not there")


def test_a_source_is_never_stuck() -> None:
    """It may wait for a camera as long as it likes."""
    assert one("s", busy_seconds=100.0).state is State.IDLE


def test_what_usually_takes_long_is_not_stuck() -> None:
    slow = numbers(100, rate=1, milliseconds=60_000, busy_seconds=30.0)
    assert seen(at(99), at(100, n=slow)).by_name["n"].state is not State.STUCK


def test_what_went_wrong_long_before_one_came_is_no_news() -> None:
    found = seen(at(1000, n=numbers(1000, errors=7, last_error="old"))).by_name["n"]
    assert found.errors == 7 and found.state is State.IDLE


def test_nothing_is_said_to_happen_in_a_pipeline_that_is_stopped() -> None:
    """Its time stands still, and so would its last rates and failures."""
    last = numbers(10, rate=50, errors=1, last_error="boom")
    for again in (1, 3):
        frame = seen(at(9), *[at(10, "stopped", s=last, n=last)] * again)
        assert frame.rate == 0
        assert {each.state for each in frame.nodes} == {State.ENDED}
        assert frame.by_name["n"].busy == 0 and frame.by_name["n"].errors == 1


def test_a_pipeline_that_begins_anew_has_no_past() -> None:
    before = numbers(100, rate=100)
    frame = seen(at(99, n=before), at(100, n=before), at(1, n=numbers(1, rate=7)))
    assert frame.before is None
    assert frame.by_name["n"].rate_in == pytest.approx(7)


def test_a_node_that_is_new_counts_from_nothing_and_one_without_numbers_is_not_started() -> None:
    history = History()
    few = api.Numbers.of("p", "running", 9, 0, {"s": numbers(9)})
    assert history.advance(few, ABOUT).by_name["n"].state is State.NEW
    frame = history.advance(at(10, n=numbers(1, rate=5)), ABOUT)
    assert frame.by_name["n"].rate_in == pytest.approx(5)


@pytest.mark.parametrize(
    ("special", "fill"),
    [
        ({"n": {"queue": 10}}, Fill.EASY),
        ({"n": {"queue": 32}}, Fill.FILLING),
        ({"n": {"queue": 64}}, Fill.FULL),
        ({"s": {"blocked_by": "n"}}, Fill.FULL),
        ({"s": {"blocked_by": "other"}}, Fill.EASY),
    ],
)
def test_an_edge_says_how_full_its_end_is(special: dict[str, Any], fill: Fill) -> None:
    frame = seen(at(9), at(10, **{name: numbers(10, **each) for name, each in special.items()}))
    assert frame.links == (fill, Fill.EASY)


def test_a_sparkline_has_a_point_a_second_and_no_more_than_there_is_room_for() -> None:
    history = History()
    for quarter in range(4 * (SAMPLES + 5)):
        seconds = 1 + quarter / 4
        frame = history.advance(at(seconds, n=numbers(seconds, rate=8)), ABOUT)
        if quarter == 8:
            assert len(frame.by_name["n"].spark) == 2
    assert len(frame.by_name["n"].spark) == SAMPLES
