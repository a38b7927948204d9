"""A source that logs, for whoever has to show that."""

import time

from juturna.components import Node


class Talker(Node[None, None]):
    """Logs `lines` lines a second, and sends nothing."""

    def __init__(self, lines: int, **kwargs):
        super().__init__(**kwargs)
        self._lines, self._said, self._began = lines, 0, time.monotonic()
        self.set_source(self._talk, by=0.01)

    def _talk(self) -> None:
        due = int((time.monotonic() - self._began) * self._lines)
        for number in range(self._said, due):
            self.logger.info(
                "line %d of many, as long as such lines are: 0.123 s, 45 items", number
            )
        self._said = due

    def update(self, message) -> None:
        self.transmit(message)
