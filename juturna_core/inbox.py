"""The bounded queue in front of a node, and the hand-over from thread to thread.

Many threads put, one thread (the node's worker) takes, and nobody holds a lock: a deque's `append` and `popleft` are
atomic, and so is `self.number += n` on a slot, since CPython switches threads only at calls and backward jumps
(tests/unit/test_inbox.py stresses it; a build without the GIL is refused by the package). Whoever has to sleep leaves
its alarm, a raw lock, in a deque from which exactly one waker can pop it; nothing polls. `queue.Queue` costs four
times as much a message.
"""

from __future__ import annotations

import threading
import time
from _thread import allocate_lock
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final, Literal, TypeAlias

from juturna_core.message import Message
from juturna_core.payloads import ControlPayload

WhenFull = Literal["block", "drop_oldest", "drop_newest"]
Item: TypeAlias = tuple[Message[Any], int, float]
"""A message, its payload's bytes, and the `time.perf_counter()` at which it entered."""
Mail: TypeAlias = Callable[[], None]


class Turn:
    """A call that waits among the messages until those before it are done; a worker takes it for a control message."""

    payload: Final = ControlPayload()

    def __init__(self, call: Mail) -> None:
        self.call = call


class End:
    """What `Inbox.take` returns once the inbox is closed and empty."""


END: Final = End()
FOREVER: Final = threading.TIMEOUT_MAX


