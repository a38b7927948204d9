"""The websocket sink against real servers on loopback: every row of case W, and what it promises beyond."""

import contextlib
import itertools
import json
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.server import ServerProtocol
from websockets.sync.server import Server, ServerConnection, serve

from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.nodes.sink._notifier_websocket.notifier_websocket import NotifierWebsocket
from juturna_core.settings import Settings
from juturna_core.testing import Numbers, Shelf, TestPipeline, chain, running

TLS = Path(__file__).parent.parent / "data" / "tls"
SERVER = Path(__file__).parent.parent / "websocket_server.py"
QUICK = {"backoff": 0.01, "backoff_max": 0.05}


class Dressed(Node[Any, Any]):
    """Makes a message that has everything: meta, a timer, a creation time of its own."""

    def update(self, message: Message[Any]) -> None:
        made: Message[Any] = Message("dresser", message.version, message.payload)
        made.meta["colour"] = "red"
        made.timer("asr", 0.5)
        made.created_at = 1234.5
        self.transmit(made)


class Sizes(Numbers):
    """Messages 0, 1, 2, … of which number 2 is large."""

    def update(self, message: Message[Any]) -> None:
        if message.version == 2:
            message.payload = type(message.payload)(bytes(100_000))
        self.transmit(message)


SHELF = Shelf(Numbers, Dressed, Sizes, NotifierWebsocket)

Handler = Callable[["Receiver", ServerConnection], None]


class Receiver:
    """What a server has received, in order, over all its connections."""

    def __init__(self, handler: Handler | None) -> None:
        self.messages: list[dict[str, Any]] = []
        self.connections = 0
        self._handler = handler
        self._changed = threading.Condition()
        self.url = ""

    @property
    def versions(self) -> list[int]:
        return [message["version"] for message in self.messages]

    def handle(self, connection: ServerConnection) -> None:
        with self._changed:
            self.connections += 1
            self._changed.notify_all()
        if self._handler is None:
            for text in connection:
                self.keep(text)
        else:
            self._handler(self, connection)

    def keep(self, text: str | bytes) -> None:
        with self._changed:
            self.messages.append(json.loads(text))
            self._changed.notify_all()

    def wait(self, enough: Callable[[], bool], seconds: float = 20) -> None:
        with self._changed:
            assert self._changed.wait_for(enough, seconds), f"got {self.versions}"

    def wait_received(self, count: int) -> None:
        self.wait(lambda: len(self.messages) >= count)


@contextmanager
def receiving(
    handler: Handler | None = None, *, port: int = 0, **options: Any
) -> Iterator[Receiver]:
    """A server on `port` (0: a free one) that keeps what it gets; `handler` may do something else."""
    receiver = Receiver(handler)
    options = {"max_size": None, "close_timeout": 1, **options}
    with serve(receiver.handle, "127.0.0.1", port, **options) as server:
        scheme = "wss" if "ssl" in options else "ws"
        receiver.url = f"{scheme}://127.0.0.1:{server.socket.getsockname()[1]}"
        with serving(server):
            yield receiver


@contextmanager
def serving(server: Server) -> Iterator[None]:
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()


@contextmanager
def scripted(*script: Callable[[socket.socket, ServerProtocol], None]) -> Iterator[str]:
    """A server whose n-th connection is served by the n-th of `script`, frame by frame; then it takes no more."""
    listener = socket.create_server(("127.0.0.1", 0))

    def work() -> None:
        for each in script:
            with contextlib.suppress(OSError):  # closed at the end of the test
                client, _ = listener.accept()
                client.settimeout(30)  # a test that fails must not hang in here
                with client:
                    protocol = ServerProtocol(max_size=None)
                    while not (events := protocol.events_received()):
                        protocol.receive_data(client.recv(65536))
                    protocol.send_response(protocol.accept(events[0]))  # type: ignore[arg-type]
                    client.sendall(b"".join(protocol.data_to_send()))
                    each(client, protocol)

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield f"ws://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        listener.shutdown(socket.SHUT_RDWR)
        listener.close()
        thread.join()


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


def sending(
    url: str,
    *,
    count: int = 10,
    source: dict[str, Any] | None = None,
    grace: float = 5.0,
    **arguments: Any,
) -> contextlib.AbstractContextManager[TestPipeline]:
    """A running pipeline of a source of `count` numbers and the sink `k`."""
    sink = {
        "name": "k",
        "type": "sink",
        "mark": "notifierwebsocket",
        "configuration": {"endpoint": url, **QUICK, **arguments},
    }
    numbers = {"name": "s", "type": "source", "mark": "numbers", "configuration": {"count": count}}
    return running(SHELF, *chain({**numbers, **(source or {})}, sink), grace=grace)


