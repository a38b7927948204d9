"""What a screen shows of a pipeline at one moment: frozen values, made of two snapshots of its numbers.

Pure: no terminal, no thread, no clock. `History.advance` makes a `Frame` of every snapshot that comes in; widgets are
given frames and ask nobody anything.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property
from pathlib import Path
from typing import Any, Final

from juturna_core.control.api import Description, Durations, NodeDescription, NodeNumbers, Numbers

WINDOW: Final = 2.5
"""Seconds that rates and latencies are of."""
SAMPLES: Final = 32
"""Points of a node's sparkline, one a second."""
STUCK: Final = 5.0
"""Seconds that one message may take before its node is called stuck, unless its usual ones take long."""
NEARLY_FULL: Final = 0.5
"""Share of a queue from which its edge says that it fills."""


class State(Enum):
    """What a node is seen to do: a word, a sign, the sign in ASCII, and a tone that themes have a colour for.

    The tone is one of ok, quiet, warn, bad.
    """

    FLOWING = ("flowing", "●", "*", "ok")
    IDLE = ("idle", "○", "o", "quiet")
    STUCK = ("stuck", "◔", "%", "warn")
    FULL = ("queue full", "▲", "^", "warn")
    BLOCKED = ("blocked", "▷", ">", "quiet")
    SUSPENDED = ("suspended", "‖", "=", "quiet")
    DRAINING = ("draining", "◌", "~", "warn")
    FAILING = ("failing", "✗", "x", "bad")
    AWAY = ("remote away", "↯", "!", "bad")
    ENDED = ("ended", "□", "-", "quiet")
    NEW = ("not started", "□", "-", "quiet")

    def __init__(self, word: str, sign: str, ascii_sign: str, tone: str) -> None:
        self.word, self.sign, self.ascii_sign, self.tone = word, sign, ascii_sign, tone


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

    @property
    def fill(self) -> float:
        """How full the queue is."""
        return min(1.0, self.queue / self.limit) if self.limit else 0.0


class Fill(Enum):
    """How a link stands: its sign is drawn on the edge."""

    EASY = ("", "")
    FILLING = ("△", "^")
    FULL = ("▲", "^")

    def __init__(self, sign: str, ascii_sign: str) -> None:
        self.sign, self.ascii_sign = sign, ascii_sign


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


class History:
    """The snapshots of the last seconds. One thread at a time."""

    def __init__(self) -> None:
        self._kept: deque[_Snapshot] = deque()
        self._sparks: dict[str, deque[float]] = {}
        self._latencies: dict[str, tuple[float | None, float | None]] = {}
        self._sampled = 0.0

    def advance(self, numbers: Numbers, about: Description) -> Frame:
        """What there is to show when `numbers` have come in."""
        kept = self._kept
        if kept and kept[-1].numbers.seconds > numbers.seconds:  # it has begun anew
            kept.clear()
            self._sparks.clear()
            self._latencies.clear()
        if len(kept) > 1 and kept[-1].numbers.seconds == numbers.seconds:  # it is stopped
            kept.pop()
        while len(kept) > 1 and numbers.seconds - kept[1].numbers.seconds >= WINDOW:
            kept.popleft()
        now = _Snapshot(numbers, kept[-1] if kept else None)
        before = kept[0] if kept else None
        kept.append(now)
        nodes = tuple(
            self._node(described, now.rows.get(described.name), now, before)
            for described in about.nodes
        )
        self._sample(nodes, numbers.seconds)
        by_name = {node.name: node for node in nodes}
        blocked = dict(zip(numbers.names, numbers.columns["blocked_by"], strict=True))
        links = tuple(
            _fill(by_name.get(end), blocked.get(origin) == end) for origin, end in about.links
        )
        return Frame(about, numbers, before.numbers if before else None, nodes, links)

    def _node(
        self, about: NodeDescription, row: int | None, now: _Snapshot, before: _Snapshot | None
    ) -> NodeView:
        if row is None:  # described already, and not counted yet
            return _unknown(about)
        columns = now.numbers.columns
        value = {key: columns[key][row] for key in _SHOWN}
        old = before.rows.get(about.name) if before is not None else None
        earlier: dict[str, Any] = (
            {key: before.numbers.columns[key][old] for key in _COUNTS}
            if before is not None and old is not None
            else dict.fromkeys(_COUNTS, 0)
        )
        seconds = now.numbers.seconds - (before.numbers.seconds if before is not None else 0.0)
        grown = {key: max(0, value[key] - earlier[key]) for key in _COUNTS}
        if before is None and seconds > WINDOW:  # what went wrong before we came is not news
            grown["errors"] = grown["lost"] = 0
        latency, p99, busy = self._times(about.name, row, now, before, seconds)
        state, text = _state(about, value, grown, latency, now.numbers.state)
        return NodeView(
            name=about.name,
            kind=about.type,
            mark=about.mark,
            where=value["where"],
            warped=about.warped,
            state=state,
            text=text,
            latency=latency,
            p99=p99,
            rate_in=grown["received"] / seconds if seconds > 0 else 0.0,
            rate_out=grown["transmitted"] / seconds if seconds > 0 else 0.0,
            queue=value["queue"] + (value["in_flight"] if about.warped else 0),
            limit=value["queue_limit"],
            busy=busy,
            errors=value["errors"],
            lost=value["lost"],
            dropped=value["dropped"],
            spark=tuple(self._sparks.get(about.name, ())),
        )

    def _times(
        self, name: str, row: int, now: _Snapshot, before: _Snapshot | None, seconds: float
    ) -> tuple[float | None, float | None, float]:
        """Median, 99th percentile and share of time at work; without anything new the last ones known."""
        counts = now.new_durations(name, before)
        if counts:
            total = sum(counts.values())
            self._latencies[name] = (_percentile(counts, total, 50), _percentile(counts, total, 99))
        median, p99 = self._latencies.get(name, (None, None))
        working = sum(_milliseconds(bucket) * count for bucket, count in counts.items()) / 1e3
        busy = min(1.0, working / seconds) if seconds > 0 else 0.0
        if not working and now.numbers.columns["busy_seconds"][row] > seconds > 0:
            busy = 1.0  # at one message, which is not done yet
        return median, p99, busy

    def _sample(self, nodes: Iterable[NodeView], seconds: float) -> None:
        """A point for every sparkline, once a second."""
        if 0 <= seconds - self._sampled < 1.0:
            return
        self._sampled = seconds
        for node in nodes:
            points = self._sparks.setdefault(node.name, deque(maxlen=SAMPLES))
            points.append(node.latency if node.latency is not None and node.rate_in else 0.0)


