"""Keys that come faster than what they do, where text is typed: a slow line brings several at once."""

from __future__ import annotations

from textual import events
from textual.widget import Widget


async def obey(widget: Widget, event: events.Key) -> bool:
    """Do now what is bound to the key, and say whether the widget has nothing more to do with it.

    Textual types at once, but does what is bound only when the key has gone all the way up to the app: letters that
    are there already would overtake it. A key that was on its way here when another widget got the focus is for
    that, and for nobody when it is another screen that lies above by now.
    """
    screen = widget.screen
    if screen.is_active and screen.focused is widget:
        typed = widget.check_consume_key(event.key, event.character)
        if typed or not await widget.app._check_bindings(event.key):
            return False
    elif screen.is_active:
        (screen.focused or screen)._forward_event(events.Key(event.key, event.character))
    event.stop()
    event.prevent_default()
    return True
