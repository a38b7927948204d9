"""What has to be held, and in which order, so that a change to the graph loses and overtakes nothing: pure functions.

A message overtakes another when it takes a new, shorter way while the other still waits on the old one. So whoever
begins a changed way is held between two messages, and what lies on the old way is emptied, before the new way opens.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from juturna_core import graph
from juturna_core.config import PipelineConfig
from juturna_core.graph import Link


@dataclass(frozen=True, slots=True)
class Hold:
    """A node that is held while the graph changes: at once, or (`drained`) when all that waited for it is through."""

    node: str
    drained: bool


def holds(before: PipelineConfig, after: PipelineConfig) -> tuple[Hold, ...]:
    """The nodes to hold, each behind all that feed it: what one emptied is then not filled again by another."""
    old, new = _links(before), _links(after)
    names = [node.name for node in before.nodes]
    staying = {node.name for node in after.nodes}
    leaving = set(names) - staying
    kept = set(old) & set(new)
    gone = [link for link in old if link not in kept]
    come = [link for link in new if link not in kept]
    if not gone and not come and len(staying & set(names)) == len(names):
        return ()
    changed = {origin for origin, _ in (*gone, *come)} & set(names)
    entered = {destination for _, destination in come}
    left_behind = reach(names, old, {destination for _, destination in gone})
    on_old_way = left_behind & leads_to(names, old, entered)
    drained = leaving | on_old_way
    return tuple(
        Hold(name, name in drained)
        for name in graph.order(names, old)
        if name in drained or name in changed
    )


def reach(names: Sequence[str], links: Iterable[Link], start: Iterable[str]) -> set[str]:
    """`start`, and every node that something from there comes to."""
    behind = graph.successors(names, links)
    found: set[str] = set()
    ahead = [name for name in start if name in behind]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += behind[name]
    return found


def leads_to(names: Sequence[str], links: Iterable[Link], end: Iterable[str]) -> set[str]:
    """Every node from which something comes to one of `end`, over one link at least."""
    links = list(links)
    before = [(destination, origin) for origin, destination in links]
    known = set(names)
    ends = set(end) & known
    last = {origin for origin, destination in links if destination in ends}
    return reach(names, before, last)


def _links(config: PipelineConfig) -> list[Link]:
    return [(link.origin, link.destination) for link in config.links]