class Inbox:
    """A bounded multi-producer, single-consumer queue of messages, with mail that overtakes them.

    `capacity` bounds messages and `capacity_bytes` their payloads. Each producer beyond the first may exceed a bound
    by one message, and a message larger than `capacity_bytes` is let in when nothing else waits. A full inbox blocks
    its producers or drops by `when_full`, counted. Blocked producers are woken when half of the room is free again:
    once a batch, not once a message.
    """

    __slots__ = (
        "_alarm",
        "_flowing",
        "_limit",
        "_low",
        "_low_room",
        "_mail",
        "_mark",
        "_room",
        "_sleepers",
        "_waiting",
        "blocked_seconds",
        "blocked_since",
        "capacity",
        "capacity_bytes",
        "closed",
        "dropped",
        "high_water",
        "items",
        "when_full",
    )

    def __init__(
        self,
        capacity: int = 999,
        capacity_bytes: int = 256 << 20,
        when_full: WhenFull = "block",
    ) -> None:
        self.items: deque[Item] = deque()  # for others only to see whether any wait
        self._mail: deque[Mail] = deque()
        self._alarm = _alarm()  # the worker sleeps on it
        self._sleepers: deque[Any] = deque()  # the worker's alarm, while it sleeps
        self._waiting: deque[Any] = deque()  # the alarms of producers that wait for room
        self._flowing = True
        self.closed = False
        self.dropped = 0
        self.high_water = 0
        self.blocked_seconds = 0.0
        self.blocked_since = 0.0
        self.configure(capacity, capacity_bytes, when_full)

    def configure(self, capacity: int, capacity_bytes: int, when_full: WhenFull) -> None:
        """Set the bounds and what happens at them; before two threads use it."""
        self.capacity = self._limit = capacity
        self.capacity_bytes = capacity_bytes
        self._room = capacity_bytes - sum(size for _, size, _ in self.items)
        self.when_full = when_full
        self._low = capacity // 2
        self._low_room = capacity_bytes // 2
        self._mark = 0  # the depth from which on `put` looks closer: the highest so far, or full

    def __len__(self) -> int:
        return len(self.items)

    @property
    def idle(self) -> bool:
        """Whether the worker sleeps here."""
        return bool(self._sleepers)

    @property
    def bytes_queued(self) -> int:
        """Payload bytes that wait here."""
        return self.capacity_bytes - self._room

    # --- producers -----------------------------------------------------------------------------------------------

    def put(self, item: Item, wait: float = FOREVER) -> bool:
        """Take `item` in, or drop by the policy. False: closed, or full for `wait` seconds."""
        items, size = self.items, item[1]
        if len(items) >= self._mark or size > self._room:
            admitted = self._admit(size, wait)
            if admitted is not True:
                return admitted is None  # dropped by policy counts as taken care of
        items.append(item)
        self._room -= size
        if self._sleepers:
            self._wake_worker()
        return True

    def _admit(self, size: int, wait: float) -> bool | None:
        """The rare cases of `put`: a new high water, full, closed. True: append it; None: it was dropped."""
        if self._full(size) and not self.closed:
            if self.when_full == "drop_newest":
                self.dropped += 1
                return None
            if self.when_full == "drop_oldest":
                self._drop_oldest(size)
            elif not wait or not self._wait_for_room(size, wait):
                return False
        depth = len(self.items) + 1
        if depth > self.high_water:
            self.high_water = depth
        self._mark = min(self._limit, self.high_water)
        if self.closed:  # just now: the mark must stay at 0, whoever was the last to set it
            self._mark = 0
        return not self.closed

    def _full(self, size: int) -> bool:
        waiting = len(self.items)
        return waiting >= self._limit or (waiting > 0 and size > self._room)

    def _drop_oldest(self, size: int) -> None:
        oldest: Any
        while self._full(size) and not self.closed:
            try:
                oldest, gone, _ = (
                    self.items.popleft()
                )  # a call right of += would let others in between
            except IndexError:  # the worker was faster: there is room
                continue
            if isinstance(oldest, Turn):  # nothing is before it any more
                self.post(oldest.call)
                continue
            self._room += gone
            self.dropped += 1

    def _wait_for_room(self, size: int, wait: float) -> bool:
        started = time.perf_counter()
        self.blocked_since = self.blocked_since or started
        left = wait
        while (full := self._full(size)) and not self.closed and left > 0:
            alarm = _alarm()
            self._waiting.append(alarm)
            # when something changed meanwhile, or time is up: take the alarm back, or wait for who is about to ring it
            changed = self.closed or not self._full(size)
            if changed or not alarm.acquire(timeout=left):
                try:
                    self._waiting.remove(alarm)
                except ValueError:
                    alarm.acquire()
            left = wait if wait == FOREVER else started + wait - time.perf_counter()
        blocked = time.perf_counter() - started
        self.blocked_seconds += blocked
        self.blocked_since = 0.0
        return not full

    # --- the worker ----------------------------------------------------------------------------------------------

    def take(self, timeout: float | None = None) -> Item | Mail | End | None:
        """The next thing to do: mail, else a message, else `END` once closed and empty.

        None after `timeout` seconds (None: wait for ever; 0: do not wait). Only one thread may call this.
        """
        items = self.items
        while True:
            if self._mail:
                return self._mail.popleft()
            if items and self._flowing:
                try:
                    item = items.popleft()
                except IndexError:  # drop_oldest was faster
                    continue
                self._room += item[1]
                if self._waiting and (
                    not items or (len(items) <= self._low and self._room >= self._low_room)
                ):
                    self._wake_producers()
                return item
            if self.closed and not items:
                return END
            if timeout == 0 or not self._sleep(timeout):
                return None

    def _sleep(self, timeout: float | None) -> bool:
        """Wait until woken; False after `timeout` seconds."""
        alarm, sleepers = self._alarm, self._sleepers
        sleepers.append(alarm)
        if self._mail or (self.items and self._flowing) or (self.closed and not self.items):
            try:
                sleepers.remove(alarm)
            except ValueError:  # somebody has taken it to wake us
                alarm.acquire()
            return True
        if alarm.acquire(timeout=-1 if timeout is None else timeout):
            return True
        try:
            sleepers.remove(alarm)
        except ValueError:
            alarm.acquire()
            return True
        return False

    # --- anybody -------------------------------------------------------------------------------------------------

    def post(self, mail: Mail) -> None:
        """Have the worker call `mail` before its next message; never blocks."""
        self._mail.append(mail)
        self._wake_worker()

    def post_behind(self, mail: Mail) -> None:
        """Have the worker call `mail` when it is done with every message that is here now; never blocks."""
        turn: Any = Turn(mail)
        self.items.append((turn, 0, time.perf_counter()))
        self._wake_worker()

    def put_back(self, items: Sequence[Item]) -> None:
        """Put what was taken out before in front of all that waits, beyond any bound. On the worker's thread."""
        self.items.extendleft(reversed(items))
        for _, size, _ in items:
            self._room -= size

    @property
    def has_mail(self) -> bool:
        return bool(self._mail)

    @property
    def flowing(self) -> bool:
        """Whether the worker may take messages, and not only mail."""
        return self._flowing

    def hold(self, held: bool) -> None:
        """While held the worker gets mail only; its messages wait here. Any thread."""
        self._flowing = not held
        if not held:
            self._wake_worker()

    def close(self) -> None:
        """Take no more messages; `take` gives out what is here and then `END`. Any thread, any number of times."""
        self.closed = True
        self._limit = self._mark = 0
        self._wake_producers()
        self._wake_worker()

    def reopen(self) -> None:
        """Undo `close`, for a node that is started again."""
        self.closed = False
        self._limit = self.capacity

    def clear(self) -> int:
        """Throw away all waiting messages; their number."""
        return len(self.take_all())

    def take_all(self) -> list[Item]:
        """Take out all waiting messages; calls that waited among them are posted."""
        taken: list[Item] = []
        message: Any
        while self.items:
            try:
                item = self.items.popleft()
            except IndexError:
                break
            message, size, _ = item
            if isinstance(message, Turn):
                self.post(message.call)
                continue
            self._room += size
            taken.append(item)
        self._wake_producers()
        self._wake_worker()  # closed and now empty is its end
        return taken

    def _wake_worker(self) -> None:
        try:
            self._sleepers.pop().release()
        except IndexError:
            return

    def _wake_producers(self) -> None:
        for _ in range(len(self._waiting)):  # not those that find it full again meanwhile
            try:
                self._waiting.popleft().release()
            except IndexError:
                return


def _alarm() -> Any:
    """A raw lock that is held: whoever acquires it sleeps until somebody releases it."""
    lock = allocate_lock()
    lock.acquire()
    return lock
