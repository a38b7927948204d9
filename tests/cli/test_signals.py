"""Signals, in a process of their own."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.command import PLUGINS, SECONDS, SINK, chain, node, running, source, written

START = """
import os, signal, sys, threading
from juturna_core.cli.signals import Signals, leave

asked = threading.Event()
signals = Signals()
"""


def process(script: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", START + script], capture_output=True, text=True, timeout=SECONDS
    )


def test_a_signal_is_heard_although_the_main_thread_sleeps_on_a_lock() -> None:
    """It is sent to another thread: the main thread's sleep is not interrupted, as when it just falls asleep."""
    done = process(
        "signals.attend(asked.set, force=lambda: leave(1))\n"
        "def send():\n    signal.pthread_kill(threading.get_ident(), signal.SIGTERM)\n"
        "threading.Thread(target=send).start()\n"
        "asked.wait()\n"
        "print('asked')\n"
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "asked\n", "")


@pytest.mark.parametrize(
    ("signals", "code"),
    [
        (["SIGINT", "SIGINT"], 7),
        (["SIGTERM", "SIGINT"], 0),  # what a parent passes on, and the terminal too
        (["SIGINT", "SIGTERM", "SIGINT"], 7),
        (["SIGTERM", "SIGTERM", "SIGTERM"], 0),
        (["SIGINT", "SIGTERM", "SIGHUP"], 0),
    ],
)
def test_the_second_sigint_forces(signals: list[str], code: int) -> None:
    done = process(
        "heard = threading.Semaphore(0)\n"
        "signals.attend(heard.release, force=lambda: leave(7))\n"
        f"for name in {signals}:\n"
        "    os.kill(os.getpid(), getattr(signal, name))\n"
        "    heard.acquire()\n"
    )
    assert (done.returncode, done.stderr) == (code, "")


def test_before_it_is_attended_a_signal_interrupts() -> None:
    done = process(
        "try:\n    os.kill(os.getpid(), signal.SIGTERM)\n    asked.wait()\n"
        "except KeyboardInterrupt:\n    print('interrupted')\n"
    )
    assert (done.returncode, done.stdout) == (0, "interrupted\n")


def test_a_second_sigint_ends_a_warm_up_that_swallows_the_first(tmp_path: Path) -> None:
    plugin = tmp_path / "plugins/nodes/proc/_deaf"
    plugin.mkdir(parents=True)
    (plugin / "deaf.py").write_text(
        "import time\nfrom juturna.components import Node\n\n\nclass Deaf(Node):\n"
        "    def warmup(self):\n        while True:\n            try:\n"
        "                self.logger.info('warming')\n                time.sleep(60)\n"
        "            except KeyboardInterrupt:\n                pass\n"
    )
    pipe = written(
        tmp_path, {**chain(source(), node("p", "deaf"), SINK), "plugins": [*PLUGINS, "./plugins"]}
    )
    with running("run", pipe, cwd=tmp_path) as run:
        run.until("warming")
        run.signal(signal.SIGINT)
        run.until("warming")
        run.signal(signal.SIGINT)
        assert run.end() == 130
    assert "interrupted" in run.err
