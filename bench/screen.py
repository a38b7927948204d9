"""One measurement of the workbench, in a process of its own: prints its figures as one JSON object.

    PYTHON screen.py MEASUREMENT '{"argument": …}'

What is measured is `python -m juturna_tui` as a person starts it: on a terminal, here one of 120 by 40 that nobody
sees, with its pipeline as its child. Shares of a core and memory are those of the workbench alone.
"""

import fcntl
import functools
import itertools
import json
import os
import random
import re
import signal
import statistics
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import alone
from side import node, percentile

PLUGINS = str(Path(__file__).parent / "plugins")
COLUMNS, ROWS = 120, 40
PATIENCE = 60.0
"""Seconds for anything to appear on the screen, or for the workbench to end."""
SETTLED = 5.0
"""Seconds after which nothing of the start is left."""
TICKS = os.sysconf("SC_CLK_TCK")

ESCAPES = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]P_^][^\x1b\x07]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
FIGURE = r"(?:[│┃]| s0 ) *\d[\d.]* ?(?:µs|ms)"
"""A latency in a box. Until something is known of a node there is a dash."""


def selected(name: str) -> str:
    """The box of the node that is selected, large or in one line, begins like this."""
    return rf"[┏┃]. {name} "


def text(drawn: bytes) -> str:
    """What is drawn, without what says where and how."""
    return ESCAPES.sub("", drawn.decode(errors="replace"))


