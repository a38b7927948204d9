"""A pipeline: builds the nodes of a configuration, wires and starts them, lets the end flow down, stops.

The life of a message is in worker.py; this is the life of the whole. Called from one thread at a time (the CLI's
main thread), except `stats` and `request_stop`, which any thread may call, and `_worker_ended`, which workers call.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from juturna_core import graph
from juturna_core.catalog import Catalog
from juturna_core.check import check
from juturna_core.config import NodeConfig, PipelineConfig
from juturna_core.dag import DAG
from juturna_core.dead_letters import DeadLetters
from juturna_core.ends import Ends
from juturna_core.errors import (
    RAISED_BY_AUTHORS,
    ConfigError,
    JuturnaError,
    PluginError,
    StateError,
    describe,
)
from juturna_core.events import Events
from juturna_core.log import jt_logger
from juturna_core.message import Message
from juturna_core.names import ComponentStatus, PipelineStatus
from juturna_core.node import Node
from juturna_core.reload import ApplyReport, Patience, Reload
from juturna_core.settings import Settings
from juturna_core.stats import PipelineStats, node_stats
from juturna_core.telemetry import Telemetry
from juturna_core.wakeup import Wakeup
from juturna_core.worker import Worker


class Builder(Protocol):
    """What makes a node from its configuration: the catalog, or a shelf of classes in a test."""

    def build(self, node: NodeConfig, *, pipe_name: str) -> Node[Any, Any]: ...

    def values(self, node: NodeConfig) -> dict[str, Any]:
        """The arguments that the node's class, or its remote, gets."""
        ...


@dataclass(frozen=True, slots=True)
class StopReport:
    """How a stop went: messages that were waiting and still got through, messages that did not, and who hung."""

    seconds: float
    drained: int
    lost: int
    lost_by_node: Mapping[str, int]
    unfinished: tuple[tuple[str, str], ...]
    """Nodes that did not end within the grace, and what each was doing."""


