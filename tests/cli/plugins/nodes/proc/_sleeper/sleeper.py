"""A node that takes its time."""

import time

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class Sleeper(Node[BasePayload, BasePayload]):
    """Sleeps for `seconds` over every message, then sends it on."""

    def __init__(self, seconds: float = 60, **kwargs):
        super().__init__(**kwargs)
        self._seconds = seconds

    def update(self, message: Message[BasePayload]):
        self.logger.info("asleep over %s", message.version)
        time.sleep(self._seconds)
        self.transmit(message)
