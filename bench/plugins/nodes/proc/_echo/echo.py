"""What runs on the far side of a warp."""

from juturna.components import Message, Node


class Echo(Node[None, None]):
    """Answers with a new message that has the payload of the old one."""

    def update(self, message: Message) -> None:
        self.transmit(Message(creator=self.name, version=message.version, payload=message.payload))
