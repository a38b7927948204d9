"""An event that a signal handler may set.

`threading.Event` must not be set by one: a handler runs between two steps of the main thread, and when those are
steps of that event's own `wait`, the lock that `set` needs is held by the very thread that now waits for it, for ever.
`queue.SimpleQueue.put` is made to be called in such a place.
"""

from __future__ import annotations

from contextlib import suppress
from queue import Empty, SimpleQueue


class Wakeup:
    """Set once, seen by everybody who waits; it is not cleared but replaced."""

    def __init__(self) -> None:
        self._set = False
        self._tokens: SimpleQueue[None] = SimpleQueue()

    def set(self) -> None:
        """End every `wait`; from any thread or signal handler."""
        self._set = True
        self._tokens.put(None)

    def is_set(self) -> bool:
        return self._set

    def wait(self, timeout: float | None = None) -> bool:
        """Until it is set, `timeout` seconds at most. True: it is set."""
        if not self._set:
            with suppress(Empty):
                self._tokens.get(timeout=None if timeout is None else max(0.0, timeout))
                self._tokens.put(None)  # for the next one who waits
        return self._set
