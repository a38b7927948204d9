"""The distributions of many nodes, counted together.

numpy lets go of the interpreter's lock when it has more than 500 elements before it, and a pipeline at full speed is
slow to give it back: 5 ms for each thread that wants it too. Counted node by node, one answer about 30 such nodes took
1.2 s. So many nodes are one array here, and the large steps are few.
"""

from __future__ import annotations

import math
import time
from array import array
from collections.abc import Sequence
from itertools import chain, pairwise
from typing import TYPE_CHECKING

from juturna_core.metrics import BUCKETS, Noted, Samples

if TYPE_CHECKING:
    from juturna_core.metrics import Counts

TOGETHER = 100
"""Nodes that are counted at once: 2 MB of counters."""


class Tally:
    """The distributions of `samples`, which are all of one sort, as text. One thread at a time.

    It knows what it has counted before, so that only what is new costs anything.
    """

    def __init__(self, samples: Sequence[Samples]) -> None:
        self.samples = tuple(samples)
        self._parts = [
            _Part(self.samples[at : at + TOGETHER]) for at in range(0, len(samples), TOGETHER)
        ]
        self._made: list[tuple[str, ...]] = []
        self.when = -math.inf
        """When they were counted, by time.monotonic()."""

    def texts(self, max_age: float = 0.0) -> list[tuple[str, ...]]:
        """For each of the samples a text for each of its distributions: `BUCKET:COUNT` of every bucket in use.

        They are `max_age` seconds old at most.
        """
        now = time.monotonic()
        if now - self.when >= max_age:
            self._made = list(chain.from_iterable(part.texts() for part in self._parts))
            self.when = now
        return self._made


class _Part:
    def __init__(self, samples: Sequence[Samples]) -> None:
        import numpy as np

        self._samples = samples
        self._kinds = samples[0].kinds
        self._wide = self._kinds * BUCKETS
        self._counted = np.zeros((len(samples), self._wide), dtype=np.int64)
        """All but what is raw."""
        self._rows = [row.data for row in self._counted]
        """The same, to be written without giving the lock away."""
        self._seen: list[tuple[Noted | None, int]] = [(None, 0)] * len(samples)
        """What was noted when it was counted, and how many raw numbers were in it."""
        self._texts = [("",) * self._kinds] * len(samples)

    def texts(self) -> list[tuple[str, ...]]:
        changed = {}
        for row, samples in enumerate(self._samples):
            noted, (seen, numbers) = samples.noted, self._seen[row]
            if noted is seen and len(noted.raw) == numbers:
                continue
            if seen is not None and noted.counts is not seen.counts:
                noted = Noted(
                    noted.counts, noted.rows, (), []
                )  # just counted: what came after that is for next time
            changed[row] = noted
        if changed:
            texts = _texts(self._count(changed).reshape(-1, BUCKETS))
            for place, row in enumerate(changed):
                begin = place * self._kinds
                self._texts[row] = tuple(texts[begin : begin + self._kinds])
        return self._texts

    def _count(self, changed: dict[int, Noted]) -> Counts:
        """The counts of the rows that have changed, a row each."""
        pieces = self._new_pieces(changed)
        raw = []
        for row, noted in changed.items():
            numbers = array("d", noted.raw)  # in one go: no row of it is half there
            self._seen[row] = noted, len(numbers)
            raw.append(self._samples[row].buckets(numbers).tobytes() if numbers else b"")
        rows = slice(None) if len(changed) == len(self._samples) else list(changed)
        if any(pieces) or any(raw):
            found = self._histograms([*pieces, *raw])
            self._counted[rows] += found[: len(changed)]
            return self._counted[rows] + found[len(changed) :]
        return self._counted[rows]

    def _new_pieces(self, changed: dict[int, Noted]) -> list[bytes]:
        """What is not counted yet. Where a writer has counted its own meanwhile, that is taken over."""
        new = []
        for row, noted in changed.items():
            seen, _ = self._seen[row]
            known = 0
            if seen is None or seen.counts is not noted.counts:
                self._rows[row][:] = noted.counts.data
            else:
                known = len(seen.pieces)
            new.append(b"".join(piece.data for piece in noted.pieces[known:]))
        return new

    def _histograms(self, buckets: list[bytes]) -> Counts:
        """A row of counts for each of `buckets`; bytes, since numpy would give the lock away to put them together."""
        import numpy as np

        end = len(buckets) * self._wide
        places = np.repeat(np.arange(0, end, self._wide), [len(each) // 2 for each in buckets])
        places += np.frombuffer(b"".join(buckets), dtype=np.uint16)
        return np.bincount(places, minlength=end).reshape(len(buckets), self._wide)


_NAMES = [f" {bucket}:" for bucket in range(BUCKETS)]


def _texts(counts: Counts) -> list[str]:
    """A text for each row."""
    import numpy as np

    flat = counts.ravel()
    (places,) = flat.nonzero()
    names = map(_NAMES.__getitem__, (places % BUCKETS).tolist())
    pairs = [*chain.from_iterable(zip(names, map(str, flat[places].tolist()), strict=True))]
    ends = (2 * np.searchsorted(places, np.arange(0, len(flat) + 1, BUCKETS))).tolist()
    return ["".join(pairs[begin:end])[1:] for begin, end in pairwise(ends)]
