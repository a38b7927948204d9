"""The editor of the pipeline file beside an input, and what it says: for its tests."""

import asyncio
from collections.abc import Awaitable, Callable

from textual.app import ComposeResult
from textual.message import Message
from textual.pilot import Pilot
from textual.widgets import Input

from juturna_core.errors import Problem
from juturna_tui.keyboard import Keyboard
from juturna_tui.widgets.config_editor import Bar, ConfigEditor, Source

TEXT = """{
  "version": "0.1.0",
  "pipeline": {
    "nodes": [
      {"name": "1_pass", "delay": 2.0, "on": true, "x": null}
    ]
  }
}
"""
THEIRS = TEXT.replace("2.0", "0.5")
UNKNOWN = Problem("error", 'there is no node "x"', "config.json", 5, 16, hint='did you mean "y"?')
ODD = Problem("warning", "a [red] thing\x1b[2J", "config.json", 3, 3)


class Pane(Keyboard):
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
