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
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.outlet import Link, Outlet
from juturna_core.worker import Worker


class Gate:
    """Holds a worker, once what its node has under way is done, until `open`."""

    def __init__(self, worker: Worker, tell: Callable[[], None], seconds: float) -> None:
        """`tell` is called when it holds; `seconds` is what the node may take before."""
        self.arrived = False
        self.flushed = False
        """Whether the node could finish what it had under way."""
        self._worker = worker
        self._tell = tell
        self._seconds = seconds
        self._at_once = True
        self._calls: SimpleQueue[Callable[[], None] | None] = SimpleQueue()

    def enter(self, *, drained: bool) -> None:
        """Have the worker come here, before its next message or (`drained`) behind all that wait for it."""
        worker = self._worker
        # a source that is in its function comes to its mail before it handles what that returns
        self._at_once = not drained or (worker.pulling and not len(worker.inbox))
        (worker.post if self._at_once else worker.inbox.post_behind)(self)

    def holds(self) -> bool:
        """Whether no message passes any more."""
        worker = self._worker
        return self.arrived or worker.ended.is_set() or (self._at_once and worker.pulling)

    def __call__(self) -> None:
        self.flushed = self._worker.flush(self._seconds)
        self.arrived = True
        self._tell()
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
        self._opened: tuple[Outlet, tuple[Link, ...]] | None = None

    def put(self, message: Message[Any]) -> None:
        with self._lock:
            if self._opened is None:
                self._kept.append(message)
            else:
                self._send(message, *self._opened)

    def open(self, outlet: Outlet, links: tuple[Link, ...]) -> None:
        """Send what was kept into `links` of `outlet`, waiting where one is full, and what still comes."""
        with self._lock:
            for message in self._kept:
                self._send(message, outlet, links)
            self._kept.clear()
            self._opened = outlet, links

    def join(self, outlet: Outlet, links: tuple[Link, ...]) -> None:
        """Have `outlet` lead into `links` from now on, once what was kept is through."""
        self.open(outlet, links)
        outlet.links = links

    def _send(self, message: Message[Any], outlet: Outlet, links: tuple[Link, ...]) -> None:
        outlet.send_on((message, message._size, time.perf_counter()), links)


@dataclass(frozen=True, slots=True, eq=False)
class Fresh:
    """A node that was built and warmed up, and takes no part yet."""

    config: NodeConfig
    node: Node[Any, Any]
    early: Early


class Swap:
    """Has a worker's node leave and another take its place. Without one at hand it waits until `give`."""

    def __init__(
        self, worker: Worker, fresh: Fresh | None, tell: Callable[[], None], seconds: float
    ) -> None:
        """`tell` is called when the old node has left and there is no other yet, and at the end."""
        self.worker = worker
        self.old = worker.node
        self.error: BaseException | None = None
        """What the author's `start` of the new node raised."""
        self.carried = 0
        self.seconds = 0.0
        """How long the worker took no messages."""
        self.left = False
        """Whether the old node has left."""
        self.done = False
        """Whether another has taken its place, or it is known that there is none."""
        self._fresh = fresh
        self._tell = tell
        self._seconds = seconds
        self._given = threading.Event()
        self._begun = threading.Lock()
        self._adopting = threading.Lock()

    def __call__(self) -> None:
        if not self._begun.acquire(blocking=False):  # given up before it began
            return
        began = time.monotonic()
        worker, rest = self.worker, self.worker.leave(self._seconds)
        if not self._adopting.acquire(
            blocking=False
        ):  # given up, and another worker has all that waited
            return
        self.carried = len(rest) + len(worker.inbox)
        self.left = True
        if self._fresh is None:
            self._tell()
            self._given.wait()
        if self._fresh is None:
            worker.wait_for_successor(rest)
        else:
            outlet = worker.state.outlet
            self._fresh.early.open(outlet, outlet.links)  # before its `start`, which may send more
            try:
                worker.adopt(self._fresh.node, rest)
            except RAISED_BY_AUTHORS as error:
                self.error = error
        self.seconds = time.monotonic() - began
        self.done = True
        self._tell()

    @property
    def over(self) -> bool:
        """Whether there is nothing to wait for, but for a successor that is still to be given."""
        return self.done or (self.left and self._fresh is None)

    def give(self, fresh: Fresh | None) -> None:
        """Go on with `fresh`; None: there is nothing to go on with, and messages wait."""
        self._fresh = fresh
        self._given.set()

    def give_up(self, *, begun: bool = False) -> bool:
        """Do not begin any more, or (`begun`) have the old node leave for nobody. False: it is too late for that."""
        return (self._adopting if begun else self._begun).acquire(blocking=False)
