"""Asks a run for its numbers again and again, on threads, and posts to the screen what comes.

Nothing that waits for another process happens on the screen's own thread. A run that does not answer is asked on.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from textual.message import Message

from juturna_core.control.api import Control, Description, Gone, Numbers, Subscription
from juturna_core.errors import JuturnaError, describe
from juturna_core.events import Event
from juturna_tui.history import History
from juturna_tui.messages import (
    Connected,
    EventsCame,
    FrameCame,
    LinesCame,
    RunEnded,
    Silent,
)
from juturna_tui.runs import Run
from juturna_tui.widgets.log_view import Line

QUIET, RESTING = 3.0, 1.0
"""Seconds without a message until a run is asked less often, and seconds between two asks then. Events come at once."""
BUSY = 4
"""How many times as long as an answer took nothing more is asked, up to RESTING: who is slow has much to do."""
KNOWN_EVENTS = 200
"""Events from before the workbench came that are shown."""


class Feed:
    """From `start` to `stop`; `post` is called from its threads, `control` is None until the run has answered."""

    def __init__(self, run: Run, post: Callable[[Message], object], period: float) -> None:
        self.run = run
        self.control: Control | None = None
        self.frames = 0
        """Pictures that came of it so far."""
        self._post = post
        self._period = period
        self._about: Description | None = None
        self._changes = 0  # events so far, and when `_about` was asked for
        self._about_at = -1
        self._history = History()
        self._silent = False
        self._deaf = False  # the log cannot be read
        self._moved: list[list[Any]] = []  # what shows that something flows, and when it last did
        self._moved_at = time.monotonic()
        self._took = 0.0  # seconds, for the last answer
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._seen = threading.Event()  # not set while nobody can see anything
        self._seen.set()
        self._followed: Subscription[Event] | None = None
        self._following = threading.Lock()  # guards it
        self._threads = [
            threading.Thread(target=target, name=f"feed {name}", daemon=True)
            for name, target in (
                ("numbers", self._numbers),
                ("open", self._open),
                ("end", self._end),
            )
        ]

    def start(self) -> None:
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Post nothing more. Its threads end with `run.close()`; the one that waits for a child, when that ends."""
        self._closing.set()
        self._seen.set()
        self._wake.set()
        with self._following:
            if self._followed is not None:
                self._followed.close()

    def refresh(self, period: float | None = None) -> None:
        """Look now, and from now on every `period` seconds."""
        self._period = self._period if period is None else period
        self._wake.set()

    def pause(self) -> None:
        """Ask for no numbers and lines until `resume`: the screen is not there, and they would pile up."""
        self._seen.clear()

    def resume(self) -> None:
        self._seen.set()
        self._wake.set()

    # --- on its threads ------------------------------------------------------------------------------------------

    def _tell(self, message: Message) -> None:
        if not self._closing.is_set():
            self._post(message)

    def _open(self) -> None:
        try:
            self.control = control = self.run.open()
        except JuturnaError as error:
            # the end of one's own is told by `_end`; that it runs and cannot be asked is told here
            own = self.run.own
            self._tell(Silent(str(error)) if own else RunEnded(self.run, str(error)))
            return
        self._tell(Connected())
        self._wake.set()
        self._follow(control)

    def _follow(self, control: Control) -> None:
        """Events as they happen. After a silence it goes on where it was."""
        seen = -1
        while not self._closing.is_set():
            try:
                if seen < 0:
                    seen = max(0, control.events().last - KNOWN_EVENTS)
                seen = self._follow_from(control, seen)
            except JuturnaError:
                self._closing.wait(1.0)  # `_numbers` says what is wrong

    def _follow_from(self, control: Control, seen: int) -> int:
        followed = control.follow(seen)
        with self._following:
            self._followed = followed
        if self._closing.is_set():
            followed.close()
        try:
            for event in followed:
                missed = max(0, event.number - seen - 1) if seen else 0
                seen = event.number
                self._tell(EventsCame((event,), missed))
                self._changes += 1  # whatever happened: names, places or states may be others
                self._wake.set()
        finally:
            followed.close()
        self._closing.wait(1.0)  # it has ended, or will say that it is gone
        return seen

    def _numbers(self) -> None:
        while not self._closing.is_set():
            self._seen.wait()
            self._wake.clear()
            self._look()
            resting = time.monotonic() - self._moved_at > QUIET
            pause = RESTING if resting else min(RESTING, BUSY * self._took)
            self._wake.wait(max(self._period, pause))

    def _look(self) -> None:
        control = self.control
        logged = self._show(control) if control is not None else None
        if logged is not None or self.run.own:  # what our own prints is had without asking it
            self._log(logged or 0)

    def _show(self, control: Control) -> int | None:
        """Post what there is to see; returns the number of the log's last line, None where there is no answer."""
        began = time.monotonic()
        try:
            numbers = control.stats()
            self._took = time.monotonic() - began
            self._note_movement(numbers)
            frame = self._history.advance(numbers, self._described(control, numbers))
        except JuturnaError as error:
            self._took = time.monotonic() - began
            if self._is_over(error):
                self._tell(RunEnded(self.run, "the pipeline has ended", 0))
            else:
                self._silence(str(error))
            return None
        except Exception as error:  # noqa: BLE001  # a picture that stands still has to say why
            self._silence(f"a fault of the workbench: {describe(error)}")
            return None
        if self._silent:
            self._silent = False
            self._tell(Connected())
        self.frames += 1
        self._tell(FrameCame(frame))
        return numbers.logged

    def _is_over(self, error: JuturnaError) -> bool:
        """Whether it will not answer again. The end of one's own is told by `_end`, with its reason."""
        if self.run.own or not isinstance(error, Gone) or not self.run.address.startswith("unix:"):
            return False  # another one may come to a host and a port
        from juturna_core.control.discovery import is_there

        return not is_there(self.run.address)

    def _note_movement(self, numbers: Numbers) -> None:
        moved = [numbers.columns[name] for name in ("received", "transmitted", "queue", "status")]
        if moved != self._moved:
            self._moved, self._moved_at = moved, time.monotonic()

    def _silence(self, text: str) -> None:
        if not self._silent:
            self._silent = True
            self._tell(Silent(text))

    def _described(self, control: Control, numbers: Numbers) -> Description:
        about, changes = self._about, self._changes
        if about is None or self._about_at != changes or len(about.nodes) != len(numbers.names):
            about = self._about = control.describe()
            self._about_at = changes
        return about

    def _log(self, logged: int) -> None:
        try:
            lines, missed = self.run.lines(logged)
        except JuturnaError as error:
            if not self._deaf:  # once, and not as silence: there are numbers
                self._deaf = True
                text = f"the log cannot be read just now: {error}"
                self._tell(LinesCame((Line(time.time(), "ERROR", "", text),)))
            return
        self._deaf = False
        if lines or missed:
            self._tell(LinesCame(tuple(lines), missed))

    def _end(self) -> None:
        text, code = self.run.ended()
        with suppress(
            Exception
        ):  # its last words, if they can be had; that it ended is told anyway
            self._log(0)
        self._tell(RunEnded(self.run, text, code))
