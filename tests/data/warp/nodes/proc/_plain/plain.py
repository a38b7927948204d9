"""A node written for Juturna: runs under its interpreter and under ours."""

import time

from juturna.components import Message, Node


class Plain(Node):
    def __init__(self, delay=0, **kwargs):
        super().__init__(**kwargs)
        self._delay = delay

    def update(self, message):
        if message.version == 13:
            raise ValueError("thirteen")
        time.sleep(self._delay)
        answer = Message(self.name, message.version, message.payload, timers_from=message)
        answer.meta = dict(message.meta)
        self.transmit(answer)