def event(pipeline: TestPipeline, kind: str, after: int = 0) -> str:
    """The text of the sink's first event of `kind`."""
    return pipeline.events.wait(kind, node="k", after=after, timeout=20).text


def assert_complete(versions: list[int], count: int, *, repeats: int) -> None:
    """All of `count` numbers, in order but where at most `repeats` times some come again: at least once."""
    assert sorted(set(versions)) == list(range(count))
    back = [b - a for a, b in itertools.pairwise(versions) if b != a + 1]
    assert len(back) <= repeats
    assert all(step <= 0 for step in back)


# --- what is sent ------------------------------------------------------------------------------------------------


def test_a_message_arrives_as_its_own_json_with_the_pipeline_id_added() -> None:
    dresser = {"name": "d", "mark": "dressed"}
    source = {
        "name": "s",
        "type": "source",
        "mark": "numbers",
        "configuration": {"count": 1, "size": 2},
    }
    with receiving() as server:
        sink = {"name": "k", "mark": "notifierwebsocket", "configuration": {"endpoint": server.url}}
        with running(SHELF, *chain(source, dresser, sink), id="1234567890") as pipeline:
            assert pipeline.wait(20)
    assert server.messages == [
        {
            "created_at": 1234.5,
            "creator": "dresser",
            "version": 0,
            "payload": {"cnt": "AAA="},
            "meta": {"colour": "red", "session_id": "1234567890"},
            "timers": {"asr": 0.5},
        }
    ]


def test_all_arrive_in_order_over_one_connection_and_one_more_thread() -> None:
    with receiving() as server:
        before = threading.active_count()
        with sending(server.url, count=3000) as pipeline:
            server.wait_received(1)
            ours = [thread.name for thread in threading.enumerate() if "websocket" in thread.name]
            assert pipeline.wait(20)
        server.wait_received(3000)
        assert server.versions == list(range(3000))
        assert server.connections == 1
        assert ours == ["k websocket"]
        server_threads = 3
        assert threading.active_count() <= before + server_threads


def test_a_message_of_two_megabytes_arrives() -> None:
    source = {"configuration": {"count": 3, "size": 2_000_000}}
    with receiving() as server, sending(server.url, source=source) as pipeline:
        assert pipeline.wait(30)
    assert server.versions == [0, 1, 2]
    assert len(server.messages[0]["payload"]["cnt"]) == 2_666_668


def test_headers_are_sent_and_what_the_server_says_is_read_and_ignored() -> None:
    seen = []

    def echo(receiver: Receiver, connection: ServerConnection) -> None:
        assert connection.request is not None
        seen.append(connection.request.headers["Authorization"])
        for text in connection:
            receiver.keep(text)
            with contextlib.suppress(ConnectionClosed):  # the sink has had its last pong
                connection.send(text)

    source = {"configuration": {"count": 40, "size": 200_000}}
    headers = {"Authorization": "Bearer x"}
    with receiving(echo) as server, sending(server.url, source=source, headers=headers) as pipeline:
        assert pipeline.wait(30)
        server.wait_received(40)
    assert server.versions == list(range(40))
    assert seen == ["Bearer x"]


# --- a server that is not there ----------------------------------------------------------------------------------


def test_while_the_server_is_absent_messages_wait_in_the_inbox_and_all_arrive_when_it_comes() -> (
    None
):
    port = free_port()
    with sending(f"ws://127.0.0.1:{port}", count=100) as pipeline:
        assert "is not there (connection refused)" in event(pipeline, "disconnected")
        assert "next attempt" in pipeline.stats()["k"].status_text
        assert not pipeline.wait(0.1)
        assert pipeline.stats()["k"].received == 0
        with receiving(port=port) as server:
            assert pipeline.wait(20)
        server.wait_received(100)
        assert server.versions == list(range(100))
        assert pipeline.stats()["k"].status_text == ""
        assert pipeline.stats()["k"].errors == 0


