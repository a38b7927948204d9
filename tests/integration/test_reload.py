"""What runs becomes another pipeline, and every numbered message arrives once and in order."""

from __future__ import annotations

import itertools
import random
import threading
import time
from collections.abc import Callable
from pathlib import Path
from queue import SimpleQueue
from typing import Any, ClassVar

import pytest

from juturna_core.errors import ConfigError, JuturnaError, PluginError, StateError
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload
from juturna_core.reload import Patience
from juturna_core.settings import Settings
from juturna_core.testing import (
    Collector,
    Numbers,
    Shelf,
    TestPipeline,
    configuration,
    running,
)
from tests.reloading import Rig, Step, Ticker, in_order, rig, step
from tests.runtime import DEADLINE, eventually, threads

QUICK = Patience(warmup=1.0, drain=1.0)


# --- every kind of change --------------------------------------------------------------------------------------------


def retune(rig: Rig) -> None:
    rig.change("p", live=1)


def replace(rig: Rig) -> None:
    rig.change("p", tag=1)


def another_mark(rig: Rig) -> None:
    rig.nodes["p"]["mark"] = "other"


def two_neighbours(rig: Rig) -> None:
    rig.change("s", by=0.0004)
    rig.change("p", tag=2)


def insert(rig: Rig) -> None:
    rig.nodes["q"] = step("q")
    rig.links = [("s", "p"), ("p", "q"), ("q", "k")]


def remove(rig: Rig) -> None:
    del rig.nodes["p"]
    rig.links = [("s", "k")]


def rename(rig: Rig) -> None:
    rig.nodes["r"] = {**rig.nodes.pop("p"), "name": "r"}
    rig.links = [("s", "r"), ("r", "k")]


def go_round(rig: Rig) -> None:
    """p stays and is not on the way any more."""
    rig.links = [("s", "k"), ("p", "k")]


def source_too(rig: Rig) -> None:
    rig.nodes["s"]["configuration"] = {"by": 0.0003}


@pytest.mark.parametrize(
    "change",
    [retune, replace, another_mark, two_neighbours, insert, remove, rename, go_round, source_too],
)
@pytest.mark.parametrize("load", ["light", "full"])
def test_no_message_is_lost_doubled_or_overtaken(change: Callable[[Rig], None], load: str) -> None:
    full = load == "full"
    with rig(step(), by=0 if full else 0.0005, settings=Settings(max_queue_size=50)) as made:
        made.more()
        change(made)
        report = made.apply()
        made.more(200)
        assert report.lost == 0
        stopped = made.pipeline.stop()
        assert stopped.lost == 0
        assert in_order(made.seen)
        assert len(made.seen) == next(Ticker.numbers)


def test_random_changes_under_load_keep_every_message_in_order() -> None:
    random_ = random.Random(3)
    with rig(step("p0"), step("p1"), settings=Settings(max_queue_size=20)) as made:
        fresh = itertools.count(2)
        for _ in range(60):
            way = [name for name in made.nodes if name not in "sk"]
            for _ in range(random_.randint(1, 3)):
                match random_.randrange(6):
                    case 0 if way:
                        made.nodes.setdefault(name := random_.choice(way), step(name))
                        made.change(name, tag=random_.random())
                    case 1 if way:
                        made.nodes.setdefault(name := random_.choice(way), step(name))
                        made.change(name, live=random_.random())
                    case 2 if len(way) > 1:
                        way.remove(random_.choice(way))
                    case 3:
                        way.insert(random_.randrange(len(way) + 1), f"p{next(fresh)}")
                    case 4:
                        made.change("s", by=random_.choice([0.0005, 0.0004]))
                    case _:
                        random_.shuffle(way)
            nodes = {name: made.nodes.get(name) or step(name) for name in way}
            made.nodes = {"s": made.nodes["s"], **nodes, "k": made.nodes["k"]}
            made.links = list(itertools.pairwise(made.nodes))
            assert made.apply().lost == 0
        made.more()
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)
        assert len(made.seen) == next(Ticker.numbers)


