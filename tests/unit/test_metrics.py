"""Histograms: within 5 % of the truth, exact in their counts, complete at any moment."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from juturna_core.metrics import (
    Distribution,
    MessageTimes,
    RoundTrip,
    RoundTrips,
    Samples,
)
from tests.runtime import eager_switches, threads

DURATIONS = st.floats(1e-9, 1e5)
ERROR = 0.05


def distribution(durations: list[float]) -> Distribution:
    samples = Samples(1, 1)
    samples.raw.extend(durations)
    return samples.snapshot()[0]


def nearest_rank(durations: list[float], percent: float) -> float:
    rank = max(1, math.ceil(len(durations) * percent / 100))
    return sorted(durations)[rank - 1]


@given(st.lists(DURATIONS, min_size=1, max_size=200), st.sampled_from([0, 1, 50, 90, 99, 100]))
@example([1.0], 50)
@example([1e-9], 100)
def test_a_percentile_is_within_five_percent_of_the_exact_one(
    durations: list[float], percent: float
) -> None:
    found = distribution(durations).percentile(percent)
    assert found == pytest.approx(nearest_rank(durations, percent) * 1e3, rel=ERROR)


@given(st.lists(DURATIONS, max_size=200))
def test_count_is_exact_and_the_total_within_five_percent(durations: list[float]) -> None:
    found = distribution(durations)
    assert found.count == len(durations)
    assert found.total == pytest.approx(math.fsum(durations) * 1e3, rel=ERROR)


def test_without_durations_there_is_no_percentile() -> None:
    nothing = distribution([])
    assert (nothing.count, nothing.percentile(50), nothing.maximum, nothing.total) == (
        0,
        None,
        None,
        0,
    )


@given(st.lists(DURATIONS, min_size=1, max_size=50))
def test_the_maximum_is_the_longest(durations: list[float]) -> None:
    assert distribution(durations).maximum == pytest.approx(max(durations) * 1e3, rel=ERROR)


@pytest.mark.parametrize("duration", [0.0, -1e-9, -3.0])
def test_what_takes_no_time_or_less_is_counted_as_the_shortest(duration: float) -> None:
    """Two clocks read by two threads may come out of order; it must not show as days."""
    found = distribution([duration])
    assert found.count == 1
    assert found.maximum == pytest.approx(0, abs=1e-3)


@given(st.lists(DURATIONS, max_size=50), st.lists(DURATIONS, max_size=50))
def test_since_is_what_came_after(earlier: list[float], later: list[float]) -> None:
    before, after = distribution(earlier), distribution(earlier + later)
    assert np.array_equal(after.since(before).counts, distribution(later).counts)


def test_since_a_snapshot_of_an_earlier_run_is_not_negative() -> None:
    assert distribution([1.0]).since(distribution([1.0, 2.0, 2.0])).count == 0


def test_folding_keeps_everything() -> None:
    samples = Samples(1, 1)
    raw = samples.raw
    for number in range(5000):
        raw += (number + 1.0,)
        if len(raw) >= samples.full:
            raw = samples.fold()
    assert samples.snapshot()[0].count == 5000
    assert samples.snapshot()[0].maximum == pytest.approx(5000e3, rel=ERROR)


def test_a_snapshot_does_not_change_any_more() -> None:
    samples = Samples(1, 1)
    samples.raw.append(1.0)
    before = samples.snapshot()[0]
    samples.raw.append(1.0)
    samples.fold()
    assert before.count == 1


def test_a_message_makes_three_durations() -> None:
    times = MessageTimes()
    times.raw.extend((10.0, 12.0, 15.0, 7.0))
    in_queue, in_update, age = (each.maximum for each in times.snapshot())
    assert in_queue == pytest.approx(2e3, rel=ERROR)
    assert in_update == pytest.approx(3e3, rel=ERROR)
    assert age == pytest.approx(8e3, rel=ERROR)


def test_snapshots_are_complete_while_the_writer_folds() -> None:
    """A reader never sees a count go back, nor one histogram ahead of another."""
    times = MessageTimes()
    writing = threading.Event()
    seen: list[tuple[int, ...]] = []

    def write() -> None:
        raw = times.raw
        for _ in range(20_000):
            raw += (0.0, 1.0, 2.0, 0.0)
            if len(raw) >= times.full:
                raw = times.fold()
        writing.set()

    def read() -> None:
        while not writing.is_set():
            seen.append(tuple(each.count for each in times.snapshot()))

    with eager_switches(), threads(write, read, read):
        pass
    assert all(len(set(counts)) == 1 for counts in seen)
    assert {each.count for each in times.snapshot()} == {20_000}


def test_one_reader_never_sees_a_count_go_back() -> None:
    times = MessageTimes()
    done = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not done.is_set():
            seen.append(times.snapshot()[0].count)

    with eager_switches(), threads(read):
        raw = times.raw
        for _ in range(20_000):
            raw += (0.0, 1.0, 2.0, 0.0)
            if len(raw) >= times.full:
                raw = times.fold()
        done.set()
    assert seen == sorted(seen)


def test_a_round_trip_is_recorded_with_all_its_parts() -> None:
    trips = RoundTrips()
    parts: dict[str, Any] = {
        "encode": 1_000_000,
        "network": 2_000_000,
        "remote_queue": 3_000_000,
        "remote_compute": 4_000_000,
        "decode": 5_000_000,
    }
    for _ in range(1000):
        trips.record(RoundTrip(total=15_000_000, **parts))
    snapshot = trips.snapshot()
    assert snapshot["total"].count == 1000
    assert snapshot["total"].percentile(50) == pytest.approx(15, rel=ERROR)
    for part, nanoseconds in parts.items():
        assert snapshot[part].percentile(50) == pytest.approx(nanoseconds / 1e6, rel=ERROR)


def test_what_is_counted_in_steps_is_what_is_counted_at_once() -> None:
    stepwise, at_once = MessageTimes(), MessageTimes()
    for number in range(200 * 64):
        row = (0.0, number * 1e-6, number * 3e-6, 0.0)
        for times in (stepwise, at_once):
            times.raw.extend(row)
            if len(times.raw) >= times.full:
                times.fold()
        if number % 97 == 0:
            stepwise.snapshot()
    for one, other in zip(stepwise.snapshot(), at_once.snapshot(), strict=True):
        assert one.counts.tolist() == other.counts.tolist()
        assert one.count == stepwise.count == at_once.count == 200 * 64
