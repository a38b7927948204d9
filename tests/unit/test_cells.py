"""Text for a terminal: nothing in it moves the cursor."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juturna_core.cells import printable, width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("1_pass", "1_pass"),
        ("カメラ 👩‍💻", "カメラ 👩‍💻"),
        ("a\x1b[2Jb\n\tc", "a␛[2Jb␊␉c"),
        ("\x7f\x9b31m", "␡\ufffd31m"),
        ("left\u202eright", "left\ufffdright"),
        ("half \ud800", "half \ufffd"),
    ],
)
def test_what_a_terminal_would_obey_is_shown_instead(text: str, shown: str) -> None:
    assert printable(text) == shown


@given(st.text(st.characters()))
def test_nothing_is_obeyed_and_every_character_keeps_its_place(text: str) -> None:
    shown = printable(text)
    assert len(shown) == len(text)
    shown.encode()
    assert not any(ord(each) < 0x20 or 0x7F <= ord(each) < 0xA0 for each in shown)
    assert width(shown) >= 0
