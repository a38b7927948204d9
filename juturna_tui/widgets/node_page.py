"""All that is known of one node, as lines of text in roles and tones. Pure.

Everything wraps to the width by cells; what is copied is the same page without a width.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Final

from juturna_core.cells import cut, printable, shorten, width
from juturna_core.control.api import Durations, NodeDescription, Passed
from juturna_tui.figures import duration, rate, share, size
from juturna_tui.view import WINDOW, Detail, Fill

Piece = tuple[str, str]
"""Text, and the role or tone that it is written in."""
Row = tuple[Piece, ...]

ROLES: Final = ("title", "ok", "quiet", "warn", "bad")
UNLIMITED: Final = 1_000_000
"""The width of a page on which nothing is wrapped."""
BAR: Final = 16
"""Cells of the longest bar."""
LABEL: Final = 10
"""Cells of the names of figures."""
PERCENTS: Final = (("p50", 50), ("p90", 90), ("p99", 99), ("max", 100))
TIMES: Final = (("update", "update_time"), ("in queue", "queue_time"), ("age", "age"))
MESSAGES: Final = "Messages"
"""The title of the last section."""


def page(
    detail: Detail,
    values: Sequence[tuple[str, str]],
    messages: Sequence[Passed] | None,
    room: int,
) -> list[Row]:
    """The lines on `room` cells; `values` are the arguments as JSON. Texts are printable."""
    made = Page(room)
    made.head(detail)
    made.place(detail)
    made.latency(detail)
    made.round_trip(detail.round_trip)
    made.traffic(detail)
    made.arguments(values)
    made.error(detail)
    made.messages(messages)
    return made.lines


def json_arguments(about: NodeDescription | None) -> tuple[tuple[str, str], ...]:
    """What the node was given, as JSON."""
    arguments = about.arguments if about is not None else {}
    return tuple(
        (printable(key), printable(json.dumps(value, ensure_ascii=False, default=str)))
        for key, value in arguments.items()
    )


def plain(line: Row) -> str:
    """The text of a line alone."""
    return "".join(text for text, _ in line).rstrip()


class Page:
    """Lines under way; a method a section."""

    def __init__(self, room: int) -> None:
        self.lines: list[Row] = []
        self.room = max(1, room)

    def head(self, detail: Detail) -> None:
        about, view = detail.about, detail.view
        self.wrap(about.name, "title")
        self.wrap(f"{about.type} · {about.mark}", "quiet")
        sign = view.state.sign
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
            self.pair("local", f"w moves it to {remote}" if about.host else "in this pipeline")

    def latency(self, detail: Detail) -> None:
        found = {name: detail.lately(kind) for name, kind in TIMES}
        work = "update"
        if trips := detail.round_trip:  # all that is timed here is that it was handed over
            work = "trip"
            found = {work: trips.get("total", Durations()), "in queue": found["in queue"]}
        recent = detail.before is not None and detail.before.update_time != detail.now.update_time
        since = f"last {WINDOW:g} s" if recent else "since start"
        self.title("Latency", f"{since}, {found[work].count} messages")
        names = list(found)
        together = max(1, (self.room - 3) // 9)
        for at in range(0, len(names), together):
            shown = names[at : at + together]
            self.add(("   " + "".join(f"{name:>9}" for name in shown), "quiet"))
            for label, percent in PERCENTS:
                figures = (duration(found[name].percentile(percent)) for name in shown)
                self.add((label, "quiet"), ("".join(f"{each:>9}" for each in figures), ""))
        queue, update = (found[name].percentile(50) or 0.0 for name in ("in queue", work))
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
        if detail.about.warped:
            self.pair("in flight", f"{now.in_flight}  at the remote, not answered")
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
        self.title(MESSAGES, "m shows the last ones" if messages is None else "")
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
        self.lines.append(tuple(piece for piece in pieces if piece[0]))


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
            *full, begin = broken(word, room)
            lines += full
            left = width(begin)
        lines.append(begin)
    return tuple(lines)


def broken(word: str, room: int) -> Iterator[str]:
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