def test_a_full_inbox_holds_back_the_source_while_the_server_is_absent() -> None:
    url = f"ws://127.0.0.1:{free_port()}"
    source = {"name": "s", "type": "source", "mark": "numbers", "configuration": {"count": 100}}
    sink = {"name": "k", "mark": "notifierwebsocket", "configuration": {"endpoint": url, **QUICK}}
    settings = Settings(max_queue_size=10)
    with running(SHELF, *chain(source, sink), settings=settings, grace=0.5) as pipeline:
        assert not pipeline.wait(0.3)
        assert pipeline.stats()["k"].queue == 10
        assert pipeline.stats()["s"].blocked_by == "k"


def test_attempts_come_at_growing_intervals() -> None:
    tried: list[float] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def hang_up() -> None:
            with contextlib.suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    tried.append(time.monotonic())
                    client.close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        with sending(url, backoff=0.05, backoff_max=0.4, grace=0.1) as pipeline:
            assert not pipeline.wait(1.5)
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    gaps = [later - earlier for earlier, later in itertools.pairwise(tried)]
    assert 4 <= len(gaps) <= 9
    assert max(gaps[:2]) < min(gaps[3:])


def test_a_stop_while_the_server_is_absent_ends_within_its_grace_and_counts_what_is_lost() -> None:
    with sending(f"ws://127.0.0.1:{free_port()}", count=20, backoff=60, backoff_max=60) as pipeline:
        event(pipeline, "disconnected")
        report = pipeline.stop(0.5)
        assert report.seconds < 1
        assert report.lost == 20
        began = time.monotonic()
        pipeline.destroy()  # wakes the back-off of 60 s
        assert time.monotonic() - began < 1


def test_a_server_killed_in_mid_stream_gets_the_rest_when_it_is_back_none_lost_order_kept() -> None:
    port = free_port()
    url = f"ws://127.0.0.1:{port}"
    source = {"configuration": {"count": 2000, "by": 0.0005}}
    received: list[int] = []

    def killed_after(count: int) -> None:
        command = [sys.executable, str(SERVER), str(port)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            for line in server.stdout:
                received.append(json.loads(line)["version"])
                if len(received) == count:
                    server.kill()

    with sending(url, source=source) as pipeline:
        killed_after(300)
        assert event(pipeline, "disconnected")
        killed_after(900)
        with receiving(port=port) as last:
            assert pipeline.wait(30)
        received += last.versions
        assert pipeline.stats()["k"].errors == 0
        assert pipeline.stats().lost == 0
    assert_complete(received, 2000, repeats=2)


# --- closings ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "shown"),
    [
        (1000, "1000 (OK) enough"),
        (1001, "1001 (going away) enough"),
        (1011, "1011 (internal error) enough"),
        (1013, "1013 (try again later) enough"),
        (4000, "4000 (private use) enough"),
    ],
)
def test_after_a_passing_close_it_connects_again_and_all_arrive(code: int, shown: str) -> None:
    """Message 3 is answered by a close before the server has read on; what it did not confirm comes again."""

    def close_once(receiver: Receiver, connection: ServerConnection) -> None:
        for text in connection:
            receiver.keep(text)
            if receiver.connections == 1 and len(receiver.messages) == 3:
                connection.close(code, "enough")

    source = {"configuration": {"count": 20, "by": 0.01}}
    with receiving(close_once) as server, sending(server.url, source=source) as pipeline:
        assert event(pipeline, "disconnected").endswith(f"closed the connection with {shown}")
        assert pipeline.wait(20)
        assert pipeline.stats()["k"].errors == 0
    assert_complete(server.versions, 20, repeats=1)
    assert server.connections == 2


def test_a_message_too_big_for_the_server_fails_alone_by_name_and_is_tried_at_most_twice() -> None:
    with receiving(max_size=10_000) as server:
        source = {"mark": "sizes", "configuration": {"count": 6}}
        with sending(server.url, source=source) as pipeline:
            assert pipeline.wait(20)
        sink = pipeline.stats()["k"]
        server.wait_received(5)
        assert server.versions == [0, 1, 3, 4, 5]
        assert server.connections <= 3
        assert sink.errors == 1
        assert "a message of 133" in sink.last_error
        assert "closed the connection with 1009 (message too big)" in sink.last_error


