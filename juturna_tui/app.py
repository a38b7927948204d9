"""The workbench: its life, and the keys that belong to all of it.

Widgets show values and post what is wanted. What is wanted is done in `look`, `starting`, `choosing`, `steering` and
`document`, always by `ask` or `on_thread` (errands): nothing on the screen's own thread waits for another process or
a disk.
"""

from __future__ import annotations

import asyncio
import itertools
import signal
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from textual.app import SystemCommand
from textual.binding import BindingType
from textual.filter import Monochrome, NoColor
from textual.screen import Screen

from juturna_core.control.api import Description
from juturna_core.errors import did_you_mean
from juturna_tui import look, runs, settings
from juturna_tui.ascii import Ascii
from juturna_tui.binding import key
from juturna_tui.choosing import Choosing
from juturna_tui.document import Document
from juturna_tui.errands import Errands
from juturna_tui.keyboard import Keyboard
from juturna_tui.leaving import Leaving
from juturna_tui.messages import EventsCame, FileLost, FileSaved, RunEnded, Silent
from juturna_tui.palette import commands
from juturna_tui.preview import preview
from juturna_tui.remotes import Remotes
from juturna_tui.remotising import Remotising
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.settings import Memory, Settings
from juturna_tui.starting import Starting
from juturna_tui.steering import Steering
from juturna_tui.widgets.config_editor import ConfigEditor

if TYPE_CHECKING:
    from juturna_tui.screens.remotise import RemotiseScreen

HINT = (
    "arrows select a node; w moves it to its remote and back; e edits the file; ? explains the rest"
)
ERRANDS = 32
"""Threads for what waits: remotes that are not there, pipelines that do not answer."""
OF_THE_RUN = frozenset({"stop_or_start", "attach", "detach"})
"""Actions that mean the pipeline on the main screen, and are for nobody who sees another."""


