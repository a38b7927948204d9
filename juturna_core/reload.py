"""One change of a running pipeline: from the configuration that runs to another, with every message in its place.

Part of `Pipeline`, whose nodes and workers it changes, in a file of its own: `Pipeline.apply` makes one `Reload` and
runs it, on the thread that asked. What is slow or may fail comes first and touches nothing that runs:

    build and warm up aside         a failure here changes nothing
    hold and empty (plan.holds)     nobody sends on a way that changes; what is late is named
    retune, replace                 each on its worker's own thread, inbox and counts kept; a failure is taken back
    link, start, end, release       cannot fail
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from juturna_core import graph
from juturna_core.config import NodeConfig, PipelineConfig
from juturna_core.diff import ConfigDiff, NodeChange, diff
from juturna_core.errors import (
    RAISED_BY_AUTHORS,
    ConfigError,
    JuturnaError,
    PluginError,
    Problem,
    StateError,
    describe,
)
from juturna_core.gate import Early, Fresh, Gate, Swap
from juturna_core.node import Node
from juturna_core.outlet import Link
from juturna_core.plan import holds, reach
from juturna_core.worker import Worker

if TYPE_CHECKING:
    from juturna_core.pipeline import Builder, Pipeline

FIXED = ("name", "id", "folder", "telemetry")
"""What is part of a pipeline's identity: files and sinks have been told."""
STOP_SECONDS = 5.0
"""What a node that leaves has for its `stop`, and a node that was forced for letting go."""
READ_SECONDS = 0.3
"""What a source that leaves has for coming back from its function, before its `stop` is called from outside."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a change waits, in seconds: for new nodes to warm up, and for old ones to get through their messages."""

    warmup: float = 120.0
    drain: float = 10.0


@dataclass(frozen=True, slots=True)
class ApplyReport:
    """What a change did. `changes` says in words what the file has anew, `restarted` why each new node is one.

    `held_seconds` is how long the flow was held somewhere, at most: a node between two messages for the sake of a link,
    or for its successor. `carried` is how many messages waited for a node and were taken over by its successor,
    `lost_by_node` how many were lost.
    """

    seconds: float
    changes: tuple[str, ...] = ()
    restarted: Mapping[str, str] = field(default_factory=dict)
    held_seconds: float = 0.0
    carried: int = 0
    lost_by_node: Mapping[str, int] = field(default_factory=dict)
    warnings: tuple[str, ...] = ()
    """What is odd about the configuration."""

    @property
    def lost(self) -> int:
        return sum(self.lost_by_node.values())

    def __str__(self) -> str:
        again = [
            f"{name} is built again: {why}"
            for name, why in self.restarted.items()
            if why not in self.changes
        ]
        words = "; ".join((*self.changes, *again)) or "nothing changed"
        lost = "".join(
            f"; {count} messages lost at {node}" for node, count in self.lost_by_node.items()
        )
        return f"{words}{lost} ({self.seconds * 1e3:.0f} ms, flow held {self.held_seconds * 1e3:.1f} ms)"


class Late(JuturnaError):
    """Something did not happen in time."""


