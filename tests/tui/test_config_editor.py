import asyncio
import time
from collections.abc import Awaitable, Callable
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from juturna_core.errors import Problem
from juturna_tui.widgets.config_editor import Bar, ConfigEditor, Form, Lines, Source

TEXT = """{
  "version": "0.1.0",
  "pipeline": {
    "nodes": [
      {"name": "1_pass", "delay": 2.0, "on": true, "x": null}
    ]
  }
}
"""
UNKNOWN = Problem("error", 'there is no node "x"', "config.json", 5, 16, hint='did you mean "y"?')
ODD = Problem("warning", "a [red] thing\x1b[2J", "config.json", 3, 3)


class Pane(App[None]):
    """The editor beside an input, and what it says."""

    def __init__(self) -> None:
        super().__init__()
        self.editor = ConfigEditor(id="config")
        self.editor.set_reactive(ConfigEditor.runs, True)
        self.said: list[Message] = []
        self.changed: asyncio.Queue[str] = asyncio.Queue()

    def compose(self) -> ComposeResult:
        yield self.editor
        yield Input(id="elsewhere")

    def on_mount(self) -> None:
        self.query_one(Input).styles.height = 1
        self.query_one(Input).styles.border = None
        self.query_one(Input).display = False

    def on_config_editor_changed(self, message: ConfigEditor.Changed) -> None:
        self.changed.put_nowait(message.text)

    def on_config_editor_save(self, message: ConfigEditor.Save) -> None:
        self.said.append(message)

    def on_config_editor_closed(self, message: ConfigEditor.Closed) -> None:
        self.said.append(message)

    def on_config_editor_open_external(self, message: ConfigEditor.OpenExternal) -> None:
        self.said.append(message)

    async def next_change(self) -> str:
        return await asyncio.wait_for(self.changed.get(), 10)

    @property
    def source(self) -> Source:
        return self.query_one("#source", Source)

    @property
    def bar(self) -> Bar:
        return self.query_one(Bar)

    @property
    def saves(self) -> list[str]:
        return [message.text for message in self.said if isinstance(message, ConfigEditor.Save)]

    @property
    def closed(self) -> int:
        return sum(isinstance(message, ConfigEditor.Closed) for message in self.said)

    @property
    def rows(self) -> list[str]:
        return [strip.text.rstrip() for strip in self.screen._compositor.render_strips()]

    def said_below(self) -> str:
        return self.rows[-1]


