"""The pane: what is typed, what is on disk, and when there is something to ask."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar, Self

from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.timer import Timer
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from juturna_core.cells import printable
from juturna_core.errors import Problem, location
from juturna_tui.widgets.config_editor.bar import LEAVE, OUTDATED, Bar, Question
from juturna_tui.widgets.config_editor.source import SIGNS, Source
from juturna_tui.widgets.config_editor.text import Form
from juturna_tui.widgets.options import Options


class ConfigEditor(Vertical):
    """The pane: `show` it the file, answer `Changed` with `set_problems` and `Save` with `saved`.

    What is typed is never lost without a question: `show` while something is not saved is `outdated`, and after
    a text from elsewhere has taken the place of one that was typed, undo brings that back.
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("e", "edit", "edit", id="config.edit"),
        Binding("E", "external", "edit in $EDITOR", id="config.external"),
        Binding("ctrl+s", "save", "save", id="config.save"),
        Binding("escape", "leave", "leave", id="config.leave"),
        Binding("f8,right_square_bracket", "problem(1)", "next problem", id="config.problem.next"),
        Binding(  # f20 is how terminals without the kitty protocol send shift+f8
            "shift+f8,f20,left_square_bracket",
            "problem(-1)",
            "previous problem",
            id="config.problem.previous",
        ),
        Binding("y", "copy", "copy", id="config.copy", show=False),
        Binding("ctrl+home", "go(0)", "begin", id="config.begin", show=False),
        Binding("ctrl+end", "go(1)", "end", id="config.end", show=False),
    ]
    DEFAULT_CSS = """
    ConfigEditor {
        #difference { display: none; }
        #notes {
            border: none; padding: 0; text-wrap: nowrap; text-overflow: ellipsis; display: none;
            & > .option-list--option { padding: 0; }
            & > .option-list--option-highlighted { text-style: underline; }
            &:focus { border: none; & > .option-list--option-highlighted { text-style: bold underline; } }
        }
    }
    """
    DEBOUNCE: ClassVar[float] = 0.15
    """Seconds without typing after which `Changed` is sent."""
    QUIET: ClassVar[float] = 1.0
    """Seconds without typing after which a question that came by itself takes the keys."""

    editing: reactive[bool] = reactive(False, init=False)
    runs: reactive[bool] = reactive(False, init=False)
    """Whether a pipeline runs that follows the file."""
    absent: reactive[bool] = reactive(False, init=False)
    """Whether there is no file here that could be shown."""

    @dataclass
    class Changed(Message):
        """The text is another one, and typing has paused: what is wrong with it, and what would it change?"""

        text: str

    @dataclass
    class Save(Message):
        """This is to be written to the file."""

        text: str

    class OpenExternal(Message):
        """The file is to be opened in `$EDITOR`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source = Source(id="source")
        self._difference = Source(id="difference", show_line_numbers=False)
        self._difference.can_focus = False
        self._notes = Options(id="notes", markup=False)
        self._bar = Bar()
        self._form = Form()
        self._disk = self._reported = ""
        self._problems: tuple[Problem, ...] = ()
        self._changes: tuple[str, ...] = ()
        self._timer: Timer | None = None
        self._quiet_at = 0.0
        self._leaving = False  # as soon as what was sent with Save is on disk

    @property
    def text(self) -> str:
        """The file with what was typed, its line ends and its byte order mark."""
        return self._form.wrap(self._source.text)

    @property
    def dirty(self) -> bool:
        """Is there something that is not on disk?"""
        return self.text != self._disk

    def show(self, text: str, problems: Sequence[Problem] = ()) -> None:
        """The file is this now. The cursor stays in its line."""
        if self.dirty:
            self.outdated(text)
        else:
            self._load(text)
            self.set_problems(problems)

    def set_problems(self, problems: Sequence[Problem], changes: Sequence[str] = ()) -> None:
        """What is wrong with the text, and what saving it would change, each in words."""
        self._problems = tuple(sorted(problems, key=lambda p: (p.line or 0, p.column or 0)))
        self._changes = tuple(changes)
        self._source.mark(self._problems)
        self._tell()

    def go_to(self, line: int, column: int = 1) -> None:
        """Bring this place into view, or the nearest that there is, and the cursor there."""
        self._source.move_cursor((max(0, line - 1), max(0, column - 1)), center=True)
        self._source.focus()

    def saved(self, text: str) -> None:
        """`text` is on disk. What was typed since is not."""
        self._disk = text
        self._changes = ()
        if not self.dirty and self._timer is not None:
            self._timer.stop()  # who saves it checks it; asked later, it would hide that it is refused
        if not self.dirty or self._bar.question is OUTDATED:
            self._ask(None)
        if self._leaving and not self.dirty:
            self._leave()
        self._tell()

    def outdated(self, theirs: str) -> None:
        """The file was written by someone else: taken over, or asked about when something is not saved here."""
        if not self.dirty:
            self._load(theirs)
            self._report()
            return
        self._disk = theirs
        self._ask(OUTDATED if self.dirty else None)
        self._quiet_at = monotonic() + self.QUIET
        self._attend()
        self._tell()

    @property
    def entrance(self) -> Source | Bar:
        """The part that is to have the keys: the question, if there is one."""
        return self._source if self._bar.question is None else self._bar

    def focus(self, scroll_visible: bool = True) -> Self:
        self.entrance.focus(scroll_visible)
        return self

    def compose(self) -> ComposeResult:
        yield self._source
        yield self._difference
        yield self._notes
        yield self._bar

    def on_mount(self) -> None:
        self._tell()

    def on_resize(self, event: events.Resize) -> None:
        self._notes.styles.max_height = max(1, min(5, event.size.height // 3))

    @on(TextArea.Changed)
    def _schedule(self, event: TextArea.Changed) -> None:
        event.stop()
        if self._timer is not None:
            self._timer.stop()
        if self.text != self._reported:
            self._quiet_at = monotonic() + self.QUIET
            self._timer = self.set_timer(self.DEBOUNCE, self._report)
        self._tell()

    @on(OptionList.OptionSelected)
    def _visit(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        if event.option_index < len(self._problems):
            problem = self._problems[event.option_index]
            if problem.line is not None:
                self.go_to(problem.line, problem.column or 1)

    @on(Bar.Answered)
    def _act(self, event: Bar.Answered) -> None:
        event.stop()
        if event.answer == "look":
            self._look()
            return
        if event.answer == "back" and self._difference.display:
            self._ask(self._bar.question)  # the text again, and the question still
            return
        if event.answer != "back" or self._bar.question is LEAVE:
            self._ask(None)
        self._source.focus()
        if event.answer == "save":
            self._leaving = True
            self.post_message(self.Save(self.text))
        elif event.answer in ("theirs", "discard"):
            self._load(self._disk)
            self._report()
            if event.answer == "discard":
                self._leave()

    @on(Bar.Scrolled)
    def _scroll(self, event: Bar.Scrolled) -> None:
        """The question has the keys while what differs is read: it can be answered there."""
        event.stop()
        self._difference.scroll_relative(y=event.rows, animate=False)

    def watch_editing(self, editing: bool) -> None:
        self._source.read_only = not editing
        self._source.cursor_blink = editing  # who only looks at a pipeline pays for no blinking
        if editing:
            self._source.focus()
        self.refresh_bindings()
        self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "edit" | "external" | "copy":
                return not self.editing and not self.absent
            case "save":
                return self.editing
            case "leave":
                return self.editing
            case "problem":
                return any(problem.line is not None for problem in self._problems)
        return True

    def watch_runs(self) -> None:
        self._tell()

    def watch_absent(self) -> None:
        self.refresh_bindings()
        self._tell()

    def action_edit(self) -> None:
        self.editing = not self.absent

    def action_external(self) -> None:
        self.post_message(self.OpenExternal())

    def action_copy(self) -> None:
        """What is marked, or all of the file."""
        self.app.copy_to_clipboard(self._source.selected_text or self.text)

    def action_save(self) -> None:
        if self._bar.question is OUTDATED:
            self._bar.focus()  # saving would be an answer that nobody gave
        elif self.dirty:
            self._ask(None)
            self._leaving = False
            self.post_message(self.Save(self.text))

    def action_leave(self) -> None:
        if self._bar.question is not None:
            self._bar.focus()
        elif self.dirty:
            self._ask(LEAVE)
            self.screen.set_focus(self._bar)  # at once: the next key is an answer
        else:
            self._leave()

    def action_go(self, end: int) -> None:
        """To the first character of the text, or behind the last one."""
        self._source.move_cursor(self._source.document.end if end else (0, 0))

    def action_problem(self, step: int) -> None:
        """The next one below the cursor, or above it; round the ends."""
        row, column = self._source.cursor_location
        here = (row + 1, column + 1)
        places = sorted({(p.line, p.column or 1) for p in self._problems if p.line is not None})
        ahead = [place for place in places if (place > here if step > 0 else place < here)]
        self.go_to(*(ahead or places)[0 if step > 0 else -1])

    def _load(self, text: str) -> None:
        """Have `text`, which is on disk, in place of what is here."""
        self._disk = text
        self._changes = ()
        if text != self.text:
            source, self._form = self._source, Form.of(text)
            place, top = source.cursor_location, source.scroll_offset.y
            source.indent_by(self._form.indent)
            if source.history.undo_stack:  # something was typed here once: it can be had back
                source.replace(self._form.strip(text), (0, 0), source.document.end)
            else:
                source.load_text(self._form.strip(text))
            source.move_cursor(place)
            source.scroll_to(y=top, animate=False)
        self._reported = text
        self._tell()

    def _report(self) -> None:
        self._reported = self.text
        self.post_message(self.Changed(self._reported))

    def _ask(self, question: Question | None) -> None:
        """Put a question, or none, and have the text back in view."""
        if question is None and self._bar.has_focus:
            self._source.focus()
        self._difference.display = False
        self._source.display = True
        self._bar.question = question

    def _attend(self) -> None:
        """Let the question have the keys, but none of those that one types on with while it comes."""
        if (wait := self._quiet_at - monotonic()) > 0:
            self.set_timer(wait, self._attend)
        elif self._bar.question is not None and self._source.has_focus:
            self._bar.focus()

    def _look(self) -> None:
        """Show what differs; of large files that takes more than a second, on a thread."""
        theirs = Form.of(self._disk).strip(self._disk).split("\n")
        yours = self._source.text.split("\n")
        names = "theirs, on disk", "yours, not saved"

        def compare() -> None:
            lines = difflib.unified_diff(theirs, yours, *names, lineterm="")
            text = "\n".join(lines) or "They differ in line ends only."
            self.app.call_from_thread(self._difference.load_text, text)

        self._difference.load_text("comparing…")
        self.run_worker(compare, thread=True, exclusive=True, group="difference")
        self._difference.display = True
        self._source.display = False
        self._bar.focus()

    def _leave(self) -> None:
        self.editing = False

    def _tell(self) -> None:
        """Say in the bar how things are, and above it what is wrong and what would change."""
        errors = sum(problem.severity == "error" for problem in self._problems)
        count = f"{errors} error{'s' if errors > 1 else ''}"
        dirty = self.dirty
        if self.absent:
            status = "the file is not on this machine: what w, r and u do is written there"
        elif dirty:
            status = f"not saved · {count}" if errors else "not saved"
        elif errors:
            status = f"saved with {count}" + (": the old pipeline runs on" if self.runs else "")
        elif self.runs and self._changes:
            status = "saved · what runs is another one: R has it taken"
        elif self.runs:
            status = "saved · what is written is what runs"
        else:  # while one edits x is a letter
            status = "saved · esc, then x runs it" if self.editing else "saved · x runs it"
        if warnings := len(self._problems) - errors:
            status += f" · {warnings} warning{'s' if warnings > 1 else ''}"
        self._bar.status = f"editing · {status}" if self.editing else status
        rows = list(map(note, self._problems))
        rows += [Content(f"would change: {printable(change)}") for change in self._changes]
        if rows != [option.prompt for option in self._notes.options]:
            self._notes.set_options(Option(row) for row in rows)
            self._notes.can_focus = self._notes.display = bool(rows)


def note(problem: Problem) -> Content:
    """Where it is, what is wrong, and what may help."""
    where = location(None, problem.line, problem.column)
    colour = f"$text-{problem.severity}"
    return Content.assemble(
        (SIGNS[problem.severity], f"bold {colour}"),
        f" {where}{' ' if where else ''}{printable(problem.message)}",
        (f"  {printable(problem.hint)}" if problem.hint else "", "$text-muted"),
    )
