"""What tests of the runtime share: waiting with a deadline, short items, eager thread switches."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from juturna_core.inbox import Item
from juturna_core.message import Message

DEADLINE = 10.0
"""Seconds after which something that should have happened has not. A net: nothing here takes that long."""


def eventually(condition: Callable[[], object]) -> None:
    """Let other threads run until `condition` holds; for states that nothing announces."""
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0)  # hands over the interpreter, waits for nothing


def item(version: int = 0, size: int = 0) -> Item:
    """What an inbox takes, of `size` bytes as far as the inbox is concerned."""
    return Message(creator="test", version=version), size, time.perf_counter()


@contextmanager
def eager_switches() -> Iterator[None]:
    """Let the interpreter switch threads as often as it can, so that races show."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


@contextmanager
def threads(*calls: Callable[[], Any]) -> Iterator[list[threading.Thread]]:
    """Run each of `calls` on a thread; on leaving they have ended."""
    started = [threading.Thread(target=call, name=f"test {i}") for i, call in enumerate(calls)]
    for thread in started:
        thread.daemon = True
        thread.start()
    yield started
    for thread in started:
        thread.join(DEADLINE)
        assert not thread.is_alive(), f"{thread.name} hangs"
