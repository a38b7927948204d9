"""One node on its thread: what happens to each message, signal, call and failure."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from juturna_core.message import Message
from juturna_core.names import ComponentStatus
from juturna_core.node import Node
from juturna_core.payloads import Batch, BytesPayload, ControlPayload, ControlSignal
from juturna_core.testing import Collector, Forward
from juturna_core.worker import Worker
from tests.runtime import DEADLINE, eager_switches, eventually, threads


class Ends:
    """What a pipeline is for its workers: learns of ends and fatal failures."""

    def __init__(self) -> None:
        self.ended: list[Worker] = []
        self.fatal: list[BaseException] = []

    def on_end(self, worker: Worker) -> None:
        self.ended.append(worker)

    def on_fatal(self, _: Worker, error: BaseException) -> None:
        self.fatal.append(error)


class Letters:
    def __init__(self) -> None:
        self.written: list[tuple[str, Message[Any], BaseException]] = []

    def write(self, node: str, message: Message[Any], error: BaseException) -> None:
        self.written.append((node, message, error))


def sink_of(node: Node[Any, Any]) -> list[Message[Any]]:
    """What `node` transmits, in a list."""
    messages: list[Message[Any]] = []

    class Shelf:
        def put(self, message: Message[Any]) -> None:
            messages.append(message)

    node.add_destination("shelf", Shelf())
    return messages


def finish(worker: Worker) -> None:
    """Let the worker do what waits, and end."""
    worker.end()
    assert worker.ended.wait(DEADLINE), "the worker does not end"
    worker.thread.join(DEADLINE)


def run(node: Node[Any, Any], *messages: Any, **how: Any) -> Worker:
    """Run `node` on what is put into it, to its end."""
    for message in messages:
        node.put(message)
    worker = Worker(node, **how)
    worker.start()
    finish(worker)
    return worker


def counts(worker: Worker) -> tuple[int, int]:
    """Received and failed."""
    metrics = worker.state.metrics
    return metrics.times.snapshot()[0].count + metrics.untouched, metrics.errors


# --- update ----------------------------------------------------------------------------------------------------------


def test_the_worker_works_on_a_thread_named_after_pipeline_and_node() -> None:
    names: list[str] = []

    class Asks(Node[Any, Any]):
        def update(self, message: Message[Any]) -> None:
            names.append(threading.current_thread().name)

    run(Asks(node_name="n", pipe_name="p"), Message())
    assert names == ["p.n"]


class Fussy(Collector):
    """Raises on odd versions."""

    error: BaseException = ValueError("odd")

    def update(self, message: Message[Any]) -> None:
        if message.version % 2:
            raise self.error
        super().update(message)


@pytest.mark.parametrize(
    "error", [ValueError("odd"), SystemExit(3), MemoryError(), StopIteration()]
)
def test_a_message_on_which_update_raises_harms_no_other(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(Fussy, "error", error)
    letters = Letters()
    messages = [Message[Any](version=version) for version in range(5)]
    node = Fussy(node_name="fussy")
    with caplog.at_level(logging.ERROR, "jt"):
        worker = run(node, *messages, letters=letters)
    assert node.versions == [0, 2, 4]
    assert counts(worker) == (5, 2)
    assert letters.written == [("fussy", messages[1], error), ("fussy", messages[3], error)]
    assert type(error).__name__ in worker.state.metrics.last_error
    assert __file__ in worker.state.metrics.last_error
    assert f"fussy failed on message {messages[1].id}" in caplog.text


def test_an_error_that_cannot_even_be_printed_harms_no_other(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Mute(Exception):
        def __str__(self) -> str:
            raise AttributeError("there is no text")

    monkeypatch.setattr(Fussy, "error", Mute())
    node = Fussy()
    worker = run(node, *(Message(version=version) for version in range(3)))
    assert node.versions == [0, 2]
    assert "Mute" in worker.state.metrics.last_error


def test_on_error_stop_says_so_at_the_first_failure() -> None:
    ends = Ends()
    run(Fussy(), Message(version=1), on_error="stop", on_fatal=ends.on_fatal, on_end=ends.on_end)
    assert ends.fatal == [Fussy.error]
    assert len(ends.ended) == 1


def test_on_error_skip_goes_on() -> None:
    ends = Ends()
    run(Fussy(), Message(version=1), on_error="skip", on_fatal=ends.on_fatal)
    assert ends.fatal == []


def test_an_event_tells_the_first_failure_and_the_log_all(caplog: pytest.LogCaptureFixture) -> None:
    node = Fussy(node_name="fussy")
    events: list[tuple[str, str]] = []
    node._juturna.publish = lambda kind, text: events.append((kind, text))
    with caplog.at_level(logging.ERROR, "jt"):
        run(node, *(Message(version=1) for _ in range(3)))
    assert [kind for kind, _ in events] == ["failed"]
    assert len(caplog.records) == 3


def test_what_comes_after_each_message_is_called_with_its_error() -> None:
    calls: list[tuple[int, BaseException | None, bool]] = []

    def after(message: Message[Any], error: BaseException | None, queue: int, update: int) -> None:
        calls.append((message.version, error, queue >= 0 and update >= 0))

    run(Fussy(), Message(version=0), Message(version=1), after=after)
    assert calls == [(0, None, True), (1, Fussy.error, True)]


def test_what_update_transmits_bears_the_id_and_age_of_what_it_got() -> None:
    class Answers(Node[Any, Any]):
        def update(self, message: Message[Any]) -> None:
            self.transmit(Message(version=message.version))

    node = Answers()
    sent = sink_of(node)
    messages = [Message[Any](version=version) for version in range(3)]
    run(node, *messages)
    assert [each._data_source_id for each in sent] == [each.id for each in messages]
    assert [each._born for each in sent] == [each._born for each in messages]
    assert all(each._born for each in sent)


def test_times_are_never_negative_even_behind_messages_that_did_not_reach_update() -> None:
    """The end of one message is the beginning of the next only if that had come by then."""

    class Pairs(Collector):
        def next_batch(self, waiting: Any) -> dict[Any, list[int]]:
            return {"test": [0, 1]} if len(waiting["test"]) == 2 else {}

    node = Pairs()
    worker = Worker(node)
    third_is_in, fourth_is_in = threading.Event(), threading.Event()

    def tap(message: Message[Any]) -> None:
        if message.version == 2:
            third_is_in.set()
            assert fourth_is_in.wait(DEADLINE)

    worker.add_tap(tap)
    worker.start()
    for version in range(3):
        node.put(Message("test", version))
    assert third_is_in.wait(DEADLINE)
    node.put(Message("test", 3))
    fourth_is_in.set()
    finish(worker)
    raw = worker.state.metrics.times.raw
    rows = [raw[place : place + 4] for place in range(0, len(raw), 4)]
    assert len(rows) == 2
    assert all(entered <= taken <= done for entered, taken, done, _ in rows)


# --- signals and calls -----------------------------------------------------------------------------------------------


def signal(which: ControlSignal) -> Message[Any]:
    return Message(payload=ControlPayload(which))


@pytest.mark.parametrize("which", [ControlSignal.STOP, ControlSignal.STOP_PROPAGATE])
def test_a_negative_signal_ends_the_node_behind_what_came_before_it(which: ControlSignal) -> None:
    ends, node = Ends(), Collector()
    node.put(Message(version=0))
    node.put(which)
    node.put(Message(version=1))
    worker = Worker(node, on_end=ends.on_end)
    worker.start()
    assert worker.ended.wait(DEADLINE)
    worker.thread.join(DEADLINE)
    assert node.versions[0] == 0
    assert ends.ended == [worker]
    assert worker.propagates == (which == ControlSignal.STOP_PROPAGATE)
    assert counts(worker) == (len(node.versions), 0), "signals are no messages"


def test_with_several_feeders_the_last_ones_signal_ends_the_node() -> None:
    node = Collector()
    worker = Worker(node)
    worker.feeders = 3
    worker.start()
    node.put(ControlSignal.STOP)
    node.put(ControlSignal.STOP_PROPAGATE)
    node.put(Message(version=1))
    eventually(lambda: node.versions == [1])
    assert not worker.ended.is_set()
    node.put(ControlSignal.STOP_PROPAGATE)
    assert worker.ended.wait(DEADLINE)


def test_a_suspended_node_passes_messages_on_untouched_until_it_is_resumed() -> None:
    class Shouts(Node[Any, Any]):
        def update(self, message: Message[Any]) -> None:
            self.transmit(Message(version=message.version + 100))

    node = Shouts()
    sent = sink_of(node)
    passed = Message[Any](version=1)
    worker = run(
        node,
        Message(version=0),
        ControlSignal.SUSPEND,
        passed,
        signal(ControlSignal.RESUME),
        Message(version=2),
    )
    assert [each.version for each in sent] == [100, 1, 102]
    assert sent[1] is passed
    assert counts(worker) == (3, 0)


@pytest.mark.parametrize("which", [ControlSignal.START, ControlSignal.WARMUP])
def test_signals_that_ask_for_what_has_happened_change_nothing(which: ControlSignal) -> None:
    node = Collector()
    run(node, which, Message(version=1))
    assert node.versions == [1]


def test_start_propagate_is_sent_on() -> None:
    node = Collector()
    sent = sink_of(node)
    run(node, ControlSignal.START_PROPAGATE)
    assert [each.payload.signal for each in sent] == [ControlSignal.START_PROPAGATE]


def test_a_control_payload_without_a_signal_does_nothing() -> None:
    node = Collector()
    run(node, Message(payload=ControlPayload(None)), Message(version=1))  # type: ignore[arg-type]
    assert node.versions == [1]


def test_mail_runs_on_the_nodes_thread_before_the_next_message_and_may_raise() -> None:
    node = Collector()
    seen: list[tuple[str, int]] = []
    node.put(Message(version=0))
    worker = Worker(node)

    def raises() -> None:
        raise RuntimeError("no such property")

    worker.post(lambda: seen.append((threading.current_thread().name, len(node.messages))))
    worker.post(raises)
    worker.start()
    finish(worker)
    assert seen == [(worker.thread.name, 0)]
    assert node.versions == [0]
    assert counts(worker) == (1, 1)
    assert "no such property" in worker.state.metrics.last_error


def test_taps_see_each_message_that_arrives() -> None:
    node, seen = Collector(), list[Message[Any]]()
    messages = [Message[Any](version=version) for version in range(3)]
    for message in messages:
        node.put(message)
    worker = Worker(node)
    worker.add_tap(seen.append)
    worker.start()
    finish(worker)
    assert seen == messages == node.messages


# --- the source ------------------------------------------------------------------------------------------------------


class Pulled(Forward):
    """A source that returns what it is given, raising what is an exception, and then ends."""

    def __init__(self, *made: Any, by: float = 0, mode: Any = "post", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._made: Iterator[Any] = iter(made)
        self.calls = 0
        self.set_source(self._call, by=by, mode=mode)

    def _call(self) -> Any:
        self.calls += 1
        made = next(self._made, ControlSignal.STOP_PROPAGATE)
        if isinstance(made, BaseException):
            raise made
        return made


def run_source(node: Pulled) -> tuple[list[Message[Any]], Worker]:
    """What it sent until it ended by itself."""
    sent = sink_of(node)
    worker = Worker(node)
    worker.start()
    assert worker.ended.wait(DEADLINE)
    worker.thread.join(DEADLINE)
    return sent, worker


def test_what_the_source_returns_goes_to_update_until_it_returns_a_negative_signal() -> None:
    messages = [Message[Any](version=version) for version in range(3)]
    sent, worker = run_source(Pulled(*messages, signal(ControlSignal.STOP)))
    assert sent == messages
    assert counts(worker) == (3, 0)
    assert not worker.propagates


def test_none_from_the_source_is_no_message() -> None:
    message: Message[Any] = Message()
    sent, worker = run_source(Pulled(None, message, None))
    assert sent == [message]
    assert counts(worker) == (1, 0)


def test_a_source_that_returns_no_message_is_told_so_and_pulled_again() -> None:
    message: Message[Any] = Message()
    sent, worker = run_source(Pulled("text", message))
    assert sent == [message]
    assert counts(worker) == (1, 1)
    assert "returns a Message or None, not str" in worker.state.metrics.last_error


@pytest.mark.parametrize("error", [OSError("gone"), SystemExit()])
def test_a_source_that_raises_is_counted_and_pulled_again(error: BaseException) -> None:
    message: Message[Any] = Message()
    sent, worker = run_source(Pulled(error, message))
    assert sent == [message]
    assert counts(worker) == (1, 1)
    assert type(error).__name__ in worker.state.metrics.last_error


def test_in_mode_post_the_first_call_comes_at_once() -> None:
    node = Pulled(Message(), by=3600)
    sent = sink_of(node)
    worker = Worker(node)
    worker.start()
    eventually(lambda: sent)
    finish(worker)
    assert node.calls == 1


def test_in_mode_pre_the_pause_comes_before_the_first_call() -> None:
    node = Pulled(Message(), by=3600, mode="pre")
    worker = Worker(node)
    worker.start()
    eventually(lambda: worker.inbox.idle)
    finish(worker)
    assert node.calls == 0


def test_a_source_that_pauses_still_takes_mail_and_messages() -> None:
    node = Pulled(by=3600, mode="pre")
    sent, read = sink_of(node), threading.Event()
    worker = Worker(node)
    worker.start()
    eventually(lambda: worker.inbox.idle)
    worker.post(read.set)
    assert read.wait(DEADLINE)
    node.put(Message(version=8))
    finish(worker)
    assert [each.version for each in sent] == [8]


def test_a_source_can_be_cleared_from_within() -> None:
    class Once(Pulled):
        def update(self, message: Message[Any]) -> None:
            super().update(message)
            self.clear_source()

    node = Once(Message(version=0), Message(version=1))
    sent = sink_of(node)
    worker = Worker(node)
    worker.start()
    eventually(lambda: worker.inbox.idle)
    finish(worker)
    assert [each.version for each in sent] == [0]


def test_the_age_counts_from_before_the_source_was_called() -> None:
    before = time.perf_counter()
    sent, _ = run_source(Pulled(Message()))
    assert before <= sent[0]._born <= time.perf_counter()
    assert sent[0]._data_source_id == sent[0].id


def test_a_suspended_source_passes_its_messages_on_untouched() -> None:
    class Shouts(Pulled):
        def update(self, message: Message[Any]) -> None:
            self.transmit(Message(version=message.version + 100))

    sent, _ = run_source(
        Shouts(
            Message(version=0),
            ControlSignal.SUSPEND,
            Message(version=1),
            ControlSignal.RESUME,
            Message(version=2),
        )
    )
    assert [each.version for each in sent] == [100, 1, 102]


def test_what_a_source_raises_because_it_was_stopped_is_no_error() -> None:
    """An author's stop() closes what a blocked source reads from, which makes the read raise."""
    reading, closed = threading.Event(), threading.Event()

    class Reads(Node[Any, Any]):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.set_source(self.read)

        def read(self) -> None:
            reading.set()
            closed.wait(DEADLINE)
            raise OSError("read from a closed socket")

        def stop(self) -> None:
            super().stop()
            closed.set()

    worker = Worker(node := Reads(), on_end=lambda _: None)
    worker.start()
    assert reading.wait(DEADLINE)
    worker.end()
    node.stop()
    worker.thread.join(DEADLINE)
    assert worker.ended.is_set()
    assert counts(worker) == (0, 0)


