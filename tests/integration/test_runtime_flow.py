"""Messages through whole graphs: complete, in order, with their origin and age, and counted exactly."""

from __future__ import annotations

import threading
from typing import Any

import pytest

from juturna_core.message import Message
from juturna_core.payloads import Batch
from juturna_core.pipeline import Pipeline
from juturna_core.settings import Settings
from juturna_core.testing import Collector, Forward, Numbers, Shelf, chain, running
from tests.plugin_folder import PluginFolder
from tests.runtime import DEADLINE, eager_switches, eventually


@pytest.mark.parametrize("capacity", [1, 4, 64])
def test_a_long_chain_loses_doubles_and_reorders_nothing(capacity: int) -> None:
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 500, "size": 3}},
        *({"name": f"n{number}", "mark": "forward"} for number in range(8)),
        {"name": "collector"},
    )
    with (
        eager_switches(),
        running(
            Shelf(Numbers, Forward, Collector),
            nodes,
            links,
            settings=Settings(max_queue_size=capacity),
        ) as made,
    ):
        assert made.wait(60)
        assert made["collector"].versions == list(range(500))
        stats = made.stats()
    assert all(node.queue_max <= capacity for node in stats.nodes.values())
    assert {node.received for node in stats.nodes.values()} == {500}
    assert all(node.queue_bytes == 0 for node in stats.nodes.values())


def test_many_feeders_of_one_node_are_all_heard_in_their_own_order() -> None:
    names = [f"s{number}" for number in range(8)]
    nodes: list[dict[str, Any]] = [
        {"name": name, "mark": "numbers", "configuration": {"count": 300}} for name in names
    ]
    nodes.append({"name": "collector"})
    links = [(name, "collector") for name in names]
    with (
        eager_switches(),
        running(
            Shelf(Numbers, Collector),
            nodes,
            links,
            settings=Settings(max_queue_size=4),
        ) as made,
    ):
        assert made.wait(60)
        messages = made["collector"].messages
        stats = made.stats()["collector"]
    for name in names:
        assert [each.version for each in messages if each.creator == name] == list(range(300))
    assert stats.received == 2400
    assert stats.queue_max <= 4 + len(names) - 1


def test_a_slow_branch_keeps_no_message_from_its_sibling_and_is_seen_to_block() -> None:
    free = threading.Event()

    class Slow(Collector):
        def update(self, message: Message[Any]) -> None:
            free.wait(DEADLINE)
            super().update(message)

    nodes = [{"name": "numbers"}, {"name": "slow"}, {"name": "fast", "mark": "collector"}]
    links = [("numbers", "slow"), ("numbers", "fast")]
    with running(
        Shelf(Numbers, Slow, Collector), nodes, links, settings=Settings(max_queue_size=2)
    ) as made:
        try:
            eventually(lambda: made.stats()["numbers"].blocked_by == "slow")
            # one in update, two wait, one is held by the source: the sibling has them all
            eventually(lambda: made["fast"].versions == [0, 1, 2, 3])
        finally:
            free.set()
        assert made.wait(DEADLINE)
        assert made["slow"].versions == made["fast"].versions == list(range(10))


def test_a_branch_that_drops_leaves_its_sibling_complete() -> None:
    free = threading.Event()

    class Slow(Collector):
        def update(self, message: Message[Any]) -> None:
            free.wait(DEADLINE)
            super().update(message)

    nodes = [
        {"name": "numbers", "configuration": {"count": 100}},
        {"name": "slow", "when_full": "drop_oldest"},
        {"name": "fast", "mark": "collector"},
    ]
    links = [("numbers", "slow"), ("numbers", "fast")]
    with running(
        Shelf(Numbers, Slow, Collector), nodes, links, settings=Settings(max_queue_size=2)
    ) as made:
        try:
            eventually(lambda: len(made["fast"].versions) == 100)
        finally:
            free.set()
        assert made.wait(DEADLINE)
        stats = made.stats()
    assert made["slow"].versions[-1] == 99
    assert len(made["slow"].versions) + stats["slow"].dropped == 100
    assert stats.lost == 0


