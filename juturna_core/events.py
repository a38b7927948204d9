"""What happened, numbered: state changes, failures, remotes that come and go.

A ring keeps the latest; a reader that comes back asks for everything after the number it saw last, and learns how
much it missed. `publish` is called from any thread.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from juturna_core.ring import Ring


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened. `time` is seconds since the epoch; `node` is empty for the pipeline itself."""

    number: int
    time: float
    kind: str
    node: str
    text: str


class Events:
    """A bounded, numbered record of events: the latest `capacity`."""

    def __init__(self, capacity: int = 1000) -> None:
        self.ring: Ring[Event] = Ring(capacity)

    def publish(self, kind: str, text: str, node: str = "") -> Event:
        return self.ring.append(lambda number: Event(number, time.time(), kind, node, text))

    def since(self, number: int = 0) -> tuple[list[Event], int]:
        """The events after `number` that are still kept, and how many are not."""
        kept, missed, _ = self.ring.since(number)
        return kept, missed

    def wait(self, kind: str, *, node: str | None = None, after: int = 0, timeout: float) -> Event:
        """The first event of `kind` (and `node`) after `after`; raises TimeoutError after `timeout` seconds."""

        def wanted(event: Event) -> bool:
            return event.number > after and event.kind == kind and node in (None, event.node)

        event = self.ring.find(wanted, timeout)
        if event is None:
            raise TimeoutError(f"no event {kind!r} of {node or 'any node'} within {timeout:g} s")
        return event
