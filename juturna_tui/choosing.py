"""From what is on the screen to another pipeline: the list to choose from, and what is done with the choice.

Called on the app's thread.
"""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from juturna_core.control.api import Description
from juturna_core.errors import JuturnaError
from juturna_tui import runs
from juturna_tui.preview import preview, preview_of

if TYPE_CHECKING:
    from juturna_tui.app import Workbench
    from juturna_tui.screens.attach import Choice


class Choosing:
    """For `app`; files are looked for below the folder that it was started in."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._folder = _folder()

    def ask(self) -> None:
        """Show what runs and what could."""
        from juturna_tui.screens.attach import AttachScreen

        run = self._app.look.run
        shown = run.address if run is not None and not self._app.look.over else ""
        self._app.push_screen(AttachScreen(self._folder, shown), self._chosen)

    def fill(self) -> None:
        """Have the list show what there is now."""
        from juturna_tui.screens.attach import AttachScreen, pipeline_files

        for screen in self._app.screen_stack:
            if isinstance(screen, AttachScreen):
                self._app.on_thread("look", runs.running, screen.show_running, of=screen)
                files = partial(pipeline_files, self._folder)
                self._app.on_thread("look", files, screen.show_files, of=screen)

    def _chosen(self, choice: Choice | None) -> None:
        app = self._app
        if choice is None:
            if app.look.run is None and app.document is None:
                app.exit(return_code=0)
        elif self._is_shown(choice):
            app.tell("it is on the screen already")
        elif (file := choice.file) is not None:
            app.on_thread("open", partial(preview_of, file), partial(self._open, file))
        elif (address := choice.address) is not None:
            app.on_thread("attach", partial(runs.found, address), self._attach, self._not_there)

    def _is_shown(self, choice: Choice) -> bool:
        look = self._app.look
        if look.over or look.run is None:
            return False
        if choice.file is not None:
            document = look.document
            return document is not None and choice.file.resolve() == document.path.resolve()
        return choice.address == look.run.address

    def _open(self, file: Path, about: Description) -> None:
        app = self._app
        app.look_at(about, file)
        app.monitor.call_after_refresh(app.starting.start)  # what it asks lies over the new screen

    def _attach(self, run: runs.Run) -> None:
        self._app.look_at(preview({}, ""), None)
        self._app.follow(run)

    def _not_there(self, error: JuturnaError) -> None:
        """What was on the screen is there still."""
        self._app.tell_trouble(str(error))
        self.ask()


def _folder() -> Path:
    """Where the workbench was started; / where that is not there any more."""
    try:
        return Path.cwd()
    except OSError:
        return Path(os.sep)
