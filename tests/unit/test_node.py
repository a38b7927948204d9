"""The class that authors derive from, used as their plugins and their own unit tests use it."""

from __future__ import annotations

import json
import logging
import queue
import threading
from pathlib import Path
from typing import Any

import pytest

from juturna_core.errors import StateError
from juturna_core.message import Message
from juturna_core.names import ComponentStatus
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload, ControlPayload, ControlSignal
from juturna_core.testing import Collector, Forward, Numbers, Shelf, chain, running
from tests.runtime import DEADLINE, eventually, threads


class Greedy(Collector):
    """Uses for itself every name that Juturna's own base class has inside."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._queue: Any = queue.Queue()
        self._buffer = bytearray()
        self._timeout = 3
        self._thread = self._worker_thread = self._source_thread = None
        self._data: list[Any] = []
        self._name = self._logger = self._pipe_id = self._suspended = self._inbox = "mine"
        self._status = self._source = self._source_f = self._destinations = self._origins = "mine"


def test_a_node_outside_a_pipeline_starts_takes_messages_and_stops() -> None:
    node = Collector(node_name="k")
    states = [node.status]
    node.start()
    states.append(node.status)
    for version in range(3):
        node.put(Message(version=version))
    node.stop()
    states.append(node.status)
    assert states == ["component_created", "component_running", "component_stopped"]
    assert node.versions == [0, 1, 2], "stop comes back when what waits is done"


def test_stop_without_start_or_twice_does_no_harm() -> None:
    node = Collector()
    node.stop()
    node = Collector()
    node.start()
    node.stop()
    node.stop()
    assert node.status == ComponentStatus.STOPPED


def test_a_plugin_may_use_any_name_for_itself() -> None:
    node, sink = Greedy(node_name="greedy"), Collector(node_name="k")
    node.add_destination("k", sink)
    node.start()
    sink.start()
    node.put(Message(version=1))
    node.clear_buffer()
    node.stop()
    sink.stop()
    assert node.versions == [1]
    assert (node.name, node.status, node.destinations) == ("greedy", "component_stopped", ["k"])
    assert isinstance(node._queue, queue.Queue)


def test_what_threads_of_a_plugin_put_into_its_queue_is_its_input() -> None:
    node = Collector()
    node._queue.put(Message(version=0))
    node._queue.put_nowait(Message(version=1))
    node._queue.put(Message(version=2), timeout=1)
    assert node._queue.qsize() == 3
    assert not node._queue.empty()
    node.start()
    node._queue.put(None)  # how Juturna wakes its own threads
    node.stop()
    assert node.versions == [0, 1, 2]
    assert node._queue.empty()


@pytest.mark.parametrize("put", ["put_nowait", "put"])
def test_who_may_not_wait_for_room_gets_full(put: str) -> None:
    node = Collector()
    node._juturna.inbox.configure(1, 1000, "block")
    node._queue.put(Message())
    with pytest.raises(queue.Full):
        if put == "put_nowait":
            node._queue.put_nowait(Message())
        else:
            node._queue.put(Message(), timeout=0.001)
    with pytest.raises(queue.Full):
        node._queue.put(Message(), block=False)


def test_a_signal_may_be_put_bare() -> None:
    node = Collector()
    node.put(ControlSignal.STOP)
    node.start()
    assert node._juturna.worker is not None
    assert node._juturna.worker.ended.wait(DEADLINE)


def test_messages_put_before_the_start_are_worked_on_then() -> None:
    class Early(Collector):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.put(Message(version=0))

        def warmup(self) -> None:
            self.put(Message(version=1))

    node = Early()
    node.warmup()
    node.start()
    node.stop()
    assert node.versions == [0, 1]


def test_a_message_for_a_node_that_has_ended_is_counted_as_dropped() -> None:
    node = Collector()
    node.start()
    node.stop()
    node.put(Message())
    assert node._juturna.worker is not None
    assert (node._juturna.worker.dropped, node._juturna.worker.lost) == (1, 0)


def test_put_waits_while_the_inbox_is_full() -> None:
    node = Collector()
    node._juturna.inbox.configure(1, 1000, "block")
    node.put(Message(version=0))
    with threads(lambda: node.put(Message(version=1))):
        eventually(lambda: node._juturna.inbox._waiting)
        node.start()
    node.stop()
    assert node.versions == [0, 1]


def test_any_object_with_put_can_be_a_destination() -> None:
    node, shelf = Forward(), queue.Queue[Message[Any]]()
    node.add_destination("shelf", shelf)
    node.start()
    node.put(Message(version=5))
    node.stop()
    assert shelf.get_nowait().version == 5
    assert node.destinations == ["shelf"]
    node.clear_destination("shelf")
    assert node.destinations == []
    node.add_destination("again", shelf)
    node.clear_destinations()
    assert node.destinations == []


def test_a_destination_that_raises_is_an_error_of_the_node() -> None:
    class Broken:
        def put(self, message: Any) -> None:
            raise OSError("the device is gone")

    node = Forward()
    node.add_destination("broken", Broken())
    node.start()
    node.put(Message())
    node.put(Message())
    node.stop()
    assert node._juturna.metrics.errors == 2
    assert "the device is gone" in node._juturna.metrics.last_error


def test_origins_and_the_rest_can_be_read_from_the_start() -> None:
    node = Collector(node_name="k", pipe_name="p")
    assert (node.name, node.pipe_name, node.pipe_id, node.pipe_path) == ("k", "p", None, None)
    assert (node.origins, node.destinations) == ([], [])
    assert node.configuration == {"name": "k", "session_id": None}
    assert node.static_path == Path(__file__).parents[2] / "juturna_core"
    assert node.logger.name == "jt.p.k"
    assert node.held == 0


def test_name_and_place_can_be_set(tmp_path: Path) -> None:
    node = Collector()
    node.name, node.pipe_name, node.pipe_id = "n", "p", "7"
    node.pipe_path = str(tmp_path)
    assert (node.name, node.pipe_name, node.pipe_id, node.pipe_path) == ("n", "p", "7", tmp_path)
    node.status = "component_configured"
    assert node.status is ComponentStatus.CONFIGURED
    with pytest.raises(ValueError, match="nonsense"):
        node.status = "nonsense"


def test_the_synchroniser_given_wins_over_the_classes_own() -> None:
    class Own(Collector):
        def next_batch(self, sources: Any) -> dict[Any, list[int]]:
            return {}

    def given(sources: Any) -> dict[Any, list[int]]:
        return {}

    assert Own(synchroniser=given).synchroniser is given
    own = Own()
    assert own.synchroniser == own.next_batch


@pytest.mark.parametrize(
    ("by", "mode"), [(-1, "post"), (float("inf"), "post"), (float("nan"), "pre"), (0, "now")]
)
def test_a_source_that_cannot_be_is_refused_at_once(by: float, mode: Any) -> None:
    with pytest.raises(ValueError, match="set_source"):
        Collector().set_source(lambda: None, by=by, mode=mode)


def test_a_source_set_on_a_running_node_is_pulled() -> None:
    node, pulled = Forward(), threading.Event()
    node.start()
    eventually(lambda: node._juturna.inbox.idle)
    node.set_source(pulled.set)
    assert pulled.wait(DEADLINE)
    node.stop()


# --- files -----------------------------------------------------------------------------------------------------------


def test_a_message_is_dumped_into_the_nodes_folder(tmp_path: Path) -> None:
    node = Collector()
    assert node.dump_json(Message(), "m.json") is None
    node.pipe_path = tmp_path
    path = node.dump_json(Message("c", 1, BytesPayload(b"abc")), "m.json")
    assert path == str(tmp_path / "m.json")
    assert json.loads((tmp_path / "m.json").read_text())["payload"] == {"cnt": "YWJj"}


def deeply_nested() -> dict[str, Any]:
    nested: dict[str, Any] = {}
    for _ in range(5000):
        nested = {"in": nested}
    return nested


class Unwilling:
    @staticmethod
    def serialize(_: Any) -> Any:
        raise KeyError("what is missing")


@pytest.mark.parametrize("value", [object(), {(1, 2): 3}, deeply_nested(), Unwilling()])
def test_what_cannot_be_dumped_is_a_warning(
    value: Any, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A dump is a by-product: no value makes the node that transmits it fail."""
    node = Collector(node_name="k")
    node.pipe_path = tmp_path
    message: Message[Any] = Message()
    message.meta["value"] = value
    with caplog.at_level(logging.WARNING, "jt"):
        node.dump_json(message, "m.json")
    assert "cannot be written" in caplog.text


