"""Help, palette, keymap, and every key of every pane.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.binding import Binding
from textual.dom import DOMNode
from textual.screen import Screen
from textual.widgets import Input, Static

from juturna_core.errors import JuturnaError
from juturna_tui.app import Workbench
from juturna_tui.screens import remotise
from juturna_tui.screens.attach import AttachScreen
from juturna_tui.screens.confirm import ConfirmScreen
from juturna_tui.screens.dialog import Dialog
from juturna_tui.screens.help import HelpScreen, sections
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.screens.remotise import RemotiseScreen
from juturna_tui.settings import Settings
from juturna_tui.widgets.config_editor import Bar, ConfigEditor
from juturna_tui.widgets.field import Field
from juturna_tui.widgets.log_view import LogView
from juturna_tui.widgets.node_detail import NodeDetail
from juturna_tui.widgets.node_table import NodeTable
from juturna_tui.widgets.pipeline_graph import PipelineGraph
from tests.tui.rig import Bench, choose_pass, edit, external, play, there


def bindings(*owners: type[DOMNode]) -> list[Binding]:
    """What they declare."""
    return [each for owner in owners for each in owner.__dict__["BINDINGS"]]


OWNERS: tuple[type[DOMNode], ...] = (
    *(Workbench, MonitorScreen, AttachScreen, Dialog, ConfirmScreen, HelpScreen, RemotiseScreen),
    *(PipelineGraph, NodeTable, NodeDetail, LogView, ConfigEditor, Bar, remotise.Report),
)
"""All that have keys."""


# --- help, palette, key bar, keymap ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "key, said",
    [
        ("1", "back along an edge"),
        ("2", "sort by next"),
        ("3", "this node only, or all"),
        ("5", "edit in $editor"),
        ("i", "copy all"),
    ],
)
def test_help_explains_the_part_that_has_the_focus(tmp_path: Path, key: str, said: str) -> None:
    async def story(bench: Bench) -> None:
        await bench.press(key, "question_mark")
        await bench.until(lambda: isinstance(bench.app.screen, HelpScreen))
        await bench.until(lambda: said in bench.words.lower(), said)
        await bench.press("question_mark")
        await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))

    play(story, tmp_path)


def test_the_palette_has_every_action(tmp_path: Path) -> None:
    """Those of the screen where the graph has the focus; elsewhere what has the focus may have taken a key."""
    panes = {"1": PipelineGraph, "2": NodeTable, "3": LogView, "5": ConfigEditor, "i": NodeDetail}

    async def story(bench: Bench) -> None:
        for key, owner in panes.items():
            await bench.press(key)
            screen = bench.app.screen
            known = {each.binding.id for each in screen.active_bindings.values() if each.enabled}
            wanted = {each.description for each in bindings(owner) if each.id in known}
            if owner is PipelineGraph:
                wanted |= {each.description for each in bindings(Workbench, MonitorScreen)}
            assert wanted <= {each.title for each in bench.app.get_system_commands(screen)}

    play(story, tmp_path)


def test_the_palette_has_every_action_of_the_other_panes(tmp_path: Path) -> None:
    panes = {"nodes": NodeTable, "log": LogView, "config": ConfigEditor, "detail": NodeDetail}

    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        titles = [each.title for each in bench.app.get_system_commands(bench.app.screen)]
        for pane, owner in panes.items():
            assert {f"{pane}: {each.description}" for each in bindings(owner)} <= {*titles}
        assert {"nodes: reverse order", "log: next match", "log: first line"} <= {*titles}
        assert len(titles) == len({*titles})
        await bench.press("2", "o", "1", "ctrl+p", *"reverse order")
        await bench.until_said("in the pane nodes")
        await bench.press("enter")
        await bench.until(lambda: bench.app.monitor.table._falling, "done there")

    play(story, tmp_path)


def test_ctrl_p_finds_an_action_by_its_name_and_does_it(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("ctrl+p", *"freeze")
        await bench.until_said("(key space)")
        await bench.press("down", "enter")
        await bench.until(lambda: bench.app.monitor.frozen)

    play(story, tmp_path)


def test_the_palette_does_what_keys_do_in_other_panes(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        titles = [each.title for each in bench.app.get_system_commands(bench.app.screen)]
        assert {"log: search", "events: search", "nodes: sort by next", "config: save"} <= {*titles}
        assert len(titles) == len({*titles}) and "graph: box size" not in titles
        await bench.press("ctrl+p", *"log: search")
        await bench.until_said("in the pane log")
        await bench.press("enter")
        await bench.until(lambda: bench.app.monitor.log_view._field.has_focus)

    play(story, tmp_path)


def test_the_keymap_of_the_settings_changes_keys_and_what_is_said_of_them(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        assert "f5 warp" in bench.rows[-1] and " w warp" not in bench.rows[-1]
        await bench.press("w")
        assert not bench.control.asked("probe")
        await bench.press("f5")
        await bench.until_told("1_pass is warped")
        await bench.press("f2")
        await bench.until(lambda: bench.app.monitor.table.has_focus)
        await bench.press("question_mark")
        await bench.until_said("f5 move the node", "f2 to the table of nodes")

    keymap = {"node.warp": "f5", "pane.nodes": "f2"}
    play(story, tmp_path, prepare=there, settings=Settings(keymap=keymap))


def test_the_key_bar_has_help_palette_and_quit_at_every_width(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        for width in (200, 120, 80, 40):
            await bench.pilot.resize_terminal(width, 24)
            await bench.until(lambda: bench.app.size.width == width)  # noqa: B023
            last = ("? help", "^p palette", "q quit")
            await bench.until(lambda: all(each in bench.rows[-1] for each in last))  # noqa: B023

    play(story, tmp_path)


@pytest.mark.parametrize("label", ["z box size", "w warp", "? help"])
def test_a_click_on_a_key_of_the_bar_is_the_same_as_the_key(tmp_path: Path, label: str) -> None:
    """Whoever has it: what has the focus, the screen, the app."""

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.pilot.click(offset=(bench.rows[-1].index(label) + 1, len(bench.rows) - 1))
        done = {
            "z box size": lambda: bench.app.monitor.graph.mode == "line",
            "w warp": lambda: bench.control.asked("probe"),
            "? help": lambda: isinstance(bench.app.screen, HelpScreen),
        }
        await bench.until(done[label], label)

    play(story, tmp_path, prepare=there)


def test_ids_of_bindings_are_unique_and_all_of_them_are_described() -> None:
    """Dialogs have some of the app's again, which keep their ids: who changes such a key changes both."""
    found = bindings(*OWNERS)
    again = [each for each in bindings(Dialog) if each.id and each.id.startswith("app.")]
    assert {each.id for each in again} <= {each.id for each in bindings(Workbench)}
    ids = [each.id for each in found if each not in again]
    assert all(ids), "each can be given another key"
    assert len(ids) == len(set(ids))
    assert [each.id for each in found if not each.description.strip()] == []


