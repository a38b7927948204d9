"""What a warped node has sent or is about to send, in order, until it is answered.

Filled by the node's worker, emptied by whoever reads the answers, watched by the link for a head that takes too long.
One lock guards it; nothing slow happens while it is held.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from juturna_core.errors import JuturnaError, StateError
from juturna_core.message import Message

COUNT = 32
BYTES = 16 << 20
"""In flight at most: with more, large messages wait for each other in the sockets (measured at 1 MB and 6 MB)."""


@dataclass(slots=True, eq=False)
class Pending:
    """One message on its way, in the form of our stream (`frame`) or of Juturna's call (`envelope`), or in none yet."""

    number: int
    message: Message[Any]
    size: int
    frame: bytes | None = None
    envelope: bytes | None = None
    encode_ns: int = 0
    decode_ns: int = 0
    sent_ns: int = 0
    outputs: int = 0
    """How many outputs have been passed on: a remote that computes it again is not heard twice."""
    failed: bool = False


class Window:
    """Pending messages, oldest first. `hold` is called with True when no more should come, with False when they may."""

    def __init__(self, timeout: float, hold: Callable[[bool], None]) -> None:
        """`timeout` is what the remote may take for one message, in seconds."""
        self.timeout = timeout
        self.closed = False
        self._hold = hold
        self._held = False
        self._bytes = 0
        self._number = 0
        self._pending: dict[int, Pending] = {}
        self._late: set[int] = set()  # timed out, and the remote is not done with them yet
        self._send: Callable[[Pending], None] | None = None
        self._clock: float | None = None  # since when the oldest is the remote's business
        self._delivering = 0.0
        self._draining = False
        self._asleep = False
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._arrived = threading.Condition(self._lock)

    def __len__(self) -> int:
        return len(self._pending)

    # --- the node's worker ---------------------------------------------------------------------------------------

    def next_number(self) -> int:
        self._number += 1
        return self._number

    def add(self, pending: Pending) -> None:
        """Append `pending` and send it if there is somebody to send it to. Raises StateError after `close`."""
        with self._lock:
            if self.closed:
                raise StateError("the connection to the remote has been closed")
            if not self._pending and not self._late and self._send is not None:
                self._clock = time.monotonic()
            self._pending[pending.number] = pending
            self._bytes += pending.size
            if self._send is not None:
                self._send(pending)
            self._hold_or_not()
            self._arrived.notify()
            if self._asleep:
                self._changed.notify_all()

    def pop(self) -> Pending | None:
        """Take the oldest back; somebody else handles it."""
        with self._lock:
            return self._remove(next(iter(self._pending))) if self._pending else None

    def wait_empty(self, unless: Callable[[], bool], timeout: float | None = None) -> bool:
        """Wait until all is answered (True), or the window is closed, `unless` holds or `timeout` seconds are over."""
        with self._lock:
            self._changed.wait_for(lambda: not self._pending or self.closed or unless(), timeout)
            return not self._pending

    def drain(self) -> None:
        """Let nothing more in until all is answered; `drained` then says so, and `go_live` ends it."""
        with self._lock:
            self._draining = True
            self._hold_or_not()
            self._changed.notify_all()

    # --- the link ------------------------------------------------------------------------------------------------

    def go_live(
        self, send: Callable[[Pending], None], taken: int
    ) -> list[tuple[Pending, JuturnaError]]:
        """Send what the remote has not taken, and from now on what is added. Returns those that `send` refused."""
        refused = []
        with self._lock:
            for pending in list(self._pending.values()):
                if pending.number > taken:
                    try:
                        send(pending)
                    except JuturnaError as error:  # it cannot cross, and fails alone
                        self._remove(pending.number)
                        refused.append((pending, error))
            if not taken:
                self._late.clear()
            self._send, self._clock, self._draining = send, time.monotonic(), False
            self._hold_or_not()
        return refused

    def go_dead(self) -> None:
        """Nobody is there to send to; the clock stops."""
        with self._lock:
            self._send = self._clock = None

    def watch(self, over: Callable[[], bool]) -> Pending | None:
        """Wait until the oldest has taken too long, and take it out; None when `over()` or the window is closed.

        An idle window is watched once a `timeout` and then not at all, so that traffic need not wake the watcher.
        """
        with self._lock:
            was_idle = False
            while not over() and not self.closed:
                left = self._time_left()
                if left is not None and left <= 0:
                    pending = self._remove(next(iter(self._pending)))
                    self._late.add(pending.number)
                    return pending
                idle = not self._pending
                self._asleep = idle and was_idle
                self._changed.wait(None if self._asleep else self.timeout if left is None else left)
                self._asleep, was_idle = False, idle
        return None

    def oldest(self) -> Pending | None:
        """Wait for a message and look at it; None when the window is closed."""
        with self._lock:
            self._arrived.wait_for(lambda: self._pending or self.closed)
            return None if self.closed else next(iter(self._pending.values()))

    def wake(self) -> None:
        """Have every waiter look again."""
        with self._lock:
            self._changed.notify_all()
            self._arrived.notify_all()

    def close(self) -> None:
        """The end: waiters come back, and a worker that was held may end."""
        with self._lock:
            self.closed, self._draining = True, False
            self._hold(False)
            self._changed.notify_all()
            self._arrived.notify_all()

    @property
    def drained(self) -> bool:
        """`drain` was called, and all is answered."""
        return self._draining and not self._pending

    # --- the reader of answers -----------------------------------------------------------------------------------

    def get(self, number: int) -> Pending | None:
        return self._pending.get(number)

    def answered(self, number: int) -> Pending | None:
        """The remote is done with `number`: take it out; None when it was given up before."""
        with self._lock:
            self._late.discard(number)
            self._clock = time.monotonic()
            pending = self._remove(number) if number in self._pending else None
            if self._late:
                self._clock = (
                    None  # the next one's time begins when the remote has got over the late one
                )
            if not self._pending:
                self._changed.notify_all()
            return pending

    @contextmanager
    def delivering(self) -> Iterator[None]:
        """What is done in here, waiting for a full inbox, is not the remote's fault: the clock stands."""
        began = self._delivering = time.monotonic()
        try:
            yield
        finally:
            self._delivering = 0.0
            if self._clock is not None:
                self._clock += time.monotonic() - began

    # --- with the lock held --------------------------------------------------------------------------------------

    def _remove(self, number: int) -> Pending:
        pending = self._pending.pop(number)
        self._bytes -= pending.size
        self._hold_or_not()
        if not self._pending:
            self._changed.notify_all()
        return pending

    def _time_left(self) -> float | None:
        """Seconds until the oldest has taken too long; None while no clock runs."""
        if not self._pending or self._late or self._clock is None or self._delivering:
            return None
        return self._clock + self.timeout - time.monotonic()

    def _hold_or_not(self) -> None:
        if self._held:
            held = self._draining or len(self._pending) > COUNT // 2 or self._bytes >= BYTES
        else:
            held = self._draining or len(self._pending) >= COUNT or self._bytes >= BYTES
        if held is not self._held:
            self._held = held
            self._hold(held)
