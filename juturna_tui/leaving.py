"""The end of the workbench: what is stopped, what runs on, what would be lost, and what is told last.

Called on the app's thread.
"""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from juturna_core.cells import printable
from juturna_tui import runs

if TYPE_CHECKING:
    from juturna_tui.app import Workbench
    from juturna_tui.look import Look


class Leaving:
    """For `app`."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._stopping: Look | None = None  # what was told to stop, so that the app may end
        self._warned: Look | None = (
            None  # of which it was told that nodes would be left without their remote
        )
        self._left: list[runs.OwnRun] = []  # started here, and not on the screen any more
        self._why = ""

    @property
    def last_words(self) -> str:
        """What to tell once the terminal is the person's again: why it ended, and what runs on."""
        left = (f"{run.pipeline} runs on: {run.stays}" for run in self._left if run.stays)
        return "\n".join(filter(None, (self._why, *left)))

    def quit(self) -> None:
        """Have what was started here drain and end; once more: at once. What others have started runs on."""
        app, run = self._app, self._app.look.own
        needed = ", ".join(app.remotes.nodes())
        if needed and self._warned is not app.look:
            self._warned = app.look
            app.tell_trouble(
                f"{needed}: on a remote that was started here, and ends with the workbench; the file says so still. "
                "w moves it back; q once more leaves"
            )
        elif run is None:
            if self.may_lose_nothing():
                there = app.look.run if app.answers else None
                if there is not None:
                    self._why = self._what_stays(there)
                app.exit(return_code=app.look.code)
        elif self._stopping is app.look:
            run.kill()
            app.exit(return_code=1)
        elif self.may_lose_nothing():
            self._stopping = app.look
            app.close_dialogs()  # what is drained is told below them
            self.progress()
            run.stop()

    def detach(self) -> None:
        """Leave, and what runs stays."""
        app, run = self._app, self._app.look.run
        if run is None or app.look.over or not run.address:
            app.tell_trouble("nothing runs that could be left behind")
        elif self.may_let_run() and self.may_lose_nothing():
            self._why = self._what_stays(run)
            app.look.close(keep=True)
            app.exit(return_code=0)

    def signalled(self, number: int) -> None:
        app = self._app
        told = "; the pipeline was told to stop" if app.look.own is not None else ""
        self._why = f"juturna-tui: ended by {signal.Signals(number).name}{told}"
        app.exit(return_code=128 + number)

    def progress(self) -> None:
        """Say how much there is to be drained, if that is what it is at."""
        look = self._app.look
        if self._stopping is look and look.own is not None:
            left = sum(node.held for node in look.monitor.latest.nodes)
            rest = f", {left} messages left" if left else ""
            look.monitor.status.word = f"stopping{rest} (q once more forces)"

    def ended(self, run: runs.Run, text: str, code: int | None) -> None:
        """The run on the screen is over; if that is what was waited for, the app is too."""
        if self._stopping is not self._app.look:
            return
        if code:
            remarks = run.remarks if isinstance(run, runs.OwnRun) else ()
            self._why = "\n".join((f"juturna run: {text}", *map(printable, remarks)))
        self._app.exit(return_code=self._app.look.code)

    def leave_behind(self, run: runs.OwnRun) -> None:
        """Something else comes on the screen, and `run` goes on; it is named at the end."""
        self._left.append(run)
        self._app.tell(f"what was on the screen runs on: --attach {run.address}")

    def may_let_run(self) -> bool:
        """Whether what is on the screen needs nothing that ends with the workbench; else a person is told."""
        app = self._app
        needed = ", ".join(app.remotes.nodes()) if app.answers else ""
        if needed:
            app.tell_trouble(
                f"nothing was done: {needed} is on a remote that was started here, and ends with the workbench. "
                "w moves it back."
            )
        return not needed

    def may_lose_nothing(self) -> bool:
        """Whether nothing typed would be lost; else the editor asks what to do with it."""
        monitor = self._app.monitor
        if not monitor.editor.dirty:
            return True
        monitor.action_pane("config")
        monitor.editor.action_leave()
        self._app.tell("not left: something typed here is not saved, and the editor asks about it")
        return False

    def _what_stays(self, run: runs.Run) -> str:
        """How to come back to what is on the screen."""
        if isinstance(run, runs.OwnRun):
            return f"the pipeline runs on: {run.stays}"
        stopped = self._app.monitor.latest.state == "stopped"
        state = "is stopped, and x starts it again" if stopped else "runs on"
        return f"the pipeline {state}: juturna-tui --attach {run.address}"
