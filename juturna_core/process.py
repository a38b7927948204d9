"""What plugins that process messages share: guarding an update, and putting transcribed words back in time."""

from __future__ import annotations

import functools
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")


def safe_exec(method: Callable[P, R]) -> Callable[P, R | None]:
    """Decorate a node's method: what it raises is logged by the node, and None returned instead."""

    @functools.wraps(method)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R | None:
        try:
            return method(*args, **kwargs)
        except Exception:  # that is what the decorator is for
            node: Any = args[0]
            node.logger.exception("exception in %s", method.__name__)
            return None

    return guarded


@dataclass(frozen=True, slots=True)
class Speech:
    """A stretch of speech: when it was said, and where it is once the silence is cut out; seconds."""

    said_at: float
    cut_to: float
    duration: float


def rescale_trx_words(
    words: Iterable[Mapping[str, Any]], buffer: Iterable[Any]
) -> list[dict[str, Any]]:
    """Give words transcribed from speech without its silences the times at which they were said.

    `words` have `word`, `start`, `end` and `probability`, counted in seconds from the start of the joined speech.
    `buffer` are the messages it was cut from: `payload.start` is when each began, `meta["speech_timestamps"]` its
    stretches of speech, `start_s` and `end_s` from there. A word that lies outside all of them is left out.
    """
    stretches = _stretches(buffer)
    offsets = [stretch.cut_to for stretch in stretches]
    rescaled = []
    for word in words:
        first = bisect_right(offsets, word["start"]) - 1
        # a word that ends where a stretch ends belongs to that one, not to the next
        last = max(first, bisect_left(offsets, word["end"]) - 1)
        start, end = (
            _said_at(stretches, first, word["start"]),
            _said_at(stretches, last, word["end"]),
        )
        if start is not None and end is not None:
            rescaled.append(
                {
                    "word": word["word"],
                    "start": start,
                    "end": end,
                    "probability": word["probability"],
                }
            )
    return rescaled


def _stretches(buffer: Iterable[Any]) -> list[Speech]:
    stretches: list[Speech] = []
    joined = 0.0
    for message in buffer:
        for segment in message.meta["speech_timestamps"]:
            duration = segment["end_s"] - segment["start_s"]
            stretches.append(Speech(message.payload.start + segment["start_s"], joined, duration))
            joined += duration
    return stretches


def _said_at(stretches: Sequence[Speech], index: int, moment: float) -> float | None:
    if index < 0:
        return None
    stretch = stretches[index]
    within = moment - stretch.cut_to
    return stretch.said_at + within if within <= stretch.duration else None
