"""The workbench as a process on a terminal, and the folder that it works in.

`Screen` is tmux: what a person sees. `Terminal` is a bare pseudo-terminal: what the terminal is sent, byte by byte, and
in which state it is left.
"""

from __future__ import annotations

import fcntl
import os
import re
import selectors
import shlex
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self, TypeVar

from juturna_core.control.api import Control
from juturna_core.control.client import Client
from juturna_core.control.discovery import is_there
from tests.cli.command import chain, written

T = TypeVar("T")

SECONDS = 40.0
"""How long anything may take before the test fails."""
PAUSE = 0.04
"""Between two looks at what nobody announces."""
ESCAPE = re.compile(
    r"\x1b(?:\[[0-9;:<=>?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)|[()].|[^\[\]()])"
)


def eventually(look: Callable[[], T], what: str, shown: Callable[[], str] = str) -> T:
    """What `look` finds, once it finds something; `shown` is added to what is said when it never does."""
    deadline = time.monotonic() + SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline, f"not in {SECONDS:.0f} s: {what}\n{shown()}"
        time.sleep(PAUSE)
    return found


def is_alive(pid: int) -> bool:
    """Whether a process runs, or is stopped. One that nobody has waited for does not."""
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return status.rpartition(")")[2].split()[0] not in "ZX"


class Desk:
    """A folder to work in: with settings, and doors of what runs, that are not those of whoever runs the tests."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # pytest's folders are too long for a socket
        self._private = tempfile.TemporaryDirectory(prefix="jt-")
        self.doors = Path(self._private.name)
        (folder / "state" / "juturna").mkdir(parents=True)
        (folder / "state" / "juturna" / "workbench.json").write_text('{"hint_seen": true}')
        # a file, since dash takes no PS1 from root's environment
        (folder / "shrc").write_text("PS1='exit $? > '\n")
        self.variables = {
            "ENV": str(folder / "shrc"),
            "HOME": str(folder),
            "JUTURNA_RUNTIME_DIR": str(self.doors),
            "LC_ALL": "C.UTF-8",
            "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
            "TERM": "xterm-256color",
            "TMPDIR": str(folder),
            "XDG_CONFIG_HOME": str(folder / "config"),
            "XDG_STATE_HOME": str(folder / "state"),
        }

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self.running():
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._private.cleanup()

    def pipeline(self, *nodes: dict[str, Any], plugins: Path | None = None) -> Path:
        """The file of a chain of `nodes`."""
        made = chain(*nodes)
        if plugins is not None:
            made["plugins"] = [*made["plugins"], str(plugins)]
        return written(self.folder, made)

    def running(self) -> list[int]:
        """The processes whose pipelines can be asked; one that is stopped counts."""
        doors = [each for each in self.doors.glob("*.sock") if is_there(f"unix:{each}")]
        return [int(each.stem.rpartition("-")[2]) for each in doors]

    def runtime(self) -> int:
        """The one that runs, once it does."""
        return eventually(self.running, "a pipeline runs")[0]

    def ended(self, pid: int) -> None:
        """Wait for the end of a process."""
        eventually(lambda: not is_alive(pid), f"process {pid} ends")

    @contextmanager
    def control(self) -> Iterator[Control]:
        """A client of the one that runs."""
        self.runtime()
        (door,) = self.doors.glob("*.sock")
        client = Client(f"unix:{door}", timeout=SECONDS)
        try:
            yield client
        finally:
            client.close()


PROMPT = re.compile(r"exit (\d+) >\n*\Z")


class Screen:
    """A shell in tmux. Its prompt tells the exit code of the command before."""

    def __init__(self, desk: Desk, columns: int = 120, rows: int = 40) -> None:
        self._command = ["tmux", "-S", str(desk.doors / "tmux"), "-f", os.devnull]
        self._env = desk.variables
        size = ["-x", str(columns), "-y", str(rows)]
        self._tmux("new-session", "-d", *size, "-c", str(desk.folder), "exec sh")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._tmux("kill-server")

    def run(self, *command: str) -> None:
        """Type a command, behind the prompt: before it, it would leave a prompt that looks like a new one."""
        eventually(lambda: PROMPT.search(self.text()), "a prompt", self.text)
        self._tmux("send-keys", "-l", shlex.join(command))
        self.press("Enter")

    def press(self, *keys: str) -> None:
        """Press keys, as tmux calls them: w, C-s, Right."""
        self._tmux("send-keys", *keys)

    def text(self) -> str:
        """What is to be seen."""
        return self._tmux("capture-pane", "-p")

    def until(self, *texts: str) -> str:
        """What is to be seen once all of this is: letter by letter, but for lines that are broken in between."""

        def look() -> str:
            text = self.text()
            found = _flat(text)
            return text if all(_flat(each) in found for each in texts) else ""

        return eventually(look, f"{texts} on the screen", self.text)

    def until_not(self, text: str) -> str:
        """What is to be seen once this is not."""
        look = self.text
        return eventually(
            lambda: shown if text not in (shown := look()) else "", f"no {text}", look
        )

    def number(self, pattern: str, above: int = -1) -> int:
        """The first group of `pattern`, once it is above `above`."""

        def look() -> re.Match[str] | None:
            found = re.search(pattern, self.text())
            return found if found and int(found[1]) > above else None

        return int(eventually(look, f"{pattern} above {above}", self.text)[1])

    def moves(self, pattern: str) -> None:
        """Wait until a number has become larger."""
        self.number(pattern, above=self.number(pattern))

    def exit_code(self) -> int:
        """Of the command, once it has ended and the screen is the shell's again."""

        def look() -> re.Match[str] | None:
            return None if self._is("alternate_on") else PROMPT.search(self.text())

        code = int(eventually(look, "the command ends", self.text)[1])
        assert self._is("cursor_flag"), "the cursor stays hidden"
        assert not self._is("mouse_any_flag"), "the mouse stays with a program that has ended"
        return code

    @contextmanager
    def written_to(self, file: Path) -> Iterator[None]:
        """Keep in `file` all that programs write to the terminal."""
        self._tmux("pipe-pane", f"exec cat > {shlex.quote(str(file))}")
        yield
        self._tmux("pipe-pane")

    def _is(self, flag: str) -> bool:
        return self._tmux("display-message", "-p", f"#{{{flag}}}").strip() == "1"

    def _tmux(self, *arguments: str) -> str:
        done = subprocess.run(
            [*self._command, *arguments],
            env=self._env,
            capture_output=True,
            text=True,
            timeout=SECONDS,
        )
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout


