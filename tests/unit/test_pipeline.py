"""The life of a whole pipeline: what is built and started when, what an author's error does, how it ends."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from juturna_core.errors import ConfigError, JuturnaError, PluginError, StateError
from juturna_core.message import Message
from juturna_core.names import ComponentStatus, PipelineStatus
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload, ControlSignal
from juturna_core.pipeline import Pipeline
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

PUSHED: dict[str, Any] = {"type": "source"}
"""A node that nothing feeds is a source when its type says so; its threads push."""


def pipeline(folder: Path, *classes: type[Node[Any, Any]], **fields: Any) -> TestPipeline:
    """A pipeline of one node of each class, one behind the other."""
    nodes, links = chain(*({"name": each.__name__.lower()} for each in classes))
    config = configuration(nodes, links, folder=str(folder), **fields)
    return TestPipeline(config, catalog=Shelf(*classes))


# --- the order of life -----------------------------------------------------------------------------------------------


class Diary(Forward):
    """Writes down what is called on it, all instances together."""

    calls: list[str]

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.note("init")

    def note(self, what: str) -> None:
        type(self).calls.append(f"{self.name} {what}")

    def configure(self) -> None:
        self.note("configure")

    def warmup(self) -> None:
        self.note("warmup")

    def start(self) -> None:
        self.note("start")
        super().start()

    def update(self, message: Message[Any]) -> None:
        self.note("update")
        super().update(message)

    def stop(self) -> None:
        self.note("stop")
        super().stop()

    def destroy(self) -> None:
        self.note("destroy")


@pytest.fixture(autouse=True)
def new_diary() -> None:
    Diary.calls = []


def test_a_node_lives_from_construct_to_destroy_in_order(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Diary)
    assert Diary.calls == []
    made.warmup()
    made.start()
    made["diary"].put(Message())
    made.stop()
    made.destroy()
    life = ["init", "configure", "warmup", "start", "update", "stop", "destroy"]
    assert Diary.calls == [f"diary {what}" for what in life]


def test_sinks_start_first_and_sources_stop_first(tmp_path: Path) -> None:
    nodes, links = chain(*({"name": name, "mark": "diary"} for name in "abc"))
    made = TestPipeline(configuration(nodes, links, folder=str(tmp_path)), catalog=Shelf(Diary))
    made.warmup()
    made.start()
    made.stop()
    assert [each for each in Diary.calls if each.endswith("start")] == [
        "c start",
        "b start",
        "a start",
    ]
    assert [each for each in Diary.calls if each.endswith("stop")] == ["a stop", "b stop", "c stop"]
    made.destroy()


def test_states_and_the_status_dictionary(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Collector)
    assert made.status == {
        "pipe_id": "1",
        "folder": str(tmp_path),
        "self": PipelineStatus.NEW,
        "nodes": {},
    }
    made.warmup()
    assert made.status["self"] == "pipeline_ready"
    assert made.status["nodes"]["collector"] == {
        "status": ComponentStatus.CONFIGURED,
        "config": {"name": "collector", "session_id": "1"},
    }
    made.start()
    assert made.status["self"] == "pipeline_running"
    assert made["collector"].status == "component_running"
    made.stop()
    assert made.status["self"] == "pipeline_ready"
    assert made["collector"].status == "component_stopped"
    made.destroy()
    assert made.status["self"] == "pipeline_destroyed"


def test_calls_at_the_wrong_moment_are_refused_by_name(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Collector)
    with pytest.raises(RuntimeError, match="pipeline test is not ready"):
        made.start()
    with pytest.raises(RuntimeError, match="pipeline test is not running"):
        made.stop()
    made.warmup()
    with pytest.raises(RuntimeError, match="pipeline test cannot be warmed up"):
        made.warmup()
    made.start()
    with pytest.raises(StateError, match="pipeline test is not ready"):
        made.start()
    made.destroy()
    made.destroy()
    with pytest.raises(StateError, match="cannot be warmed up"):
        made.warmup()


def test_nodes_know_their_place_and_the_folder_holds_what_was_loaded(tmp_path: Path) -> None:
    with running(
        Shelf(Numbers, Collector), *chain({"name": "numbers"}, {"name": "collector"})
    ) as made:
        node, folder = made["collector"], Path(made.pipe_path)
        assert (node.pipe_id, node.pipe_name, node.pipe_path) == ("1", "test", folder / "collector")
        assert node.pipe_path.is_dir()
        assert (node.origins, made["numbers"].destinations) == (["numbers"], ["collector"])
        assert json.loads((folder / "config.json").read_text()) == made.config.raw
        assert (made.name, made.pipe_id) == ("test", "1")


def test_a_pipeline_of_no_nodes_is_over_at_once(tmp_path: Path) -> None:
    made = pipeline(tmp_path)
    made.warmup()
    made.start()
    assert made.stop_requested
    assert made.wait(DEADLINE)
    assert made.stop().lost == 0


def test_start_does_not_need_the_authors_start_to_call_its_super() -> None:
    class Forgets(Collector):
        def start(self) -> None:
            pass

    with running(Shelf(Numbers, Forgets), *chain({"name": "numbers"}, {"name": "forgets"})) as made:
        assert made.wait(DEADLINE)
        assert made["forgets"].versions == list(range(10))


# --- errors ----------------------------------------------------------------------------------------------------------


def raising(where: str, error: BaseException) -> type[Node[Any, Any]]:
    """A node class that raises `error` in the method `where`."""

    def method(self: Any, *_: Any, **__: Any) -> None:
        raise error

    return type("Raises", (Collector,), {where: method})


@pytest.mark.parametrize("where", ["__init__", "configure", "warmup"])
@pytest.mark.parametrize("error", [ValueError("no camera"), SystemExit(1)])
def test_an_error_before_the_start_leaves_nothing_behind(
    where: str, error: BaseException, tmp_path: Path
) -> None:
    made = pipeline(tmp_path, Diary, raising(where, error))
    with pytest.raises((JuturnaError, type(error))):
        made.warmup()
    assert Diary.calls[-1] == "diary destroy"
    assert made.status["nodes"] == {}
    assert made.status["self"] == PipelineStatus.NEW


def test_an_error_in_warmup_names_node_and_place(tmp_path: Path) -> None:
    made = pipeline(tmp_path, raising("warmup", ValueError("no camera")))
    with pytest.raises(PluginError, match="no camera") as caught:
        made.warmup()
    assert "raises" in str(caught.value)
    assert "warmup" in str(caught.value)
    assert "test_pipeline.py" in str(caught.value)


@pytest.mark.parametrize("error", [ValueError("no port"), SystemExit(1)])
def test_an_error_in_start_stops_those_that_run_and_is_named(
    error: BaseException, tmp_path: Path
) -> None:
    made = pipeline(tmp_path, raising("start", error), Diary)
    made.warmup()
    with pytest.raises(PluginError, match=r"raises.*start\(\)"):
        made.start()
    assert Diary.calls[-1] == "diary stop"
    assert made.status["self"] == PipelineStatus.READY
    assert made.stats().state in ("ready", "stopped")
    assert all(worker.ended.is_set() for worker in made._workers.values())
    made.destroy()


def test_after_a_failed_start_another_builds_afresh(tmp_path: Path) -> None:
    class Once(Collector):
        tried: list[int] = []  # noqa: RUF012

        def start(self) -> None:
            self.tried.append(1)
            if len(self.tried) == 1:
                raise OSError("the port is taken")
            super().start()

    made = pipeline(tmp_path, Numbers, Once)
    made.warmup()
    with pytest.raises(PluginError):
        made.start()
    made.start()
    assert made.wait(DEADLINE)
    assert made["once"].versions == list(range(10))
    made.destroy()


def test_an_error_in_destroy_keeps_no_other_node_from_it(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Diary, raising("destroy", SystemExit()))
    made.warmup()
    made.destroy()
    assert Diary.calls[-1] == "diary destroy"


@pytest.mark.parametrize("where", ["stop", "update"])
def test_an_error_while_running_is_counted_and_shown(where: str) -> None:
    with running(
        Shelf(Numbers, raising(where, RuntimeError("broken"))),
        *chain({"name": "numbers"}, {"name": "raises"}),
    ) as made:
        assert made.wait(DEADLINE)
    stats = made.stats()["raises"]
    assert stats.errors == (1 if where == "stop" else 10)
    assert "broken" in stats.last_error
    assert made.events.wait("failed", node="raises", timeout=0).text


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    made = pipeline(tmp_path / "file" / "folder", Collector)
    with pytest.raises(JuturnaError, match='"folder"'):
        made.warmup()


def test_a_nodes_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "collector").write_text("a file where the folder should be")
    made = pipeline(tmp_path, Diary, Collector)
    with pytest.raises(JuturnaError, match="collector"):
        made.warmup()


@pytest.mark.parametrize("telemetry", ["no/such/folder.csv", "config.json/t.csv"])
def test_a_telemetry_file_that_cannot_be_written_is_a_sentence_and_nothing_is_started(
    telemetry: str, tmp_path: Path
) -> None:
    made = pipeline(tmp_path, Diary, telemetry=telemetry)
    made.warmup()
    with pytest.raises(JuturnaError, match="telemetry"):
        made.start()
    assert "diary start" not in Diary.calls
    assert made.status["self"] == PipelineStatus.READY
    made.destroy()


def test_a_file_with_an_error_starts_nothing(tmp_path: Path) -> None:
    with pytest.raises(ConfigError):
        Pipeline({"version": "1", "pipeline": {"name": "p", "nodes": "none"}})
    links = [("diary", "diary")]
    config = configuration([{"name": "diary"}], links, folder=str(tmp_path / "p"))
    with pytest.raises(ConfigError, match="diary -> diary"):
        Pipeline(config).warmup()
    assert not (tmp_path / "p").exists()


def test_on_error_stop_ends_the_wait_with_the_failure() -> None:
    error = RuntimeError("enough")
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 10**9, "by": 0.001}},
        {"name": "raises", "on_error": "stop"},
    )
    with running(Shelf(Numbers, raising("update", error)), nodes, links) as made:
        assert not made.wait(DEADLINE)
        assert made.stop_requested
        assert made.failure is error


# --- the end ---------------------------------------------------------------------------------------------------------


def test_a_finite_source_ends_the_run_and_everything_arrives() -> None:
    with running(
        Shelf(Numbers, Forward, Collector),
        *chain(
            {"name": "numbers", "configuration": {"count": 500}},
            {"name": "forward"},
            {"name": "collector"},
        ),
    ) as made:
        assert made.wait(DEADLINE)
        assert made["collector"].versions == list(range(500))
        report = made.stop()
    assert (report.lost, report.unfinished) == (0, ())


def test_with_several_sources_the_run_ends_with_the_last() -> None:
    gate = threading.Event()

    class Gated(Numbers):
        def _make(self) -> Message[Any]:
            gate.wait(DEADLINE)
            return super()._make()

    nodes = [{"name": "numbers"}, {"name": "gated"}, {"name": "collector"}]
    links = [("numbers", "collector"), ("gated", "collector")]
    with running(Shelf(Numbers, Gated, Collector), nodes, links) as made:
        made.events.wait("started", timeout=DEADLINE)
        eventually(lambda: made["numbers"].status == ComponentStatus.STOPPED)
        assert not made.wait(0)
        gate.set()
        assert made.wait(DEADLINE)
        assert sorted(made["collector"].versions) == sorted([*range(10)] * 2)


def test_isolated_nodes_and_unconnected_pairs_all_run() -> None:
    nodes = [
        {"name": "alone", "mark": "numbers"},
        {"name": "a", "mark": "numbers"},
        {"name": "ka", "mark": "collector"},
        {"name": "b", "mark": "numbers"},
        {"name": "kb", "mark": "collector"},
    ]
    with running(Shelf(Numbers, Collector), nodes, [("a", "ka"), ("b", "kb")]) as made:
        assert made.wait(DEADLINE)
        assert made["ka"].versions == made["kb"].versions == list(range(10))
        assert made.stats()["alone"].transmitted == 10


def test_a_node_without_inputs_that_is_no_source_does_not_keep_the_run_alive() -> None:
    nodes = [{"name": "numbers"}, {"name": "collector"}, {"name": "idle", "mark": "forward"}]
    with running(Shelf(Numbers, Collector, Forward), nodes, [("numbers", "collector")]) as made:
        assert made.wait(DEADLINE)


def test_a_pushed_source_keeps_the_run_alive_until_it_says_stop() -> None:
    nodes = [
        {"name": "numbers"},
        {"name": "push", "mark": "forward", **PUSHED},
        {"name": "collector"},
    ]
    links = [("numbers", "collector"), ("push", "collector")]
    with running(Shelf(Numbers, Forward, Collector), nodes, links) as made:
        eventually(lambda: made["numbers"].status == ComponentStatus.STOPPED)
        made["push"].put(Message(version=77))
        eventually(lambda: 77 in made["collector"].versions)
        assert not made.wait(0)
        made["push"].put(ControlSignal.STOP_PROPAGATE)
        assert made.wait(DEADLINE)


def test_a_stop_that_does_not_propagate_ends_what_follows_only_when_nothing_can_come() -> None:
    class Halts(Numbers):
        def _make(self) -> Any:
            return ControlSignal.STOP

    nodes = [
        {"name": "halts"},
        {"name": "push", "mark": "forward", **PUSHED},
        {"name": "collector"},
    ]
    with running(Shelf(Halts, Forward, Collector), nodes, [("halts", "collector")]) as made:
        eventually(lambda: made["halts"].status == ComponentStatus.STOPPED)
        made["collector"].put(Message(version=1))
        eventually(lambda: made["collector"].versions == [1])
        made["push"].put(ControlSignal.STOP)
        assert made.wait(DEADLINE)


def test_a_signal_in_mid_stream_ends_the_branch_behind_it() -> None:
    class Quits(Collector):
        def update(self, message: Message[Any]) -> None:
            super().update(message)
            self.transmit(ControlSignal.STOP_PROPAGATE if message.version == 3 else message)

    nodes = [{"name": "push", "mark": "forward", **PUSHED}, {"name": "quits"}]
    nodes += [{"name": "forward"}, {"name": "collector"}]
    links = [("push", "quits"), ("quits", "forward"), ("forward", "collector")]
    with running(Shelf(Forward, Quits, Collector), nodes, links) as made:
        for version in range(5):
            made["push"].put(Message(version=version))
        eventually(lambda: made["collector"].status == ComponentStatus.STOPPED)
        eventually(lambda: len(made["quits"].versions) == 5)
        assert made["quits"].status == ComponentStatus.RUNNING
    assert made["collector"].versions[:3] == [0, 1, 2]
    assert len(made["collector"].versions) + made.stats().lost == 4, "arrived or counted as lost"


def test_wait_times_out_and_request_stop_ends_it() -> None:
    with running(Shelf(Collector), [{"name": "collector"}], []) as made:
        assert not made.wait(0)
        answers: list[bool] = []
        with threads(lambda: answers.append(made.wait(DEADLINE))):
            made.request_stop()
        assert answers == [False]
        assert made.stop_requested


def test_after_stop_another_start_builds_afresh_and_moves_messages(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Numbers, Collector)
    made.warmup()
    seen = []
    for _ in range(3):
        made.start()
        assert made.wait(DEADLINE)
        seen.append(made["collector"])
        assert made["collector"].versions == list(range(10))
        assert made.stop().lost == 0
    assert len(set(map(id, seen))) == 3
    assert made.stats()["collector"].received == 10
    made.destroy()


def test_destroy_stops_what_runs(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Diary)
    made.warmup()
    made.start()
    made.destroy()
    assert Diary.calls[-2:] == ["diary stop", "diary destroy"]


def test_apply_warms_up_and_starts_changes_what_runs_and_begins_anew(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Numbers, Collector)
    other = configuration([{"name": "collector"}], [], folder=str(tmp_path))
    assert made.apply(made.config).changes == ("numbers added", "collector added")
    first = made["collector"]
    assert made.apply(made.config).changes == ()
    assert made["collector"] is first
    made.stop()
    made.apply(other)
    assert set(made._nodes) == {"collector"}
    assert made.stats().state == "running"
    made.destroy()


# --- look and steer --------------------------------------------------------------------------------------------------


class Tuned(Collector):
    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set: list[tuple[str, Any, str]] = []

    def set_on_config(self, prop: str, value: Any) -> None:
        if value is None:
            raise ValueError(f"{prop} needs a value")
        self.set.append((prop, value, threading.current_thread().name))


def test_update_node_is_called_on_the_nodes_own_thread_between_messages(tmp_path: Path) -> None:
    made = pipeline(tmp_path, Tuned)
    made.update_node("tuned", "rate", 0)  # not there yet: a warning
    made.warmup()
    made.update_node("tuned", "rate", 1)
    made.start()
    made.update_node("tuned", "rate", 2)
    made.update_node("tuned", "rate", None)
    made.update_node("unknown", "rate", 2)
    node = made["tuned"]
    made.stop()
    main = threading.current_thread().name
    assert node.set == [("rate", 1, main), ("rate", 2, "test.tuned")]
    assert made.stats()["tuned"].errors == 1
    made.destroy()


def test_suspend_and_resume_by_name() -> None:
    class Eats(Collector):
        """Passes nothing on."""

    nodes, links = chain(
        {"name": "push", "mark": "forward", **PUSHED}, {"name": "eats"}, {"name": "collector"}
    )
    with running(Shelf(Forward, Eats, Collector), nodes, links) as made:
        made.suspend_node("unknown")
        made.resume_node("unknown")
        made.suspend_node("eats")
        made.events.wait("suspended", node="eats", timeout=DEADLINE)
        assert made.stats()["eats"].status == "suspended"
        made["push"].put(Message(version=1))
        eventually(lambda: made["collector"].versions == [1])
        made.resume_node("eats")
        made.events.wait("resumed", node="eats", timeout=DEADLINE)
        made["push"].put(Message(version=2))
        eventually(lambda: made["eats"].versions == [2])
    assert made["collector"].versions == [1]
    assert made.stats()["eats"].received == 2


def test_inboxes_have_the_settings_bounds_and_the_nodes_policy() -> None:
    nodes = [{"name": "collector", "when_full": "drop_oldest", **PUSHED}]
    settings = Settings(max_queue_size=7, max_queue_bytes=1234)
    with running(Shelf(Collector), nodes, [], settings=settings) as made:
        inbox = made["collector"]._juturna.inbox
        assert (inbox.capacity, inbox.capacity_bytes, inbox.when_full) == (7, 1234, "drop_oldest")


def test_a_plugin_may_push_while_it_is_built_and_warmed_up() -> None:
    class Early(Forward):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.put(Message(version=0, payload=BytesPayload(b"abc")))

        def configure(self) -> None:
            self.put(Message(version=1))

        def warmup(self) -> None:
            self._queue.put(Message(version=2))

    nodes, links = chain({"name": "early", **PUSHED}, {"name": "collector"})
    with running(Shelf(Early, Collector), nodes, links) as made:
        eventually(lambda: made["collector"].versions == [0, 1, 2])
        assert made.stats()["early"].queue_bytes == 0


def test_auto_dump_writes_every_transmitted_message() -> None:
    nodes, links = chain(
        {"name": "numbers", "auto_dump": True, "configuration": {"count": 3}}, {"name": "collector"}
    )
    with running(Shelf(Numbers, Collector), nodes, links) as made:
        assert made.wait(DEADLINE)
        dumped = sorted(made["numbers"].pipe_path.glob("auto_*.json"))
        ids = sorted(f"auto_{message.id}.json" for message in made["collector"].messages)
        assert [path.name for path in dumped] == ids
        assert json.loads(dumped[0].read_text())["creator"] == "numbers"
