"""What the system says about files: which of the names that matter was touched.

On Linux we hear the kernel ourselves. `watchfiles` sleeps a step and then asks, again and again: at 50 ms that is 20
wake-ups a second. It serves other systems, and whoever sets WATCHFILES_FORCE_POLLING.
"""

from __future__ import annotations

import errno
import math
import os
import select
import socket
import struct
import sys
import threading
import time
from collections.abc import Generator, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

Places: TypeAlias = dict[str, set[str]]
"""The names that matter, by the real path of their folder; when there are none, only the folder itself does."""

CODE: Final = "*"
"""Stands for every name that code may have, or a folder with code."""

ITSELF: Final = ""
"""The one name in a place that is no folder but the file."""

MOST_LINKS: Final = 40
"""Symlinks on one way after which Linux gives up, too."""


class Inotify:
    """Events as the kernel tells them: nothing runs while there are none."""

    # of inotify.h
    _FOLDER: Final = 0x400 | 0x800  # DELETE_SELF MOVE_SELF
    _NAMES: Final = 0x2 | 0x4 | 0x8 | 0x40 | 0x80 | 0x100 | 0x200
    """MODIFY ATTRIB CLOSE_WRITE MOVED_FROM MOVED_TO CREATE DELETE"""
    _OVERFLOW: Final = 0x4000
    _IGNORED: Final = 0x8000
    _HEAD: Final = struct.Struct("iIII")

    def __init__(self) -> None:
        import ctypes

        self._libc, self._errno = ctypes.CDLL(None, use_errno=True), ctypes.get_errno
        self._fd: int = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        if self._fd < 0:
            raise OSError(self._errno(), f"no file can be watched: {reason(self._errno())}")
        self._names: dict[int, set[str]] = {}
        self.failed: dict[str, int] = {}
        """The number of the error, by the folder that cannot be watched."""
        self._bell, self._button = socket.socketpair()
        self._poll = select.poll()
        self._poll.register(self._fd, select.POLLIN)
        self._poll.register(self._bell, select.POLLIN)

    def watch(self, places: Places) -> bool:
        """Watch `places` and no others. True: some were not watched until now, so what they are may be old.

        Each is added again every time, which finds those that were replaced and costs the others a system call.
        """
        watched = dict[int, set[str]]()
        self.failed.clear()
        for place, names in places.items():
            mask = self._FOLDER | (self._NAMES if names else 0)
            number = self._libc.inotify_add_watch(self._fd, os.fsencode(place), mask)
            if number >= 0:
                watched[number] = names
            elif names - {ITSELF}:
                self.failed[place] = self._errno()
        before, self._names = self._names, watched
        for number in before.keys() - watched.keys():
            self._libc.inotify_rm_watch(self._fd, number)
        new = any(n not in before or (names and not before[n]) for n, names in watched.items())
        return new or errno.ENOENT in self.failed.values()

    def wait(self, timeout: float | None) -> bool:
        """True: something that matters happened. False: not in `timeout` seconds, or `wake` was called."""
        end = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if end is None else max(0.0, 1000 * (end - time.monotonic()))
            ready = {fd for fd, _ in self._poll.poll(left)}
            if not ready or self._bell.fileno() in ready:
                return False
            if any(self._matters(*event) for event in self._events()):
                return True

    def wake(self) -> None:
        """End every `wait` from now on; from any thread."""
        with suppress(OSError):  # it is closed already
            self._button.send(b"\0")

    def close(self) -> None:
        for end in (self._bell, self._button):
            end.close()
        os.close(self._fd)

    def _events(self) -> Iterator[tuple[int, int, str]]:
        data, start = os.read(self._fd, 1 << 16), 0
        while start < len(data):
            number, mask, _, length = self._HEAD.unpack_from(data, start)
            start += self._HEAD.size + length
            yield number, mask, os.fsdecode(data[start - length : start].rstrip(b"\0"))

    def _matters(self, number: int, mask: int, name: str) -> bool:
        if mask & self._OVERFLOW:
            return True
        names = self._names.get(number)
        return names is not None and not mask & self._IGNORED and (not name or is_in(names, name))


