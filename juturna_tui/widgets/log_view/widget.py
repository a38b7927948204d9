"""The view of the log, on the app's thread.

The place that is looked at is kept by itself when old lines drop. What is done for each line as it arrives is little
(1.3 µs); a row is split, made harmless and styled when it is shown.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.cache import LRUCache
from textual.geometry import Size
from textual.reactive import reactive
from textual.scroll_view import ScrollView
from textual.strip import Strip
from textual.widgets import Input

from juturna_core.cells import printable, shorten, width
from juturna_tui.widgets.field import Search
from juturna_tui.widgets.log_view.backlog import Backlog, passing
from juturna_tui.widgets.log_view.line import (
    SEVERITIES,
    Head,
    Line,
    bounded,
    clock,
    rows_of,
    spaced,
)
from juturna_tui.widgets.log_view.rows import Rows

STEP = 10
"""Cells that `left` and `right` scroll."""


class LogView(ScrollView, can_focus=True, inherit_bindings=False):
    """Lines with time, level, node and text, below a row that says what is shown and what is not.

    It follows new lines until one scrolls away. One row is the current one, marked at its left: keys act on it.
    """

    ALLOW_SELECT = False  # `y` copies; Textual's selection does not know rows that drop
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("slash", "search", "search", id="log.search"),
        Binding("escape", "close", "close the search", id="log.close", show=False),
        Binding("n", "match(1)", "next match", id="log.next", show=False),
        Binding("N", "match(-1)", "previous match", id="log.previous", show=False),
        Binding("L", "level", "level", id="log.level"),
        Binding("f", "node", "this node only, or all", id="log.node"),
        Binding("y", "copy", "copy the line", id="log.copy"),
        Binding("c", "clear", "clear", id="log.clear"),
        Binding("home", "move_to_first", "first line", id="log.home", show=False),
        Binding("end", "follow", "follow", id="log.end"),
        Binding("pageup", "move_pages(-1)", "page up", id="log.pageup", show=False),
        Binding("pagedown", "move_pages(1)", "page down", id="log.pagedown", show=False),
        Binding("up,k", "move(-1)", "up", id="log.up", show=False),
        Binding("down,j", "move(1)", "down", id="log.down", show=False),
        Binding("left", "shift(-1)", "left", id="log.left", show=False),
        Binding("right", "shift(1)", "right", id="log.right", show=False),
    ]
    COMPONENT_CLASSES: ClassVar[set[str]] = {
        "log-view--status",
        "log-view--text",
        "log-view--time",
        "log-view--node",
        "log-view--kind",
        "log-view--match",
        *(f"log-view--{level.lower()}" for level in SEVERITIES),
    }
    DEFAULT_CSS = """
    LogView {
        background: $surface;
        color: $foreground;
        scrollbar-size: 0 1;
        .log-view--status { color: $text-muted; text-style: underline; }
        .log-view--time, .log-view--debug { color: $text-muted; }
        .log-view--node, .log-view--kind { color: $text-accent; }
        .log-view--info { color: $text-success; }
        .log-view--warning { color: $text-warning; text-style: bold; }
        .log-view--error, .log-view--critical { color: $text-error; text-style: bold reverse; }
        .log-view--match { text-style: reverse; }
        & > Input { dock: bottom; display: none; }
    }
    """

    node: reactive[str] = reactive("")
    """Only lines of this node; all of them if empty."""
    level: reactive[str] = reactive("")
    """Only lines of at least this level or, where it is none of the log's, of exactly this kind; all if empty."""

    def __init__(
        self,
        *,
        capacity: int = 20_000,
        id: str | None = None,
        what: str = "log",
        empty: str = "nothing has been logged yet",
    ) -> None:
        """Keeps the latest `capacity` lines; `what` names them, `empty` says what to say while there is none."""
        super().__init__(id=id)
        self.following = True
        self._capacity = capacity
        self._what = what
        self._empty = empty
        self._field = Search(placeholder="search: enter finds, escape closes", compact=True)
        self._remark = ""  # why the last key did nothing
        self._strips: LRUCache[tuple[object, ...], Strip] = LRUCache(512)
        self._begin()

    def _begin(self) -> None:
        self._kept = Backlog(self._capacity)
        self._head = Head()
        self._rows = Rows()
        self._cursor = 0
        self._strips.clear()

    @property
    def is_container(self) -> bool:
        """Its one child, the search field, has to be laid out, which a ScrollView does not do."""
        return True

    def extend(self, lines: Sequence[Line], missed: int = 0) -> None:
        """Add `lines`; `missed` is how many were lost on the way here."""
        new = [bounded(line) for line in lines]
        gone = self._kept.extend(new)
        self._kept.missed += missed
        if self._head.widen({(line.level, line.node) for line in new}):
            self._strips.clear()
        following, top, cursor = self.following, self._top, self._cursor
        self._rows.extend(self._passing(new))
        self._drop(gone)
        self._fit()
        self._show(self._rows.end if following else top, self._rows.end if following else cursor)

    def clear(self) -> None:
        """Forget all lines and what was counted; filters and search stay."""
        sought = self._rows.sought
        self._begin()
        self._rows.search(sought)
        self._fit()
        self._show(0, 0)

    def render_line(self, y: int) -> Strip:
        cells = self.scrollable_content_region.width
        row = self._top + y - 1
        if y == 0 or row >= self._rows.end:
            text = shorten(self._status(), cells) if y == 0 else self._nothing() if y == 1 else ""
            style = self._style("time" if y else "status")
            return Strip([Segment(text, style)]).crop_extend(0, cells, style)
        mark = " " if row != self._cursor else ">" if self.has_focus else "·"
        left = self.scroll_offset.x
        key = (row, mark, left, cells)
        strip = self._strips.get(key)
        if strip is None:
            style = self._style("text")
            content = self._row(row, left + cells)
            marked = [Segment(mark, style), *(Strip(content).crop(left) if left else content)]
            strip = self._strips[key] = Strip(marked).crop_extend(0, cells, style)
        return strip

    def notify_style_update(self) -> None:
        super().notify_style_update()
        self._strips.clear()

    def scroll_to(
        self, x: float | None = None, y: float | None = None, *, animate: bool = True, **how: Any
    ) -> None:
        """At once: an animation would end where lines that drop meanwhile have left another row."""
        super().scroll_to(x, y, animate=False, **how)

    def compose(self) -> ComposeResult:
        yield self._field

    def watch_scroll_y(self, old_value: float, new_value: float) -> None:
        """The wheel or the scrollbar moved it, or it is `_show`, which then says what is current."""
        super().watch_scroll_y(old_value, new_value)
        self.following = new_value >= self.max_scroll_y
        last = self._rows.end - 1 if self.following else self._top + self._height - 1
        self._cursor = last if self.following else max(self._top, min(self._cursor, last))

    def watch_node(self) -> None:
        self._filter()

    def watch_level(self) -> None:
        self._filter()

    def on_resize(self) -> None:
        self._settle()

    def on_key(self) -> None:
        self._say("")

    def on_click(self, event: events.Click) -> None:
        offset = event.get_content_offset(self)
        if event.widget is self and offset and offset.y > 0:
            self._show(self._top, self._top + offset.y - 1)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.action_close()
        self._rows.search(event.value)
        self._strips.clear()
        self.refresh()
        if matches := self._rows.matches:
            # From here on; at the end, where one usually is, the latest.
            self._reveal(matches[min(bisect_left(matches, self._cursor), len(matches) - 1)])

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return bool(self._field.display or self._rows.sought) if action == "close" else True

    def action_search(self) -> None:
        self._field.display = True
        self._field.focus()
        self._fit()
        self._settle()

    def action_close(self) -> None:
        """The line to type in; where enter has closed it already, the search too."""
        if not self._field.display:
            self._rows.search("")
            self._strips.clear()
            self.refresh_bindings()
            self.refresh()
            return
        self._field.display = False
        self.focus()
        self._fit()
        self._settle()

    def action_match(self, direction: int) -> None:
        """Go to the next match, downwards or upwards, and from the last one to the first."""
        if not self._rows.sought:
            self._say("nothing is searched for: / begins")
        elif matches := self._rows.matches:
            below = bisect_right(matches, self._cursor) % len(matches)
            above = bisect_left(matches, self._cursor) - 1
            self._reveal(matches[below if direction > 0 else above])

    def action_level(self) -> None:
        """The next level or, where the lines have none of the log's, the next kind."""
        kinds = {line.level for line in self._kept}
        known = not kinds or kinds & SEVERITIES.keys()
        choices = ["", *(("INFO", "WARNING", "ERROR") if known else sorted(kinds))]
        at = choices.index(self.level) if self.level in choices else -1
        self.level = choices[(at + 1) % len(choices)]

    def action_node(self) -> None:
        line = self._current()
        if not self.node and (line is None or not line.node):
            self._say("this line is of no node" if line else "there is no line to take a node from")
        self.node = "" if self.node or line is None else line.node

    def action_copy(self) -> None:
        if line := self._current():
            head = " ".join(filter(None, (clock(line.time), line.level, line.node)))
            self.app.copy_to_clipboard(printable(head) + " " + "\n".join(rows_of(line.text)))

    def action_clear(self) -> None:
        self.clear()

    def action_follow(self) -> None:
        self._show(self._rows.end, self._rows.end)

    def action_move(self, rows: int) -> None:
        self._show(self._top + rows, self._cursor + rows)

    def action_move_pages(self, pages: int) -> None:
        self.action_move(pages * max(1, self._height - 1))

    def action_move_to_first(self) -> None:
        self._show(self._rows.first, self._rows.first)

    def action_shift(self, steps: int) -> None:
        self.scroll_target_x = self.scroll_x = self.scroll_offset.x + steps * STEP

    @property
    def _top(self) -> int:
        """The number of the first row in sight."""
        return self._rows.first + self.scroll_offset.y

    @property
    def _height(self) -> int:
        """How many rows are in sight."""
        return max(1, self.container_size.height - 1 - self._field.display)

    def _show(self, top: int, cursor: int) -> None:
        """Have `top` be the first row in sight and `cursor` the current one, as near as there are rows."""
        self.scroll_target_y = self.scroll_y = top - self._rows.first
        last = self._rows.end - 1
        self._cursor = max(self._rows.first, min(cursor, last))
        self.following = self._cursor >= last
        self.refresh()

    def _say(self, remark: str) -> None:
        """Until the next key."""
        if remark != self._remark:
            self._remark = remark
            self.refresh_line(0)

    def _settle(self) -> None:
        """Keep the end, or else the current row, in sight when there is less room or more."""
        if self.following:
            self.action_follow()
        else:
            self._show(self._top, min(self._cursor, self._top + self._height - 1))

    def _reveal(self, row: int) -> None:
        """Make `row`, a match, the current one; scroll only when it is out of sight."""
        in_sight = self._top <= row < self._top + self._height
        self._show(self._top if in_sight else row - self._height // 2, row)
        text = self._rows.text(row)
        cell = self._head.cells + width(text[: self._rows.spans(text)[0][0]])
        left, cells = self.scroll_offset.x, self.scrollable_content_region.width
        if not left <= cell < left + cells - 1:
            self.scroll_target_x = self.scroll_x = cell - cells // 2

    def _current(self) -> Line | None:
        return self._rows.at(self._cursor)[0] if self._rows.lines else None

    def _drop(self, lines: Sequence[Line]) -> None:
        """Show no line any more that is not kept. Those of them that were shown come first in `_rows`."""
        shown, count = self._rows.lines, 0
        for line in lines:
            if count < len(shown) and shown[count] is line:
                count += 1
        self._rows.drop(count)

    def _passing(self, lines: Sequence[Line]) -> Sequence[Line]:
        return passing(lines, self.node, self.level)

    def _filter(self) -> None:
        """Show what passes now. The current line keeps its place or, if it does not pass, the next one gets it."""
        following, offset, here = self.following, self._cursor - self._top, self._current()
        kept = list(self._kept)
        at = next((index for index, line in enumerate(kept) if line is here), 0)
        self._rows = Rows(self._rows.sought)
        self._rows.extend(self._passing(kept[:at]))
        cursor = self._rows.end
        self._rows.extend(self._passing(kept[at:]))
        self._strips.clear()
        self._fit()
        cursor = self._rows.end if following else cursor
        self._show(cursor - offset, cursor)

    def _fit(self) -> None:
        """Say how much there is to scroll: the rows, and what stands still above and below them."""
        still = 1 + self._field.display
        rows = self._rows.end - self._rows.first
        self.virtual_size = Size(1 + self._head.cells + self._rows.widest, rows + still)

    def _status(self) -> str:
        """What is shown, what is not, and why."""
        kept, shown = len(self._kept), len(self._rows.lines)
        matches, sought = self._rows.matches, self._rows.sought
        parts = [self._what, *filter(None, [self._remark])]
        if self.node or self.level:
            parts.append(f"{spaced(shown)} of {spaced(kept)} lines")
        else:
            parts.append(f"{spaced(kept)} lines")
        if self._kept.dropped:
            parts.append(f"{spaced(self._kept.dropped)} dropped here")
        if self._kept.missed:
            parts.append(f"{spaced(self._kept.missed)} missed")
        if self.node or self.level:
            level = f"level ≥ {self.level}" if self.level in SEVERITIES else self.level
            node = self.node and f"node {self.node}"
            parts.append("filter: " + ", ".join(filter(None, (node, level))))
        if sought:
            at = bisect_left(matches, self._cursor)
            place = f"{spaced(at + 1)} of " if self._cursor in matches[at : at + 1] else ""
            parts.append(f"/{sought} {place}{spaced(len(matches))}")
        parts.append("following" if self.following else "scrolled: end follows again")
        return printable(" · ".join(parts))

    def _style(self, part: str) -> Style:
        """Kept by Textual from one repaint to the next; `rich_style` is not, and would take as long as all the rest."""
        return self.get_component_rich_style(f"log-view--{part}")

    def _nothing(self) -> str:
        return "no line passes the filter" if self._kept else self._empty

    def _row(self, row: int, cells: int) -> list[Segment]:
        """What a row consists of: no less than its first `cells`."""
        line, index = self._rows.at(row)
        plain = self._style("text")
        # A long row is cut here, where it is cheap; more than four characters to a cell are not expected.
        text = self._rows.text(row)[: 4 * cells]
        segments = [Segment(" " * self._head.cells, plain)]
        if index == 0:
            segments = []
            for shown, size, part in self._head.columns(line):
                segments += (
                    Segment(shown, self._style(part)),
                    Segment(" " * (size - width(shown)), plain),
                )
        match = self._style("match")
        at = 0
        for begin, end in self._rows.spans(text):
            segments += (Segment(text[at:begin], plain), Segment(text[begin:end], match))
            at = end
        return [*segments, Segment(text[at:], plain)]
