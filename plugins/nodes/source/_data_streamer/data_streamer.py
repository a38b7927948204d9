"""Random bytes at a steady rate: something to try a pipeline with."""

import random

from juturna.components import Message, Node
from juturna.payloads import BytesPayload


class DataStreamer(Node[None, BytesPayload]):
    """Sends `rate` messages a second of `bytes_per_message` bytes each, numbered in `version` from 0.

    `rate_variance` is the share, 0 to 1, by which the number of bytes goes up and down: how much
    data a second holds varies, how many messages does not.
    """

    def __init__(
        self,
        bytes_per_message: int = 2,
        rate: float = 1,
        rate_variance: float = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if rate <= 0:
            raise ValueError(f"rate is {rate}, expected a number of messages a second above 0")
        if not 0 <= rate_variance <= 1:
            raise ValueError(f"rate_variance is {rate_variance}, expected a share from 0 to 1")
        self.fewest = round(bytes_per_message * (1 - rate_variance))
        self.most = round(bytes_per_message * (1 + rate_variance))
        self.sent = 0
        self.set_source(self.next_message, by=1 / rate, mode="pre")

    def next_message(self) -> Message[BytesPayload]:
        content = random.randbytes(random.randint(self.fewest, self.most))
        return Message[BytesPayload](
            creator=self.name, version=self.sent, payload=BytesPayload(cnt=content)
        )

    def update(self, message: Message[BytesPayload]):
        self.sent += 1
        self.transmit(message)
