"""The pipeline's JSON file in a pane: shown, edited, checked while one types.

`ConfigEditor` puts together `Source` (the text), a list of what is wrong or would change, and `Bar` (one row: how
things are, or a question). `Form` and `Lines` see to it that every character of the file that nobody typed over
stays, line ends and byte order mark among them. Nothing here reads or writes a file. Lines and columns that come
from outside, as a `Problem`'s, count from 1; Textual's count from 0.
"""

from __future__ import annotations

import difflib
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic
from typing import ClassVar, Self

from rich.segment import Segment
from rich.style import Style
from rich.text import Text
from textual import events, on
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.document._document import Document, EditResult, Location
from textual.document._document_navigator import DocumentNavigator
from textual.document._wrapped_document import WrappedDocument
from textual.message import Message
from textual.reactive import reactive
from textual.strip import Strip
from textual.style import Style as ContentStyle
from textual.timer import Timer
from textual.widget import Widget
from textual.widgets import OptionList, TextArea
from textual.widgets.option_list import Option

from juturna_core.cells import printable, width
from juturna_core.errors import Problem, location

LARGEST = 2_000_000
"""Characters that a text may have by pasting; a megabyte of 42 000 lines takes half a second."""
COLOURED = 10_000
"""Characters of one line that get colours: a file of one long line is drawn as fast as any."""
SIGNS = {"error": "✖", "warning": "▲"}

_BOM = "\ufeff"
_INDENT = re.compile(r"^(\t| {1,8})(?=\S)", re.MULTILINE)
_TOKEN = re.compile(
    r'(?P<key>"[^"\\]*(?:\\.[^"\\]*)*"(?=\s*:))'
    r'|(?P<string>"[^"\\]*(?:\\.[^"\\]*)*"?)'
    r"|(?P<number>-?\d[\w.+-]*)"
    r"|(?P<literal>\b(?:true|false|null)\b)"
    r"|(?P<brace>[][{}:,])"
)
"""One line is enough to know what a character is: strings of JSON do not go on in the next."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a file has around its text: byte order mark, line ends; and the unit that it is indented by."""

    bom: str = ""
    newline: str = "\n"
    indent: str = "  "

    @classmethod
    def of(cls, text: str) -> Self:
        """A file with line ends of both kinds is one of `\\n`, whose `\\r` are characters like others."""
        windows = text.count("\r\n")
        indent = _INDENT.search(text)
        return cls(
            bom=_BOM if text.startswith(_BOM) else "",
            newline="\r\n" if windows and windows == text.count("\n") else "\n",
            indent=indent[1] if indent else "  ",
        )

    def strip(self, text: str) -> str:
        """The text of the file `text`, with `\\n` only."""
        return text.removeprefix(self.bom).replace(self.newline, "\n")

    def wrap(self, text: str) -> str:
        """The file again: what `strip` takes, given back."""
        return self.bom + text.replace("\n", self.newline)


class Lines(Document):
    """Textual's document, but only `\\n` ends a line, and nothing that a terminal would obey is drawn or measured.

    Textual's own drops form feeds and the like, at which `str.splitlines` cuts. Its `_lines` are what is shown here,
    character for character beside those that are kept.
    """

    def __init__(self, text: str) -> None:
        super().__init__("")
        self._kept = text.split("\n")
        self._lines = list(map(harmless, self._kept))
        self._text: str | None = text

    @property
    def text(self) -> str:
        # Asked for by Textual for every row that it draws.
        if self._text is None:
            self._text = "\n".join(self._kept)
        return self._text

    def get_text_range(self, start: Location, end: Location) -> str:
        (top, left), (bottom, right) = sorted((start, end))
        lines = self._kept[top : bottom + 1]
        if bottom < len(self._kept):
            lines[-1] = lines[-1][:right]
        lines[0] = lines[0][left:]
        return "\n".join(lines)

    def replace_range(self, start: Location, end: Location, text: str) -> EditResult:
        (top, left), (bottom, right) = sorted((start, end))
        replaced = self.get_text_range(start, end)
        rest = self._kept[bottom][right:] if bottom < len(self._kept) else ""
        lines = (self._kept[top][:left] + text + rest).split("\n")
        self._kept[top : bottom + 1] = lines
        self._lines[top : bottom + 1] = map(harmless, lines)
        self._text = None
        return EditResult((top + text.count("\n"), len(lines[-1]) - len(rest)), replaced)


