"""The door to a pipeline: what strangers, careless and vanishing clients can do to it, and what it leaves behind."""

from __future__ import annotations

import logging
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import grpc
import pytest

from juturna_core._pb import control_pb2 as pb
from juturna_core.control.api import VERSION, Edit, EventPage, Gone, Passed
from juturna_core.control.client import Client
from juturna_core.control.fake import FakeControl
from juturna_core.control.server import STREAMS, Server
from juturna_core.control.wire import SERVICE
from juturna_core.edit import FileChanged
from juturna_core.errors import (
    ConfigError,
    JuturnaError,
    PluginError,
    Problem,
    SettingError,
    StateError,
    WarpError,
)
from tests.remotes import ours
from tests.runtime import DEADLINE, eventually, threads

PIPELINE = """{"version": "1", "pipeline": {"name": "p", "id": "1", "folder": "./pipe", "nodes": [
    {"name": "0_tick", "type": "source", "mark": "tick"},
    {"name": "1_pass", "type": "proc", "mark": "echo"}], "links": [{"from": "0_tick", "to": "1_pass"}]}}"""


@pytest.fixture
def fake() -> FakeControl:
    return FakeControl(PIPELINE)


@pytest.fixture
def server(fake: FakeControl) -> Iterator[Server]:
    server = Server(fake)
    yield server
    server.stop()


@pytest.fixture
def path(server: Server, tmp_path: Path) -> Path:
    path = tmp_path / "control" / "c.sock"
    server.listen_unix(path)
    return path


@pytest.fixture
def connect() -> Iterator[Callable[..., Client]]:
    with ExitStack() as stack:

        def connect(where: object, **options: Any) -> Client:
            address = f"unix:{where}" if isinstance(where, Path) else str(where)
            client = Client(address, **options)
            stack.callback(client.close)
            return client

        yield connect


@pytest.fixture
def client(path: Path, connect: Callable[..., Client]) -> Client:
    return connect(path)