class Workbench(Keyboard, Errands):
    """`run` is what is looked at from the beginning, `file` the pipeline file where it is on this machine.

    Without either it asks what to open. `about` is drawn until the run has said what it is. `complaints` are about the
    settings, and shown.
    """

    TITLE = "juturna"
    BINDINGS: ClassVar[list[BindingType]] = [
        key("x", "stop_or_start", "stop/start", "run.stop", "stop the pipeline, or start it"),
        key("a", "attach", "attach", "run.attach", "look at another pipeline, or open a file"),
        key("d", "detach", "detach", "run.detach", "leave, and let the pipeline run on"),
        key("p", "picture", "picture", "app.picture", "save the screen as a picture (SVG)"),
        key("plus,equals_sign", "refresh(2)", "faster", "app.faster", "more pictures a second"),
        key("minus", "refresh(0.5)", "slower", "app.slower", "fewer pictures a second"),
        key(
            "question_mark,f1",
            "help",
            "help",
            "app.help",
            "the keys that do something here",
            bar=True,
        ),
        key(
            "ctrl+p",
            *("command_palette", "palette", "app.command_palette", "find anything by its name"),
            bar=True,
        ),
        key(
            "q,ctrl+c,ctrl+q",
            *(
                "quit",
                "quit",
                "app.quit",
                "stop what is here, if it was started here, and leave; twice: at once",
            ),
            bar=True,
        ),
    ]

    def __init__(
        self,
        run: runs.Run | None = None,
        *,
        file: Path | None = None,
        about: Description | None = None,
        settings: Settings | None = None,
        memory: Memory | None = None,
        memory_file: Path | None = None,
        complaints: Sequence[str] = (),
    ) -> None:
        super().__init__()
        if self.no_color:  # Textual would send greys; on a terminal's own colours black on black
            self._filters = [
                NoColor() if isinstance(each, Monochrome) else each for each in self._filters
            ]
        self.settings = settings or Settings()
        if self.settings.ascii:
            self._filters.append(Ascii())
        self.memory = memory or Memory(hint_seen=True)
        self.steering = Steering(self)
        self.remotising = Remotising(self)
        self.remotes = Remotes(self)
        self.starting = Starting(self)
        self.leaving = Leaving(self)
        self._choosing = Choosing(self)
        self._rate = self.settings.refresh
        self._file, self._memory_file, self._complaints = file, memory_file, complaints
        self._run = run
        self.look = self._look(about or preview({}, ""), "starting" if run else "stopped")

    @property
    def monitor(self) -> MonitorScreen:
        """The main screen, of what is looked at just now."""
        return self.look.monitor

    @property
    def document(self) -> Document | None:
        return self.look.document

    # --- life ----------------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        self.theme = self.settings.theme
        self.set_keymap(self.settings.keymap)

    def on_mount(self) -> None:
        asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(ERRANDS))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, ValueError, RuntimeError):  # not on the main thread
                asyncio.get_running_loop().add_signal_handler(number, self._signalled, number)
        self.push_screen(self.monitor)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """The first picture is there: now for all that takes longer."""
        if self._file is not None:
            self.look.open(self._file)
        run, self._run = self._run, None
        if run is not None:
            self.follow(run)
        elif self.document is not None:
            self.monitor.tell_news("x runs it", fades=False)
            self.document.go_to_first_error()
        else:
            self.action_attach()
        if self.look.own is not None:
            name = self.monitor.latest.about.name
            others = partial(runs.namesakes, name, self.look.own.pid)
            self.on_thread("look", others, self._say_namesakes)
        for each in (*self._complaints, *self._unknown_keys()):
            self.tell_trouble(each)
        if not self.memory.hint_seen:
            self.notify(HINT, title="first time here?", timeout=20, markup=False)
            self.remember(hint_seen=True)

    def _say_namesakes(self, pids: Sequence[int]) -> None:
        if pids:
            others = ", ".join(map(str, pids))
            self.tell(
                f"{self.monitor.latest.about.name} runs here already (process {others}): a looks at it"
            )

    def _unknown_keys(self) -> list[str]:
        """A sentence for each id in the keymap that no binding has."""
        if not self.settings.keymap:
            return []
        from juturna_tui.keys import ids  # all screens, which are not imported otherwise

        known = ids()
        return [
            f'{settings.path()}: no key has the id "{each}" ({did_you_mean(each, known) or "docs/keys.md lists them"})'
            for each in self.settings.keymap
            if each not in known
        ]

    def _signalled(self, number: int) -> None:
        self.leaving.signalled(number)
        self._let_go()

    def on_unmount(self) -> None:
        self._let_go()
        self.remotes.close()

    def _let_go(self) -> None:
        """End what was started here, also before anything of it was shown."""
        self.look.close()
        if self._run is not None:
            self._run.close()

    async def action_quit(self) -> None:
        self.leaving.quit()

    def action_detach(self) -> None:
        self.leaving.detach()

    # --- the run -------------------------------------------------------------------------------------------------

    def on_connected(self) -> None:
        self.look.connected()

    def on_silent(self, message: Silent) -> None:
        self.look.fell_silent(message.text)

    def on_frame_came(self) -> None:
        self.look.seek_file()
        self.leaving.progress()
        if self.monitor.wants_messages and not self.monitor.frozen:
            self.steering.peek(self.monitor.selected)

    def on_events_came(self, message: EventsCame) -> None:
        for event in message.events:
            self.look.happened(event)

    def on_run_ended(self, message: RunEnded) -> None:
        if message.run is not self.look.run:
            return  # one that was on the screen before
        self.look.ended(message.text, message.code)
        self.leaving.ended(message.run, message.text, message.code)

    def action_stop_or_start(self) -> None:
        self.starting.stop_or_start()

    def follow(self, run: runs.Run) -> None:
        """Show what `run` says from now on."""
        self.look.start(run, self._rate)

    def look_at(self, about: Description, file: Path | None) -> None:
        """Show another pipeline; what was on the screen runs on."""
        if (run := self.look.own) is not None:
            self.leaving.leave_behind(run)
        self.look.close(keep=True)
        self.look = self._look(about, "starting")
        self.switch_screen(self.monitor)
        if file is not None:
            self.look.open(file)

    def _look(self, about: Description, state: str) -> look.Look:
        return look.at(self, about, state)

    # --- what is wanted of nodes, what is remembered -------------------------------------------------------------

    def remember(self, **what: Any) -> None:
        """Keep something for the next time."""
        self.memory = replace(self.memory, **what)
        if self._memory_file is not None:
            memory, file = self.memory, self._memory_file
            self.on_thread("remember", lambda: memory.save(file), self._say_not_remembered)

    def _say_not_remembered(self, problem: str | None) -> None:
        if problem:
            self.tell_trouble(problem)

    def on_monitor_screen_asked(self, message: MonitorScreen.Asked) -> None:
        self.steering.do(message.wish, message.node)

    def on_remotise_screen_try(self, message: RemotiseScreen.Try) -> None:
        self.remotising.try_place(message.place)

    def on_remotise_screen_start_here(self, message: RemotiseScreen.StartHere) -> None:
        self.remotising.start_here(message.place)

    # --- the file ------------------------------------------------------------------------------------------------

    @property
    def plugin_dirs(self) -> tuple[str, ...]:
        """Those that the file names."""
        return self.document.plugin_dirs() if self.document is not None else ()

    def on_file_saved(self, message: FileSaved) -> None:
        if self.document is not None and message.path == self.document.path:
            self.document.saved_elsewhere(message.content)

    def on_file_lost(self, message: FileLost) -> None:
        if self.document is not None and message.path == self.document.path:
            self.monitor.tell_news(message.text)
            self.tell_trouble(message.text)

    def on_config_editor_changed(self, message: ConfigEditor.Changed) -> None:
        if self.document is not None:
            self.document.check(message.text)

    def on_config_editor_save(self, message: ConfigEditor.Save) -> None:
        if self.document is not None:
            self.document.save(message.text)

    def on_config_editor_open_external(self) -> None:
        if self.document is not None:
            self.document.open_external()

    def close_dialogs(self) -> None:
        """All that lies over the main screen; nothing of it is answered."""
        for screen in reversed(self.screen_stack):
            if screen is self.monitor:
                break
            screen.dismiss(None)

    # --- keys ----------------------------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The keys of the run are for those who see it."""
        return action not in OF_THE_RUN or self.screen is self.monitor

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette."""
        return commands(self, screen)

    def action_attach(self) -> None:
        """Choose among what runs and what could."""
        if self.leaving.may_let_run() and self.leaving.may_lose_nothing():
            self._choosing.ask()

    def on_attach_screen_refresh(self) -> None:
        self._choosing.fill()

    def copy_to_clipboard(self, text: str) -> None:
        """Also says so: whether the terminal takes it is for it to decide."""
        super().copy_to_clipboard(text)
        self.tell(f"{len(text)} characters for the clipboard, if this terminal hands them on")

    def action_help(self) -> None:
        from juturna_tui.screens.help import HelpScreen, sections

        place = str(settings.path())
        self.push_screen(HelpScreen(sections(self.screen), place))

    def action_picture(self) -> None:
        name, svg = f"juturna-{datetime.now():%Y%m%d-%H%M%S}", self.export_screenshot()
        self.on_thread(
            "picture",
            partial(_write_new, name, svg),
            lambda path: self.tell(f"picture: {path}"),
            lambda error: self.tell_trouble(f"the picture cannot be written: {error}"),
        )

    def action_refresh(self, factor: float) -> None:
        """Ask so much more often."""
        self._rate = min(settings.FASTEST, max(settings.SLOWEST, self._rate * factor))
        self.look.refresh(self._rate)
        self.tell(f"{self._rate:.3g} pictures a second")


def _write_new(name: str, svg: str) -> Path:
    """As NAME.svg, or NAME-2.svg … where there is one: nothing is overwritten. Raises OSError."""
    for number in itertools.count(1):
        path = Path(f"{name}-{number}.svg" if number > 1 else f"{name}.svg").absolute()
        with suppress(FileExistsError), open(path, "x", encoding="utf-8") as file:
            file.write(svg)
            break
    return path
