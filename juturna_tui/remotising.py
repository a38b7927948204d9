"""The dialog that asks where a node is to run: what it is told while somebody types, and what comes of it.

Called on the app's thread.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from juturna_core.control.api import Edit, NodeDescription, Probe
from juturna_core.errors import JuturnaError
from juturna_tui.settings import Place

if TYPE_CHECKING:
    from juturna_tui.app import Workbench
    from juturna_tui.screens.remotise import RemotiseScreen

DEFAULT_PLACE = Place("localhost", 50080, 10.0)


class Remotising:
    """For `app`."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._dialog: tuple[NodeDescription, RemotiseScreen] | None = None

    def ask(self, about: NodeDescription) -> None:
        """Ask where the node is to run, and have it run there."""
        from juturna_tui.screens.remotise import RemotiseScreen

        if self._app.screen is not self._app.monitor:  # it asks already
            return
        app = self._app
        own = Place(about.host, about.port, about.timeout) if about.host else None
        start = own or app.memory.place or DEFAULT_PLACE
        screen = RemotiseScreen(about, start, app.plugin_dirs, app.monitor.latest.about.name)

        def decided(place: Place | None) -> None:
            self._dialog = None
            if place is not None:
                app.remember(place=place)
                app.steering.move_to(about, place)

        self._dialog = (about, screen)
        app.push_screen(screen, decided)

    def try_place(self, place: Place) -> None:
        """Tell the dialog what is at a place, and what the file would say."""
        if self._dialog is None:
            return
        about, screen = self._dialog
        edits = place_edits(about, place)
        app, document = self._app, self._app.document
        write = bool(app.monitor.latest.about.file)
        tried = (
            lambda probe: screen.tried(place, probe),
            lambda error: screen.tried(place, None, str(error)),
        )
        seen = (
            lambda lines: screen.preview(place, lines),
            lambda error: screen.preview(place, (), str(error)),
        )
        if document is not None and not app.answers:
            app.on_thread("probe", partial(_probe, place), *tried, of=screen)
            app.on_thread("preview", partial(document.preview, edits), *seen, of=screen)
            return
        app.ask("probe", lambda control: control.probe(place.host, place.port), *tried, of=screen)
        app.ask(
            "preview",
            lambda control: control.edit(edits, write=write, dry_run=True).lines,
            *seen,
            of=screen,
        )

    def start_here(self, place: Place) -> None:
        """Start a remote for the dialog's node on this machine."""
        from juturna_tui.screens.remotise import is_here

        if self._dialog is None:
            return
        about, screen = self._dialog
        if not is_here(place.host):
            screen.started(f"{place.host} is another machine: run the command there")
            return

        def failed(error: JuturnaError) -> None:
            screen.started(str(error))

        self._app.remotes.start(about, place, screen.started, failed, of=screen)


def place_edits(about: NodeDescription, place: Place) -> tuple[Edit, ...]:
    """What the file is to say. A time limit that is in force already needs no line."""
    given: dict[str, Any] = {"grpc_host": place.host, "grpc_port": place.port}
    if place.timeout != about.timeout:
        given["timeout"] = place.timeout
    configured = (
        Edit(about.name, ("warp_configuration", key), value) for key, value in given.items()
    )
    return (Edit(about.name, ("warped",), True), *configured)


def _probe(place: Place) -> Probe:
    """Who is there, asked from the workbench; on a thread."""
    from juturna_core.control.local import probe

    return probe(place.host, place.port)