def test_origin_and_age_come_through_new_messages_and_batches() -> None:
    class Answers(Forward):
        def update(self, message: Message[Any]) -> None:
            self.transmit(Message(self.name, message.version))

    class Pairs(Collector):
        def next_batch(self, waiting: Any) -> dict[Any, list[int]]:
            return {"a": [0], "b": [0]} if waiting.get("a") and waiting.get("b") else {}

        def update(self, message: Message[Any]) -> None:
            super().update(message)
            self.transmit(Message(self.name, message.payload.messages[0].version))

    nodes = [
        {"name": "numbers"},
        {"name": "a", "mark": "answers"},
        {"name": "b", "mark": "answers"},
    ]
    nodes += [{"name": "pairs"}, {"name": "collector"}]
    links = [
        ("numbers", "a"),
        ("numbers", "b"),
        ("a", "pairs"),
        ("b", "pairs"),
        ("pairs", "collector"),
    ]
    with running(Shelf(Numbers, Answers, Pairs, Collector), nodes, links) as made:
        assert made.wait(DEADLINE)
        batches, last = made["pairs"].messages, made["collector"].messages
        stats = made.stats()
    assert [each.version for each in last] == list(range(10))
    assert [each._data_source_id for each in last] == [batch.id for batch in batches]
    for batch, message in zip(batches, last, strict=True):
        left, right = batch.payload.messages
        assert left.version == right.version
        assert left._data_source_id == right._data_source_id
        assert message._born == batch._born == left._born == right._born
    assert (stats["pairs"].received, stats["pairs"].update_time.count) == (20, 10)
    oldest, longest = (stats["collector"].age.maximum, stats["collector"].update_time.maximum)
    assert oldest is not None
    assert longest is not None
    assert oldest >= longest


# --- `sync` as the file says it, through the real catalogue ----------------------------------------------------------

PAIRING = """
from juturna.components import Message, Node
from juturna.payloads import Batch


class Pairing(Node):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.got = []

    def next_batch(self, sources):
        return {"s": [0, 1]} if len(sources["s"]) == 2 else {}

    def update(self, message):
        batch = isinstance(message.payload, Batch)
        self.got.append([each.version for each in message.payload.messages] if batch else message.version)
"""

PUSHED = """
from juturna.components import Message, Node
from juturna.payloads import ControlPayload, ControlSignal


class Counts(Node):
    def __init__(self, count, **kwargs):
        super().__init__(**kwargs)
        self._count, self._data = count, 0
        self.set_source(self._next, by=0, mode="post")

    def _next(self):
        if self._data == self._count:
            return Message(payload=ControlPayload(ControlSignal.STOP_PROPAGATE))
        self._data += 1
        return Message(creator=self.name, version=self._data)

    def update(self, message):
        self.transmit(message)
"""


@pytest.mark.parametrize(
    ("sync", "expected"),
    [(None, [[1, 2], [3, 4]]), ("local", [[1, 2], [3, 4]]), ("passthrough", [1, 2, 3, 4, 5])],
)
def test_sync_names_how_messages_are_put_together(
    sync: str | None, expected: list[Any], tmp_path: Any
) -> None:
    (tmp_path / "plugins" / "nodes").mkdir(parents=True)
    folder = PluginFolder(tmp_path / "plugins")
    folder.write("source", "counts", PUSHED, toml="[arguments]\ncount = 5\n")
    folder.write("proc", "pairing", PAIRING, toml="[arguments]\n")
    pairing: dict[str, Any] = {"name": "p", "type": "proc", "mark": "pairing"}
    if sync is not None:
        pairing["sync"] = sync
    body = {
        "name": "pairs",
        "id": "1",
        "folder": str(tmp_path / "run"),
        "nodes": [{"name": "s", "type": "source", "mark": "counts"}, pairing],
        "links": [{"from": "s", "to": "p"}],
    }
    made = Pipeline({"version": "1", "plugins": ["plugins"], "pipeline": body}, base=tmp_path)
    made.warmup()
    made.start()
    assert made.wait(DEADLINE)
    node: Any = made._nodes["p"]
    assert node.got == expected
    report = made.stop()
    assert report.lost == (0 if sync == "passthrough" else 1), "the fifth waits for a sixth"
    assert made.stats()["p"].received == 5
    made.destroy()


def test_a_batch_is_a_message_like_any_other_further_on() -> None:
    class Joins(Forward):
        def next_batch(self, waiting: Any) -> dict[Any, list[int]]:
            return {"numbers": [0, 1]} if len(waiting["numbers"]) == 2 else {}

    nodes, links = chain({"name": "numbers"}, {"name": "joins"}, {"name": "collector"})
    with running(Shelf(Numbers, Joins, Collector), nodes, links) as made:
        assert made.wait(DEADLINE)
    payloads = [message.payload for message in made["collector"].messages]
    assert all(isinstance(payload, Batch) for payload in payloads)
    assert [[each.version for each in payload.messages] for payload in payloads] == [
        [number, number + 1] for number in range(0, 10, 2)
    ]
