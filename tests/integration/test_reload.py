"""What runs becomes another pipeline, and every numbered message arrives once and in order."""

from __future__ import annotations

import itertools
import random
import threading
from collections.abc import Callable

import pytest

from juturna_core.errors import ConfigError, JuturnaError, PluginError, StateError
from juturna_core.reload import Patience
from juturna_core.settings import Settings
from juturna_core.testing import Collector, Numbers, Shelf, configuration, running
from tests.reloading import Rig, Step, Ticker, in_order, rig, step
from tests.runtime import DEADLINE, eventually

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
        assert report.restarted["n"] == "it had ended"
        eventually(lambda: [m.creator for m in made["k"].messages].count("n") == 8)
