"""The workbench: which run is looked at, from its start to its end, and the keys that belong to all of it.

Widgets show values and post what is wanted. What is wanted is done here and in `steering` and `document`, always by
`ask` or `on_thread`: nothing on the screen's own thread ever waits for another process or a disk.
"""

from __future__ import annotations

import asyncio
import signal
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.filter import Monochrome, NoColor
from textual.message import Message
from textual.screen import Screen

from juturna_core.control.api import Control, Description, Gone
from juturna_core.errors import JuturnaError, did_you_mean
from juturna_tui import runs, settings, view
from juturna_tui.document import Document
from juturna_tui.feed import Feed
from juturna_tui.messages import EventsCame, FileSaved, RunEnded, Silent
from juturna_tui.runtime import Runtime
from juturna_tui.screens.monitor import MonitorScreen
from juturna_tui.settings import Memory, Settings
from juturna_tui.steering import Steering
from juturna_tui.widgets.config_editor import ConfigEditor
from juturna_tui.widgets.log_view import Line

if TYPE_CHECKING:
    from juturna_tui.screens.attach import Choice
    from juturna_tui.screens.remotise import RemotiseScreen

T = TypeVar("T")

HINT = (
    "arrows select a node; w moves it to its remote and back; e edits the file; ? explains the rest"
)


