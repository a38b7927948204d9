"""Textual's pilot waits after every key until the app has nothing to do, and looks 50 times a second whether it has."""

from __future__ import annotations

from textual import _wait

FASTER = 3
"""Looking so much more often makes these tests several times as fast, and waits for the same thing."""

_wait.SLEEP_GRANULARITY /= FASTER
_wait.SLEEP_IDLE /= FASTER
