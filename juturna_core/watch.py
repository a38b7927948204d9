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
import os
import stat
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from juturna_core.errors import StateError
from juturna_core.log import jt_logger
from juturna_core.notify import (
    CODE,
    Inotify,
    Places,
    Watchfiles,
    hears_the_kernel,
    is_code,
    is_package,
    reason,
    way_to,
)


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
        self._source = Inotify() if hears_the_kernel() else Watchfiles()
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
            self._tell(f"{folder} cannot be watched: {reason(number)}", about=folder)

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
        return way_to(self._path, {})

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
        self._known = False

    def known(self) -> None:
        """Before `start`: the code that is there now is about to be read, and what is saved from now on is news."""
        self._digest()
        self._known = True

    def _places(self) -> Places:
        found: Places = {}
        for root in self._roots:
            way_to(root, found)
            for folder, _, links in _code_in(str(root)):
                found.setdefault(folder, set()).add(CODE)
                for link in links:
                    way_to(Path(link), found)
        return found

    def _remember(self) -> None:
        if not self._known:
            self._digest()

    def _digest(self) -> None:
        self._digests = {root: self._digests_in(root) for root in self._roots}

    def _look(self) -> None:
        before = self._digests
        self._digest()
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
    files = [entry for entry in found if is_code(entry.name)]
    folders = [entry for entry in found if is_package(entry.name) and os.path.isdir(entry)]
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


def _content(path: Path) -> bytes:
    with open(path, "rb", opener=lambda name, flags: os.open(name, flags | os.O_NONBLOCK)) as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):  # of a pipe there is no end
            raise OSError(errno.EINVAL, "it is no regular file")
        return file.read()
