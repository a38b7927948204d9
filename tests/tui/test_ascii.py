"""Signs without special fonts: one for one, and what has to be told apart stays different."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color

from juturna_tui.ascii import Ascii
from juturna_tui.figures import TICKS
from juturna_tui.view import Fill, State
from juturna_tui.widgets.pipeline_graph.brush import HEAVY, LIGHT


def plain(text: str) -> str:
    """What a terminal gets for `text`."""
    (segment,) = Ascii().apply([Segment(text)], Color.parse("black"))
    return segment.text


def test_every_state_keeps_a_sign_of_its_own() -> None:
    signs = {plain(state.sign) for state in State}
    assert len(signs) == len({state.sign for state in State})
    assert all(len(sign) == 1 and sign.isascii() for sign in signs)


def test_a_queue_that_fills_is_none_that_is_full() -> None:
    assert plain(Fill.FILLING.sign) != plain(Fill.FULL.sign)


def test_the_steps_of_a_sparkline_stay_as_many() -> None:
    assert len(set(plain(TICKS))) == len(TICKS)


def test_what_is_selected_has_other_lines() -> None:
    assert set(plain("".join(HEAVY))).isdisjoint(plain("".join(LIGHT)))


def test_links_are_lines_and_names_are_what_they_are() -> None:
    assert plain("─│╭╮╰╯├┤┬┴┼▶◀ 摄像头 naïve 12 µs …") == "-|+++++++++>< 摄像头 naïve 12 us ~"