def test_every_class_with_bindings_is_looked_at() -> None:
    def below(owner: type[Any]) -> Iterator[type[Any]]:
        for each in owner.__subclasses__():
            yield each
            yield from below(each)

    ours = {
        each
        for each in below(DOMNode)
        if each.__module__.startswith("juturna_tui") and each.__dict__.get("BINDINGS")
    }
    assert ours == set(OWNERS)


@pytest.mark.parametrize("binding", bindings(Workbench, MonitorScreen), ids=lambda each: each.id)
def test_every_key_of_the_screen_can_be_another_one(binding: Binding) -> None:
    """Without a screen: Textual takes keys of a keymap by id, for whoever declares them."""
    app = Workbench(settings=Settings(keymap={binding.id or "": "f12"}))
    app.set_keymap(app.settings.keymap)
    owner: DOMNode = app if binding in bindings(Workbench) else app.monitor
    mapped = owner._bindings.copy()
    mapped.apply_keymap(app._keymap)
    assert {each.id for each in mapped.key_to_bindings["f12"]} == {binding.id}


def test_capital_e_opens_the_file_in_the_editor_of_the_user_from_every_pane(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    external(monkeypatch, tmp_path, 'printf "#" >> "$2"')

    async def story(bench: Bench) -> None:
        for count, key in enumerate("12345i", 1):
            await bench.press(key)
            await bench.press("E")
            await bench.until(lambda: bench.control.written.endswith("#" * count), key)  # noqa: B023
            assert bench.app.monitor.editor.has_focus_within

    play(story, tmp_path)


def test_capital_e_shows_why_there_is_no_file_to_edit(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.app.monitor.no_file()
        await bench.press("E")
        await bench.until_said("the file is not on this machine")

    play(story, tmp_path)


def test_capital_e_leaves_alone_what_is_not_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    external(monkeypatch, tmp_path, 'printf "#" >> "$2"')

    async def story(bench: Bench) -> None:
        await edit(bench)
        bench.app.monitor.action_pane("graph")
        await bench.press("E")
        await bench.until(lambda: bench.app.monitor.editor.has_focus_within)
        await bench.until_said("editing · not saved")
        assert "#" not in bench.control.written

    play(story, tmp_path)


def test_tab_is_explained_and_can_be_another_key(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        await bench.press("f6")
        await bench.until(lambda: bench.app.monitor.detail.has_focus)
        await bench.press("tab", "f7")
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        await bench.press("question_mark")
        await bench.until_said("f6 to the next pane", "f7 to the pane before")

    keymap = {"pane.next": "f6", "pane.previous": "f7"}
    play(story, tmp_path, settings=Settings(keymap=keymap))


def test_who_only_reads_the_file_is_told_of_no_key_that_would_change_it(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        def keys() -> set[str]:
            return {what for _, what in sections(bench.app.screen)[0].keys}

        changes = {"Delete character left", "Delete line", "Cut", "Paste", "Undo", "Redo"}
        await bench.press("5")
        assert "Copy" in keys() and not keys() & changes
        await bench.press("e")
        assert keys() > changes

    play(story, tmp_path)


# --- dialogs ---------------------------------------------------------------------------------------------------------

DIALOGS: dict[str, tuple[list[str], type[Screen[Any]]]] = {
    "field": (["r"], RemotiseScreen),
    "report": (["r", "tab", "tab", "tab"], RemotiseScreen),
    "question": (["x"], ConfirmScreen),
    "address": (["a", "a"], AttachScreen),
    "attach": (["a"], AttachScreen),
}
"""How each is opened, and what is to have the focus then."""


async def open_dialog(bench: Bench, name: str) -> None:
    keys, dialog = DIALOGS[name]
    await choose_pass(bench)
    await bench.press(*keys)
    await bench.until(lambda: isinstance(bench.app.screen, dialog), name)
    where = {"field": Field, "address": Field, "report": remotise.Report}.get(name)
    await bench.until(lambda: where is None or isinstance(bench.app.focused, where), name)


@pytest.mark.parametrize("name", DIALOGS)
def test_help_explains_a_dialog_and_goes_back_to_it(tmp_path: Path, name: str) -> None:
    async def story(bench: Bench) -> None:
        await open_dialog(bench, name)
        for key in ("f1",) if name in ("field", "address") else ("f1", "question_mark"):
            await bench.press(key)
            await bench.until(lambda: isinstance(bench.app.screen, HelpScreen), key)
            await bench.until_said("find anything by its name")
            await bench.press(key)
            await bench.until(lambda: isinstance(bench.app.screen, DIALOGS[name][1]), key)

    play(story, tmp_path, prepare=there)


@pytest.mark.parametrize("name", [*DIALOGS, "help"])
def test_the_palette_opens_over_a_dialog(tmp_path: Path, name: str) -> None:
    async def story(bench: Bench) -> None:
        if name == "help":
            await bench.press("question_mark")
        else:
            await open_dialog(bench, name)
        await bench.press("ctrl+p", *"theme")
        await bench.until_said("choose the colours")

    play(story, tmp_path, prepare=there)


@pytest.mark.parametrize(
    "name, key",
    [
        *((name, "ctrl+q") for name in [*DIALOGS, "help"]),
        *((name, key) for name in ("report", "question", "attach") for key in ("q", "ctrl+c")),
        ("help", "ctrl+c"),
    ],
)
def test_one_leaves_from_a_dialog(tmp_path: Path, name: str, key: str) -> None:
    async def story(bench: Bench) -> None:
        if name == "help":
            await bench.press("question_mark")
        else:
            await open_dialog(bench, name)
        await bench.press(key)
        await bench.until(lambda: bench.app._exit)

    play(story, tmp_path, prepare=there)


def test_what_is_not_saved_is_asked_about_where_one_can_answer(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await edit(bench)
        bench.app.monitor.action_pane("graph")
        await bench.press("question_mark")
        await bench.until(lambda: isinstance(bench.app.screen, HelpScreen))
        await bench.press("ctrl+q")
        await bench.until_said("not saved: s save")
        assert bench.app.screen is bench.app.monitor
        await bench.press("d")
        await bench.until(lambda: not bench.app.monitor.editor.editing)

    play(story, tmp_path)


@pytest.mark.parametrize("name", ["field", "address"])
def test_in_a_field_letters_and_signs_are_text_and_ctrl_c_copies(tmp_path: Path, name: str) -> None:
    async def story(bench: Bench) -> None:
        await open_dialog(bench, name)
        field = bench.app.focused
        assert isinstance(field, Field)
        await bench.press("ctrl+u", "q", "question_mark", "ctrl+c", "f7", "ctrl+shift+a", "ctrl+c")
        assert field.value == "q?" and bench.app.focused is field and not bench.app._exit
        assert bench.app.clipboard == "q?"

    play(story, tmp_path, prepare=there)


def test_what_is_marked_in_a_dialog_is_copied(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await open_dialog(bench, "question")
        bench.app.screen.query_one(Static).text_select_all()
        await bench.press("ctrl+c")
        await bench.until(lambda: "pipeline" in bench.app.clipboard, "copied")
        assert isinstance(bench.app.screen, ConfirmScreen) and not bench.app._exit

    play(story, tmp_path)


def test_the_keymap_changes_keys_in_dialogs_too(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await open_dialog(bench, "report")
        await bench.until(lambda: "f5 help" in bench.rows[-1])
        await bench.press("f1", "question_mark", "f5")
        await bench.until(lambda: isinstance(bench.app.screen, HelpScreen))

    play(story, tmp_path, prepare=there, settings=Settings(keymap={"app.help": "f5"}))


@pytest.mark.parametrize(
    "name, said",
    [
        ("field", "⏎ write and switch  ^y copy command  ^s start it here  esc cancel  f1 help"),
        ("report", "y copy command  s start it here  ⏎ write and switch  esc cancel  ? help"),
    ],
)
def test_the_keys_of_a_place_stand_below_it(tmp_path: Path, name: str, said: str) -> None:
    async def story(bench: Bench) -> None:
        await open_dialog(bench, name)
        await bench.until(lambda: bench.rows[-1].strip() == said)
        await bench.pilot.click(offset=(bench.rows[-1].index("copy command"), 23))
        await bench.until(lambda: bench.app.clipboard.startswith("juturna remotize"))

    play(story, tmp_path, prepare=there, size=(80, 24))


# --- the keys of the panes -------------------------------------------------------------------------------------------


def scrolled(bench: Bench) -> Any:
    return bench.app.monitor.detail.scroll_offset.y


EFFECTS: dict[type[DOMNode], dict[str, tuple[str, Callable[[Bench], Any], Any]]] = {
    PipelineGraph: {
        "graph.right": ("right", lambda b: b.app.monitor.selected, "1_pass"),
        "graph.left": ("left", lambda b: b.app.monitor.selected, "0_stream"),
        "graph.last": ("G", lambda b: b.app.monitor.selected, "2_notifier"),
        "graph.first": ("g", lambda b: b.app.monitor.selected, "0_stream"),
        "graph.down": ("j", lambda b: b.app.monitor.graph.has_focus, True),
        "graph.up": ("k", lambda b: b.app.monitor.graph.has_focus, True),
        "graph.size": ("z", lambda b: b.app.monitor.graph.mode, "line"),
        "graph.map": ("M", lambda b: b.app.monitor.graph.mapped, False),
        "graph.open": ("enter", lambda b: b.app.monitor.detail.has_focus, True),
    },
    NodeTable: {
        "table.down": ("j", lambda b: b.app.monitor.selected, "1_pass"),
        "table.up": ("k", lambda b: b.app.monitor.selected, "0_stream"),
        "table.end": ("G", lambda b: b.app.monitor.selected, "2_notifier"),
        "table.home": ("g", lambda b: b.app.monitor.selected, "0_stream"),
        "table.pagedown": ("pagedown", lambda b: b.app.monitor.selected, "2_notifier"),
        "table.pageup": ("pageup", lambda b: b.app.monitor.selected, "0_stream"),
        "table.sort": ("o", lambda b: "▾" in b.text or "▴" in b.text, True),
        "table.reverse": ("O", lambda b: "▴" in b.text or "▾" in b.text, True),
        "table.filter": ("slash", lambda b: isinstance(b.app.focused, Input), True),
        "table.clear": ("escape", lambda b: b.app.monitor.table.has_focus, True),
        "table.open": ("enter", lambda b: b.app.monitor.detail.has_focus, True),
    },
    NodeDetail: {
        "detail.down": ("j", scrolled, 1),
        "detail.up": ("k", scrolled, 0),
        "detail.pagedown": ("pagedown", lambda b: scrolled(b) > 1, True),
        "detail.pageup": ("pageup", scrolled, 0),
        "detail.end": ("G", lambda b: scrolled(b) == b.app.monitor.detail.max_scroll_y, True),
        "detail.home": ("g", scrolled, 0),
        "detail.messages": ("m", lambda b: b.app.monitor.wants_messages, True),
        "detail.copy": ("y", lambda b: "Traffic" in b.app.clipboard, True),
    },
    LogView: {
        "log.up": ("k", lambda b: b.app.monitor.log_view.following, False),
        "log.end": ("end", lambda b: b.app.monitor.log_view.following, True),
        "log.home": ("home", lambda b: b.app.monitor.log_view._cursor, 0),
        "log.down": ("j", lambda b: b.app.monitor.log_view._cursor, 1),
        "log.pagedown": ("pagedown", lambda b: b.app.monitor.log_view._cursor > 1, True),
        "log.pageup": ("pageup", lambda b: b.app.monitor.log_view._cursor <= 1, True),
        "log.right": ("right", lambda b: b.app.monitor.log_view.scroll_offset.x > 0, True),
        "log.left": ("left", lambda b: b.app.monitor.log_view.scroll_offset.x, 0),
        "log.copy": ("y", lambda b: "line " in b.app.clipboard, True),
        "log.level": ("L", lambda b: b.app.monitor.log_view.level, "INFO"),
        "log.search": ("slash", lambda b: isinstance(b.app.focused, Input), True),
        "log.close": ("escape", lambda b: b.app.monitor.log_view.has_focus, True),
        "log.next": ("n", lambda b: b.app.monitor.log_view.has_focus, True),
        "log.previous": ("N", lambda b: b.app.monitor.log_view.has_focus, True),
        "log.node": ("f", lambda b: b.app.monitor.log_view.node, "1_pass"),
        "log.clear": ("c", lambda b: b.logged, []),
    },
    ConfigEditor: {
        "config.problem.next": (
            "f8",
            lambda b: b.app.monitor.editor._source.cursor_location,
            (1, 0),
        ),
        "config.problem.previous": (
            *("shift+f8", lambda b: b.app.monitor.editor._source.cursor_location),
            (2, 0),
        ),
        "config.end": (
            "ctrl+end",
            lambda b: b.app.monitor.editor._source.cursor_at_end_of_text,
            True,
        ),
        "config.begin": (
            *("ctrl+home", lambda b: b.app.monitor.editor._source.cursor_location),
            (0, 0),
        ),
        "config.copy": ("y", lambda b: b.app.clipboard == b.app.monitor.editor.text, True),
        "config.external": ("E", lambda b: b.control.written.endswith("#\n"), True),
        "config.edit": ("e", lambda b: b.app.monitor.editor.editing, True),
        "config.save": ("ctrl+s", lambda b: b.app.monitor.editor.dirty, False),
        "config.leave": ("escape", lambda b: b.app.monitor.editor.editing, False),
    },
}
"""What a key of a pane does, in an order in which each can be seen."""


@pytest.mark.parametrize(
    "owner, pane",
    [
        (PipelineGraph, "1"),
        (NodeTable, "2"),
        (LogView, "3"),
        (ConfigEditor, "5"),
        (NodeDetail, "i"),
    ],
    ids=lambda each: each if isinstance(each, str) else each.__name__,
)
def test_every_key_of_a_pane_does_what_it_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, owner: type[DOMNode], pane: str
) -> None:
    effects = EFFECTS[owner]
    assert effects.keys() == {each.id for each in bindings(owner)}, "all of them are tried"
    external(monkeypatch, tmp_path, 'echo "#" >> "$2"')
    monkeypatch.setattr(ConfigEditor, "QUIET", 0.0)

    async def story(bench: Bench) -> None:
        for number in range(40):
            bench.control.log(f"line {number} " + "x" * 300, node="1_pass")
        await bench.until(lambda: len(bench.logged) >= 40)
        bench.app.monitor.editor.set_problems(
            [replace(_problem, line=2), replace(_problem, line=3)]
        )
        await bench.press(pane)
        await bench.until(lambda: bench.app.focused is not None and bool(bench.app.focused.size))
        for key, state, wanted in effects.values():
            await bench.press(key)
            await bench.until(lambda: state(bench) == wanted, f"{key}: {wanted!r}")  # noqa: B023

    # low, so that there is something to scroll
    play(story, tmp_path, size=(120, 30))


_problem = JuturnaError("something is wrong", path="pipe.json", line=1, column=1).problem
