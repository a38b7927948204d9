"""A pipeline in memory that answers as a real one does, for tests of screens: time passes when `advance` says so."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Any

from juturna_core.config import NodeConfig, PipelineConfig
from juturna_core.control import api
from juturna_core.control.api import Control
from juturna_core.control.items import Items
from juturna_core.control.local import node_description
from juturna_core.control.logs import LogRing
from juturna_core.diff import diff
from juturna_core.edit import FileEdit
from juturna_core.errors import ConfigError, JuturnaError, StateError, did_you_mean
from juturna_core.events import Event, Events
from juturna_core.splice import REMOVE, Change, splice

RATE = 10
"""Messages a second through every node."""
_QUIET: dict[str, Any] = {
    **dict.fromkeys(("errors", "dropped", "lost", "in_flight", "queue", "queue_bytes"), 0),
    **dict.fromkeys(("blocked_seconds", "blocking_seconds"), 0.0),
    **dict.fromkeys(("status_text", "blocked_by", "last_error"), ""),
}


class FakeControl(Control):
    """The pipeline of the file `text`. `calls` holds what was asked; `fail` says what a method raises."""

    def __init__(self, text: str, file: str = "/fake/config.json") -> None:
        self.file, self.text = file, text
        self.written = text
        """What the file holds."""
        self.config = PipelineConfig.parse(text, file).config
        self.state = "running"
        self.seconds = 0.0
        self.revision = 1
        self.followed = True
        self.gone = False
        self.suspended: set[str] = set()
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.fail: dict[str, Exception] = {}
        self._events = Events()
        self._logs = LogRing(self.config.name)
        self._undo: list[str] = []
        self._received = dict.fromkeys(self._names, 0)
        self._passed: dict[str, list[api.Passed]] = {}
        self._lock = threading.RLock()
        self._followers: set[Items[Event]] = set()
        self._taps: set[tuple[str, Items[api.Passed]]] = set()
        self._publish("started", f"{len(self.config.nodes)} nodes run")

    # --- for tests -----------------------------------------------------------------------------------------------

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass: every node gets RATE messages for each."""
        with self._lock:
            if self.state != "running":
                return
            self.seconds += seconds
            for name in self._names:
                for _ in range(round(seconds * RATE)):
                    self._pass(name)

    def log(self, text: str, level: str = "INFO", node: str = "") -> None:
        logger = f"jt.{self.config.name}.{node}" if node else f"jt.{self.config.name}"
        self._logs.lines.append(
            lambda number: api.LogLine(number, time.time(), level, logger, node, text)
        )

    def leave(self) -> None:
        """Be gone, as a process that ended."""
        with self._lock:
            self.gone = True
            for followed in self._followers:
                followed.close()
            for _, tapped in self._taps:
                tapped.close()

    # --- look ----------------------------------------------------------------------------------------------------

    def describe(self) -> api.Description:
        self._called("describe")
        config = self.config
        return api.Description(
            version=api.VERSION,
            name=config.name,
            id=config.id,
            folder=config.folder,
            file=self.file,
            pid=os.getpid(),
            started=time.time() - self.seconds,
            revision=self.revision,
            nodes=tuple(map(node_description, config.nodes)),
            links=tuple((link.origin, link.destination) for link in config.links),
            followed=self.followed,
        )

    def stats(self) -> api.Numbers:
        self._called("stats")
        nodes = {node.name: self._numbers(node) for node in self.config.nodes}
        return api.Numbers.of(self.config.name, self.state, self.seconds, 0, nodes, self._logs.last)

    def events(self, since: int = 0, wait: float = 0.0) -> api.EventPage:
        self._called("events", since=since, wait=wait)
        kept, missed, last = self._events.ring.since(since, wait)
        return api.EventPage(tuple(kept), missed, last)

    def logs(
        self, since: int = 0, wait: float = 0.0, node: str = "", level: str = ""
    ) -> api.LogPage:
        self._called("logs", since=since, wait=wait, node=node, level=level)
        return self._logs.since(since, wait, node, level)

    def follow(self, since: int = 0) -> Items[Event]:
        self._called("follow", since=since)
        with self._lock:
            items: Items[Event] = Items()
            for event in self._events.since(since)[0]:
                items.put(event)
            self._followers.add(items)
        return items

    def tap(self, node: str) -> Items[api.Passed]:
        self._called("tap", node=node)
        items: Items[api.Passed] = Items()
        with self._lock:
            self._taps.add((node, items))
        return items

    def peek(self, node: str, count: int = 10) -> tuple[api.Passed, ...]:
        self._called("peek", node=node, count=count)
        kept = self._passed.setdefault(node, [])
        return tuple(kept[-count:]) if count > 0 else ()

    def probe(self, host: str, port: int) -> api.Probe:
        self._called("probe", host=host, port=port)
        return api.Probe(False, False, "", "", "", "", None, f"nothing listens on {host}:{port}")

    # --- change --------------------------------------------------------------------------------------------------

    def check(self, text: str) -> api.Checked:
        self._called("check", text=text)
        try:
            loaded = PipelineConfig.parse(text, self.file)
        except ConfigError as error:
            return api.Checked(error.problems, ())
        return api.Checked(loaded.problems, diff(self.config, loaded.config).in_words())

    def apply(self, text: str) -> api.Applied:
        self._called("apply", text=text)
        return self._apply(text)

    def edit(
        self, edits: tuple[api.Edit, ...], write: bool = True, dry_run: bool = False
    ) -> api.Applied:
        self._called("edit", edits=edits, write=write, dry_run=dry_run)
        for each in edits:
            self._known(each.node)
        changes = [Change(e.node, e.path, REMOVE if e.remove else e.value) for e in edits]
        before = self.written if write else self.text
        text = splice(before, changes, self.file)
        if dry_run:
            checked = self.check(text)
            return api.Applied(checked.changes, {}, 0.0, 0.0, 0, 0, self._lines(before, text))
        if write:
            self._undo.append(before)
            self.written = text
        return self._apply(text, self._lines(before, text) if write else ())

    def undo(self) -> api.Applied:
        self._called("undo")
        with self._lock:
            if not self._undo:
                raise StateError("there is nothing to undo")
            before, self.written = self.written, self._undo.pop()
        return self._apply(self.written, self._lines(before, self.written))

    def reload(self) -> api.Applied:
        self._called("reload")
        return self._apply(self.written)

    def suspend(self, node: str) -> None:
        self._called("suspend", node=node)
        self.suspended.add(node)

    def resume(self, node: str) -> None:
        self._called("resume", node=node)
        self.suspended.discard(node)

    def stop(self, keep: bool = False) -> None:
        self._called("stop", keep=keep)
        self.state = "stopped"
        self._publish("stopped", "0 messages drained, 0 lost")
        if not keep:
            self.leave()

    def start(self) -> None:
        self._called("start")
        if self.state == "running":
            raise StateError(f"pipeline {self.config.name} is running")
        self._begin()

    def restart(self) -> None:
        self._called("restart")
        self._begin()

    # --- in here -------------------------------------------------------------------------------------------------

    @property
    def _names(self) -> list[str]:
        return [node.name for node in self.config.nodes]

    def _called(self, method: str, **arguments: Any) -> None:
        self.calls.append((method, arguments))
        if self.gone:
            raise api.Gone(f"the pipeline {self.config.name} is gone")
        if method in self.fail:
            raise self.fail[method]
        if node := arguments.get("node"):
            self._known(node)

    def _known(self, node: str) -> None:
        if node not in self._names:
            hint = did_you_mean(node, self._names)
            raise JuturnaError(f'there is no node "{node}"', hint=hint, node=node)

    def _begin(self) -> None:
        self.state, self.seconds = "running", 0.0
        self.suspended.clear()
        self._received = dict.fromkeys(self._names, 0)
        self._publish("started", f"{len(self.config.nodes)} nodes run")

    def _apply(self, text: str, lines: tuple[str, ...] = ()) -> api.Applied:
        config = PipelineConfig.parse(text, self.file).config
        changes = diff(self.config, config).in_words()
        with self._lock:
            self.text, self.config = text, config
            self._received = {name: self._received.get(name, 0) for name in self._names}
            self.revision += 1
        self._publish(
            "applied" if changes else "unchanged", ", ".join(changes) or "nothing changed"
        )
        return api.Applied(changes, {}, 0.0, 0.0, 0, 0, lines)

    def _lines(self, before: str, after: str) -> tuple[str, ...]:
        return FileEdit(Path(self.file), before.encode(), after.encode()).lines()

    def _publish(self, kind: str, text: str, node: str = "") -> None:
        with self._lock:
            event = self._events.publish(kind, text, node)
            for items in self._followers:
                items.put(event)

    def _pass(self, name: str) -> None:
        number = self._received[name]
        self._received[name] += 1
        passed = api.Passed(
            name, number, number, "fake", time.time(), "BytesPayload", 4, "4 bytes", {}
        )
        if name in self._passed:
            self._passed[name] = [*self._passed[name][-49:], passed]
        for node, items in self._taps:
            if node == name:
                items.put(passed)

    def _numbers(self, node: NodeConfig) -> api.NodeNumbers:
        count = self._received[node.name]
        status = "suspended" if node.name in self.suspended else f"component_{self.state}"
        place = node.warp_configuration
        took = api.Durations(f"300:{count}" if count else "")
        return api.NodeNumbers(
            where=place.address if node.warped and place else "local",
            status=status,
            received=count,
            transmitted=count,
            bytes_out=4 * count,
            queue_max=min(count, 1),
            queue_limit=64,
            busy_seconds=self.seconds / 10,
            **_QUIET,
            queue_time=took,
            update_time=took,
            age=took,
            round_trip={"total": took} if node.warped else None,
        )
