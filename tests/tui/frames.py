"""Frames that are made by hand, of numbers that say what a test wants to see."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from juturna_core.control import api
from juturna_core.metrics import bucket_seconds
from juturna_tui.history import History
from juturna_tui.view import Frame

QUIET: dict[str, Any] = {
    **dict.fromkeys(("received", "transmitted", "bytes_out", "errors", "dropped", "lost"), 0),
    **dict.fromkeys(("in_flight", "queue", "queue_max", "queue_bytes"), 0),
    **dict.fromkeys(("blocked_seconds", "blocking_seconds", "busy_seconds"), 0.0),
    **dict.fromkeys(("status_text", "blocked_by", "last_error"), ""),
    "where": "local",
    "status": "component_running",
    "queue_limit": 64,
    "round_trip": None,
}


def took(milliseconds: float, count: int) -> api.Durations:
    """`count` durations of about so much."""
    bucket = next(each for each in range(767) if bucket_seconds(each) * 1e3 >= milliseconds)
    return api.Durations(f"{bucket}:{count}" if count else "")


def numbers(
    seconds: float, rate: float = 0.0, milliseconds: float = 0.3, **special: Any
) -> api.NodeNumbers:
    """What a node has counted after `seconds` of `rate` messages a second; `special` are further fields."""
    count = round(seconds * rate)
    durations = took(milliseconds, count)
    counted = {"received": count, "transmitted": count, "bytes_out": 1024 * count}
    times = {"queue_time": took(0.1, count), "update_time": durations, "age": durations}
    special.setdefault("queue_max", special.get("queue", 0))
    return api.NodeNumbers(**{**QUIET, **counted, **times, **special})


def frame(
    about: api.Description,
    at: Callable[[float], dict[str, api.NodeNumbers]],
    *,
    seconds: float = 761.0,
    state: str = "running",
) -> Frame:
    """What is seen after `seconds`, by somebody who has looked for the last half of a minute."""
    history = History()
    for ago in range(30, -1, -1):
        now = seconds - ago
        frame = history.advance(api.Numbers.of(about.name, state, now, 0, at(now)), about)
    return frame
