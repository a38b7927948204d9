"""Numbers of a running node: plain attributes with one writer, read as immutable snapshots.

Nothing here takes a lock. A worker writes its own `Metrics`; readers copy (stats.py). Rates are the reader's business:
two snapshots and the time between them.
"""

from __future__ import annotations

import struct
import sys
from array import array
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final, NamedTuple, TypeAlias

if TYPE_CHECKING:
    import numpy as np

    Buckets: TypeAlias = np.ndarray[Any, np.dtype[np.uint16]]
    Counts: TypeAlias = np.ndarray[Any, np.dtype[np.int64]]
    Seconds: TypeAlias = np.ndarray[Any, np.dtype[np.float64]]

# The upper 16 bits of an IEEE double are its sign, its exponent and four bits of mantissa: a logarithmic bucket, 16 to
# an octave, whose middle is within 3.2 % of every value in it. Buckets run from half a nanosecond to 36 hours.
_UPPER = 3 if sys.byteorder == "little" else 0
_LOWEST = (1023 - 31) << 4
BUCKETS = 48 << 4

# numpy lets go of the interpreter's lock in bincount, take, and for more elements than 500; a worker that does so in
# the middle of its backlog makes all others wake up for nothing (in a chain of 20: 25 000 switches a second instead
# of 2 700, and a third of the messages). So buckets are found in small pieces that keep the lock, and counted once for
# many pieces.
_ELEMENTS = 480
_PIECES = 64


@cache
def bucket_seconds(bucket: int) -> float:
    """The duration that stands for `bucket`. For readers that need no numpy otherwise."""
    (middle,) = struct.unpack("<d", struct.pack("<Q", (bucket + _LOWEST) << 48 | 1 << 47))
    return float(middle)


@cache
def bucket_middles() -> np.ndarray[Any, np.dtype[np.float64]]:
    """The duration in seconds that stands for each bucket."""
    import numpy as np

    bits = (np.arange(BUCKETS, dtype=np.uint64) + np.uint64(_LOWEST)) << np.uint64(48)
    return (bits | np.uint64(1 << 47)).view(np.float64)


