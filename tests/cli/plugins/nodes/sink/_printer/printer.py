"""A node that prints to standard output, as plugins should not but do."""

import os

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class Printer(Node[BasePayload, None]):
    """Prints in Python, and as a program that it starts would."""

    def update(self, message: Message[BasePayload]):
        print("printed by a plugin")
        os.write(1, b"written by a program\n")
