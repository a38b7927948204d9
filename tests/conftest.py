"""What holds for every test: it leaves no thread and no child process behind, and the log as it was."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

SECONDS_TO_END = 2.0
"""How long a thread that was told to end may take to do so."""


@pytest.fixture(autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """Fail a test that leaves a thread or a child process, by name."""
    threads, children = set(threading.enumerate()), _children()
    yield
    deadline = time.monotonic() + SECONDS_TO_END
    left = [thread for thread in threading.enumerate() if thread not in threads]
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    alive = [thread.name for thread in left if thread.is_alive()]
    assert not alive, f"threads left behind: {alive}"
    new = {pid: command for pid, command in _children().items() if pid not in children}
    assert not new, f"child processes left behind: {new}"


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Take away the handlers and the level that a test gave the `jt` logger."""
    logger = logging.getLogger("jt")
    handlers, level, propagate = list(logger.handlers), logger.level, logger.propagate
    yield
    for handler in [handler for handler in logger.handlers if handler not in handlers]:
        handler.close()
    logger.handlers[:] = handlers
    logger.setLevel(level)
    logger.propagate = propagate


def _children() -> dict[int, str]:
    """This process's children, zombies included: pid to command line. Empty where there is no /proc."""
    found = {}
    for task in Path(f"/proc/{os.getpid()}/task").glob("*/children"):
        try:
            pids = task.read_text().split()
        except OSError:  # that thread has ended
            continue
        for pid in pids:
            try:
                command = Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ").strip()
            except OSError:
                continue
            # multiprocessing keeps its tracker for the whole life of the process
            if "multiprocessing.resource_tracker" not in command:
                found[int(pid)] = command or "(ended, never waited for)"
    return found
