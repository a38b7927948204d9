"""The row below the text: how things are, or a question with its answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.message import Message
from textual.reactive import reactive
from textual.style import Style
from textual.widget import Widget

from juturna_core.cells import width


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
        Binding("up,k", "scroll(-1)", "up", id="config.answer.up", show=False),
        Binding("down,j", "scroll(1)", "down", id="config.answer.down", show=False),
        Binding("pageup", "scroll(-10)", "10 up", id="config.answer.pageup", show=False),
        Binding("pagedown", "scroll(10)", "10 down", id="config.answer.pagedown", show=False),
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

    @dataclass
    class Scrolled(Message):
        """What stands above is to go so many rows down."""

        rows: int

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
            listed(f"{self.question.text}: ", parts),
            listed(f"{self.question.text}: ", [(a, key, a) for a, key, _ in parts]),
            listed("", [(a, key, a) for a, key, _ in parts]),
        )
        return next((f for f in forms if width(f.plain) <= self.size.width), forms[-1])

    def watch_question(self, question: Question | None) -> None:
        self.can_focus = question is not None
        self.set_class(question is not None, "-asking")
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action != "answer" or self.question is None:
            return action != "answer"
        return parameters[0] in (*self.question.answers, "back")

    def action_answer(self, answer: str) -> None:
        self.post_message(self.Answered(answer))

    def action_scroll(self, rows: int) -> None:
        self.post_message(self.Scrolled(rows))


def listed(begin: str, answers: Sequence[tuple[str, str, str]]) -> Content:
    """Answers in a row; a click on one is the same as its key."""
    parts = [Content(begin)]
    for answer, key, words in answers:
        label = Content.assemble(
            (key, "bold"), f" {words}", "" if answer == answers[-1][0] else "  "
        )
        parts.append(label.stylize(Style.from_meta({"@click": f"answer('{answer}')"})))
    return Content("").join(parts)