class Watchfiles:
    """The same from `watchfiles`; it does not hear that a folder further up was renamed."""

    _STEP: Final = 20
    """Milliseconds that it sleeps before it asks again."""

    def __init__(self) -> None:
        self._places: Places = {}
        self._folders: dict[str, int] = {}
        self.failed: dict[str, int] = {}
        self._events: Generator[set[Any]] = (set() for _ in ())
        self._woken = threading.Event()

    def watch(self, places: Places) -> bool:
        from watchfiles import watch

        self._places = places
        self.failed.clear()
        wanted = [place for place, names in places.items() if names - {ITSELF}]
        try:
            folders = {folder: os.stat(folder).st_ino for folder in wanted}
            if folders == self._folders:
                return False
            self._events.close()
            self._events = watch(
                *wanted,
                watch_filter=None,
                debounce=self._STEP,
                step=self._STEP,
                rust_timeout=self._STEP,
                yield_on_timeout=True,
                stop_event=self._woken,
                recursive=False,
            )
            with suppress(RuntimeError):  # an event that it cannot express: `wait` begins anew
                next(self._events, None)  # it watches from here on
            self._folders = folders
        except OSError as error:
            self._folders = {}
            self.failed[error.filename or wanted[-1]] = error.errno or errno.ENOENT
        return not self.failed or errno.ENOENT in self.failed.values()

    def wait(self, timeout: float | None) -> bool:
        end = math.inf if timeout is None else time.monotonic() + timeout
        while not self._woken.is_set():
            try:
                changes = next(self._events)
            except (StopIteration, RuntimeError):
                self._folders = {}
                return not self._woken.is_set()
            mattered = [self._matters(*change) for change in changes]  # each: it also notes
            if any(mattered):
                return True
            if time.monotonic() >= end:
                break
        return False

    def wake(self) -> None:
        self._woken.set()

    def close(self) -> None:
        self._events.close()

    def _matters(self, change: int, path: str) -> bool:
        if path in self._folders and change == 3:  # watchfiles.Change.deleted
            self._folders = {}  # another one of that name is another one
            return True
        folder, name = os.path.split(path)
        return is_in(self._places.get(folder, set()), name)


def hears_the_kernel() -> bool:
    """Not on other systems, nor under WSL, where the kernel does not know of all that happens to a file."""
    chosen = "WATCHFILES_FORCE_POLLING" in os.environ
    return sys.platform == "linux" and not chosen and "microsoft" not in os.uname().release.lower()


def way_to(path: Path, found: Places) -> Places:
    """Add to `found` what decides which file `path` is: itself, and every symlink that leads there.

    Where the way ends, it is the name that is missing. Folders that are no symlinks may be replaced as well.
    """
    here, todo, links = path.anchor, list(reversed(path.parts[1:])), 0
    while todo:
        names = found.setdefault(here, set())
        if (part := todo.pop()) == "..":
            here = os.path.dirname(here)
            continue
        full = os.path.join(here, part)
        if links < MOST_LINKS and (leads_to := target_of(full)):
            names.add(part)
            links += 1
            todo += reversed(leads_to.parts[1:] if leads_to.is_absolute() else leads_to.parts)
            here = leads_to.anchor or here
        elif todo and os.path.isdir(full):
            here = full
        else:
            names.add(part)
            if os.path.isfile(full):  # it may be written to by another name that it has
                found[full] = {ITSELF}
            break
    return found


def target_of(path: str) -> Path | None:
    """Where a symlink points; None: it is not one."""
    try:
        return Path(os.readlink(path))
    except OSError:
        return None


def is_in(names: set[str], name: str) -> bool:
    return name in names or (CODE in names and (is_code(name) or is_package(name)))


def is_code(name: str) -> bool:
    return name == "config.toml" or (name.endswith(".py") and not name.startswith("."))


def is_package(name: str) -> bool:
    return "." not in name and name != "__pycache__"


def reason(number: int) -> str:
    limits = {errno.EMFILE: "max_user_instances", errno.ENOSPC: "max_user_watches"}
    hint = f" (fs.inotify.{limits[number]})" if number in limits else ""
    return os.strerror(number) + hint
