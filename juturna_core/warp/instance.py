"""A node that runs here for others: whose message it works on, and who gets what it sends.

The node runs on a `Worker` as in any pipeline. Everything between the take of a message and the end of its `update`
happens on that worker's thread, so whose outputs these are needs no bookkeeping but `_current`.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol

from juturna_core.errors import JuturnaError, PluginError, StateError
from juturna_core.message import Message
from juturna_core.names import ComponentStatus
from juturna_core.node import Node
from juturna_core.payloads import ControlPayload
from juturna_core.synchronisers import Waiting, passthrough
from juturna_core.worker import Worker

Build = Callable[[dict[str, Any]], Node[Any, Any]]
"""Makes a configured node from its arguments; raises JuturnaError."""


class Asker(Protocol):
    """Who asked the node about one message. Called on the worker's thread, `output` on a node's own threads too."""

    def output(self, message: Message[Any]) -> None:
        """The node sent this. What is raised here comes out of the node's `transmit`."""

    def done(self, error: BaseException | None, queue_ns: int, compute_ns: int) -> None:
        """The node's `update` returned, or raised `error`; later outputs may follow all the same."""


class Instance:
    """One node, warmed up and started."""

    def __init__(self, node: Node[Any, Any]) -> None:
        self.node = node
        self.users = 0
        self.asynchronous = False
        """Whether the node was seen to send from a thread of its own."""
        self._asked: dict[int, Asker] = {}
        self._current: Asker | None = None
        state = node._juturna
        if state.policy is not passthrough:
            state.policy = self._noticing(state.policy)
        state.outlet.connect("warp", self)
        self._worker = Worker(node, after=self._after)
        self._worker.add_tap(self._taken)
        _author(node, "warmup", node.warmup)
        node.status = ComponentStatus.CONFIGURED
        _author(node, "start", node.start)
        self._worker.start()  # also when the author's start() does not call super().start()

    def ask(self, message: Message[Any], asker: Asker) -> bool:
        """Have the node work on `message`; waits while its inbox is full. False: it is stopping."""
        if isinstance(message.payload, ControlPayload):
            # signals steer the sender's pipeline, not a node that others use too
            asker.done(None, 0, 0)
            return True
        self._asked[id(message)] = asker
        item = (message, getattr(message.payload, "size_bytes", 0), time.perf_counter())
        taken = self._worker.inbox.put(item)
        if not taken:
            del self._asked[id(message)]
        return taken

    def stop(self, timeout: float) -> bool:
        """Finish what waits and give the node back; False when it is still at work after `timeout` seconds."""
        self._worker.end()
        ended = self._worker.ended.wait(timeout)
        try:
            self.node.destroy()
        except Exception:  # the author's destroy may raise anything
            self.node.logger.exception("%s failed in destroy()", self.node.name)
        return ended

    @property
    def idle(self) -> bool:
        """Nobody uses it and nothing waits in it."""
        return not self.users and not self._asked and not len(self._worker.inbox)

    # --- on the worker's thread --------------------------------------------------------------------------------------

    def _taken(self, message: Message[Any]) -> None:
        self._current = self._asked.pop(id(message), None)

    def put(self, message: Message[Any]) -> None:
        """The end of the node's outlet."""
        if threading.current_thread() is not self._worker.thread:
            self.asynchronous = True
        if self._current is None:
            self.node.logger.warning(
                "%s sent a message before it was given one: nobody asked for it", self.node.name
            )
        else:
            self._current.output(message)

    def _after(
        self, _: Message[Any], error: BaseException | None, queue_ns: int, update_ns: int
    ) -> None:
        if self._current is not None:
            self._current.done(error, queue_ns, update_ns)

    def _noticing(
        self, policy: Callable[[Any], Mapping[Any, Any]]
    ) -> Callable[[Any], Mapping[Any, Any]]:
        """The node's own `next_batch`; a message that it leaves waiting is answered, or its sender would wait too."""

        def picked(waiting: Waiting) -> Mapping[Any, Any]:
            error: BaseException | None = None
            marks: Mapping[Any, Any] = {}
            try:
                marks = policy(waiting)
            except Exception as raised:  # the author's: for the worker, and for the sender too
                error = raised
                raise
            finally:
                if not any(marks.values()) and self._current is not None:
                    self._current.done(error, 0, 0)
            return marks

        return picked


class Instances:
    """The nodes of one remote, one for each distinct configuration; any thread."""

    def __init__(
        self,
        build: Build,
        defaults: Mapping[str, Any],
        *,
        limit: int = 8,
        folder: Path | None = None,
    ) -> None:
        """`limit` bounds how many live at a time; `folder` is where they may write."""
        self._build = build
        self._defaults = dict(defaults)
        self._limit = limit
        self._folder = folder
        self._live: dict[str, Instance] = {}
        self._made = 0
        self._table = threading.Lock()
        self._building = threading.Lock()

    def borrow(self, configuration: Mapping[str, Any]) -> Instance:
        """The node with `configuration` laid over the defaults, built when there is none; `give_back` it.

        Raises JuturnaError when it cannot be built, or when all that may live are in use.
        """
        arguments = {**self._defaults, **configuration}
        key = _canonical(arguments)
        with self._building:
            with self._table:
                instance = self._live.get(key)
                if instance is not None:
                    instance.users += 1
                    return instance
            self._make_room(self._limit)
            instance = self._make(arguments)
            instance.users = 1
            with self._table:
                self._live[key] = instance
            return instance

    def give_back(self, instance: Instance) -> None:
        with self._table:
            instance.users -= 1

    def stop(self, timeout: float) -> bool:
        """End all, in `timeout` seconds altogether; False when one did not."""
        with self._table:
            live, self._live = list(self._live.values()), {}
        deadline = time.monotonic() + timeout
        ended = [instance.stop(max(0.0, deadline - time.monotonic())) for instance in live]
        return all(ended)

    def _make(self, arguments: dict[str, Any]) -> Instance:
        try:
            node = self._build(arguments)
            if type(node).exclusive and self._live:
                node.destroy()
                self._make_room(1)
                node = self._build(arguments)
        except JuturnaError:
            raise
        except Exception as error:  # the author's constructor may raise anything
            raise PluginError.from_exception(error, node=None, doing="its constructor") from error
        self._made += 1
        if self._folder is not None:
            own = self._folder if self._made == 1 else self._folder / f"configuration_{self._made}"
            own.mkdir(parents=True, exist_ok=True)
            node.pipe_path = own
        node.pipe_id = node.pipe_name
        return Instance(node)

    def _make_room(self, limit: int) -> None:
        """Stop nodes that nobody uses, oldest first, until another one may be built."""
        while len(self._live) >= limit:
            with self._table:
                unused = next((key for key, instance in self._live.items() if instance.idle), None)
                if unused is None:
                    raise StateError(
                        f"all {len(self._live)} configurations of this node that may live here are in use",
                        hint="stop a pipeline that uses this remote, or start another remote",
                    )
                instance = self._live.pop(unused)
            instance.stop(timeout=5.0)


def _author(node: Node[Any, Any], doing: str, call: Callable[[], Any]) -> None:
    try:
        call()
    except JuturnaError:
        raise
    except Exception as error:  # a plugin may raise anything; whoever started it gets its place
        raise PluginError.from_exception(error, node=node.name, doing=doing) from error


def _canonical(arguments: Mapping[str, Any]) -> str:
    """Equal for arguments that are equal by value: 2.0 and 2, whatever the order of keys."""
    return json.dumps(_integral(arguments), sort_keys=True, default=repr)


def _integral(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Mapping):
        return {str(key): _integral(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_integral(item) for item in value]
    return value