def test_a_server_that_reads_a_message_and_then_finds_it_too_big_has_it_counted_too() -> None:
    def complain(receiver: Receiver, connection: ServerConnection) -> None:
        for text in connection:
            receiver.keep(text)
            if receiver.messages[-1]["version"] == 2:
                connection.close(1009, "over 10000")

    source = {"mark": "sizes", "configuration": {"count": 6, "by": 0.05}}
    with receiving(complain) as server, sending(server.url, source=source) as pipeline:
        assert pipeline.wait(20)
        sink = pipeline.stats()["k"]
    assert server.versions == list(range(6))
    assert sink.errors == 1
    assert "1009 (message too big) over 10000" in sink.last_error


def test_a_server_that_closes_with_1008_is_given_up_after_three_tries_and_messages_fail_with_its_reason() -> (
    None
):
    tries = []

    def refuse(client: socket.socket, protocol: ServerProtocol) -> None:
        """Close before anything is read: not one message may count as delivered."""
        tries.append(client)
        protocol.send_close(1008, "unknown key")
        client.sendall(b"".join(protocol.data_to_send()))
        client.shutdown(socket.SHUT_WR)
        while client.recv(65536):
            pass

    source = {"configuration": {"count": 50, "by": 0.01}}
    with scripted(*[refuse] * 4) as url, sending(url, source=source) as pipeline:
        shown = event(pipeline, "refused")
        assert "closed the connection with 1008 (policy violation) unknown key" in shown
        assert shown.endswith("given up after 3 attempts")
        assert pipeline.wait(20)
        sink = pipeline.stats()["k"]
    assert sink.errors == 50
    assert sink.status_text == shown
    assert "unknown key" in sink.last_error
    assert len(tries) == 3


def test_a_single_1008_is_not_the_end() -> None:
    def refuse_twice(receiver: Receiver, connection: ServerConnection) -> None:
        if receiver.connections <= 2:
            connection.close(1008, "not yet")
        for text in connection:
            receiver.keep(text)

    with receiving(refuse_twice) as server, sending(server.url, count=20) as pipeline:
        assert pipeline.wait(20)
        assert pipeline.stats()["k"].errors == 0
    assert_complete(server.versions, 20, repeats=2)


def test_a_401_is_given_up_like_1008_and_a_503_is_waited_for() -> None:
    def unauthorised(connection: ServerConnection, _: Any) -> Any:
        return connection.respond(401, "who are you?")

    with (
        receiving(process_request=unauthorised) as server,
        sending(server.url, count=3) as pipeline,
    ):
        assert "answered with HTTP 401; given up after 3 attempts" in event(pipeline, "refused")
        assert pipeline.wait(20)
        assert pipeline.stats()["k"].errors == 3

    answers = [503] * 5

    def busy(connection: ServerConnection, _: Any) -> Any:
        return connection.respond(answers.pop(), "later") if answers else None

    with receiving(process_request=busy) as server, sending(server.url, count=3) as pipeline:
        assert "answered with HTTP 503" in event(pipeline, "disconnected")
        assert pipeline.wait(20)
    assert server.versions == [0, 1, 2]


# --- servers that misbehave --------------------------------------------------------------------------------------


def test_a_server_that_accepts_and_never_reads_is_given_up_after_the_timeout_and_the_messages_go_again() -> (
    None
):
    done = threading.Event()

    def never_read(_client: socket.socket, _protocol: ServerProtocol) -> None:
        done.wait(20)

    received: list[int] = []

    def read(client: socket.socket, protocol: ServerProtocol) -> None:
        while data := client.recv(65536):
            protocol.receive_data(data)
            received.extend(
                json.loads(bytes(frame.data))["version"]  # type: ignore[union-attr]
                for frame in protocol.events_received()
                if frame.opcode.name == "TEXT"  # type: ignore[union-attr]
            )
            client.sendall(b"".join(protocol.data_to_send()))

    source = {"configuration": {"count": 5, "size": 1_000_000}}
    with (
        scripted(never_read, read) as url,
        sending(url, source=source, timeout=3, compression="none") as pipeline,
    ):
        assert event(pipeline, "disconnected").endswith("has taken nothing for 3 s")
        done.set()
        assert pipeline.wait(20)
        assert pipeline.stats()["k"].errors == 0
    assert received == [0, 1, 2, 3, 4]


def test_a_stop_is_not_held_up_by_a_server_that_never_reads() -> None:
    done = threading.Event()
    source = {"configuration": {"count": 5, "size": 1_000_000}}
    with (
        scripted(lambda *_: done.wait(20) and None) as url,
        sending(url, source=source) as pipeline,
    ):
        event(pipeline, "connected")
        assert not pipeline.wait(0.2)
        report = pipeline.stop(0.5)
        assert report.seconds < 1
        assert report.lost == 5
        began = time.monotonic()
        pipeline.destroy()
        assert time.monotonic() - began < 2  # the closing handshake has a second
        done.set()


