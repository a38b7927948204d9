"""A source of numbered messages, as fast as it can or `by` seconds apart."""

import threading
import time

import numpy as np

from juturna.components import Message, Node
from juturna.payloads import BytesPayload, ImagePayload


class Numbers(Node[None, BytesPayload]):
    """Messages with versions 0, 1, 2, …

    `size` is the payload's bytes; `frame` makes it a full-HD image instead. `stamp` notes in `meta` when a message
    was sent. With `closed` the next is made only when somebody has set `go`: one on its way at a time.
    """

    def __init__(self, size: int, by: float, frame: bool, stamp: bool, closed: bool, **kwargs):
        super().__init__(**kwargs)
        self.go = threading.Event()
        self.go.set()
        self.sent_ns = 0
        self._stamp = stamp
        self._closed = closed
        self._next = 0
        if frame:
            image = np.random.default_rng(1).integers(0, 256, (1080, 1920, 3), dtype=np.uint8)
            self._payload = ImagePayload(
                image=image, width=1920, height=1080, depth=3, pixel_format="rgb24", timestamp=0.0
            )
        else:
            self._payload = BytesPayload(cnt=bytes(size))
        self.set_source(self._make, by=by)

    def _make(self) -> Message:
        if self._closed:
            self.go.wait()
            self.go.clear()
        self._next += 1
        return Message(creator=self.name, version=self._next - 1, payload=self._payload)

    def update(self, message: Message) -> None:
        self.sent_ns = time.perf_counter_ns()
        if self._stamp:
            message.meta["sent_ns"] = self.sent_ns
        self.transmit(message)