_COUNTS = ("received", "transmitted", "errors", "lost")
_SHOWN = (
    *_COUNTS,
    *("where", "status", "status_text", "queue", "queue_limit", "dropped", "last_error"),
    *("busy_seconds", "blocked_by", "in_flight"),
)


class _Snapshot:
    """Numbers, and the durations in them that somebody has read: text that stays the same is read once."""

    __slots__ = ("_read", "_texts", "numbers", "rows")

    def __init__(self, numbers: Numbers, last: _Snapshot | None) -> None:
        self.numbers = numbers
        self.rows = {name: row for row, name in enumerate(numbers.names)}
        columns = numbers.columns
        self._texts: list[str] = [
            trip["total"] if trip and trip.get("total") and where != "local" else update
            for update, trip, where in zip(
                columns["update_time"], columns["round_trip"], columns["where"], strict=True
            )
        ]
        self._read: list[dict[int, int] | None] = [None] * len(self._texts)
        if last is not None and last.numbers.names == numbers.names:
            for row, (text, old) in enumerate(zip(self._texts, last._texts, strict=True)):
                if text == old:
                    self._read[row] = last._read[row]

    def durations(self, row: int) -> dict[int, int]:
        """Counts by bucket: of round trips where there are any, else of `update`."""
        found = self._read[row]
        if found is None:
            found = self._read[row] = Durations(self._texts[row]).counts
        return found

    def new_durations(self, name: str, before: _Snapshot | None) -> dict[int, int]:
        """What has come to a node since `before`."""
        row = self.rows[name]
        earlier = before.rows.get(name) if before is not None else None
        if before is None or earlier is None:
            return self.durations(row)
        if self._texts[row] == before._texts[earlier]:
            return {}
        old = before.durations(earlier)
        new = {bucket: count - old.get(bucket, 0) for bucket, count in self.durations(row).items()}
        return {bucket: count for bucket, count in new.items() if count > 0}


def preview(document: Any, file: str) -> Description:
    """The pipeline of a file's decoded JSON, as far as it makes sense: to draw it before anything has checked it."""
    pipeline = _table(_table(document).get("pipeline"))
    nodes: dict[str, NodeDescription] = {}
    for each in _list(pipeline.get("nodes")):
        node = _table(each)
        name, place = node.get("name"), _table(node.get("warp_configuration"))
        if isinstance(name, str) and name not in nodes:
            nodes[name] = NodeDescription(
                name=name,
                type=_text(node.get("type")),
                mark=_text(node.get("mark")),
                warped=node.get("warped") is True,
                host=_text(place.get("grpc_host")),
                port=place["grpc_port"] if isinstance(place.get("grpc_port"), int) else 0,
                timeout=0.0,
                on_failure="",
                arguments=_table(node.get("configuration")),
                when_full="",
                on_error="",
            )
    links = (_table(each) for each in _list(pipeline.get("links")))
    ends = ((link.get("from"), link.get("to")) for link in links)
    return Description(
        version=0,
        name=_text(pipeline.get("name")),
        id="",
        folder="",
        file=file,
        pid=0,
        started=0.0,
        revision=0,
        nodes=tuple(nodes.values()),
        links=tuple(
            (a, b)
            for a, b in ends
            if isinstance(a, str) and isinstance(b, str) and a in nodes and b in nodes
        ),
    )