# --- batches ---------------------------------------------------------------------------------------------------------


class Batches(Collector):
    """Takes one of `a` with one of `b`; one of `c` alone."""

    def next_batch(self, waiting: Any) -> dict[Any, list[int]]:
        if waiting.get("c"):
            return {"c": [0]}
        return {"a": [0], "b": [0]} if waiting.get("a") and waiting.get("b") else {}


def test_next_batch_makes_one_message_of_several_and_leaves_one_alone() -> None:
    node = Batches(node_name="n")
    a, b, c = (Message[Any](creator) for creator in "abc")
    worker = run(node, a, c, b)
    assert node.messages[0] is c
    assert node.messages[1].payload == Batch((a, b))
    assert node.messages[1].creator == "n_sync"
    assert counts(worker) == (3, 0)
    assert worker.lost == 0


def test_what_still_waits_for_its_batch_at_the_end_is_lost_and_said() -> None:
    node = Batches(node_name="n")
    events: list[tuple[str, str]] = []
    node._juturna.publish = lambda kind, text: events.append((kind, text))
    worker = run(node, Message("a"), Message("a"), Message("b"))
    assert worker.lost == 1
    assert events == [("lost", "1 messages still waited for their batch at the end")]


def test_clear_buffer_forgets_what_waits_and_counts_it_as_dropped() -> None:
    node = Batches()
    worker = Worker(node)
    node.put(Message("a"))
    worker.start()
    eventually(lambda: worker.state.metrics.untouched == 1)
    worker.post(node.clear_buffer)
    finish(worker)
    assert (worker.dropped, worker.lost) == (1, 0)


