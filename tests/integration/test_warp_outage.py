"""Remotes that are down, die, freeze and come back: what the node says, and that nothing is lost or done twice."""

from __future__ import annotations

import logging
import signal
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from juturna_core.message import Message
from juturna_core.node import Node
from tests.remotes import RemoteProcess, Rig, free_port, within
from tests.runtime import eventually


@pytest.fixture(params=["any", "none"], ids=["lane", "stream alone"])
def remote(request: pytest.FixtureRequest) -> Iterator[RemoteProcess]:
    """With a fast lane and without: nobody may see a difference."""
    with RemoteProcess(*(("--lane-port", "none") if request.param == "none" else ())) as process:
        yield process


def numbered(count: int, first: int = 0, **meta: Any) -> Iterator[Message[Any]]:
    for version in range(first, first + count):
        message: Message[Any] = Message("s", version)
        message.meta = meta
        yield message


class Stream:
    """Sends numbered messages until told to end, as fast as they are taken."""

    def __init__(self, rig: Rig, **meta: Any) -> None:
        self.sent = 0
        self._rig = rig
        self._meta = meta
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        while not self._ending.is_set():
            self._rig.send(*numbered(1, self.sent, **self._meta))
            self.sent += 1

    def pause(self) -> None:
        """Let it get on for a moment."""
        self._thread.join(0.01)

    def end(self) -> int:
        """How many were sent in all."""
        self._ending.set()
        self._thread.join()
        return self.sent