class Distribution:
    """A snapshot of a histogram of durations. Everything it answers is in milliseconds, within 3.2 %."""

    __slots__ = ("counts",)

    def __init__(self, counts: Counts) -> None:
        self.counts: Final = counts

    @property
    def count(self) -> int:
        return int(self.counts.sum())

    def percentile(self, percent: float) -> float | None:
        """The duration that `percent` of all stay at or below (nearest rank); None without any."""
        below = self.counts.cumsum()
        rank = max(1.0, -(-int(below[-1]) * percent // 100))
        bucket = int(below.searchsorted(rank))
        return float(bucket_middles()[bucket]) * 1e3 if bucket < BUCKETS else None

    @property
    def maximum(self) -> float | None:
        """The longest, None without any."""
        return self.percentile(100)

    @property
    def total(self) -> float:
        """The sum of all."""
        return float(self.counts @ bucket_middles()) * 1e3

    def since(self, earlier: Distribution) -> Distribution:
        """What came after the snapshot `earlier`."""
        return Distribution((self.counts - earlier.counts).clip(0))


class Noted(NamedTuple):
    """What a writer has put down: `counts` of `rows` rows with those in `pieces`, whose buckets are known, and `raw`.

    Always replaced whole, so that a reader sees all of it; only `raw` grows.
    """

    counts: Counts
    rows: int
    pieces: tuple[Buckets, ...]
    raw: list[float]


class Samples:
    """Rows of seconds, a row a message, kept raw by their one writer and counted many rows at a time.

    A row costs the writer one `raw += row`; with `full` numbers it calls `fold` and goes on with what that returns.
    """

    __slots__ = ("_offsets", "full", "kinds", "noted", "width")

    def __init__(self, width: int, kinds: int) -> None:
        """Rows of `width` numbers that make `kinds` distributions."""
        import numpy as np

        self.width, self.kinds = width, kinds
        self._offsets = np.arange(0, kinds * BUCKETS, BUCKETS)  # each distribution has its own
        self.full = _ELEMENTS // kinds * width
        self.noted = Noted(np.zeros(kinds * BUCKETS, dtype=np.int64), 0, (), [])

    @property
    def count(self) -> int:
        """Rows so far, exactly."""
        _, rows, _, raw = self.noted
        return rows + len(raw) // self.width

    @property
    def raw(self) -> list[float]:
        """Where the writer appends rows."""
        return self.noted.raw

    def fold(self) -> list[float]:
        """Put away what is raw; the writer appends to what this returns from now on."""
        counts, rows, pieces, raw = self.noted
        pieces = (*pieces, self.buckets(array("d", raw)))
        if len(pieces) == _PIECES:
            counts, pieces = counts + self._count(pieces), ()
        fresh: list[float] = []
        self.noted = Noted(counts, rows + len(raw) // self.width, pieces, fresh)
        return fresh

    def snapshot(self) -> tuple[Distribution, ...]:
        """All distributions now. Any thread; who looks at many nodes again and again takes a `Tally`."""
        counts, _, pieces, raw = self.noted
        if raw:
            pieces = (*pieces, self.buckets(array("d", raw)))
        whole = counts + self._count(pieces) if pieces else counts
        return tuple(map(Distribution, whole.reshape(self.kinds, BUCKETS)))

    def durations(self, rows: Seconds) -> Seconds:
        """A column for each distribution; here the rows hold durations already."""
        return rows

    def buckets(self, raw: array[float]) -> Buckets:
        """The bucket of every duration in rows; the first and the last also take what is beyond."""
        import numpy as np

        durations = self.durations(np.frombuffer(raw).reshape(-1, self.width))
        upper = durations.view(np.int16)[
            :, _UPPER::4
        ]  # signed: a clock that went back is below the first
        buckets = np.subtract(upper, _LOWEST, dtype=np.int32)
        np.maximum(buckets, 0, out=buckets)
        np.minimum(buckets, BUCKETS - 1, out=buckets)
        buckets += self._offsets
        return buckets.astype(np.uint16).ravel()

    def _count(self, pieces: tuple[Buckets, ...]) -> Counts:
        import numpy as np

        return np.bincount(np.concatenate(pieces), minlength=self.kinds * BUCKETS)


class MessageTimes(Samples):
    """What a worker notes of each message, `time.perf_counter()` each.

    When it entered the inbox, when the worker took it, when `update` was done with it, and when its oldest ancestor
    left its source; which makes the time in queue, the time in update, and the age since the source.
    """

    __slots__ = ()

    def __init__(self) -> None:
        super().__init__(width=4, kinds=3)

    def durations(self, rows: Seconds) -> Seconds:
        import numpy as np

        entered, taken, done, born = rows.T
        made = np.empty((len(rows), 3))
        np.subtract(taken, entered, out=made[:, 0])
        np.subtract(done, taken, out=made[:, 1])
        np.subtract(done, born, out=made[:, 2])
        return made


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

    __slots__ = ("_raw", "samples")

    def __init__(self) -> None:
        parts = len(RoundTrip.__slots__)
        self.samples = Samples(parts, parts)
        self._raw = self.samples.raw

    def record(self, trip: RoundTrip) -> None:
        """Count one; by one thread at a time."""
        row = [getattr(trip, part) / 1e9 for part in RoundTrip.__slots__]
        self._raw += row
        if len(self._raw) >= self.samples.full:
            self._raw = self.samples.fold()

    def snapshot(self) -> dict[str, Distribution]:
        """As `Samples.snapshot`."""
        return dict(zip(RoundTrip.__slots__, self.samples.snapshot(), strict=True))


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
        self.untouched = 0  # received and not timed: suspended, or waiting for their batch
        self.errors = 0
        self.dropped = 0  # by the node itself; the inbox counts what it drops
        self.lost = 0
        self.busy_since = (
            0.0  # perf_counter() of when the worker last began on a message or its source
        )
        self.last_error = ""
        self.times = MessageTimes()
        self.round_trips: RoundTrips | None = None
