"""Messages whose `update` raised, kept as JSON files under the pipeline's folder.

A ring of `limit` files a node: a node that fails on everything overwrites its oldest letters instead of filling the
disk. Written on the thread of the node that failed.
"""

from __future__ import annotations

import json
import logging
import reprlib
import traceback
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from juturna_core.errors import RAISED_BY_AUTHORS, describe
from juturna_core.message import Message

_LARGEST_PAYLOAD = (
    1 << 20
)  # bytes; of a larger one only type and size are kept: as JSON it would be five times as long


class DeadLetters:
    """The letters of one pipeline: `<folder>/dead_letters/<node>.<slot>.json`."""

    def __init__(self, folder: Path, limit: int, logger: logging.Logger) -> None:
        self._folder = folder / "dead_letters"
        self.limit = limit
        self._logger = logger
        self._written: defaultdict[str, int] = defaultdict(int)

    def write(self, node: str, message: Message[Any], error: BaseException) -> None:
        """Keep `message`; a disk that does not take it is logged, and nothing more."""
        if self.limit == 0:
            return
        slot = self._written[node] % self.limit
        self._written[node] += 1
        letter = {
            "node": node,
            "time": datetime.now(UTC).isoformat(),
            "error": describe(error),
            "trace": traceback.format_exception(error),
            "message": {"id": message.id, **_readable(message)},
        }
        path = self._folder / f"{node}.{slot:04}.json"
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(letter, indent=1, default=reprlib.repr), encoding="utf-8")
        except OSError as problem:
            self._logger.error(
                "the dead letter of message %s of %s cannot be written to %s: %s",
                message.id,
                node,
                path,
                problem,
            )


def _size(message: Message[Any]) -> int:
    return getattr(message.payload, "size_bytes", 0)


def _readable(message: Message[Any]) -> dict[str, Any]:
    """The message as plain JSON values; what cannot be written is described instead."""
    if _size(message) <= _LARGEST_PAYLOAD:
        try:
            return dict(json.loads(message.to_json()))
        except RAISED_BY_AUTHORS:  # a payload's own serialize may raise anything: described below
            pass
    return {
        "created_at": message.created_at,
        "creator": message.creator,
        "version": message.version,
        "payload": {"type": type(message.payload).__name__, "size_bytes": _size(message)},
        "meta": {reprlib.repr(key): reprlib.repr(value) for key, value in message.meta.items()},
        "timers": {str(name): reprlib.repr(value) for name, value in message.timers.items()},
    }
