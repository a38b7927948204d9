"""Remotes that the workbench has started on this machine: children that end with it.

Called on the app's thread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from juturna_core.control.api import NodeDescription
from juturna_core.errors import JuturnaError
from juturna_tui.messages import LinesCame
from juturna_tui.runs import said
from juturna_tui.runtime import Remote
from juturna_tui.settings import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from juturna_tui.app import Workbench
    from juturna_tui.screens.remotise import RemotiseScreen


class Remotes:
    """For `app`."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._started: list[Remote] = []

    def start(
        self,
        about: NodeDescription,
        place: Place,
        then: Callable[[str], None],
        failed: Callable[[JuturnaError], None] | None = None,
        of: RemotiseScreen | None = None,
    ) -> None:
        """Have one serve the node at `place`; `then` gets what it says when it does."""
        app = self._app
        dirs, pipeline = app.plugin_dirs, app.monitor.latest.about.name

        def begin() -> str:
            remote = Remote(about, here(place).host, place.port, dirs, pipeline)
            self._started.append(remote)
            return remote.started(self._heard)

        app.on_thread("start a remote", begin, then, failed, of=of)

    def _heard(self, text: str) -> None:
        """A line that a remote prints, on a thread of its own."""
        monitor = self._app.monitor
        line = said(text, f"jt.{monitor.latest.about.name}.")
        monitor.post_message(LinesCame([replace(line, text=f"remote: {line.text}")]))

    def nodes(self) -> list[str]:
        """The nodes that run on these."""
        from juturna_tui.screens.remotise import is_here

        ports = {remote.port for remote in self._started if remote.running}
        if not ports:
            return []
        nodes = self._app.monitor.latest.about.nodes
        warped = (each for each in nodes if each.warped and is_here(each.host))
        return [each.name for each in warped if each.port in ports]

    def close(self) -> None:
        """End the remotes that were started here."""
        for remote in self._started:
            remote.stop()


def here(place: Place) -> Place:
    """The place on this machine where a remote can be started for it."""
    from juturna_tui.screens.remotise import is_here

    return place if is_here(place.host) else replace(place, host="127.0.0.1")
