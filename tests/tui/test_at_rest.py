"""A file that does not run: what the keys of nodes do to it, and what is wrong with it.

The whole workbench, as `juturna-tui --no-start FILE` opens it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from textual.widgets import Input

from juturna_core.config import WarpConfig
from juturna_tui import runs
from juturna_tui.app import Workbench
from juturna_tui.preview import PLACE, preview_of
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.screens.remotise import RemotiseScreen
from tests.tui.rig import REMOTE, Bench, FiledControl, chain, choose_pass, node

PLUGINS = Path(__file__).parent.parent.parent / "plugins"
NODES = chain(
    [
        node("0_stream", "source", "data_streamer"),
        node("1_pass", warp_configuration=REMOTE, configuration={"delay": 2.0}),
        node("2_notifier", "sink", "notifier_websocket", configuration={"endpoint": "ws://x"}),
    ]
)
THREE = json.dumps({"plugins": [str(PLUGINS)], **json.loads(NODES)}, indent=2)


def at_rest(story: Callable[[Bench], Awaitable[None]], folder: Path, text: str = THREE) -> None:
    """Run `story` on a workbench that shows the file and runs nothing."""
    file = folder / "pipe.json"
    file.write_text(text)

    async def main() -> None:
        app = Workbench(file=file, about=preview_of(file))
        async with app.run_test(size=(120, 40), notifications=True) as pilot:
            made = Bench(app, pilot, FiledControl(THREE, folder / "unused.json"))
            await made.until(lambda: app.document is not None, "the file is open")
            await made.until(lambda: app.monitor.editor.text, "the file is shown")
            await story(made)

    asyncio.run(main())


def test_w_is_written_and_u_takes_it_back(tmp_path: Path) -> None:
    file = tmp_path / "pipe.json"

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("w")
        await bench.until_told("1_pass is warped: the file says so. u takes it back, x runs it.")
        assert json.loads(file.read_text())["pipeline"]["nodes"][1]["warped"] is True
        await bench.until_said("⇄ warped")
        await bench.press("w")
        await bench.until_told("1_pass runs here again: the file says so.")
        await bench.until(lambda: "⇄ warped" not in bench.words, "the picture shows it")
        await bench.press("u")
        await bench.until_said("⇄ warped")
        await bench.press("u")
        await bench.until(lambda: file.read_text() == THREE, "all of it is taken back")

    at_rest(story, tmp_path)


def test_r_shows_who_is_there_and_what_changes_and_writes_it(tmp_path: Path) -> None:
    file = tmp_path / "pipe.json"
    text = THREE.replace("10.0.0.7", "127.0.0.1").replace("45000", "1")

    async def story(bench: Bench) -> None:
        await choose_pass(bench)
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        assert [each.value for each in bench.app.screen.query(Input)] == ["127.0.0.1", "1", "30"]
        await bench.until_said("127.0.0.1:1 is not there (connection refused)", '+ "warped": true')
        await bench.press("enter")
        await bench.until_told("1_pass runs at 127.0.0.1:1: the file says so.")
        assert json.loads(file.read_text())["pipeline"]["nodes"][1]["warped"] is True

    at_rest(story, tmp_path, text)


def test_a_place_is_shown_with_the_defaults_of_the_runtime(tmp_path: Path) -> None:
    assert WarpConfig().model_dump() == PLACE
    partly = json.loads(THREE)
    partly["pipeline"]["nodes"][1]["warp_configuration"] = {"timeout": 10}
    file = tmp_path / "pipe.json"
    file.write_text(json.dumps(partly))
    found = preview_of(file).nodes[1]
    assert (found.host, found.port, found.timeout, found.on_failure) == (
        *("localhost", 50080),
        *(10.0, "wait"),
    )
    file.write_text(THREE)
    assert preview_of(file).nodes[1].host == REMOTE["grpc_host"]
    assert preview_of(file).nodes[0].timeout == 0, "none: it names no remote"


def test_the_first_line_says_what_is_wrong_with_the_file_as_it_is_now(tmp_path: Path) -> None:
    file = tmp_path / "pipe.json"

    async def story(bench: Bench) -> None:
        await bench.until(lambda: "✗ 1:1: " in bench.rows[0], "it is wrong from the beginning")
        file.write_text(THREE.replace('"links"', '"links" x'))
        await bench.until(lambda: "✗ 1:1: " not in bench.rows[0] and "✗ " in bench.rows[0])
        assert 'found "x"' in bench.rows[0]
        file.write_text(THREE)
        await bench.until(lambda: "✗ " not in bench.rows[0], "nothing is wrong any more")

    at_rest(story, tmp_path, "x" + THREE)


def test_x_asks_where_a_pipeline_of_that_name_runs_already(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, begun: list[Path]
) -> None:
    monkeypatch.setattr(runs, "namesakes", lambda name, own=None: [4711])

    async def story(bench: Bench) -> None:
        await bench.press("x")
        await bench.until_said(
            "camera runs here already (process 4711). Run it once more beside it?"
        )
        await bench.press("escape")
        await bench.until(lambda: isinstance(bench.app.screen, MonitorScreen))
        assert not begun
        await bench.press("x")
        await bench.until_said("process 4711")
        await bench.press("s")
        await bench.until(lambda: begun, "it is started")

    at_rest(story, tmp_path)
