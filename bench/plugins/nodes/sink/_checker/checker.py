"""A sink that checks that numbers come once each and in order."""

from juturna.components import Message, Node


class Checker(Node):
    """Keeps count of what came, and of what came at the wrong place."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.received = 0
        self.wrong = []
        self._next = 0

    def update(self, message: Message) -> None:
        self.received += 1
        if message.version != self._next:
            self.wrong.append((self._next, message.version))
        self._next = message.version + 1
