"""A place for a unix socket: who may open it, and who has it.

The socket is made in a folder of its own that only this user may enter, and moved to where clients look for it when it
is ready: nobody ever sees one that is open to others, and nobody's is taken away.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from juturna_core.errors import JuturnaError

LONGEST = 107
"""Bytes of a path that the operating system takes for a socket (on macOS 103)."""
_BESIDE = len("/.12345678/s")


class Place:
    """`path`, for one socket. `bind` makes the socket where it is told to; `release` takes ours away again."""

    def __init__(self, path: Path, bind: Callable[[Path], None]) -> None:
        """Raises JuturnaError when the place is not to be had."""
        self.path = path.absolute()
        if "," in os.fspath(self.path):
            raise JuturnaError(f"{self.path}: clients take a comma for the end of a socket's path")
        length = max(len(os.fsencode(self.path)), len(os.fsencode(self.path.parent)) + _BESIDE)
        if length > LONGEST:
            raise JuturnaError(
                f"{self.path} is too long for a socket: {length} bytes, {LONGEST} at most",
                hint="a shorter path",
            )
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            with _alone(self.path.parent):
                self._inode = self._take(bind)
        except OSError as error:
            reason = (error.strerror or str(error)).lower()
            raise JuturnaError(f"no socket can be made at {self.path}: {reason}") from error

    def release(self) -> None:
        """Remove the socket, if what is there now is ours. While it listens: later its number may be another's."""
        with suppress(OSError):
            if self.path.lstat().st_ino == self._inode:
                self.path.unlink()

    def _take(self, bind: Callable[[Path], None]) -> int:
        self._make_room()
        folder = Path(tempfile.mkdtemp(prefix=".", dir=self.path.parent))
        try:
            bind(fresh := folder / "s")
            fresh.chmod(0o600)
            inode = fresh.stat().st_ino
            fresh.rename(self.path)
            return inode
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _make_room(self) -> None:
        """Take away what a process that is gone has left."""
        try:
            kind = self.path.lstat().st_mode
        except FileNotFoundError:
            return
        if not stat.S_ISSOCK(kind):
            raise JuturnaError(f"{self.path} is there already, and is no socket")
        if listens(self.path):
            raise JuturnaError(
                f"{self.path} is in use by {_owner(self.path)}", hint="another path, or end that"
            )
        self.path.unlink()


def listens(path: Path) -> bool:
    """Whether a process has the socket at `path`."""
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(1.0)
        try:
            probe.connect(os.fspath(path))
        except (ConnectionRefusedError, FileNotFoundError):
            return False
        except OSError:  # one that is too busy to say so, or not ours to ask
            return True
        return True


def _owner(path: Path) -> str:
    from juturna_core.control.client import Client

    client = Client(f"unix:{path}", timeout=1.0)
    try:
        about = client.describe()
    except JuturnaError:
        return "another process"
    finally:
        client.close()
    return f"pipeline {about.name} (process {about.pid})"


@contextmanager
def _alone(folder: Path) -> Iterator[None]:
    """One process at a time looks for a place in `folder`."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
