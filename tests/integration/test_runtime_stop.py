"""Stopping: in order, within the grace, with every message accounted for, whatever hangs."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest

from juturna_core.message import Message
from juturna_core.names import ComponentStatus, PipelineStatus
from juturna_core.node import Node
from juturna_core.settings import Settings
from juturna_core.testing import (
    Collector,
    Forward,
    Numbers,
    Shelf,
    TestPipeline,
    chain,
    configuration,
    running,
)
from tests.runtime import DEADLINE, eventually, threads

ENDLESS = {"count": 10**9}


@pytest.fixture
def free() -> Iterator[threading.Event]:
    """What hanging nodes wait for; set in the end, so that none stays behind."""
    event = threading.Event()
    yield event
    event.set()


def hanging(free: threading.Event) -> type[Collector]:
    """A sink whose `update` comes back when `free` is set."""

    class Hangs(Collector):
        def update(self, message: Message[Any]) -> None:
            free.wait(DEADLINE)
            super().update(message)

    return Hangs


def blocked_reader(free: threading.Event) -> type[Node[Any, Any]]:
    """A source that is blocked in a read until its `stop` closes what it reads from."""

    class Reads(Forward):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.stops: list[str] = []
            self.set_source(self.read)

        def read(self) -> None:
            free.wait(DEADLINE)
            raise OSError("read from what is closed")

        def stop(self) -> None:
            self.stops.append(threading.current_thread().name)
            free.set()
            eventually(lambda: self._juturna.inbox.closed)
            super().stop()

    return Reads


def test_an_idle_chain_of_fifty_stops_at_once_and_every_stop_runs_on_its_own_thread() -> None:
    stops: list[tuple[str, str]] = []

    class Says(Forward):
        def stop(self) -> None:
            stops.append((self.name, threading.current_thread().name))
            super().stop()

    nodes, links = chain(*({"name": f"n{number:02}", "mark": "says"} for number in range(50)))
    with running(Shelf(Says), nodes, links) as made:
        report = made.stop()
        assert made.wait(0)
        assert all(node.status == ComponentStatus.STOPPED for node in made._nodes.values())
    assert (report.drained, report.lost, report.lost_by_node, report.unfinished) == (0, 0, {}, ())
    assert stops == [(f"n{number:02}", f"test.n{number:02}") for number in range(50)]
    assert made.events.since()[0][-1].kind == "stopped"


def test_what_waits_in_full_queues_is_drained() -> None:
    stopping = threading.Event()

    class Late(Collector):
        def update(self, message: Message[Any]) -> None:
            stopping.wait(DEADLINE)
            super().update(message)

    nodes, links = chain(
        {"name": "numbers", "configuration": ENDLESS}, {"name": "forward"}, {"name": "late"}
    )
    with running(
        Shelf(Numbers, Forward, Late), nodes, links, settings=Settings(max_queue_size=3)
    ) as made:
        eventually(lambda: made.stats()["late"].busy_seconds)
        eventually(lambda: made.stats()["forward"].blocked_by)
        eventually(lambda: made.stats()["numbers"].blocked_by)
        waiting = sum(node.queue for node in made.stats().nodes.values())
        reports: list[Any] = []
        with threads(lambda: reports.append(made.stop(DEADLINE))):
            eventually(lambda: made["numbers"]._juturna.inbox.closed)
            stopping.set()
        sent = made["numbers"]._next
    assert (reports[0].drained, reports[0].lost) == (waiting, 0)
    assert waiting >= 4
    assert reports[0].unfinished == ()
    assert made["late"].versions == list(range(sent))


def test_a_node_that_does_not_come_back_is_named_and_its_messages_counted(
    free: threading.Event,
) -> None:
    nodes, links = chain({"name": "push", "mark": "forward", "type": "source"}, {"name": "hangs"})
    with running(Shelf(Forward, hanging(free)), nodes, links) as made:
        for version in range(4):
            made["push"].put(Message(version=version))
        eventually(lambda: made.stats()["hangs"].queue == 3 and made.stats()["hangs"].busy_seconds)
        report = made.stop(0.05)
        assert made.status["self"] == PipelineStatus.READY
        free.set()
        eventually(lambda: made["hangs"].status == ComponentStatus.STOPPED)
    assert [name for name, _ in report.unfinished] == ["hangs"]
    assert "in update() of message" in report.unfinished[0][1]
    assert (report.lost, report.lost_by_node, report.drained) == (4, {"hangs": 4}, 0)
    assert made.stats().lost == 4, "it does not change when the node comes back after all"
    assert made.events.wait("unfinished", node="hangs", timeout=0)


def test_feeders_that_are_blocked_when_they_are_cut_off_count_each_message_once(
    free: threading.Event,
) -> None:
    nodes, links = chain(
        {"name": "numbers", "configuration": ENDLESS}, {"name": "forward"}, {"name": "hangs"}
    )
    with running(
        Shelf(Numbers, Forward, hanging(free)), nodes, links, settings=Settings(max_queue_size=1)
    ) as made:
        # one is worked on, one waits, one is blocked, one waits, one is blocked
        eventually(lambda: made["numbers"]._next == 5)
        eventually(
            lambda: made.stats()["numbers"].blocked_by and made.stats()["forward"].blocked_by
        )
        report = made.stop(0.05)
        free.set()
        for worker in made._workers.values():
            assert worker.ended.wait(DEADLINE)
    assert report.lost == 5
    assert made.stats().lost == 5
    assert [name for name, _ in report.unfinished] == ["hangs"], "the others only wait for it"


def test_a_source_blocked_in_a_read_is_freed_by_its_stop_which_is_called_once(
    free: threading.Event,
) -> None:
    nodes, links = chain({"name": "reads"}, {"name": "collector"})
    with running(Shelf(blocked_reader(free), Collector), nodes, links) as made:
        eventually(lambda: made._workers["reads"].pulling)
        report = made.stop(DEADLINE)
        made._workers["reads"].thread.join(DEADLINE)
    assert (report.unfinished, report.lost) == ((), 0)
    assert len(made["reads"].stops) == 1
    assert made.stats()["reads"].errors == 0, "what it raises because it was stopped is no error"


def test_a_source_that_nothing_frees_is_named(free: threading.Event) -> None:
    class Stuck(Forward):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.set_source(lambda: free.wait(DEADLINE) and None)

    with running(Shelf(Stuck), [{"name": "stuck"}], []) as made:
        eventually(lambda: made._workers["stuck"].pulling)
        report = made.stop(0.05)
        free.set()
        made._workers["stuck"].thread.join(DEADLINE)
    assert report.unfinished[0][0] == "stuck"
    assert "in its source function" in report.unfinished[0][1]
    assert report.lost == 0


def test_no_message_reaches_a_node_after_its_stop(free: threading.Event) -> None:
    """Also when draining takes longer than a stop usually does."""

    class Slow(Forward):
        after = stopped = 0

        def update(self, message: Message[Any]) -> None:
            free.wait(0.05)
            self.after += self.stopped
            super().update(message)

        def stop(self) -> None:
            self.stopped += 1
            super().stop()

    nodes, links = chain({"name": "slow", "type": "source"}, {"name": "collector"})
    with running(Shelf(Slow, Collector), nodes, links) as made:
        for version in range(10):
            made["slow"].put(Message(version=version))
        report = made.stop(DEADLINE)
    assert report.lost == 0
    assert made["collector"].versions == list(range(10))
    assert (made["slow"].after, made["slow"].stopped) == (0, 1)


def test_what_a_source_says_in_its_stop_arrives_last() -> None:
    class Farewell(Numbers):
        def stop(self) -> None:
            self.transmit(Message(self.name, -7))
            super().stop()

    nodes, links = chain(
        {"name": "farewell", "configuration": ENDLESS}, {"name": "forward"}, {"name": "collector"}
    )
    with running(Shelf(Farewell, Forward, Collector), nodes, links) as made:
        eventually(lambda: len(made["collector"].versions) > 100)
        report = made.stop(DEADLINE)
    versions = made["collector"].versions
    assert report.lost == 0
    assert versions == [*range(len(versions) - 1), -7]


def test_who_waits_for_the_end_comes_back_even_when_a_node_was_cut_off(
    free: threading.Event,
) -> None:
    nodes = [{"name": "hangs", "type": "source"}]
    with running(Shelf(hanging(free)), nodes, []) as made:
        made["hangs"].put(Message())
        eventually(lambda: made.stats()["hangs"].busy_seconds)
        over: list[bool] = []
        with threads(lambda: over.append(made.wait(DEADLINE))):
            made.stop(0.05)
        assert over == [False]
        free.set()


def test_after_a_node_was_cut_off_another_start_builds_afresh(
    free: threading.Event, tmp_path: Any
) -> None:
    nodes: list[dict[str, Any]] = [{"name": "hangs", "type": "source"}]
    made = TestPipeline(
        configuration(nodes, [], folder=str(tmp_path)), catalog=Shelf(hanging(free))
    )
    made.warmup()
    made.start()
    old = made["hangs"]
    old.put(Message(version=0))
    eventually(lambda: made.stats()["hangs"].busy_seconds)
    made.stop(0.05)
    free.set()
    made.start()
    assert made["hangs"] is not old
    made["hangs"].put(Message(version=1))
    eventually(lambda: made["hangs"].versions == [1])
    made.destroy()
    assert old._juturna.worker is not None
    assert old._juturna.worker.ended.wait(DEADLINE)


def test_stop_right_behind_start_is_in_order() -> None:
    for _ in range(20):
        nodes, links = chain(
            {"name": "numbers", "configuration": ENDLESS},
            {"name": "forward"},
            {"name": "collector"},
        )
        with running(Shelf(Numbers, Forward, Collector), nodes, links) as made:
            report = made.stop(DEADLINE)
        assert (report.lost, report.unfinished) == (0, ())
        assert made["collector"].versions == list(range(made["numbers"]._next))


def test_threads_that_still_push_when_the_stop_comes_lose_nothing_silently() -> None:
    class Pushes(Forward):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.pushed = 0
            self._running = True
            self._thread = threading.Thread(target=self._push, name="pusher")

        def start(self) -> None:
            super().start()
            self._thread.start()

        def _push(self) -> None:
            while self._running:
                self.pushed += 1
                self.put(Message(version=self.pushed))

        def stop(self) -> None:
            self._running = False
            self._thread.join(DEADLINE)
            super().stop()

    nodes, links = chain({"name": "pushes", "type": "source"}, {"name": "collector"})
    with running(Shelf(Pushes, Collector), nodes, links) as made:
        eventually(lambda: len(made["collector"].versions) > 100)
        report = made.stop(DEADLINE)
    assert report.unfinished == ()
    assert made["collector"].versions == list(range(1, len(made["collector"].versions) + 1))
    stats = made.stats()
    assert made["pushes"].pushed == len(made["collector"].versions) + stats["pushes"].dropped
    assert stats.lost == 0


def test_the_end_flows_through_a_diamond_once() -> None:
    nodes: list[dict[str, Any]] = [{"name": "numbers", "configuration": {"count": 300}}]
    nodes += [{"name": name, "mark": "forward"} for name in ("left", "right", "join")] + [
        {"name": "collector"}
    ]
    links = [
        ("numbers", "left"),
        ("numbers", "right"),
        ("left", "join"),
        ("right", "join"),
        ("join", "collector"),
    ]
    with running(
        Shelf(Numbers, Forward, Collector), nodes, links, settings=Settings(max_queue_size=4)
    ) as made:
        assert made.wait(DEADLINE)
        assert sorted(made["collector"].versions) == sorted([*range(300)] * 2)
        assert made.stop().lost == 0
