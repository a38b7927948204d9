"""The numbers of a pipeline at one moment, put together from what workers, inboxes and outlets count.

Called by readers, on their threads, at any rate: nothing is locked and nothing is counted twice.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, Protocol

from juturna_core.config import NodeConfig
from juturna_core.metrics import Distribution
from juturna_core.worker import Worker


@dataclass(frozen=True, slots=True)
class NodeStats:
    """One node at one moment. Counts are exact; `queue`, what belongs to it and `busy_seconds` are of that moment.

    `received` and `transmitted` are messages, `bytes_out` payload bytes, `*_seconds` since the start,
    `blocked_seconds` the time this node could not hand on because `blocked_by` (when it is blocked now) was full,
    `blocking_seconds` the time that its own full inbox kept its feeders waiting. `last_error` is one line, and below it
    the traceback.
    """

    type: str
    mark: str
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
    blocked_seconds: float
    blocked_by: str
    blocking_seconds: float
    busy_seconds: float
    last_error: str
    queue_time: Distribution
    update_time: Distribution
    age: Distribution
    round_trip: dict[str, Distribution] | None


@dataclass(frozen=True, slots=True)
class PipelineStats:
    """All nodes at one moment; `seconds` since the start; `state` is created, ready, running, stopped or destroyed."""

    name: str
    seconds: float
    state: str
    nodes: dict[str, NodeStats]

    @property
    def lost(self) -> int:
        return sum(node.lost for node in self.nodes.values())

    def __getitem__(self, node: str) -> NodeStats:
        return self.nodes[node]


def milliseconds(distribution: Distribution) -> dict[str, Any]:
    """p50, p90, p99 and max for a summary, rounded to a microsecond."""
    points = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "max": 100.0}
    found = {name: distribution.percentile(percent) for name, percent in points.items()}
    return {name: None if ms is None else round(ms, 3) for name, ms in found.items()}


def node_stats(config: NodeConfig, worker: Worker) -> NodeStats:
    """The numbers of `worker`'s node now."""
    metrics = worker.state.metrics
    queue_time, update_time, age = metrics.times.snapshot()
    trips = metrics.round_trips
    counts: dict[str, Any] = {name: count(worker) for name, count in COUNTS.items()}
    return NodeStats(
        type=config.type,
        mark=config.mark or "",
        where=config.place,
        **counts,
        queue_time=queue_time,
        update_time=update_time,
        age=age,
        round_trip=trips.snapshot() if trips is not None else None,
    )


COUNTS: Final[dict[str, Callable[[Worker], Any]]] = {
    "status": lambda worker: _status(worker),
    "status_text": lambda worker: worker.state.status_text,
    "received": lambda worker: worker.received,
    "transmitted": lambda worker: worker.state.outlet.transmitted,
    "bytes_out": lambda worker: worker.state.outlet.bytes,
    "errors": lambda worker: worker.state.metrics.errors,
    "dropped": lambda worker: worker.dropped,
    "lost": lambda worker: worker.lost,
    "in_flight": lambda worker: worker.node.held,
    "queue": lambda worker: len(worker.inbox),
    "queue_max": lambda worker: worker.inbox.high_water,
    "queue_bytes": lambda worker: worker.inbox.bytes_queued,
    "blocked_seconds": lambda worker: _with_now(worker.state.outlet),
    "blocked_by": lambda worker: worker.state.outlet.blocked_by,
    "blocking_seconds": lambda worker: _with_now(worker.inbox),
    "busy_seconds": lambda worker: worker.busy_seconds,
    "last_error": lambda worker: worker.state.metrics.last_error,
}
"""How to read each number of `NodeStats`, so that many nodes can be read a number at a time, which is far quicker."""


def _status(worker: Worker) -> str:
    if worker.draining:
        return "draining"
    return "suspended" if worker.suspended else str(worker.state.status)


class _Blocks(Protocol):
    blocked_seconds: float
    blocked_since: float


def _with_now(end: _Blocks) -> float:
    """Seconds blocked, with those of a block that goes on."""
    seconds, since = end.blocked_seconds, end.blocked_since
    return seconds + max(0.0, time.perf_counter() - since) if since else seconds