def test_a_server_that_accepts_and_never_answers_the_handshake_is_tried_again() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        with sending(url, timeout=0.2, grace=0.1) as pipeline:
            assert "did not answer within 0.2 s" in event(pipeline, "disconnected")


def test_something_that_is_no_websocket_server_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def greet() -> None:
            for _ in range(3):
                client, _ = listener.accept()
                client.sendall(b"220 mail.example ESMTP\r\n")
                client.close()

        thread = threading.Thread(target=greet)
        thread.start()
        url = f"ws://127.0.0.1:{listener.getsockname()[1]}"
        with sending(url, count=1, timeout=5) as pipeline:
            assert "is no websocket server" in event(pipeline, "refused")
            assert pipeline.wait(20)
        thread.join()


# --- TLS ---------------------------------------------------------------------------------------------------------


@contextmanager
def receiving_tls() -> Iterator[Receiver]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(TLS / "certificate.pem", TLS / "key.pem")
    with receiving(ssl=context) as receiver:
        yield receiver


def test_a_self_signed_certificate_is_refused_with_what_to_do() -> None:
    with receiving_tls() as server, sending(server.url, count=2) as pipeline:
        shown = event(pipeline, "refused")
        assert pipeline.wait(20)
        assert pipeline.stats()["k"].errors == 2
    assert "the certificate is not trusted: self" in shown
    assert 'set "ca_file" to its certificate (PEM), or "verify_tls" to false' in shown
    assert server.messages == []


@pytest.mark.parametrize(
    "arguments",
    [{"ca_file": str(TLS / "certificate.pem")}, {"verify_tls": False}],
    ids=["ca_file", "verify_tls"],
)
def test_a_self_signed_certificate_can_be_trusted(arguments: dict[str, Any]) -> None:
    with receiving_tls() as server, sending(server.url, **arguments) as pipeline:
        assert pipeline.wait(20)
    assert server.versions == list(range(10))


def test_wss_to_a_server_without_tls_says_so() -> None:
    with receiving() as server, sending(server.url.replace("ws:", "wss:"), grace=0.1) as pipeline:
        assert "hung up in the TLS handshake (is it ws://?)" in event(pipeline, "disconnected")


# --- the endpoint ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("url", ["http://127.0.0.1:80", "127.0.0.1:80", "ws://", ""])
def test_an_endpoint_that_is_no_websocket_url_is_refused_before_anything_starts(url: str) -> None:
    node = NotifierWebsocket(url, node_name="k", pipe_name="p")
    with pytest.raises(ValueError, match="is no websocket URL like ws://HOST:PORT/PATH"):
        node.configure()


def test_a_ca_file_that_is_not_there_is_refused_before_anything_starts() -> None:
    node = NotifierWebsocket("wss://127.0.0.1:80", ca_file="gone.pem", node_name="k", pipe_name="p")
    with pytest.raises(FileNotFoundError, match=r'ca_file: there is no file "gone\.pem"'):
        node.configure()


def test_a_new_endpoint_gets_what_waited_for_the_old_one() -> None:
    with receiving() as server, sending(f"ws://127.0.0.1:{free_port()}", count=30) as pipeline:
        event(pipeline, "disconnected")
        pipeline.update_node("k", "endpoint", server.url)
        assert pipeline.wait(20)
        server.wait_received(30)
        assert server.versions == list(range(30))
        assert pipeline.stats()["k"].errors == 0


def test_a_host_name_is_looked_up_without_a_thread_more() -> None:
    with receiving() as server, sending(server.url.replace("127.0.0.1", "localhost")) as pipeline:
        server.wait_received(1)
        assert not [
            thread for thread in threading.enumerate() if thread.name.startswith("asyncio_")
        ]
        assert pipeline.wait(20)
    assert server.versions == list(range(10))


def test_a_node_outside_a_pipeline_stops_within_its_timeout_though_nobody_is_there() -> None:
    node = NotifierWebsocket(
        f"ws://127.0.0.1:{free_port()}", timeout=0.3, node_name="k", pipe_name="p", **QUICK
    )
    node.start()
    for number in range(3):
        node.put(Message("test", number))
    node.stop()
    node.destroy()
    assert node._juturna.metrics.errors == 3