def test_a_policy_that_raises_is_counted_and_no_message_vanishes() -> None:
    class Raises(Collector):
        def next_batch(self, waiting: Any) -> dict[Any, list[int]]:
            raise RuntimeError("no policy")

    node = Raises()
    node._juturna.inbox.configure(3, 1000, "block")
    worker = Worker(node)
    worker.start()
    for _ in range(10):
        node.put(Message("a"))
    finish(worker)
    assert counts(worker) == (10, 10)
    assert worker.dropped + worker.lost == 10


def test_a_policy_that_never_takes_is_bounded_by_the_inboxes_capacity() -> None:
    class Never(Collector):
        def next_batch(self, waiting: Any) -> dict[Any, list[int]]:
            return {}

    node = Never()
    node._juturna.inbox.configure(3, 1000, "block")
    worker = Worker(node)
    worker.start()
    for _ in range(10):
        node.put(Message("a"))
    finish(worker)
    assert (worker.dropped, worker.lost) == (7, 3)


def test_the_age_of_a_batch_is_that_of_its_oldest_message() -> None:
    class Answers(Batches):
        def update(self, message: Message[Any]) -> None:
            self.transmit(Message())

    node = Answers()
    sent = sink_of(node)
    a, b = Message[Any]("a"), Message[Any]("b")
    a._born, b._born = 200.0, 100.0
    run(node, a, b)
    assert sent[0]._born == 100.0


