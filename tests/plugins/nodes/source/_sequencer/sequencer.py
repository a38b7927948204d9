"""Numbered messages, for tests and benches."""

from juturna.components import Message, Node
from juturna.payloads import BytesPayload, ControlPayload, ControlSignal


class Sequencer(Node[None, BytesPayload]):
    """Sends `count` messages of `size` bytes, numbered in `version` from 0, and ends; 0 is endless.

    `rate` is messages a second, 0 as fast as they are taken.
    """

    def __init__(self, count: int = 0, rate: float = 0, size: int = 64, **kwargs):
        super().__init__(**kwargs)
        self.count = count
        self.sent = 0
        self.payload = BytesPayload(cnt=bytes(size))
        self.set_source(self.next_message, by=1 / rate if rate else 0, mode="pre")

    def next_message(self) -> Message:
        if self.count and self.sent == self.count:
            return Message(
                creator=self.name, payload=ControlPayload(signal=ControlSignal.STOP_PROPAGATE)
            )
        return Message(creator=self.name, version=self.sent, payload=self.payload)

    def update(self, message: Message[BytesPayload]):
        self.sent += 1
        self.transmit(message)
