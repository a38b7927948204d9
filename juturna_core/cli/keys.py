"""Single keys from the terminal, without enter."""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from types import TracebackType
from typing import Any, Self


class Keys:
    """Inside the block keys come one by one and are not shown; where no terminal is, none come."""

    def __init__(self) -> None:
        self._descriptor: int | None = None
        self._before: list[Any] = []

    def __enter__(self) -> Self:
        import termios
        import tty

        if sys.stdin is None or not sys.stdin.isatty():
            return self
        descriptor = sys.stdin.fileno()
        with contextlib.suppress(termios.error):  # in the background, say
            self._before = termios.tcgetattr(descriptor)
            tty.setcbreak(descriptor)  # ctrl+c stays an interrupt
            self._descriptor = descriptor
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        import termios

        if self._descriptor is not None:
            termios.tcsetattr(self._descriptor, termios.TCSADRAIN, self._before)

    def wait(self, key: str, seconds: float) -> bool:
        """Whether `key` was pressed within `seconds`."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if self._descriptor is None:
                time.sleep(left)
                return False
            if not select.select([self._descriptor], [], [], left)[0]:
                return False
            pressed = os.read(self._descriptor, 64)
            if not pressed:  # the terminal has gone
                self._descriptor = None
            elif key.encode() in pressed.lower():
                return True
        return False
