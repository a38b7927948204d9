"""What the screen looks like, character for character, and the picture of it in the documentation.

`UPDATE_SNAPSHOTS=1 pytest tests/tui/test_snapshots.py` writes all of them anew: look at the difference, then commit it.
"""

from __future__ import annotations

import difflib
import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import pairwise
from pathlib import Path

import pytest

from juturna_core.control.api import NodeNumbers
from juturna_core.events import Event
from juturna_tui.messages import EventsCame, FrameCame
from juturna_tui.screens.remotise import RemotiseScreen
from juturna_tui.settings import Settings
from juturna_tui.widgets import pipeline_graph
from tests.tui.frames import frame, numbers, took
from tests.tui.rig import REMOTE, Bench, node, pipeline, pose, serves

SNAPSHOTS = Path(__file__).parent / "snapshots"
PICTURE = Path(__file__).parents[2] / "docs" / "workbench.svg"
UPDATE = bool(os.environ.get("UPDATE_SNAPSHOTS"))
SIZES = [(80, 24), (120, 40), (200, 60)]
NOON = 1767268800.0
"""2026-01-01 12:00 in UTC, the time zone of these tests."""

WARPED = {"warped": True, "warp_configuration": REMOTE}
CAMERA = pipeline(
    [
        node("0_stream", "source", "video_file", configuration={"path": "rtsp://camera/1"}),
        node("1_resize", mark="image_resize", configuration={"width": 640, "height": 360}),
        node("2_detect", mark="detector", configuration={"model": "small"}, **WARPED),
        node("3_blur", mark="blur"),
        node("4_notifier", "sink", "notifier_udp", configuration={"port": 12345}),
        node("5_archive", "sink", "video_file_dump"),
    ],
    [
        ("0_stream", "1_resize"),
        ("1_resize", "2_detect"),
        ("1_resize", "3_blur"),
        ("2_detect", "4_notifier"),
        ("3_blur", "5_archive"),
    ],
)
BAD = CAMERA.replace('"to": "3_blur"', '"to": 3_blur')
"""A value without quotes."""

At = Callable[[float], dict[str, NodeNumbers]]
"""What the nodes have counted after so many seconds."""


# --- pipelines, as they may be ---------------------------------------------------------------------------------------


def idle(now: float) -> dict[str, NodeNumbers]:
    return {
        name: numbers(now, 0, where="10.0.0.7:45000" if name == "2_detect" else "local")
        for name in ("0_stream", "1_resize", "2_detect", "3_blur", "4_notifier", "5_archive")
    }


def busy(now: float) -> dict[str, NodeNumbers]:
    """25 pictures a second; the curve of the detector has a hill."""
    rate = 25
    count = round(now * rate)
    hill = [took(18.0, count - 400), took(60.0, 150), took(35.0, 250)]
    trip = took(18.0, count) if now < 745 else replace(hill[0], text=" ".join(x.text for x in hill))
    parts = {"encode": 0.4, "network": 1.1, "remote_queue": 0.2, "remote_compute": 15.0}
    trips = {"total": trip, **{part: took(each, count) for part, each in parts.items()}}
    return {
        "0_stream": numbers(now, rate, 0.02, transmitted=count),
        "1_resize": numbers(now, rate, 2.1, busy_seconds=0.001),
        "2_detect": numbers(
            *(now, rate, 18.0), where="10.0.0.7:45000", round_trip=trips, queue=3, in_flight=2
        ),
        "3_blur": numbers(now, rate, 7.4, queue=1),
        "4_notifier": numbers(now, rate, 0.31),
        "5_archive": numbers(now, rate, 1.2),
    }


def full(now: float) -> dict[str, NodeNumbers]:
    """The blur takes 400 ms, and stops all that is before it."""
    found = busy(now)
    slow = numbers(now, 2.5, 400.0, queue=64, queue_max=64, queue_bytes=64_000_000)
    waits = replace(found["1_resize"], blocked_by="3_blur", blocked_seconds=now / 2, queue=40)
    return {**found, "1_resize": waits, "3_blur": slow, "5_archive": numbers(now, 2.5, 1.2)}


def failing(now: float) -> dict[str, NodeNumbers]:
    """The notifier's address is wrong since half a minute."""
    error = (
        "OSError: [Errno 101] Network is unreachable\n"
        '  File "plugins/nodes/sink/_notifier_udp/notifier_udp.py", line 41, in update'
    )
    wrong = numbers(now, 25, 0.31, errors=round((now - 731) * 25), last_error=error, transmitted=0)
    return {**busy(now), "4_notifier": wrong}


