"""A pipeline stops, and starts: in a process of its own, again where it is, or beside one that does not answer.

Called on the app's thread.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from juturna_core.errors import JuturnaError
from juturna_tui import runs
from juturna_tui.runtime import Runtime

if TYPE_CHECKING:
    from juturna_tui.app import Workbench
    from juturna_tui.look import Look


class Starting:
    """For `app`."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._stopped: runs.OwnRun | None = None
        """What was told to stop."""

    def stop_or_start(self) -> None:
        """The other of what there is."""
        app, look = self._app, self._app.look
        if (run := look.own) is not None:
            if look.silent:
                self._force(run, "does not answer")
            elif self._stopped is run:
                self._force(run, "was told to stop and is at it still")
            else:
                self._stopped = run
                app.monitor.status.word = "stopping (x once more forces)"
                run.stop()
        elif look.over:
            self.start()
        elif look.silent:
            self._start_beside(look)
        elif app.monitor.latest.state == "running":
            self._stop_another()
        else:
            app.ask("start", lambda control: control.start())

    def start(self) -> None:
        """Run the file in a new process; ask first, where one of that name runs already."""
        app = self._app
        if app.document is None:
            app.action_attach()
            return
        name = app.monitor.latest.about.name

        def decide(others: Sequence[int]) -> None:
            if others:
                pids = ", ".join(map(str, others))
                question = f"{name} runs here already (process {pids}). Run it once more beside it?"
                self._confirm(question, ("s", "start another one", "start"), self._begin)
            else:
                self._begin()

        app.on_thread("look", partial(runs.namesakes, name), decide)

    def _begin(self) -> None:
        app = self._app
        if app.document is None:
            return
        try:
            runtime = Runtime(app.document.path)
        except JuturnaError as error:
            app.tell_trouble(str(error))
        else:
            app.follow(runs.OwnRun(runtime, app.monitor.latest.about.name))

    def _force(self, run: runs.OwnRun, why: str) -> None:
        app = self._app
        question = f"The pipeline {why}. End it at once? What it holds is lost."
        self._confirm(
            question, ("f", "force it", "force"), lambda: app.on_thread("force", run.kill)
        )

    def _stop_another(self) -> None:
        question = (
            "Stop a pipeline that was not started here? It drains first, and x starts it again."
        )
        self._confirm(question, ("s", "stop it", "stop"), self._stop)

    def _stop(self) -> None:
        self._app.ask("stop", lambda control: control.stop(keep=True))

    def _start_beside(self, silent: Look) -> None:
        """What does not answer is perhaps gone; if not, a second one would take its ports and its camera."""
        from juturna_core.control.discovery import is_there

        question = "The pipeline does not answer, and its process is there. Run the file once more beside it?"

        def decide(there: bool) -> None:
            if there:
                self._confirm(question, ("s", "start another one", "start"), self._begin)
            else:
                self._begin()

        address = silent.run.address if silent.run is not None else ""
        self._app.on_thread("look", lambda: is_there(address), decide)

    def _confirm(
        self, question: str, answer: tuple[str, str, str], then: Callable[[], None]
    ) -> None:
        from juturna_tui.screens.confirm import ConfirmScreen

        def answered(chosen: str | None) -> None:
            if chosen:
                then()

        self._app.push_screen(ConfirmScreen(question, (answer,)), answered)
