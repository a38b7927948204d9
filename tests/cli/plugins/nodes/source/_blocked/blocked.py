"""A source that sits in a read which brings nothing."""

import os

from juturna.components import Message, Node
from juturna.payloads import BytesPayload


class Blocked(Node[None, BytesPayload]):
    """Reads from a pipe that nobody writes to; its stop() ends the read unless it is `stubborn`."""

    def __init__(self, stubborn: bool = False, **kwargs):
        super().__init__(**kwargs)
        self._stubborn = stubborn
        self._read, self._write = os.pipe()
        self.set_source(self.next_message)

    def next_message(self) -> Message[BytesPayload] | None:
        self.logger.info("reading")
        os.read(self._read, 1)
        return None

    def update(self, message: Message[BytesPayload]):
        self.transmit(message)

    def stop(self):
        if not self._stubborn:
            os.write(self._write, b"x")
        super().stop()