class Reload:
    """See the module. `abort` may be called from any thread while `run` runs."""

    def __init__(
        self,
        pipeline: Pipeline,
        config: PipelineConfig,
        builder: Builder,
        patience: Patience,
        renew: frozenset[str] = frozenset(),
    ) -> None:
        """`renew` names nodes to build again although nothing in their configuration changed."""
        self.pipeline = pipeline
        self.before, self.after = pipeline.config, config
        self.builder = builder
        self.patience = patience
        self.change: ConfigDiff = diff(self.before, self.after)
        self.restarted: dict[str, str] = {}
        self.carried = 0
        self._losses: dict[Worker, int] = {
            worker: worker.lost for worker in pipeline._workers.values()
        }
        self._old_builder = pipeline._catalog
        self._renew = renew
        self._news = threading.Condition()
        self._aborted = False
        self._gates: dict[Worker, Gate] = {}
        self._joining: dict[
            Worker, tuple[Early, tuple[Link, ...]]
        ] = {}  # what is kept, and for whom
        self._tuned: list[NodeChange] = []
        self._held_since = 0.0
        self._held_seconds = 0.0
        self._left: list[Node[Any, Any]] = []

    def run(self) -> ApplyReport:
        """Make the change. Raises JuturnaError when it cannot be made; then all runs as before."""
        began = time.monotonic()
        self._refuse_what_is_fixed()
        tuned, swapped, revived = self._sort()
        added: dict[str, Fresh] = {}
        successors: dict[str, Fresh] = {}
        try:
            for config in (*self.change.added, *revived):
                added[config.name] = self._aside(config, self.builder)
            for change in swapped:
                if not type(self.pipeline._nodes[change.name]).exclusive:
                    successors[change.name] = self._aside(change.after, self.builder)
            ending = [node.name for node in (*self.change.removed, *revived)]
            removed = {name: self.pipeline._workers[name] for name in ending}
            self._hold()
            self._begin(added.values())
            self._retune(tuned)
            self._replace(swapped, successors)
            self._commit(added)
        except BaseException:
            self._set_back()
            self._give_back({**successors, **added})
            raise
        finally:
            self._release()
        self._end_removed(removed)
        self._give_back(successors)
        return ApplyReport(
            time.monotonic() - began,
            self.change.in_words(),
            self.restarted,
            self._held_seconds,
            self.carried,
            self._lost(),
        )

    def _lost(self) -> dict[str, int]:
        """What was lost since the change began, by node."""
        lost: dict[str, int] = {}
        for worker, before in self._losses.items():
            if worker.lost > before:
                lost[worker.state.name] = lost.get(worker.state.name, 0) + worker.lost - before
        return lost

    def abort(self) -> None:
        """Have `run` take everything back: the pipeline stops."""
        self._aborted = True
        self.tell()

    def tell(self) -> None:
        """Something happened that `run` may wait for: a worker has ended, say."""
        with self._news:
            self._news.notify_all()

    # --- what to do ----------------------------------------------------------------------------------------------

    def _refuse_what_is_fixed(self) -> None:
        problems = [
            Problem(
                "error",
                f'"{key}" cannot change while the pipeline runs: it is "{getattr(self.before, key)}", '
                f'and the file says "{getattr(self.after, key)}"',
                hint="stop the pipeline and start it again",
            )
            for key in FIXED
            if key in self.change.keys
        ]
        if problems:
            raise ConfigError(problems)

    def _sort(self) -> tuple[list[NodeChange], list[NodeChange], list[NodeConfig]]:
        """Changes that a node takes as it lives, those that need a successor, and ended nodes to make anew."""
        tuned: list[NodeChange] = []
        swapped = {each.name: each for each in self.change.replaced}
        for each in self.change.retuned:
            if self._is_live(each):
                tuned.append(each)
            else:
                swapped[each.name] = each
        for name in (
            (self._renew | self.pipeline._broken) & self._staying & self.pipeline._nodes.keys()
        ):
            swapped[name] = NodeChange(self.before.node(name), self.after.node(name))
        revived = [self.after.node(name) for name in self._revived(swapped)]
        for config in revived:
            swapped.pop(config.name, None)
            self.restarted[config.name] = "it had ended"
        for name, each in swapped.items():
            code = "its code has changed" if name in self._renew else "it could not be built before"
            self.restarted[name] = each.in_words() if each.keys else code
        return tuned, list(swapped.values()), revived

    def _revived(self, swapped: Iterable[str]) -> list[str]:
        """Nodes that have ended and have something to do again."""
        workers = self.pipeline._workers.items()
        over = [name for name, each in workers if each.ended.is_set() or each.inbox.closed]
        fed_anew = {link.destination for link in self.change.links_added}
        fed = reach(*_graph(self.after), (fed_anew | set(swapped)) & set(over))
        return [name for name in over if name in fed]

    @property
    def _staying(self) -> set[str]:
        return {node.name for node in self.after.nodes}

    def _is_live(self, change: NodeChange) -> bool:
        """Whether the node takes all of the change while it lives."""
        if not change.arguments:
            return True
        kind = type(self.pipeline._nodes[change.name])
        if kind.set_on_config is Node.set_on_config:
            return False
        if kind.live_arguments and not change.arguments <= kind.live_arguments:
            return False
        return change.arguments <= self.builder.values(change.after).keys()

    # --- aside ---------------------------------------------------------------------------------------------------

    def _aside(self, config: NodeConfig, builder: Builder, *, surely: bool = False) -> Fresh:
        """A node, built and warmed up on a thread of its own, so that one that hangs holds up nothing."""
        made: list[Fresh | BaseException] = []
        unwanted = threading.Event()

        def build() -> None:
            try:
                made.append(self._build(config, builder))
            except BaseException as error:  # noqa: BLE001  # the author's, and told to whoever waits
                made.append(error)
            if unwanted.is_set():
                give_up()
            self.tell()

        def give_up() -> None:
            unwanted.set()
            with suppress(IndexError):  # it is not made yet, or the other thread has it
                if isinstance(late := made.pop(), Fresh):
                    _destroyed(late.node)

        threading.Thread(target=build, name=f"warm-up of {config.name}", daemon=True).start()
        try:
            if not self._comes(lambda: made, self.patience.warmup, surely=surely):
                raise Late(
                    f"{config.name} did not warm up within {self.patience.warmup:g} s",
                    node=config.name,
                    hint="what ran before runs on",
                )
        except BaseException:
            give_up()
            raise
        if isinstance(result := made[0], BaseException):
            raise result
        return result

    def _build(self, config: NodeConfig, builder: Builder) -> Fresh:
        pipeline, name = self.pipeline, config.name
        early, began, node = Early(), time.monotonic(), None
        doing = "construction"
        try:
            node = builder.build(config, pipe_name=pipeline.name)
            pipeline._furnish(node, config)
            node._juturna.outlet.connect("", early)
            doing = "warmup()"
            node.warmup()
        except RAISED_BY_AUTHORS as error:
            if node is not None:
                _destroyed(node)
            if isinstance(error, JuturnaError):
                raise
            raise PluginError.from_exception(error, node=name, doing=doing) from error
        pipeline.logger.info("%s is warmed up (%.2f s)", name, time.monotonic() - began)
        return Fresh(config, node, early)

    def _give_back(self, fresh: Mapping[str, Fresh]) -> None:
        """Destroy what was built and is not used, and what has left."""
        used = {id(node) for node in (*self.pipeline._nodes.values(), *self._left)}
        for each in fresh.values():
            if id(each.node) not in used:
                if (worker := each.node._juturna.worker) is not None:
                    worker.cut_off()
                _destroyed(each.node)
        for node in self._left:
            _destroyed(node)

    # --- hold ----------------------------------------------------------------------------------------------------

    def _hold(self) -> None:
        """Hold what `plan.holds` names. Raises Late, with nothing changed, when one that stays does not come."""
        deadline = time.monotonic() + self.patience.drain
        late: list[Worker] = []
        for hold in holds(self.before, self.after):
            worker = self.pipeline._workers[hold.node]
            if worker.ended.is_set():
                continue
            gate = Gate(worker, self.tell, max(0.0, deadline - time.monotonic()))
            self._gates[worker] = gate
            worker.draining = hold.drained
            gate.enter(drained=hold.drained)
            came = self._comes(gate.holds, deadline - time.monotonic())
            if not came or (hold.drained and gate.arrived and not gate.flushed):
                late.append(worker)
            elif not hold.drained:
                self._held_since = self._held_since or time.monotonic()
            if gate.arrived and hold.node in self._staying:
                self._keep(worker, deadline)
        if late:
            self._force(late)

    def _keep(self, worker: Worker, deadline: float) -> None:
        """Keep what threads of the node's own send while it is held."""
        outlet, early = worker.state.outlet, Early()
        self._joining[worker] = early, outlet.links
        outlet.links = (Link("", early),)
        while outlet.blocked_by and time.monotonic() < deadline:  # what has begun to go the old way
            time.sleep(0.001)

    def _force(self, late: list[Worker]) -> None:
        """Cut off those that are to leave and do not; those that they kept waiting come then."""
        leaving = [worker for worker in late if worker.state.name not in self._staying]
        staying = [worker for worker in late if worker not in leaving]
        for worker in staying:
            if self._gates[worker].arrived or not self._waits_for(worker, leaving):
                raise self._does_not_get_through(worker)
        for worker in leaving:
            worker.cut_off()
        deadline = time.monotonic() + STOP_SECONDS
        for worker in staying:
            gate = self._gates[worker]
            if not self._comes(gate.holds, deadline - time.monotonic()):
                self.pipeline._broken.update(each.state.name for each in leaving)
                raise self._does_not_get_through(worker)

    def _waits_for(self, worker: Worker, leaving: Iterable[Worker]) -> bool:
        """Whether it is one of `leaving` that lets `worker` wait, directly or through others."""
        names, name = {each.state.name for each in leaving}, worker.state.outlet.blocked_by
        while name and name not in names:
            name = self.pipeline._workers[name].state.outlet.blocked_by
        return bool(name)

    def _does_not_get_through(self, worker: Worker) -> Late:
        name = worker.state.name
        text = f"{name} does not get through: {worker.doing or 'it waits for another'}"
        return Late(text, node=name, hint="nothing was changed")

    def _release(self) -> None:
        if self._held_since:
            held = time.monotonic() - self._held_since
            self._held_seconds = max(self._held_seconds, held)
        for worker, (early, links) in self._joining.items():
            self._gates[worker].post(partial(early.join, worker.state.outlet, links))
        for worker, gate in self._gates.items():
            worker.draining = False
            gate.open()

    def _post(self, worker: Worker, call: Callable[[], None]) -> None:
        """Have `call` called on the worker's thread, between two messages, though it is held."""
        if worker in self._gates:
            self._gates[worker].post(call)
        else:
            worker.post(call)

    def _comes(self, true: Callable[[], object], seconds: float, *, surely: bool = False) -> bool:
        """Wait for something to become `true`, `seconds` at most. Raises StateError after `abort`, unless `surely`."""
        with self._news:
            self._news.wait_for(lambda: true() or (self._aborted and not surely), max(0.0, seconds))
            if self._aborted and not surely:
                raise _stopping()
            return bool(true())

    # --- retune and replace --------------------------------------------------------------------------------------

    def _retune(self, changes: Iterable[NodeChange]) -> None:
        """Set what nodes take as they live."""
        for change in changes:
            self._tuned.append(change)
            error = self._set(change, self.builder)
            if error is not None:
                raise error

    def _set_back(self) -> None:
        """Undo `_retune`; not for a pipeline that stops."""
        with suppress(StateError):
            for change in () if self._aborted else reversed(self._tuned):
                self._set(change.reversed(), self._old_builder)

    def _set(self, change: NodeChange, builder: Builder) -> JuturnaError | None:
        worker, results = self.pipeline._workers[change.name], list[BaseException | None]()
        values = builder.values(change.after)

        def tune() -> None:
            try:
                for key in sorted(change.arguments & values.keys()):
                    worker.node.set_on_config(key, values[key])
                results.append(None)
            except RAISED_BY_AUTHORS as error:
                results.append(error)
                worker.state.logger.error("%s: set_on_config(): %s", change.name, describe(error))
            self.tell()

        self.pipeline._set_policies(change.name, change.after)
        if not change.arguments:
            return None
        self._post(worker, tune)

        def done() -> object:
            return results or worker.ended.is_set()

        if self._comes(done, min(READ_SECONDS, self.patience.drain)):
            pass
        elif worker.pulling:  # a source in a read takes them before its next message
            return None
        elif not self._comes(done, self.patience.drain):
            text = f"{change.name} does not take its new arguments: {worker.doing}"
            return Late(text, node=change.name)
        if not results or results[0] is None:
            return None
        return PluginError.from_exception(results[0], node=change.name, doing="set_on_config()")

    def _replace(self, changes: list[NodeChange], fresh: Mapping[str, Fresh]) -> None:
        """Replace nodes, those at the end first, so that what a new node sends meets new ones."""
        order = {name: place for place, name in enumerate(graph.order(*_graph(self.before)))}
        done: list[NodeChange] = []
        for change in sorted(changes, key=lambda each: order[each.name], reverse=True):
            try:
                self._swap(change, fresh.get(change.name))
            except BaseException:
                for each in () if self._aborted else reversed(done):
                    self._put_back(each)
                raise
            done.append(change)

    def _swap(self, change: NodeChange, fresh: Fresh | None, *, back: bool = False) -> None:
        """Replace one node; one that must be gone before its successor is built has none yet (`fresh`).

        When this raises, the node is the old one, or one that was built as the old one was. On the way `back` there is
        no other to turn to: its messages wait then.
        """
        name, pipeline = change.name, self.pipeline
        worker = pipeline._workers[name]
        swap = Swap(worker, fresh, self.tell, self.patience.drain)
        worker.draining = True
        self._post(worker, swap)
        has_left = self._has_left(swap)
        worker.draining = False
        error: BaseException | None = None
        if not has_left:
            if worker.ended.is_set():  # by itself, meanwhile: it is not made to begin again
                return
            if self._aborted:
                raise _stopping()
            if swap.give_up(begun=True):
                self._move_away(worker, fresh or self._aside(change.after, self.builder))
                pipeline._broken.discard(name)
                return
            error = Late(f"{name} does not come back from start()", node=name)
        if fresh is None:
            error = self._give_successor(swap, change)
        else:
            self._left.append(swap.old)
        self.carried += swap.carried
        self._held_seconds = max(self._held_seconds, swap.seconds)
        pipeline._nodes[name] = worker.node
        if swap.error is not None:
            error = PluginError.from_exception(swap.error, node=name, doing="start()")
        if error is None:
            pipeline._broken.discard(name)
            pipeline._set_policies(name, change.after)
            return
        if fresh is not None or swap.error is not None:
            if back:
                self._break(worker)
            else:
                self._put_back(change)
        raise error

    def _has_left(self, swap: Swap) -> bool:
        """Wait until the old node has left, and its successor has come if it is at hand. False: one of them hangs."""
        worker, drain = swap.worker, self.patience.drain
        deadline = time.monotonic() + drain
        try:
            if self._comes(lambda: swap.over or worker.ended.is_set(), min(READ_SECONDS, drain)):
                return swap.over
            if worker.pulling:  # in a read, say, that the author's stop() ends
                threading.Thread(target=worker.interrupt, daemon=True).start()
            left = deadline - time.monotonic()
            if self._comes(lambda: swap.over or worker.ended.is_set(), left):
                return swap.over
        except StateError:
            if swap.give_up():
                raise
        return not swap.give_up() and self._comes(lambda: swap.over, STOP_SECONDS, surely=True)

    def _give_successor(self, swap: Swap, change: NodeChange) -> BaseException | None:
        """The successor of an exclusive node that is gone by now; when there is none, the old one anew, and why."""
        _destroyed(swap.old)
        failure: BaseException | None = None
        successor: Fresh | None = None
        for config, builder in ((change.after, self.builder), (change.before, self._old_builder)):
            try:
                successor = self._aside(config, builder, surely=True)
                break
            except JuturnaError as error:
                failure = failure or error
        swap.give(successor)
        if not self._comes(lambda: swap.done, STOP_SECONDS, surely=True):
            failure = failure or Late(
                f"{change.name} does not come back from start()", node=change.name
            )
            self.pipeline._broken.add(change.name)
        if successor is None:
            self._say_broken(swap.worker)
        return failure

    def _put_back(self, change: NodeChange) -> None:
        """Undo a replacement."""
        name = change.name
        self.pipeline.logger.warning("%s is built again as it was", name)
        try:
            exclusive = type(self.pipeline._nodes[name]).exclusive
            back = None if exclusive else self._aside(change.before, self._old_builder)
            self._swap(change.reversed(), back, back=True)
        except JuturnaError as error:
            self.pipeline.logger.error("%s could not be built as it was: %s", name, error)

    def _break(self, worker: Worker) -> None:
        """There is no node that would run: messages wait."""
        self._post(worker, lambda: worker.wait_for_successor([]))
        self._say_broken(worker)

    def _say_broken(self, worker: Worker) -> None:
        name = worker.state.name
        worker.state.status_text = f"{name} could not be built again; its messages wait"
        self.pipeline._broken.add(name)

    def _move_away(self, worker: Worker, fresh: Fresh) -> None:
        """Leave a node that hangs to itself, with the message it is at; a new worker gets what waits for it."""
        pipeline, name, state = self.pipeline, worker.state.name, fresh.node._juturna
        self._begin([fresh])
        successor = _worker_of(fresh.node)
        successor.feeders, successor.fed_by = worker.feeders, worker.fed_by
        if worker.suspended:
            successor.suspend()
        _, links = self._joining.pop(worker, (None, worker.state.outlet.links))
        self._joining[successor] = fresh.early, links
        for origin in worker.state.origins:
            self._lead(pipeline._workers[origin], Link(name, state.inbox))
        items = worker.abandon()
        state.inbox.put_back(items)
        state.origins[:] = worker.state.origins
        pipeline._nodes[name], pipeline._workers[name] = fresh.node, successor
        self.carried += len(items)
        pipeline.logger.error("%s hung and was left behind: %s", name, worker.doing)

    def _lead(self, origin: Worker, link: Link) -> None:
        """Have `origin` send into `link`, and not into the one of that name."""
        outlet = origin.state.outlet
        early, links = self._joining.get(origin, (None, outlet.links))
        links = tuple(link if each.name == link.name else each for each in links)
        if early is None:
            outlet.links = links
        else:
            self._joining[origin] = early, links

    # --- commit --------------------------------------------------------------------------------------------------

    def _begin(self, fresh: Iterable[Fresh]) -> None:
        """Start nodes that are to be added, behind a gate, without links: what they send meanwhile is kept."""
        for each in fresh:
            worker = self.pipeline._worker_for(each.node, each.config)
            self._gates[worker] = gate = Gate(worker, self.tell, 0)
            worker.post(gate)
            try:
                each.node.start()
            except RAISED_BY_AUTHORS as error:
                name = each.config.name
                raise PluginError.from_exception(error, node=name, doing="start()") from error
            worker.start()

    def _commit(self, added: Mapping[str, Fresh]) -> None:
        """Make the new graph the one that runs; whoever sends is held, and nothing in here fails."""
        pipeline = self.pipeline
        nodes = {
            each.name: added[each.name].node if each.name in added else pipeline._nodes[each.name]
            for each in self.after.nodes
        }
        was = graph.successors(*_graph(self.before))
        behind = graph.successors(*_graph(self.after))
        before = graph.predecessors(*_graph(self.after))
        for name, node in nodes.items():
            wanted = tuple(Link(each, nodes[each]._juturna.inbox) for each in behind[name])
            worker = _worker_of(node)
            if name in added:
                self._joining[worker] = added[name].early, wanted
            elif worker in self._joining:
                self._joining[worker] = self._joining[worker][0], wanted
            elif was.get(name) != behind[name] or any(each in added for each in behind[name]):
                node._juturna.outlet.links = wanted
            node.origins[:] = before[name]
        with pipeline._ending:
            workers = {name: _worker_of(node) for name, node in nodes.items()}
            for name, worker in workers.items():
                feeders = max(1, len(nodes[name].origins))
                if feeders != worker.fed_by:
                    worker.feeders = worker.fed_by = feeders
            pipeline._nodes, pipeline._workers = nodes, workers
            pipeline.config, pipeline._catalog = self.after, self.builder
            pipeline._letters.limit = self.after.dead_letters
            pipeline._broken -= added.keys() | set(pipeline._broken - nodes.keys())
            pipeline._follow_ends()

    def _end_removed(self, removed: Mapping[str, Worker]) -> None:
        """Stop what has left the graph; all its messages are through, or counted."""
        for worker in removed.values():
            worker.end()
        began = time.monotonic()
        for worker in removed.values():
            left = READ_SECONDS - (time.monotonic() - began)
            if worker.pulling and not worker.ended.wait(max(0.0, left)) and worker.pulling:
                threading.Thread(target=worker.stop_node, daemon=True).start()
        deadline = began + STOP_SECONDS
        for name, worker in removed.items():
            seconds = 0.0 if worker.is_cut_off else deadline - time.monotonic()
            if not worker.ended.wait(max(0.0, seconds)):
                self.pipeline.logger.error("%s is removed and hangs: %s", name, worker.doing)
                worker.cut_off()
            self._left.append(worker.node)


def _graph(config: PipelineConfig) -> tuple[list[str], list[tuple[str, str]]]:
    """The names of the nodes, and the links between them."""
    return [node.name for node in config.nodes], [
        (link.origin, link.destination) for link in config.links
    ]


def _stopping() -> StateError:
    return StateError("the pipeline is stopping: the change was not made")


def _worker_of(node: Node[Any, Any]) -> Worker:
    worker = node._juturna.worker
    assert worker is not None  # every node of a pipeline has one
    return worker


def _destroyed(node: Node[Any, Any]) -> None:
    """Give back what a node holds; what it raises is logged."""
    try:
        node.clear_source()
        node.destroy()
    except RAISED_BY_AUTHORS as error:
        node.logger.error("%s failed in destroy(): %s", node.name, describe(error))
