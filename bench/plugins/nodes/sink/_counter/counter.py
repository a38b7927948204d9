"""A sink that counts, and times what a source has stamped."""

import time
from collections.abc import Callable

from juturna.components import Message, Node


class Counter(Node[None, None]):
    """`received` messages, `latencies` in nanoseconds; `on_message` is called for each when it is set."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.received = 0
        self.latencies: list[int] = []
        self.on_message: Callable[[Message], None] | None = None

    def update(self, message: Message) -> None:
        now = time.perf_counter_ns()
        self.received += 1
        if "sent_ns" in message.meta:
            self.latencies.append(now - message.meta["sent_ns"])
        if self.on_message is not None:
            self.on_message(message)
