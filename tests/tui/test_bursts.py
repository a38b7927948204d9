"""Keys that come faster than what they do, and 20 000 at random.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from pathlib import Path

import pytest
from textual import events

from juturna_tui.app import Workbench
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.widgets.pipeline_graph import PipelineGraph
from tests.tui.rig import PATIENCE, Bench, Started, external, play, there


def burst(bench: Bench, keys: Iterable[str]) -> None:
    """Press keys as one who types ahead: nothing waits until one of them has done what it does."""
    driver = bench.app._driver
    assert driver is not None
    for key in keys:
        event = events.Key(key, key if len(key) == 1 else None)
        event.set_sender(bench.app)
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
        burst(bench, [key, key])
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
        burst(bench, ["right", "right"])
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
            burst(bench, chance.choices(KEYS, k=2))
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
