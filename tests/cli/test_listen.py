"""`juturna listen`, run as a process and spoken to over real websockets."""

import json
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from websockets.sync.client import connect

COMMAND = [sys.executable, "-m", "juturna_core.cli", "listen"]
MESSAGE = {
    "creator": "0_stream",
    "version": 7,
    "payload": {"cnt": "aGk="},
    "meta": {"session_id": "1"},
}


class Listening:
    """A running `juturna listen`, its address, and what it has said in the end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        assert process.stderr is not None
        found = re.search(r"ws://\S+", process.stderr.readline())
        assert found is not None
        self.url = found[0]
        self.out = self.err = ""

    def end(self, number: int | None = None) -> int:
        """Its exit code, after signal `number` or by itself."""
        if number is not None:
            self.process.send_signal(number)
        self.out, self.err = self.process.communicate(timeout=20)
        return self.process.returncode


@contextmanager
def listening(*options: str, url: str = "ws://127.0.0.1:0") -> Iterator[Listening]:
    with subprocess.Popen(
        [*COMMAND, url, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield Listening(process)
        finally:
            process.kill()


def refused(url: str) -> str:
    """What it says about an address that it cannot have."""
    done = subprocess.run([*COMMAND, url], capture_output=True, text=True, timeout=20)
    assert done.returncode == 2
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.stderr


def test_a_message_of_a_pipeline_is_one_line_with_creator_version_and_payload() -> None:
    with listening("--count", "1") as listener:
        with connect(listener.url) as client:
            client.send(json.dumps(MESSAGE))
        assert listener.end() == 0
    assert listener.out.count("\n") == 1
    assert '0_stream  v7  {"cnt": "aGk="}' in listener.out


def test_json_prints_each_message_as_one_line_of_json_and_nothing_else() -> None:
    with listening("--json", "--count", "3") as listener:
        with connect(listener.url) as client:
            client.send(json.dumps(MESSAGE, indent=2))
            client.send("no json\nin two lines")
            client.send(b'{"a": [1]}')
        assert listener.end() == 0
    assert [json.loads(line) for line in listener.out.splitlines()] == [
        MESSAGE,
        "no json\nin two lines",
        {"a": [1]},
    ]


def test_count_ends_it_after_so_many_messages_though_more_come() -> None:
    with listening("--json", "--count", "2") as listener:
        with connect(listener.url) as client:
            for number in range(5):
                client.send(str(number))
        assert listener.end() == 0
    assert listener.out.split() == ["0", "1"]
    assert listener.err.startswith("2 messages, 2 bytes, 1 connections")


def test_quiet_prints_only_the_count() -> None:
    with listening("--quiet", "--count", "1") as listener:
        with connect(listener.url) as client:
            client.send("hello")
        assert listener.end() == 0
    assert listener.out == ""
    assert listener.err.startswith("1 messages, 5 bytes")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_cleanly_and_closes_its_clients(number: int) -> None:
    with listening("--json") as listener, connect(listener.url) as client:
        client.send("1")
        assert listener.process.stdout is not None
        assert listener.process.stdout.readline() == "1\n"
        assert listener.end(number) == 0
        assert client.wait_closed(10)
        assert client.close_code == 1001
    assert "Traceback" not in listener.err
    assert listener.err.startswith("1 messages")


def test_what_came_together_with_a_signal_and_was_confirmed_is_printed() -> None:
    with listening("--json") as listener, connect(listener.url, compression=None) as client:
        assert listener.process.stdout is not None
        client.send("x" * 1_000_000)  # more than a pipe holds: it sits in its print
        assert listener.process.stdout.read(1)
        listener.process.send_signal(signal.SIGTERM)
        pongs = []
        for number in range(10):
            client.send(str(number))
            pongs.append(client.ping())
        assert listener.end() == 0
        assert client.wait_closed(10)
        confirmed = sum(pong.is_set() for pong in pongs)
    assert listener.out.split()[1:] == [str(number) for number in range(confirmed)]
    assert confirmed == 10


def test_messages_over_a_megabyte_arrive() -> None:
    with listening("--quiet", "--count", "1") as listener:
        with connect(listener.url, compression=None) as client:
            client.send("x" * 3_000_000)
        assert listener.end() == 0
    assert listener.err.startswith("1 messages, 3000000 bytes")


def test_a_reader_that_has_seen_enough_ends_it() -> None:
    with listening("--json") as listener, connect(listener.url) as client:
        assert listener.process.stdout is not None
        listener.process.stdout.close()
        listener.process.stdout = None
        client.send("1")
        assert listener.end() == 0
    assert "Traceback" not in listener.err


def test_a_port_that_is_taken_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        url = f"ws://127.0.0.1:{taken.getsockname()[1]}"
        said = refused(url)
    assert url in said
    assert "the port is taken" in said


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://127.0.0.1:80", "is no websocket URL, expected ws://HOST:PORT"),
        ("127.0.0.1:8081", "is no websocket URL, expected ws://HOST:PORT"),
        ("ws://", "is no websocket URL, expected ws://HOST:PORT"),
        ("ws://127.0.0.1:99999", "expected ws://HOST:PORT"),
        ("ws://127.0.0.1:port", "expected ws://HOST:PORT"),
        ("wss://127.0.0.1:8081", "TLS is not served here, expected ws://HOST:PORT"),
        ("ws://no-such-host.invalid:8081", "unknown host"),
    ],
)
def test_a_url_that_cannot_be_is_refused_with_what_is_expected(url: str, why: str) -> None:
    said = refused(url)
    assert url in said
    assert why in said


def test_an_ipv6_address_is_listened_on() -> None:
    with listening("--json", "--count", "1", url="ws://[::1]:0") as listener:
        assert listener.url.startswith("ws://[::1]:")
        with connect(listener.url) as client:
            client.send("6")
        assert listener.end() == 0
    assert listener.out == "6\n"
