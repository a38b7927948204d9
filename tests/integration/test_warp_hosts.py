"""Names of hosts, and processes that other nodes start."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import grpc
import pytest

from juturna_core.message import Message
from juturna_core.warp.probe import probe
from juturna_core.warp.wire import address, target
from tests.remotes import RemoteProcess, Rig, free_port, within


@pytest.fixture(scope="module")
def remote() -> Iterator[RemoteProcess]:
    with RemoteProcess(host="") as process:
        yield process


@pytest.mark.parametrize("host", ["::1", "[::1]", "localhost", "127.0.0.1"])
def test_a_host_is_reached_by_every_name_it_has(remote: RemoteProcess, host: str) -> None:
    """CASES 15."""
    with Rig(remote.port, host=host) as rig:
        rig.send(Message("s", 1))
        assert rig.receive(1)[0].version == 1


@pytest.mark.parametrize("host", ["dns", "unix", "ipv4", "xds"])
def test_a_host_that_is_called_like_a_scheme_is_a_host(host: str) -> None:
    """CASES 15: it is looked up, not taken for a way to look something up."""
    assert target(host, 45000) == f"dns:///{host}:45000"
    with Rig(free_port(), host=host) as rig:
        with within(2):
            said = rig.event("disconnected").text
        assert f"remote {host}:" in said
        assert "not there" in said or "does not answer" in said


@pytest.fixture(scope="module")
def behind_tls() -> Iterator[int]:
    """The port of a gRPC server that wants TLS."""
    folder = Path(__file__).parent.parent / "data" / "tls"
    pair = (folder / "key.pem").read_bytes(), (folder / "certificate.pem").read_bytes()
    with ThreadPoolExecutor(1) as pool:
        server = grpc.server(pool)
        port: int = server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))
        server.start()
        yield port
        server.stop(None).wait()


SAYS_TLS = "speaks TLS, and a warped node plain gRPC: start it without, or forward a port to it"


def test_a_server_that_wants_tls_is_named_as_such(behind_tls: int) -> None:
    """All that gRPC says of it is that the connection was closed."""
    with Rig(behind_tls) as rig:
        assert f"remote 127.0.0.1:{behind_tls} {SAYS_TLS}" in rig.event("disconnected").text
    assert f"127.0.0.1:{behind_tls} {SAYS_TLS}" in probe("127.0.0.1", behind_tls).problem


def test_what_hangs_up_and_speaks_no_tls_has_closed_the_connection() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]

        def hang_up() -> None:
            with suppress(OSError):  # until the listener is closed
                while True:
                    listener.accept()[0].close()

        thread = Thread(target=hang_up)
        thread.start()
        problem = probe("127.0.0.1", port).problem
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()
    assert problem == f"remote 127.0.0.1:{port} has closed the connection"


def test_an_address_is_written_as_people_write_it() -> None:
    assert address("::1", 1) == address("[::1]", 1) == "[::1]:1"
    assert address("host", 1) == "host:1"


def test_subprocesses_do_not_hang_beside_a_warped_node(remote: RemoteProcess) -> None:
    """CASES 17: a source that runs a process a message, and one that forks."""
    with Rig(remote.port) as rig:
        for version in range(60):
            subprocess.run(["true"], check=True, timeout=10)
            rig.send(Message("s", version))
        assert [m.version for m in rig.receive(60)] == list(range(60))


def test_a_forked_child_does_not_hang_beside_a_warped_node(remote: RemoteProcess) -> None:
    """CASES 17, with `os.fork` as `multiprocessing` does it by default on older Pythons."""
    code = (
        "import os, sys\n"
        "from tests.remotes import Rig\n"
        "from juturna_core.message import Message\n"
        "with Rig(int(sys.argv[1])) as rig:\n"
        "    for version in range(30):\n"
        "        pid = os.fork()\n"
        "        if pid == 0:\n"
        "            os._exit(0)\n"
        "        os.waitpid(pid, 0)\n"
        "        rig.send(Message('s', version))\n"
        "    assert [m.version for m in rig.receive(30)] == list(range(30))\n"
    )
    from tests.remotes import ours

    done: Any = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, str(remote.port)],
        env={**ours(), "GRPC_VERBOSITY": "info"},
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
    assert b"fork" not in done.stderr, "gRPC takes part in none of them: what it does then may hang"
