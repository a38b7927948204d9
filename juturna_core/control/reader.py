"""Reads the numbers of a pipeline's nodes for clients, a number at a time, which is far quicker than node by node."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence

from juturna_core.config import NodeConfig
from juturna_core.control.api import Numbers
from juturna_core.metrics import RoundTrip
from juturna_core.stats import COUNTS
from juturna_core.tally import Tally
from juturna_core.worker import Worker

AGE, OLDEST = 0.01, 1.0
"""Seconds a node, and of all of them, that the distributions of an answer may be old; counts are of this moment.

Of many nodes, asked for many times a second, they would cost the pipeline more than they tell.
"""


class Reader:
    """For the clients of one pipeline. Any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # guards both tallies
        self._times = self._trips = Tally(())

    def numbers(
        self,
        name: str,
        state: str,
        seconds: float,
        nodes: Sequence[tuple[NodeConfig, Worker]],
        logged: int,
    ) -> Numbers:
        """The numbers of `nodes`, column by column."""
        workers = [worker for _, worker in nodes]
        columns = {key: list(map(count, workers)) for key, count in COUNTS.items()}
        columns["where"] = [config.place for config, _ in nodes]
        columns["queue_limit"] = [worker.inbox.capacity for worker in workers]
        times, trips, age = self._distributions(workers)
        for kind, column in enumerate(("queue_time", "update_time", "age")):
            columns[column] = [each[kind] for each in times]
        columns["round_trip"] = trips
        names = tuple(config.name for config, _ in nodes)
        return Numbers(
            name,
            state,
            seconds,
            sum(columns["lost"]),
            names,
            columns,
            logged,
            max(0.0, seconds - age),
        )

    def _distributions(
        self, workers: Sequence[Worker]
    ) -> tuple[list[tuple[str, ...]], list[dict[str, str] | None], float]:
        """Of each node its times, and the parts of its round trips where it has made any; and how old they are."""
        metrics = [worker.state.metrics for worker in workers]
        times = tuple(each.times for each in metrics)
        trips = {row: each.round_trips for row, each in enumerate(metrics) if each.round_trips}
        samples = tuple(each.samples for each in trips.values())
        age = min(OLDEST, AGE * len(workers))
        with self._lock:
            if times != self._times.samples:
                self._times = Tally(times)
            if samples != self._trips.samples:
                self._trips = Tally(samples)
            texts, parts = self._times.texts(age), self._trips.texts(age)
            old = time.monotonic() - self._times.when
        made: list[dict[str, str] | None] = [None] * len(workers)
        for row, trip in zip(trips, parts, strict=True):
            made[row] = dict(zip(RoundTrip.__slots__, trip, strict=True))
        return texts, made, old