# --- the end ---------------------------------------------------------------------------------------------------------


def test_stop_runs_once_on_the_nodes_thread_and_what_it_transmits_arrives() -> None:
    stopped: list[str] = []

    class Says(Collector):
        def stop(self) -> None:
            stopped.append(threading.current_thread().name)
            self.transmit(Message(version=len(self.messages)))
            super().stop()

    node = Says(node_name="n", pipe_name="p")
    sent = sink_of(node)
    ends = Ends()
    run(node, Message(), Message(), on_end=ends.on_end)
    assert stopped == ["p.n"]
    assert [each.version for each in sent] == [2]
    assert len(ends.ended) == 1


def test_what_stop_transmits_claims_to_come_from_no_message() -> None:
    class Says(Forward):
        def stop(self) -> None:
            self.transmit(Message())
            super().stop()

    node = Says()
    sent = sink_of(node)
    run(node, Message(), on_end=lambda _: None)
    assert sent[1]._data_source_id is None


def test_stop_called_from_update_ends_the_node_and_is_not_called_again() -> None:
    class Quits(Collector):
        stops = 0

        def update(self, message: Message[Any]) -> None:
            super().update(message)
            self.stop()

        def stop(self) -> None:
            self.stops += 1
            super().stop()

    node = Quits()
    worker = Worker(node)
    worker.start()
    node.put(Message())
    assert worker.ended.wait(DEADLINE)
    worker.thread.join(DEADLINE)
    assert (node.stops, len(node.messages), node.status) == (1, 1, ComponentStatus.STOPPED)