def raw(path: Path, method: str, arguments: str = "", version: int = VERSION) -> pb.Reply:
    """What a client of another make gets."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(f"unix:{path}", options) as channel:
        call = channel.unary_unary(
            f"/{SERVICE}/Call", pb.Request.SerializeToString, pb.Reply.FromString
        )
        return call(pb.Request(version=version, method=method, arguments=arguments), timeout=10)


def refusal(reply: pb.Reply) -> str:
    (problem,) = reply.error.problems
    return f"{problem.message} ({problem.hint})" if problem.HasField("hint") else problem.message


# --- what is asked -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("method", "arguments", "said"),
    [
        ("statz", "", 'there is no method "statz" (did you mean "stats"?)'),
        ("__init__", "", 'there is no method "__init__"'),
        ("_known", '{"node": "x"}', 'there is no method "_known"'),
        ("", "", 'there is no method ""'),
        ("follow", "", "follow is asked for by Follow"),
        ("stats", '{"x": 1}', 'stats takes no argument "x"'),
        ("events", '{"sinse": 1}', 'events takes no argument "sinse" (did you mean "since"?)'),
        ("suspend", '{"node": 3}', "suspend: node must be a text, not the number 3"),
        ("suspend", "{}", "suspend: node is missing"),
        (
            "events",
            '{"wait": Infinity}',
            "events: wait must be a finite number, not the number inf",
        ),
        ("stop", '{"keep": 1}', "stop: keep must be true or false, not the number 1"),
        ("stats", "[]", "stats: the arguments must be an object, not a list"),
        (
            "stats",
            "{",
            "stats: the arguments are no JSON: EOF while parsing an object at line 1 column 1",
        ),
        (
            "edit",
            '{"edits": [{"node": "a", "path": ["x", 3]}]}',
            "edit: edits[0].path[1] must be a text, not the number 3",
        ),
        (
            "edit",
            '{"edits": [{"node": "a", "path": ["x"], "vlaue": 1}]}',
            'edit: edits[0] has no "vlaue"',
        ),
        ("suspend", '{"node": "1_pas"}', 'there is no node "1_pas" (did you mean "1_pass"?)'),
    ],
)
def test_nonsense_is_refused_in_words(path: Path, method: str, arguments: str, said: str) -> None:
    assert refusal(raw(path, method, arguments)) == said


def test_a_deeply_nested_or_very_long_argument_is_refused(path: Path) -> None:
    assert "recursion limit" in refusal(raw(path, "edit", '{"edits":' + "[" * 100_000))
    assert len(refusal(raw(path, "x" * 100_000))) < 200


def test_another_version_of_the_contract_is_refused(path: Path) -> None:
    said = refusal(raw(path, "stats", version=VERSION + 1))
    assert f"version {VERSION}" in said and f"the client {VERSION + 1}" in said


def test_a_request_that_is_too_large_is_refused(path: Path, client: Client) -> None:
    text = "x" * (50 << 20)
    with pytest.raises(JuturnaError, match=r"apply: \d+ bytes are too many, 4194304 at most"):
        client.apply(text)
    with pytest.raises(grpc.RpcError) as raised:
        raw(path, "apply", f'{{"text": "{text}"}}')
    assert raised.value.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert client.describe().name == "p"


def test_garbage_on_the_socket_disturbs_nobody(path: Path, client: Client) -> None:
    client.describe()
    for garbage in (
        b"GET / HTTP/1.1\r\n\r\n",
        os.urandom(4096),
        b"",
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff",
    ):
        with socket.socket(socket.AF_UNIX) as stranger:
            stranger.connect(str(path))
            stranger.sendall(garbage)
            assert client.describe().name == "p"


# --- what goes wrong in there ------------------------------------------------------------------------------------

PARTS: dict[str, Any] = {"node": "1_pass", "path": "/a/b", "line": 3, "column": 7, "hint": "so"}


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (JuturnaError("it is so", **PARTS), JuturnaError),
        (PluginError("it is so", **PARTS), PluginError),
        (StateError("it is so", **PARTS), StateError),
        (FileChanged("it is so", **PARTS), FileChanged),
        (SettingError("it is so", **PARTS), JuturnaError),
        (WarpError("it is so", node="1_pass", address="a:1"), JuturnaError),
        (JuturnaError("it is so"), JuturnaError),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else value.__name__,
)
def test_an_error_arrives_as_what_it_was(
    fake: FakeControl, client: Client, error: JuturnaError, kind: type[JuturnaError]
) -> None:
    fake.fail["stats"] = error
    with pytest.raises(JuturnaError) as raised:
        client.stats()
    assert type(raised.value) is kind
    assert raised.value.problem == error.problem and str(raised.value) == str(error)


def test_a_config_error_brings_all_its_problems(fake: FakeControl, client: Client) -> None:
    problems = (Problem("warning", "odd"), Problem("error", "bad", "f", 1, 2, "n", "h"))
    fake.fail["apply"] = ConfigError(problems)
    with pytest.raises(ConfigError) as raised:
        client.apply("")
    assert raised.value.problems == problems


def test_a_mistake_in_there_is_logged_there(
    fake: FakeControl, client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    fake.fail["stats"] = KeyError("x")
    with (
        caplog.at_level(logging.ERROR, "jt"),
        pytest.raises(JuturnaError, match="failed inside the pipeline's process: KeyError: 'x'"),
    ):
        client.stats()
    (record,) = caplog.records
    assert record.getMessage() == "stats failed" and record.exc_info is not None


def test_an_answer_that_breaks_the_contract_is_an_error(
    fake: FakeControl, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fake, "stats", lambda: 3)
    with pytest.raises(JuturnaError, match="failed inside the pipeline's process"):
        client.stats()
    monkeypatch.setattr(fake, "events", lambda since: EventPage((), 0, object()))  # type: ignore[arg-type]
    with pytest.raises(JuturnaError, match="failed inside the pipeline's process"):
        client.events()


def test_half_characters_of_a_file_name_arrive_as_question_marks(
    fake: FakeControl, client: Client
) -> None:
    fake.log("caf\udce9")
    assert client.logs().items[-1].text == "caf?"
    fake.fail["stats"] = JuturnaError("no", path="caf\udce9")
    with pytest.raises(JuturnaError, match=r"caf\?: no"):
        client.stats()


@pytest.mark.parametrize(
    "value", [None, True, 1, 1.5, "é\n", [1, [2]], {"a": {"b": [None]}}, 10**30]
)
def test_any_value_of_json_gets_through(fake: FakeControl, client: Client, value: Any) -> None:
    edit = Edit("1_pass", ("configuration", "x"), value)
    client.edit((edit,), dry_run=True)
    assert fake.calls[-2] == ("edit", {"edits": (edit,), "write": True, "dry_run": True})


def test_a_value_that_json_does_not_have_is_refused_before_it_travels(client: Client) -> None:
    with pytest.raises(JuturnaError, match="edit: TypeError"):
        client.edit((Edit("1_pass", ("x",), {1, 2}),))


# --- many, and those that vanish ---------------------------------------------------------------------------------


def test_a_hundred_clients_at_once_are_answered(path: Path, connect: Callable[..., Client]) -> None:
    clients = [connect(path) for _ in range(100)]
    names: list[str] = []
    with threads(*(lambda each=each: names.append(each.describe().name) for each in clients)):
        pass
    assert names == ["p"] * 100


def test_more_streams_than_are_served_are_refused(client: Client) -> None:
    with ExitStack() as stack:
        for _ in range(STREAMS):
            stack.enter_context(closing(client.follow()))
        with pytest.raises(JuturnaError, match=f"{STREAMS} streams are open already"):
            client.follow()
        assert client.describe().name == "p"


def test_a_stream_that_was_closed_makes_room(server: Server, client: Client) -> None:
    for _ in range(STREAMS + 5):
        with closing(client.follow()) as events:
            next(events)
        eventually(lambda: not server._streams)


def test_those_who_wait_do_not_keep_others_waiting(
    path: Path, connect: Callable[..., Client]
) -> None:
    clients = [connect(path) for _ in range(20)]
    last = clients[0].events().last
    with threads(*(lambda each=each: each.events(last, wait=1.0) for each in clients)):
        assert clients[0].describe().name == "p"


def child(code: str, *arguments: object) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *map(str, arguments)],
        stdout=subprocess.PIPE,
        text=True,
        env=ours(),
    )


FOLLOWER = """
import sys
from juturna_core.control.client import Client
with_it = Client("unix:" + sys.argv[1]).tap("1_pass")
print("reads", flush=True)
for item in with_it:
    pass