def test_a_remote_that_is_not_there_is_named_once_and_waited_for(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Starting does not fail; messages are held; the traffic begins within two seconds of the remote's start."""
    logging.getLogger("jt").propagate = True
    remote = RemoteProcess()
    with Rig(remote.port) as rig:
        with within(2):
            said = rig.event("disconnected")
        assert f"127.0.0.1:{remote.port} is not there (connection refused)" in said.text
        rig.send(*numbered(5))
        assert "messages wait" in rig.node._juturna.status_text
        with remote:
            with within(2):
                rig.event("connected")
            assert [m.version for m in rig.receive(5)] == list(range(5))
            assert rig.node._juturna.status_text == ""
        lines = [
            record.message for record in caplog.records if "connection refused" in record.message
        ]
        assert len(lines) == 1
        assert "juturna remotize" in lines[0]


def test_a_killed_remote_under_load_loses_nothing_and_repeats_nothing(
    remote: RemoteProcess,
) -> None:
    """CASES 21: sent == received, in order, none twice, however often it dies."""
    with Rig(remote.port) as rig:
        stream = Stream(rig, copies=2)
        try:
            for _ in range(3):
                target = len(rig.outputs) + 300
                rig.until(lambda least=target: len(rig.outputs) >= least, "traffic")  # type: ignore[misc]
                last = rig.events.since()[0][-1].number
                remote.kill()
                with within(2):
                    rig.event("disconnected", after=last)
                remote.start()
                with within(2):
                    rig.event("connected", after=last)
        finally:
            sent = stream.end()
        outputs = rig.receive(2 * sent)
        assert [(m.version, m.meta["copy"]) for m in outputs] == [
            (v, c) for v in range(sent) for c in (0, 1)
        ]
        rig.stop()
        assert len(rig.outputs) == 2 * sent
        assert rig.failures == []


def test_a_frozen_remote_is_noticed_and_nothing_is_computed_twice(remote: RemoteProcess) -> None:
    """CASES 13."""
    with Rig(remote.port) as rig:
        stream = Stream(rig)
        try:
            for _ in range(2):
                target = len(rig.outputs) + 300
                rig.until(lambda least=target: len(rig.outputs) >= least, "traffic")  # type: ignore[misc]
                last = rig.events.since()[0][-1].number
                remote.freeze()
                with within(2):
                    said = rig.event("disconnected", after=last)
                assert "does not answer" in said.text
                remote.thaw()
                with within(2):
                    rig.event("connected", after=last)
        finally:
            sent = stream.end()
        outputs = rig.receive(sent)
        assert [m.version for m in outputs] == list(range(sent))
        assert {m.meta["times"] for m in outputs} == {1}
        assert rig.failures == []


def test_a_remote_that_is_frozen_from_the_start_is_noticed(remote: RemoteProcess) -> None:
    remote.freeze()
    with Rig(remote.port) as rig:
        with within(2):
            said = rig.event("disconnected")
        assert "does not answer" in said.text
        rig.send(*numbered(3))
        remote.thaw()
        with within(2):
            rig.event("connected")
        assert [m.version for m in rig.receive(3)] == [0, 1, 2]


def test_a_node_that_keeps_python_to_itself_is_not_taken_for_frozen_for_good(
    remote: RemoteProcess,
) -> None:
    """A long call into C that never lets go: whatever the pings say, the message is computed once and answered."""
    with Rig(remote.port) as rig:
        rig.event("connected")
        rig.send(*numbered(1, hog=150_000_000), *numbered(3, 1))
        outputs = rig.receive(4)
        assert [m.version for m in outputs] == [0, 1, 2, 3]
        assert {m.meta["times"] for m in outputs} == {1}
        assert rig.failures == []


def test_a_remote_that_is_asked_to_end_finishes_what_it_took_and_leaves_the_rest(
    remote: RemoteProcess,
) -> None:
    with Rig(remote.port) as rig:
        stream = Stream(rig, sleep=0.002)
        rig.receive(100)
        remote.signal(signal.SIGTERM)
        assert remote.wait() == 0
        remote.start()
        rig.receive(200)
        sent = stream.end()
        outputs = rig.receive(sent)
        assert [m.version for m in outputs] == list(range(sent))
        rig.stop()
        assert len(rig.outputs) == sent


def test_what_waits_for_a_remote_is_bounded_and_then_the_feeders_wait() -> None:
    with Rig(free_port()) as rig:
        rig.node._juturna.inbox.configure(10, 1 << 20, "block")
        stream = Stream(rig)
        rig.event("disconnected")
        with within(2):
            while rig.node.held < 32 or not rig.node._juturna.inbox.blocked_since:
                stream.pause()
        assert rig.node.held == 32
        rig.node._juturna.inbox.close()
        stream.end()


def test_stop_ends_when_the_node_is_destroyed_though_its_remote_is_down() -> None:
    """CASES 37: the pipeline's grace is the only bound, and what was not answered is counted as held."""
    with Rig(free_port()) as rig:
        rig.event("disconnected")
        rig.send(*numbered(3))
        worker = rig.node._juturna.worker
        assert worker is not None
        worker.end()
        eventually(lambda: rig.node.held == 3)
        assert not worker.ended.wait(0.3)
        with within(2):
            rig.node.destroy()
            assert worker.ended.wait(2)


# --- on_failure ------------------------------------------------------------------------------------------------------


class Here(Node[Any, Any]):
    """The node, running in the pipeline's own process."""

    def update(self, message: Message[Any]) -> None:
        if message.version == 13:
            raise ValueError("thirteen")
        answer: Message[Any] = Message("here", message.version)
        self.transmit(answer)


def test_on_failure_local_does_the_work_here_until_the_remote_is_back(
    remote: RemoteProcess,
) -> None:
    built = []

    def local() -> Node[Any, Any]:
        built.append(Here(node_name="1_pass", pipe_name="test"))
        return built[-1]

    with Rig(remote.port, on_failure="local", local=local) as rig:
        stream = Stream(rig)
        try:
            for _ in range(2):
                target = len(rig.outputs) + 200
                rig.until(lambda least=target: len(rig.outputs) >= least, "traffic")  # type: ignore[misc]
                last = rig.events.since()[0][-1].number
                remote.kill()
                rig.event("disconnected", after=last)
                target = len(rig.outputs) + 200
                rig.until(lambda least=target: len(rig.outputs) >= least, "traffic")  # type: ignore[misc]
                assert rig.outputs[-1].creator == "here"
                remote.start()
                rig.event("connected", after=last)
        finally:
            sent = stream.end()
        outputs = rig.receive(sent - len(rig.failures))
        failed = [message.version for message, _ in rig.failures]
        assert set(failed) <= {13}
        assert [m.version for m in outputs] == [v for v in range(sent) if v not in failed]
        assert {m.creator for m in outputs} == {"here", "1_pass"}
        assert len(built) == 1
        rig.stop()
        assert len(rig.outputs) == sent - len(failed)


def test_on_failure_local_serves_a_pipeline_whose_remote_never_comes() -> None:
    with Rig(
        free_port(), on_failure="local", local=lambda: Here(node_name="1_pass", pipe_name="test")
    ) as rig:
        rig.send(*numbered(20))
        assert [m.version for m in rig.receive(19)] == [v for v in range(20) if v != 13]
        ((message, error),) = rig.fail(1)
        assert (message.version, str(error)) == (13, "thirteen")
        rig.stop()


def test_on_failure_drop_counts_what_it_drops() -> None:
    with Rig(free_port(), on_failure="drop") as rig:
        rig.event("disconnected")
        rig.send(*numbered(20))
        rig.stop()
        assert rig.node._juturna.metrics.dropped == 20
        assert rig.outputs == []
