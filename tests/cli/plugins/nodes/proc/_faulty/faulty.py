"""A node that raises where it is told to."""

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class Faulty(Node[BasePayload, BasePayload]):
    """Raises in the method called `where`."""

    def __init__(self, where: str = "", **kwargs):
        super().__init__(**kwargs)
        self._where = where
        self._raise_in("__init__")

    def _raise_in(self, method: str):
        if self._where == method:
            raise RuntimeError(f"no luck in {method}")

    def configure(self):
        self._raise_in("configure")

    def warmup(self):
        self._raise_in("warmup")

    def start(self):
        self._raise_in("start")
        super().start()

    def update(self, message: Message[BasePayload]):
        self._raise_in("update")
        self.transmit(message)
