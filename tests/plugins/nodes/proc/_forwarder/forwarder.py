"""The least that a processing node can do, for tests and benches."""

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class Forwarder(Node[BasePayload, BasePayload]):
    """Sends each payload on, in a message of its own with the same number."""

    def update(self, message: Message[BasePayload]):
        self.transmit(Message(creator=self.name, version=message.version, payload=message.payload))
