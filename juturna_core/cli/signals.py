"""SIGINT, SIGTERM and SIGHUP, heard by a thread of their own.

Python runs a signal's handler between two instructions of the main thread and nowhere else. One that comes in the
moment in which that thread goes to sleep on a lock is not seen before something else wakes it: the run seems not to
hear its ctrl+c. The byte that the interpreter writes to `signal.set_wakeup_fd` comes at once, whatever the main thread
does, a plugin's warm-up in C included.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import NoReturn


class Signals:
    """Before `attend` a signal is a KeyboardInterrupt in the main thread; from then on it asks for the end.

    A second SIGINT forces: what is waited for is not waited for any longer. One instance a process, made by its
    main thread.
    """

    def __init__(self) -> None:
        import socket  # not by those who import this for `leave` alone, `juturna --help` among them

        self._lock = threading.Lock()
        self._stop: Callable[[], None] | None = None
        self._force: Callable[[], None] = _interrupted
        self.asked = False  # to end
        self._interrupts = 0
        self._bytes, ours = socket.socketpair()
        ours.setblocking(False)
        signal.set_wakeup_fd(ours.fileno(), warn_on_full_buffer=False)
        self._ours = ours  # kept: it closes when nobody holds it
        threading.Thread(target=self._listen, name="signals", daemon=True).start()
        numbers = [signal.SIGINT, signal.SIGTERM]
        if hasattr(signal, "SIGHUP") and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            numbers.append(signal.SIGHUP)  # ignored: `nohup juturna run …` stays
        for number in numbers:
            signal.signal(number, self._interrupt)

    def attend(self, stop: Callable[[], None], force: Callable[[], None]) -> None:
        """From now on the first signal calls `stop`, and a later SIGINT `force`, on a thread of ours."""
        with self._lock:
            self._stop, self._force = stop, force
            if self.asked:  # since just now, and the main thread was not interrupted
                stop()

    def _interrupt(self, number: int, frame: FrameType | None) -> None:
        if self._stop is None:
            raise KeyboardInterrupt

    def _listen(self) -> None:
        while numbers := self._bytes.recv(64):
            for number in numbers:
                self._hear(number)

    def _hear(self, number: int) -> None:
        with self._lock:
            self.asked = True
            self._interrupts += number == signal.SIGINT
            stop, force = self._stop, self._force
        if number == signal.SIGINT and self._interrupts > 1:
            force()
        elif stop is not None:
            stop()


def _interrupted() -> NoReturn:
    print("juturna: interrupted", file=sys.stderr)
    leave(130)


def leave(code: int) -> NoReturn:
    """Exit now: threads that hang are not waited for."""
    logging.shutdown()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
