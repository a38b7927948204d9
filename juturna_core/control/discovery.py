"""Which pipelines run here: each listens on a socket in the runtime directory, called by its name and its process.

Where there can be no such socket (a system or a file system without, too long a path) a file of that name says on which
port of this machine it listens, and the token that it asks for. Nothing else is kept: no list that could be wrong after
a crash. What nobody listens on any more is removed by whoever looks next. Standard library only; from any thread.
"""

from __future__ import annotations

import errno
import json
import os
import re
import secrets
import socket
import stat
import tempfile
import zlib
from dataclasses import dataclass, field
from pathlib import Path

from juturna_core.errors import JuturnaError, did_you_mean

LONGEST_PATH = 100
"""Bytes of a socket's path; systems have room for 104 to 108."""
_LONGEST_NAME = 100
_SUFFIX = ".sock"
_PORT_SUFFIX = ".port"
_ANOTHER = "JUTURNA_RUNTIME_DIR names another one"
_ODD = re.compile(r"[^A-Za-z0-9._-]|\A\.")
"""What gets an underscore in a file's name: what a shell or the address of a socket would read as something else."""


@dataclass(frozen=True, slots=True)
class Found:
    """A pipeline that runs. `name` is as its socket has it: without odd characters, and perhaps shortened."""

    address: str
    name: str
    pid: int
    token: str | None = field(default=None, repr=False)

    @property
    def full_name(self) -> str:
        return f"{self.name}-{self.pid}"


def runtime_directory() -> Path:
    """The folder of the sockets, made when it is not there. Raises JuturnaError when others could get at it."""
    path = _chosen_directory()
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        _refuse_strangers(path)
    except OSError as error:
        raise JuturnaError(
            f"the runtime directory cannot be made: {error.strerror}",
            path=str(path),
            hint=_ANOTHER,
        ) from error
    return path


def socket_path(pipeline_name: str, pid: int) -> Path:
    """Where the process `pid` listens for its pipeline. Raises JuturnaError."""
    return _socket_in(runtime_directory(), pipeline_name, pid)


def announce_port(pipeline_name: str, pid: int, port: int, token: str) -> Path:
    """Write for this user where the process `pid` listens instead of on a socket. Raises JuturnaError, OSError."""
    path = runtime_directory() / f"{_file_name(pipeline_name, _LONGEST_NAME)}-{pid}{_PORT_SUFFIX}"
    beside = path.with_suffix(f".{secrets.token_hex(4)}")
    descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(descriptor, "w", encoding="ascii") as file:
        json.dump({"port": port, "token": token}, file)
    os.replace(beside, path)
    return path


def running() -> list[Found]:
    """The pipelines that run, by name and age of their process; what those that are gone have left is removed."""
    directory = _chosen_directory()
    if not directory.exists():
        return []
    _refuse_strangers(directory)
    found = []
    for path in directory.iterdir():
        name, dash, pid = path.stem.rpartition("-")
        if path.suffix not in (_SUFFIX, _PORT_SUFFIX) or not dash or not pid.isdecimal():
            continue
        address, token = _where(path)
        if address and is_there(address):
            found.append(Found(address, name, int(pid), token))
        elif not is_alive(int(pid)):
            path.unlink(missing_ok=True)
    return sorted(found, key=lambda each: (each.name, each.pid))


def _where(path: Path) -> tuple[str, str | None]:
    """What a file in the directory leads to, and the token for it; "" for one that nobody of ours wrote."""
    if path.suffix == _SUFFIX:
        return f"unix:{path}", None
    try:
        said = json.loads(path.read_text(encoding="ascii"))
        return f"127.0.0.1:{int(said['port'])}", str(said["token"])
    except (OSError, ValueError, KeyError, TypeError):
        return "", None


def find(pipeline: str | None = None, attach: str | None = None) -> Found:
    """The pipeline that is meant: the one named, the one at an address, or the only one that runs.

    `pipeline` is a name, NAME-PID or a process id; `attach` is unix:PATH, the path of a socket or HOST:PORT.
    Raises JuturnaError that names the candidates.
    """
    if attach is not None:
        return Found(_attached(attach), "", 0)
    candidates = running()
    if not candidates:
        raise JuturnaError(
            "no pipeline is running here",
            hint="start one with `juturna run FILE`, or --attach ADDRESS",
        )
    if pipeline is not None:
        return _the_only(_called(pipeline, candidates), f'called "{pipeline}"')
    return _the_only(candidates, "running")


def has_name(found: Found, pipeline: str) -> bool:
    """Whether it is called `pipeline`, as far as the name of a file can say."""
    return found.name == pipeline or found.name in _file_names(pipeline, found.pid)


def is_there(address: str) -> bool:
    """Whether somebody listens at an address. A process that is suspended, or has no time, counts."""
    if address.startswith("unix:"):
        return _is_heard(Path(address.removeprefix("unix:")))
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=1.0).close()
    except OSError:
        return False
    return True


