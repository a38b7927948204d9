"""Helpers for testing nodes and pipelines, your own included: real threads and queues, no files needed.

shelf = Shelf(Numbers, Doubler, Collector)
with running(shelf, *chain({"name": "numbers"}, {"name": "doubler"}, {"name": "collector"})) as pipeline:
    pipeline.wait(5)
assert pipeline["collector"].versions == [0, 2, 4]
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import pairwise
from typing import Any, cast

from juturna_core.config import NodeConfig, PipelineConfig
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload, ControlPayload, ControlSignal
from juturna_core.pipeline import Pipeline
from juturna_core.settings import Settings


class Shelf:
    """Builds nodes from classes at hand; a node's `mark` is its class's name in lower case."""

    def __init__(self, *classes: type[Node[Any, Any]]) -> None:
        self._classes = {each.__name__.lower(): each for each in classes}

    def build(self, node: NodeConfig, *, pipe_name: str) -> Node[Any, Any]:
        made = self._classes[node.mark or ""](
            **node.configuration, node_name=node.name, pipe_name=pipe_name
        )
        made.configure()
        return made

    def values(self, node: NodeConfig) -> dict[str, Any]:
        return node.configuration


class Numbers(Node[None, BytesPayload]):
    """A source of `count` messages, versions 0, 1, 2, …, `by` seconds apart; then it ends, and what follows too."""

    def __init__(self, count: int = 10, by: float = 0, size: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._count, self._size, self._next = count, size, 0
        self.set_source(self._make, by=by)

    def _make(self) -> Message[Any]:
        if self._next >= self._count:
            return Message(payload=ControlPayload(ControlSignal.STOP_PROPAGATE))
        self._next += 1
        return Message(self.name, self._next - 1, BytesPayload(bytes(self._size)))

    def update(self, message: Message[Any]) -> None:
        self.transmit(message)


class Forward(Node[Any, Any]):
    """Sends on what it gets."""

    def update(self, message: Message[Any]) -> None:
        self.transmit(message)


class Collector(Node[Any, None]):
    """A sink that keeps what it gets."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.messages: list[Message[Any]] = []

    @property
    def versions(self) -> list[int]:
        return [message.version for message in self.messages]

    def update(self, message: Message[Any]) -> None:
        self.messages.append(message)


def configuration(
    nodes: Iterable[dict[str, Any]],
    links: Iterable[tuple[str, str]],
    *,
    folder: str,
    **pipeline: Any,
) -> PipelineConfig:
    """A `PipelineConfig` from node objects (`name`; `mark` and `type` default to it) and links."""
    full = [{"type": "proc", "mark": node["name"], "configuration": {}, **node} for node in nodes]
    body = {"name": "test", "id": "1", "folder": folder, "nodes": full, **pipeline}
    body["links"] = [{"from": origin, "to": destination} for origin, destination in links]
    return PipelineConfig.from_dict({"version": "1", "plugins": [], "pipeline": body})


class TestPipeline(Pipeline):
    """A pipeline whose nodes are at hand by name."""

    __test__ = False

    def __getitem__(self, node: str) -> Any:
        return cast(Any, self._nodes[node])


@contextmanager
def running(
    shelf: Shelf,
    nodes: Iterable[dict[str, Any]],
    links: Iterable[tuple[str, str]],
    *,
    settings: Settings | None = None,
    grace: float = 5.0,
    **pipeline: Any,
) -> Iterator[TestPipeline]:
    """A started pipeline of `nodes` in a temporary folder; stopped, and its nodes kept to look at, on leaving."""
    with tempfile.TemporaryDirectory() as folder:
        config = configuration(nodes, links, folder=folder, **pipeline)
        made = TestPipeline(config, catalog=shelf, settings=settings)
        made.warmup()
        made.start()
        try:
            yield made
        finally:
            if made.status["self"] == "pipeline_running":
                made.stop(grace)


def chain(*nodes: dict[str, Any]) -> tuple[list[dict[str, Any]], list[tuple[str, str]]]:
    """Nodes one behind the other, as `running` wants them: `running(shelf, *chain(a, b, c))`."""
    names = [node["name"] for node in nodes]
    return list(nodes), list(pairwise(names))
