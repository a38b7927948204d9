"""What happened, numbered: state changes, failures, remotes that come and go.

A ring keeps the latest; a reader that comes back asks for everything after the number it saw last, and learns how
much it missed. `publish` is called from any thread.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `time` is seconds since the epoch; `node` is empty for the pipeline itself."""

    number: int
    time: float
    kind: str
    node: str
    text: str


class Events:
    """A bounded, numbered record of events."""

    def __init__(self, capacity: int = 1000) -> None:
        self._ring: deque[Event] = deque(maxlen=capacity)
        self._changed = threading.Condition()
        self._count = 0
        self._listeners: tuple[Callable[[Event], None], ...] = ()

    def publish(self, kind: str, text: str, node: str = "") -> Event:
        with self._changed:
            self._count += 1
            event = Event(self._count, time.time(), kind, node, text)
            self._ring.append(event)
            self._changed.notify_all()
        for listener in self._listeners:
            listener(event)
        return event

    def listen(self, listener: Callable[[Event], None]) -> None:
        """Call `listener` with every event from now on, on the thread where it happens; it must be quick."""
        self._listeners = (*self._listeners, listener)

    def since(self, number: int = 0) -> tuple[list[Event], int]:
        """The events after `number` that are still kept, and how many are not."""
        with self._changed:
            kept = [event for event in self._ring if event.number > number]
            return kept, self._count - number - len(kept)

    def wait(self, kind: str, *, node: str | None = None, after: int = 0, timeout: float) -> Event:
        """The first event of `kind` (and `node`) after `after`; raises TimeoutError after `timeout` seconds."""

        def found() -> Event | None:
            return next(
                (
                    event
                    for event in self._ring
                    if event.number > after
                    and event.kind == kind
                    and (node is None or event.node == node)
                ),
                None,
            )

        with self._changed:
            event = self._changed.wait_for(found, timeout)
        if event is None:
            raise TimeoutError(f"no event {kind!r} of {node or 'any node'} within {timeout:g} s")
        return event
