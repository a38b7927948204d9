"""How a node with several origins gets its messages: one by one, or several as one `Batch`.

A policy is a function from what waits, `{creator: [messages]}`, to what to take, `{creator: [indexes]}`. It is asked
each time a message arrives. A class may bring its own as `next_batch`; `sync` in the file names one of these.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from juturna_core.message import Message
from juturna_core.payloads import Batch

Waiting: TypeAlias = dict[str | None, list[Message[Any]]]
Policy: TypeAlias = Callable[[Any], Mapping[Any, Sequence[int]]]


def passthrough(sources: Waiting) -> dict[str | None, list[int]]:
    """Everything as it comes."""
    return {creator: list(range(len(messages))) for creator, messages in sources.items()}


SYNCHRONISERS: dict[str, Policy | None] = {"passthrough": passthrough, "local": None}
"""Policies by the name they have in the file; None stands for the class's own `next_batch`."""


class Synchroniser:
    """What waits for its batch, and the policy that picks. Used by one thread."""

    def __init__(self, name: str, policy: Policy, capacity: int) -> None:
        self._name = name
        self._policy = policy
        self._capacity = capacity
        self._waiting: Waiting = {}
        self.dropped = 0

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def push(self, message: Message[Any]) -> list[Message[Any]]:
        """Add `message`; what the policy picks now, oldest first.

        Raises what the policy raises, and ValueError for an answer that does not fit; then nothing was taken.
        """
        self._waiting.setdefault(message.creator, []).append(message)
        self._drop_beyond_capacity()
        return self._take(self._policy(self._waiting))

    def batch(self, messages: list[Message[Any]]) -> Message[Any]:
        """One message alone as it is, several as the payload of a new one."""
        if len(messages) == 1:
            return messages[0]
        batch: Message[Any] = Message(creator=f"{self._name}_sync", payload=Batch(tuple(messages)))
        object.__setattr__(batch, "_born", min(message._born for message in messages))
        return batch

    def flush(self) -> int:
        """Forget what waits; its number."""
        return len(self.take_all())

    def take_all(self) -> list[Message[Any]]:
        """Take out what waits, oldest first."""
        taken = [message for messages in self._waiting.values() for message in messages]
        self._waiting = {}
        return sorted(taken, key=lambda message: message.id)

    def _take(self, marks: Mapping[Any, Sequence[int]]) -> list[Message[Any]]:
        picked = {creator: sorted(set(indexes)) for creator, indexes in marks.items() if indexes}
        for creator, indexes in picked.items():
            waiting = len(self._waiting.get(creator, ()))
            if indexes[0] < 0 or indexes[-1] >= waiting:
                raise ValueError(
                    f"next_batch asked for messages {indexes} of {creator!r}, of which {waiting} wait"
                )
        taken = [self._waiting[creator][i] for creator, indexes in picked.items() for i in indexes]
        for creator, indexes in picked.items():
            for index in reversed(indexes):
                del self._waiting[creator][index]
        return taken

    def _drop_beyond_capacity(self) -> None:
        """A policy that never takes must not fill the memory: the longest queue loses its oldest."""
        while len(self) > self._capacity:
            del max(self._waiting.values(), key=len)[0]
            self.dropped += 1
