"""How a run went, for a person (a table) or a program (one JSON object)."""

from __future__ import annotations

import json
from typing import Any

from juturna_core.cells import aligned, shorten
from juturna_core.metrics import Distribution
from juturna_core.stats import NodeStats, PipelineStats, milliseconds

_COLUMNS = (
    *("node", "where", "rx", "tx", "rx/s", "queue", "max", "p50", "p99", "in queue"),
    *("errors", "lost"),
)
_LONGEST_NAME = 40
_SPLIT = ("encode", "network", "remote_queue", "remote_compute", "decode")


def as_json(stats: PipelineStats) -> str:
    """One JSON object on one line."""
    return json.dumps(as_dict(stats))


def as_dict(stats: PipelineStats) -> dict[str, Any]:
    """The summary as plain values; all `*_ms` are milliseconds, the parts of a split its medians."""
    return {
        "pipeline": stats.name,
        "seconds": round(stats.seconds, 3),
        "state": stats.state,
        "lost": stats.lost,
        "nodes": {name: _node(node) for name, node in stats.nodes.items()},
    }


def _node(node: NodeStats) -> dict[str, Any]:
    return {
        "type": node.type,
        "mark": node.mark,
        "where": node.where,
        "rx": node.received,
        "tx": node.transmitted,
        "bytes": node.bytes_out,
        "errors": node.errors,
        "dropped": node.dropped,
        "lost": node.lost,
        "queue": node.queue,
        "queue_max": node.queue_max,
        "blocked_ms": round(node.blocked_seconds * 1e3, 3),
        "queue_ms": milliseconds(node.queue_time),
        "update_ms": milliseconds(node.update_time),
        "age_ms": milliseconds(node.age),
        "rtt_ms": _round_trip(node.round_trip),
    }


def _round_trip(trip: dict[str, Distribution] | None) -> dict[str, Any] | None:
    if trip is None:
        return None
    split = {part: milliseconds(trip[part])["p50"] for part in _SPLIT}
    return {**milliseconds(trip["total"]), "split": split}


def as_table(stats: PipelineStats, before: PipelineStats | None = None) -> str:
    """A table of all nodes. With an earlier snapshot rates and latencies are of the time between the two,
    a latency without messages in it excepted."""
    rows: list[tuple[str, ...]] = [_COLUMNS]
    seconds = stats.seconds - (before.seconds if before else 0.0)
    for name, node in stats.nodes.items():
        earlier = before.nodes.get(name) if before else None
        update = _recent(_work(node), _work(earlier) if earlier else None)
        queue = _recent(node.queue_time, earlier.queue_time if earlier else None)
        received = node.received - (earlier.received if earlier else 0)
        rows.append(
            (
                shorten(name, _LONGEST_NAME),
                node.where,
                str(node.received),
                str(node.transmitted),
                f"{max(0, received) / seconds:.1f}" if seconds > 0 else "-",
                str(node.queue + node.in_flight),
                str(node.queue_max),
                duration(update.percentile(50)),
                duration(update.percentile(99)),
                duration(queue.percentile(50)),
                str(node.errors),
                str(node.lost),
            )
        )
    lines = aligned(rows, words=(0, 1))
    lines += [
        f"{name}: {node.status_text}" for name, node in stats.nodes.items() if node.status_text
    ]
    lines += [
        f"{name}: last error: {node.last_error.splitlines()[0]}"
        for name, node in stats.nodes.items()
        if node.last_error
    ]
    head = f"{stats.name}: {stats.state}, {stats.seconds:.1f} s, {stats.lost} lost"
    return "\n".join([head, *lines])


def _work(node: NodeStats) -> Distribution:
    """How long a message takes the node: where it is warped, there and back."""
    return node.update_time if node.round_trip is None else node.round_trip["total"]


def _recent(now: Distribution, before: Distribution | None) -> Distribution:
    """What came since `before`; when that is nothing, all there ever was."""
    recent = now.since(before) if before is not None else now
    return recent if recent.count else now


def duration(ms: float | None) -> str:
    """Milliseconds for a person: three digits and a unit."""
    if ms is None:
        return "-"
    for scale, unit in ((1000.0, "s"), (1.0, "ms"), (0.001, "µs")):
        if ms >= scale:
            return f"{ms / scale:.3g} {unit}"
    return f"{ms * 1e6:.0f} ns"
