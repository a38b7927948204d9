"""A forwarding node that can be changed: `tag` needs a new one, `live` is taken as it runs."""

from juturna.components import Message, Node


class Step(Node):
    """Sends on what it gets."""

    live_arguments = frozenset({"live"})

    def __init__(self, tag, live, **kwargs):
        super().__init__(**kwargs)
        self.tag, self.live = tag, live

    def set_on_config(self, prop: str, value: object) -> None:
        setattr(self, prop, value)

    def update(self, message: Message) -> None:
        self.transmit(message)
