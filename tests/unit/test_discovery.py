"""Where the sockets of running pipelines are, and which of them are believed."""

from __future__ import annotations

import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from juturna_core.control.discovery import (
    LONGEST_PATH,
    Found,
    announce_port,
    find,
    is_there,
    running,
    runtime_directory,
    socket_path,
)
from juturna_core.errors import JuturnaError

NOBODY = 2**22 + 1
"""Above the highest process id of Linux."""


@pytest.fixture(autouse=True)
def directory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("JUTURNA_RUNTIME_DIR", str(tmp_path / "run"))
    return tmp_path / "run"


@contextmanager
def listening(name: str, pid: int) -> Iterator[Found]:
    path = socket_path(name, pid)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen()
        yield Found(f"unix:{path}", path.stem.rpartition("-")[0], pid)


def test_the_directory_is_for_this_user_only(directory: Path) -> None:
    assert running() == []
    assert not directory.exists()
    assert runtime_directory() == directory
    assert directory.stat().st_mode & 0o777 == 0o700


def test_a_link_to_a_folder_of_ours_is_followed(directory: Path, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir(mode=0o700)
    directory.symlink_to(tmp_path / "real")
    with listening("chain", 1) as found:
        assert running() == [found]


@pytest.mark.parametrize("mode", [0o755, 0o710, 0o701, 0o777])
def test_a_directory_that_is_open_to_others_is_refused(directory: Path, mode: int) -> None:
    directory.mkdir()
    directory.chmod(mode)
    for ask in (runtime_directory, running, lambda: socket_path("chain", 1)):
        with pytest.raises(JuturnaError, match=f"open to others .*{mode:o}.*chmod 700"):
            ask()


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a folder away")
def test_a_directory_of_somebody_else_is_refused(directory: Path, tmp_path: Path) -> None:
    directory.mkdir(mode=0o700)
    os.chown(directory, 12345, -1)
    with pytest.raises(JuturnaError, match="belongs to somebody else"):
        running()
    directory.rmdir()
    directory.symlink_to(tmp_path)
    os.chown(directory, 12345, -1, follow_symlinks=False)
    with pytest.raises(JuturnaError, match="belongs to somebody else"):
        running()


def test_a_file_in_its_place_is_refused(directory: Path) -> None:
    directory.touch(mode=0o600)
    with pytest.raises(JuturnaError, match="no folder"):
        running()
    with pytest.raises(JuturnaError, match="cannot be made: File exists"):
        runtime_directory()


def test_without_a_setting_it_is_in_the_folder_of_the_session_or_the_temporary_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("JUTURNA_RUNTIME_DIR")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(tmp_path))
    assert runtime_directory() == tmp_path / "juturna"
    for unusable in ("relative", str(tmp_path / "nowhere"), ""):
        monkeypatch.setenv("XDG_RUNTIME_DIR", unusable)
        assert runtime_directory() == tmp_path / f"juturna-{os.getuid()}"


@pytest.mark.parametrize(
    "name",
    ["chain", "a" * 300, "a/b", "..", "", "カメラ入力" * 20, "two words", "%20", "a-b-1", "-"],
)
def test_every_name_has_a_short_path_in_the_directory(directory: Path, name: str) -> None:
    path = socket_path(name, 123)
    assert path.parent == directory
    assert len(os.fsencode(path)) <= LONGEST_PATH
    assert path.name.isascii()
    assert not path.name.startswith(".")
    assert " " not in path.name
    with listening(name, 123) as found:
        assert running() == [found]
        assert find(name) == find() == found


def test_names_that_differ_have_paths_that_differ() -> None:
    names = ["a b", "a_b", "a/b", "x" * 100 + "1", "x" * 100 + "2", "カ", "メ"]
    assert len({socket_path(name, 1) for name in names}) == len(names)


def test_a_directory_that_leaves_no_room_for_a_socket_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUTURNA_RUNTIME_DIR", str(tmp_path / ("d" * 100)))
    with pytest.raises(JuturnaError, match="too long a path"):
        socket_path("chain", 1)


def test_a_socket_is_removed_when_nobody_listens_and_its_process_is_gone(directory: Path) -> None:
    with listening("gone", NOBODY), listening("starts", os.getpid()):
        pass  # closed, and their files are left
    foreign = directory / "notes.txt"
    foreign.touch()
    assert running() == []
    assert not socket_path("gone", NOBODY).exists()
    assert socket_path("starts", os.getpid()).exists()  # its process may be about to listen
    assert foreign.exists()


def test_who_listens_is_believed_though_its_process_cannot_be_seen() -> None:
    with listening("container", NOBODY) as found:
        assert running() == [found]


def test_a_process_that_accepts_nobody_is_there() -> None:
    path = socket_path("busy", 1)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(path))
        server.listen(0)
        waiting = [socket.socket(socket.AF_UNIX) for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(str(path))
        assert [each.name for each in running()] == ["busy"]
        assert is_there(f"unix:{path}")
        for each in waiting:
            each.close()
    assert not is_there(f"unix:{path}")


def test_one_of_several_is_found_by_name_process_or_both() -> None:
    with listening("chain", 11) as first, listening("chain", 12), listening("camera", 13) as other:
        assert find("camera") == find("camera-13") == find("13") == other
        assert find("chain-11") == find("11") == first
        with pytest.raises(JuturnaError, match=r'2 .* called "chain": chain-11, chain-12'):
            find("chain")
        with pytest.raises(JuturnaError, match="3 pipelines are running: camera-13, chain-11"):
            find()
        with pytest.raises(JuturnaError, match='did you mean "camera"'):
            find("camra")


def test_what_to_attach_to_is_taken_as_it_is(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with listening("chain", 11) as found:
        monkeypatch.chdir(directory)
        for path in (str(directory / "chain-11.sock"), "./chain-11.sock", "chain-11.sock"):
            for form in (path, f"unix:{path}"):
                assert find(attach=form).address == found.address
        assert find(attach=f"unix://{directory}/chain-11.sock").address == found.address
    for place in ("camera:5000", "10.0.0.7:5000", "[::1]:5000"):
        assert find(attach=place).address == place


def test_is_there_tells_of_tcp_too() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        place = f"127.0.0.1:{server.getsockname()[1]}"
        assert is_there(place)
    assert not is_there(place)


def test_without_a_socket_a_file_says_the_port_and_its_token(directory: Path) -> None:
    long = "a name " * 40
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        path = announce_port(long, os.getpid(), port, "secret")
        assert path.stat().st_mode & 0o777 == 0o600
        (found,) = running()
        assert (found.address, found.pid, found.token) == (
            f"127.0.0.1:{port}",
            os.getpid(),
            "secret",
        )
        assert find(long) == find() == found
        assert "secret" not in repr(found)
    assert [each.name for each in directory.iterdir()] == [path.name]


def test_the_port_file_of_a_process_that_is_gone_is_removed(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    path = announce_port("chain", NOBODY, port, "secret")
    assert running() == []
    assert not path.exists()


@pytest.mark.parametrize("text", ["", "{", "[1]", '{"port": "x", "token": ""}', "\xff"])
def test_a_port_file_that_makes_no_sense_is_not_believed(directory: Path, text: str) -> None:
    runtime_directory()
    (directory / f"chain-{os.getpid()}.port").write_text(text, encoding="latin-1")
    assert running() == []
