"""The class that plugin authors derive from. It has no threads and no queue of its own: a `Worker` runs it.

All run-time state hangs on one attribute, `_juturna`, so that a plugin may use `_queue`, `_status`, `_thread`,
`_data` or any other name for its own ends and breaks nothing.
"""

from __future__ import annotations

import inspect
import logging
import queue
import string
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, TypeVar

from juturna_core.errors import RAISED_BY_AUTHORS, StateError
from juturna_core.inbox import FOREVER, Inbox
from juturna_core.log import jt_logger
from juturna_core.message import Message
from juturna_core.metrics import Metrics, RoundTrip, RoundTrips
from juturna_core.names import ComponentStatus
from juturna_core.outlet import Outlet, Receiver
from juturna_core.payloads import ControlPayload, ControlSignal
from juturna_core.synchronisers import Policy, passthrough

if TYPE_CHECKING:
    from juturna_core.worker import Worker

T_Input = TypeVar("T_Input")
T_Output = TypeVar("T_Output")


@dataclass(frozen=True, slots=True)
class Source:
    """What `set_source` was given: pull `call`, pausing `interval` seconds before ("pre") or after ("post")."""

    call: Callable[[], Any]
    interval: float
    mode: Literal["pre", "post"]


@dataclass(slots=True, eq=False)
class NodeState:
    """Everything that the runtime keeps about one node."""

    name: str
    pipe_name: str
    logger: logging.Logger
    policy: Policy
    pipe_id: str | None = None
    pipe_path: Path | None = None
    status: ComponentStatus = ComponentStatus.NEW
    status_text: str = ""
    origins: list[str] = field(default_factory=list)
    source: Source | None = None
    inbox: Inbox = field(default_factory=Inbox)
    outlet: Outlet = field(default_factory=Outlet)
    metrics: Metrics = field(default_factory=Metrics)
    worker: Worker | None = None
    publish: Callable[[str, str], Any] = lambda kind, text: None

    def note(self, kind: str, text: str) -> None:
        """Publish an event of this node."""
        self.publish(kind, text)

    def fail(self, message: Message[Any], error: BaseException) -> None:
        """Count `message` as failed, log it and keep its dead letter, as if `update` had raised `error`."""
        if self.worker is not None:
            self.worker.fail(message, error)

    def drop(self, count: int = 1) -> None:
        """Count messages that the node dropped on purpose."""
        self.metrics.dropped += count

    def hold_input(self, held: bool) -> None:
        """While held the worker takes no messages (control still runs); any thread."""
        self.inbox.hold(held)

    def round_trip(self, trip: RoundTrip) -> None:
        """Record a round trip to another machine."""
        if self.metrics.round_trips is None:
            self.metrics.round_trips = RoundTrips()
        self.metrics.round_trips.record(trip)


class Entrance:
    """What plugins find as `self._queue`: threads of their own put messages into the node with it."""

    def __init__(self, node: Node[Any, Any]) -> None:
        self._node = node

    def put(self, message: Any, block: bool = True, timeout: float | None = None) -> None:
        """Raises `queue.Full` when there is no room within `timeout` seconds, or at once without `block`."""
        if message is None:  # Juturna's own way to wake its thread
            return
        wait = 0 if not block else FOREVER if timeout is None else timeout
        if not self._node._put(message, wait) and not self._node._juturna.inbox.closed:
            raise queue.Full

    def put_nowait(self, message: Any) -> None:
        self.put(message, block=False)

    def qsize(self) -> int:
        return len(self._node._juturna.inbox)

    def empty(self) -> bool:
        return self.qsize() == 0


class EntranceOf:
    """Makes `node._queue` an `Entrance`; a plugin that assigns its own `_queue` simply has that."""

    def __get__(self, node: Node[Any, Any] | None, owner: type) -> Any:
        return self if node is None else Entrance(node)


