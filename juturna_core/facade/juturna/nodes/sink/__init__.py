"""Sinks."""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy

if TYPE_CHECKING:
    from juturna_core.nodes.sink._notifier_websocket.notifier_websocket import NotifierWebsocket

__all__ = ["NotifierWebsocket"]

__getattr__, __dir__ = lazy(
    globals(),
    {
        "NotifierWebsocket": "juturna_core.nodes.sink._notifier_websocket.notifier_websocket"
        ":NotifierWebsocket"
    },
)
