"""How a worker is held between two messages, and how one node takes the place of another.

`Gate` and `Swap` are mail: they are called on the worker's own thread, so nothing of a node runs meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import SimpleQueue
from typing import Any

from juturna_core.config import NodeConfig
from juturna_core.errors import RAISED_BY_AUTHORS
from juturna_core.inbox import FOREVER
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.outlet import Link
from juturna_core.worker import Worker


class Gate:
    """Holds a worker, once what its node has under way is done, until `open`."""

    def __init__(self, worker: Worker, arrived: Callable[[Worker], None], seconds: float) -> None:
        """`arrived` is called when it holds; `seconds` is what the node may take before."""
        self._worker = worker
        self._arrived = arrived
        self._seconds = seconds
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def __call__(self) -> None:
        self._worker.node.flush(self._seconds)
        self._arrived(self._worker)
        while (call := self._calls.get()) is not None:
            call()

    def post(self, call: Callable[[], None]) -> None:
        """Have `call` called while the worker is held."""
        self._calls.put(call)

    def open(self) -> None:
        self._calls.put(None)


class Early:
    """Where a node sends before it has its links: kept, and sent on once it has."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: list[Message[Any]] = []
        self._links: tuple[Link, ...] | None = None

    def put(self, message: Message[Any]) -> None:
        with self._lock:
            if self._links is None:
                self._kept.append(message)
            else:
                self._send(message, self._links)

    def open(self, links: tuple[Link, ...]) -> None:
        """Send what was kept into `links`, and what still comes."""
        with self._lock:
            self._links = links
            for message in self._kept:
                self._send(message, links)
            self._kept.clear()

    def _send(self, message: Message[Any], links: tuple[Link, ...]) -> None:
        for link in links:
            link.put((message, message._size, time.perf_counter()), FOREVER)


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """A node that was built and warmed up, and takes no part yet."""

    config: NodeConfig
    node: Node[Any, Any]
    early: Early


class Swap:
    """Has a worker's node leave and another take its place. Without one at hand it waits until `give`."""

    def __init__(
        self, worker: Worker, fresh: Fresh | None, told: Callable[[Worker], None], seconds: float
    ) -> None:
        """`told` is called when the old node has left and there is no other yet, and at the end."""
        self.worker = worker
        self.old = worker.node
        self.error: BaseException | None = None
        """What the author's `start` of the new node raised."""
        self.carried = 0
        self.seconds = 0.0
        """How long the worker took no messages."""
        self._fresh = fresh
        self._told = told
        self._seconds = seconds
        self._given = threading.Event()
        self._begun = threading.Lock()

    def __call__(self) -> None:
        if not self._begun.acquire(blocking=False):  # given up before it began
            return
        began = time.monotonic()
        worker, rest = self.worker, self.worker.leave(self._seconds)
        self.carried = len(rest) + len(worker.inbox)
        if self._fresh is None:
            self._told(worker)
            self._given.wait()
        if self._fresh is None:
            worker.wait_for_successor(rest)
        else:
            try:
                worker.adopt(self._fresh.node, rest)
            except RAISED_BY_AUTHORS as error:
                self.error = error
            self._fresh.early.open(worker.state.outlet.links)
        self.seconds = time.monotonic() - began
        self._told(worker)

    def give(self, fresh: Fresh | None) -> None:
        """Go on with `fresh`; None: there is nothing to go on with, and messages wait."""
        self._fresh = fresh
        self._given.set()

    def give_up(self) -> bool:
        """Do not begin any more; False: it has."""
        return self._begun.acquire(blocking=False)
