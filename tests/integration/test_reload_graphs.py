"""Graphs that fan out and in become others at random: every message reaches every sink once and in order."""

from __future__ import annotations

import itertools
import tempfile
import time
from random import Random
from typing import Any

import pytest

from juturna_core.config import PipelineConfig
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload
from juturna_core.settings import Settings
from juturna_core.testing import Collector, Shelf, TestPipeline, configuration
from tests.reloading import ways

numbers: dict[str, itertools.count[int]] = {}


class Ticks(Node[None, BytesPayload]):
    """Numbers its messages on under its name, whichever instance of it runs."""

    def __init__(self, tag: float = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set_source(self._make, by=0.0003)

    def _make(self) -> Message[Any]:
        return Message(self.name, next(numbers[self.name]), BytesPayload(b"x"))

    def update(self, message: Message[Any]) -> None:
        self.transmit(message)


class Way(Node[Any, Any]):
    """Sends on, at its own pace."""

    def __init__(self, tag: float = 0, pace: float = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._pace = pace

    def update(self, message: Message[Any]) -> None:
        if self._pace:
            time.sleep(self._pace)
        self.transmit(Message(message.creator, message.version, message.payload))


@pytest.mark.parametrize("seed", range(8))
def test_whatever_the_graph_becomes_no_message_is_lost_doubled_or_overtaken(seed: int) -> None:
    random, fresh = Random(seed), itertools.count(4)
    sources, sinks = ["s0", "s1"][: random.randint(1, 2)], ["k0", "k1"]
    numbers.update({name: itertools.count() for name in sources})
    middle, arguments = ["p0", "p1", "p2", "p3"], dict[str, dict[str, float]]()

    def graph(folder: str) -> PipelineConfig:
        for name in middle:
            arguments.setdefault(name, {"pace": random.choice([0, 0, 0.0005])})
        nodes = [
            *({"name": name, "mark": "ticks", "type": "source"} for name in sources),
            *({"name": name, "mark": "way"} for name in middle),
            *({"name": name, "mark": "collector", "type": "sink"} for name in sinks),
        ]
        full = [{**node, "configuration": arguments.get(node["name"], {})} for node in nodes]
        return configuration(full, ways(random, sources, middle, sinks), folder=folder)

    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(max_queue_size=random.choice([5, 50]))
        shelf = Shelf(Ticks, Way, Collector)
        pipeline = TestPipeline(graph(folder), catalog=shelf, settings=settings)
        pipeline.warmup()
        pipeline.start()
        for _ in range(12):
            time.sleep(random.random() * 0.02)
            match random.randrange(4):
                case 0 if len(middle) > 2:
                    middle.remove(random.choice(middle))
                case 1:
                    middle.append(f"p{next(fresh)}")
                case 2:
                    arguments[random.choice(middle)] = {"tag": random.random()}
                case _:
                    arguments[random.choice(sources)] = {"tag": random.random()}
            assert pipeline.apply(graph(folder)).lost == 0
        assert pipeline.stop().lost == 0
        sent = {name: next(numbers[name]) for name in sources}
        for source, sink in itertools.product(sources, sinks):
            seen = [each.version for each in pipeline[sink].messages if each.creator == source]
            assert seen == list(range(sent[source])), (source, sink)
