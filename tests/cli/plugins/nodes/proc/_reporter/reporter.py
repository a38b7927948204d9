"""A node that logs what it gets."""

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class Reporter(Node[BasePayload, BasePayload]):
    """Logs the number of every message and sends it on."""

    def update(self, message: Message[BasePayload]):
        self.logger.info("got %s", message.version)
        self.transmit(message)
