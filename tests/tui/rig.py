"""The whole workbench for tests: on a fake pipeline whose file is on the disk, or on frames that are made by hand."""

from __future__ import annotations

import asyncio
import json
import stat
import threading
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import nullcontext
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from juturna_core.control import api
from juturna_core.control.fake import FakeControl
from juturna_core.errors import JuturnaError
from juturna_tui.app import Workbench
from juturna_tui.messages import FrameCame
from juturna_tui.runs import GivenRun
from juturna_tui.view import still

PATIENCE = 30.0
"""Seconds after which a condition is taken as one that will never hold."""
REMOTE = {"grpc_host": "10.0.0.7", "grpc_port": 45000, "timeout": 30.0}
PLACE = (REMOTE["grpc_host"], REMOTE["grpc_port"])


# --- pipelines -------------------------------------------------------------------------------------------------------


def node(name: str, kind: str = "proc", mark: str = "passthrough_identity", **more: Any) -> Any:
    """A node of a pipeline file."""
    return {"name": name, "type": kind, "mark": mark, "configuration": {}, **more}


def pipeline(nodes: Iterable[Mapping[str, Any]], links: Iterable[tuple[str, str]]) -> str:
    """The text of a pipeline file."""
    return json.dumps(
        {
            "version": "0.1.0",
            "pipeline": {
                "name": "camera",
                "id": "0001",
                "folder": "./run",
                "nodes": list(nodes),
                "links": [{"from": origin, "to": end} for origin, end in links],
            },
        },
        indent=2,
    )


def chain(nodes: Iterable[Mapping[str, Any]]) -> str:
    """One where each node feeds the next."""
    nodes = list(nodes)
    return pipeline(nodes, pairwise(each["name"] for each in nodes))


THREE = chain(
    [
        node("0_stream", "source", "video_file"),
        node("1_pass", warp_configuration=REMOTE, configuration={"delay": 2.0}),
        node("2_notifier", "sink", "notifier_udp"),
    ]
)
"""A source; a node that knows its remote, which is off; a sink that knows none."""


class FiledControl(FakeControl):
    """A fake whose file is on the disk. `places` are the remotes that answer, by host and port."""

    def __init__(self, text: str, file: Path) -> None:
        super().__init__(text, str(file))
        self.places: dict[tuple[str, int], api.Probe] = {}

    @property
    def written(self) -> str:
        return Path(self.file).read_text(encoding="utf-8")

    @written.setter
    def written(self, text: str) -> None:
        Path(self.file).write_text(text, encoding="utf-8")

    def probe(self, host: str, port: int) -> api.Probe:
        nothing = super().probe(host, port)
        return self.places.get((host, port), nothing)

    def asked(self, method: str) -> list[dict[str, Any]]:
        """With which arguments `method` was called."""
        return [arguments for name, arguments in list(self.calls) if name == method]


def serves(node: str, kind: str = "proc", mark: str = "passthrough_identity") -> api.Probe:
    """What is found where a remote of ours serves that node."""
    text = f"10.0.0.7:45000 serves {node} ({kind} {mark})"
    return api.Probe(True, True, node, kind, mark, "camera", 2.9, text)


# --- the workbench ---------------------------------------------------------------------------------------------------