class Pipeline:
    """The nodes of one pipeline file, running or about to.

    `warmup` builds and prepares, `start` lets messages flow, `stop` drains, `start` again builds afresh (a node's
    life is construct to destroy, once), `destroy` gives everything back. Errors come before anything is started.
    """

    def __init__(
        self,
        config: PipelineConfig | dict[str, Any],
        *,
        base: Path | None = None,
        settings: Settings | None = None,
        catalog: Builder | None = None,
    ) -> None:
        """`base` is the folder of the pipeline file: relative `plugins` are looked for there first.

        Whoever brings a `catalog` has checked the configuration with it.
        """
        self.config = (
            config if isinstance(config, PipelineConfig) else PipelineConfig.from_dict(config)
        )
        self.settings = settings or Settings.from_environment()
        self.events = Events()
        self.logger = jt_logger(self.config.name)
        self._base = base
        self._to_check: Catalog | None = None
        if catalog is None:
            catalog = self._to_check = Catalog.for_config(self.config, base, Path.cwd())
        self._catalog: Builder = catalog
        self._nodes: dict[str, Node[Any, Any]] = {}
        self._workers: dict[str, Worker] = {}
        self._status = PipelineStatus.NEW
        self._letters = DeadLetters(Path(self.config.folder), 0, self.logger)
        self._telemetry: Telemetry | None = None
        self._started = 0.0
        self._seconds = 0.0
        self._ends = Ends((), (), ())
        self._ending = threading.Lock()  # guards it
        self._changing = threading.RLock()  # one change at a time
        self._reload: Reload | None = None  # the one that is under way
        self._broken: set[str] = set()  # nodes that a failed change has left without a life
        self._all_ended = threading.Event()
        self._wake = Wakeup()  # what `wait` waits for
        self.failure: BaseException | None = None
        """What a node with `"on_error": "stop"` raised."""

    @classmethod
    def from_json(cls, path: str | Path) -> Pipeline:
        """The pipeline of the file at `path`; ConfigError with every problem located when it is not right."""
        loaded = PipelineConfig.load(path)
        made = cls(loaded.config, base=Path(path).resolve().parent)
        for problem in loaded.problems:
            made.logger.warning("%s", problem)
        return made

    @property
    def name(self) -> str:
        return self.config.name

    @property
    def pipe_id(self) -> str:
        return self.config.id

    @property
    def pipe_path(self) -> str:
        return self.config.folder

    @property
    def status(self) -> dict[str, Any]:
        """Juturna's status dictionary."""
        return {
            "pipe_id": self.pipe_id,
            "folder": self.pipe_path,
            "self": self._status,
            "nodes": {
                name: {"status": node.status, "config": node.configuration}
                for name, node in self._nodes.items()
            },
        }

    @property
    def DAG(self) -> DAG:  # Juturna's name for it
        """The graph as Juturna's class."""
        dag = DAG()
        for node in self.config.nodes:
            dag.add_node(node.name)
        for link in self.config.links:
            dag.add_edge(link.origin, link.destination)
        return dag

    # --- warm up -------------------------------------------------------------------------------------------------

    def warmup(self) -> None:
        """Check, build and warm up every node. Nothing is started, and after an error nothing is left behind."""
        if self._status != PipelineStatus.NEW:
            raise StateError(f"pipeline {self.name} cannot be warmed up")
        self._check(self.config)
        self._write_config()
        self._build(Path(self.pipe_path))
        self._status = PipelineStatus.READY
        self.events.publish("ready", f"{len(self._nodes)} nodes are warmed up")

    def _check(self, config: PipelineConfig) -> None:
        if self._to_check is None:
            return
        problems = check(config, self._to_check)
        if any(problem.severity == "error" for problem in problems):
            raise ConfigError(problems)
        for problem in problems:
            self.logger.warning("%s", problem)

    def _write_config(self) -> None:
        """Leave what runs in the pipeline's folder."""
        folder = Path(self.pipe_path)
        try:
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "config.json").write_text(
                json.dumps(self.config.raw, indent=2), encoding="utf-8"
            )
        except OSError as error:
            raise _unwritable(folder, error) from error

    def _build(self, folder: Path) -> None:
        self._letters = DeadLetters(folder, self.config.dead_letters, self.logger)
        self._nodes, self._workers = {}, {}
        try:
            for config in self.config.nodes:
                node = self._catalog.build(config, pipe_name=self.name)
                self._nodes[config.name] = node
                self._furnish(node, config)
                self._workers[config.name] = self._worker_for(node, config)
            self._wire()
            for name, node in self._nodes.items():
                began = time.monotonic()
                _author_call(name, "warmup", node.warmup)
                node.status = ComponentStatus.CONFIGURED
                self.logger.info("%s is warmed up (%.2f s)", name, time.monotonic() - began)
        except BaseException:  # also Ctrl+C in a slow warm-up: what was built is given back
            self._destroy_nodes()
            raise

    def _furnish(self, node: Node[Any, Any], config: NodeConfig) -> None:
        """Give a fresh node its place and its bounds."""
        own_folder = Path(self.pipe_path) / config.name
        try:
            own_folder.mkdir(exist_ok=True)
        except OSError as error:
            raise _unwritable(own_folder, error) from error
        node.pipe_id, node.pipe_path, node.pipe_name = self.pipe_id, own_folder, self.name
        state, settings = node._juturna, self.settings
        state.publish = lambda kind, text: self.events.publish(kind, text, config.name)
        state.inbox.configure(settings.max_queue_size, settings.max_queue_bytes, config.when_full)

    def _worker_for(self, node: Node[Any, Any], config: NodeConfig) -> Worker:
        worker = Worker(
            node,
            on_error=config.on_error,
            letters=self._letters,
            on_end=self._worker_ended,
            on_fatal=self._node_failed,
        )
        if self._telemetry is not None:
            worker.add_tap(self._telemetry.tap("rx", config.name))
        self._tap(worker, config)
        return worker

    def _tap(self, worker: Worker, config: NodeConfig) -> None:
        """Have what a node sends recorded as its configuration and the telemetry say."""
        node, taps = worker.node, list[Callable[[Message[Any]], None]]()
        if config.auto_dump:
            taps.append(lambda message: _dump(node, message))
        if self._telemetry is not None:
            taps.append(self._telemetry.tap("tx", config.name))
        worker.state.outlet.taps = tuple(taps)

    def _set_policies(self, name: str, config: NodeConfig) -> None:
        """What a node that runs takes on of its configuration beside its arguments."""
        worker = self._workers[name]
        worker.inbox.when_full, worker.on_error = config.when_full, config.on_error
        self._tap(worker, config)

    def _wire(self) -> None:
        for link in self.config.links:
            origin, destination = self._nodes[link.origin], self._nodes[link.destination]
            origin.add_destination(link.destination, destination)
            destination.origins.append(link.origin)
        for name, worker in self._workers.items():
            worker.feeders = worker.fed_by = max(1, len(self._nodes[name].origins))

    # --- run -----------------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Start every node, sinks first. After `stop` the nodes are built and warmed up again."""
        if self._status != PipelineStatus.READY:
            raise StateError(f"pipeline {self.name} is not ready")
        if any(each.ended.is_set() or each.thread.ident for each in self._workers.values()):
            self._destroy_nodes()
            self._build(Path(self.pipe_path))
        self._wake = Wakeup()
        self.failure = None
        if self.config.telemetry:
            self._start_telemetry(self.config.telemetry)
        self._started, self._seconds = time.monotonic(), 0.0
        self._status = PipelineStatus.RUNNING
        self._follow_ends()
        links = [(link.origin, link.destination) for link in self.config.links]
        try:
            for name in reversed(graph.order(list(self._nodes), links)):
                _author_call(name, "start", self._nodes[name].start)
                self._workers[name].start()  # the author's start() may not call super().start()
        except BaseException:
            self.stop(grace=1.0)
            raise
        self.events.publish("started", f"{len(self._workers)} nodes run")

    def apply(
        self,
        config: PipelineConfig,
        *,
        catalog: Builder | None = None,
        renew: Iterable[str] = (),
        patience: Patience | None = None,
    ) -> ApplyReport:
        """Make `config` what runs, without losing a message. From nothing it is warmed up and started.

        `catalog` builds new nodes, and has been used to check `config`; by default it is the one at hand. `renew` names
        nodes to build again although nothing about them changed. Raises JuturnaError when the change cannot be made;
        then everything runs as before. One change at a time: another thread's waits.
        """
        ran = self._status == PipelineStatus.RUNNING
        with self._changing:
            if self._status != PipelineStatus.RUNNING:
                if ran:
                    raise StateError("the pipeline has been stopped: the change was not made")
                return self._begin_with(config, catalog)
            builder = catalog or self._builder_for(config)
            self._reload = Reload(self, config, builder, patience or Patience(), frozenset(renew))
            try:
                report = self._reload.run()
            except JuturnaError as error:
                self.events.publish("refused", str(error), error.node or "")
                raise
            finally:
                self._reload = None
            kind = "applied" if report.changes or report.restarted else "unchanged"
            self.events.publish(kind, str(report))
            self.logger.info("%s", report)
            try:
                self._write_config()
            except JuturnaError as error:  # the change is made
                self.logger.warning("%s", error)
            return report

    def _begin_with(self, config: PipelineConfig, catalog: Builder | None) -> ApplyReport:
        began = time.monotonic()
        self._destroy_nodes()
        self._catalog = catalog or self._builder_for(config)
        self.config, self._status = config, PipelineStatus.NEW
        self.warmup()
        self.start()
        return ApplyReport(time.monotonic() - began, tuple(f"{name} added" for name in self._nodes))

    def _builder_for(self, config: PipelineConfig) -> Builder:
        """What builds the nodes of `config`, which is checked. A catalog that somebody brought stays."""
        if self._to_check is None:
            return self._catalog
        if config.plugins != self.config.plugins:
            self._to_check = Catalog.for_config(config, self._base, Path.cwd())
        self._check(config)
        return self._to_check

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over by itself or `request_stop` was called. True: over and drained."""
        self._wake.wait(timeout)
        return self._all_ended.is_set()

    def request_stop(self) -> None:
        """Have `wait` return; from any thread or signal handler."""
        self._wake.set()

    @property
    def stop_requested(self) -> bool:
        """Whether the run is over or asked to end."""
        return self._wake.is_set()

    def unfinished(self) -> tuple[tuple[str, str], ...]:
        """Nodes that keep the end from coming, and what each is doing."""
        doing = (
            (name, worker.doing)
            for name, worker in self._workers.items()
            if not worker.ended.is_set()
        )
        return tuple((name, what) for name, what in doing if what is not None)

    def stop(self, grace: float = 5.0) -> StopReport:
        """End the sources, let the end flow down, and be back within `grace` seconds, whatever hangs.

        A change that is under way is taken back first.
        """
        if self._status != PipelineStatus.RUNNING:
            raise StateError(f"pipeline {self.name} is not running")
        began = time.monotonic()
        if (reload := self._reload) is not None:
            reload.abort()
        changing = self._changing.acquire(timeout=grace / 3)
        try:
            return self._stop(began, grace)
        finally:
            if changing:
                self._changing.release()

    def _stop(self, began: float, grace: float) -> StopReport:
        waiting = sum(len(worker.inbox) for worker in self._workers.values())
        for worker in self._workers.values():
            if worker.thread.ident is None:  # start() failed before it came to this one
                worker.ended.set()
                self._worker_ended(worker)
        for name in self._source_names():
            self._workers[name].end()
        if not self._all_ended.wait(min(0.3, grace / 3)):
            for worker in self._workers.values():
                if worker.pulling:  # in a read, say, that the author's stop() ends
                    threading.Thread(target=worker.stop_node, daemon=True).start()
            self._all_ended.wait(max(0.0, grace * 0.95 - (time.monotonic() - began)))
        report = self._close_the_books(began, waiting)
        self._status = PipelineStatus.READY
        self._wake.set()
        if self._telemetry is not None:
            self._telemetry.stop()
            self._telemetry = None
        self.events.publish("stopped", f"{report.drained} messages drained, {report.lost} lost")
        return report

    def _close_the_books(self, began: float, waiting: int) -> StopReport:
        """Cut off whoever has not ended, and count what that costs."""
        unfinished = self.unfinished()
        before = sum(worker.lost for worker in self._workers.values())
        for worker in self._workers.values():
            if not worker.ended.is_set():
                worker.cut_off()
        lost = {name: worker.lost for name, worker in self._workers.items() if worker.lost}
        total = sum(lost.values())
        for name, what in unfinished:
            self.events.publish("unfinished", what, name)
        self._seconds = time.monotonic() - self._started
        drained = max(0, waiting - (total - before))
        return StopReport(time.monotonic() - began, drained, total, lost, unfinished)

    def destroy(self) -> None:
        """Stop if needed, give back what the nodes hold, and forget them."""
        if self._status == PipelineStatus.RUNNING:
            self.stop()
        self._destroy_nodes()
        self._status = PipelineStatus.DESTROYED

    def _destroy_nodes(self) -> None:
        for name, node in reversed(self._nodes.items()):
            try:
                node.clear_source()
                node.clear_destinations()
                node.destroy()
            except RAISED_BY_AUTHORS as error:
                self.logger.error("%s failed in destroy(): %s", name, describe(error))
        self._nodes, self._workers = {}, {}

    # --- the end flows down --------------------------------------------------------------------------------------

    def _worker_ended(self, worker: Worker) -> None:
        """On the thread of the worker that ended: let those end that it was the last to feed."""
        if (reload := self._reload) is not None:
            reload.tell()
        with self._ending:
            if self._workers.get(worker.state.name) is not worker:  # it has left the graph
                return
            for name in self._ends.end(worker.state.name, worker.propagates):
                self._workers[name].end()
            if self._ends.over:
                self._all_ended.set()
                self._wake.set()

    def _follow_ends(self) -> None:
        """Begin to keep book of the graph as it is now; some may have ended already."""
        links = [(link.origin, link.destination) for link in self.config.links]
        makers = [name for name in self._source_names() if self._makes_messages(name)]
        self._ends = Ends(self._nodes, links, makers)
        for name, worker in self._workers.items():
            if worker.ended.is_set():
                for free in self._ends.end(name, worker.propagates):
                    self._workers[free].end()
        if self._ends.over:
            self._all_ended.set()
            self._wake.set()
        else:
            self._all_ended.clear()

    def _source_names(self) -> list[str]:
        """Nodes that nothing feeds."""
        return [name for name, node in self._nodes.items() if not node.origins]

    def _makes_messages(self, name: str) -> bool:
        """Whether a node that nothing feeds is a source: pulled, or declared one (then its threads push)."""
        pulled = self._nodes[name]._juturna.source is not None
        return pulled or self.config.node(name).type.startswith("source")

    def _node_failed(self, worker: Worker, error: BaseException) -> None:
        """A node whose failure ends the run (`"on_error": "stop"`)."""
        if self.failure is None:
            self.failure = error
            self.logger.error('%s has "on_error": "stop": the pipeline stops', worker.state.name)
        self.request_stop()

    # --- look and steer ------------------------------------------------------------------------------------------

    def update_node(self, node: str, prop: str, value: Any) -> None:
        """Have the node's `set_on_config(prop, value)` called, on its own thread when it runs."""
        if node not in self._nodes:
            self.logger.warning("node %s not in pipeline", node)
        elif self._status == PipelineStatus.RUNNING:
            self._workers[node].post(lambda: self._nodes[node].set_on_config(prop, value))
        else:
            self._nodes[node].set_on_config(prop, value)

    def suspend_node(self, node: str) -> None:
        """Have messages pass through `node` untouched."""
        if node in self._workers:
            self._workers[node].post(self._workers[node].suspend)

    def resume_node(self, node: str) -> None:
        """Undo `suspend_node`."""
        if node in self._workers:
            self._workers[node].post(self._workers[node].resume)

    def stats(self) -> PipelineStats:
        """The numbers of this moment; any thread."""
        state, seconds = self.state_and_seconds()
        nodes = {config.name: node_stats(config, worker) for config, worker in self.running_nodes()}
        return PipelineStats(self.name, seconds, state, nodes)

    def state_and_seconds(self) -> tuple[str, float]:
        """As `PipelineStats` has them."""
        running = self._status == PipelineStatus.RUNNING
        seconds = time.monotonic() - self._started if running else self._seconds
        ended = self._seconds and not running
        return "stopped" if ended else self._status.removeprefix("pipeline_"), seconds

    def running_nodes(self) -> list[tuple[NodeConfig, Worker]]:
        """Every node with the worker that runs it."""
        return [(self.config.node(name), worker) for name, worker in tuple(self._workers.items())]

    def _start_telemetry(self, file_name: str) -> None:
        self._telemetry = telemetry = Telemetry(Path(self.pipe_path) / file_name, self.logger)
        telemetry.start()
        for name, worker in self._workers.items():
            worker.add_tap(telemetry.tap("rx", name))
            self._tap(worker, self.config.node(name))


def _unwritable(folder: Path, error: OSError) -> JuturnaError:
    message = f'the pipeline\'s folder "{folder}" cannot be written: {error.strerror}'
    return JuturnaError(message, hint='change "folder" in the file')


def _author_call(node: str, what: str, call: Callable[[], None]) -> None:
    """Call the author's `warmup` or `start`; what it raises is a PluginError with its place."""
    try:
        call()
    except JuturnaError:
        raise
    except RAISED_BY_AUTHORS as error:  # the author's code may raise anything
        raise PluginError.from_exception(error, node=node, doing=f"{what}()") from error


def _dump(node: Node[Any, Any], message: Message[Any]) -> None:
    node.dump_json(message, f"auto_{message.id}.json")