def away(now: float) -> dict[str, NodeNumbers]:
    text = "10.0.0.7:45000 does not answer since 12:00:03; 64 messages wait"
    lost = replace(busy(745)["2_detect"], queue=64, queue_max=64, status_text=text, in_flight=4)
    waits = replace(busy(745)["1_resize"], blocked_by="2_detect")
    return {**busy(now), "1_resize": waits, "2_detect": lost}


def many(count: int) -> str:
    """A source, rows of nodes beside each other, each row fed by the one before, and a sink."""
    names = [f"{place:03}_node" for place in range(count)]
    nodes = [node(name) for name in names]
    nodes[0].update(type="source", mark="video_file")
    nodes[-1].update(type="sink", mark="notifier_udp")
    wide = 6
    rows = [names[at : at + wide] for at in range(1, count - 1, wide)]
    links = [(names[0], name) for name in rows[0]]
    links += [link for row, below in pairwise(rows) for link in zip(row, below, strict=False)]
    links += [(name, names[-1]) for name in rows[-1]]
    return pipeline(nodes, links)


def counted(count: int, now: float) -> dict[str, NodeNumbers]:
    """All of them flow, some are slow, and every fiftieth waits."""
    return {
        f"{place:03}_node": numbers(
            now, 25, 0.1 * (place % 7 + 1), queue=64 if place and place % 50 == 0 else place % 5
        )
        for place in range(count)
    }


# --- how they are shown and compared ---------------------------------------------------------------------------------


