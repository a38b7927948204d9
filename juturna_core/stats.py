"""The numbers of a pipeline at one moment, put together from what workers, inboxes and outlets count.

Called by readers, on their threads, at any rate: nothing is locked and nothing is counted twice.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from juturna_core.config import NodeConfig
from juturna_core.metrics import Distribution
from juturna_core.worker import Worker


@dataclass(frozen=True, slots=True)
class NodeStats:
    """One node at one moment. Counts are exact; `queue`, what belongs to it and `busy_seconds` are of that moment.

    `received` and `transmitted` are messages, `bytes_out` payload bytes, `*_seconds` since the start,
    `blocked_seconds` the time this node could not hand on because `blocked_by` (when it is blocked now) was full,
    `blocking_seconds` the time that its own full inbox kept its feeders waiting.
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


def node_stats(config: NodeConfig, worker: Worker, max_age: float = 0.0) -> NodeStats:
    """The numbers of `worker`'s node now; its distributions may be `max_age` seconds old."""
    state, inbox = worker.state, worker.inbox
    metrics, outlet = state.metrics, state.outlet
    now = time.perf_counter()
    queue_time, update_time, age = metrics.times.snapshot(max_age)
    trips = metrics.round_trips
    return NodeStats(
        type=config.type,
        mark=config.mark or "",
        where=config.place,
        status=_status(worker),
        status_text=state.status_text,
        received=metrics.times.count + metrics.untouched,
        transmitted=outlet.transmitted,
        bytes_out=outlet.bytes,
        errors=metrics.errors,
        dropped=worker.dropped,
        lost=worker.lost,
        in_flight=worker.node.held,
        queue=len(inbox),
        queue_max=inbox.high_water,
        queue_bytes=inbox.bytes_queued,
        blocked_seconds=outlet.blocked_seconds + _since(outlet.blocked_since, now),
        blocked_by=outlet.blocked_by,
        blocking_seconds=inbox.blocked_seconds + _since(inbox.blocked_since, now),
        busy_seconds=worker.busy_seconds,
        last_error=metrics.last_error,
        queue_time=queue_time,
        update_time=update_time,
        age=age,
        round_trip=trips.snapshot(max_age) if trips is not None else None,
    )


def _status(worker: Worker) -> str:
    if worker.draining:
        return "draining"
    return "suspended" if worker.suspended else str(worker.state.status)


def _since(start: float, now: float) -> float:
    return max(0.0, now - start) if start else 0.0
