"""Keys that come faster than what they do, and 20 000 at random.

The whole workbench on a pipeline in memory; the editor and a line to type in alone.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest
from textual import events
from textual.app import App, ComposeResult
from textual.pilot import Pilot

from juturna_tui.app import Workbench
from juturna_tui.keyboard import Keyboard
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.screens.remotise import RemotiseScreen
from juturna_tui.widgets.field import Field
from juturna_tui.widgets.pipeline_graph import PipelineGraph
from tests.tui import editor
from tests.tui.editor import Pane
from tests.tui.rig import PATIENCE, Bench, Started, choose_pass, external, play, serves, there


def burst(app: App[Any], keys: Iterable[str]) -> None:
    """Press keys as one who types ahead: nothing waits until one of them has done what it does."""
    driver = app._driver
    assert driver is not None
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else None)
        event.set_sender(app)
        driver.send_message(event)


@pytest.mark.parametrize(
    "keys, key",
    [
        (["x"], "s"),
        (["x"], "escape"),
        (["question_mark"], "escape"),
        (["right", "r"], "enter"),
    ],
)
def test_a_key_that_closes_a_dialog_may_come_twice(
    tmp_path: Path, keys: list[str], key: str
) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        await bench.press(*keys)
        await bench.until(lambda: not isinstance(bench.app.screen, MonitorScreen))
        burst(bench.app, [key, key])
        await bench.pilot.pause()
        await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))
        await bench.until_said("1_pass")

    play(story, tmp_path, prepare=there)


def test_arrows_in_a_hurry_come_to_rest_where_they_lead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []
    heard = MonitorScreen.on_pipeline_graph_selected

    def hear(self: MonitorScreen, message: PipelineGraph.Selected) -> None:
        seen.append(message.name)
        heard(self, message)

    monkeypatch.setattr(MonitorScreen, "on_pipeline_graph_selected", hear)

    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        seen.clear()
        burst(bench.app, ["right", "right"])
        await bench.until(lambda: "2_notifier" in seen)
        for _ in range(20):
            await bench.pilot._wait_for_screen()
        assert bench.app.monitor.selected == "2_notifier"
        assert len(seen) < 10, "it is at rest"

    play(story, tmp_path)


def test_keys_that_are_on_their_way_when_it_ends_are_for_nobody(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        stack = bench.app._screen_stack
        screens = stack.copy()
        stack.clear()
        for event in (events.Key("j", "j"), events.Paste("text")):
            await bench.app.on_event(event)
        stack += screens

    play(story, tmp_path)


@pytest.mark.parametrize(
    "keys, typed",
    [
        (["2", "slash", *"rst"], lambda app: app.monitor.table._input.value),
        (["3", "slash", *"queue"], lambda app: app.monitor.log_view._field.value),
        (["1", "5", "e", *"xad"], lambda app: app.monitor.editor.text[:3]),
        (["e", *"xad"], lambda app: app.monitor.editor.text[:3]),
        (["a", "a", *"host"], lambda app: app.screen.query_one(Field).value),
    ],
    ids=["table", "log", "config", "edit", "attach"],
)
def test_letters_behind_a_key_that_opens_a_field_are_typed_there_and_are_no_keys(
    tmp_path: Path, keys: list[str], typed: Callable[[Workbench], str]
) -> None:
    async def story(bench: Bench) -> None:
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        burst(bench.app, keys)
        text = "".join(keys[-4:] if keys[0] == "a" else keys[-3:])
        await bench.until(lambda: typed(bench.app).endswith(text), f"typed: {text}")
        assert not bench.toasts and bench.control.state == "running"

    play(story, tmp_path)


# --- typing ----------------------------------------------------------------------------------------------------------

TYPED = (
    *'aab1 "{[,',
    *("left", "left", "right", "home", "end", "backspace", "backspace", "delete", "enter", "enter"),
    *("shift+left", "shift+right", "ctrl+left", "ctrl+right", "up", "down", "tab", "f6", "f7"),
    *("ctrl+home", "ctrl+end", "ctrl+w", "ctrl+u", "ctrl+k", "ctrl+x", "ctrl+c", "ctrl+v"),
    *("ctrl+z", "ctrl+z", "ctrl+y", "ctrl+s"),
)
BEGIN = '{\n  "nodes": [\n    1\n  ]\n}\n'


async def both_ways(
    app: App[Any],
    pilot: Pilot[None],
    keys: list[str],
    begin: Callable[[], None],
    state: Callable[[], Any],
) -> None:
    """What comes of `keys` when each has done what it does before the next is pressed comes of a burst too."""
    found = []
    for pressed in ([[key] for key in keys], [keys]):
        begin()
        app._clipboard = ""
        await pilot.pause()
        for together in pressed:
            burst(app, together)
            await pilot._wait_for_screen(PATIENCE)
            await pilot.pause()
        found.append(state())
    assert found[0] == found[1], keys


@pytest.mark.parametrize(
    "keys",
    [
        [*"abc", "backspace", "backspace", "2"],
        [*"123", "left", "left", "9"],
        ["a", "ctrl+end", "b", "ctrl+home", "enter", "c"],
        ["a", "escape", "d"],
        ["a", "escape", "s"],
        ["escape", "x", "e", "y"],
    ],
    ids="-".join,
)
def test_what_is_typed_ahead_into_the_file_is_what_was_meant(keys: list[str]) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        def begin() -> None:
            pane.editor.editing = False
            pane.source.load_text(BEGIN)
            pane.editor.saved(BEGIN)
            pane.editor.action_edit()

        def state() -> Any:
            return pane.editor.text, pane.source.selection, pane.editor.editing, pane.saves[-1:]

        await both_ways(pane, pilot, keys, begin, state)

    editor.run(story, text=BEGIN)


@pytest.mark.parametrize("seed", range(3))
def test_any_keys_in_a_burst_make_the_same_of_the_file(seed: int) -> None:
    async def story(pane: Pane, pilot: Pilot[None]) -> None:
        pane.source.history.checkpoint_timer = 1e9  # what undo takes back is no matter of time
        pane.editor.action_edit()
        chance = random.Random(seed)

        def state() -> Any:
            return pane.editor.text, pane.source.selection

        for _ in range(15):
            keys = chance.choices(TYPED, k=20)
            await both_ways(pane, pilot, keys, lambda: pane.source.load_text(BEGIN), state)

    editor.run(story, text=BEGIN)


class Line(Keyboard):
    """A line to type in, and another one."""

    def compose(self) -> ComposeResult:
        yield Field("begin", id="first")
        yield Field("begin", id="second")


@pytest.mark.parametrize("seed", range(3))
def test_any_keys_in_a_burst_make_the_same_of_lines(seed: int) -> None:
    """Tab goes to the other one, and what is typed after it too."""

    async def main() -> None:
        app = Line()
        async with app.run_test() as pilot:
            fields = list(app.query(Field))
            chance = random.Random(seed)

            def begin() -> None:
                for field in fields:
                    field.value = "begin"
                app.screen.set_focus(None)
                app.screen.set_focus(fields[0])

            def state() -> Any:
                return [(field.value, field.selection, field.has_focus) for field in fields]

            for _ in range(15):
                await both_ways(app, pilot, chance.choices(TYPED, k=20), begin, state)

    asyncio.run(main())


def test_a_place_is_typed_ahead_and_written(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.control.places["far", 4502] = serves("1_pass")
        await choose_pass(bench)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        typed = ["ctrl+u", *"far", "tab", "ctrl+u", *"4500", "backspace", "2", "tab", "ctrl+u", "9"]
        burst(bench.app, [*typed, "enter"])
        await bench.until(lambda: '"grpc_host": "far"' in bench.control.written)
        assert '"grpc_port": 4502' in bench.control.written
        assert '"timeout": 9' in bench.control.written
        assert bench.app.screen is bench.app.monitor

    play(story, tmp_path, prepare=there)


# --- at random -------------------------------------------------------------------------------------------------------

KEYS = (
    *'abcefghijklmnoprstuvwxyzEGLMNO12345+-=/?!"{}[]:, ',
    *("up", "down", "left", "right", "home", "end", "pageup", "pagedown", "tab", "shift+tab"),
    *("enter", "enter", "escape", "escape", "escape", "backspace", "delete", "space", "f8"),
    *("ctrl+s", "ctrl+z", "ctrl+y", "ctrl+a", "ctrl+x", "ctrl+v", "shift+f8"),
)


@pytest.mark.parametrize("seed", range(4))
def test_no_sequence_of_keys_breaks_it(
    tmp_path: Path,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[Started],
    seed: int,
) -> None:
    """5000 keys each, without those that end it or show something else, and Textual's palette."""
    external(monkeypatch, tmp_path, 'echo >> "$2"')
    for action in ("quit", "detach", "picture", "attach"):

        async def nothing(self: Workbench) -> None:
            pass

        monkeypatch.setattr(Workbench, f"action_{action}", nothing)

    async def story(bench: Bench) -> None:
        chance = random.Random(seed)
        for _ in range(2500):
            burst(bench.app, chance.choices(KEYS, k=2))
            bench.control.advance(0.004)
            await bench.pilot._wait_for_screen(PATIENCE)
            assert bench.app._exception is None and not bench.app._exit

        def calm() -> bool:
            if bench.app.screen is not bench.app.monitor:
                bench.app.pop_screen()
                return False
            bench.app.monitor.action_pane("graph")
            return bench.app.monitor.graph.has_focus

        await bench.until(calm, "it is alive")

    size = (80, 24) if seed % 2 else (120, 40)
    play(story, tmp_path, size=size, prepare=there, notifications=False)