# --- what a change says, and what it leaves alone --------------------------------------------------------------------


def test_the_same_configuration_changes_nothing() -> None:
    with rig(step()) as made:
        before = made.pipeline["p"]
        report = made.apply()
        assert (report.changes, report.restarted, report.lost) == ((), {}, 0)
        assert made.pipeline["p"] is before


def test_a_live_argument_is_set_and_the_node_stays() -> None:
    with rig(step()) as made:
        before = made.pipeline["p"]
        made.change("p", live=7)
        report = made.apply()
        assert made.pipeline["p"] is before
        assert before.live == 7
        assert report.restarted == {}
        assert report.changes == ("p: live (default) -> 7",)


def test_a_replaced_node_keeps_its_place_its_counts_and_says_why() -> None:
    with rig(step()) as made:
        made.more()
        before = made.pipeline["p"]
        received = made.pipeline.stats()["p"].received
        made.change("p", tag="new")
        report = made.apply()
        assert report.restarted == {"p": "p: tag (default) -> 'new'"}
        assert made.pipeline["p"].tag == "new"
        assert before.destroyed
        assert made.pipeline.stats()["p"].received >= received > 0
        assert made.pipeline["p"].destinations == ["k"] and made.pipeline["p"].origins == ["s"]
        kinds = [event.kind for event in made.pipeline.events.since()[0]]
        assert kinds[-1] == "applied"


def test_policies_are_taken_on_without_a_new_node() -> None:
    with rig(step(), settings=Settings(max_queue_size=5)) as made:
        before = made.pipeline["p"]
        made.nodes["p"] |= {"when_full": "drop_oldest", "on_error": "stop"}
        assert made.apply().restarted == {}
        assert made.pipeline["p"] is before
        assert before._juturna.inbox.when_full == "drop_oldest"
        assert before._juturna.worker.on_error == "stop"


@pytest.mark.parametrize("key", ["name", "id", "folder", "telemetry"])
def test_what_a_pipeline_is_cannot_change_while_it_runs(key: str) -> None:
    with rig(step()) as made:
        body = {"folder": made.folder, key: "other"}
        changed = configuration(made.nodes.values(), made.links, **body)
        with pytest.raises(ConfigError, match=f'"{key}" cannot change while the pipeline runs'):
            made.pipeline.apply(changed)
        made.more()


# --- what goes wrong -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["configure", "warmup", "start"])
@pytest.mark.parametrize("mark", ["step", "port"])
def test_a_node_that_cannot_be_made_leaves_what_ran(where: str, mark: str) -> None:
    with rig(step(), step("q", mark)) as made:
        made.more()
        made.change("p", tag="new")
        made.change("q", mode=f"{where} raises")
        with pytest.raises(PluginError, match=f"no luck in {where}"):
            made.apply()
        made.more(100)
        assert made.pipeline["q"].mode == ""
        assert made.pipeline["p"].tag == 0
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)
        assert made.pipeline.events.since()[0][-2].kind == "refused"


def test_an_added_node_that_cannot_start_changes_nothing() -> None:
    with rig(step()) as made:
        insert(made)
        made.nodes["q"] = step("q", mode="start raises")
        with pytest.raises(PluginError, match="no luck in start"):
            made.apply()
        made.more(100)
        assert "q" not in made.pipeline._nodes
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)


def test_an_argument_that_is_refused_sets_the_others_back() -> None:
    with rig(step("a"), step("b"), step("c")) as made:
        for name, value in {"a": 1, "b": "no", "c": 3}.items():
            made.change(name, live=value)
        with pytest.raises(PluginError, match="not this"):
            made.apply()
        made.more()
        assert made.pipeline.config.node("a").configuration == {}
        made.nodes["b"] = step("b")
        made.apply()
        assert [made.pipeline[name].live for name in "abc"] == [1, 0, 3]