"""
SERVING = """
import sys, threading
from pathlib import Path
from juturna_core.control.fake import FakeControl
from juturna_core.control.server import Server
server = Server(FakeControl(sys.argv[2]))
server.listen_unix(Path(sys.argv[1]))
print("serves", flush=True)
threading.Event().wait()
"""


def test_a_client_that_is_killed_leaves_nothing(
    server: Server, path: Path, fake: FakeControl
) -> None:
    with child(FOLLOWER, path) as follower:
        assert follower.stdout is not None and follower.stdout.readline() == "reads\n"
        assert len(server._streams) == 1
        follower.kill()
    began = time.monotonic()
    eventually(lambda: not server._streams and not server._busy)
    assert time.monotonic() - began < 1.0


def test_a_client_that_does_not_read_costs_nothing(
    server: Server, fake: FakeControl, client: Client
) -> None:
    with closing(client.tap("1_pass")):
        for _ in range(20):
            fake.advance(1000.0)
        assert client.describe().name == "p"
        (kept,) = server._streams
        assert kept._queue.qsize() <= 1001
    eventually(lambda: not server._streams and not server._busy)


@pytest.mark.parametrize("begin", [lambda c: c.tap("1_pass"), lambda c: c.follow(c.events().last)])
def test_a_stream_that_is_cancelled_ends_within_a_second(
    server: Server, client: Client, begin: Callable[[Client], Any]
) -> None:
    stream = begin(client)
    began = time.monotonic()
    stream.close()
    eventually(lambda: not server._streams and not server._busy)
    assert time.monotonic() - began < 1.0
    assert next(stream, None) is None


def test_a_wait_ends_with_its_client(server: Server, path: Path, fake: FakeControl) -> None:
    client = Client(f"unix:{path}")
    last = client.events().last

    def wait() -> None:
        with pytest.raises(StateError, match="is closed"):
            client.events(last, wait=300.0)

    with threads(wait):
        eventually(lambda: server._busy)
        client.close()
    eventually(lambda: not server._busy)


def test_closing_a_client_ends_its_streams(client: Client) -> None:
    stream = client.tap("1_pass")
    found: list[Passed] = []
    with threads(lambda: found.extend(stream)):
        client.close()
    assert found == []
    with pytest.raises(StateError, match="is closed"):
        client.describe()
    with pytest.raises(StateError, match="is closed"):
        client.follow()


# --- a process that goes or hangs --------------------------------------------------------------------------------


def test_a_process_that_is_gone_is_told_at_once(
    tmp_path: Path, connect: Callable[..., Client]
) -> None:
    path = tmp_path / "c.sock"
    with child(SERVING, path, PIPELINE) as process:
        assert process.stdout is not None and process.stdout.readline() == "serves\n"
        client = connect(path)
        assert client.describe().pid == process.pid
        stream = client.follow(client.events().last)
        process.kill()
    began = time.monotonic()
    with pytest.raises(Gone, match=f"the pipeline at unix:{path} is gone"):
        next(stream)
    with pytest.raises(Gone, match=f"the pipeline at unix:{path} is gone"):
        client.describe()
    assert time.monotonic() - began < 1.0


def test_a_process_that_hangs_is_told_within_the_timeout(
    tmp_path: Path, connect: Callable[..., Client]
) -> None:
    path = tmp_path / "c.sock"
    with child(SERVING, path, PIPELINE) as process:
        assert process.stdout is not None and process.stdout.readline() == "serves\n"
        client = connect(path, timeout=1.0)
        stream = client.follow(client.events().last)
        process.send_signal(signal.SIGSTOP)
        for ask in (
            client.describe,
            client.reload,
            lambda: next(stream),
            connect(path, timeout=1.0).follow,
        ):
            began = time.monotonic()
            with pytest.raises(Gone, match="does not answer"):
                ask()
            assert time.monotonic() - began < 2.0
        process.kill()


def test_a_pipeline_that_comes_back_is_found_by_the_same_client(
    fake: FakeControl, path: Path, server: Server, client: Client
) -> None:
    client.describe()
    server.stop()
    with pytest.raises(Gone):
        client.describe()
    again = Server(fake)
    again.listen_unix(path)

    def back() -> bool:
        try:
            return client.describe().name == "p"
        except Gone:
            return False

    eventually(back)
    again.stop()


@pytest.mark.parametrize(
    "address", ["", "unix:", "unix:/", "nowhere", "host:", ":80", "h:70000", "::1:80"]
)
def test_what_is_no_address_is_refused(address: str) -> None:
    with pytest.raises(JuturnaError, match="is no address of a pipeline"):
        Client(address)


def test_something_else_that_listens_is_no_pipeline(connect: Callable[..., Client]) -> None:
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        other = grpc.server(pool)
        port = other.add_insecure_port("127.0.0.1:0")
        other.start()
        with pytest.raises(JuturnaError, match="is no pipeline of ours"):
            connect(f"127.0.0.1:{port}").describe()
        other.stop(0).wait()


# --- the socket --------------------------------------------------------------------------------------------------


def test_only_this_user_may_open_the_socket(path: Path) -> None:
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert os.listdir(path.parent) == ["c.sock"]


@pytest.mark.parametrize("name", ["with blank", "50%41", "a#b", "c?d", "é", "a:b;c"])
def test_any_name_will_do(
    server: Server, connect: Callable[..., Client], tmp_path: Path, name: str
) -> None:
    server.listen_unix(tmp_path / name)
    assert os.listdir(tmp_path) == [name]
    assert connect(tmp_path / name).describe().name == "p"


def test_a_comma_is_refused(server: Server, tmp_path: Path) -> None:
    """gRPC's clients would take it for two sockets."""
    with pytest.raises(JuturnaError, match="comma"):
        server.listen_unix(tmp_path / "a,b")