def run(
    story: Callable[[Pane, Pilot[None]], Awaitable[None]],
    size: tuple[int, int] = (120, 20),
    text: str | None = TEXT,
    app: Pane | None = None,
) -> None:
    async def main() -> None:
        pane = app or Pane()
        async with pane.run_test(size=size) as pilot:
            if text is not None:
                pane.editor.show(text)
            pane.editor.focus()
            await pilot.pause()
            await story(pane, pilot)
            await pilot.pause()

    asyncio.run(main())


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question takes the keys when it comes, however short ago one typed."""
    monkeypatch.setattr(ConfigEditor, "QUIET", 0.0)


# the file and its characters


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


# reading, editing, saving


def test_one_reads_until_e_and_typing_changes_nothing_then() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("x", "enter", "delete", "ctrl+z", "ctrl+k", "ctrl+v", "q")
        assert pane.editor.text == TEXT
        assert not pane.editor.editing
        await pilot.press("e")
        assert pane.editor.editing
        assert pane.editor.text == TEXT
        await pilot.pause()
        assert pane.said_below() == "editing · saved · what is written is what runs"

    run(story)


def test_undo_of_an_earlier_edit_does_nothing_while_one_reads() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "ctrl+s")
        pane.editor.saved("x" + TEXT)
        await pilot.press("escape", "ctrl+z", "ctrl+y")
        assert pane.editor.text == "x" + TEXT
        await pilot.press("e", "ctrl+z")
        assert pane.editor.text == TEXT
        await pilot.press("ctrl+y")
        assert pane.editor.text == "x" + TEXT

    run(story)


def test_a_pause_in_typing_is_told_once_with_all_that_was_typed() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "a", "b", "c")
        assert await pane.next_change() == "abc" + TEXT
        assert pane.changed.empty()

    run(story)


def test_nothing_is_told_when_what_was_typed_is_taken_back_at_once() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "a", "backspace")
        await pilot.pause()
        pane.source.insert("b")
        assert await pane.next_change() == "b" + TEXT
        assert pane.changed.empty()

    run(story)


def test_saving_sends_the_text_and_is_done_when_it_is_on_disk() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "ctrl+s")
        await pilot.pause()
        assert pane.saves == []  # nothing to save
        await pilot.press("x", "ctrl+s")
        await pilot.pause()
        assert pane.saves == ["x" + TEXT]
        assert pane.editor.dirty
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert not pane.editor.dirty
        assert pane.editor.editing
        assert "saved · what is written is what runs" in pane.said_below()

    run(story)


def test_what_is_typed_while_it_is_being_saved_stays_unsaved() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "escape", "s")
        await pilot.press("y")
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert pane.editor.dirty
        assert pane.editor.editing
        assert pane.editor.text == "xy" + TEXT

    run(story)


def test_saving_with_errors_is_allowed_and_says_what_runs() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.set_problems([UNKNOWN, UNKNOWN, ODD])
        await pilot.pause()
        assert "not saved · 2 errors" in pane.said_below()
        await pilot.press("ctrl+s")
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert "saved with 2 errors: the old pipeline runs on" in pane.said_below()

    run(story)


def test_escape_ends_editing_when_everything_is_on_disk() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "escape")
        await pilot.pause()
        assert not pane.editor.editing
        assert pane.closed == 1
        await pilot.press("escape")  # the app's, then
        await pilot.pause()
        assert pane.closed == 1

    run(story)


def test_escape_asks_when_something_is_not_saved_and_escape_goes_back_to_it() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "escape")
        await pilot.pause()
        assert pane.said_below() == "not saved: s save  d discard  esc back"
        assert pane.bar.has_focus
        await pilot.press("t", "m", "l", "q")  # no answers to this
        assert pane.editor.text == "x" + TEXT
        await pilot.press("escape", "y")
        assert pane.editor.text == "xy" + TEXT
        assert pane.editor.editing
        assert pane.closed == 0

    run(story)


def test_the_answer_save_ends_editing_only_when_it_is_on_disk() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "escape", "s")
        await pilot.pause()
        assert pane.saves == ["x" + TEXT]
        assert pane.editor.editing
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert not pane.editor.editing
        assert pane.closed == 1

    run(story)


def test_a_save_after_one_that_failed_does_not_end_editing() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "escape", "s")  # and the app never says that it is saved
        await pilot.press("ctrl+s")
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert pane.editor.editing

    run(story)


def test_the_answer_discard_ends_editing_asks_for_a_check_and_undo_has_it_still() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        assert await pane.next_change() == "x" + TEXT
        await pilot.press("escape", "d")
        await pilot.pause()
        assert pane.editor.text == TEXT
        assert pane.closed == 1
        assert await pane.next_change() == TEXT
        await pilot.press("e", "ctrl+z")
        assert pane.editor.text == "x" + TEXT

    run(story)


def test_an_answer_can_be_clicked() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x", "escape")
        await pilot.pause()
        row = len(pane.rows) - 1
        await pilot.click(offset=(pane.said_below().index("discard") + 2, row))
        await pilot.pause()
        assert pane.editor.text == TEXT
        assert pane.closed == 1

    run(story)


def test_capital_e_asks_for_the_external_editor_but_is_a_letter_while_one_edits() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("E")
        await pilot.pause()
        assert [type(message) for message in pane.said] == [ConfigEditor.OpenExternal]
        await pilot.press("e", "E", "e", "[", "]")
        await pilot.pause()
        assert pane.editor.text == "Ee[]" + TEXT
        assert len(pane.said) == 1

    run(story)


def test_keys_follow_the_users_keymap_and_the_question_shows_them() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.set_keymap({"config.edit": "i", "config.answer.discard": "z"})
        await pilot.press("i", "x", "escape")
        await pilot.pause()
        assert pane.said_below() == "not saved: s save  z discard  esc back"
        await pilot.press("z")
        await pilot.pause()
        assert pane.editor.text == TEXT

    run(story)


def test_every_binding_has_an_id_and_a_description() -> None:
    bindings = [*ConfigEditor.BINDINGS, *Bar.BINDINGS]
    assert all(b.id and b.id.startswith("config.") and b.description for b in bindings)
    assert len({b.id for b in bindings}) == len(bindings)


# typing


@pytest.mark.parametrize(
    ("text", "place", "keys", "expected"),
    [
        ("{}", (0, 1), ["enter"], "{\n  \n}"),
        ("{\n    1\n}", (0, 1), ["enter"], "{\n    \n    1\n}"),
        ("  [1]", (0, 3), ["enter"], "  [\n    1]"),
        ("  1,", (0, 4), ["enter", "2"], "  1,\n  2"),
        ("{\n\t[]\n}", (1, 2), ["enter"], "{\n\t[\n\t\t\n\t]\n}"),
        ("{\n    1\n}", (0, 0), ["tab"], "    {\n    1\n}"),
        ("{}", (0, 1), ["tab"], "{ }"),
        ("{}", (0, 0), ["tab"], "  {}"),
    ],
)
def test_enter_and_tab_keep_the_indentation_of_the_file(
    text: str, place: tuple[int, int], keys: list[str], expected: str
) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e")
        pane.source.move_cursor(place)
        await pilot.press(*keys)
        assert pane.editor.text == expected
        assert pane.source.has_focus

    run(story, text=text)


def test_between_brackets_the_cursor_stands_on_the_line_between_and_undo_takes_both_back() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "right", "enter", "1")
        assert pane.editor.text == "{\n  1\n}"
        await pilot.press("ctrl+z", "ctrl+z")
        assert pane.editor.text == "{}"

    run(story, text="{}")


def test_a_megabyte_can_be_pasted_and_taken_back() -> None:
    piece = '  {"name": "n", "delay": 2.0},\r'  # terminals send \r
    pasted = piece * (1_000_000 // len(piece))

    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e")
        begin = time.perf_counter()
        pane.source.paste(pasted)
        await pilot.pause()
        await pilot.press("x")
        await pilot.pause()
        assert time.perf_counter() - begin < 10  # 1 s when nothing else runs
        assert pane.editor.text == pasted.replace("\r", "\n") + "x" + TEXT
        await pilot.press("ctrl+z", "ctrl+z")
        assert pane.editor.text == TEXT

    run(story)


def test_what_would_make_the_file_too_large_is_refused_with_a_sentence() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e")
        pane.source.paste("x" * 2_000_000)
        await pilot.pause()
        assert pane.editor.text == TEXT
        assert [notice.message for notice in pane._notifications] == [
            "Not pasted: the file would be larger than 2 MB."
        ]

    run(story)


def test_one_line_of_a_megabyte_is_drawn_and_typed_into() -> None:
    text = "[" + '{"name": "n"},' * 70_000 + "]"

    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        begin = time.perf_counter()
        await pilot.press("e", "end", "x")
        await pilot.pause()
        assert time.perf_counter() - begin < 10
        assert pane.editor.text == text + "x"
        assert "]x" in pane.rows[0]

    run(story, text=text)


# problems and changes


def test_a_problem_has_a_sign_beside_its_line_and_its_place_underlined() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        assert [row[:4] for row in pane.rows[:5]] == ["1  {", "2   ", "3▲  ", "4   ", "5✖  "]
        strips = pane.screen._compositor.render_strips()
        underlined = [
            [segment.text for segment in strip if segment.style and segment.style.underline]
            for strip in strips[:5]
        ]
        assert underlined == [[], [], ['"pipeline"'], [], ['"1_pass"']]
        pane.editor.set_problems([])
        await pilot.pause()
        assert pane.rows[4].startswith("5   ")

    run(story)


def test_an_error_covers_the_warning_of_its_line_and_places_beyond_the_text_do_no_harm() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        error = Problem("error", "e", None, 1, 1)
        warning = Problem("warning", "w", None, 1, 1)
        beyond = [Problem("error", "far", None, 1, 900), Problem("error", "deep", None, 900, 1)]
        pane.editor.set_problems([error, warning, *beyond, Problem("error", "nowhere")])
        await pilot.pause()
        assert pane.rows[0].startswith("1✖ {")
        assert "✖ nowhere" in pane.rows
        await pilot.press("[")
        assert pane.source.cursor_location[0] == TEXT.count("\n")

    run(story)


def test_problems_are_listed_below_in_the_order_of_the_file() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        assert pane.rows[-3:] == [
            "▲ 3:3 a [red] thing␛[2J",
            '✖ 5:16 there is no node "x"  did you mean "y"?',
            "saved with 1 error: the old pipeline runs on · 1 warning",
        ]

    run(story)


def test_at_most_five_problems_are_seen_at_once() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN] * 30)
        await pilot.pause()
        assert sum("✖ 5:16" in row for row in pane.rows) == 5

    run(story)


@pytest.mark.parametrize(("forth", "back"), [("f8", "shift+f8"), ("]", "[")])
def test_keys_go_to_the_next_problem_and_to_the_one_before_and_round_the_ends(
    forth: str, back: str
) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        places = []
        for key in (forth, forth, forth, back, back):
            await pilot.press(key)
            places.append(pane.source.cursor_location)
        assert places == [(2, 2), (4, 15), (2, 2), (4, 15), (2, 2)]

    run(story)


def test_without_problems_their_keys_do_nothing() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("f8", "[")
        assert pane.source.cursor_location == (0, 0)

    run(story)


def test_enter_and_a_click_in_the_list_go_to_the_problem() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        pane.query_one(OptionList).focus()
        await pilot.press("down", "down", "enter")
        await pilot.pause()
        assert pane.source.cursor_location == (4, 15)
        assert pane.source.has_focus
        await pilot.click(OptionList, offset=(5, 0))
        await pilot.pause()
        assert pane.source.cursor_location == (2, 2)

    run(story)


def test_what_saving_would_change_is_said_until_it_is_saved() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.set_problems([], ["1_pass: delay 2.0 -> 0.5", "2_out: added"])
        await pilot.pause()
        assert pane.rows[-3:] == [
            "would change: 1_pass: delay 2.0 -> 0.5",
            "would change: 2_out: added",
            "editing · not saved",
        ]
        pane.editor.saved("x" + TEXT)
        await pilot.pause()
        assert not any("would change" in row for row in pane.rows)

    run(story)


def test_a_place_is_gone_to_and_seen() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.show("\n".join(f'"{i}"' for i in range(1, 500)))
        pane.editor.go_to(400, 3)
        await pilot.pause()
        assert pane.source.cursor_location == (399, 2)
        assert any(row.startswith('400  "400"') for row in pane.rows)
        pane.editor.go_to(0, 0)
        assert pane.source.cursor_location == (0, 0)
        pane.editor.go_to(10_000)
        assert pane.source.cursor_location == (498, 0)

    run(story)


# the file changes elsewhere

THEIRS = TEXT.replace("2.0", "0.5")
QUESTION = "changed by another program while you edited: t theirs (drops yours)  m mine (saving overwrites)  l look"


async def conflict(pane: Pane, pilot: Pilot[None]) -> None:
    await pilot.press("e", "x")
    assert await pane.next_change() == "x" + TEXT
    pane.editor.outdated(THEIRS)
    await pilot.pause()


def test_a_file_that_changes_while_one_reads_is_shown_and_the_cursor_keeps_its_line() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("down", "down", "right")
        pane.editor.outdated(THEIRS)
        await pilot.pause()
        assert pane.editor.text == THEIRS
        assert pane.source.cursor_location == (2, 1)
        assert not pane.editor.dirty
        assert await pane.next_change() == THEIRS  # what is wrong with it is not known here

    run(story)


def test_a_file_that_changes_while_something_is_not_saved_is_asked_about(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        assert pane.said_below() == QUESTION
        assert pane.bar.has_focus
        assert pane.editor.text == "x" + TEXT

    run(story)


def test_show_drops_nothing_that_was_typed(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.show(THEIRS, [ODD])
        await pilot.pause()
        assert pane.said_below() == QUESTION
        assert pane.editor.text == "x" + TEXT

    run(story)


def test_theirs_takes_the_place_of_mine_which_undo_brings_back(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("t")
        await pilot.pause()
        assert pane.editor.text == THEIRS
        assert not pane.editor.dirty
        assert pane.editor.editing
        assert await pane.next_change() == THEIRS
        await pilot.press("ctrl+z")
        assert pane.editor.text == "x" + TEXT
        assert pane.editor.dirty

    run(story)


def test_mine_goes_on_and_saving_sends_it(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("m", "y", "ctrl+s")
        await pilot.pause()
        assert pane.saves == ["xy" + TEXT]

    run(story)


def test_discard_after_mine_shows_what_is_on_disk_now(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("m", "escape", "d")
        await pilot.pause()
        assert pane.editor.text == THEIRS

    run(story)


def test_look_shows_what_differs_until_escape_and_then_asks_again(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert pane.rows[:2] == ["--- theirs, on disk", "+++ yours, not saved"]
        assert "-{" in pane.rows
        assert "+x{" in pane.rows
        assert any(row.startswith("-") and "0.5" in row for row in pane.rows)
        await pilot.press("z", "down", "delete")
        assert pane.editor.text == "x" + TEXT
        await pilot.press("ctrl+s", "escape", "z")  # nothing is typed into what is not seen
        await pilot.pause()
        assert pane.editor.text == "x" + TEXT and pane.saves == []
        assert pane.rows[0].startswith("1  x{")
        assert pane.bar.has_focus
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.press("t")  # it may be answered where it is read
        await pilot.pause()
        assert pane.editor.text == THEIRS and pane.rows[0].startswith("1")

    run(story)


def test_a_long_difference_is_scrolled_while_the_question_stands(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.outdated("\n".join(map(str, range(200))))
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        seen = [pane.editor._difference.scroll_offset.y]
        for key in ("down", "pagedown", "pageup", "up"):
            await pilot.press(key)
            seen.append(pane.editor._difference.scroll_offset.y)
        assert seen == [0, 1, 11, 1, 0]

    run(story)


def test_a_difference_in_line_ends_alone_is_said(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        pane.editor.outdated(("x" + TEXT).replace("\n", "\r\n"))
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        assert pane.rows[0] == "They differ in line ends only."

    run(story)


def test_a_conflict_is_not_answered_by_saving_nor_by_leaving(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        for key in ("ctrl+s", "escape"):
            await pilot.press("escape")  # back to the text
            assert pane.source.has_focus
            await pilot.press(key)
            await pilot.pause()
            assert pane.bar.has_focus
            assert pane.said_below() == QUESTION
        assert pane.saves == []
        assert pane.editor.editing

    run(story)


def test_the_question_goes_when_the_other_program_wrote_the_same(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        pane.editor.outdated("x" + TEXT)
        await pilot.pause()
        assert not pane.editor.dirty
        assert "what is written is what runs" in pane.said_below()
        assert pane.source.has_focus

    run(story)


def test_what_one_types_on_with_is_no_answer() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await conflict(pane, pilot)
        await pilot.press("t", "m")
        assert pane.editor.text == "xtm" + TEXT
        await pilot.pause()
        assert pane.said_below() == QUESTION

    run(story)


def test_a_question_that_comes_after_a_long_pause_takes_no_key_at_once_either() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        await pilot.pause()
        pane.editor._quiet_at = 0.0  # typed long ago
        pane.editor.outdated(THEIRS)
        await pilot.press("t")
        assert pane.editor.text == "xt" + TEXT

    run(story)


def test_the_question_leaves_the_keys_to_the_pane_that_has_them(at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "x")
        elsewhere = pane.query_one(Input)
        elsewhere.display = True
        elsewhere.focus()
        await pilot.pause()
        pane.editor.outdated(THEIRS)
        await pilot.press("t")
        assert elsewhere.value == "t"
        assert pane.editor.text == "x" + TEXT
        pane.editor.focus()
        await pilot.pause()
        assert pane.bar.has_focus

    run(story)


# the screen


@pytest.mark.parametrize("size", [(20, 5), (1, 1), (3, 2), (8, 3), (300, 80)])
def test_every_size_shows_what_fits(size: tuple[int, int], at_once: None) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD] * 4)
        await pilot.pause()
        await pilot.press("f8", "e", "x", "enter", "escape", "escape")
        pane.editor.outdated(THEIRS)
        await pilot.press("l")
        await pilot.app.workers.wait_for_complete()
        await pilot.pause()
        await pilot.press("escape", "m")
        await pilot.resize_terminal(40, 10)
        await pilot.resize_terminal(*size)
        assert pane.screen.size == Size(*size)

    run(story, size=size)


def test_twenty_by_five_has_text_problem_and_question() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.press("e", "x", "escape")
        await pilot.pause()
        assert pane.rows[0].startswith("1  x{")
        assert pane.rows[3].startswith("▲ 3:3 a [red]")
        assert pane.rows[4] == "s save  d discard  …"

    run(story, size=(20, 5))


def test_every_theme_draws_it_and_ansi_ones_in_the_terminals_colours() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.set_problems([UNKNOWN, ODD])
        await pilot.pause()
        before = pane.rows
        for theme in pane.available_themes:
            pane.theme = theme
            await pilot.pause()
            assert pane.rows == before  # no sign is a matter of colour
            styles = [
                pane.source.get_component_rich_style(name)
                for name in sorted(Source.COMPONENT_CLASSES)
                if name.startswith("source--")
            ]
            assert len(styles) == 7
            for style in styles:
                assert style.color is not None
                assert style.color != style.bgcolor or style.color.is_default
                if theme.startswith("ansi"):
                    assert style.color.triplet is None

    run(story)


def test_words_keep_their_colours_in_the_line_of_the_cursor() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        def colours() -> dict[str, object]:
            strip = pane.screen._compositor.render_strips()[1]
            return {s.text: s.style.color for s in strip if s.style and s.text.strip()}

        away = colours()
        await pilot.press("down", "end")
        await pilot.pause()
        near = colours()
        assert away['"version"'] == near['"version"'] != away['"0.1.0"'] == near['"0.1.0"']

    run(story)


@pytest.mark.parametrize(
    ("line", "kinds"),
    [
        (
            '"a": "b\\"c", -1.5e+3, true',
            ["key", "brace", "string", "brace", "number", "brace", "literal"],
        ),
        ('"never closed: 1', ["string"]),
        ('"a" : null}', ["key", "brace", "literal", "brace"]),
        ("truely nulls", []),
    ],
)
def test_words_are_told_apart(line: str, kinds: list[str]) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        styles = [str(span.style) for span in pane.source.get_line(0).spans]
        wanted = [str(pane.source.get_component_rich_style(f"source--{kind}")) for kind in kinds]
        assert styles == wanted

    run(story, text=line)


def test_it_can_be_filled_before_it_is_on_the_screen_and_beside_another() -> None:
    class Two(Pane):
        def compose(self) -> ComposeResult:
            self.editor.show(TEXT, [UNKNOWN])
            self.other = ConfigEditor()
            self.other.show("{}")
            with Horizontal():
                yield self.editor
                yield self.other
            yield Input()

    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        assert "{}" in pane.rows[0]
        assert "5✖" in pane.rows[4]
        await pilot.press("e", "x")
        assert await pane.next_change() == "x" + TEXT

    run(story, text=None, app=Two())


def test_any_two_states_of_the_file_can_follow_each_other() -> None:
    texts = ["", "{}", TEXT, "\ufeff" + TEXT.replace("\n", "\r\n"), "\r"]

    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        for one, two in product(texts, texts):
            pane.editor.show(one)
            pane.editor.show(two)
            assert pane.editor.text == two
            assert not pane.editor.dirty

    run(story)
