"""What is looked at: a pipeline, where it runs, its file, and the screen that shows it.

Another pipeline is another `Look` with a screen of its own; whatever was asked for an earlier one is told to nobody.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from juturna_core.control.api import Control, Description
from juturna_core.events import Event
from juturna_tui.document import Document
from juturna_tui.feed import Feed
from juturna_tui.figures import without_file
from juturna_tui.runs import OwnRun, Run
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.view import still

if TYPE_CHECKING:
    from juturna_tui.app import Workbench


class Look:
    """Called on the thread of `app`. `run` is None before the first one, `over` says that it runs no more."""

    def __init__(self, app: Workbench, monitor: MonitorScreen) -> None:
        self.monitor = monitor
        self.document: Document | None = None
        self.run: Run | None = None
        self.over = True
        self.silent = False
        """It does not answer just now."""
        self.code = 0
        """The exit code of what ran here last; 1 for a signal."""
        self._app = app
        self._feed: Feed | None = None
        self._sought = ""  # the file that was looked for on this machine

    # --- the run -------------------------------------------------------------------------------------------------

    @property
    def own(self) -> OwnRun | None:
        """The run, where it was started here and goes on."""
        return self.run if isinstance(self.run, OwnRun) and not self.over else None

    @property
    def control(self) -> Control | None:
        """The pipeline, where it can be asked."""
        return None if self.over or self._feed is None else self._feed.control

    def start(self, run: Run, rate: float) -> None:
        """Show what `run` says from now on, `rate` times a second."""
        self._leave_run()
        self.run, self.over, self.silent, self.code = run, False, False, 0
        self.monitor.status.word = "starting"
        self.monitor.wrong = ""
        self.monitor.tell_news("")
        self._feed = Feed(run, self.monitor.post_message, 1 / rate)
        self._feed.start()

    def refresh(self, rate: float) -> None:
        if self._feed is not None:
            self._feed.refresh(1 / rate)

    @contextmanager
    def unseen(self) -> Iterator[None]:
        """While the terminal belongs to another program."""
        if (feed := self._feed) is None:
            yield
            return
        feed.pause()
        try:
            yield
        finally:
            feed.resume()

    def close(self, *, keep: bool = False) -> None:
        """Look no more. One's own run ends, unless it is to be kept."""
        self._leave_run(keep=keep)
        if self.document is not None:
            self.document.close()

    def _leave_run(self, *, keep: bool = False) -> None:
        run, feed = self.run, self._feed
        self.run = self._feed = None
        self.over = True
        if feed is not None:
            feed.stop()
        if run is not None:
            run.close(keep=keep)

    # --- what is heard of it -------------------------------------------------------------------------------------

    def connected(self) -> None:
        self.monitor.editor.runs = True
        if self.silent:
            self.silent = False
            self.monitor.tell_news("")
        self.monitor.status.word = ""

    def fell_silent(self, text: str) -> None:
        if not self.over:
            self.silent = True
            self.monitor.status.word = f"not answering since {datetime.now():%H:%M:%S}"
            known = f"the pipeline at {self.run.address} " if self.run else ""
            way_out = "x ends it by force" if self.own is not None else "x starts another one"
            news = text.removeprefix(known)
            if self.own is not None or self.document is not None:
                news = f"{news}; {way_out}"
            self.monitor.tell_news(news, fades=False)

    def happened(self, event: Event) -> None:
        """News for the first line."""
        monitor = self.monitor
        at = datetime.fromtimestamp(event.time).strftime("%H:%M:%S")
        if event.kind == "refused":
            text = without_file(event.text, monitor.latest.about.file)
            monitor.wrong = f"{text}: the old pipeline runs on"
        elif event.kind in ("applied", "unchanged", "mended", "started"):
            monitor.wrong = ""
        if event.kind == "started":
            monitor.tell_news("")
        elif event.kind == "stopped" and self.own is None:
            monitor.tell_news("x starts it again", fades=False)
        elif event.kind == "applied":
            monitor.tell_news(f"reload ok {at}: {event.text}")
        elif event.kind == "mended":
            monitor.tell_news(f"mended {at}")
        elif event.kind in ("failed", "unfinished"):
            monitor.tell_news(f"{event.kind} {at}: {event.text}")

    def ended(self, text: str, code: int | None) -> None:
        """The run is no more: show what was counted, and why it ended."""
        self.over = True
        self.code = 1 if code is not None and code < 0 else code or 0
        never_ran = self._feed is not None and self._feed.frames == 0
        if self._feed is not None:
            self._feed.stop()
        monitor = self.monitor
        monitor.wrong = ""
        monitor.status.word = "stopped"
        monitor.editor.runs = False
        monitor.ended()
        said = f"{text}; {'x starts it' if self.document is not None else 'a looks for another'}"
        if code in (0, 1):
            monitor.tell_news(said, fades=False)
            monitor.note("INFO", said)
        elif code == 2 and never_ran and self.document is not None:
            self.document.go_to_first_error(otherwise=lambda: self._crashed(said))
        else:
            self._crashed(said)

    def _crashed(self, text: str) -> None:
        self.monitor.wrong = text
        self.monitor.note("ERROR", text)
        self.monitor.action_pane("log")

    # --- the file ------------------------------------------------------------------------------------------------

    def open(self, file: Path) -> None:
        """Show the pipeline's file, and follow it."""
        self.document = Document(self._app, self.monitor, file)
        self.monitor.status.file = self.document.name
        self.document.open()

    def seek_file(self) -> None:
        """What runs has a file: where it is on this machine, it is shown and can be edited."""
        about = self.monitor.latest.about
        file = about.file
        if self.document is not None or self.run is None or file == self._sought:
            return
        self._sought = file
        self.monitor.status.file = about.name

        def found(there: bool) -> None:
            if there and self.document is None:
                self.open(Path(file))
            else:
                self.monitor.no_file()

        if self.run.local:
            self._app.on_thread("look for the file", lambda: os.path.isfile(file), found)
        else:
            self.monitor.no_file()


def at(app: Workbench, about: Description, state: str) -> Look:
    """A look with a screen of its own, on which `about` is drawn for the time being."""
    return Look(app, MonitorScreen(still(about, state)))
