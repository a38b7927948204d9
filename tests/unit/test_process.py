"""What plugins that process messages share."""

from __future__ import annotations

import logging
from types import SimpleNamespace
from typing import Any

import pytest

from juturna_core.process import rescale_trx_words, safe_exec


class Machine:
    logger = logging.getLogger("jt.machine")

    @safe_exec
    def divide(self, a: int, b: int) -> float:
        """Divides."""
        return a / b


def test_a_guarded_method_returns_its_value() -> None:
    assert Machine().divide(6, b=3) == 2
    assert Machine.divide.__doc__ == "Divides."


def test_what_a_guarded_method_raises_is_logged_by_its_node(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert Machine().divide(1, 0) is None
    (record,) = caplog.records
    assert record.name == "jt.machine"
    assert record.getMessage() == "exception in divide"
    assert record.exc_info


def heard(start: float, *stretches: tuple[float, float]) -> Any:
    """A message that begins at `start`, with speech in `stretches`."""
    speech = [{"start_s": begin, "end_s": end} for begin, end in stretches]
    return SimpleNamespace(payload=SimpleNamespace(start=start), meta={"speech_timestamps": speech})


def word(start: float, end: float) -> dict[str, Any]:
    return {"word": "w", "start": start, "end": end, "probability": 0.5}


BUFFER = [heard(10.0, (0.5, 1.0), (1.5, 2.0)), heard(12.0, (1.0, 2.0))]
"""Joined: 0 to 0.5 was said from 10.5, 0.5 to 1 from 11.5, 1 to 2 from 13."""


@pytest.mark.parametrize(
    ("cut", "said"),
    [
        ((0.0, 0.25), (10.5, 10.75)),
        ((0.75, 1.0), (11.75, 12.0)),
        ((1.0, 1.5), (13.0, 13.5)),
        ((0.25, 0.75), (10.75, 11.75)),
        ((1.5, 2.0), (13.5, 14.0)),
    ],
    ids=["first stretch", "to a stretch's end", "next message", "across a gap", "to the very end"],
)
def test_words_get_the_times_at_which_they_were_said(
    cut: tuple[float, float], said: tuple[float, float]
) -> None:
    assert rescale_trx_words([word(*cut)], BUFFER) == [word(*said)]


def test_a_word_outside_all_speech_is_left_out() -> None:
    assert rescale_trx_words([word(1.5, 2.5), word(-1.0, 0.1)], BUFFER) == []
    assert rescale_trx_words([word(0.0, 0.1)], []) == []
    assert rescale_trx_words([], BUFFER) == []