@pytest.mark.parametrize("error", [RuntimeError("cannot stop"), SystemExit()])
def test_a_stop_that_raises_is_counted_and_the_end_comes_all_the_same(error: BaseException) -> None:
    class Raises(Collector):
        def stop(self) -> None:
            raise error

    ends = Ends()
    worker = run(Raises(), on_end=ends.on_end)
    assert ends.ended == [worker]
    assert counts(worker) == (0, 1)


def test_a_stop_that_never_calls_its_super_ends_the_node_too() -> None:
    class Forgets(Collector):
        def stop(self) -> None:
            pass

    assert run(Forgets()).state.status == ComponentStatus.STOPPED


def test_a_node_that_hangs_in_stop_is_said_to_and_loses_no_message_by_it() -> None:
    stopping, free = threading.Event(), threading.Event()

    class Hangs(Collector):
        def stop(self) -> None:
            stopping.set()
            free.wait(DEADLINE)
            super().stop()

    node = Hangs()
    worker = Worker(node, on_end=lambda _: None)
    worker.start()
    node.put(Message())
    worker.end()
    try:
        assert stopping.wait(DEADLINE)
        assert worker.doing == "in stop()"
        worker.cut_off()
        assert worker.lost == 0
    finally:
        free.set()
    worker.thread.join(DEADLINE)


