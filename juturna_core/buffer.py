"""A synchroniser with a queue behind it, for plugins that gather messages themselves; nodes do not use it."""

from __future__ import annotations

from queue import Empty, Queue
from threading import Lock
from typing import Any

from juturna_core.message import Message
from juturna_core.synchronisers import Policy, Synchroniser, passthrough


class Buffer:
    """Put in messages one by one, get out what the policy makes of them; any thread for either."""

    def __init__(
        self, creator: str, synchroniser: Policy | None = None, capacity: int = 999
    ) -> None:
        self._synchroniser = Synchroniser(creator, synchroniser or passthrough, capacity)
        self._lock = Lock()  # on the synchroniser
        self._ready: Queue[Message[Any] | None] = Queue(capacity)

    def put(self, message: Message[Any] | None) -> None:
        """Add a message, waiting while `capacity` are ready; None comes out of `get` as it is."""
        if message is not None:
            with self._lock:
                taken = self._synchroniser.push(message)
            if not taken:
                return
            message = self._synchroniser.batch(taken)
        self._ready.put(message)

    def get(self) -> Message[Any] | None:
        """The next message, or several as one with a `Batch`; waits for it."""
        return self._ready.get()

    def flush(self) -> None:
        """Forget everything in it."""
        with self._lock:
            self._synchroniser.flush()
        try:
            while True:
                self._ready.get_nowait()
        except Empty:
            pass
