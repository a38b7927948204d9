"""One thread that runs one node: the whole life of a message between two queues is in `Worker._run`.

Everything the author of a node wrote is called in this file (and `warmup`, `destroy` in pipeline.py), all messages
inside one `try`, so that a node that raises harms nobody but that one message.
"""

from __future__ import annotations

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

from juturna_core.errors import RAISED_BY_AUTHORS, describe
from juturna_core.inbox import End, Item, Mail, Turn
from juturna_core.message import Message
from juturna_core.names import ComponentStatus
from juturna_core.node import Node
from juturna_core.outlet import Outlet
from juturna_core.payloads import ControlPayload, ControlSignal
from juturna_core.settings import Settings
from juturna_core.synchronisers import Synchroniser, passthrough

LONGEST_TRACE = 4000
"""Characters of a node's last traceback that are kept, from its end: every snapshot of the numbers carries them."""


class _Nowhere:
    """Where a node that has left sends: it is counted as lost by the outlet that its successor has."""

    def __init__(self, outlet: Outlet) -> None:
        self._outlet = outlet

    def put(self, message: Any) -> None:
        self._outlet.lost += 1


class DeadLetterBox(Protocol):
    """Where messages go whose `update` raised."""

    def write(self, node: str, message: Message[Any], error: BaseException) -> None: ...


