"""The smallest node there is."""

from juturna.components import Message, Node


class Forward(Node[None, None]):
    """Sends on what it gets."""

    def update(self, message: Message) -> None:
        self.transmit(message)