class Workbench(App[None]):
    """`run` is what is looked at from the beginning, `file` the pipeline file where it is on this machine.

    Without either it asks what to open. `about` is drawn until the run has said what it is. `complaints` are about the
    settings, and shown.
    """

    TITLE = "juturna"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "x",
            "stop_or_start",
            "stop/start",
            id="run.stop",
            show=False,
            tooltip="stop the pipeline, or start it",
        ),
        Binding(
            "a",
            "attach",
            "attach",
            id="run.attach",
            show=False,
            tooltip="look at another pipeline, or open a file",
        ),
        Binding(
            "d",
            "detach",
            "detach",
            id="run.detach",
            show=False,
            tooltip="leave, and let the pipeline run on",
        ),
        Binding(
            "p",
            "picture",
            "picture",
            id="app.picture",
            show=False,
            tooltip="save the screen as a picture (SVG)",
        ),
        Binding(
            "plus,equals_sign",
            "refresh(2)",
            "faster",
            id="app.faster",
            show=False,
            tooltip="more pictures a second",
        ),
        Binding(
            "minus",
            "refresh(0.5)",
            "slower",
            id="app.slower",
            show=False,
            tooltip="fewer pictures a second",
        ),
        Binding(
            "question_mark",
            "help",
            "help",
            id="app.help",
            tooltip="the keys that do something here",
        ),
        Binding(
            "ctrl+p",
            "command_palette",
            "palette",
            id="app.command_palette",
            tooltip="find anything by its name",
        ),
        Binding(
            "q,ctrl+c,ctrl+q",
            "quit",
            "quit",
            id="app.quit",
            tooltip="stop what was started here, and leave; twice: at once",
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
        self.memory = memory or Memory(hint_seen=True)
        self.parting = ""
        """What to tell once the terminal is the person's again."""
        self.document: Document | None = None
        self.steering = Steering(self)
        self._run = run
        self._feed: Feed | None = None
        self._rate = self.settings.refresh
        self._file, self._memory_file, self._complaints = file, memory_file, complaints
        self._over = run is None
        self._silent = False
        self._code = 0  # of what ran here last; 1 for a signal
        self._quitting = False
        self.monitor = self._fresh_monitor(
            about or view.preview({}, ""), "starting" if run else "stopped"
        )

    def _fresh_monitor(self, about: Description, state: str) -> MonitorScreen:
        return MonitorScreen(view.still(about, state), ascii=self.settings.ascii)

    # --- life ----------------------------------------------------------------------------------------------------

    def on_load(self) -> None:
        self.theme = self.settings.theme
        self.set_keymap(self.settings.keymap)

    def on_mount(self) -> None:
        for number in (signal.SIGTERM, signal.SIGHUP):
            with suppress(NotImplementedError, ValueError, RuntimeError):  # not on the main thread
                asyncio.get_running_loop().add_signal_handler(number, self._signalled, number)
        self.push_screen(self.monitor)
        self.call_after_refresh(self._begin)

    def _begin(self) -> None:
        """The first picture is there: now for all that takes longer."""
        if self._file is not None:
            self._open_document(self._file)
        if self._run is not None:
            self.look_at(self._run)
        elif self.document is not None:
            self.document.go_to_first_error()
        else:
            self.action_attach()
        for each in (*self._complaints, *self._unknown_keys()):
            self.tell_trouble(each)
        if not self.memory.hint_seen:
            self.notify(HINT, title="first time here?", timeout=20, markup=False)
            self.remember(hint_seen=True)

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
        self._let_go()
        self.exit(return_code=128 + number)

    async def action_quit(self) -> None:
        """Have what was started here drain and end; once more: at once. What others have started runs on."""
        run = self._run
        if isinstance(run, runs.OwnRun) and not self._over:
            if not self._quitting:
                self._quitting = True
                self.monitor.status.word = "stopping (q once more forces)"
                run.stop()
                return
            run.kill()
            self._let_go()
            self.exit(return_code=1)
        else:
            self._let_go()
            self.exit(return_code=self._code)

    def action_detach(self) -> None:
        """Leave, and what runs stays."""
        run = self._run
        if run is None or self._over or not run.address:
            self.tell_trouble("nothing runs that could be left behind")
            return
        self.parting = f"the pipeline runs on: juturna-tui --attach {run.address}"
        if isinstance(run, runs.OwnRun):
            self.parting += f"\nit prints to {run.output_path}"
        self._let_go(keep=True)
        self.exit(return_code=0)

    def on_unmount(self) -> None:
        self._let_go()
        self.steering.close()

    def _let_go(self, *, keep: bool = False) -> None:
        """Look at nothing any more. One's own run ends, unless it is to be kept."""
        run, feed, document = self._run, self._feed, self.document
        self._run = self._feed = self.document = None
        self._over = True
        if feed is not None:
            feed.stop()
        if run is not None:
            run.close(keep=keep)
        if document is not None:
            document.close()

    # --- the run -------------------------------------------------------------------------------------------------

    def look_at(self, run: runs.Run) -> None:
        """Show what `run` says from now on."""
        self._run, self._over, self._silent, self._code = run, False, False, 0
        self.monitor.status.word = "starting"
        self.monitor.status.trouble = self.monitor.status.news = ""
        self._feed = Feed(run, self._post, 1 / self._rate)
        self._feed.start()

    def _post(self, message: Message) -> None:
        self.monitor.post_message(message)  # what is not for it comes on to the app

    @property
    def answers(self) -> bool:
        """Whether there is a pipeline that can be asked."""
        return not self._over and self._feed is not None and self._feed.control is not None

    def on_connected(self) -> None:
        if self._silent:
            self._silent = False
            self.monitor.status.news = ""
        self.monitor.status.word = ""

    def on_silent(self, message: Silent) -> None:
        if not self._over:
            self._silent = True
            self.monitor.status.word = "not answering"
            self.monitor.status.news = message.text

    def on_frame_came(self) -> None:
        self._look_for_file()
        if self.monitor.wants_messages:
            self.steering.peek(self.monitor.selected)

    def on_events_came(self, message: EventsCame) -> None:
        """News for the first line."""
        monitor = self.monitor
        for event in message.events:
            at = datetime.fromtimestamp(event.time).strftime("%H:%M:%S")
            if event.kind == "refused":
                monitor.refused = f"{event.text}: the old pipeline runs on"
            elif event.kind in ("applied", "mended", "started"):
                monitor.refused = ""
            if event.kind == "started":
                monitor.status.news = ""
            elif event.kind == "applied":
                monitor.status.news = f"reload ok {at}: {event.text}"
            elif event.kind in ("mended", "failed", "unfinished"):
                monitor.status.news = f"{event.kind} {at}: {event.text}"

    def on_run_ended(self, message: RunEnded) -> None:
        if message.run is not self._run:
            return  # one that was on the screen before
        self._over = True
        if self._feed is not None:
            self._feed.stop()
        code = message.code
        self._code = 1 if code is not None and code < 0 else code or 0
        if self._quitting:
            self.parting = f"juturna run: {message.text}" if code else ""
            self._let_go()
            self.exit(return_code=self._code)
            return
        monitor = self.monitor
        again = "x starts it" if self.document is not None else "a looks for another"
        text = f"{message.text}; {again}"
        monitor.status.word = "stopped"
        started = monitor.frame.about.revision > 0
        monitor.show(view.ended(monitor.frame))
        if code in (0, 1):
            monitor.status.news = text
            monitor.log_view.extend([Line(time.time(), "INFO", "", text)])
        elif code == 2 and not started and self.document is not None:
            self.document.go_to_first_error(otherwise=lambda: self._crashed(text))
        else:
            self._crashed(text)

    def _crashed(self, text: str) -> None:
        self.monitor.status.trouble = text
        self.monitor.log_view.extend([Line(time.time(), "ERROR", "", text)])
        self.monitor.action_pane("log")

    def action_stop_or_start(self) -> None:
        run = self._run
        gone = self._silent and not isinstance(run, runs.OwnRun)
        if run is None or self._over or gone:
            self._start()
        elif isinstance(run, runs.OwnRun):
            self.monitor.status.word = "stopping"
            run.stop()
        elif self.monitor.frame.state == "running":
            self._stop_another()
        else:
            self.ask("start", lambda control: control.start())

    def _stop_another(self) -> None:
        from juturna_tui.screens.confirm import ConfirmScreen

        def decide(answer: str | None) -> None:
            if answer:
                self.ask("stop", lambda control: control.stop(keep=True))

        question = (
            "Stop a pipeline that was not started here? It drains first, and x starts it again."
        )
        self.push_screen(ConfirmScreen(question, (("s", "stop it", "stop"),)), decide)

    def _start(self) -> None:
        """Run the file in a new process."""
        if self.document is None:
            self.action_attach()
            return
        if self._feed is not None:
            self._feed.stop()
        if self._run is not None:
            self._run.close()
        try:
            pipeline = self.monitor.frame.about.name
            self.look_at(runs.OwnRun(Runtime(self.document.path), pipeline))
        except JuturnaError as error:
            self.tell_trouble(str(error))

    # --- doing things --------------------------------------------------------------------------------------------

    def ask(
        self,
        doing: str,
        work: Callable[[Control], T],
        then: Callable[[T], object] = lambda found: None,
        failed: Callable[[JuturnaError], object] | None = None,
    ) -> None:
        """Have `work` done with the pipeline on a thread; `then` or `failed` get here what comes of it."""
        control = self._feed.control if self._feed is not None else None
        if control is None or self._over:
            trouble = JuturnaError(f"{doing}: no pipeline runs", hint="x starts it")
            failed(trouble) if failed is not None else self.tell_trouble(str(trouble))
            return
        asked: Control = control
        self.on_thread(doing, lambda: work(asked), then, failed)

    def on_thread(
        self,
        doing: str,
        work: Callable[[], T],
        then: Callable[[T], object] = lambda found: None,
        failed: Callable[[JuturnaError], object] | None = None,
    ) -> None:
        """The same for work that asks no pipeline. What cannot be read or written (OSError) is an error like others."""

        async def wait() -> None:
            try:
                found = await asyncio.to_thread(work)
            except (JuturnaError, OSError) as error:
                told = error if isinstance(error, JuturnaError) else JuturnaError(str(error))
                if failed is not None:
                    failed(told)
                elif not (isinstance(told, Gone) and self._over):  # its end is told already
                    self.tell_trouble(f"{doing}: {told}")
            else:
                then(found)

        self.run_worker(wait(), name=doing)

    def tell(self, text: str) -> None:
        self.notify(text, markup=False, timeout=6)

    def tell_trouble(self, text: str) -> None:
        """What went wrong: over the screen for a while, and in the log for good."""
        self.notify(text, markup=False, severity="error", timeout=12)
        self.monitor.log_view.extend([Line(time.time(), "ERROR", "", text)])

    def remember(self, **what: Any) -> None:
        """Keep something for the next time."""
        self.memory = replace(self.memory, **what)
        if self._memory_file is not None:
            memory, file = self.memory, self._memory_file
            self.on_thread("remember", lambda: memory.save(file))

    def on_monitor_screen_asked(self, message: MonitorScreen.Asked) -> None:
        self.steering.do(message.wish, message.node)

    def on_remotise_screen_try(self, message: RemotiseScreen.Try) -> None:
        self.steering.look_at(message.place)

    def on_remotise_screen_start_here(self, message: RemotiseScreen.StartHere) -> None:
        self.steering.start_here(message.place)

    # --- the file ------------------------------------------------------------------------------------------------

    @property
    def plugin_dirs(self) -> tuple[str, ...]:
        """Those that the file names."""
        return self.document.plugin_dirs() if self.document is not None else ()

    def _open_document(self, file: Path) -> None:
        self.document = Document(self, file)
        self.monitor.status.file = self.document.name
        self.document.open()

    def _look_for_file(self) -> None:
        """What runs has a file: where it is on this machine, it is shown and can be edited."""
        file = self.monitor.frame.about.file
        if self.document is None and file and Path(file).is_file():
            self._open_document(Path(file))

    def on_file_saved(self, message: FileSaved) -> None:
        if self.document is not None and message.path == self.document.path:
            self.document.saved_elsewhere(message.content)

    def on_config_editor_changed(self, message: ConfigEditor.Changed) -> None:
        if self.document is not None:
            self.document.check(message.text)

    def on_config_editor_save(self, message: ConfigEditor.Save) -> None:
        if self.document is not None:
            self.document.save(message.text)
        else:
            self.tell_trouble("there is no file on this machine to save to")

    def on_config_editor_open_external(self) -> None:
        if self.document is not None:
            self.document.open_external()
        else:
            self.tell_trouble("there is no file on this machine to edit")

    # --- keys ----------------------------------------------------------------------------------------------------

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        """The palette: everything that a key does where the focus is, and the themes."""
        seen = set()
        for node, binding, enabled, _ in screen.active_bindings.values():
            if enabled and binding.description and binding.id and binding.action not in seen:
                seen.add(binding.action)
                about = f"{binding.tooltip or binding.description} (key {self.get_key_display(binding)})"
                run = partial(self.run_action, binding.action, node)
                yield SystemCommand(binding.description, about, run)
        yield SystemCommand("theme", "choose the colours", self.action_change_theme)

    def action_attach(self) -> None:
        """Choose among what runs and what could."""
        from juturna_tui.screens.attach import AttachScreen

        self.push_screen(AttachScreen(Path.cwd()), self._chosen)

    def on_attach_screen_refresh(self) -> None:
        from juturna_tui.screens.attach import AttachScreen, pipeline_files

        for screen in self.screen_stack:
            if isinstance(screen, AttachScreen):
                self.on_thread("look", runs.running, screen.show_running)
                self.on_thread("look", lambda: pipeline_files(Path.cwd()), screen.show_files)

    def _chosen(self, choice: Choice | None) -> None:
        if choice is None:
            if self._run is None and self.document is None:
                self.exit(return_code=0)
            return
        if isinstance(self._run, runs.OwnRun) and not self._over:
            self.tell(f"what was on the screen runs on: --attach {self._run.address}")
        self._let_go(keep=True)
        about = view.preview_of(choice.file) if choice.file else view.preview({}, "")
        self.monitor = self._fresh_monitor(about, "starting")
        self.switch_screen(self.monitor)
        if choice.file is not None:
            self._open_document(choice.file)
            self._start()
        elif choice.address is not None:
            self.on_thread("attach", lambda: runs.found(choice.address or ""), self.look_at)

    def action_help(self) -> None:
        from juturna_tui.screens.help import HelpScreen, sections

        place = str(settings.path())
        self.push_screen(HelpScreen(sections(self.screen), place, self.settings.ascii))

    def action_picture(self) -> None:
        name = f"juturna-{datetime.now():%Y%m%d-%H%M%S}.svg"
        try:
            path = self.save_screenshot(name, path=".")
        except OSError as error:
            self.tell_trouble(f"the picture cannot be written: {error.strerror}")
        else:
            self.tell(f"picture: {path}")

    def action_refresh(self, factor: float) -> None:
        """Ask so much more often."""
        self._rate = min(settings.FASTEST, max(settings.SLOWEST, self._rate * factor))
        if self._feed is not None:
            self._feed.refresh(1 / self._rate)
        self.tell(f"{self._rate:.3g} pictures a second")