def test_a_socket_of_a_process_that_is_gone_is_replaced(
    server: Server, connect: Callable[..., Client], tmp_path: Path
) -> None:
    path = tmp_path / "c.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    server.listen_unix(path)
    assert connect(path).describe().name == "p"


def test_a_socket_that_is_in_use_is_left_alone(
    path: Path, fake: FakeControl, client: Client
) -> None:
    other = Server(fake)
    with pytest.raises(JuturnaError, match=rf"in use by pipeline p \(process {os.getpid()}\)"):
        other.listen_unix(path)
    other.stop()
    assert client.describe().name == "p"
    assert os.listdir(path.parent) == ["c.sock"]


def test_what_is_no_socket_is_left_alone(server: Server, tmp_path: Path) -> None:
    (tmp_path / "c.sock").write_text("mine")
    with pytest.raises(JuturnaError, match="is there already, and is no socket"):
        server.listen_unix(tmp_path / "c.sock")
    assert (tmp_path / "c.sock").read_text() == "mine"


def test_of_many_that_want_one_place_one_gets_it(fake: FakeControl, tmp_path: Path) -> None:
    servers = [Server(fake) for _ in range(6)]
    refused: list[JuturnaError] = []

    def listen(server: Server) -> None:
        try:
            server.listen_unix(tmp_path / "c.sock")
        except JuturnaError as error:
            refused.append(error)

    with threads(*(lambda each=each: listen(each) for each in servers)):
        pass
    assert len(refused) == 5
    for server in servers:
        server.stop()
    assert os.listdir(tmp_path) == []


