"""A source that never says anything, for pipelines that idle."""

from juturna.components import Node


class Silent(Node[None, None]):
    """Waits to be pushed, and nobody does."""

    def update(self, message) -> None:
        self.transmit(message)
