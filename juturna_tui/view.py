"""What a screen shows of a pipeline at one moment: frozen values. Widgets are given frames and ask nobody anything.

`history` makes a frame of every snapshot of the numbers that comes in; here are those for which there is none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from typing import Any, Final

from juturna_core.control.api import Description, Durations, NodeDescription, NodeNumbers, Numbers

WINDOW: Final = 2.5
"""Seconds that rates and latencies are of."""


class State(Enum):
    """What a node is seen to do: a word, a sign, and a tone that themes have a colour for.

    The tone is one of ok, quiet, warn, bad.
    """

    FLOWING = ("flowing", "●", "ok")
    IDLE = ("idle", "○", "quiet")
    STUCK = ("stuck", "◔", "warn")
    FULL = ("queue full", "▲", "warn")
    BLOCKED = ("blocked", "▷", "quiet")
    SUSPENDED = ("suspended", "‖", "quiet")
    DRAINING = ("draining", "◌", "warn")
    FAILING = ("failing", "✗", "bad")
    AWAY = ("remote away", "↯", "bad")
    ENDED = ("ended", "□", "quiet")
    NEW = ("not started", "□", "quiet")

    def __init__(self, word: str, sign: str, tone: str) -> None:
        self.word, self.sign, self.tone = word, sign, tone


@dataclass(frozen=True, slots=True)
class NodeView:
    """One node, lately: milliseconds, messages a second, shares from 0 to 1; None is "not known".

    `latency` is the median of `update`, of a whole round trip where the node is warped; `text` says what is wrong.
    """

    name: str
    kind: str
    mark: str
    where: str
    warped: bool
    state: State
    text: str
    latency: float | None
    p99: float | None
    rate_in: float
    rate_out: float
    queue: int
    limit: int
    busy: float
    errors: int
    lost: int
    dropped: int
    spark: tuple[float, ...]
    in_flight: int = 0
    """Messages that a remote has and has not answered."""

    @property
    def held(self) -> int:
        """Messages that wait here or for an answer."""
        return self.queue + self.in_flight

    @property
    def fill(self) -> float:
        """How full the queue is."""
        return min(1.0, self.queue / self.limit) if self.limit else 0.0


class Fill(Enum):
    """How a link stands: its sign is drawn on the edge."""

    EASY = ""
    FILLING = "△"
    FULL = "▲"

    @property
    def sign(self) -> str:
        return self.value


@dataclass(frozen=True)
class Frame:
    """A pipeline at one moment. `nodes` and `links` are in the order of the description's."""

    about: Description
    numbers: Numbers
    before: Numbers | None
    nodes: tuple[NodeView, ...]
    links: tuple[Fill, ...]

    @cached_property
    def by_name(self) -> dict[str, NodeView]:
        return {node.name: node for node in self.nodes}

    @property
    def state(self) -> str:
        return self.numbers.state

    @property
    def rate(self) -> float:
        """Messages a second that come out of the sources."""
        return sum(node.rate_out for node in self.nodes if node.kind == "source")

    def detail(self, name: str) -> Detail | None:
        """More about one node; None for one that there is not (any more)."""
        described = next((each for each in self.about.nodes if each.name == name), None)
        now = _numbers_of(self.numbers, name)
        if described is None or name not in self.by_name or now is None:
            return None
        earlier = _numbers_of(self.before, name) if self.before is not None else None
        return Detail(described, self.by_name[name], now, earlier)


@dataclass(frozen=True)
class Detail:
    """All that is known of one node; durations are of the window, or of all where nothing came in it."""

    about: NodeDescription
    view: NodeView
    now: NodeNumbers
    before: NodeNumbers | None

    def lately(self, kind: str) -> Durations:
        """`queue_time`, `update_time` or `age`."""
        found: Durations = getattr(self.now, kind)
        return _lately(found, getattr(self.before, kind) if self.before is not None else None)

    @property
    def round_trip(self) -> dict[str, Durations]:
        """Every part of a round trip, `total` first; empty for a node that makes none now."""
        if not self.about.warped:
            return {}
        trips, earlier = self.now.round_trip or {}, (self.before and self.before.round_trip) or {}
        return {part: _lately(each, earlier.get(part)) for part, each in trips.items()}


def still(about: Description, state: str = "stopped") -> Frame:
    """A pipeline of which no numbers are known."""
    numbers = Numbers.of(about.name, state, 0.0, 0, {node.name: _NOTHING for node in about.nodes})
    nodes = tuple(map(unknown, about.nodes))
    return Frame(about, numbers, None, nodes, (Fill.EASY,) * len(about.links))


def ended(frame: Frame) -> Frame:
    """What was counted until its end."""
    numbers = replace(frame.numbers, state="stopped")
    nodes = tuple(
        replace(node, state=State.ENDED, text="", rate_in=0.0, rate_out=0.0, busy=0.0)
        for node in frame.nodes
    )
    return Frame(frame.about, numbers, None, nodes, (Fill.EASY,) * len(frame.links))


def unknown(about: NodeDescription) -> NodeView:
    """A node of which nothing is counted yet."""
    place = f"{about.host}:{about.port}" if about.warped and about.host else "local"
    return NodeView(
        name=about.name,
        kind=about.type,
        mark=about.mark,
        where=place,
        warped=about.warped,
        state=State.NEW,
        text="",
        latency=None,
        p99=None,
        rate_in=0.0,
        rate_out=0.0,
        queue=0,
        limit=0,
        busy=0.0,
        errors=0,
        lost=0,
        dropped=0,
        spark=(),
    )


_ZEROS: dict[str, Any] = {
    **dict.fromkeys(("received", "transmitted", "bytes_out", "errors", "dropped", "lost"), 0),
    **dict.fromkeys(("in_flight", "queue", "queue_max", "queue_bytes", "queue_limit"), 0),
    **dict.fromkeys(("blocked_seconds", "blocking_seconds", "busy_seconds"), 0.0),
    **dict.fromkeys(("where", "status", "status_text", "blocked_by", "last_error"), ""),
    **dict.fromkeys(("queue_time", "update_time", "age"), Durations()),
}
_NOTHING = NodeNumbers(**_ZEROS, round_trip=None)


def _numbers_of(numbers: Numbers, name: str) -> NodeNumbers | None:
    """Made of the columns for this node alone: there may be a thousand."""
    return numbers.node(numbers.names.index(name)) if name in numbers.names else None


def _lately(now: Durations, before: Durations | None) -> Durations:
    if before is None or now.text == before.text:
        return now
    return now.since(before)
