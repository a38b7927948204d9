"""Hears when the pipeline file or the code of plugins has changed: `FileWatch`, `PluginWatch`.

Each is one daemon thread, which calls back. It sleeps until the system says that a name that matters was touched, lets
that settle, and compares what is there with what was there: an event is a reason to look, content decides.

On Linux we hear the kernel ourselves: 50 ms from a save to the callback, which is the debounce, and no wake-up without
an event. `watchfiles` sleeps a step and asks, again and again: 90 ms and 50 wake-ups a second at a step of 20 ms. It
serves other systems, and whoever sets WATCHFILES_FORCE_POLLING.
"""

from __future__ import annotations

import errno
import hashlib
import math
import os
import select
import socket
import stat
import struct
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, TypeAlias

from juturna_core.errors import StateError
from juturna_core.log import jt_logger

Places: TypeAlias = dict[str, set[str]]
"""The names that matter, by the real path of their folder; when there are none, only the folder itself does."""
CODE: Final = "*"
"""Stands for every name that code may have, or a folder with code."""
ITSELF: Final = ""
"""The one name in a place that is no folder but the file."""
MOST_LINKS: Final = 40
"""Symlinks on one way after which Linux gives up, too."""


class Watch:
    """What the two have in common: the thread, and when it looks."""

    def __init__(self, debounce: float, problem: Callable[[str], None] | None) -> None:
        self._debounce = debounce
        self._problem = problem or jt_logger("watch").warning
        self._told: dict[str, str] = {}
        self._source: Inotify | Watchfiles
        self._thread: threading.Thread | None = None
        self._ending = False

    def start(self) -> None:
        """When it returns every change is noticed. OSError: the system has nothing left to watch with."""
        if self._thread is not None:
            raise StateError("a watch is started once")
        self._source = Inotify() if _hears_the_kernel() else Watchfiles()
        self._arm()
        self._remember()
        name = f"jt-{type(self).__name__}"
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Waits for a callback that is running, unless that is where it is called from; none comes after it."""
        if self._thread is None:
            return
        self._ending = True
        self._source.wake()
        if self._thread is not threading.current_thread():
            self._thread.join()

    def _places(self) -> Places:
        """What decides, as things are now."""
        raise NotImplementedError

    def _remember(self) -> None:
        """Note what is there."""
        raise NotImplementedError

    def _look(self) -> None:
        """Compare what is there with what was, and call back."""
        raise NotImplementedError

    def _run(self) -> None:
        try:
            while not self._ending:
                self._settle()
                if not self._ending:
                    self._look()
                    self._source.wait(None)
        finally:
            self._source.close()

    def _settle(self) -> None:
        """Wait until nothing has happened for the debounce, ten times as long at most."""
        self._arm()
        end = time.monotonic() + 10 * self._debounce
        while (left := end - time.monotonic()) > 0:
            happened = self._source.wait(min(self._debounce, left))
            self._arm()  # at the end, too: of a removed folder that is in use nothing is heard
            if not happened:
                return

    def _arm(self) -> None:
        """Watch what decides; again for as long as that may have changed before it was watched."""
        for _ in range(100):  # whoever replaces folders faster than that is heard of again
            if not self._source.watch(self._places()):
                break
        for folder, number in self._source.failed.items():
            self._tell(f"{folder} cannot be watched: {_reason(number)}", about=folder)

    def _tell(self, text: str, about: str | None = None) -> None:
        """Say that something is wrong; of one thing, `about`, nothing twice in a row."""
        if about is None or self._told.get(about) != text:
            self._call(self._problem, text)
        if about is not None:
            self._told[about] = text

    def _call(self, callback: Callable[[Any], None], value: Any) -> None:
        try:
            callback(value)
        except Exception as error:  # noqa: BLE001  # functions of whoever watches; the watch goes on
            text = f"{type(error).__name__}: {error}"
            if callback is self._problem:
                jt_logger("watch").error("%s, raised by what was told: %s", text, value)
            else:
                self._tell(text)


class FileWatch(Watch):
    """Calls back when the text of a file is another than it was.

    It may be gone or unreadable in between, and symlinks and folders on the way to it may be replaced.
    """

    def __init__(
        self,
        path: Path,
        changed: Callable[[bytes], None],
        *,
        debounce: float = 0.05,
        problem: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(debounce, problem)
        self._path = path.absolute()
        self._changed = changed
        self._lock = threading.Lock()
        self._last: bytes | None = None
        self._ours: tuple[bytes, ...] = ()

    def known(self, content: bytes) -> None:
        """No news when it appears: before `start`, what was read already; later, what is about to be written."""
        with self._lock:
            if self._thread is None:
                self._last = content
            elif content != (self._last, *self._ours)[-1]:
                self._ours += (content,)

    def _places(self) -> Places:
        return _way_to(self._path, {})

    def _remember(self) -> None:
        if self._last is None:
            with suppress(OSError):
                self._last = _content(self._path)

    def _look(self) -> None:
        try:
            content = _content(self._path)
        except (FileNotFoundError, NotADirectoryError):
            self._tell(f"{self._path} is gone; waiting for it to come back", about="file")
        except OSError as error:
            self._tell(f"{self._path} cannot be read: {error.strerror}", about="file")
        else:
            self._told.pop("file", None)
            if self._is_news(content):
                self._call(self._changed, content)

    def _is_news(self, content: bytes) -> bool:
        with self._lock:
            if content == self._last:
                return False
            self._last = content
            if content in self._ours:
                behind = self._ours[::-1].index(content)  # what will appear later
                self._ours = self._ours[len(self._ours) - behind :]
                return False
            self._ours = ()  # what we wrote was overwritten; whoever brings it back later is somebody else
            return True


class PluginWatch(Watch):
    """Calls back with the folders of plugins of which a `.py` or config.toml was changed, added or deleted.

    That is `<folder>/nodes/<type>/_<mark>`; for a file that is in no plugin, the folder that it is in.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        changed: Callable[[frozenset[Path]], None],
        *,
        debounce: float = 0.05,
        problem: Callable[[str], None] | None = None,
    ) -> None:
        super().__init__(debounce, problem)
        self._roots = tuple(Path(os.path.abspath(folder)) for folder in folders)
        self._changed = changed
        self._digests: dict[Path, dict[Path, bytes]] = {root: {} for root in self._roots}

    def _places(self) -> Places:
        found: Places = {}
        for root in self._roots:
            _way_to(root, found)
            for folder, _, links in _code_in(str(root)):
                found.setdefault(folder, set()).add(CODE)
                for link in links:
                    _way_to(Path(link), found)
        return found

    def _remember(self) -> None:
        self._digests = {root: self._digests_in(root) for root in self._roots}

    def _look(self) -> None:
        before = self._digests
        self._remember()
        changed = frozenset(
            _plugin_of(path, root)
            for root, now in self._digests.items()
            for path, _ in now.items() ^ before[root].items()
        )
        if changed:
            self._call(self._changed, changed)

    def _digests_in(self, root: Path) -> dict[Path, bytes]:
        """What is there of each file; what cannot be read counts as it was."""
        before, now = self._digests[root], {}
        if not root.is_dir():
            self._tell(f"{root} is gone; waiting for it to come back", about=str(root))
            return before
        self._told.pop(str(root), None)
        for path in (Path(file) for _, files, _ in _code_in(str(root)) for file in files):
            try:
                now[path] = hashlib.sha256(_content(path)).digest()
                self._told.pop(str(path), None)
            except FileNotFoundError:
                continue
            except OSError as error:
                self._tell(f"{path} cannot be read: {error.strerror}", about=str(path))
                now[path] = before.get(path, b"")
        return now


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
            raise OSError(self._errno(), f"no file can be watched: {_reason(self._errno())}")
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
        return names is not None and not mask & self._IGNORED and (not name or _is_in(names, name))


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
        return _is_in(self._places.get(folder, set()), name)


