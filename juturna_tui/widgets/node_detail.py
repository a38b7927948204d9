"""All that is known of one node, as lines that scroll; `page` makes them, `NodeDetail` draws those that changed.

Everything wraps to the width by cells; what is copied is the same page without a width.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import ClassVar, Final

from rich.style import Style
from rich.text import Text
from textual.binding import Binding, BindingType
from textual.geometry import Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.selection import Selection
from textual.strip import Strip

from juturna_core.cells import cut, printable, shorten, width
from juturna_core.control.api import Durations, NodeDescription, Passed
from juturna_tui.figures import duration, rate, share, size
from juturna_tui.view import WINDOW, Detail, Fill

Piece = tuple[str, str]
"""Text, and the role or tone that it is written in."""
Line = tuple[Piece, ...]

ROLES: Final = ("title", "ok", "quiet", "warn", "bad")
UNLIMITED: Final = 1_000_000
"""The width of a page on which nothing is wrapped."""
BAR: Final = 16
"""Cells of the longest bar."""
LABEL: Final = 10
"""Cells of the names of figures."""
PERCENTS: Final = (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100))
TIMES: Final = (("update", "update_time"), ("in queue", "queue_time"), ("age", "age"))
ASCII: Final = str.maketrans("█░▲…µ·", "#-^~u-")


def page(
    detail: Detail,
    values: Sequence[tuple[str, str]],
    messages: Sequence[Passed] | None,
    room: int,
    ascii: bool = False,
) -> list[Line]:
    """The lines on `room` cells; `values` are the arguments as JSON. Texts are printable."""
    made = _Page(room, ascii)
    made.head(detail)
    made.place(detail)
    made.latency(detail)
    made.round_trip(detail.round_trip)
    made.traffic(detail)
    made.arguments(values)
    made.error(detail)
    made.messages(messages)
    return made.lines


@lru_cache(maxsize=256)
def wrapped(text: str, room: int) -> tuple[str, ...]:
    """`text` in lines of at most `room` cells, between words where that goes; its own lines stay, and their indents."""
    lines = []
    for line in text.expandtabs(4).splitlines():
        line, left = printable(line.rstrip()), 0
        begin = ""
        for word in re.findall(r"\s*\S+", line):
            size = width(word)
            if size <= room - left:
                begin, left = begin + word, left + size
                continue
            if begin:
                lines.append(begin)
                word = word.lstrip()
            *full, begin = _broken(word, room)
            lines += full
            left = width(begin)
        lines.append(begin)
    return tuple(lines)


def _broken(word: str, room: int) -> Iterator[str]:
    """A word in pieces of at most `room` cells, of one glyph at least."""
    at = 0
    while at < len(word):
        piece = cut(word[at : at + 4 * room], room) or word[at]
        at += len(piece)
        yield piece


def brief(text: str, room: int) -> str:
    """`text` on `room` cells, with an ellipsis if it must; a huge one is not read."""
    if len(text) > 4 * room:
        text = text[: 2 * room] + text[-2 * room :]
    return shorten(text, room) if width(text) > room else text


class _Page:
    """Lines under way; a method a section."""

    def __init__(self, room: int, ascii: bool) -> None:
        self.lines: list[Line] = []
        self.room, self.ascii = max(1, room), ascii

    def head(self, detail: Detail) -> None:
        about, view = detail.about, detail.view
        self.wrap(about.name, "title")
        self.wrap(f"{about.type} · {about.mark}", "quiet")
        sign = view.state.ascii_sign if self.ascii else view.state.sign
        why = f": {view.text}" if view.text else ""
        self.wrap(f"{sign} {view.state.word}{why}", view.state.tone)

    def place(self, detail: Detail) -> None:
        about = detail.about
        self.title("Where")
        remote = f"{about.host}:{about.port}"
        if about.warped:
            self.pair("remote", detail.view.where)
            self.pair("timeout", f"{about.timeout:g} s")
            self.pair("on failure", about.on_failure)
        else:
            self.pair("local", f"its remote {remote} is off" if about.host else "in this pipeline")

    def latency(self, detail: Detail) -> None:
        found = {name: detail.lately(kind) for name, kind in TIMES}
        recent = detail.before is not None and detail.before.update_time != detail.now.update_time
        since = f"last {WINDOW:g} s" if recent else "since start"
        self.title("Latency", f"{since}, {found['update'].count} messages")
        names = list(found)
        together = max(1, (self.room - 3) // 9)
        for at in range(0, len(names), together):
            shown = names[at : at + together]
            self.add(("   " + "".join(f"{name:>9}" for name in shown), "quiet"))
            for label, percent in PERCENTS:
                figures = (duration(found[name].percentile(percent)) for name in shown)
                self.add((label, "quiet"), ("".join(f"{each:>9}" for each in figures), ""))
        queue, update = (found[name].percentile(50) or 0.0 for name in ("in queue", "update"))
        if queue + update:
            part = queue / (queue + update)
            room = max(1, min(BAR, self.room - 15))
            waits = round(part * room)
            self.add(
                ("█" * waits + "░" * (room - waits), ""), (f" {share(part)} in queue", "quiet")
            )

    def round_trip(self, trips: dict[str, Durations]) -> None:
        if not trips:
            return
        parts = [
            (part.replace("_", " "), each.percentile(50) or 0.0)
            for part, each in trips.items()
            if part != "total"
        ]
        total = trips.get("total", Durations())
        self.title("Round trip")
        self.add(
            (f"p50 {duration(total.percentile(50))}  p99 {duration(total.percentile(99))}", "")
        )
        whole = sum(each for _, each in parts)
        room = max(0, min(BAR, self.room - 25))
        for name, each in parts:
            bar = " " + "█" * max(1, round(each / whole * room)) if each and room else ""
            self.add((f"{name:<14}", "quiet"), (f" {duration(each):>8}", ""), (bar, ""))

    def traffic(self, detail: Detail) -> None:
        now, view = detail.now, detail.view
        self.title("Traffic")
        self.pair("rx", f"{now.received}  {rate(view.rate_in)}")
        self.pair("tx", f"{now.transmitted}  {rate(view.rate_out)}")
        self.pair("bytes out", size(now.bytes_out))
        self.pair("dropped", str(now.dropped), "warn" if now.dropped else "")
        self.pair("lost", str(now.lost), "bad" if now.lost else "")
        self.pair("errors", str(now.errors), "bad" if now.errors else "")
        full = view.fill >= 1
        queue = f"{now.queue}/{now.queue_limit}{Fill.FULL.sign if full else ''}"
        self.pair("queue", f"{queue}  highest {now.queue_max}", "warn" if full else "")
        by = f", now by {now.blocked_by}" if now.blocked_by else ""
        self.pair("blocked", f"{duration(now.blocked_seconds * 1e3)}{by}")
        self.pair("blocking", f"{duration(now.blocking_seconds * 1e3)} its feeders")

    def arguments(self, values: Sequence[tuple[str, str]]) -> None:
        self.title("Arguments in force")
        whole = True
        for key, value in values:
            key = brief(key, max(1, self.room // 2))
            room = max(1, self.room - width(key) - 3)
            shown = brief(value, room)
            whole = whole and shown == value
            self.add((f"{key} = ", "quiet"), (shown, ""))
        if not values:
            self.add(("none", "quiet"))
        if not whole:
            self.add(("full value: y", "quiet"))

    def error(self, detail: Detail) -> None:
        if detail.now.last_error:
            self.title("Last error")
            self.wrap(detail.now.last_error)

    def messages(self, messages: Sequence[Passed] | None) -> None:
        self.title("Messages", "m shows the last ones" if messages is None else "")
        if messages is not None and not messages:
            self.add(("none yet", "quiet"))
        for each in reversed(messages or ()):
            clock = time.strftime("%H:%M:%S", time.localtime(each.time))
            kind = printable(each.type)
            self.add(
                (clock, "quiet"),
                (brief(f" #{each.id} {kind} {size(each.size)}", max(1, self.room - 8)), ""),
            )
            self.add((f"  {brief(printable(each.summary), max(1, self.room - 2))}", ""))

    # --- how -----------------------------------------------------------------------------------------------------

    def title(self, text: str, note: str = "") -> None:
        self.lines.append(())
        if width(text) + 2 + width(note) <= self.room:
            self.add((text, "title"), (f"  {note}", "quiet"))
        else:
            self.add((text, "title"))
            self.wrap(note, "quiet")

    def pair(self, label: str, text: str, tone: str = "") -> None:
        """A figure with its name; what is too long goes on below itself."""
        for line in wrapped(text, max(1, self.room - LABEL - 1)) or ("-",):
            self.add((f"{label:<{LABEL}} ", "quiet"), (line, tone))
            label = ""

    def wrap(self, text: str, tone: str = "") -> None:
        for line in wrapped(text, self.room):
            self.add((line, tone))

    def add(self, *pieces: Piece) -> None:
        if self.ascii:
            pieces = tuple((text.translate(ASCII), tone) for text, tone in pieces)
        self.lines.append(tuple(piece for piece in pieces if piece[0]))


class NodeDetail(ScrollView, can_focus=True, inherit_bindings=False):
    """The node that is selected. Who mounts it brings the last messages when they are wanted."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "scroll_up", "up", id="detail.up", show=False),
        Binding("down,j", "scroll_down", "down", id="detail.down", show=False),
        Binding("pageup", "page_up", "page up", id="detail.pageup", show=False),
        Binding("pagedown", "page_down", "page down", id="detail.pagedown", show=False),
        Binding("home,g", "scroll_home", "begin", id="detail.home", show=False),
        Binding("end,G", "scroll_end", "end", id="detail.end", show=False),
        Binding("m", "messages", "messages", id="detail.messages"),
        Binding("y", "copy", "copy all", id="detail.copy"),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {f"node-detail--{role}" for role in ROLES}
    DEFAULT_CSS = """
    NodeDetail {
        background: $surface;
        color: $foreground;
        overflow-x: hidden;
        scrollbar-gutter: stable;
        scrollbar-size-vertical: 1;
        & > .node-detail--title { text-style: bold; }
        &:focus > .node-detail--title { color: $text-accent; }
        & > .node-detail--ok { color: $text-success; }
        & > .node-detail--quiet { color: $text-muted; }
        & > .node-detail--warn { color: $text-warning; text-style: bold; }
        & > .node-detail--bad { color: $text-error; text-style: bold; }
    }
    """
    NOTHING: ClassVar = "select a node: arrow keys in the graph"

    @dataclass
    class MessagesWanted(Message):
        """The user wants to see the last messages of the node, or has seen enough."""

        on: bool

    def __init__(self, *, ascii: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._ascii = ascii
        self._detail: Detail | None = None
        self._messages: Sequence[Passed] | None = None
        self._wanted = False
        self._values: tuple[tuple[str, str], ...] = ()
        self._lines: list[Line] = []

    # --- compose -------------------------------------------------------------------------------------------------

    def show(self, detail: Detail | None, messages: Sequence[Passed] | None) -> None:
        """Take the numbers of this moment; another node is shown from its beginning."""
        old, self._detail, self._messages = self._detail, detail, messages
        about = detail.about if detail is not None else None
        if about is not (old and old.about):  # not every time: arguments may be large
            self._values = _values(about)
        self._renew()
        if (old and old.about.name) != (about and about.name):
            self.scroll_home(animate=False)

    def render_line(self, y: int) -> Strip:
        room, row = self.size.width, y + self.scroll_offset.y
        if row >= len(self._lines):
            return Strip.blank(room, self.rich_style)
        text, left = Text(end="", no_wrap=True), room
        for piece, role in self._lines[row]:
            piece = cut(piece, left)
            left -= width(piece)
            text.append(piece, self._role(role))
        text.append(" " * left, self.rich_style)
        selection = self.text_selection
        if selection is not None and (span := selection.get_span(row)) is not None:
            begin, end = span
            style = self.screen.get_component_rich_style("screen--selection")
            text.stylize(style, begin, len(text) if end == -1 else end)
        return Strip(text.render(self.app.console), room).apply_offsets(0, row)

    def get_selection(self, selection: Selection) -> tuple[str, str]:
        """What the mouse marked."""
        return selection.extract("\n".join(map(_plain, self._lines))), "\n"

    def _role(self, role: str) -> Style:
        return self.get_component_rich_style(f"node-detail--{role}") if role else self.rich_style

    # --- watch ---------------------------------------------------------------------------------------------------

    def on_resize(self) -> None:
        self._renew()

    def on_show(self) -> None:
        self._renew()

    # --- action --------------------------------------------------------------------------------------------------

    def action_messages(self) -> None:
        self._wanted = not self._wanted
        self.post_message(self.MessagesWanted(self._wanted))

    def action_copy(self) -> None:
        if self._detail is not None:
            lines = page(self._detail, self._values, self._messages, UNLIMITED, self._ascii)
            self.app.copy_to_clipboard("\n".join(map(_plain, lines)) + "\n")

    # --- in here -------------------------------------------------------------------------------------------------

    def _renew(self) -> None:
        room, old = self.scrollable_size.width, self._lines
        if self._detail is None:
            self._lines = [((line, "quiet"),) for line in wrapped(self.NOTHING, max(1, room))]
        else:
            self._lines = page(self._detail, self._values, self._messages, room, self._ascii)
        size = Size(room, len(self._lines))
        if size != self.virtual_size:
            self.virtual_size = size
        top, page_size = self.scroll_offset.y, self.size.height
        for row, (before, now) in enumerate(zip_longest(old, self._lines)):
            if before != now and top <= row < top + page_size:
                self.refresh_line(row)


def _values(about: NodeDescription | None) -> tuple[tuple[str, str], ...]:
    arguments = about.arguments if about is not None else {}
    return tuple(
        (printable(key), printable(json.dumps(value, ensure_ascii=False, default=str)))
        for key, value in arguments.items()
    )


def _plain(line: Line) -> str:
    return "".join(text for text, _ in line).rstrip()