def _the_only(candidates: list[Found], which: str) -> Found:
    if len(candidates) == 1:
        return candidates[0]
    names = ", ".join(each.full_name for each in candidates)
    raise JuturnaError(
        f"{len(candidates)} pipelines are {which}: {names}",
        hint=f"say which: --pipeline {candidates[0].full_name}",
    )


def _called(pipeline: str, candidates: list[Found]) -> list[Found]:
    """Those that `pipeline` may mean; at least one. Raises JuturnaError."""
    named = [
        each
        for each in candidates
        if pipeline in (each.full_name, str(each.pid)) or has_name(each, pipeline)
    ]
    if not named:
        names = sorted({each.name for each in candidates})
        raise JuturnaError(
            f'no pipeline called "{pipeline}" is running; there is '
            + ", ".join(each.full_name for each in candidates),
            hint=did_you_mean(pipeline, names),
        )
    return named


def _attached(address: str) -> str:
    """What `--attach` says, as an address."""
    path = Path(address.removeprefix("unix:").removeprefix("//"))
    if address.startswith("unix:") or "/" in address or path.is_socket():
        if not path.is_socket():
            raise JuturnaError(
                "there is no socket", path=str(path), hint="`juturna ps` lists what runs here"
            )
        return f"unix:{path.absolute()}"
    host, colon, port = address.rpartition(":")
    if not host or not colon or not port.isdecimal() or not 0 < int(port) < 65536:
        raise JuturnaError(
            f'"{address}" is no address', hint="unix:PATH, the path of a socket, or HOST:PORT"
        )
    return address


# --- the directory ---------------------------------------------------------------------------------------------------


def _chosen_directory() -> Path:
    if given := os.environ.get("JUTURNA_RUNTIME_DIR"):
        return Path(given).absolute()
    session = os.environ.get("XDG_RUNTIME_DIR", "")
    if os.path.isabs(session) and _is_ours(Path(session)):  # after `sudo -E` it is somebody else's
        return Path(session) / "juturna"
    return Path(tempfile.gettempdir()).absolute() / f"juturna-{os.getuid()}"


def _is_ours(path: Path) -> bool:
    try:
        return path.stat().st_uid == os.getuid()
    except OSError:
        return False


def _refuse_strangers(path: Path) -> None:
    """Raise JuturnaError for a folder in which somebody else could put, take or open sockets."""
    status = path.stat()
    wrong, hint = None, _ANOTHER
    if not stat.S_ISDIR(status.st_mode):
        wrong = "is no folder"
    elif {status.st_uid, path.lstat().st_uid} != {
        os.getuid()
    }:  # a link of a stranger leads anywhere
        wrong = "belongs to somebody else"
    elif status.st_mode & 0o077:
        wrong = f"is open to others (mode {stat.S_IMODE(status.st_mode):04o})"
        hint = f"chmod 700 {path}"
    if wrong is not None:
        raise JuturnaError(f"the runtime directory {wrong}", path=str(path), hint=hint)


# --- the sockets -----------------------------------------------------------------------------------------------------


def _socket_in(directory: Path, name: str, pid: int) -> Path:
    """The socket's path, at most LONGEST_PATH bytes."""
    room = _room(directory, pid)
    short = _file_name(name, room)
    if len(short) > room:
        raise JuturnaError(
            "the runtime directory has too long a path for a socket",
            path=str(directory),
            hint=_ANOTHER,
        )
    return directory / f"{short}-{pid}{_SUFFIX}"


def _room(directory: Path, pid: int) -> int:
    return LONGEST_PATH - len(os.fsencode(directory)) - len(f"/-{pid}{_SUFFIX}")


def _file_name(name: str, room: int) -> str:
    """A pipeline's name within a file's, `room` characters long; with a checksum where it is not the name itself."""
    short = _ODD.sub("_", name)
    if short == name and 0 < len(short) <= room:
        return short
    checksum = f"~{zlib.crc32(name.encode()):08x}"
    return f"{short[: max(0, room - len(checksum))]}{checksum}"


def _file_names(name: str, pid: int) -> tuple[str, str]:
    """What the files of a pipeline called `name` may be called: its socket, its port."""
    return _file_name(name, _room(_chosen_directory(), pid)), _file_name(name, _LONGEST_NAME)


def _is_heard(path: Path) -> bool:
    if not hasattr(socket, "AF_UNIX"):
        return False
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as ours:
        ours.setblocking(False)
        try:
            return ours.connect_ex(str(path)) in (0, errno.EAGAIN, errno.EINPROGRESS)
        except OSError:  # a path that is too long is none of ours
            return False


def is_alive(pid: int) -> bool:
    """Whether there is such a process. One that has ended and that nobody has waited for counts too."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True
