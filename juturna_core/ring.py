"""A bounded, numbered record that readers come back to: they learn what is new, and how much they have missed."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Ring(Generic[T]):
    """Keeps the latest `capacity` items, numbered from 1. From any thread; writers never wait for readers."""

    def __init__(self, capacity: int) -> None:
        self._items: deque[T] = deque(maxlen=capacity)
        self._changed = threading.Condition()
        self._count = 0

    def append(self, make: Callable[[int], T]) -> T:
        """Append what `make` makes of its number."""
        with self._changed:
            self._count += 1
            item = make(self._count)
            self._items.append(item)
            self._changed.notify_all()
        return item

    @property
    def last(self) -> int:
        """The number of the latest item; 0 before there is one."""
        return self._count

    def since(
        self,
        number: int = 0,
        wait: float | None = 0.0,
        until: Callable[[], bool] = lambda: False,
    ) -> tuple[list[T], int, int]:
        """Items after `number`, how many of those are not kept any more, and the number of the last.

        When there is none, the answer waits for one, `wait` seconds at most (None: for ever), or `until` holds, which
        is looked at after `wake`. A `number` from the future (of a process that ran before) is taken for 0.
        """
        with self._changed:
            if number > self._count:
                number = 0
            if wait != 0:
                self._changed.wait_for(lambda: self._count > number or until(), wait)
            new = self._count - number
            kept = list(self._items)[-new:] if new else []
            return kept, new - len(kept), self._count

    def wake(self) -> None:
        """Have every reader that waits look again at its `until`."""
        with self._changed:
            self._changed.notify_all()

    def find(self, wanted: Callable[[T], bool], timeout: float) -> T | None:
        """The first item that is `wanted`, now or within `timeout` seconds."""

        def found() -> T | None:
            return next((item for item in self._items if wanted(item)), None)

        with self._changed:
            return self._changed.wait_for(found, timeout)
