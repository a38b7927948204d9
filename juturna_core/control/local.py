"""The door in the process of the pipeline itself: what the server hands on to, and tests use directly."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator

from juturna_core.config import NodeConfig, WarpConfig
from juturna_core.control import api
from juturna_core.control.api import (
    Applied,
    Checked,
    Description,
    Edit,
    EventPage,
    LogPage,
    NodeDescription,
    Numbers,
    Passed,
    Probe,
)
from juturna_core.control.logs import LogRing
from juturna_core.control.reader import Reader
from juturna_core.control.taps import Peeks, Tap
from juturna_core.edit import FileEdit
from juturna_core.errors import JuturnaError, did_you_mean
from juturna_core.events import Event
from juturna_core.pipeline import Pipeline
from juturna_core.reload import ApplyReport
from juturna_core.session import Session
from juturna_core.splice import REMOVE, Change
from juturna_core.worker import Worker


class LocalControl:
    """`api.Control` of a session; see there."""

    def __init__(self, session: Session, logs: LogRing) -> None:
        self._session = session
        self._logs = logs
        self._peeks = Peeks()
        self._reader = Reader()
        self._over = threading.Event()

    # --- look ----------------------------------------------------------------------------------------------------

    def describe(self) -> Description:
        session, pipeline = self._session, self._pipeline
        config = pipeline.config
        return Description(
            version=api.VERSION,
            name=pipeline.name,
            id=pipeline.pipe_id,
            folder=str(pipeline.pipe_path),
            file=str(session.path.resolve()),
            pid=os.getpid(),
            started=session.started,
            revision=session.revision,
            nodes=tuple(map(node_description, config.nodes)),
            links=tuple((link.origin, link.destination) for link in config.links),
            followed=session.followed,
        )

    def stats(self) -> Numbers:
        pipeline = self._pipeline
        state, seconds = pipeline.state_and_seconds()
        nodes = pipeline.running_nodes()
        return self._reader.numbers(pipeline.name, state, seconds, nodes, self._logs.last)

    def events(self, since: int = 0, wait: float = 0.0) -> EventPage:
        kept, missed, last = self._pipeline.events.ring.since(since, _bounded(wait))
        return EventPage(tuple(kept), missed, last)

    def logs(self, since: int = 0, wait: float = 0.0, node: str = "", level: str = "") -> LogPage:
        if node:
            self._known(node)
        return self._logs.since(since, _bounded(wait), node, level)

    def follow(self, since: int = 0) -> Follow:
        return Follow(self._pipeline, since, self._is_over)

    def tap(self, node: str) -> Tap:
        return Tap(node, self._worker(node))

    def peek(self, node: str, count: int = 10) -> tuple[Passed, ...]:
        return self._peeks.peek(node, self._worker(node), count)

    def probe(self, host: str, port: int) -> Probe:
        return probe(host, port)

    # --- change --------------------------------------------------------------------------------------------------

    def check(self, text: str) -> Checked:
        candidate = self._session.candidate(text)
        changes = self._session.changes(candidate.config) if candidate.config is not None else ()
        return Checked(candidate.problems, changes)

    def apply(self, text: str) -> Applied:
        return applied(self._session.apply(text))

    def edit(self, edits: tuple[Edit, ...], write: bool = True, dry_run: bool = False) -> Applied:
        changes = tuple(map(change, edits))
        for each in changes:
            self._known(each.node)
        if dry_run:
            edit = self._session.preview(changes, write=write)
            checked = self.check(edit.after.decode())
            return Applied(checked.changes, {}, 0.0, 0.0, 0, 0, edit.lines())
        return applied(*self._session.edit(changes, write=write), written=write)

    def undo(self) -> Applied:
        return applied(*self._session.undo())

    def reload(self) -> Applied:
        return applied(self._session.reload())

    def suspend(self, node: str) -> None:
        self._known(node)
        self._pipeline.suspend_node(node)

    def resume(self, node: str) -> None:
        self._known(node)
        self._pipeline.resume_node(node)

    def stop(self, keep: bool = False) -> None:
        if keep:
            self._session.pause()
        else:
            self._session.request_stop()

    def start(self) -> None:
        self._session.start()

    def restart(self) -> None:
        self._session.restart()

    def close(self) -> None:
        """The process is about to end: keep nothing any more, and have those who follow come to their end."""
        self._over.set()
        self._pipeline.events.ring.wake()
        self._peeks.close()

    def _is_over(self) -> bool:
        ended = self._session.ending.is_set() and self._pipeline.stats().state != "running"
        return ended or self._over.is_set()

    # --- in here -------------------------------------------------------------------------------------------------

    @property
    def _pipeline(self) -> Pipeline:
        return self._session.pipeline

    def _known(self, node: str) -> None:
        names = [each.name for each in self._pipeline.config.nodes]
        if node not in names:
            raise JuturnaError(
                f'there is no node "{node}"', hint=did_you_mean(node, names), node=node
            )

    def _worker(self, node: str) -> Worker:
        self._known(node)
        return self._pipeline._workers[node]


class Follow:
    """Events of a pipeline as they happen, until `close` or the end of the process."""

    def __init__(self, pipeline: Pipeline, since: int, over: Callable[[], bool]) -> None:
        self._ring = pipeline.events.ring
        self._last = since
        self._over = over
        self._kept: list[Event] = []
        self._closed = threading.Event()

    def __iter__(self) -> Iterator[Event]:
        return self

    def __next__(self) -> Event:
        while not self._kept:
            if self._closed.is_set():
                raise StopIteration
            over = self._over()  # asked first: what was published before is still told
            self._kept, _, self._last = self._ring.since(  # at once when it is over
                self._last, None, until=lambda: self._closed.is_set() or self._over()
            )
            if over and not self._kept:
                raise StopIteration
        return self._kept.pop(0)

    def close(self) -> None:
        """End the iteration, from any thread."""
        self._closed.set()
        self._ring.wake()


def node_description(node: NodeConfig) -> NodeDescription:
    place = node.warp_configuration
    return NodeDescription(
        name=node.name,
        type=node.type,
        mark=node.mark or "",
        warped=node.warped,
        host=place.grpc_host if place else "",
        port=place.grpc_port if place else 0,
        timeout=place.timeout if place else 0.0,
        on_failure=place.on_failure if place else "",
        arguments=dict(node.configuration),
        when_full=node.when_full,
        on_error=node.on_error,
    )


def applied(report: ApplyReport, edit: FileEdit | None = None, *, written: bool = True) -> Applied:
    return Applied(
        changes=report.changes,
        restarted=dict(report.restarted),
        seconds=report.seconds,
        held_seconds=report.held_seconds,
        carried=report.carried,
        lost=report.lost,
        lines=edit.lines() if edit is not None and written else (),
        warnings=report.warnings,
    )


def probe(host: str, port: int) -> Probe:
    """`Control.probe` from this machine."""
    try:
        place = WarpConfig.model_validate({"grpc_host": host, "grpc_port": port})
    except ValueError as error:
        raise JuturnaError(f"{host}:{port} is no address: {_first_line(error)}") from error
    from juturna_core.warp.probe import probe as ask  # grpc only where somebody asks

    found = ask(place.grpc_host, place.grpc_port)
    if found.description is None:
        text = (
            found.problem
            or f"{place.address} answers, and is no remote of ours: Juturna's call is used"
        )
        return Probe(not found.problem, False, "", "", "", "", None, text)
    about = found.description
    text = f"{place.address} serves {about.node_name} ({about.node_type} {about.node_mark})"
    return Probe(
        True,
        True,
        about.node_name,
        about.node_type,
        about.node_mark,
        about.pipe_name,
        found.milliseconds,
        text,
    )


def change(edit: Edit) -> Change:
    """What `edit` means for the file. Raises JuturnaError for a value that JSON does not have."""
    try:
        return Change(edit.node, tuple(edit.path), REMOVE if edit.remove else edit.value)
    except (TypeError, ValueError) as error:
        raise JuturnaError(
            f"{'.'.join(edit.path) or 'the edit'}: {error}", node=edit.node
        ) from error


def _bounded(wait: float) -> float:
    """Seconds that a reader may wait; a longer wait is asked for again."""
    return min(max(0.0, wait), 60.0)


def _first_line(error: Exception) -> str:
    errors = getattr(error, "errors", None)
    return str(errors()[0]["msg"]) if errors is not None else str(error)
