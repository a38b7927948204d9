"""Messages that pass a node, for whoever looks: nothing is kept unless somebody asks, and nobody waits for a reader.

A worker only appends the message to a bounded deque; what it is in words is worked out on the reader's thread.
"""

from __future__ import annotations

import math
import reprlib
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Any, TypeAlias

from juturna_core.control.api import Passed
from juturna_core.message import Message
from juturna_core.payloads import (
    AudioPayload,
    Batch,
    BytesPayload,
    ControlPayload,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)
from juturna_core.worker import Worker

KEPT = 50
"""Messages that `Peeks` keeps of a node."""
FORGET = 60.0
"""Seconds after the last look."""
BEHIND = 1000
"""Messages that a reader of a tap may be behind, before it misses some."""

Find: TypeAlias = Callable[[], Worker]
"""The worker that runs a node now; after a change of the pipeline it may be another."""


class Tap:
    """Messages as they come to one node, until `close`. An iterator; one reader."""

    def __init__(self, node: str, worker: Worker) -> None:
        self._node, self._worker = node, worker
        self._kept: deque[tuple[Message[Any], float]] = deque(maxlen=BEHIND)
        self._news = threading.Semaphore(0)
        self._closed = False
        worker.add_tap(self._note)

    def _note(self, message: Message[Any]) -> None:
        self._kept.append((message, time.time()))
        self._news.release()

    def __iter__(self) -> Tap:
        return self

    def __next__(self) -> Passed:
        while not self._closed:
            self._news.acquire()
            try:
                return passed(self._node, *self._kept.popleft())
            except IndexError:  # it was pushed out by later ones, or this is the end
                continue
        raise StopIteration

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._worker.remove_tap(self._note)
        self._closed = True
        self._news.release()


class Peeks:
    """The last messages of nodes that somebody has looked at lately."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._looks: dict[str, _Look] = {}

    def peek(self, node: str, worker: Worker, count: int) -> tuple[Passed, ...]:
        """The last `count` messages of `node`, oldest first: since the first look."""
        with self._lock:
            look = self._looks.get(node)
            if look is None or look.worker is not worker:
                if look is not None:
                    look.end()
                look = self._looks[node] = _Look(worker)
            look.again(lambda: self._forget(node))
        kept = list(look.kept)[-max(0, count) :] if count > 0 else []
        return tuple(passed(node, message, when) for message, when in kept)

    def close(self) -> None:
        with self._lock:
            for look in self._looks.values():
                look.end()
            self._looks.clear()

    def _forget(self, node: str) -> None:
        with self._lock:
            if (look := self._looks.pop(node, None)) is not None:
                look.end()


class _Look:
    def __init__(self, worker: Worker) -> None:
        self.worker = worker
        self.kept: deque[tuple[Message[Any], float]] = deque(maxlen=KEPT)
        self._end: threading.Timer | None = None
        worker.add_tap(self._note)

    def _note(self, message: Message[Any]) -> None:
        self.kept.append((message, time.time()))

    def again(self, forget: Callable[[], None]) -> None:
        if self._end is not None:
            self._end.cancel()
        self._end = threading.Timer(FORGET, forget)
        self._end.daemon = True
        self._end.start()

    def end(self) -> None:
        self.worker.remove_tap(self._note)
        if self._end is not None:
            self._end.cancel()


def passed(node: str, message: Message[Any], when: float) -> Passed:
    """What a person wants to know of a message."""
    payload = message.payload
    return Passed(
        node=node,
        id=message.id,
        version=message.version if message.version is not None else -1,
        creator=message.creator or "",
        time=when,
        type=type(payload).__name__,
        size=int(getattr(payload, "size_bytes", 0)),
        summary=summary(payload),
        meta={str(key): _plain(value) for key, value in dict(message.meta).items()},
    )


def summary(payload: Any) -> str:
    """A payload in words, on one line: how large, how long, how loud, its beginning."""
    match payload:
        case AudioPayload():
            return f"audio, {_span(payload.start, payload.end)}{payload.sampling_rate} Hz, {_level(payload.audio)}"
        case ImagePayload():
            return f"image, {payload.width}x{payload.height}, {payload.pixel_format or payload.image.dtype}"
        case VideoPayload():
            return f"video, {len(payload.video)} frames, {payload.frames_per_second:g} frames/s"
        case BytesPayload():
            return f"{len(payload.cnt)} bytes: {_short.repr(payload.cnt)}"
        case ControlPayload():
            return f"control {getattr(payload.signal, 'name', payload.signal)}"
        case Batch():
            return f"batch of {len(payload.messages)}"
        case ObjectPayload():
            return _short.repr(dict(payload))
        case None:
            return "nothing"
    return _short.repr(payload)


def _span(start: float, end: float) -> str:
    return f"{end - start:.3g} s, " if 0 <= start <= end else ""


def _level(audio: Any) -> str:
    """How loud samples are at most, in dB below full scale."""
    import numpy as np

    samples = np.asarray(audio)
    if not samples.size:
        return "no samples"
    full = float(np.iinfo(samples.dtype).max) if samples.dtype.kind in "iu" else 1.0
    peak = float(np.abs(samples.astype(np.float64)).max()) / full
    return f"{samples.size} samples, peak {20 * math.log10(peak):.1f} dB" if peak else "silence"


def _plain(value: Any) -> Any:
    """`value` if JSON has it, else in words."""
    if value is None or isinstance(value, bool | int | str):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else repr(value)
    return _short.repr(value)


class _Short(reprlib.Repr):
    def __init__(self) -> None:
        super().__init__()
        self.maxstring = self.maxother = 120
        self.maxdict = self.maxlist = 8

    def repr_bytes(self, value: bytes, level: int) -> str:
        return repr(value) if len(value) <= 40 else f"{value[:40]!r}…"


_short = _Short()
