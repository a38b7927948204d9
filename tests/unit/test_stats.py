"""What a reader sees of a pipeline at one moment."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from juturna_core.cli.summary import as_table
from juturna_core.message import Message
from juturna_core.payloads import BytesPayload
from juturna_core.settings import Settings
from juturna_core.stats import milliseconds
from juturna_core.testing import Collector, Forward, Numbers, Shelf, chain, running
from tests.runtime import DEADLINE, eventually

from .test_metrics import distribution


def test_counts_are_exact_when_all_is_done() -> None:
    class Fails(Forward):
        def update(self, message: Message[Any]) -> None:
            if message.version % 10 == 0:
                raise ValueError
            super().update(message)

    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 1000, "size": 7}},
        {"name": "fails"},
        {"name": "collector", "type": "sink"},
    )
    with running(Shelf(Numbers, Fails, Collector), nodes, links, dead_letters=0) as made:
        assert made.wait(DEADLINE)
        stats = made.stats()
    assert (stats["numbers"].transmitted, stats["numbers"].bytes_out) == (1000, 7000)
    fails, sink = stats["fails"], stats["collector"]
    assert (fails.received, fails.errors, fails.transmitted, fails.bytes_out) == (
        1000,
        100,
        900,
        6300,
    )
    assert (sink.received, sink.transmitted, sink.queue, sink.queue_bytes) == (900, 0, 0, 0)
    assert (sink.type, sink.mark, sink.where) == ("sink", "collector", "local")
    assert sink.queue_time.count == sink.update_time.count == sink.age.count == 900
    assert sink.queue_max >= 1
    assert sink.round_trip is None
    assert stats.lost == 0


def test_who_is_blocked_by_whom_is_seen_while_it_is() -> None:
    free = threading.Event()

    class Slow(Collector):
        def update(self, message: Message[Any]) -> None:
            free.wait(DEADLINE)
            super().update(message)

    nodes, links = chain({"name": "numbers", "configuration": {"size": 5}}, {"name": "slow"})
    with running(Shelf(Numbers, Slow), nodes, links, settings=Settings(max_queue_size=2)) as made:
        try:
            # one is worked on, two wait, the fourth is blocked
            eventually(lambda: made.stats()["numbers"].transmitted == 4)
            eventually(lambda: made.stats()["numbers"].blocked_by)
            first = made.stats()
            assert first["numbers"].blocked_by == "slow"
            assert first["slow"].queue == 2
            assert first["slow"].queue_bytes == 10
            eventually(lambda: made.stats()["slow"].busy_seconds > first["slow"].busy_seconds)
            later = made.stats()
            assert later["numbers"].blocked_seconds > first["numbers"].blocked_seconds
            assert later["slow"].blocking_seconds > first["slow"].blocking_seconds
        finally:
            free.set()
        assert made.wait(DEADLINE)
        stats = made.stats()
    assert stats["numbers"].blocked_by == ""
    assert stats["slow"].queue_max == 2
    assert stats["slow"].busy_seconds == 0


@pytest.mark.parametrize("policy", ["drop_oldest", "drop_newest"])
def test_what_a_full_node_drops_is_counted_there_and_blocks_nobody(policy: str) -> None:
    free = threading.Event()

    class Slow(Collector):
        def update(self, message: Message[Any]) -> None:
            free.wait(DEADLINE)
            super().update(message)

    nodes, links = chain({"name": "numbers"}, {"name": "slow", "when_full": policy})
    with running(Shelf(Numbers, Slow), nodes, links, settings=Settings(max_queue_size=2)) as made:
        try:
            eventually(lambda: made.stats()["numbers"].transmitted == 10)
        finally:
            free.set()
        assert made.wait(DEADLINE)
        stats = made.stats()
    assert stats["slow"].received + stats["slow"].dropped == 10
    assert stats["slow"].dropped >= 7
    assert (stats["numbers"].blocked_seconds, stats.lost) == (0, 0)


def test_the_state_and_the_seconds_of_a_run() -> None:
    with running(Shelf(Collector), [{"name": "collector"}], []) as made:
        running_stats = made.stats()
        assert (running_stats.name, running_stats.state) == ("test", "running")
        assert running_stats.seconds >= 0
        made.stop()
        stopped = made.stats()
        assert stopped.state == "stopped"
        assert stopped.seconds == made.stats().seconds
        made.destroy()
        assert made.stats().nodes == {}


def test_a_snapshot_does_not_change_any_more() -> None:
    nodes = [{"name": "collector", "type": "source"}]
    with running(Shelf(Collector), nodes, []) as made:
        made["collector"].put(Message(payload=BytesPayload(b"abc")))
        eventually(lambda: made.stats()["collector"].received == 1)
        before = made.stats()["collector"]
        made["collector"].put(Message())
        eventually(lambda: made.stats()["collector"].received == 2)
        assert (before.received, before.queue_time.count) == (1, 1)


def test_a_summary_has_four_points_in_milliseconds() -> None:
    points = milliseconds(distribution([0.001] * 98 + [0.01, 0.1]))
    assert list(points) == ["p50", "p90", "p99", "max"]
    assert points["p50"] == points["p90"] == pytest.approx(1, rel=0.05)
    assert points["p99"] == pytest.approx(10, rel=0.05)
    assert points["max"] == pytest.approx(100, rel=0.05)
    assert milliseconds(distribution([])) == dict.fromkeys(points)


def test_a_table_shows_the_latency_of_late_or_of_all_when_nothing_came_since() -> None:
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 3}}, {"name": "collector", "type": "sink"}
    )
    with running(Shelf(Numbers, Collector), nodes, links) as made:
        assert made.wait(DEADLINE)
        stats = made.stats()
    whole, lately = (as_table(stats, before).splitlines()[-1].split() for before in (None, stats))
    assert whole[0] == lately[0] == "collector"
    assert whole[7:] == lately[7:]  # latencies, with their units
    assert "-" not in lately[7:]