class Terminal:
    """A command on a pseudo-terminal of its own, in a session of its own. A thread keeps what it writes."""

    END = b"\0the end\0"

    def __init__(self, desk: Desk, *command: str, **variables: str) -> None:
        self.raw = b""
        self._changed = threading.Condition()  # guards it
        self._ours, self._theirs = os.openpty()
        self.resize(120, 40)
        self._attributes = termios.tcgetattr(self._theirs)
        # The first terminal that the leader of a session opens is its own: hangs it up, and tells it of new sizes.
        place = ["sh", "-c", 'exec "$@" <>"$0" >&0 2>&0', os.ttyname(self._theirs)]
        self.process = subprocess.Popen(
            [*place, *command],
            cwd=desk.folder,
            env=desk.variables | variables,
            start_new_session=True,
        )
        self._stop, self._stopper = os.pipe()
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.wait()
        self.hang_up()

    def _read(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._ours, selectors.EVENT_READ)
            selector.register(self._stop, selectors.EVENT_READ)
            while all(key.fd == self._ours for key, _ in selector.select()):
                data = os.read(self._ours, 1 << 16)
                with self._changed:
                    self.raw += data
                    self._changed.notify_all()

    def type(self, text: str) -> None:
        os.write(self._ours, text.encode())

    def resize(self, columns: int, rows: int) -> None:
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, struct.pack("4H", rows, columns, 0, 0))

    def hang_up(self) -> None:
        """What closing the window does."""
        if not self._reader.is_alive():
            return
        os.close(self._stopper)
        self._reader.join(SECONDS)
        for each in (self._ours, self._theirs, self._stop):
            os.close(each)

    def until(self, text: str, *, after: int = 0) -> None:
        """Wait until it has written a text; `after` so many bytes."""
        self._wait(lambda: text in plain(self.raw[after:]), text)

    def exit_code(self) -> int:
        """Once it has ended; all that it wrote is read then."""
        code = self.process.wait(SECONDS)
        os.write(self._theirs, self.END)
        self._wait(lambda: self.raw.endswith(self.END), "its last bytes")
        self.raw = self.raw.removesuffix(self.END)
        return code

    def _wait(self, holds: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(holds, SECONDS), f"no {what!r}: {plain(self.raw)[-2000:]}"

    @property
    def modes(self) -> set[int]:
        """Those that are on: 7 wraps lines, 25 is the cursor, 1000 to 1006 the mouse, 1049 the other screen."""
        on = {7, 25}
        for number, letter in re.findall(rb"\x1b\[\?(\d+)([hl])", self.raw):
            on = on | {int(number)} if letter == b"h" else on - {int(number)}
        return on

    @property
    def is_restored(self) -> bool:
        """Whether the terminal is as it was before."""
        return self.modes == {7, 25} and termios.tcgetattr(self._theirs) == self._attributes


def plain(raw: bytes) -> str:
    """What is written, without what tells the terminal where and how."""
    return ESCAPE.sub("", raw.decode(errors="replace"))


def _flat(text: str) -> str:
    """Without frames, and blanks that a line break may stand for."""
    return "".join(text.translate(dict.fromkeys(map(ord, "│╭╮╰╯─┃┏┓┗┛━▌"), " ")).split())