def test_a_warm_up_that_hangs_is_named_and_the_old_node_runs_on() -> None:
    with rig(step()) as made:
        made.change("p", mode="warmup hangs")
        with pytest.raises(JuturnaError, match=r"p did not warm up within 0.2 s"):
            made.apply(patience=Patience(warmup=0.2))
        made.more(100)
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)


def test_a_slow_warm_up_does_not_stop_the_flow() -> None:
    with rig(step()) as made:
        made.change("p", mode="warmup hangs")
        changing = threading.Thread(target=made.apply)
        changing.start()
        made.more(200)
        assert made.pipeline["p"].mode == ""
        Step.hangs.set()
        changing.join(DEADLINE)
        assert made.pipeline["p"].mode == "warmup hangs"


@pytest.mark.parametrize("how", ["replaced", "removed"])
def test_a_node_that_hangs_in_update_is_left_with_its_one_message(how: str) -> None:
    with rig(step(mode="update hangs"), settings=Settings(max_queue_size=5)) as made:
        eventually(lambda: len(made.pipeline["p"]._juturna.inbox) == 5)
        if how == "replaced":
            made.change("p", mode="")
        else:
            remove(made)
        report = made.apply(patience=QUICK)
        made.more(100)
        # one was in its hands; where it is removed, what waited for it goes too, and what s may have been sending
        assert report.lost_by_node["p"] == (1 if how == "replaced" else 6)
        assert report.lost_by_node.get("s", 0) <= 1
        made.pipeline.stop()
        assert made.seen == list(range(report.lost, next(Ticker.numbers)))


