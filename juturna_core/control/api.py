"""The one door between a running pipeline and whoever looks into it or steers it from outside.

`Control` is what a screen or a command may ask; everything it answers is a frozen value that JSON can carry. There are
three: `local` in the process of the pipeline, `client` over a socket, `fake` for tests; tests/contract runs one test on
all. Every method may be called from any thread, and raises JuturnaError: unknown nodes (with the nearest name), values
that do not fit, a pipeline that has gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Protocol, TypeVar

from juturna_core.errors import JuturnaError, Problem
from juturna_core.events import Event
from juturna_core.metrics import bucket_seconds

VERSION = 1
"""Of this contract. A client that knows another says so instead of guessing."""


class Gone(JuturnaError):
    """The pipeline's process cannot be asked: it has ended, it hangs, or it never was there."""


@dataclass(frozen=True, slots=True)
class NodeDescription:
    """A node as the configuration that runs has it. `host`, `port` and the rest are of its remote, if it names one."""

    name: str
    type: str
    mark: str
    warped: bool
    host: str
    port: int
    timeout: float
    on_failure: str
    arguments: dict[str, Any]
    when_full: str
    on_error: str


@dataclass(frozen=True, slots=True)
class Description:
    """A pipeline and the process it runs in. `file` is empty when it came from no file; `started` in epoch seconds.

    `revision` counts the configurations that have run, so that a reader knows when to look again. `followed`: when the
    file is saved it is applied without anybody asking (`--watch`).
    """

    version: int
    name: str
    id: str
    folder: str
    file: str
    pid: int
    started: float
    revision: int
    nodes: tuple[NodeDescription, ...]
    links: tuple[tuple[str, str], ...]
    followed: bool = False


@dataclass(frozen=True)
class Durations:
    """How often something took how long: counts by the bucket of `metrics.bucket_seconds`, without the empty ones.

    `text` is made by `tally.Tally`; it is read when somebody looks.
    """

    text: str = ""

    @cached_property
    def counts(self) -> dict[int, int]:
        pairs = (pair.split(":") for pair in self.text.split())
        return {int(bucket): int(count) for bucket, count in pairs}

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def since(self, earlier: Durations) -> Durations:
        """What came after `earlier`."""
        before = earlier.counts
        new = {bucket: count - before.get(bucket, 0) for bucket, count in self.counts.items()}
        return Durations(
            " ".join(f"{bucket}:{count}" for bucket, count in new.items() if count > 0)
        )

    def percentile(self, percent: float) -> float | None:
        """The milliseconds that `percent` of all stay at or below, within 3.2 %; None without any."""
        return percentile(self.counts, percent)


