"""Keys one after the other: each goes to who has the focus when all is done that the one before it was for.

Textual hands a key to the focused widget, and does what is bound to it when the key has come all the way up. A slow
line brings several at once: those behind would be on their way to what has no focus any more, or overtake it.
"""

from __future__ import annotations

from collections import deque
from functools import partial

from textual import events
from textual.app import App
from textual.message import Message

PATIENCE = 0.5
"""Seconds after which nothing more is expected of a key: what it was handed to may be gone."""


class Keyboard(App[None]):
    """An app that takes its keys, and what is pasted, in their order."""

    class Done(Message):
        """Goes behind a key, the way that it goes."""

        def __init__(self, number: int) -> None:
            super().__init__()
            self.number = number

    def __init__(self) -> None:
        super().__init__()
        self._typed: deque[events.Key | events.Paste] = deque()
        self._number = 0
        self._under_way = False

    async def on_event(self, event: events.Event) -> None:
        """What is typed when the last screen has gone is for nobody: Textual would fail over it."""
        if isinstance(event, events.InputEvent | events.Paste) and not self.screen_stack:
            return
        if not isinstance(event, events.Key | events.Paste) or event.is_forwarded:
            await super().on_event(event)
        elif self._under_way:
            self._typed.append(event)
            self.set_timer(PATIENCE, partial(self._go_on, self._number))
        else:
            await self._hand_out(event)

    async def _hand_out(self, event: events.Key | events.Paste) -> None:
        target = self.focused or self.screen
        await super().on_event(event)
        if event.is_forwarded:
            self._number += 1
            self._under_way = target.post_message(self.Done(self._number))

    def on_keyboard_done(self, message: Done) -> None:
        # behind what has been asked for meanwhile: a focus that moves, a screen that comes
        self.call_later(self._go_on, message.number)

    async def _go_on(self, number: int) -> None:
        """All is done that key `number` was for."""
        if number != self._number or not self._under_way:
            return
        self._under_way = False
        while self._typed and self.screen_stack and not self._under_way:
            await self._hand_out(self._typed.popleft())