class Bench:
    """A workbench that runs, with the means to press its keys and to read its screen."""

    def __init__(self, app: Workbench, pilot: Pilot[None], control: FiledControl) -> None:
        self.app, self.pilot, self.control = app, pilot, control

    @property
    def file(self) -> Path:
        return Path(self.control.file)

    @property
    def rows(self) -> list[str]:
        """The screen as it is seen, without colours and trailing blanks."""
        return [strip.text.rstrip() for strip in self.app.screen._compositor.render_strips()]

    @property
    def text(self) -> str:
        return "\n".join(self.rows)

    @property
    def words(self) -> str:
        """The same on one line, without frames: for sentences that are wrapped."""
        frames = dict.fromkeys(map(ord, "│╭╮╰╯─▁▂▃▄▅▆▇█▌▐▎▊┃━"), " ")
        return " ".join(self.text.translate(frames).split())

    @property
    def toasts(self) -> list[str]:
        """What was told over the screen and has not gone yet."""
        return [each.message for each in self.app._notifications]

    @property
    def logged(self) -> list[str]:
        return [line.text for line in self.app.monitor.log_view._kept]

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Let the workbench go on until `holds`."""
        deadline = time.monotonic() + PATIENCE
        while not holds():
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {what or 'what was waited for'}\n{self.text}")
            await self.pilot._wait_for_screen()
            await asyncio.sleep(0.01)

    async def until_said(self, *texts: str) -> None:
        """Wait until all of these stand on the screen."""
        await self.until(lambda: all(text in self.words for text in texts), f"said: {texts}")

    async def until_told(self, text: str) -> None:
        """Wait until a toast says so."""
        await self.until(lambda: any(text in each for each in self.toasts), f"told: {text}")

    async def until_asked(self, method: str) -> dict[str, Any]:
        """Wait until the pipeline is asked that (again), and say with which arguments."""
        await self.until(lambda: self.control.asked(method), f"asked: {method}")
        return self.control.asked(method)[-1]

    async def press(self, *keys: str) -> None:
        await self.pilot.press(*keys)

    async def type(self, text: str) -> None:
        """As a paste, which is one key event only."""
        self.app.screen.focused.paste(text)  # type: ignore[union-attr]
        await self.pilot.pause()


Story = Callable[[Bench], Awaitable[None]]


def play(
    story: Story,
    folder: Path,
    text: str = THREE,
    *,
    size: tuple[int, int] = (120, 40),
    prepare: Callable[[FiledControl], None] = lambda control: None,
    notifications: bool = True,
    **options: Any,
) -> Bench:
    """Run `story` on a workbench that shows the pipeline `text`, whose file is in `folder`; `options` are its own."""

    async def main() -> Bench:
        control = FiledControl(text, folder / "pipe.json")
        control.advance(2)
        prepare(control)
        return await bench(control, GivenRun(control), story, size, notifications, options)

    return asyncio.run(main())


def pose(story: Story, text: str, size: tuple[int, int], **options: Any) -> Bench:
    """The same where one is, on a pipeline that says nothing by itself: what is on the screen is what `story` shows."""

    async def main() -> Bench:
        control = HeldControl(text, Path("pipe.json"))
        try:
            return await bench(control, HeldRun(control), story, size, False, options)
        finally:
            control.released.set()  # whatever has happened: no thread waits for ever

    return asyncio.run(main())


async def bench(
    control: FiledControl,
    run: GivenRun,
    story: Story,
    size: tuple[int, int],
    notifications: bool,
    options: dict[str, Any],
) -> Bench:
    """Open the workbench, wait until the file is shown, and have `story` go on from there."""
    app = Workbench(run, **options)
    async with app.run_test(size=size, notifications=notifications) as pilot:
        made = Bench(app, pilot, control)
        if isinstance(control, HeldControl):
            await made.until(lambda: app.answers, "it is connected")
            app.monitor.post_message(FrameCame(still(control.describe(), "running")))
        await made.until(lambda: app.document is not None, "the file is open")
        await made.until(lambda: app.monitor.editor.text, "the file is shown")
        await story(made)
    return made


class HeldControl(FiledControl):
    """One that has no numbers until it is let go, so that only what a test shows is on the screen."""

    def __init__(self, text: str, file: Path) -> None:
        self.released = threading.Event()
        super().__init__(text, file)

    def stats(self) -> api.Numbers:
        self.released.wait()
        raise api.Gone("nobody looks any more")


class HeldRun(GivenRun):
    """The run of a HeldControl."""

    def __init__(self, control: HeldControl) -> None:
        super().__init__(control)
        self.held = control

    def close(self, *, keep: bool = False) -> None:
        super().close(keep=keep)
        self.held.released.set()


# --- what stories have in common ------------------------------------------------------------------------------------


class Started:
    """A remote that needs no process."""

    made: list[Started]

    def __init__(self, node: api.NodeDescription, host: str, port: int, *more: Any) -> None:
        self.node, self.host, self.port, self.stopped = node.name, host, port, False
        self.made.append(self)

    def started(self, say: Callable[[str], None]) -> str:
        say("the remote is warming up")
        return f"remote serves {self.node} on port {self.port}"

    @property
    def running(self) -> bool:
        return not self.stopped

    def stop(self) -> None:
        self.stopped = True


async def edit(bench: Bench, text: str = "\n") -> None:
    """Open the editor and type `text` at the begin of the file."""
    await bench.press("e")
    await bench.until(lambda: bench.app.monitor.editor.editing)
    await bench.type(text)
    await bench.until(lambda: bench.app.monitor.editor.dirty)


def external(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """$EDITOR is a script; the terminal of a test needs no lending."""
    editor = folder / "my editor"
    editor.write_text(f"#!/bin/sh\n{script}\n")
    editor.chmod(stat.S_IRWXU)
    monkeypatch.delenv("VISUAL", raising=False)
    monkeypatch.setenv("EDITOR", f"'{editor}' --wait")
    monkeypatch.setattr(Workbench, "suspend", lambda self: nullcontext())


def there(control: FiledControl) -> None:
    """The remote that the file names answers, and serves what it should."""
    control.places[PLACE] = control.places[PLACE[0], 45001] = serves("1_pass")


def failing(method: str) -> Callable[[FiledControl], None]:
    """`method` fails."""

    def prepare(control: FiledControl) -> None:
        control.fail[method] = JuturnaError(f"the {method} has failed")

    return prepare


async def choose_pass(bench: Bench) -> None:
    """Select 1_pass, in the graph."""
    await bench.until(lambda: bench.app.monitor.graph.has_focus)
    await bench.press("right")
    await bench.until(lambda: bench.app.monitor.selected == "1_pass")


def is_warped(bench: Bench) -> bool:
    return bool(bench.app.monitor.frame.by_name["1_pass"].warped)
