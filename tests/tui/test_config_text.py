"""The editor and the characters of a file: none is lost, none reaches the terminal raw."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.pilot import Pilot

from juturna_tui.widgets.config_editor import Form, Lines
from tests.tui.editor import ODD, Pane, run


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n",
        "{}",
        "\ufeff{}\n",
        "{\r\n}\r\n",
        "\ufeff{\r\n}",
        "{\r\n}\n",
        "{\r}\r",
        "a\x0cb\x85c\u2028d\x00\x1b[2J\ne\x0b\x1c",
        "a\r\r\nb\r\n",
        "\r",
        "\ufeff",
    ],
)
def test_a_file_is_given_back_character_for_character_also_after_an_undone_edit(text: str) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        assert pane.editor.text == text
        assert not pane.editor.dirty
        await pilot.press("e", "x")
        assert pane.editor.dirty
        await pilot.press("ctrl+z")
        assert pane.editor.text == text
        assert not pane.editor.dirty

    run(story, text=text)


@given(st.text(st.sampled_from("\ufeff\r\n a\t\x0c")))
@settings(max_examples=200, deadline=None)
def test_the_form_of_a_file_is_taken_off_and_put_back(text: str) -> None:
    form = Form.of(text)
    assert form.wrap(form.strip(text)) == text


@given(st.text(st.sampled_from("\r\nab\x0c\u2028")), st.data())
@settings(max_examples=200, deadline=None)
def test_lines_replace_as_strings_do(text: str, data: st.DataObject) -> None:
    lines = Lines(text)

    def place(offset: int) -> tuple[int, int]:
        before = text[:offset].split("\n")
        return len(before) - 1, len(before[-1])

    begin, end = sorted(data.draw(st.integers(0, len(text))) for _ in "be")
    new = data.draw(st.text(st.sampled_from("\r\nc\x85")))
    result = lines.replace_range(place(begin), place(end), new)
    assert lines.text == text[:begin] + new + text[end:]
    assert result.replaced_text == text[begin:end]
    before = (text[:begin] + new).split("\n")
    assert result.end_location == (len(before) - 1, len(before[-1]))
    lines.replace_range(place(begin), result.end_location, result.replaced_text)
    assert lines.text == text


def test_line_ends_and_byte_order_mark_are_kept_when_one_types_into_such_a_file() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "down", "end", "enter", "x", "ctrl+s")
        await pilot.pause()
        assert pane.saves == ['\ufeff{\r\n  "a": 1\r\n  x\r\n}\r\n']

    run(story, text='\ufeff{\r\n  "a": 1\r\n}\r\n')


def test_what_a_terminal_would_obey_is_shown_as_a_picture_and_kept() -> None:
    text = '{"a": "\x1b[2J\x9b\u202e\x00"}\x0c\n{}\r\n'

    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        assert '{"a": "␛[2J��␀"}␌' in pane.rows[0]
        assert "{}␍" in pane.rows[1]  # of both kinds: neither is taken away
        assert pane.editor.text == text
        await pilot.press("e", "end", "left", "left")
        assert pane.source.cursor_screen_offset.x == 3 + len('{"a": "_[2J___"}_') - 2
        pane.source.select_all()
        await pilot.press("ctrl+x", "ctrl+v")
        assert pane.editor.text == text.replace("\r\n", "\n")  # as any paste

    run(story, text=text)


def test_brackets_are_no_markup() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([ODD], ["[b]x[/b]"])
        await pilot.press("e", "x")
        await pilot.pause()
        shown = "\n".join(pane.rows)
        assert "x[red]{[/red]" in shown
        assert "a [red] thing␛[2J" in shown
        assert "would change: [b]x[/b]" in shown

    run(story, text="[red]{[/red]")


def test_a_tab_in_the_file_is_spread_and_the_tab_key_inserts_one_there() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "tab")
        assert pane.editor.text.startswith("\t{\n\t")
        assert "\t" not in "".join(pane.rows)

    run(story, text='{\n\t"a": 1\n}\n')
