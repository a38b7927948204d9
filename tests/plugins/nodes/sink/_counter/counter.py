"""Counts what arrives, for tests and benches."""

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class Counter(Node[BasePayload, None]):
    """`received` counts messages, `out_of_order` those not numbered one above the one before."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.received = 0
        self.out_of_order = 0
        self.last = -1

    def update(self, message: Message[BasePayload]):
        self.received += 1
        self.out_of_order += message.version != self.last + 1
        self.last = message.version
