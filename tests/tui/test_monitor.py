"""The main screen: panes, freezing, messages, pictures, and what a reload shows.

The whole workbench on a pipeline in memory.
"""

from __future__ import annotations

import json
import threading
import time
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from juturna_core.control.api import Passed
from juturna_core.events import Event
from juturna_tui import app as app_module
from juturna_tui import settings
from juturna_tui.messages import EventsCame
from juturna_tui.widgets.pipeline_graph import PipelineGraph
from tests.tui.rig import PATIENCE, THREE, Bench, choose_pass, is_warped, play, pose, there

# --- the screen ------------------------------------------------------------------------------------------------------


def test_space_freezes_the_picture_and_data_flows_on(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        monitor = bench.app.monitor
        await bench.press("space")
        await bench.until_said("frozen: space goes on")
        still, looks = monitor.frame, len(bench.control.asked("stats"))
        bench.control.advance(100)
        await bench.until(lambda: len(bench.control.asked("stats")) > looks + 2)
        assert monitor.frame is still
        await bench.press("space")
        await bench.until(lambda: monitor.frame.numbers.seconds == 102, "it goes on")
        assert "frozen" not in bench.words

    play(story, tmp_path)


def test_keys_know_how_things_are_while_the_picture_is_frozen(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("space", "s")
        await bench.until_asked("suspend")
        looks = len(bench.control.asked("stats"))
        await bench.until(lambda: len(bench.control.asked("stats")) > looks + 2)
        await bench.press("s")
        await bench.until(
            lambda: len(bench.control.asked("suspend") + bench.control.asked("resume")) > 1
        )
        assert bench.control.asked("resume")

    play(story, tmp_path)


def test_no_messages_are_asked_for_while_the_picture_is_frozen(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("i", "m")
        await bench.until(lambda: len(bench.control.asked("peek")) > 1, "they are asked for")
        await bench.press("space")
        await bench.until_said("frozen")
        await bench.until(lambda: bench.app.steering._peeking is None, "the last answer has come")
        looks, peeks = len(bench.control.asked("stats")), len(bench.control.asked("peek"))
        await bench.until(lambda: len(bench.control.asked("stats")) > looks + 2)
        assert len(bench.control.asked("peek")) == peeks
        await bench.press("space")
        await bench.until(lambda: len(bench.control.asked("peek")) > peeks, "it goes on")

    play(story, tmp_path)


PANES = {"1": "graph", "2": "nodes", "3": "log", "4": "events", "5": "config", "i": "detail"}


def test_digits_go_to_the_panes(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        for key, pane in [*PANES.items(), *reversed(PANES.items())]:
            await bench.press("1", key)
            widget = bench.app.monitor.query_one(f"#{pane}")
            await bench.until(lambda: widget.display and widget.has_focus_within, pane)  # noqa: B023

    play(story, tmp_path)


def test_tab_goes_round_the_panes_and_shift_tab_back(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        seen = []
        for key in ("tab", "tab", "tab", "shift+tab", "shift+tab", "shift+tab"):
            await bench.press(key)
            seen.append(bench.app.focused and bench.app.focused.id)
        assert seen == ["detail", "nodes", "graph", "nodes", "detail", "graph"]

    play(story, tmp_path)


@pytest.mark.parametrize("key", ["1", "2", "3", "4", "i"])
def test_v_enlarges_the_pane_and_takes_it_back(tmp_path: Path, key: str) -> None:
    async def story(bench: Bench) -> None:
        pane = bench.app.monitor.query_one(f"#{PANES[key]}")
        await bench.press(key)
        await bench.until(lambda: pane.size.width, "it is laid out")
        before = pane.size
        await bench.press("v")
        await bench.until(lambda: bench.app.monitor.maximized is not None and pane.size != before)
        assert pane.size.width >= 118 and pane.size.height >= 30
        await bench.press("v")
        await bench.until(lambda: pane.size == before)

    play(story, tmp_path)


@pytest.mark.parametrize("keys", [["right", "enter"], ["2", "down", "enter"], ["right", "i"]])
def test_on_a_narrow_screen_the_detail_opens_alone_and_closes(
    tmp_path: Path, keys: list[str]
) -> None:
    async def story(bench: Bench) -> None:
        monitor = bench.app.monitor
        await bench.press(*keys)
        await bench.until(lambda: monitor.maximized is monitor.detail)
        await bench.until_said("1_pass", "Latency", "Traffic")
        await bench.press("1")
        await bench.until(lambda: monitor.maximized is None and monitor.graph.has_focus)

    play(story, tmp_path, size=(80, 24))


@pytest.mark.parametrize("back", ["escape", "v"])
@pytest.mark.parametrize(
    "keys", [["i"], ["m"], ["y"], ["enter"], ["2", "enter"], ["3", "i"]], ids="-".join
)
def test_on_a_narrow_screen_the_graph_has_its_width_again_when_the_detail_closes(
    tmp_path: Path, keys: list[str], back: str
) -> None:
    async def story(bench: Bench) -> None:
        monitor = bench.app.monitor
        await bench.until(lambda: monitor.graph.has_focus and monitor.graph.size.width == 80)
        for _ in range(2):
            await bench.press(*keys)
            await bench.until(lambda: monitor.maximized is monitor.detail)
            await bench.until(lambda: monitor.detail.size.height > 15, "it has the screen")
            await bench.press(back)
            await bench.until(lambda: monitor.maximized is None)
            await bench.until(lambda: monitor.graph.size.width == 80, "as it was")
            assert not monitor.detail.display
            opened_from = monitor.panes[PANES[keys[0]] if len(keys) > 1 else "graph"]
            await bench.until(lambda: opened_from.has_focus, "where it was opened")  # noqa: B023

    play(story, tmp_path, size=(80, 24))


def test_a_detail_that_was_opened_alone_finds_its_place_when_the_screen_gets_wider(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        monitor = bench.app.monitor
        await bench.press("i")
        await bench.until(lambda: monitor.maximized is monitor.detail)
        await bench.pilot.resize_terminal(120, 40)
        await bench.until(lambda: not monitor.has_class("-narrow"))
        await bench.press("escape")
        await bench.until(lambda: monitor.detail.size.width == 37 and monitor.graph.size.width > 70)
        assert monitor.detail.has_focus
        await bench.pilot.resize_terminal(80, 24)
        await bench.until(lambda: monitor.graph.size.width > 75 and not monitor.detail.display)

    play(story, tmp_path, size=(80, 24))


def test_m_shows_the_last_messages_and_hides_them(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("i", "m")
        assert (await bench.until_asked("peek"))["node"] == "1_pass"
        bench.control.advance(0.3)
        await bench.until(lambda: bench.app.monitor._passed, "they come")
        await bench.until_said("BytesPayload", "4 bytes")  # though they stand far below
        await bench.press("m")
        await bench.until(lambda: "BytesPayload" not in bench.text)

    play(story, tmp_path)


def came(text: str) -> tuple[Passed, ...]:
    """One message, as a look at a node finds it."""
    return (Passed("1_pass", 1, 1, "", 0.0, "BytesPayload", 4, text, {}),)


def test_messages_that_come_while_the_picture_is_frozen_do_not_change_it(here: Path) -> None:
    async def story(bench: Bench) -> None:
        monitor = bench.app.monitor
        bench.control.peek = lambda node, count=10: came("first")  # type: ignore[method-assign]
        await choose_pass(bench)
        await bench.press("i", "m")
        await bench.until_said("first")
        await bench.press("space")
        monitor.passed("1_pass", came("second"))
        await bench.pilot.resize_terminal(121, 41)  # drawn anew, as it was
        await bench.until_said("frozen", "first")
        assert "second" not in bench.text
        await bench.press("space")
        await bench.until(lambda: "frozen" not in bench.words)
        monitor.passed("1_pass", came("third"))
        await bench.until_said("third")

    pose(story, THREE, (120, 40))


def test_messages_that_one_asks_for_while_the_picture_is_frozen_are_shown(here: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.control.peek = lambda node, count=10: came(f"of {node}")  # type: ignore[method-assign]
        await choose_pass(bench)
        await bench.press("space", "i", "m")
        await bench.until_said("of 1_pass")
        bench.app.monitor.passed("1_pass", came("a later one"))
        await bench.press("1", "left")
        await bench.until_said("of 0_stream")
        await bench.press("space")
        await bench.until(lambda: "frozen" not in bench.words)
        assert "a later one" not in bench.text and "of 0_stream" in bench.text

    pose(story, THREE, (120, 40))


def test_messages_of_a_node_that_is_chosen_while_those_of_another_come_are_asked_for_then(
    here: Path,
) -> None:
    """Also while the picture is frozen, and no frame asks for them."""
    go = threading.Event()

    def peek(node: str, count: int = 10) -> tuple[Passed, ...]:
        if node == "0_stream":
            go.wait(PATIENCE)
        return came(f"of {node}")

    async def story(bench: Bench) -> None:
        bench.control.peek = peek  # type: ignore[method-assign]
        await bench.until(lambda: bench.app.monitor.graph.has_focus)
        await bench.press("space", "i", "m")
        await bench.until(lambda: bench.app.steering._peeking, "it is asked")
        await bench.press("1", "right")
        await bench.until(lambda: bench.app.monitor.selected == "1_pass")
        go.set()
        await bench.until_said("of 1_pass")

    pose(story, THREE, (120, 40))


def test_messages_are_of_the_node_that_is_selected(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("i", "m", "1", "right")
        peeked = bench.control.asked
        await bench.until(lambda: {"node": "1_pass", "count": 10} in peeked("peek"))

    play(story, tmp_path)


def test_y_copies_what_is_selected(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("i", "y")
        await bench.until(lambda: "delay = 2.0" in bench.app.clipboard)
        bench.control.log("all is well", node="1_pass")
        await bench.until(lambda: "all is well" in bench.logged)
        await bench.press("3", "y")
        await bench.until(lambda: "all is well" in bench.app.clipboard)

    play(story, tmp_path)


def test_p_writes_a_picture_and_says_where(tmp_path: Path, here: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("p")
        await bench.until_told("picture: ")
        (picture,) = here.iterdir()
        assert picture.name in bench.toasts[-1]
        assert picture.read_text(encoding="utf-8").startswith("<svg")
        assert "1_pass" in picture.read_text(encoding="utf-8")

    play(story, tmp_path)


class Noon(datetime):
    """A clock that stands."""

    @classmethod
    def now(cls, tz: Any = None) -> Noon:
        return cls(2026, 1, 1, 12, 0, 0)


def test_p_never_overwrites_a_file(
    tmp_path: Path, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app_module, "datetime", Noon)

    async def story(bench: Bench) -> None:
        await bench.press("p")
        await bench.until_told("picture: ")
        (picture,) = here.iterdir()
        picture.write_text("precious")
        await bench.press("p")
        await bench.until(lambda: len(bench.toasts) == 2)
        assert picture.read_text() == "precious"

    play(story, tmp_path)


def test_a_picture_that_cannot_be_written_is_told(tmp_path: Path, here: Path) -> None:
    here.rmdir()

    async def story(bench: Bench) -> None:
        await bench.press("p")
        await bench.until_told("the picture cannot be written: ")
        await bench.until_told("No such file or directory")

    play(story, tmp_path)


def test_plus_and_minus_change_how_often_it_looks_within_bounds(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        await bench.press("plus")
        await bench.until_told("8 pictures a second")
        await bench.press("equals_sign", "plus", "plus")
        await bench.until_told(f"{settings.FASTEST:g} pictures a second")
        await bench.press(*["minus"] * 8)
        await bench.until_told(f"{settings.SLOWEST:g} pictures a second")

    play(story, tmp_path)


# --- reloads ---------------------------------------------------------------------------------------------------------


def test_a_reload_is_told_in_the_first_line_and_among_the_events(tmp_path: Path) -> None:
    async def story(bench: Bench) -> None:
        bench.control.apply(THREE.replace('"delay": 2.0', '"delay": 3.0'))
        await bench.until(lambda: "reload ok " in bench.rows[0])
        await bench.press("4")
        await bench.until_said("applied 1_pass")

    play(story, tmp_path, size=(200, 40))


@pytest.mark.parametrize(
    "kind, said",
    [("refused", "the old pipeline runs on"), ("failed", "failed "), ("unfinished", "unfinished ")],
)
def test_a_reload_that_fails_is_told_in_the_first_line(
    tmp_path: Path, kind: str, said: str
) -> None:
    async def story(bench: Bench) -> None:
        event = Event(1, time.time(), kind, "", "pipe.json:7:3: error: this is wrong")
        bench.app.monitor.post_message(EventsCame((event,)))
        await bench.until(lambda: said in bench.rows[0] and "7:3: " in bench.rows[0])

    play(story, tmp_path, size=(200, 40))


def test_a_reload_that_changes_nothing_leaves_the_news_and_ends_what_was_wrong(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        def happens(*kinds: str) -> None:
            came = [Event(each, time.time(), kind, "", kind) for each, kind in enumerate(kinds)]
            bench.app.monitor.post_message(EventsCame(tuple(came)))

        happens("applied", "unchanged")
        await bench.until(lambda: ": applied" in bench.rows[0], "not the latter's words")
        happens("refused")
        await bench.until(lambda: "the old pipeline runs on" in bench.rows[0])
        happens("unchanged")
        await bench.until(lambda: "the old pipeline runs on" not in bench.rows[0])

    play(story, tmp_path, size=(200, 40))


def test_what_a_reload_has_changed_flashes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flashed: list[str] = []
    monkeypatch.setattr(PipelineGraph, "flash", lambda self, names: flashed.extend(names))

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until(lambda: is_warped(bench))
        await bench.until(lambda: "reload ok" in bench.rows[0])
        assert flashed == ["1_pass"]

    play(story, tmp_path, size=(200, 40), prepare=there)


def test_a_node_that_a_reload_adds_is_drawn_and_one_that_it_removes_is_gone(
    tmp_path: Path,
) -> None:
    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        document = json.loads(THREE)
        nodes, links = document["pipeline"]["nodes"], document["pipeline"]["links"]
        nodes[1]["name"] = links[0]["to"] = links[1]["from"] = "1_new"
        bench.file.write_text(json.dumps(document))
        bench.control.reload()
        await bench.until_said("1_new")
        await bench.until(lambda: "1_pass" not in "\n".join(bench.rows[1:]), "it is gone")
        await bench.until(lambda: bench.app.monitor.selected != "1_pass")

    play(story, tmp_path)
