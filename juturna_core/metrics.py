"""Numbers of a running node: plain attributes with one writer, read as immutable snapshots.

Nothing here takes a lock. A worker writes its own `Metrics`; readers copy (stats.py). Rates are the reader's business:
two snapshots and the time between them.
"""

from __future__ import annotations

import struct
import sys
from array import array
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field

# The upper 16 bits of an IEEE double are sign, exponent and four bits of mantissa: a logarithmic bucket, 16 to an
# octave, whose middle is within 3.2 % of every value in it. An array of doubles seen as 16-bit words counts at the
# speed of C.
_UPPER = 3 if sys.byteorder == "little" else 0


def bucket_middle(bucket: int) -> float:
    """The duration in nanoseconds that stands for a bucket."""
    return (
        float(struct.unpack("<d", struct.pack("<Q", bucket << 48 | 1 << 47))[0]) if bucket else 0.0
    )


@dataclass(frozen=True, slots=True)
class Distribution:
    """A snapshot of a histogram of durations. Everything it answers is in milliseconds, within 3.2 %."""

    counts: Mapping[int, int] = field(default_factory=dict)

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    def percentile(self, percent: float) -> float | None:
        """The duration that `percent` of all stay at or below (nearest rank); None without any."""
        rank = max(1, -(-self.count * percent // 100))
        for bucket in sorted(self.counts):
            rank -= self.counts[bucket]
            if rank <= 0:
                return bucket_middle(bucket) / 1e6
        return None

    @property
    def maximum(self) -> float | None:
        """The longest, None without any."""
        return self.percentile(100)

    @property
    def total(self) -> float:
        """The sum of all."""
        return sum(bucket_middle(bucket) * count for bucket, count in self.counts.items()) / 1e6

    def since(self, earlier: Distribution) -> Distribution:
        """What came after the snapshot `earlier`."""
        counts = {b: n - earlier.counts.get(b, 0) for b, n in self.counts.items()}
        return Distribution({b: n for b, n in counts.items() if n > 0})


class Samples:
    """Several durations a message, kept raw and counted a thousand at a time: a worker's three histograms.

    One writer. A message costs it one `raw.extend`, and every `full` time a `fold`, which returns the new `raw`.
    """

    __slots__ = ("_state", "_width", "full")

    def __init__(self, width: int) -> None:
        self._width = width
        self.full = 1024 * width
        self._state: tuple[tuple[Counter[int], ...], list[int]] = (
            tuple(Counter() for _ in range(width)),
            [],
        )

    @property
    def raw(self) -> list[int]:
        """Where the writer appends nanoseconds, `width` numbers a message."""
        return self._state[1]

    def fold(self) -> list[int]:
        """Count what is raw; the writer appends to what this returns from now on."""
        raw: list[int] = []
        self._state = (self._counted(), raw)  # swapped whole, so that a reader always sees all
        return raw

    def snapshot(self) -> tuple[Distribution, ...]:
        """All distributions, from any thread."""
        return tuple(Distribution(counts) for counts in self._counted())

    def _counted(self) -> tuple[Counter[int], ...]:
        counts, raw = self._state
        buckets = memoryview(array("d", raw)).cast("B").cast("H")[_UPPER::4]
        counted = tuple(Counter(count) for count in counts)
        for place, count in enumerate(counted):
            count.update(buckets[place :: self._width])
        return counted


@dataclass(frozen=True, slots=True)
class RoundTrip:
    """Where one round trip of a warped node went, in nanoseconds; the parts add up to `total`."""

    total: int
    encode: int
    network: int
    remote_queue: int
    remote_compute: int
    decode: int


class RoundTrips:
    """The distributions of round trips: of the whole, and of every part."""

    __slots__ = ("_raw", "_samples")

    def __init__(self) -> None:
        self._samples = Samples(len(RoundTrip.__slots__))
        self._raw = self._samples.raw

    def record(self, trip: RoundTrip) -> None:
        """Count one; by one thread at a time."""
        self._raw.extend([getattr(trip, part) for part in RoundTrip.__slots__])
        if len(self._raw) >= self._samples.full:
            self._raw = self._samples.fold()

    def snapshot(self) -> dict[str, Distribution]:
        return dict(zip(RoundTrip.__slots__, self._samples.snapshot(), strict=True))


class Metrics:
    """What a worker counts about its node. Its inbox and its outlet count the rest."""

    __slots__ = (
        "busy_since",
        "dropped",
        "errors",
        "last_error",
        "lost",
        "round_trips",
        "times",
        "untouched",
    )

    def __init__(self) -> None:
        self.untouched = (
            0  # received messages that were not timed: suspended, or waiting for their batch
        )
        self.errors = 0
        self.dropped = 0  # by the node itself; the inbox counts what it drops
        self.lost = 0
        self.busy_since = (
            0  # perf_counter_ns of when the worker last began on a message or its source
        )
        self.last_error = ""
        self.times = Samples(3)  # in queue, in update, since the source
        self.round_trips: RoundTrips | None = None