def preview_of(file: Path) -> Description:
    """`preview` of what is in `file`; what is wrong in it is said by the runtime, which reads it too."""
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        document = None
    return preview(document, str(file))


def still(about: Description, state: str = "stopped") -> Frame:
    """A pipeline of which no numbers are known."""
    numbers = Numbers.of(about.name, state, 0.0, 0, {node.name: _NOTHING for node in about.nodes})
    nodes = tuple(map(_unknown, about.nodes))
    return Frame(about, numbers, None, nodes, (Fill.EASY,) * len(about.links))


def ended(frame: Frame) -> Frame:
    """What was counted until its end."""
    numbers = replace(frame.numbers, state="stopped")
    nodes = tuple(
        replace(node, state=State.ENDED, text="", rate_in=0.0, rate_out=0.0, busy=0.0)
        for node in frame.nodes
    )
    return Frame(frame.about, numbers, None, nodes, (Fill.EASY,) * len(frame.links))


_ZEROS: dict[str, Any] = {
    **dict.fromkeys(("received", "transmitted", "bytes_out", "errors", "dropped", "lost"), 0),
    **dict.fromkeys(("in_flight", "queue", "queue_max", "queue_bytes", "queue_limit"), 0),
    **dict.fromkeys(("blocked_seconds", "blocking_seconds", "busy_seconds"), 0.0),
    **dict.fromkeys(("where", "status", "status_text", "blocked_by", "last_error"), ""),
    **dict.fromkeys(("queue_time", "update_time", "age"), Durations()),
}
_NOTHING = NodeNumbers(**_ZEROS, round_trip=None)


def _unknown(about: NodeDescription) -> NodeView:
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


def _state(
    about: NodeDescription,
    value: dict[str, Any],
    grown: dict[str, Any],
    latency: float | None,
    pipeline: str,
) -> tuple[State, str]:
    """The most urgent of what is so, and a sentence where something is wrong."""
    status: str = value["status"]
    if value["status_text"] and about.warped:
        return State.AWAY, value["status_text"]
    if grown["errors"] or grown["lost"]:
        error = value["last_error"].partition("\n")[0]
        return State.FAILING, error if grown["errors"] else f"{grown['lost']} messages lost"
    if status in ("suspended", "draining"):
        return State[status.upper()], ""
    if pipeline != "running" or status == "component_stopped":
        return State.ENDED, value["status_text"]
    full = value["queue_limit"] and value["queue"] >= value["queue_limit"]
    busy = value["busy_seconds"]
    if about.type != "source" and busy > max(STUCK, (latency or 0.0) / 100):
        return State.STUCK, f"at one message for {busy:.0f} s"
    if full:
        return State.FULL, f"{value['queue']} messages wait: it is slower than what feeds it"
    if value["blocked_by"]:
        return State.BLOCKED, f"waits for room in {value['blocked_by']}"
    flows = grown["received"] or grown["transmitted"]
    return (State.FLOWING if flows else State.IDLE), value["status_text"]


def _fill(end: NodeView | None, blocks: bool) -> Fill:
    if end is None:
        return Fill.EASY
    if blocks or end.fill >= 1.0:
        return Fill.FULL
    return Fill.FILLING if end.fill >= NEARLY_FULL else Fill.EASY


def _numbers_of(numbers: Numbers, name: str) -> NodeNumbers | None:
    """Made of the columns for this node alone: there may be a thousand."""
    return numbers.node(numbers.names.index(name)) if name in numbers.names else None


def _lately(now: Durations, before: Durations | None) -> Durations:
    if before is None or now.text == before.text:
        return now
    return now.since(before)


def _percentile(counts: dict[int, int], total: int, percent: float) -> float:
    rank, seen = max(1.0, -(-total * percent // 100)), 0
    for bucket, count in sorted(counts.items()):
        seen += count
        if seen >= rank:
            return _milliseconds(bucket)
    return 0.0


_KNOWN: dict[int, float] = {}


def _milliseconds(bucket: int) -> float:
    found = _KNOWN.get(bucket)
    if found is None:
        found = _KNOWN[bucket] = Durations(f"{bucket}:1").percentile(50) or 0.0
    return found


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