class Workbench:
    """One that runs; a thread reads what it draws, from `__init__` to `close`."""

    def __init__(self, *arguments: str, pattern: str) -> None:
        """Start it, and look for `pattern` in what it draws."""
        home = Path(tempfile.mkdtemp(prefix="bench-"))
        (home / "juturna").mkdir()
        (home / "juturna" / "workbench.json").write_text('{"hint_seen": true}')
        homes = {"XDG_CONFIG_HOME": str(home), "XDG_STATE_HOME": str(home)}
        self._screen, terminal = os.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("4H", ROWS, COLUMNS, 0, 0))
        self._news = threading.Condition()
        self.look_for(pattern)
        self.began = time.perf_counter()
        self._process = subprocess.Popen(
            [sys.executable, "-m", "juturna_tui", *arguments],
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
            start_new_session=True,
            env={**os.environ, **homes, "TERM": "xterm-256color", "COLORTERM": "truecolor"},
        )
        os.close(terminal)
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def _read(self) -> None:
        while True:
            try:
                data = os.read(self._screen, 1 << 16)
            except OSError:  # EIO: nobody has the other end any more
                return
            now = time.perf_counter()
            with self._news:
                if not self._found:
                    self._drawn += data
                    if self._pattern.search(text(self._drawn)):
                        self._found = now
                        self._news.notify_all()

    def look_for(self, pattern: str) -> None:
        """In what is drawn from now on."""
        with self._news:
            self._pattern, self._drawn, self._found = re.compile(pattern), b"", 0.0

    def found(self) -> float:
        """Wait for it: when it was drawn, by perf_counter."""
        with self._news:
            if not self._news.wait_for(lambda: self._found, PATIENCE):
                drawn = text(self._drawn)[-2000:]
                raise TimeoutError(f"{self._pattern.pattern} was not drawn, but: {drawn}")
            return self._found

    def press(self, key: str) -> float:
        """When it was pressed."""
        now = time.perf_counter()
        os.write(self._screen, key.encode())
        return now

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def cpu(self) -> float:
        """Seconds of CPU so far, its children's not among them."""
        fields = self._proc("stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    @property
    def memory(self) -> float:
        """Megabytes that are resident."""
        return int(re.search(r"VmRSS:\s+(\d+) kB", self._proc("status"))[1]) * 1024 / 1e6

    def _proc(self, name: str) -> str:
        return Path(f"/proc/{self._process.pid}/{name}").read_text()

    def close(self) -> None:
        """Have it end, and what it has started; by force when `q` is not enough."""
        pid = self._process.pid
        try:
            started = [int(each) for each in self._proc(f"task/{pid}/children").split()]
            self.press("q")
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            for each in (pid, *started):
                os.kill(each, signal.SIGKILL)
            self._process.wait()
        self._reader.join()
        os.close(self._screen)


@contextmanager
def workbench(*arguments: str, pattern: str) -> Iterator[Workbench]:
    """One that has drawn `pattern`."""
    opened = Workbench(*arguments, pattern=pattern)
    try:
        opened.found()
        yield opened
    finally:
        opened.close()


def pipeline(nodes: int, source: dict, *more: dict) -> str:
    """A file of chains, short enough to be seen whole where there are few, and of `more` nodes."""
    made, links = alone.chains(nodes, 3 if nodes < 60 else 10, source)
    path = Path(tempfile.mkdtemp(prefix="bench-")) / "pipe.json"
    about = {"name": "bench", "id": "1", "folder": str(path.parent / "out")}
    document = {
        "version": "1",
        "plugins": [PLUGINS],
        "pipeline": {**about, "nodes": [*made, *more], "links": links},
    }
    path.write_text(json.dumps(document, indent=2))
    return str(path)


def numbers(by: float) -> dict:
    return node("", "source", "numbers", by=by)


# --- measurements ----------------------------------------------------------------------------------------------------


def first(nodes: int, times: int) -> dict[str, float]:
    """From the start of the process to the first boxes, and to the first figure in one."""
    boxes, figures = [], []
    file = pipeline(nodes, numbers(0.05))
    for _ in range(times):
        with workbench(file, pattern=selected("s0")) as opened:
            boxes.append(opened.found() - opened.began)
            opened.look_for(FIGURE)
            figures.append(opened.found() - opened.began)
    return {"boxes": statistics.median(boxes), "figures": statistics.median(figures)}


def load(nodes: int, seconds: float, by: float) -> dict[str, float]:
    """What the workbench takes while it shows a pipeline: a share of a core, and memory."""
    with workbench(pipeline(nodes, numbers(by)), pattern=FIGURE) as opened:
        return _load(opened, seconds)


def idle(nodes: int, seconds: float) -> dict[str, float]:
    """The same where nothing flows."""
    silent = node("", "source", "silent")
    with workbench(pipeline(nodes, silent), pattern=selected("s0")) as opened:
        return _load(opened, seconds)


def _load(opened: Workbench, seconds: float) -> dict[str, float]:
    time.sleep(SETTLED)
    before, began = opened.cpu, time.perf_counter()
    time.sleep(seconds)
    share = (opened.cpu - before) / (time.perf_counter() - began)
    return {"cpu": 100 * share, "memory": opened.memory}


def keys(nodes: int, lines: int, presses: int) -> dict[str, float]:
    """From a key that moves the selection to that on the screen, while `lines` are logged a second."""
    talker, choose, took = node("t", "source", "talker", lines=lines), random.Random(1), []
    with workbench(pipeline(nodes, numbers(0.1), talker), pattern=FIGURE) as opened:
        time.sleep(SETTLED)
        for key, name in itertools.islice(itertools.cycle((("l", "p0_0"), ("h", "s0"))), presses):
            opened.look_for(selected(name))
            pressed = opened.press(key)
            took.append(opened.found() - pressed)
            time.sleep(choose.uniform(0.03, 0.13))
    return {"p50": percentile(took, 50) * 1e3, "p99": percentile(took, 99) * 1e3}


def watched(nodes: int, seconds: float, pairs: int) -> dict[str, float]:
    """What a pipeline at full speed loses to a workbench that looks at it: see `alone.cost`."""
    rig = alone.Rig(*alone.chains(nodes, 10, numbers(0)))
    with workbench("--attach", rig.serve(), pattern=FIGURE) as opened:
        return alone.cost(rig, opened.pid, seconds, pairs)


MEASUREMENTS = {each.__name__: each for each in (first, load, idle, keys, watched)}


def main() -> None:
    call, arguments = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(functools.partial(MEASUREMENTS[call], **arguments)()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
