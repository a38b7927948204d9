"""What runs here and what could: the pipelines of this machine, and the pipeline files below a folder.

`pipeline_files` reads the disk and belongs on a thread; the screen only shows what it is given.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.widgets import Footer, Input, Label, OptionList, Static

from juturna_core.cells import aligned, printable
from juturna_tui.screens.confirm import Choices
from juturna_tui.screens.dialog import Asking
from juturna_tui.widgets.field import Field

DEPTH: Final = 6
"""Folders below the first that are looked into."""
ENTRIES: Final = 20_000
"""Files and folders that are looked at."""
READ: Final = 64 << 10
"""Bytes of a file that are read to see what it is."""
_FOLDER: Final = re.compile(r'"folder"\s*:\s*"([^"\\]+)"')
_SKIPPED: Final = frozenset({"node_modules", "__pycache__"})


def pipeline_files(folder: Path, limit: int = 200) -> list[Path]:
    """The JSON files below `folder` that look like pipelines, the nearest first.

    Left out are those that cannot be read, and what runs of these have left in their folders: `config.json`, a copy.
    """
    found: list[Path] = []
    copies: set[Path] = set()
    folders, seen = [folder], 0
    for _ in range(DEPTH + 1):
        deeper: list[Path] = []
        for each in folders:
            entries = _entries(each)
            seen += len(entries)
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    if entry.name not in _SKIPPED and not entry.name.startswith("."):
                        deeper.append(Path(entry.path))
                elif entry.name.endswith(".json") and (text := _pipeline(entry)) is not None:
                    path = Path(entry.path)
                    if path not in copies:
                        found.append(path)
                        copies |= {copy for copy in _copies(path, text) if copy != path}
                    if len(found) == limit:
                        return found
            if seen >= ENTRIES:
                return found
        folders = deeper
    return found


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return sorted(entries, key=lambda entry: entry.name)
    except OSError:
        return []


def _pipeline(entry: os.DirEntry[str]) -> str | None:
    """The begin of a file that looks like a pipeline."""
    try:
        if not entry.is_file():
            return None
        with open(entry.path, "rb") as file:
            begin = file.read(READ)
    except OSError:
        return None
    is_pipeline = b'"pipeline"' in begin and b'"nodes"' in begin
    return begin.decode(errors="replace") if is_pipeline else None


def _copies(path: Path, text: str) -> Iterator[Path]:
    """Where runs of the file leave a copy of it."""
    for folder in _FOLDER.findall(text):
        yield Path(os.path.normpath(path.parent / folder / "config.json"))


@dataclass(frozen=True, slots=True)
class Running:
    """A pipeline that runs here; `state` and `nodes` are None where it did not say."""

    name: str
    pid: int
    address: str
    state: str | None = None
    nodes: int | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """What is to be looked into: the pipeline at `address`, or the one in `file`."""

    address: str | None = None
    file: Path | None = None


def wrong_address(text: str) -> str:
    """What is wrong with an address that was typed, "" for nothing."""
    host, _, port = text.rpartition(":")
    if text.startswith("unix:") or "/" in text:
        return ""
    if host and port.isascii() and port.isdecimal() and 0 < int(port[:6]) < 65536:
        return ""
    return "an address is HOST:PORT, unix:PATH or the path of a socket"


class Linked(Choices):
    """A list whose cursor goes on into the next one."""

    def action_cursor_down(self) -> None:
        if self.highlighted == self.option_count - 1:
            self.screen.focus_next()
        else:
            super().action_cursor_down()

    def action_cursor_up(self) -> None:
        if self.highlighted == 0:
            self.screen.focus_previous()
        else:
            super().action_cursor_up()


class AttachScreen(Asking[Choice | None]):
    """Dismissed with what was chosen, None for escape."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "pick", "open", id="attach.pick"),
        Binding("a", "address", "type an address", id="attach.address"),
        Binding("r", "refresh_lists", "look again", id="attach.refresh"),
        Binding("escape", "leave", "back", id="attach.leave"),
        Binding("tab", "app.focus_next", "next list", show=False, id="attach.next"),
        Binding("shift+tab", "app.focus_previous", "last list", show=False, id="attach.previous"),
    ]

    AUTO_FOCUS = ""

    DEFAULT_CSS = """
    AttachScreen { padding: 0 1; overflow-y: auto; }
    AttachScreen Label { text-style: bold; margin-top: 1; }
    AttachScreen Choices { height: auto; max-height: 40%; }
    AttachScreen #empty { height: auto; margin-top: 1; }
    AttachScreen Field { margin-bottom: 1; }
    AttachScreen Field:focus { text-style: underline; }
    AttachScreen #wrong { height: auto; color: $text-error; display: none; }
    """

    class Refresh(Message):
        """Both lists are to be made anew."""

    def __init__(self, folder: Path, shown: str = "") -> None:
        """Offers the files below `folder`; `shown` is the address of what is on the screen already."""
        super().__init__()
        self.folder = folder
        self.shown = shown
        self.running: tuple[Running, ...] | None = None
        """None until it is known; the files likewise."""
        self.files: tuple[Path, ...] | None = None
        self._touched = False  # whether a key was pressed: until then what runs is offered first

    # --- what it is told ---------------------------------------------------------------------------------------------

    def show_running(self, rows: Sequence[Running]) -> None:
        """The pipelines that run on this machine."""
        before, self.running = self.running or (), tuple(rows)
        lines = _running_lines(rows, self.shown)
        self._fill(self.query_one("#running", Choices), before, self.running, lines)

    def show_files(self, paths: Sequence[Path]) -> None:
        """The pipeline files below the folder."""
        before, self.files = self.files or (), tuple(paths)
        lines = [printable(self._short(path)) for path in paths]
        self._fill(self.query_one("#files", Choices), before, self.files, lines)

    # --- compose -----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        yield Static(id="empty")
        yield Label("pipelines that run here", id="running-title")
        yield Linked(id="running")
        yield Label("pipeline files", id="files-title")
        yield Linked(id="files")
        yield Label("the address of another one")
        yield Field(placeholder="HOST:PORT", compact=True)
        yield Static(id="wrong")
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        self._arrange()
        self.post_message(self.Refresh())

    def on_key(self) -> None:
        self._touched = True

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self.query_one("#wrong").display = False

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        index = event.option_index
        if event.option_list.id == "running" and self.running:
            self.dismiss(Choice(address=self.running[index].address))
        elif self.files:
            self.dismiss(Choice(file=self.files[index]))

    def _fill(
        self, choices: Choices, before: Sequence[object], now: Sequence[object], lines: list[str]
    ) -> None:
        """Show `lines`; the cursor stays on what it was on."""
        at = choices.highlighted
        current = before[at] if at is not None and at < len(before) else None
        choices.set_options(map(Content, lines))
        if now:
            choices.highlighted = now.index(current) if current in now else 0
        self._arrange()

    def _arrange(self) -> None:
        """Show the lists that have something in them, or what to do without any."""
        for kind, values in (("running", self.running), ("files", self.files)):
            for widget in self.query(f"#{kind}, #{kind}-title"):
                widget.display = bool(values)
        empty = self.query_one("#empty", Static)
        empty.display = not (self.running or self.files)
        if self.running is None or self.files is None:
            empty.update(Content("looking…"))
        else:
            empty.update(
                Content(
                    f"no pipeline runs here, no pipeline file below {printable(str(self.folder))}: "
                    "`juturna-tui FILE`, or --attach HOST:PORT"
                )
            )
        if not isinstance(self.focused, Field):
            self._focus_list()

    def _focus_list(self) -> bool:
        """Give the focus to the first list with something in it, or leave it where a person has moved it."""
        lists = [each for each in self.query(Choices) if each.display]
        if self.focused not in lists or not self._touched:
            self.set_focus(lists[0] if lists else None)
        return bool(lists)

    def _short(self, path: Path) -> str:
        return str(path.relative_to(self.folder) if path.is_relative_to(self.folder) else path)

    # --- actions -----------------------------------------------------------------------------------------------------

    def action_pick(self) -> None:
        if isinstance(self.focused, Choices):
            self.focused.action_select()
            return
        field = self.query_one(Field)
        address = field.value.strip()
        if not field.has_focus:
            field.focus()
        elif problem := wrong_address(address):
            note = self.query_one("#wrong", Static)
            note.update(Content(f"! {problem}"))
            note.display = True
        else:
            self.dismiss(Choice(address=address))

    def action_address(self) -> None:
        self.query_one(Field).focus()

    def action_refresh_lists(self) -> None:
        self.post_message(self.Refresh())

    def action_leave(self) -> None:
        if not isinstance(self.focused, Field) or not self._focus_list():
            self.dismiss(None)


def _running_lines(rows: Sequence[Running], shown: str) -> list[str]:
    """A line a pipeline: name, state, nodes, process, address."""
    if not rows:
        return []
    return aligned(
        [
            (
                printable(row.name),
                printable(row.state or "does not answer"),
                "" if row.nodes is None else f"{row.nodes} nodes",
                f"pid {row.pid}",
                printable(row.address) + ("  on the screen" if row.address == shown else ""),
            )
            for row in rows
        ],
        words=(0, 1, 4),
    )
