"""A subscription that is a queue: one thread puts, one reads, any closes."""

from __future__ import annotations

from collections.abc import Iterator
from queue import SimpleQueue
from typing import Generic, TypeVar

BEHIND = 1000
"""Items that a reader may be behind, before it misses some."""

T = TypeVar("T")


class Items(Generic[T]):
    """See `api.Subscription`. What its reader is too slow for is left out; `put` never waits."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[T | None] = SimpleQueue()
        self._closed = False

    def put(self, item: T) -> None:
        if not self._closed and self._queue.qsize() < BEHIND:
            self._queue.put(item)

    def close(self) -> None:
        self._closed = True
        self._queue.put(None)

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        item = None if self._closed else self._queue.get()
        if item is None:
            raise StopIteration
        return item