def test_a_dump_into_a_folder_that_is_gone_is_a_warning(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    node = Collector()
    node.pipe_path = tmp_path / "gone"
    node.dump_json(Message(), "m.json")
    assert "cannot be written" in caplog.text


def test_templates_are_read_beside_the_class_and_written_into_the_nodes_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "hello.template").write_text("hello $name")
    monkeypatch.setattr(Collector, "static_path", tmp_path)
    node = Collector()
    assert node.compile_template("hello.template", {"name": "é"}) == "hello é"
    with pytest.raises(KeyError, match="name"):
        node.compile_template("hello.template", {})
    with pytest.raises(ValueError, match="not part of a pipeline"):
        node.prepare_template("hello.template", "out.txt", {"name": "you"})
    node.pipe_path = tmp_path / "own"
    node.pipe_path.mkdir()
    assert node.prepare_template("hello.template", "out.txt", {"name": "you"}).read_text() == (
        "hello you"
    )


def test_what_author_methods_do_by_default_is_nothing() -> None:
    node: Node[Any, Any] = Node()
    node.configure()
    node.warmup()
    node.set_on_config("anything", 1)
    node.update(Message())
    node.clear_source()
    node.clear_buffer()
    node.destroy()


def test_transmit_of_a_signal_reaches_the_next_node() -> None:
    node, shelf = Forward(), queue.Queue[Message[Any]]()
    node.add_destination("shelf", shelf)
    node.transmit(ControlSignal.RESUME)
    assert shelf.get_nowait().payload == ControlPayload(ControlSignal.RESUME)


def test_a_node_of_a_pipeline_that_has_ended_gets_no_second_worker() -> None:
    shelf = Shelf(Numbers, Collector)
    with running(shelf, *chain({"name": "numbers"}, {"name": "collector"})) as made:
        assert made.wait(DEADLINE)
        made.stop()
        with pytest.raises(StateError, match="collector has ended"):
            made["collector"].start()


def test_a_node_outside_a_pipeline_can_be_started_again() -> None:
    node = Collector(node_name="k")
    for version in range(2):
        node.start()
        node.put(Message(version=version))
        node.stop()
    assert node.versions == [0, 1]


def test_a_source_that_is_set_while_the_node_runs_keeps_its_first_pause() -> None:
    node = Collector(node_name="k")
    node.start()
    pulled = threading.Event()
    node.set_source(lambda: pulled.set(), by=3600, mode="pre")
    settled = threading.Event()
    node._juturna.worker.post(settled.set)  # type: ignore[union-attr]  # behind what set_source posted
    assert settled.wait(DEADLINE)
    node.stop()
    assert not pulled.is_set()