class Worker:
    """Runs `node` on a thread of its own, fed by the node's inbox.

    `on_end` is called on that thread after the node's `stop`, `on_fatal` when the node failed and its policy is
    "stop", `after` when an `update` has returned or raised: the message, the error, nanoseconds in queue and in update.
    """

    def __init__(
        self,
        node: Node[Any, Any],
        *,
        on_error: Literal["skip", "stop"] = "skip",
        letters: DeadLetterBox | None = None,
        on_end: Callable[[Worker], None] | None = None,
        on_fatal: Callable[[Worker, BaseException], None] | None = None,
        after: Callable[[Message[Any], BaseException | None, int, int], None] | None = None,
    ) -> None:
        self.node = node
        self.state = state = node._juturna
        self.inbox = state.inbox
        self.thread = threading.Thread(
            target=self._run, name=f"{state.pipe_name}.{state.name}", daemon=True
        )
        self.ended = threading.Event()
        self.suspended = False
        self.draining = False  # for a change of the pipeline: shown, and nothing else
        self.fed_by = 1  # nodes that feed this one
        self.feeders = 1  # an end-of-stream signal in the messages is one feeder's
        self.propagates = True  # whether this node's end is the end of what it feeds
        self._taps: tuple[Callable[[Message[Any]], None], ...] = ()
        self._detours = False  # whether a message does anything before it reaches `update`
        self.on_error = on_error
        self._letters = letters
        self._on_end = on_end
        self._on_fatal = on_fatal
        self._after = after
        self._given_up: int | None = None  # what was lost when the pipeline gave up on it: final
        self._stop_was_called = False
        self._leaving = False
        self._stopping = threading.Lock()  # guards it
        self._waiting = self._synchroniser()
        self._find_detours()
        self.pulling = False  # whether it is inside the source's function just now
        self._due = 0.0  # when the source is pulled next, time.monotonic()
        state.worker = self

    # --- from any thread -----------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start the thread, once."""
        if self.thread.ident is None:
            self.state.status = ComponentStatus.RUNNING
            self.thread.start()

    def post(self, mail: Mail) -> None:
        """Have `mail` called on the worker's thread before its next message."""
        self.inbox.post(mail)

    def end(self) -> None:
        """Take nothing more, finish what waits, then end."""
        self.inbox.close()

    def stop_node(self) -> None:
        """Call the author's `stop`, unless somebody has; what it raises is counted."""
        with self._stopping:
            called, self._stop_was_called = self._stop_was_called, True
        if not called:
            try:
                self.node.stop()
            except RAISED_BY_AUTHORS as error:
                self._failed("stop()", error)

    def stop_asked(self, node: Node[Any, Any]) -> None:
        """The author's `stop` has reached `Node.stop`: end. Outside a pipeline, come back when that is done."""
        if self._leaving or node is not self.node:  # the node ends, and not this worker
            return
        self._stop_was_called = True
        if self.thread.ident is None:
            self.state.status = ComponentStatus.STOPPED
            return
        self.end()
        if not self.managed and threading.current_thread() is not self.thread:
            self.ended.wait(Settings.from_environment().thread_join_timeout)

    def leave(self, seconds: float) -> list[Message[Any]]:
        """Have the node finish within `seconds`, then stop it; what it could not finish. On the worker's thread."""
        rest = [] if self.flush(seconds) else self._reclaim()
        if self._waiting is not None:
            rest += self._waiting.take_all()
            self.state.metrics.dropped += self._waiting.dropped
            self._waiting = None
        again = len(rest)
        self.state.metrics.untouched -= again  # received once, though its successor takes it again
        self._leaving = True
        self.stop_node()
        return rest

    def interrupt(self) -> None:
        """Stop a node that is to leave and is in its source function: its `stop` may well end that. Any thread."""
        self._leaving = True
        self.stop_node()

    def flush(self, seconds: float) -> bool:
        """Have the node finish what it has under way within `seconds`; whether it has. On the worker's thread."""
        try:
            return self.node.flush(seconds)
        except RAISED_BY_AUTHORS as error:
            self._failed("flush()", error)
            return False

    def _reclaim(self) -> list[Message[Any]]:
        try:
            return list(self.node.reclaim())
        except RAISED_BY_AUTHORS as error:
            self._failed("reclaim()", error)
            return []

    def adopt(self, node: Node[Any, Any], rest: Sequence[Message[Any]]) -> None:
        """Run `node` from now on, in place of one that has left: same inbox, same links, same counts.

        It starts with `rest`. On the worker's thread; raises what the author's `start` raises.
        """
        old, new = self.state, node._juturna
        gone = new.inbox
        new.inbox, new.outlet, new.metrics, new.origins = (
            self.inbox,
            old.outlet,
            old.metrics,
            old.origins,
        )
        gone.close()  # whoever waits for room in it turns to the other
        self.inbox.put_back([*_items(rest), *gone.take_all()])
        self.inbox.hold(not gone.flowing)
        # what threads of the old node still send and put is counted there as lost and dropped
        old.inbox, old.outlet, old.worker = gone, Outlet(), None
        old.outlet.connect("", _Nowhere(new.outlet))
        new.outlet.source = None
        self.node, self.state, new.worker = node, new, self
        self._stop_was_called = self._leaving = False
        self._waiting = self._synchroniser()
        self._find_detours()
        new.status = ComponentStatus.RUNNING
        node.start()

    def wait_for_successor(self, rest: Sequence[Message[Any]]) -> None:
        """A node has left with `rest`, and there is no other: messages wait. On the worker's thread."""
        self.inbox.put_back(_items(rest))
        self.inbox.hold(True)

    def _synchroniser(self) -> Synchroniser | None:
        state = self.state
        if state.policy is passthrough:
            return None
        return Synchroniser(state.name, state.policy, state.inbox.capacity)

    def suspend(self) -> None:
        """From now on messages pass through untouched. On the worker's thread."""
        self.suspended = True
        self._find_detours()
        self.state.note("suspended", "messages pass through untouched")

    def resume(self) -> None:
        """Undo `suspend`. On the worker's thread."""
        self.suspended = False
        self._find_detours()
        self.state.note("resumed", "messages are processed again")

    def add_tap(self, tap: Callable[[Message[Any]], None]) -> None:
        """Call `tap` on the worker's thread with every message that arrives; it must be quick. Any thread."""
        self._taps += (tap,)
        self._find_detours()

    def remove_tap(self, tap: Callable[[Message[Any]], None]) -> None:
        """Undo `add_tap`. Any thread."""
        self._taps = tuple(each for each in self._taps if each != tap)
        self._find_detours()

    def _find_detours(self) -> None:
        self._detours = bool(self._taps or self.suspended or self._waiting is not None)

    @property
    def managed(self) -> bool:
        """Whether a pipeline looks after this worker."""
        return self._on_end is not None

    @property
    def busy_seconds(self) -> float:
        """How long the node has been at what it does now; 0 when it waits for something to do."""
        began = self.state.metrics.busy_since
        resting = not began or self.inbox.idle or self.ended.is_set()
        return 0.0 if resting else time.perf_counter() - began

    @property
    def at_work(self) -> bool:
        """Whether `update` runs just now."""
        return bool(self.busy_seconds) and not self.pulling and self.state.outlet.source is not None

    @property
    def received(self) -> int:
        metrics = self.state.metrics
        return metrics.times.count + metrics.untouched

    @property
    def dropped(self) -> int:
        """Messages that were dropped here on purpose: by a policy, for room, by the node."""
        in_waiting = self._waiting.dropped if self._waiting is not None else 0
        return self.state.metrics.dropped + self.inbox.dropped + in_waiting

    @property
    def lost(self) -> int:
        """Messages that were lost here: not delivered, or left over at the end."""
        if self._given_up is not None:
            return self._given_up
        left = len(self.inbox) if self.ended.is_set() else 0
        return self.state.metrics.lost + self.state.outlet.lost + left

    @property
    def doing(self) -> str | None:
        """What keeps this worker from its end, for a person; None when it only waits for another."""
        state, held = self.state, self.node.held
        if state.outlet.blocked_by:
            return None
        if held or (state.status_text and len(self.inbox)):
            return f"{state.status_text or 'answers are awaited'}; {held + len(self.inbox)} messages wait"
        seconds = self.busy_seconds
        if self.pulling:
            return f"in its source function for {seconds:.1f} s"
        if self.at_work and (message := state.outlet.source) is not None:
            return f"in update() of message {message.id} for {seconds:.1f} s"
        return "in stop()" if self.inbox.closed else None

    @property
    def is_cut_off(self) -> bool:
        return self._given_up is not None

    def cut_off(self) -> None:
        """Give up on a worker that does not end: what it still has is lost, what it still sends reaches nobody."""
        if self.is_cut_off:
            return
        state, at_work = self.state, int(self.at_work)
        state.outlet.disconnect()
        self.inbox.close()
        waiting = len(self._waiting) if self._waiting is not None else 0
        self._given_up = self.lost + self.inbox.clear() + waiting + max(at_work, self.node.held)

    def abandon(self) -> list[Item]:
        """Leave a node that hangs to itself, with the message it is at; all others that wait, for a successor."""
        self._given_up = self.lost + max(int(self.at_work), self.node.held)
        self.state.outlet.disconnect()
        self.inbox.close()
        waiting = self._waiting.take_all() if self._waiting is not None else []
        return [*_items(waiting), *self.inbox.take_all()]

    def clear_buffer(self) -> None:
        """Forget what waits for its batch; counted as dropped. Any thread: it is done on the worker's."""
        if self.thread.is_alive() and threading.current_thread() is not self.thread:
            self.post(self.clear_buffer)
        elif self._waiting is not None:
            forgotten = self._waiting.flush()
            self.state.metrics.dropped += forgotten

    def fail(self, message: Message[Any], error: BaseException) -> None:
        """Count, show, log and keep a message that this node could not handle. Any thread."""
        if self._letters is not None:
            self._letters.write(self.state.name, message, error)
        self._failed(f"message {message.id}", error)

    def _failed(self, what: str, error: BaseException) -> None:
        """Count, show and log a failure; an event for the first, a line in the log for each."""
        state, metrics = self.state, self.state.metrics
        metrics.errors += 1
        summary, trace = _summary(error), "".join(traceback.format_exception(error))
        metrics.last_error = f"{summary}\n{trace[-LONGEST_TRACE:]}"
        state.logger.error("%s failed on %s: %s", state.name, what, summary)
        state.logger.debug("%s", trace)
        if metrics.errors == 1:
            state.note("failed", f"{what}: {summary}")
        if self.on_error == "stop" and self._on_fatal is not None:
            self._on_fatal(self, error)

    # --- on the worker's thread ----------------------------------------------------------------------------------

    def _run(self) -> None:
        """The whole life of the node's thread."""
        try:
            while not self._loop():
                pass
        finally:
            self._finish()

    def _loop(self) -> bool:
        """Mail, messages and the pulled source, until the inbox is closed and empty; False when a successor came.

        Written out flat, and with names for what it needs: every call and every attribute here is paid for once a
        message, and a hop costs about a microsecond in all.
        """
        node, state = self.node, self.state
        outlet, metrics = state.outlet, state.metrics
        take, items, update = self.inbox.take, self.inbox.items, node.update
        clock = time.perf_counter
        times, full = metrics.times.raw, metrics.times.full
        done = 0.0
        self.schedule()
        while True:
            # when messages wait, the end of the last one is the beginning of the next
            backlog = done if items else 0.0
            item = take(None if state.source is None else self._due and self._until_due())
            if item is None:
                item = self._pull()
                backlog = 0.0
            if isinstance(item, tuple):
                message, size, entered = item
                if not size and type(message.payload) is ControlPayload:
                    self._control(message)
                    if self.node is not node:
                        return False
                    continue
                metrics.busy_since = taken = backlog if backlog > entered else clock()
                if self._detours:
                    detoured = self._detour(message)
                    if detoured is None:
                        continue
                    message = detoured
                outlet.source = message
                error = None
                try:
                    update(message)
                except RAISED_BY_AUTHORS as raised:  # the one try
                    error = raised
                    self.fail(message, raised)
                done = clock()
                times += (entered, taken, done, message._born)
                if len(times) >= full:
                    times = metrics.times.fold()
                if self._after is not None:
                    self._after(
                        message, error, round((taken - entered) * 1e9), round((done - taken) * 1e9)
                    )
            elif isinstance(item, End):
                return True
            elif item is not None:
                self._deliver(item)
                done = 0.0
                if self.node is not node:
                    return False

    def _detour(self, message: Message[Any]) -> Message[Any] | None:
        """What can happen to a message before `update`; None when it goes no further."""
        metrics = self.state.metrics
        for tap in self._taps:
            tap(message)
        if self.suspended:
            metrics.untouched += 1
            self.state.outlet.send(message, source=message)
            return None
        if self._waiting is None:
            return message
        try:
            picked = self._waiting.push(message)
        except RAISED_BY_AUTHORS as error:  # next_batch is the author's
            self.fail(message, error)
            picked = []
        if not picked:
            metrics.untouched += 1
            return None
        return self._waiting.batch(picked)

    def schedule(self) -> None:
        """A source was set: pull it at once, or after its first pause."""
        source = self.state.source
        pause = source.interval if source is not None and source.mode == "pre" else 0
        self._due = time.monotonic() + pause if pause else 0.0

    def _until_due(self) -> float:
        """Seconds until the source is pulled next; 0: now."""
        return max(0.0, self._due - time.monotonic())

    def _pull(self) -> Item | None:
        """Call the source once; what it returned, as if it had come through the inbox."""
        source = self.state.source
        if source is None:
            return None
        self.state.metrics.busy_since = born = time.perf_counter()
        pause, message = source.interval, None
        self.pulling = True
        try:
            message = _as_message(source.call())
        except RAISED_BY_AUTHORS as error:
            pause = max(pause, 0.1)  # a source that is broken must not fill the log
            if not (
                self.inbox.closed or self._leaving
            ):  # stop() may well have closed what it reads
                self._failed("its source", error)
        self.pulling = False
        if pause:
            self._due = time.monotonic() + pause
        if message is None:
            return None
        if not message._born and not message._is_frozen:
            message._born = born
        item = (message, 0, time.perf_counter())
        if self.inbox.has_mail:  # first that: it may hold this worker, or bring a successor
            self.inbox.put_back([item])
            return None
        return item

    def _deliver(self, mail: Mail) -> None:
        try:
            mail()
        except RAISED_BY_AUTHORS as error:  # set_on_config is the author's
            self._failed("a control call", error)

    def _control(self, message: Any) -> None:
        """Do what the control signal in the stream of messages says."""
        if isinstance(message, Turn):
            self._deliver(message.call)
            return
        signal = message.payload.signal
        if signal is None:
            return
        if signal < 0:
            self.feeders -= 1
            if self.feeders <= 0:
                self.propagates = signal == ControlSignal.STOP_PROPAGATE
                self.state.source = None
                self.inbox.close()
        elif signal == ControlSignal.SUSPEND:
            self.suspend()
        elif signal == ControlSignal.RESUME:
            self.resume()
        elif signal == ControlSignal.START_PROPAGATE:
            self.state.outlet.send(message)

    def _finish(self) -> None:
        """The end: the author's `stop`, then whoever waits for this worker."""
        state = self.state
        if self._waiting is not None and (left := self._waiting.flush()):
            state.metrics.lost += left
            state.note("lost", f"{left} messages still waited for their batch at the end")
            state.logger.warning(
                "%s: %d messages still waited for their batch at the end", state.name, left
            )
        state.outlet.source = None  # what stop() transmits comes from no message
        self.stop_node()
        state.status = ComponentStatus.STOPPED
        self.ended.set()
        if self._on_end is not None:
            self._on_end(self)


def _items(messages: Sequence[Message[Any]]) -> list[Item]:
    now = time.perf_counter()
    return [(each, int(getattr(each.payload, "size_bytes", 0)), now) for each in messages]


def _summary(error: BaseException) -> str:
    """What and where, on one line: the deepest frame is the author's as a rule."""
    frames = traceback.extract_tb(error.__traceback__)
    where = f" ({frames[-1].filename}:{frames[-1].lineno})" if frames else ""
    return describe(error) + where


def _as_message(made: Any) -> Message[Any] | None:
    """What a source returned; a bare signal as a message. Raises TypeError for anything else."""
    if made is None or isinstance(made, Message):
        return made
    if isinstance(made, ControlSignal):
        return Message(payload=ControlPayload(made))
    raise TypeError(f"a source returns a Message or None, not {type(made).__name__}")
