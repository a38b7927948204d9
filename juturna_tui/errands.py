"""Work that waits for another process or a disk: done on threads, so that the screen never stands still for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

from textual.app import App
from textual.notifications import SeverityLevel

from juturna_core.cells import printable
from juturna_core.control.api import Control, Gone
from juturna_core.errors import JuturnaError, describe

if TYPE_CHECKING:
    from juturna_tui.look import Look
    from juturna_tui.screens.dialog import Asking

T = TypeVar("T")


class Errands(App[None]):
    """An app that has things done for `look`, what is on its screen, and tells what came of them."""

    look: Look

    @property
    def answers(self) -> bool:
        """Whether there is a pipeline that can be asked."""
        return self.look.control is not None

    def ask(
        self,
        doing: str,
        work: Callable[[Control], T],
        then: Callable[[T], object] = lambda found: None,
        failed: Callable[[JuturnaError], object] | None = None,
        *,
        of: Asking[Any] | None = None,
    ) -> None:
        """Have `work` done with the pipeline on a thread; `then` or `failed` get here what comes of it."""
        control = self.look.control
        if control is None:
            trouble = JuturnaError("no pipeline runs", hint="x starts it")
            failed(trouble) if failed is not None else self.tell_trouble(f"{doing}: {trouble}")
            return
        asked: Control = control
        self.on_thread(doing, lambda: work(asked), then, failed, of=of)

    def on_thread(
        self,
        doing: str,
        work: Callable[[], T],
        then: Callable[[T], object] = lambda found: None,
        failed: Callable[[JuturnaError], object] | None = None,
        *,
        of: Asking[Any] | None = None,
    ) -> None:
        """The same for work that asks no pipeline. What cannot be read or written (OSError) is an error like others.

        What comes when something else is looked at, when `of`, the dialog that asked, was closed, or when the app ends
        and there is no screen any more, is told to nobody.
        """
        asking = self.look

        async def wait() -> None:
            error: JuturnaError | None = None
            try:
                found = await asyncio.to_thread(work)
            except JuturnaError as raised:
                error = raised
            except OSError as raised:
                error = JuturnaError(f"{raised.filename or doing}: {raised.strerror or raised}")
            except Exception as raised:  # noqa: BLE001  # one key that fails must not end the workbench
                error = JuturnaError(f"a fault of the workbench: {describe(raised)}")
            if asking is not self.look or (of is not None and of.answered) or not self.is_running:
                return
            if error is None:
                then(found)
            elif failed is not None:
                failed(error)
            elif not (isinstance(error, Gone) and asking.over):  # its end is told already
                self.tell_trouble(f"{doing}: {error}")

        self.run_worker(wait(), name=doing)

    def tell(self, text: str) -> None:
        """What has come of it, over the screen for a while."""
        self._note(text, "information", 5)

    def tell_trouble(self, text: str) -> None:
        """What went wrong: over the screen for a while, and in the log for good."""
        self._note(text, "error", 8)
        self.look.monitor.note("ERROR", text)

    def _note(self, text: str, severity: SeverityLevel, seconds: float) -> None:
        """Once: a key that is pressed ten times is answered where it was answered the first time."""
        shown = _shown(text)
        if all(each.message != shown for each in self._notifications):
            self.notify(shown, markup=False, severity=severity, timeout=seconds)


def _shown(text: str) -> str:
    """Lines for a toast, without what a terminal would obey."""
    return "\n".join(map(printable, text.splitlines()))