def _hears_the_kernel() -> bool:
    """Not on other systems, nor under WSL, where the kernel does not know of all that happens to a file."""
    chosen = "WATCHFILES_FORCE_POLLING" in os.environ
    return sys.platform == "linux" and not chosen and "microsoft" not in os.uname().release.lower()


def _way_to(path: Path, found: Places) -> Places:
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
        if links < MOST_LINKS and (target := _target(full)):
            names.add(part)
            links += 1
            todo += reversed(target.parts[1:] if target.is_absolute() else target.parts)
            here = target.anchor or here
        elif todo and os.path.isdir(full):
            here = full
        else:
            names.add(part)
            if os.path.isfile(full):  # it may be written to by another name that it has
                found[full] = {ITSELF}
            break
    return found


def _target(path: str) -> Path | None:
    """Where a symlink points; None: it is not one."""
    try:
        return Path(os.readlink(path))
    except OSError:
        return None


def _code_in(
    folder: str, above: tuple[str, ...] = ()
) -> Iterator[tuple[str, list[str], list[str]]]:
    """Every folder from `folder` down: its real path; its files of code; which of all in it are symlinks."""
    real = os.path.realpath(folder) if not above or os.path.islink(folder) else ""
    real = real or os.path.join(above[-1], os.path.basename(folder))
    if real in above:
        return
    try:
        with os.scandir(folder) as entries:
            found = sorted(entries, key=lambda entry: entry.name)
    except OSError:  # it is no folder, or not to be read
        return
    files = [entry for entry in found if _is_code(entry.name)]
    folders = [entry for entry in found if _is_package(entry.name) and os.path.isdir(entry)]
    links = [entry.path for entry in (*files, *folders) if entry.is_symlink()]
    yield real, [entry.path for entry in files], links
    for entry in folders:
        yield from _code_in(entry.path, (*above, real))


def _plugin_of(path: Path, root: Path) -> Path:
    parts = path.relative_to(root).parts
    if parts[0] == "nodes":
        for end, part in enumerate(parts[2:-1], 3):
            if part.startswith("_"):
                return root.joinpath(*parts[:end])
    return path.parent


def _is_code(name: str) -> bool:
    return name == "config.toml" or (name.endswith(".py") and not name.startswith("."))


def _is_package(name: str) -> bool:
    return "." not in name and name != "__pycache__"


def _is_in(names: set[str], name: str) -> bool:
    return name in names or (CODE in names and (_is_code(name) or _is_package(name)))


def _content(path: Path) -> bytes:
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # of a pipe there is no end
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read()


def _reason(number: int) -> str:
    limits = {errno.EMFILE: "max_user_instances", errno.ENOSPC: "max_user_watches"}
    hint = f" (fs.inotify.{limits[number]})" if number in limits else ""
    return os.strerror(number) + hint
