"""Passes on what it gets, later: a stand-in for a node that computes."""

import time

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class PassthroughIdentity(Node[BasePayload, BasePayload]):
    """Sends a copy of each message, `delay` seconds after it took it; one at a time.

    The copy keeps payload, version, meta and timers, and adds the timer `<name>_delay`.
    """

    live_arguments = frozenset({"delay"})

    def __init__(self, delay: float = 1, **kwargs):
        super().__init__(**kwargs)
        self._delay = delay

    def set_on_config(self, prop, value):
        if prop == "delay":
            self._delay = value

    def update(self, message: Message[BasePayload]):
        copy = Message[BasePayload](
            creator=self.name,
            version=message.version,
            payload=message.payload.clone(),
            timers_from=message,
        )
        copy.meta = dict(message.meta)
        with copy.timeit(f"{self.name}_delay"):
            time.sleep(self._delay)
        self.transmit(copy)