def test_a_node_that_is_cut_off_loses_what_it_works_on_and_what_waits() -> None:
    working, free = threading.Event(), threading.Event()

    class Hangs(Collector):
        def update(self, message: Message[Any]) -> None:
            working.set()
            free.wait(DEADLINE)

    node = Hangs()
    message: Message[Any] = Message()
    for each in (message, Message(), Message()):
        node.put(each)
    worker = Worker(node, on_end=lambda _: None)
    worker.start()
    try:
        assert working.wait(DEADLINE)
        assert f"in update() of message {message.id}" in (worker.doing or "")
        worker.cut_off()
        assert worker.lost == 3
    finally:
        free.set()
    worker.thread.join(DEADLINE)
    assert worker.ended.is_set(), "once it can, it ends"
    assert worker.lost == 3


def test_outside_a_pipeline_stop_frees_a_blocked_source_whatever_it_does_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """`super().stop()` waits for the source, which only what comes after it can free: not for ever."""
    monkeypatch.setenv("JUTURNA_THREAD_JOIN_TIMEOUT", "0.01")
    closed = threading.Event()

    class Reads(Node[Any, Any]):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.set_source(lambda: closed.wait(DEADLINE) and None)

        def stop(self) -> None:
            super().stop()
            closed.set()

    node = Reads()
    node.start()
    node.stop()
    assert node._juturna.worker is not None
    assert node._juturna.worker.ended.wait(DEADLINE)


def test_a_worker_that_waits_is_not_busy() -> None:
    node = Collector()
    worker = Worker(node)
    worker.start()
    node.put(Message(payload=BytesPayload(b"abc")))
    eventually(lambda: node.messages and worker.inbox.idle)
    assert (worker.busy_seconds, worker.doing) == (0, None)
    finish(worker)
    assert worker.busy_seconds == 0


def test_a_node_of_the_runtime_can_fail_drop_and_hold_messages_itself() -> None:
    """What nodes that answer later use: they count as if their update had raised."""
    node, letters = Collector(node_name="n"), Letters()
    worker = Worker(node, letters=letters)
    worker.start()
    message, error = Message[Any](), TimeoutError("no answer")
    node._juturna.fail(message, error)
    node._juturna.drop(3)
    node._juturna.hold_input(True)
    node.put(Message(version=1))
    read = threading.Event()
    worker.post(read.set)
    assert read.wait(DEADLINE), "control still runs"
    assert node.versions == []
    node._juturna.hold_input(False)
    finish(worker)
    assert node.versions == [1]
    assert (worker.dropped, worker.state.metrics.errors) == (3, 1)
    assert letters.written == [("n", message, error)]


def test_failures_from_many_threads_are_all_counted() -> None:
    node = Collector()
    logging.getLogger("jt").setLevel(logging.CRITICAL)
    worker = Worker(node)

    def fail() -> None:
        for _ in range(200):
            node._juturna.fail(Message(), ValueError())
            node._juturna.drop()

    with eager_switches(), threads(*[fail] * 4):
        pass
    assert (worker.state.metrics.errors, worker.dropped) == (800, 800)
