"""Makes frames of snapshots: rates, latencies, states of what came in between two of them.

Pure: no terminal, no thread, no clock; time is what the snapshots say it is.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from typing import Any, Final, NamedTuple

from juturna_core.control.api import Description, Durations, NodeDescription, Numbers, percentile
from juturna_core.metrics import bucket_seconds
from juturna_tui.view import WINDOW, Fill, Frame, NodeView, State, unknown

LONG: Final = 10.0
FEW: Final = 30
"""Messages in LONG seconds up to which a rate is of all these: of two or three in the window it would jump."""
SAMPLES: Final = 32
"""Points of a node's sparkline, one a second."""
STUCK: Final = 5.0
"""Seconds that one message may take before its node is called stuck, unless its usual ones take long."""
NEARLY_FULL: Final = 0.5
"""Share of a queue from which its edge says that it fills."""


class History:
    """The snapshots of the last seconds. One thread at a time."""

    def __init__(self) -> None:
        self._kept: deque[_Snapshot] = deque()
        self._sparks: dict[str, deque[float]] = {}
        self._measured: dict[str, _Measured] = {}
        self._sampled = 0.0
        self._past: deque[_Past] = deque()
        """Once a second, for the last LONG ones."""

    def advance(self, numbers: Numbers, about: Description) -> Frame:
        """What there is to show when `numbers` have come in."""
        kept = self._kept
        if kept and kept[-1].numbers.seconds > numbers.seconds:  # it has begun anew
            kept.clear()
            self._past.clear()
            self._sparks.clear()
            self._measured.clear()
        while len(kept) > 1 and numbers.seconds - kept[1].numbers.seconds >= WINDOW:
            kept.popleft()
        now = _Snapshot(numbers, kept[-1] if kept else None)
        if numbers.state == "running":
            before = kept[0] if kept else None
        else:  # time stands still, and what came last would be news for ever
            kept.clear()
            self._past.clear()
            before = now
        kept.append(now)
        nodes = tuple(
            self._node(described, now.rows.get(described.name), now, before)
            for described in about.nodes
        )
        self._sample(nodes, now)
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
            return unknown(about)
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
        latency, p99, busy = self._times(
            about.name, row, now, self._since_moved(about.name, now, before)
        )
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
            rate_in=self._rate("received", about.name, value, grown, now, seconds),
            rate_out=self._rate("transmitted", about.name, value, grown, now, seconds),
            queue=value["queue"],
            limit=value["queue_limit"],
            busy=busy,
            errors=value["errors"],
            lost=value["lost"],
            dropped=value["dropped"],
            spark=tuple(self._sparks.get(about.name, ())),
            in_flight=value["in_flight"] if about.warped else 0,
        )

    def _rate(
        self,
        key: str,
        name: str,
        value: dict[str, Any],
        grown: dict[str, Any],
        now: _Snapshot,
        seconds: float,
    ) -> float:
        """Messages a second: in the window or, where there are few, in the last LONG seconds."""
        past = self._past[0] if self._past else None
        if past is not None and (row := past.rows.get(name)) is not None:
            few, span = value[key] - past.columns[key][row], now.numbers.seconds - past.seconds
            if 0 <= few <= FEW and span > seconds:
                return float(few / span)
        return float(grown[key] / seconds) if seconds > 0 else 0.0

    def _since_moved(self, name: str, now: _Snapshot, before: _Snapshot | None) -> _Snapshot | None:
        """The snapshot to count a node's times from: what it took elsewhere says nothing of where it is now."""
        place = now.place(name)
        if before is None or before.place(name) in ("", place):
            return before
        return next(each for each in self._kept if each.place(name) == place)

    def _times(
        self, name: str, row: int, now: _Snapshot, before: _Snapshot | None
    ) -> tuple[float | None, float | None, float]:
        """Median, 99th percentile and share of time at work; without anything new the last ones known there."""
        seconds = now.numbers.timed - (before.numbers.timed if before is not None else 0.0)
        texts = now.text(name), before.text(name) if before is not None else ""
        known, place = self._measured.get(name), now.place(name)
        if known is not None and known.place != place:
            known = None
        if known is None or known.texts != texts:  # of many nodes they change once a second
            counts = now.new_durations(name, before)
            if counts:
                median, p99 = percentile(counts, 50), percentile(counts, 99)
            else:
                median, p99 = (known.median, known.p99) if known is not None else (None, None)
            working = sum(bucket_seconds(bucket) * count for bucket, count in counts.items())
            known = self._measured[name] = _Measured(place, texts, median, p99, working)
        busy = min(1.0, known.working / seconds) if seconds > 0 else 0.0
        if not known.working and now.numbers.columns["busy_seconds"][row] > seconds > 0:
            busy = 1.0  # at one message, which is not done yet
        return known.median, known.p99, busy

    def _sample(self, nodes: Iterable[NodeView], now: _Snapshot) -> None:
        """A point for every sparkline, once a second."""
        seconds = now.numbers.seconds
        if 0 <= seconds - self._sampled < 1.0:
            return
        self._sampled = seconds
        counts = {key: now.numbers.columns[key] for key in ("received", "transmitted")}
        self._past.append(_Past(seconds, now.rows, counts))
        while seconds - self._past[0].seconds > LONG:
            self._past.popleft()
        for node in nodes:
            points = self._sparks.setdefault(node.name, deque(maxlen=SAMPLES))
            points.append(node.latency if node.latency is not None and node.rate_in else 0.0)


