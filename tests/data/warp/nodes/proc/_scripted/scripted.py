"""A node that does what each message asks for, so that a test can make the remote slow, silent, talkative or broken."""

import os
import threading
import time
from dataclasses import dataclass

from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.payloads import BasePayload, BytesPayload


@dataclass(frozen=True)
class Point(BasePayload):
    """A payload that both ends know when both have loaded this plugin."""

    x: int = 0
    y: float | None = None


@dataclass(frozen=True)
class Unheard(BasePayload):
    """A payload that only the remote knows, when the test does not load this plugin."""


class Scripted(Node):
    """Transmits each message again; `meta` asks for more: early, sleep, hog, copies, large, fail, later, …"""

    def __init__(self, label="unlabelled", factor=1, **kwargs):
        super().__init__(**kwargs)
        self.label = label
        self.factor = factor
        self.count = 0
        self.taken = {}

    def update(self, message):
        self.count += 1
        self.taken[message.version] = self.taken.get(message.version, 0) + 1
        asked = message.meta
        if "early" in asked:
            self.transmit(self.answer(message, "early"))
        time.sleep(asked.get("sleep", 0))
        if "hog" in asked:
            sum(range(asked["hog"]))  # never lets another Python thread run
        if "fail" in asked:
            raise ValueError(asked["fail"])
        for copy in range(asked.get("copies", 1)):
            self.transmit(self.answer(message, copy))
        if "later" in asked:
            threading.Thread(target=self.transmit, args=(self.answer(message, "later"),)).start()

    def answer(self, message, copy):
        payload = message.payload
        if "large" in message.meta:
            payload = BytesPayload(bytes(message.meta["large"]))
        if "alien" in message.meta:
            payload = Unheard()
        answer = Message(self.name, message.version, payload, timers_from=message)
        answer.meta = {
            **message.meta,
            "copy": copy,
            "count": self.count,
            "times": self.taken[message.version],
            "label": self.label,
            "factor": self.factor,
            "process": os.getpid(),
        }
        if "function" in message.meta:
            answer.meta["function"] = print
        return answer
