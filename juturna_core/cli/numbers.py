"""The numbers of a pipeline elsewhere as those of one here, so that the same tables show them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

from juturna_core.metrics import Distribution, bucket_middles
from juturna_core.stats import NodeStats, PipelineStats

if TYPE_CHECKING:
    from juturna_core.control.api import Description, Durations, NodeNumbers, Numbers

_TIMES = ("queue_time", "update_time", "age")


def stats_of(numbers: Numbers, about: Description) -> PipelineStats:
    """What `numbers` of the pipeline `about` say."""
    what = {node.name: (node.type, node.mark) for node in about.nodes}
    nodes = {name: _node(node, *what.get(name, ("", ""))) for name, node in numbers.nodes.items()}
    return PipelineStats(numbers.name, numbers.seconds, numbers.state, nodes)


def lately(now: PipelineStats, before: PipelineStats | None) -> PipelineStats:
    """`now` with the times of what came since `before` alone."""
    if before is None:
        return now
    nodes = {
        name: _node_lately(node, before.nodes[name]) if name in before.nodes else node
        for name, node in now.nodes.items()
    }
    return replace(now, nodes=nodes)


def rates(now: PipelineStats, before: PipelineStats | None) -> dict[str, float]:
    """Messages that each node received in a second, between the two or since the start."""
    seconds = now.seconds - (before.seconds if before is not None else 0.0)
    earlier = before.nodes if before is not None else {}
    received = {
        name: node.received - (earlier[name].received if name in earlier else 0)
        for name, node in now.nodes.items()
    }
    return {
        name: max(0.0, count / seconds) if seconds > 0 else 0.0 for name, count in received.items()
    }


def _node(node: NodeNumbers, type: str, mark: str) -> NodeStats:
    trips = node.round_trip
    times: dict[str, Any] = {name: _distribution(getattr(node, name)) for name in _TIMES}
    taken = {"type", "mark", "round_trip", *_TIMES}
    same: dict[str, Any] = {
        each.name: getattr(node, each.name) for each in fields(NodeStats) if each.name not in taken
    }
    return NodeStats(
        **same,
        **times,
        type=type,
        mark=mark,
        round_trip=None
        if trips is None
        else {part: _distribution(each) for part, each in trips.items()},
    )


def _distribution(durations: Durations) -> Distribution:
    import numpy as np

    counts = np.zeros(len(bucket_middles()), dtype=np.int64)
    for bucket, count in durations.counts.items():
        counts[bucket] = count
    return Distribution(counts)


def _node_lately(now: NodeStats, before: NodeStats) -> NodeStats:
    times: dict[str, Any] = {
        name: getattr(now, name).since(getattr(before, name)) for name in _TIMES
    }
    if now.round_trip is not None and before.round_trip is not None:
        earlier = before.round_trip
        times["round_trip"] = {
            part: each.since(earlier[part]) if part in earlier else each
            for part, each in now.round_trip.items()
        }
    return replace(now, **times)
