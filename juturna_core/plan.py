"""What has to be held, and in which order, so that a change to the graph loses and overtakes nothing: pure functions.

Three things could go wrong with a message that is under way while links change. It is overtaken, by one that takes a
new and shorter way while it still waits on the old one: what lies on the old way is emptied before the new one opens.
And where links change behind two branches, as when a join moves from one to the other, it passes one as it was and the
other as it will be, and comes twice or not at all: whoever sends into both is held too, and what lies between is
emptied, so that every message sees all of the old graph or all of the new.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from juturna_core import graph
from juturna_core.config import PipelineConfig
from juturna_core.graph import Link

MANY = 2500
"""Links that go times links that come, beyond which it takes too long to find out, and everything is emptied."""


@dataclass(frozen=True, slots=True)
class Hold:
    """A node that is held while the graph changes: at once, or (`drained`) when all that waited for it is through."""

    node: str
    drained: bool


def holds(before: PipelineConfig, after: PipelineConfig) -> tuple[Hold, ...]:
    """The nodes to hold, each behind all that feed it: what one emptied is then not filled again by another."""
    old, new = _links(before), _links(after)
    names, later = _names(before), _names(after)
    leaving = set(names) - set(later)
    kept = set(old) & set(new)
    gone = [link for link in old if link not in kept]
    come = [link for link in new if link not in kept]
    if not gone and not come and not leaving:
        return ()
    if len(gone) * len(come) > MANY:
        fed = {destination for _, destination in old}
        return tuple(Hold(name, name in fed or name in leaving) for name in graph.order(names, old))
    changed = {origin for origin, _ in (*gone, *come)} & set(names)
    was, becomes = _Ways(names, old), _Ways(later, new)
    forks, between = _split(gone, come, was, becomes)
    drained = leaving | between | _overtaken(gone, come, was, becomes)
    return tuple(
        Hold(name, name in drained)
        for name in graph.order(names, old)
        if name in drained or name in changed or name in forks
    )


class _Ways:
    """Who comes to whom, in one graph."""

    def __init__(self, names: Sequence[str], links: Sequence[Link]) -> None:
        self.behind = graph.successors(names, links)
        self.before = graph.predecessors(names, links)

    def down(self, start: Iterable[str]) -> set[str]:
        """`start`, and every node that something from there comes to."""
        return _reach(self.behind, start)

    def up(self, end: Iterable[str]) -> set[str]:
        """`end`, and every node from which something comes there."""
        return _reach(self.before, end)


def _overtaken(gone: Sequence[Link], come: Sequence[Link], was: _Ways, becomes: _Ways) -> set[str]:
    """Nodes on an old way, up to where a new way meets it, or another link changes."""
    found: set[str] = set()
    changed = was.up(origin for origin, _ in (*gone, *come))
    new_ways = {entered: becomes.down([entered]) for _, entered in come}
    for first in {destination for _, destination in gone}:
        old_way = was.down([first])
        meeting = set()
        for entered, new_way in new_ways.items():
            both = old_way & new_way
            meeting |= {
                name
                for name in both
                if name == entered
                or not both.issuperset(new_way.intersection(becomes.before[name]))
            }
        ahead_of_it = was.up(each for name in meeting for each in was.before[name])
        found |= old_way & (ahead_of_it | changed)
    return found


def _split(
    gone: Sequence[Link], come: Sequence[Link], was: _Ways, becomes: _Ways
) -> tuple[set[str], set[str]]:
    """Nodes that send into two branches of which one loses what the other wins, and those from there to the change."""
    loses = {origin: was.down(ends) for origin, ends in _by_origin(gone).items()}
    wins = {
        origin: becomes.down(ends)
        for origin, ends in _by_origin(come).items()
        if origin in was.behind
    }
    forks: set[str] = set()
    between: set[str] = set()
    for one, lost in loses.items():
        for other, won in wins.items():
            if one == other or lost.isdisjoint(won):
                continue
            left, right = was.up([one]), was.up([other])
            shared, either = left & right, left | right
            split = {name for name in shared if either.intersection(was.behind[name]) - shared}
            forks |= split
            between |= either & was.down(each for name in split for each in was.behind[name])
    return forks, between


def _by_origin(links: Iterable[Link]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for origin, destination in links:
        found.setdefault(origin, []).append(destination)
    return found


def reach(names: Sequence[str], links: Iterable[Link], start: Iterable[str]) -> set[str]:
    """`start`, and every node that something from there comes to."""
    return _reach(graph.successors(names, links), start)


def _reach(behind: Mapping[str, Iterable[str]], start: Iterable[str]) -> set[str]:
    found: set[str] = set()
    ahead = [name for name in start if name in behind]
    while ahead:
        name = ahead.pop()
        if name not in found:
            found.add(name)
            ahead += behind[name]
    return found


def _names(config: PipelineConfig) -> list[str]:
    return [node.name for node in config.nodes]


def _links(config: PipelineConfig) -> list[Link]:
    return [(link.origin, link.destination) for link in config.links]
