"""The way out of a node: freeze a message, count it, hand it to every inbox behind.

`send` runs on whatever thread calls `transmit`: the node's worker as a rule, a plugin's own thread now and then.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Protocol

from juturna_core.inbox import FOREVER, Inbox, Item
from juturna_core.message import Message
from juturna_core.payloads import ControlPayload, ControlSignal


class Receiver(Protocol):
    """Anything a message can be put into: a node, a queue."""

    def put(self, message: Any, /) -> Any: ...


class Link:
    """One edge out of a node: into the inbox of another, or into any object that has `put`."""

    __slots__ = ("name", "put")

    def __init__(self, name: str, destination: Inbox | Receiver) -> None:
        self.name = name
        self.put: Callable[[Item, float], bool] = (
            destination.put if isinstance(destination, Inbox) else _foreign(destination)
        )


def _foreign(receiver: Receiver) -> Callable[[Item, float], bool]:
    def put(item: Item, wait: float) -> bool:
        receiver.put(item[0])
        return True

    return put


class Outlet:
    """Where `Node.transmit` ends: one per node, kept for the node's whole life."""

    __slots__ = (
        "blocked_by",
        "blocked_seconds",
        "blocked_since",
        "bytes",
        "links",
        "lost",
        "source",
        "taps",
        "transmitted",
    )

    def __init__(self) -> None:
        self.links: tuple[Link, ...] = ()  # replaced whole, never changed
        self.taps: tuple[Callable[[Message[Any]], None], ...] = ()
        self.source: Message[Any] | None = (
            None  # the message that `update` works on; set by the worker
        )
        self.transmitted = 0
        self.bytes = 0
        self.lost = 0
        self.blocked_seconds = 0.0
        self.blocked_by = ""
        self.blocked_since = 0.0

    def send(self, message: Any, source: Message[Any] | None = None) -> None:
        """Send `message` into every link, waiting where an inbox is full.

        It comes from `source`, whose id and age it takes on; by default from the message that `update` works on.
        A node that answers later, from a thread of its own, names it. A bare `ControlSignal` is wrapped.
        """
        origin: Any = source or self.source
        if (
            message is not origin or message._data_source_id != message.id
        ):  # not one that is only passed on
            message = _sealed(message, origin)
        size = message._size
        self.transmitted += 1
        self.bytes += size
        item = (message, size, time.perf_counter())
        full: tuple[Link, ...] = ()
        for link in (
            self.links
        ):  # first those with room: a full branch must not keep a message from its siblings
            if not link.put(item, 0):
                full += (link,)
        for link in full:
            self._wait(link, item)
        for tap in self.taps:
            tap(message)

    def _wait(self, link: Link, item: Item) -> None:
        started = time.perf_counter()
        self.blocked_by, self.blocked_since = link.name, started
        entered = link.put(item, FOREVER)
        while not entered and (other := self._moved(link)) is not None:
            link, entered = other, other.put(item, FOREVER)
        blocked = time.perf_counter() - started
        self.blocked_seconds += blocked
        self.blocked_by, self.blocked_since = "", 0.0
        if not entered:
            self.lost += 1

    def send_on(self, item: Item, links: tuple[Link, ...]) -> None:
        """Send what was sealed and counted before into `links`, waiting where an inbox is full."""
        for link in links:
            if not link.put(item, 0):
                self._wait(link, item)

    def _moved(self, link: Link) -> Link | None:
        """Where `link` leads by now, when that is another inbox than it was."""
        now = next((each for each in self.links if each.name == link.name), link)
        return None if now is link else now

    def connect(self, name: str, destination: Inbox | Receiver) -> None:
        """Add the link `name`, or lead it elsewhere."""
        links = {link.name: link for link in self.links}
        links[name] = Link(name, destination)
        self.links = tuple(links.values())

    def disconnect(self, name: str | None = None) -> None:
        """Remove the link `name`, or all."""
        self.links = tuple(link for link in self.links if name is not None and link.name != name)


def _sealed(message: Any, source: Message[Any] | None) -> Message[Any]:
    """`message` as it travels: frozen, with where and when it comes from."""
    if isinstance(message, ControlSignal):
        message = Message(payload=ControlPayload(message))
    if message._is_frozen:  # a node sends again what it was given, later or beside another
        object.__setattr__(message, "_data_source_id", source.id if source is not None else None)
    else:
        message._data_source_id = source.id if source is not None else None
        if not message._born:
            message._born = source._born if source is not None else time.perf_counter()
        message._freeze()
    return message  # type: ignore[no-any-return]  # transmit takes what authors give it