@pytest.fixture(autouse=True)
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the pipeline file is; its name is on the screen."""
    made = tmp_path / "camera"
    made.mkdir()
    monkeypatch.chdir(made)
    return made


async def show(bench: Bench, at: At, select: str = "") -> None:
    """Have the screen show the last half of a minute as it is at its end, and a node selected."""
    made = frame(bench.control.describe(), at)
    for _ in range(2):  # as they come: again and again
        bench.app.monitor.post_message(FrameCame(made))
        await bench.until(lambda: bench.app.monitor.frame is made, "it is shown")
        await still(bench)
        if select:
            bench.app.monitor.selected = select
            await still(bench)


async def still(bench: Bench) -> None:
    """Wait until the screen stays as it is."""
    seen: list[str] = []

    def stays() -> bool:
        seen.append(bench.text)
        return len(seen) > 5 and len(set(seen[-5:])) == 1

    await bench.until(stays, "it stays as it is")


def compare(text: str, file: Path) -> None:
    """Fail with what is different; or write it, where that is wanted."""
    if UPDATE:
        file.parent.mkdir(exist_ok=True)
        file.write_text(text, encoding="utf-8")
    known = file.read_text(encoding="utf-8") if file.exists() else ""
    if text != known:
        lines = difflib.unified_diff(
            known.splitlines(), text.splitlines(), f"{file.name}, kept", "now", lineterm="", n=1
        )
        pytest.fail("\n".join(["the screen is another one:", *lines]), pytrace=False)


def snapshot(bench: Bench, name: str) -> None:
    width, height = bench.app.size
    assert len(bench.rows) == height
    compare(bench.text + "\n", SNAPSHOTS / f"{name}-{width}x{height}.txt")


sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


# --- the screens -----------------------------------------------------------------------------------------------------


@sizes
@pytest.mark.parametrize("at", [idle, busy, full, failing, away], ids=lambda at: at.__name__)
def test_a_pipeline_looks_as_it_did(size: tuple[int, int], at: At) -> None:
    selected = {full: "3_blur", failing: "4_notifier"}.get(at, "2_detect")

    async def story(bench: Bench) -> None:
        await show(bench, at, select=selected)
        snapshot(bench, at.__name__)

    pose(story, CAMERA, size)


@sizes
@pytest.mark.parametrize("count", [60, 300])
def test_many_nodes_look_as_they_did(size: tuple[int, int], count: int) -> None:
    async def story(bench: Bench) -> None:
        await show(bench, partial(counted, count))
        await bench.until(lambda: bench.text.count("001_node") > 1, "it is in the graph too")
        await still(bench)
        snapshot(bench, f"nodes{count}")

    pose(story, many(count), size)


def test_many_nodes_are_drawn_on_a_narrow_screen_before_any_numbers_come() -> None:
    """As with `--no-start`: there is one frame and no other."""

    async def story(bench: Bench) -> None:
        graph = bench.app.monitor.graph
        await bench.until(lambda: graph.virtual_size.height > 1, "it is laid out")
        await still(bench)
        assert graph.size.height > 1

    pose(story, many(300), (80, 24))


@sizes
def test_a_reload_looks_as_it_did(
    folder: Path, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pipeline_graph.widget, "FLASH", 0.0)

    async def story(bench: Bench) -> None:
        text = "2_detect: 10.0.0.7:45000 -> local, 3_blur: radius 5 -> 9"
        event = Event(2, NOON, "applied", "", text)
        bench.app.monitor.event_view.clear()
        bench.app.monitor.post_message(EventsCame((event,)))
        await bench.press("4")
        await show(bench, busy)
        await bench.until(lambda: "applied" in bench.text)
        snapshot(bench, "reloaded")

    pose(story, CAMERA, size)


@sizes
def test_a_bad_file_looks_as_it_did(size: tuple[int, int]) -> None:
    """Nothing can run: the editor is open at the first error."""

    async def story(bench: Bench) -> None:
        await show(bench, busy)
        bench.file.write_text(BAD)
        await bench.until(lambda: bench.app.monitor.editor.text == BAD)
        bench.app.document.go_to_first_error()  # type: ignore[union-attr]
        await bench.until(lambda: "✗" in bench.rows[0], "its first error is told")
        await still(bench)
        snapshot(bench, "bad")

    pose(story, CAMERA, size)


def test_the_first_line_says_where_in_the_file_the_error_is(folder: Path) -> None:
    """However long the path is: the file is named on the left already."""

    async def story(bench: Bench) -> None:
        document = bench.app.document
        assert document is not None
        document.path = folder.joinpath(*["a_long_way"] * 9) / "pipe.json"
        document.path.parent.mkdir(parents=True)
        document.path.write_text(BAD)
        document.go_to_first_error()
        await bench.until(lambda: "✗" in bench.rows[0])
        assert re.search(r"\b\d+:\d+", bench.rows[0].partition("✗")[2])

    pose(story, CAMERA, (120, 40))


@sizes
def test_the_remotise_dialog_looks_as_it_did(size: tuple[int, int]) -> None:
    async def story(bench: Bench) -> None:
        bench.control.places["10.0.0.7", 45000] = serves("2_detect", mark="detector")
        await show(bench, busy, select="2_detect")
        await bench.press("r")
        await bench.until(lambda: isinstance(bench.app.screen, RemotiseScreen))
        await bench.until(lambda: "reachable" in bench.text and "timeout" in bench.text)
        await bench.until(lambda: "looking" not in bench.text)
        await still(bench)
        snapshot(bench, "remotise")

    pose(story, CAMERA, size)


@sizes
def test_ascii_looks_as_it_did(size: tuple[int, int]) -> None:
    async def story(bench: Bench) -> None:
        await show(bench, full, select="3_blur")
        snapshot(bench, "ascii")

    pose(story, CAMERA, size, settings=Settings(ascii=True))


@pytest.mark.parametrize("key", ["1", "3", "4", "5"])
def test_ascii_is_nothing_but_ascii(key: str) -> None:
    async def story(bench: Bench) -> None:
        await bench.press(key)
        await show(bench, full, select="3_blur")
        assert [sign for sign in sorted(set(bench.text)) if not sign.isascii()] == []

    pose(story, CAMERA, (120, 40), settings=Settings(ascii=True))


def test_without_colours_it_says_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def story(bench: Bench) -> None:
        assert bench.app.no_color
        await show(bench, busy, select="2_detect")
        assert bench.text + "\n" == (SNAPSHOTS / "busy-120x40.txt").read_text(encoding="utf-8")

    pose(story, CAMERA, (120, 40))


# --- the picture -----------------------------------------------------------------------------------------------------


def test_the_picture_in_the_documentation_is_true() -> None:
    """Without fonts from elsewhere, and without ids that are others each time."""
    pictures: list[str] = []

    async def story(bench: Bench) -> None:
        await show(bench, busy, select="2_detect")
        pictures.append(bench.app.export_screenshot(title="juturna-tui camera/pipe.json"))

    pose(story, CAMERA, (120, 34))
    (picture,) = pictures
    picture = re.sub(r"\s*@font-face \{.*?\}", "", picture, flags=re.DOTALL)
    picture = re.sub(r"terminal-\d+", "terminal", picture)
    picture = "\n".join(line.rstrip() for line in picture.splitlines()) + "\n"
    hosts = set(re.findall(r"https?://([^/\"\s]+)", picture))
    assert hosts <= {"www.w3.org", "www.textualize.io"}, "it loads nothing from elsewhere"
    compare(picture, PICTURE)
