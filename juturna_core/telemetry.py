"""The telemetry file: one CSV row for every message that a node received or transmitted.

Workers put rows into a bounded queue; one thread writes them, and flushes whenever the queue runs empty, so that a
short run loses nothing and `tail -f` shows what happens.
"""

from __future__ import annotations

import csv
import logging
import queue
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

from juturna_core.errors import JuturnaError
from juturna_core.message import Message

Row: TypeAlias = tuple[float, str, str, str | None, int, int | None, int]
COLUMNS = ("ts", "evt", "node", "origin", "msg_id", "src_id", "size")


class Telemetry:
    """Writes the CSV file at `path`; rows are appended to one that exists."""

    def __init__(self, path: Path, logger: logging.Logger) -> None:
        self._path = path
        self._logger = logger
        self._rows: queue.Queue[Row | None] = queue.Queue(maxsize=10_000)
        self._thread = threading.Thread(target=self._write, name="telemetry", daemon=True)

    def start(self) -> None:
        """Open the file and begin to write. Raises JuturnaError when that cannot be done."""
        try:
            # names may come from file systems: what is no text must not end the run
            self._file = self._path.open(
                "a", newline="", encoding="utf-8", errors="backslashreplace"
            )
        except OSError as error:
            message = f'the telemetry file "{self._path}" cannot be written: {error.strerror}'
            raise JuturnaError(message, hint='change "telemetry" in the file') from error
        self._thread.start()

    def tap(self, event: str, node: str) -> Callable[[Message[Any]], None]:
        """A function that records `event` ("rx" or "tx") of `node` for each message it is called with."""
        put = self._rows.put

        def record(message: Message[Any]) -> None:
            size = getattr(message.payload, "size_bytes", 0)
            put(
                (
                    time.time(),
                    event,
                    node,
                    message.creator,
                    message.id,
                    message._data_source_id,
                    size,
                )
            )

        return record

    def stop(self) -> None:
        """Write what was recorded and close the file."""
        self._rows.put(None)
        self._thread.join()

    def _write(self) -> None:
        writer = csv.writer(self._file)
        complained = False
        row: Row | None = None
        head = self._file.tell() == 0
        while True:
            try:
                if head:
                    writer.writerow(COLUMNS)
                    head = False
                while (row := self._rows.get()) is not None:
                    writer.writerow(row)
                    if self._rows.empty():
                        self._file.flush()
                self._file.close()
                return
            except OSError as error:  # a full disk must not stop the pipeline
                if not complained:
                    self._logger.error("telemetry is lost from here on: %s: %s", self._path, error)
                complained = True
                if row is None:
                    return
