"""The screen on which it is typed where a node is to run.

It asks nobody anything: it posts `Try` and `StartHere`, and is told with `tried`, `preview` and `started`. What it is
told about a place that is not the one typed now is ignored.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import Input, Label, Static

from juturna_core.cells import printable
from juturna_core.control.api import NodeDescription, Probe
from juturna_tui.screens.dialog import Dialog
from juturna_tui.screens.remotise.place import CHECKS, command
from juturna_tui.screens.remotise.report import Report, Told
from juturna_tui.settings import Place
from juturna_tui.widgets.field import Field
from juturna_tui.widgets.key_bar import KeyBar

PAUSE: Final = 0.25
"""Seconds without a key before a place is tried."""
AGAIN: Final = 2.0
"""Seconds before a place where nothing answers is tried again: the remote is perhaps being started."""


class RemotiseScreen(Dialog[Place | None]):
    """Dismissed with the place that is to be written and switched to, None when it is cancelled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "write", "write and switch", id="remotise.write"),
        Binding("ctrl+y", "screen.copy", "copy command", id="remotise.copy"),
        Binding("ctrl+s", "screen.start", "start it here", id="remotise.start"),
        Binding("escape", "dismiss", "cancel", id="remotise.cancel"),
        Binding("tab", "app.focus_next", "next field", show=False, id="remotise.next"),
        Binding(
            "shift+tab", "app.focus_previous", "last field", show=False, id="remotise.previous"
        ),
    ]
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (66, "-wide")]  # noqa: RUF012 - no ClassVar where it comes from

    DEFAULT_CSS = """
    RemotiseScreen { align: center middle; }
    RemotiseScreen > VerticalScroll {
        width: 100%;
        max-width: 100;
        height: 1fr;
        padding: 0 1;
        background: $surface;
        border: round $accent;
        scrollbar-size-vertical: 1;
    }
    RemotiseScreen #said {
        width: 100%;
        max-width: 100;
        height: auto;
        max-height: 40%;
        padding: 0 2;
        background: $surface;
        text-style: bold;
        display: none;
    }
    RemotiseScreen KeyBar { dock: bottom; }
    RemotiseScreen.-narrow > VerticalScroll { border: none; }
    RemotiseScreen .row { height: auto; }
    RemotiseScreen.-wide .row { layout: horizontal; }
    RemotiseScreen .row Label { width: 10; text-style: bold; }
    RemotiseScreen Field { width: 1fr; max-width: 40; }
    RemotiseScreen Field:focus { text-style: underline; }
    RemotiseScreen .wrong { width: 1fr; height: auto; color: $text-error; }
    RemotiseScreen.-wide .wrong { margin-left: 1; }
    RemotiseScreen.-narrow .wrong.-fine { display: none; }
    RemotiseScreen Report { height: auto; margin-top: 1; border-left: blank; }
    RemotiseScreen Report:focus { border-left: thick $accent; }
    """

    class Try(Message):
        """Somebody should look at `place` and say what is there, and what the file would say."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    class StartHere(Message):
        """The remote is to be started on this machine."""

        def __init__(self, place: Place) -> None:
            super().__init__()
            self.place = place

    def __init__(
        self, node: NodeDescription, start: Place, plugin_dirs: Sequence[str], pipeline: str
    ) -> None:
        super().__init__()
        self.node = node
        self.start = start
        self.plugin_dirs = tuple(plugin_dirs)
        self.pipeline = pipeline
        self.typed: Place | None = None
        """What is in the fields; None while it is no place."""
        self.told = Told()
        self._texts: tuple[str, ...] = ()
        self._timer: Timer | None = None

    # --- what it is told ---------------------------------------------------------------------------------------------

    def tried(self, place: Place, probe: Probe | None, problem: str = "") -> None:
        """What was found at `place`; without a probe, why not."""
        if self.answered or place != self.typed:
            return
        self.told = Told(probe, problem, self.told.lines, self.told.no_lines)
        self._show()
        if probe is None or not probe.reachable:
            self._try_in(AGAIN)

    def preview(self, place: Place, lines: Sequence[str], problem: str = "") -> None:
        """The lines of the file that would change, behind "-" and "+"."""
        if self.answered or place != self.typed:
            return
        self.told = Told(self.told.probe, self.told.no_probe, tuple(lines), problem)
        self._show()

    def started(self, text: str) -> None:
        """What came of starting the remote here."""
        if self.answered:
            return
        self._say(text)
        self._try_in(PAUSE)

    # --- compose -----------------------------------------------------------------------------------------------------

    def compose(self) -> ComposeResult:
        texts = (self.start.host, str(self.start.port), f"{self.start.timeout:.12g}")
        with VerticalScroll(can_focus=False) as box:
            box.border_title = Content(f"where {printable(self.node.name)} runs")
            for name, text in zip(CHECKS, texts, strict=True):
                with Widget(classes="row"):
                    yield Label(name)
                    yield Field(printable(text), id=name, compact=True)
                    yield Static(classes="wrong -fine")
            yield Report()
        yield Static(id="said")
        yield KeyBar()

    def on_mount(self) -> None:
        self._read()

    def on_input_changed(self, event: Input.Changed) -> None:
        event.stop()
        self._read()

    def _read(self) -> None:
        """Take what is typed, say what is wrong with it, and have it tried after a pause."""
        if self.answered:
            return
        texts = tuple(field.value.strip() for field in self.query(Field))
        if texts == self._texts:
            return
        self._texts = texts
        problems = self._problems()
        for text, note in zip(problems.values(), self.query(".wrong").results(Static), strict=True):
            note.update(Content(f"! {text}" if text else ""))
            note.set_class(not text, "-fine")
        host, port, timeout = texts
        self.typed = None if any(problems.values()) else Place(host, int(port), float(timeout))
        self.told = Told()
        self._say("")
        self._try_in(PAUSE)
        self._show()

    def _problems(self) -> dict[str, str]:
        checks = zip(CHECKS.items(), self._texts, strict=True)
        return {name: check(text) for (name, check), text in checks}

    def _first_problem(self) -> tuple[str, str]:
        return next(each for each in self._problems().items() if each[1])

    def _try_in(self, seconds: float) -> None:
        if self._timer is not None:
            self._timer.stop()
        if (place := self.typed) is not None:
            self._timer = self.set_timer(seconds, lambda: self.post_message(self.Try(place)))

    # --- the report --------------------------------------------------------------------------------------------------

    def _say(self, text: str) -> None:
        said = self.query_one("#said", Static)
        said.update(Content(printable(text)))
        said.display = bool(text)

    def _show(self) -> None:
        line, why_not = self._line()
        self.query_one(Report).tell(self.node, self.typed, self.told, line or why_not)

    def _line(self) -> tuple[str, str]:
        """The command, or why there is none."""
        if self.typed is None:
            return "", ": ".join(self._first_problem())
        if not self.node.mark:
            return "", "a node that is named by its class has no mark to serve it by"
        return command(self.node, self.typed, self.plugin_dirs, self.pipeline), ""

    # --- actions -----------------------------------------------------------------------------------------------------

    def action_write(self) -> None:
        self._read()  # what was typed last may not have been told yet
        if self.typed is not None:
            self.dismiss(self.typed)
            return
        name, problem = self._first_problem()
        self._say(f"not written. {name}: {problem}")
        self.query_one(f"#{name}").focus()

    def action_copy(self) -> None:
        self._read()
        line, why_not = self._line()
        if line:
            self.app.copy_to_clipboard(line)
        self._say("the command is copied" if line else f"nothing copied. {why_not}")

    def action_start(self) -> None:
        self._read()
        line, why_not = self._line()
        if line and self.typed is not None:
            self.post_message(self.StartHere(self.typed))
        self._say("starting…" if line else f"not started. {why_not}")