class Node(Generic[T_Input, T_Output]):
    """A step of a pipeline. Derive from it and override `update`; COMPAT: the API is Juturna's.

    The order of life: construct, `configure`, `warmup`, `start`, `update` for every message, `stop`, `destroy`.
    `update`, `stop` and a pulled source run on the node's own thread; `stop` runs there after the last message, and
    what it transmits still arrives. A node whose source is blocked when the pipeline stops gets `stop` from outside.
    """

    exclusive: ClassVar[bool] = False
    """It owns a port, a device, a GPU: a successor must not be built while it lives."""
    live_arguments: ClassVar[frozenset[str]] = frozenset()
    """Arguments that `set_on_config` takes while the node runs."""

    _queue = EntranceOf()

    def __init__(
        self,
        node_name: str = "",
        pipe_name: str = "",
        synchroniser: Policy | None = None,
    ) -> None:
        policy = synchroniser or getattr(self, "next_batch", None) or passthrough
        logger = jt_logger(f"{pipe_name}.{node_name}")
        self._juturna = NodeState(node_name, pipe_name, logger, policy)

    # --- what an author overrides --------------------------------------------------------------------------------

    def configure(self) -> None:
        """Take what the node needs to be complete; called once, after construction."""

    def warmup(self) -> None:
        """Load models, open files: what is slow, before the first message."""

    def update(self, message: Message[T_Input]) -> None:
        """Handle one message; `transmit` zero, one or many. What it raises is counted and the node goes on."""

    def set_on_config(self, prop: str, value: Any) -> None:
        """Take a changed argument while running, on the node's own thread."""

    def destroy(self) -> None:
        """Give back what the node holds; the last call."""

    def start(self) -> None:
        """Begin; an override calls `super().start()`, after which messages arrive."""
        self._worker().start()

    def stop(self) -> None:
        """End; an override calls `super().stop()`, after which no message arrives."""
        if (worker := self._juturna.worker) is not None:
            worker.stop_asked(self)

    @property
    def configuration(self) -> dict[str, Any]:
        """What `Pipeline.status` shows of this node."""
        return {"name": self.name, "session_id": self.pipe_id}

    @property
    def held(self) -> int:
        """Messages that `update` has taken and the node is not yet done with: in flight."""
        return 0

    def flush(self, seconds: float) -> bool:
        """Wait until nothing is `held` any more, `seconds` at most; whether that is so. Without `held` it always is."""
        return True

    def reclaim(self) -> list[Message[Any]]:
        """Give up what is `held` and return it, oldest first: the node leaves, and its successor starts with that."""
        return []

    # --- what an author calls ------------------------------------------------------------------------------------

    def transmit(self, message: Message[T_Output] | ControlSignal) -> None:
        """Freeze `message` and send it to every destination; waits where one is full."""
        self._juturna.outlet.send(message)

    def put(self, message: Message[Any] | ControlSignal) -> None:
        """Put a message into this node, from any thread; waits while its inbox is full.

        A node that has ended takes none: it is counted as dropped there.
        """
        self._put(message, FOREVER)

    def _put(self, message: Message[Any] | ControlSignal, wait: float) -> bool:
        if isinstance(message, ControlSignal):
            message = Message(payload=ControlPayload(message))
        now = time.perf_counter()
        if not message._born:
            object.__setattr__(message, "_born", now)
        state, item = self._juturna, (message, getattr(message.payload, "size_bytes", 0), now)
        taken = (inbox := state.inbox).put(item, wait)
        while (
            not taken and inbox is not state.inbox
        ):  # it has taken its place in a pipeline meanwhile
            taken = (inbox := state.inbox).put(item, wait)
        if not taken and inbox.closed:
            state.drop()
        return taken

    def set_source(
        self,
        source: Callable[[], Any],
        by: float = 0,
        mode: Literal["pre", "post"] = "post",
    ) -> None:
        """Make this a source: `source()` is called again and again, `by` seconds apart.

        With "pre" the pause comes before a call, with "post" after it. What it returns goes to `update`. None is no
        message; a message whose payload is a negative control signal ends the source.
        """
        if not 0 <= by < float("inf") or mode not in ("pre", "post"):
            raise ValueError(
                f'set_source wants by >= 0 and mode "pre" or "post", not {by!r} and {mode!r}'
            )
        self._juturna.source = Source(source, by, mode)
        if (worker := self._juturna.worker) is not None:
            worker.post(worker.schedule)  # it may sleep without a source

    def clear_source(self) -> None:
        """Pull no more."""
        self._juturna.source = None

    def clear_buffer(self) -> None:
        """Forget what waits for its batch."""
        if (worker := self._juturna.worker) is not None:
            worker.clear_buffer()

    def add_destination(self, name: str, destination: Receiver) -> None:
        """Send what this node transmits to `destination` too: a node, or any object that has `put`."""
        inbox = destination._juturna.inbox if isinstance(destination, Node) else destination
        self._juturna.outlet.connect(name, inbox)

    def clear_destination(self, name: str) -> None:
        self._juturna.outlet.disconnect(name)

    def clear_destinations(self) -> None:
        self._juturna.outlet.disconnect()

    def dump_json(self, message: Message[Any], file_name: str) -> str | None:
        """Write `message` as JSON into the node's folder; the path, or None outside a pipeline."""
        if self._juturna.pipe_path is None:
            return None
        path = self._juturna.pipe_path / file_name
        try:
            path.write_text(message.to_json(), encoding="utf-8")
        except RAISED_BY_AUTHORS as error:  # a payload brings its own serialize
            self.logger.warning("%s cannot be written to %s: %s", message, path, error)
        return str(path)

    def compile_template(self, template_name: str, arguments: dict[str, Any]) -> str:
        """The file `template_name` beside the plugin with its `$name`s replaced; KeyError for one without value."""
        text = (self.static_path / template_name).read_text(encoding="utf-8")
        return string.Template(text).substitute(arguments)

    def prepare_template(
        self, template_name: str, file_destination_name: str, arguments: dict[str, Any]
    ) -> Path:
        """`compile_template` into a file in the node's folder; its absolute path."""
        if self._juturna.pipe_path is None:
            raise ValueError(
                f"{self.name} is not part of a pipeline: it has no folder to write into"
            )
        path = self._juturna.pipe_path / file_destination_name
        path.write_text(self.compile_template(template_name, arguments), encoding="utf-8")
        return path.resolve()

    # --- what an author reads ------------------------------------------------------------------------------------

    @property
    def name(self) -> str:
        return self._juturna.name

    @name.setter
    def name(self, name: str) -> None:
        self._juturna.name = name

    @property
    def pipe_name(self) -> str:
        return self._juturna.pipe_name

    @pipe_name.setter
    def pipe_name(self, pipe_name: str) -> None:
        self._juturna.pipe_name = pipe_name

    @property
    def pipe_id(self) -> str | None:
        return self._juturna.pipe_id

    @pipe_id.setter
    def pipe_id(self, pipe_id: str | None) -> None:
        self._juturna.pipe_id = pipe_id

    @property
    def pipe_path(self) -> Path | None:
        """The node's own folder inside the pipeline's; None outside a pipeline."""
        return self._juturna.pipe_path

    @pipe_path.setter
    def pipe_path(self, path: Path | str | None) -> None:
        self._juturna.pipe_path = None if path is None else Path(path)

    @property
    def static_path(self) -> Path:
        """The folder that the class was defined in."""
        return Path(inspect.getfile(type(self))).parent

    @property
    def logger(self) -> logging.Logger:
        return self._juturna.logger

    @property
    def status(self) -> ComponentStatus:
        return self._juturna.status

    @status.setter
    def status(self, status: ComponentStatus | str) -> None:
        self._juturna.status = ComponentStatus(status)

    @property
    def synchroniser(self) -> Policy:
        return self._juturna.policy

    @property
    def origins(self) -> list[str]:
        """Names of the nodes that feed this one."""
        return self._juturna.origins

    @property
    def destinations(self) -> list[str]:
        """Names of the nodes that this one feeds."""
        return [link.name for link in self._juturna.outlet.links]

    def _worker(self) -> Worker:
        """The worker that runs this node; a node outside a pipeline gets one here, and another after each stop."""
        worker = self._juturna.worker
        if worker is not None and worker.managed:
            if worker.ended.is_set():
                raise StateError(
                    f"node {self.name} has ended, and its pipeline starts a fresh one",
                    node=self.name,
                )
        elif worker is None or worker.ended.is_set():
            from juturna_core.worker import (
                Worker,
            )  # a worker knows nodes; only here a node makes one

            self._juturna.inbox.reopen()
            self._juturna.worker = worker = Worker(self)
        return worker