def test_a_folder_that_cannot_be_written_is_named(server: Server, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        JuturnaError,
        match=r"no socket can be made at .*/file/c\.sock: (not a directory|file exists)",
    ):
        server.listen_unix(tmp_path / "file" / "c.sock")
    if os.access("/proc/version", os.F_OK):
        with pytest.raises(JuturnaError, match="no socket can be made at /proc/"):
            server.listen_unix(Path("/proc/juturna/c.sock"))


def test_a_path_that_is_too_long_is_refused(server: Server, tmp_path: Path) -> None:
    fits = 107 - len(os.fsencode(tmp_path)) - 1
    with pytest.raises(JuturnaError, match="is too long for a socket: 108 bytes, 107 at most"):
        server.listen_unix(tmp_path / ("x" * (fits + 1)))
    server.listen_unix(tmp_path / ("x" * fits))


# --- TCP ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("token", "said"),
    [
        (None, "a control token is asked for"),
        ("another", "the control token is another one"),
        ("", "the control token is another one"),
    ],
)
def test_without_the_token_nobody_is_let_in(
    server: Server, fake: FakeControl, connect: Callable[..., Client], token: str | None, said: str
) -> None:
    port = server.listen_tcp("127.0.0.1", 0, "the token")
    client = connect(f"127.0.0.1:{port}", token=token)
    for ask in (client.describe, client.follow):
        with pytest.raises(JuturnaError, match=f"refused: {said}") as raised:
            ask()
        assert raised.value.hint == "--token-file FILE"
    assert fake.calls == []
    assert connect(f"127.0.0.1:{port}", token="the token").describe().name == "p"


def test_the_socket_asks_for_no_token(server: Server, client: Client) -> None:
    server.listen_tcp("127.0.0.1", 0, "the token")
    assert client.describe().name == "p"


@pytest.mark.parametrize("host", ["0.0.0.0", "", "::", "192.0.2.1"])
def test_other_machines_are_not_let_in_without_a_token(server: Server, host: str) -> None:
    with pytest.raises(JuturnaError, match="anybody who reaches this machine") as raised:
        server.listen_tcp(host, 0)
    assert "--control-token-file" in (raised.value.hint or "")


@pytest.mark.parametrize("token", ["", " ", "é", "a\nb"])
def test_a_token_that_cannot_travel_is_refused(server: Server, token: str) -> None:
    with pytest.raises(JuturnaError, match="printable ASCII"):
        server.listen_tcp("127.0.0.1", 0, token)


def test_with_a_token_other_machines_are_let_in(
    server: Server, connect: Callable[..., Client]
) -> None:
    port = server.listen_tcp("0.0.0.0", 0, "the token")
    assert connect(f"127.0.0.1:{port}", token="the token").describe().name == "p"


@pytest.mark.skipif(not socket.has_ipv6, reason="this machine has no IPv6")
def test_ipv6_will_do(server: Server, connect: Callable[..., Client]) -> None:
    port = server.listen_tcp("::1", 0)
    assert connect(f"[::1]:{port}").describe().name == "p"


def test_a_port_that_is_taken_is_refused(server: Server, fake: FakeControl) -> None:
    port = server.listen_tcp("localhost", 0)
    other = Server(fake)
    with pytest.raises(
        JuturnaError, match=f"cannot listen on localhost:{port}: address already in use"
    ):
        other.listen_tcp("localhost", port)
    other.stop()


# --- the end -----------------------------------------------------------------------------------------------------


def test_stopping_ends_what_is_open_and_leaves_nothing(
    server: Server, path: Path, client: Client
) -> None:
    last = client.events().last
    ended: list[object] = []
    with threads(
        lambda: ended.append(list(client.tap("1_pass"))),
        lambda: ended.append(list(client.follow(last))),
        lambda: ended.append(client.events(last, wait=30.0)),
    ):
        eventually(lambda: server._busy == 3 and len(server._streams) == 2)
        began = time.monotonic()
        server.stop()
        assert time.monotonic() - began < 2.0
    assert [each for each in ended if isinstance(each, list)] == [[], []]
    assert not path.exists() and path.parent.exists()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("control")]
    server.stop()


def test_a_question_under_way_is_answered_before_the_end(
    server: Server, fake: FakeControl, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, go = threading.Event(), threading.Event()
    reload = fake.reload

    def slow() -> Any:
        asked.set()
        assert go.wait(DEADLINE)
        return reload()

    monkeypatch.setattr(fake, "reload", slow)
    found: list[Any] = []
    with threads(lambda: found.append(client.reload())):
        assert asked.wait(DEADLINE)
        with threads(lambda: server.stop(DEADLINE)):
            eventually(lambda: server._stopping)
            go.set()
    assert found[0].changes == ()
