"""A pipeline s -> … -> k of numbered messages that is changed while it runs, for the tests of reloading."""

from __future__ import annotations

import itertools
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from typing import Any, ClassVar

from juturna_core.config import NodeConfig, PipelineConfig
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload
from juturna_core.reload import ApplyReport
from juturna_core.settings import Settings
from juturna_core.testing import Collector, Forward, Shelf, TestPipeline, configuration
from tests.runtime import DEADLINE, eventually


class Ticker(Node[None, BytesPayload]):
    """Numbers its messages on, whichever instance of it runs."""

    numbers: ClassVar[Iterator[int]] = itertools.count()

    def __init__(self, by: float = 0.0005, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.set_source(self._make, by=by)

    def _make(self) -> Message[Any]:
        return Message(self.name, next(self.numbers), BytesPayload(b"x"))

    def update(self, message: Message[Any]) -> None:
        self.transmit(message)


class Step(Node[Any, Any]):
    """Notes who it was in `meta`, and sends on. `mode` says what else it does, and where."""

    live_arguments = frozenset({"live"})
    hangs: ClassVar[threading.Event] = threading.Event()
    starts: ClassVar[bool] = True

    def __init__(self, tag: Any = 0, live: Any = 0, mode: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.tag, self.live, self.mode = tag, live, mode
        self.destroyed = False

    def configure(self) -> None:
        self._do("configure")

    def warmup(self) -> None:
        self._do("warmup")

    def start(self) -> None:
        self._do("start")
        if not Step.starts:
            raise RuntimeError("nobody starts")
        super().start()

    def stop(self) -> None:
        super().stop()
        self._do("stop")

    def destroy(self) -> None:
        self.destroyed = True

    def set_on_config(self, prop: str, value: Any) -> None:
        if value == "no":
            raise ValueError("not this")
        setattr(self, prop, value)

    def update(self, message: Message[Any]) -> None:
        self._do("update")
        self.transmit(Message(message.creator, message.version, message.payload))

    def _do(self, where: str) -> None:
        if self.mode == f"{where} raises":
            raise RuntimeError(f"no luck in {where}")
        if self.mode == f"{where} hangs":
            self.hangs.wait(DEADLINE)


class Other(Step):
    """Another class."""


class Port(Step):
    """There can be only one at a time."""

    exclusive = True
    live_ones: ClassVar[int] = 0

    def warmup(self) -> None:
        super().warmup()
        assert Port.live_ones == 0, "two at a time"
        Port.live_ones += 1

    def destroy(self) -> None:
        super().destroy()
        Port.live_ones = 0


class WarpingShelf(Shelf):
    """Builds warped nodes too."""

    def build(self, node: NodeConfig, *, pipe_name: str) -> Node[Any, Any]:
        place = node.warp_configuration
        if not node.warped or place is None:
            return super().build(node, pipe_name=pipe_name)
        from juturna_core.warp.client import Warp

        return Warp(
            place.grpc_host,
            place.grpc_port,
            place.timeout,
            on_failure=place.on_failure,
            local=lambda: super(WarpingShelf, self).build(node, pipe_name=pipe_name),
            node_name=node.name,
            pipe_name=pipe_name,
        )


SHELF = WarpingShelf(Ticker, Step, Other, Port, Forward, Collector)


class Rig:
    """A pipeline that runs s -> … -> k, and what its configuration is changed by."""

    def __init__(self, folder: str, nodes: list[dict[str, Any]], settings: Settings | None) -> None:
        self.folder = folder
        self.nodes = {node["name"]: node for node in nodes}
        self.links = list(itertools.pairwise(self.nodes))
        self.pipeline = TestPipeline(self.config, catalog=SHELF, settings=settings)
        self.pipeline.warmup()
        self.pipeline.start()

    @property
    def config(self) -> PipelineConfig:
        return configuration(self.nodes.values(), self.links, folder=self.folder)

    def apply(self, **patience: Any) -> ApplyReport:
        return self.pipeline.apply(self.config, **patience)

    def change(self, name: str, **keys: Any) -> None:
        """Other arguments for a node."""
        node = self.nodes[name]
        self.nodes[name] = {**node, "configuration": {**node.get("configuration", {}), **keys}}

    @property
    def seen(self) -> list[int]:
        return list(self.pipeline["k"].versions)

    def more(self, count: int = 20) -> None:
        """Wait for more messages at the end."""
        wanted = len(self.pipeline["k"].messages) + count
        eventually(lambda: len(self.pipeline["k"].messages) >= wanted)


@contextmanager
def rig(
    *middle: dict[str, Any], by: float = 0.0005, settings: Settings | None = None
) -> Iterator[Rig]:
    Ticker.numbers = itertools.count()
    Step.hangs.clear()
    Step.starts = True
    Port.live_ones = 0
    source = {"name": "s", "mark": "ticker", "type": "source", "configuration": {"by": by}}
    sink = {"name": "k", "mark": "collector", "type": "sink"}
    with tempfile.TemporaryDirectory() as folder:
        made = Rig(folder, [source, *middle, sink], settings)
        try:
            yield made
        finally:
            Step.hangs.set()
            if made.pipeline.status["self"] == "pipeline_running":
                made.pipeline.stop()


def ways(
    random: Random, sources: list[str], middle: list[str], sinks: list[str]
) -> list[tuple[str, str]]:
    """Links at random, with exactly one way from each source to each sink."""
    names = [*sources, *random.sample(middle, len(middle)), *sinks]
    links: list[tuple[str, str]] = []
    pairs = [
        (origin, destination)
        for origin, destination in itertools.combinations(names, 2)
        if destination not in sources and origin not in sinks
    ]
    for pair in random.sample(pairs, len(pairs)):
        links.append(pair)
        if any(_two_ways(source, names, links, sinks) for source in sources):
            links.pop()
    return links


def _two_ways(
    source: str, names: list[str], links: list[tuple[str, str]], sinks: list[str]
) -> bool:
    count = dict.fromkeys(names, 0) | {source: 1}
    for name in names:  # each is behind all that feed it
        for origin, destination in links:
            if origin == name:
                count[destination] += count[name]
    return any(count[sink] > 1 for sink in sinks)


def step(name: str = "p", mark: str = "step", **arguments: Any) -> dict[str, Any]:
    return {"name": name, "mark": mark, "configuration": arguments}


def in_order(numbers: list[int]) -> bool:
    return numbers == list(range(len(numbers)))
