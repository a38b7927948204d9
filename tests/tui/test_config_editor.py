"""The editor of the pipeline file: reading, editing, saving, leaving; typing; how it looks."""

import time
from itertools import product

import pytest
from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.geometry import Size
from textual.pilot import Pilot
from textual.widgets import Input

from juturna_tui.widgets.config_editor import Bar, ConfigEditor, Source
from tests.tui.editor import ODD, TEXT, THEIRS, UNKNOWN, Pane, run


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


def test_x_runs_it_only_while_one_reads() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.editor.runs = False
        await pilot.pause()
        assert pane.said_below() == "saved · x runs it"
        await pilot.press("e")
        assert pane.said_below() == "editing · saved · esc, then x runs it"
        await pilot.press("escape")
        assert pane.said_below() == "saved · x runs it"

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
        await pilot.press("e")
        pane.source.insert("a")
        pane.source.action_delete_left()
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
        await pilot.press("escape")  # the app's, then
        await pilot.pause()
        assert not pane.editor.editing

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
        assert not pane.editor.editing
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
        assert not pane.editor.editing

    run(story)


def test_y_copies_what_is_marked_or_the_file_and_is_a_letter_while_one_edits() -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("y")
        assert pane.clipboard == TEXT
        await pilot.press("shift+right", "y")
        assert pane.clipboard == "{"
        await pilot.press("left", "e", "y")
        assert pane.clipboard == "{" and pane.editor.text == "y" + TEXT

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


# --- typing --------------------------------------------------------------------------------------------------------


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


# --- the screen ----------------------------------------------------------------------------------------------------


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


def test_the_cursor_is_seen_without_colours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        await pilot.press("e", "down", "right")
        await pilot.pause()
        strip = pane.screen._compositor.render_strips()[1]
        assert [each.text for each in strip if each.style and each.style.reverse] == [" "]

    run(story)