def percentile(counts: Mapping[int, int], percent: float) -> float | None:
    """`Durations.percentile` of its counts."""
    left = max(1.0, -(-sum(counts.values()) * percent // 100))
    for bucket, count in sorted(counts.items()):
        left -= count
        if left <= 0:
            return bucket_seconds(bucket) * 1e3
    return None


@dataclass(frozen=True, slots=True)
class NodeNumbers:
    """`stats.NodeStats` of one node, as it travels; what its fields mean is said there."""

    where: str
    status: str
    status_text: str
    received: int
    transmitted: int
    bytes_out: int
    errors: int
    dropped: int
    lost: int
    in_flight: int
    queue: int
    queue_max: int
    queue_bytes: int
    queue_limit: int
    blocked_seconds: float
    blocked_by: str
    blocking_seconds: float
    busy_seconds: float
    last_error: str
    queue_time: Durations
    update_time: Durations
    age: Durations
    round_trip: dict[str, Durations] | None


_TIMES = ("queue_time", "update_time", "age")


@dataclass(frozen=True)
class Numbers:
    """All nodes at one moment; `seconds` since the start, `state` is ready, running, stopped or destroyed.

    `columns` has a list for every field of `NodeNumbers`, in the order of `names`: a pipeline of many nodes that is
    asked many times a second has better things to do than to make an object of each. Durations are their text there.
    """

    name: str
    state: str
    seconds: float
    lost: int
    names: tuple[str, ...]
    columns: dict[str, list[Any]]
    logged: int = 0
    """The number of the last line of the log, so that nobody asks for lines that there are not."""
    timed: float = 0.0
    """Seconds since the start when the durations were read: of many nodes they may be older than the counts."""

    @classmethod
    def of(
        cls,
        name: str,
        state: str,
        seconds: float,
        lost: int,
        nodes: dict[str, NodeNumbers],
        logged: int = 0,
    ) -> Numbers:
        """The same from objects."""
        columns = {
            each.name: [_plain(getattr(node, each.name)) for node in nodes.values()]
            for each in fields(NodeNumbers)
        }
        return cls(name, state, seconds, lost, tuple(nodes), columns, logged, seconds)

    @cached_property
    def nodes(self) -> dict[str, NodeNumbers]:
        return {name: self.node(row) for row, name in enumerate(self.names)}

    def node(self, row: int) -> NodeNumbers:
        """The one that `names` has at `row`."""
        found = {key: column[row] for key, column in self.columns.items()}
        trips = found["round_trip"]
        found["round_trip"] = trips and {part: Durations(text) for part, text in trips.items()}
        return NodeNumbers(**{**found, **{key: Durations(found[key]) for key in _TIMES}})


def _plain(value: Any) -> Any:
    if isinstance(value, Durations):
        return value.text
    return {part: each.text for part, each in value.items()} if isinstance(value, dict) else value


@dataclass(frozen=True, slots=True)
class LogLine:
    """One line of the log. `level` is a name; `node` is empty where it belongs to none."""

    number: int
    time: float
    level: str
    logger: str
    node: str
    text: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """What happened since a reader looked last: `missed` of it is not kept any more, `last` is where to go on."""

    items: tuple[Event, ...]
    missed: int
    last: int
    more: int = 0


@dataclass(frozen=True, slots=True)
class LogPage:
    """The same for lines of the log; `more` are kept after `last` and did not fit."""

    items: tuple[LogLine, ...]
    missed: int
    last: int
    more: int = 0


@dataclass(frozen=True, slots=True)
class Passed:
    """A message that came to a node: what it is, and its payload in words (never the whole of it)."""

    node: str
    id: int
    version: int
    creator: str
    time: float
    type: str
    size: int
    summary: str
    meta: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Checked:
    """What a configuration would do: its problems (with an error in it nothing), and the changes in words."""

    problems: tuple[Problem, ...]
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Applied:
    """What a change did. `lines` are the lines of the file that changed, if it was written."""

    changes: tuple[str, ...]
    restarted: dict[str, str]
    seconds: float
    held_seconds: float
    carried: int
    lost: int
    lines: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Probe:
    """What is at an address: whether something listens, whether it is a remote of ours, which node it serves.

    `text` says it for a person; `milliseconds` is one round trip.
    """

    reachable: bool
    ours: bool
    node_name: str
    node_type: str
    node_mark: str
    pipe_name: str
    milliseconds: float | None
    text: str


@dataclass(frozen=True, slots=True)
class Edit:
    """A new value for the key that `path` leads to in a node's object; `remove` takes the key out instead."""

    node: str
    path: tuple[str, ...]
    value: Any = None
    remove: bool = False


Item = TypeVar("Item", covariant=True)


class Subscription(Iterator[Item], Protocol[Item]):
    """Items as they come. `next` waits for one and is called by one thread; `close` may be called by any, and again.

    After `close` a `next` that waits, and every later one, ends with StopIteration at once. Whoever subscribes closes.
    """

    def close(self) -> None: ...


class Control(Protocol):
    """See the module."""

    def describe(self) -> Description: ...

    def stats(self) -> Numbers: ...

    def events(self, since: int = 0, wait: float = 0.0) -> EventPage:
        """What happened after number `since`; when that is nothing, wait up to `wait` seconds for it."""
        ...

    def logs(self, since: int = 0, wait: float = 0.0, node: str = "", level: str = "") -> LogPage:
        """Lines after number `since`, of one node or at least of one level if named."""
        ...

    def follow(self, since: int = 0) -> Subscription[Event]:
        """Events as they happen, beginning after number `since`, until the pipeline's process ends.

        It has begun when this returns, as with `tap`; what is wrong is raised here and not by the first `next`.
        """
        ...

    def tap(self, node: str) -> Subscription[Passed]:
        """Messages as they come to `node`. A reader that is too slow misses some; nothing waits for it."""
        ...

    def peek(self, node: str, count: int = 10) -> tuple[Passed, ...]:
        """The last messages of `node`. Nothing is kept before the first call, and nothing a minute after the last."""
        ...

    def check(self, text: str) -> Checked:
        """What the pipeline file `text` would change."""
        ...

    def apply(self, text: str) -> Applied:
        """Make the pipeline file `text` what runs; no file is written."""
        ...

    def edit(self, edits: tuple[Edit, ...], write: bool = True, dry_run: bool = False) -> Applied:
        """Change nodes: in the file too (only those bytes) where there is one and `write` says so, then apply.

        With `dry_run` it is only said what would change.
        """
        ...

    def undo(self) -> Applied:
        """Take the last edit of the file back."""
        ...

    def reload(self) -> Applied:
        """Read the file again and apply it."""
        ...

    def suspend(self, node: str) -> None: ...

    def resume(self, node: str) -> None: ...

    def probe(self, host: str, port: int) -> Probe: ...

    def stop(self, keep: bool = False) -> None:
        """Drain and end the run; with `keep` the process stays, and `start` begins anew."""
        ...

    def start(self) -> None: ...

    def restart(self) -> None:
        """Drain, and begin anew with fresh nodes."""
        ...


METHODS = frozenset(name for name in vars(Control) if not name.startswith("_"))
STREAMS = frozenset({"follow", "tap"})
"""Methods that answer again and again."""