@pytest.mark.parametrize("how", [replace, remove])
def test_a_node_that_hangs_in_stop_holds_up_the_change_for_a_while_only(
    how: Callable[[Rig], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("juturna_core.reload.STOP_SECONDS", 0.3)
    with rig(step(mode="stop hangs")) as made:
        made.more()
        how(made)
        report = made.apply(patience=Patience(drain=0.3))
        made.more(100)
        assert report.lost <= 1
        made.pipeline.stop()
        assert in_order(made.seen)


def test_a_stop_ends_a_change_that_is_under_way() -> None:
    with rig(step()) as made:
        made.change("p", mode="warmup hangs")
        errors: list[BaseException] = []

        def apply() -> None:
            try:
                made.apply()
            except JuturnaError as error:
                errors.append(error)

        changing = threading.Thread(target=apply)
        changing.start()
        eventually(lambda: made.pipeline._reload is not None)
        made.more()
        assert made.pipeline.stop().lost == 0
        changing.join(DEADLINE)
        assert isinstance(errors[0], StateError)
        assert in_order(made.seen)


def test_an_exclusive_node_is_gone_before_its_successor_is_built() -> None:
    with rig(step(mark="port")) as made:
        made.more()
        made.change("p", tag=1)
        assert made.apply().lost == 0
        made.more(100)
        assert made.pipeline["p"].tag == 1
        made.pipeline.stop()
        assert in_order(made.seen)


def test_a_source_that_has_ended_begins_anew_when_it_is_changed() -> None:
    nodes = [
        {"name": "n", "mark": "numbers", "type": "source", "configuration": {"count": 5}},
        {"name": "s", "mark": "ticker", "type": "source", "configuration": {}},
        step(),
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    links = [("n", "p"), ("s", "k"), ("p", "k")]
    with running(Shelf(Ticker, Step, Collector, Numbers), nodes, links) as made:
        eventually(lambda: made._workers["p"].ended.is_set())
        nodes[0]["configuration"] = {"count": 3}
        report = made.apply(configuration(nodes, links, folder=made.pipe_path))
        assert report.restarted == {"n": "it had ended", "p": "it had ended"}
        assert "p is built again: it had ended" in str(report)
        eventually(lambda: [m.creator for m in made["k"].messages].count("n") == 8)


# --- what goes wrong half-way ----------------------------------------------------------------------------------------


def error_of(call: Callable[[], object]) -> JuturnaError:
    with pytest.raises(JuturnaError) as caught:
        call()
    return caught.value


@pytest.mark.parametrize("mark", ["step", "port"])
def test_what_was_set_is_set_back_when_a_node_cannot_be_replaced(mark: str) -> None:
    mode = "start raises" if mark == "step" else "warmup raises"
    with rig(step("a", live=0), step("b", mark)) as made:
        made.nodes["a"] |= {"when_full": "drop_oldest"}
        made.change("a", live=1)
        made.change("b", mode=mode)
        with pytest.raises(PluginError, match="no luck"):
            made.apply()
        assert made.pipeline["a"].live == 0
        assert made.pipeline["a"]._juturna.inbox.when_full == "block"


def test_a_node_that_cannot_start_again_either_keeps_its_messages_until_one_can() -> None:
    with rig(step("a"), step("p")) as made:
        made.more()
        Step.starts = False
        made.change("p", tag=1)
        with pytest.raises(PluginError, match="nobody starts"):
            made.apply(patience=QUICK)
        Step.starts = True
        made.change("a", mode="warmup raises")
        with pytest.raises(PluginError):  # another change that fails does not make it forgotten
            made.apply()
        made.change("a", mode="")
        assert made.apply().restarted.keys() == {"a", "p"}
        made.more(100)
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)


def test_a_node_that_is_to_leave_is_not_cut_off_for_a_change_that_is_not_made() -> None:
    with rig(step("p"), step("q"), settings=Settings(max_queue_size=5)) as made:
        made.more()
        for name in ("q", "p"):
            made.pipeline[name].mode = "update hangs"
            eventually(lambda name=name: made.pipeline._workers[name].at_work)
        eventually(lambda: len(made.pipeline["p"]._juturna.inbox) == 5)
        made.nodes["r"] = step("r")
        del made.nodes["p"]
        made.links = [("s", "q"), ("q", "r"), ("r", "k")]
        with pytest.raises(JuturnaError, match="q does not get through: in update"):
            made.apply(patience=Patience(drain=0.3))
        Step.hangs.set()
        made.more(100)
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)


def test_a_node_that_comes_back_late_from_its_stop_does_not_disturb_its_successor(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("juturna_core.reload.STOP_SECONDS", 0.1)
    with rig(step(mode="stop hangs")) as made:
        made.more()
        old = made.pipeline._workers["p"].thread
        made.change("p", mode="")
        made.apply(patience=Patience(drain=0.1))
        made.more()
        Step.hangs.set()
        old.join(DEADLINE)
        assert not old.is_alive()
        made.more(100)
        assert made.pipeline.stop().lost == 0
        assert in_order(made.seen)


@pytest.mark.parametrize("mark", ["step", "port"])
def test_a_stop_while_a_node_is_to_be_replaced_loses_nothing(mark: str) -> None:
    with rig(step(mark=mark), settings=Settings(max_queue_size=5)) as made:
        made.more()
        Step.hangs.clear()
        made.pipeline["p"].mode = "update hangs"
        eventually(lambda: len(made.pipeline["p"]._juturna.inbox) == 5)
        made.change("p", tag=1)
        errors: list[BaseException] = []
        with threads(lambda: errors.append(error_of(made.apply))):
            eventually(lambda: made.pipeline._workers["p"].draining)
            threading.Timer(0.3, Step.hangs.set).start()
            assert made.pipeline.stop().lost == 0
        assert isinstance(errors[0], StateError)
        assert in_order(made.seen)
        assert not made.pipeline.unfinished()


def test_a_change_that_waits_while_the_pipeline_is_stopped_does_not_start_it_again() -> None:
    with rig(step()) as made:
        made.change("p", tag=1)
        errors: list[BaseException] = []
        changing = threading.Thread(target=lambda: errors.append(error_of(made.apply)))
        with made.pipeline._changing:
            changing.start()
            time.sleep(0.05)  # it has come to the lock
            made.pipeline.stop()
        changing.join(DEADLINE)
        assert isinstance(errors[0], StateError)
        assert made.pipeline.status["self"] == "pipeline_ready"


# --- sources, and nodes that send by themselves ----------------------------------------------------------------------


class Reader(Node[None, BytesPayload]):
    """A source that waits for what comes; its `stop` ends the wait."""

    line: ClassVar[SimpleQueue[int | None]] = SimpleQueue()

    def __init__(self, tag: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set_source(self._read)

    def _read(self) -> Message[Any]:
        number = self.line.get()
        if number is None:
            raise OSError("the line is closed")
        return Message(self.name, number, BytesPayload(b"x"))

    def update(self, message: Message[Any]) -> None:
        self.transmit(message)

    def stop(self) -> None:
        super().stop()
        self.line.put(None)


class Burst(Node[None, BytesPayload]):
    """Sends `count` messages by itself as it starts and before, more than fit into an inbox."""

    def __init__(self, count: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.count = count

    def warmup(self) -> None:
        for number in range(self.count):
            self.transmit(Message(self.name, number, BytesPayload(b"x")))

    def start(self) -> None:
        super().start()
        thread = threading.Thread(target=self._send, daemon=True)
        thread.start()
        thread.join(0.1)

    def _send(self) -> None:
        for number in range(self.count, 2 * self.count):
            self.transmit(Message(self.name, number, BytesPayload(b"x")))


class Gated(Numbers):
    """Numbers that come once they may."""

    opened: ClassVar[threading.Event] = threading.Event()

    def _make(self) -> Message[Any]:
        self.opened.wait(DEADLINE)
        return super()._make()


def test_a_quiet_source_is_replaced_linked_anew_and_removed_at_once() -> None:
    Reader.line = SimpleQueue()
    nodes: list[dict[str, Any]] = [
        {"name": "r", "mark": "reader", "type": "source", "on_error": "stop"},
        {"name": "s", "mark": "ticker", "type": "source", "configuration": {"by": 0.001}},
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    shelf = Shelf(Reader, Ticker, Step, Collector)
    with running(shelf, nodes, [("r", "k"), ("s", "k")]) as made:

        def apply(*links: tuple[str, str]) -> None:
            began = time.monotonic()
            assert made.apply(configuration(nodes, links, folder=made.pipe_path)).lost == 0
            assert time.monotonic() - began < 3

        eventually(lambda: made._workers["r"].pulling)
        nodes[0]["configuration"] = {"tag": 1}
        apply(("r", "k"), ("s", "k"))
        Reader.line.put(0)
        eventually(lambda: made._workers["r"].pulling)
        nodes.append(step("q"))
        apply(("r", "q"), ("q", "k"), ("s", "k"))
        Reader.line.put(1)
        eventually(lambda: [m.version for m in made["k"].messages if m.creator == "r"] == [0, 1])
        del nodes[3], nodes[0]
        apply(("s", "k"))
        assert made.failure is None


@pytest.mark.parametrize("how", ["added", "replaced"])
def test_what_a_node_sends_before_it_takes_part_comes_first_and_may_be_much(how: str) -> None:
    nodes: list[dict[str, Any]] = [
        {"name": "s", "mark": "ticker", "type": "source"},
        {"name": "b", "mark": "burst", "type": "source"},
        step("p"),
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    before = [nodes[0], nodes[3]] if how == "added" else [dict(node) for node in nodes]
    links = [("b", "p"), ("p", "k"), ("s", "k")]
    nodes[1]["configuration"] = {"count": 30}
    shelf = Shelf(Ticker, Step, Collector, Burst)
    settings = Settings(max_queue_size=5)
    with running(shelf, before, links[2 if how == "added" else 0 :], settings=settings) as made:
        with threads(lambda: made.apply(configuration(nodes, links, folder=made.pipe_path))):
            pass
        got = lambda: [m.version for m in made["k"].messages if m.creator == "b"]  # noqa: E731
        eventually(lambda: len(got()) == 60)
        assert got() == list(range(60))


class Own(Node[None, BytesPayload]):
    """Sends from a thread of its own."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.sent, self._going = 0, True
        self._thread = threading.Thread(target=self._send, daemon=True)

    def start(self) -> None:
        super().start()
        self._thread.start()

    def _send(self) -> None:
        while self._going:
            self.transmit(Message(self.name, self.sent, BytesPayload(b"x")))
            self.sent += 1
            time.sleep(0.0002)

    def stop(self) -> None:
        self._going = False
        self._thread.join()
        super().stop()


def test_what_a_thread_of_a_node_sends_is_not_overtaken_either() -> None:
    nodes = [
        {"name": "o", "mark": "own", "type": "source"},
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    settings = Settings(max_queue_size=20)
    shelf = Shelf(Own, Step, Collector)
    with running(shelf, nodes, [("o", "k")], settings=settings) as made:
        direct = configuration(nodes, [("o", "k")], folder=made.pipe_path)
        round_p = configuration(
            [*nodes, step("p")], [("o", "p"), ("p", "k")], folder=made.pipe_path
        )
        for _ in range(50):
            for config in (round_p, direct):
                assert made.apply(config).lost == 0
                time.sleep(0.002)
    assert made["k"].versions == list(range(made["o"].sent))


def test_what_ends_while_its_successor_warms_up_stays_ended() -> None:
    nodes: list[dict[str, Any]] = [
        {"name": "n", "mark": "gated", "type": "source", "configuration": {"count": 5}},
        step("p"),
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    links = [("n", "p"), ("p", "k")]
    with running(Shelf(Step, Collector, Gated), nodes, links) as made:
        nodes[1]["configuration"] = {"mode": "warmup hangs"}
        Step.hangs.clear()
        with threads(lambda: made.apply(configuration(nodes, links, folder=made.pipe_path))):
            eventually(lambda: made._reload is not None)
            Gated.opened.set()
            assert made.wait(DEADLINE)
            Step.hangs.set()
        assert made["k"].versions == list(range(5))


# --- what looks on ---------------------------------------------------------------------------------------------------


def test_every_message_is_dumped_and_in_the_telemetry_whoever_sends_it(tmp_path: Path) -> None:
    nodes: list[dict[str, Any]] = [
        {"name": "s", "mark": "ticker", "type": "source", "auto_dump": True},
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    Ticker.numbers = itertools.count()
    body = {"folder": str(tmp_path), "telemetry": "t.csv"}
    made = TestPipeline(
        configuration(nodes, [("s", "k")], **body), catalog=Shelf(Ticker, Collector)
    )
    made.warmup()
    made.start()
    for by in (0.0004, 0.0005, 0.0004):
        nodes[0]["configuration"] = {"by": by}
        made.apply(configuration(nodes, [("s", "k")], **body))
    made.stop()
    count = len(made["k"].messages)
    assert len(list((tmp_path / "s").glob("auto_*.json"))) == count
    assert (tmp_path / "t.csv").read_text().count(",tx,s,") == count


def test_the_run_is_over_when_only_what_has_ended_stays() -> None:
    nodes = [
        {"name": "n", "mark": "numbers", "type": "source"},
        {"name": "e", "mark": "collector", "type": "sink"},
        {"name": "s", "mark": "ticker", "type": "source"},
        {"name": "k", "mark": "collector", "type": "sink"},
    ]
    links = [("n", "e"), ("s", "k")]
    with running(Shelf(Ticker, Collector, Numbers), nodes, links) as made:
        eventually(lambda: made._workers["e"].ended.is_set())
        made.apply(configuration(nodes[:2], links[:1], folder=made.pipe_path))
        assert made.wait(DEADLINE)