_COUNTS = ("received", "transmitted", "errors", "lost")
_SHOWN = (
    *_COUNTS,
    *("where", "status", "status_text", "queue", "queue_limit", "dropped", "last_error"),
    *("busy_seconds", "blocked_by", "in_flight"),
)


class _Measured(NamedTuple):
    """What two texts of durations of a node at `place` say: percentiles, and seconds at work between the two."""

    place: str
    texts: tuple[str, str]
    median: float | None
    p99: float | None
    working: float


class _Past(NamedTuple):
    """What nodes had received and transmitted at a moment."""

    seconds: float
    rows: dict[str, int]
    columns: dict[str, list[int]]


class _Snapshot:
    """Numbers, and the durations in them that somebody has read: text that stays the same is read once."""

    __slots__ = ("_read", "_texts", "numbers", "rows")

    def __init__(self, numbers: Numbers, last: _Snapshot | None) -> None:
        self.numbers = numbers
        self.rows = {name: row for row, name in enumerate(numbers.names)}
        columns = numbers.columns
        self._texts: list[str] = [
            update if where == "local" else (trip or {}).get("total", "")
            for update, trip, where in zip(
                columns["update_time"], columns["round_trip"], columns["where"], strict=True
            )
        ]
        self._read: list[dict[int, int] | None] = [None] * len(self._texts)
        if last is not None and last.numbers.names == numbers.names:
            for row, (text, old) in enumerate(zip(self._texts, last._texts, strict=True)):
                if text == old:
                    self._read[row] = last._read[row]

    def text(self, name: str) -> str:
        row = self.rows.get(name)
        return self._texts[row] if row is not None else ""

    def place(self, name: str) -> str:
        """Where it runs; empty when there is no such node."""
        row = self.rows.get(name)
        return self.numbers.columns["where"][row] if row is not None else ""

    def durations(self, row: int) -> dict[int, int]:
        """Counts by bucket: of `update`, of whole round trips where the node is elsewhere."""
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


def _state(
    about: NodeDescription,
    value: dict[str, Any],
    grown: dict[str, Any],
    latency: float | None,
    pipeline: str,
) -> tuple[State, str]:
    """The most urgent of what is so, and a sentence where something is wrong."""
    status: str = value["status"]
    if pipeline != "running":
        return State.ENDED, value["status_text"]
    if value["status_text"] and status != "component_stopped":
        suspended = "suspended; " if status == "suspended" else ""
        return State.AWAY if about.warped else State.FAILING, suspended + value["status_text"]
    if grown["errors"] or grown["lost"]:
        error = value["last_error"].partition("\n")[0]
        return State.FAILING, error if grown["errors"] else f"{grown['lost']} messages lost"
    if status in ("suspended", "draining"):
        return State[status.upper()], ""
    if status == "component_stopped":
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
    return (State.FLOWING if flows else State.IDLE), ""


def _fill(end: NodeView | None, blocks: bool) -> Fill:
    if end is None:
        return Fill.EASY
    if blocks or end.fill >= 1.0:
        return Fill.FULL
    return Fill.FILLING if end.fill >= NEARLY_FULL else Fill.EASY