class Rows(WrappedDocument):
    """A line a row. Textual counts through all lines for every row that it draws: 2 ms at 40 000."""

    @property
    def height(self) -> int:
        return self.document.line_count


class Source(TextArea):
    """Text of JSON with colours, line numbers and marked problems; read-only until told otherwise."""

    DEFAULT_CSS = """
    Source {
        border: none; padding: 0;
        &:focus { border: none; }
        & .source--key { color: $text-primary; }
        & .source--string { color: $text-success; }
        & .source--number { color: $text-warning; }
        & .source--literal { color: $text-accent; text-style: italic; }
        & .source--brace { color: $text-muted; }
        & .source--error { color: $text-error; text-style: bold underline; }
        & .source--warning { color: $text-warning; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        f"source--{part}"
        for part in ("key", "string", "number", "literal", "brace", "error", "warning")
    }

    def __init__(self, *, id: str, show_line_numbers: bool = True) -> None:
        self._marks: dict[int, list[Problem]] = {}
        super().__init__(
            id=id,
            soft_wrap=False,
            tab_behavior="indent",
            read_only=True,
            show_line_numbers=show_line_numbers,
        )
        self.cursor_blink = False

    def indent_by(self, unit: str) -> None:
        """What the tab key inserts; up to the next multiple of it when it is made of blanks."""
        self.indent_type = "tabs" if unit == "\t" else "spaces"
        self.indent_width = 4 if unit == "\t" else len(unit)

    def mark(self, problems: Sequence[Problem]) -> None:
        """Show where these are, instead of those before."""
        self._marks = defaultdict(list)
        for problem in problems:
            if problem.line is not None:
                self._marks[problem.line - 1].append(problem)
        self.notify_style_update()  # forgets the lines drawn so far
        self.refresh()

    def paste(self, text: str) -> None:
        """Put `text` in place of the selection, with the line ends that terminals send made `\\n`."""
        if self.read_only:
            return
        if len(self.text) + len(text) > LARGEST:
            self.notify(
                f"Not pasted: the file would be larger than {LARGEST // 1_000_000} MB.",
                severity="warning",
            )
            return
        self._replace_via_keyboard(text.replace("\r\n", "\n").replace("\r", "\n"), *self.selection)

    def get_line(self, line_index: int) -> Text:
        plain = self.document.get_line(line_index)
        line = Text(plain, end="", no_wrap=True)
        tokens = list(_TOKEN.finditer(plain, 0, COLOURED))
        for token in tokens:
            line.stylize(self.get_component_rich_style(f"source--{token.lastgroup}"), *token.span())
        for problem in self._marks.get(line_index, ()):
            if problem.column is not None and plain:
                at = min(problem.column, len(plain)) - 1
                around = (t.span() for t in tokens if t.start() <= at < t.end())
                style = self.get_component_rich_style(f"source--{problem.severity}")
                line.stylize(style, *next(around, (at, at + 1)))
        return line

    def find_matching_bracket(self, bracket: str, search_from: Location) -> Location | None:
        # Textual goes character by character: 0.3 s a megabyte, at every move of the cursor.
        if len(self.text) > 50_000:
            return None
        return super().find_matching_bracket(bracket, search_from)

    def get_component_rich_style(
        self, *names: str, partial: bool = False, default: Style | None = None
    ) -> Style:
        style = super().get_component_rich_style(*names, partial=partial, default=default)
        # The line of the cursor keeps the colours of its words: Textual lays this style over them.
        return Style(bgcolor=style.bgcolor) if names == ("text-area--cursor-line",) else style

    def action_paste(self) -> None:
        self.paste(self.app.clipboard)

    def action_undo(self) -> None:
        if not self.read_only:
            self.undo()

    def action_redo(self) -> None:
        if not self.read_only:
            self.redo()

    def _set_document(self, text: str, language: str | None) -> None:
        self.document = Lines(text)
        self.wrapped_document = Rows(self.document, tab_width=self.indent_width)
        self.navigator = DocumentNavigator(self.wrapped_document)
        self.move_cursor((0, 0))
        self._rewrap_and_refresh_virtual_size()

    def _recompute_cursor_offset(self) -> None:
        # In the middle of an undo Textual asks this for a line that is gone, and would fail.
        location = self.clamp_visitable(self.cursor_location)
        self._cursor_offset = self.wrapped_document.location_to_offset(location)

    def _render_line(self, y: int) -> Strip:
        strip = super()._render_line(y)
        problems = self._marks.get(self.scroll_offset.y + y)
        if not problems or not self.show_line_numbers:
            return strip
        severity = min(problem.severity for problem in problems)  # an error before a warning
        style = self.get_component_rich_style(f"source--{severity}") + Style(underline=False)
        sign, edge = Segment(SIGNS[severity], style), self.gutter_width - 2
        return Strip.join([strip.crop(0, edge), Strip([sign]), strip.crop(edge + 1)])

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "escape":
            event.prevent_default()  # with which Textual's would move the focus
        elif event.key == "enter" and not self.read_only:
            event.prevent_default()
            event.stop()
            self._break_line()

    async def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.paste(event.text)

    def _break_line(self) -> None:
        """Begin a line where the one before begins, or deeper after a bracket; its partner gets one of its own."""
        row, column = min(self.selection)
        end_row, end_column = max(self.selection)
        before, after = self.document[row][:column], self.document[end_row][end_column:]
        outer = inner = "\n" + before[: len(before) - len(before.lstrip(" \t"))]
        if before.rstrip().endswith(("{", "[")):
            inner += "\t" if self.indent_type == "tabs" else " " * self.indent_width
        closes = inner != outer and after.lstrip().startswith(("}", "]"))
        self._replace_via_keyboard(inner + outer if closes else inner, *self.selection)
        self.move_cursor((row + 1, len(inner) - 1))


@dataclass(frozen=True, slots=True)
class Question:
    """What `Bar` asks, and the answers that it lists."""

    text: str
    answers: tuple[str, ...]


LEAVE = Question("not saved", ("save", "discard", "back"))
OUTDATED = Question("changed by another program while you edited", ("theirs", "mine", "look"))


class Bar(Widget):
    """One row: how things are, or a question; that can have the focus, and its answers are keys and can be clicked."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("s", "answer('save')", "save", id="config.answer.save"),
        Binding("d", "answer('discard')", "discard", id="config.answer.discard"),
        Binding("t", "answer('theirs')", "theirs (drops yours)", id="config.answer.theirs"),
        Binding("m", "answer('mine')", "mine (saving overwrites)", id="config.answer.mine"),
        Binding("l", "answer('look')", "look", id="config.answer.look"),
        Binding("escape", "answer('back')", "back", id="config.answer.back"),
    ]
    DEFAULT_CSS = """
    Bar {
        height: 1; text-wrap: nowrap; text-overflow: ellipsis; color: $text-muted; background: $panel;
        &.-asking { color: $text-warning; }
    }
    """

    status: reactive[str] = reactive("")
    question: reactive[Question | None] = reactive(None)

    @dataclass
    class Answered(Message):
        """One of the answers to the question was chosen, or `back`, which every question has."""

        answer: str

    def render(self) -> Content:
        """Everything in full if there is room, else the answers without what they mean, else only the answers."""
        if self.question is None:
            return Content(self.status)
        own = {b.id: b for b in self.BINDINGS if isinstance(b, Binding)}
        # The user's own keys, which Textual tells while the focus is here.
        active = {a.binding.id: a.binding for a in self.screen.active_bindings.values()}
        parts = []
        for answer in self.question.answers:
            binding = (own | active)[f"config.answer.{answer}"]
            parts.append((answer, self.app.get_key_display(binding), binding.description))
        forms = (
            _listed(f"{self.question.text}: ", parts),
            _listed(f"{self.question.text}: ", [(a, key, a) for a, key, _ in parts]),
            _listed("", [(a, key, a) for a, key, _ in parts]),
        )
        return next((f for f in forms if width(f.plain) <= self.size.width), forms[-1])

    def watch_question(self, question: Question | None) -> None:
        self.can_focus = question is not None
        self.set_class(question is not None, "-asking")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "answer" or self.question is None:
            return action != "answer"
        return parameters[0] in (*self.question.answers, "back")

    def action_answer(self, answer: str) -> None:
        self.post_message(self.Answered(answer))


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

    @dataclass
    class Changed(Message):
        """The text is another one, and typing has paused: what is wrong with it, and what would it change?"""

        text: str

    @dataclass
    class Save(Message):
        """This is to be written to the file."""

        text: str

    class Closed(Message):
        """Editing has ended; everything is as on disk."""

    class OpenExternal(Message):
        """The file is to be opened in `$EDITOR`."""

    def __init__(self, *, id: str | None = None, classes: str | None = None) -> None:
        super().__init__(id=id, classes=classes)
        self._source = Source(id="source")
        self._difference = Source(id="difference", show_line_numbers=False)
        self._notes = OptionList(id="notes", markup=False)
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

    def focus(self, scroll_visible: bool = True) -> Self:
        """The part that is to have the keys: the question, if there is one."""
        part = self._source if self._bar.question is None else self._bar
        part.focus(scroll_visible)
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

    def watch_editing(self, editing: bool) -> None:
        self._source.read_only = not editing
        self._source.cursor_blink = editing  # who only looks at a pipeline pays for no blinking
        if editing:
            self._source.focus()
        self.refresh_bindings()
        self._tell()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        match action:
            case "edit" | "external":
                return not self.editing
            case "save":
                return self.editing
            case "leave":
                return self.editing or self._difference.display
            case "problem":
                return any(problem.line is not None for problem in self._problems)
        return True

    def action_edit(self) -> None:
        self.editing = True

    def action_external(self) -> None:
        self.post_message(self.OpenExternal())

    def action_save(self) -> None:
        if self._bar.question is OUTDATED:
            self._bar.focus()  # saving would be an answer that nobody gave
        elif self.dirty:
            self._ask(None)
            self._leaving = False
            self.post_message(self.Save(self.text))

    def action_leave(self) -> None:
        if self._difference.display:
            self._ask(self._bar.question)
            self._bar.focus()
        elif self._bar.question is not None:
            self._bar.focus()
        elif self.dirty:
            self._ask(LEAVE)
            self._bar.focus()
        else:
            self._leave()

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
        theirs = Form.of(self._disk).strip(self._disk).split("\n")
        yours = self._source.text.split("\n")
        lines = difflib.unified_diff(
            theirs, yours, "theirs, on disk", "yours, not saved", lineterm=""
        )
        self._difference.load_text("\n".join(lines) or "They differ in line ends only.")
        self._difference.display = True
        self._source.display = False
        self._difference.focus()

    def _leave(self) -> None:
        self.editing = False
        self.post_message(self.Closed())

    def _tell(self) -> None:
        """Say in the bar how things are, and above it what is wrong and what would change."""
        errors = sum(problem.severity == "error" for problem in self._problems)
        count = f"{errors} error{'s' if errors > 1 else ''}"
        dirty = self.dirty
        if dirty:
            status = f"not saved · {count}" if errors else "not saved"
        elif errors:
            status = f"saved with {count}: the old pipeline runs on"
        else:
            status = "saved · what is written is what runs"
        self._bar.status = f"editing · {status}" if self.editing else status
        rows = list(map(_row, self._problems))
        if dirty:
            rows += [Content(f"would change: {printable(change)}") for change in self._changes]
        if rows != [option.prompt for option in self._notes.options]:
            self._notes.set_options(Option(row) for row in rows)
            self._notes.can_focus = self._notes.display = bool(rows)


def harmless(line: str) -> str:
    """`line` as it may be sent to a terminal, with its tabs, which Textual spreads."""
    return line if line.isprintable() else "\t".join(map(printable, line.split("\t")))


def _row(problem: Problem) -> Content:
    where = location(None, problem.line, problem.column)
    colour = f"$text-{problem.severity}"
    return Content.assemble(
        (SIGNS[problem.severity], f"bold {colour}"),
        f" {where}{' ' if where else ''}{printable(problem.message)}",
        (f"  {printable(problem.hint)}" if problem.hint else "", "$text-muted"),
    )


def _listed(begin: str, answers: Sequence[tuple[str, str, str]]) -> Content:
    """Answers in a row; a click on one is the same as its key."""
    parts = [Content(begin)]
    for answer, key, words in answers:
        label = Content.assemble(
            (key, "bold"), f" {words}", "" if answer == answers[-1][0] else "  "
        )
        parts.append(label.stylize(ContentStyle.from_meta({"@click": f"answer('{answer}')"})))
    return Content("").join(parts)
