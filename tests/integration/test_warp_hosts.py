"""Names of hosts, and processes that other nodes start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from juturna_core.message import Message
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
        env=ours(),
        capture_output=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
