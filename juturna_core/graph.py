"""Pure functions on a graph: the names of its nodes, and its links as (origin, destination) pairs.

Every answer is in the order of `names`, as far as the question leaves a choice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

Link: TypeAlias = tuple[str, str]


def successors(names: Sequence[str], links: Iterable[Link]) -> dict[str, list[str]]:
    """For every node the nodes that it feeds, each once."""
    found: dict[str, dict[str, None]] = {name: {} for name in names}
    for origin, destination in links:
        found[origin][destination] = None
    return {name: list(behind) for name, behind in found.items()}


def predecessors(names: Sequence[str], links: Iterable[Link]) -> dict[str, list[str]]:
    """For every node the nodes that feed it, each once."""
    return successors(names, ((destination, origin) for origin, destination in links))


def sources(names: Sequence[str], links: Iterable[Link]) -> list[str]:
    """Nodes that nothing feeds."""
    fed = {destination for _, destination in links}
    return [name for name in names if name not in fed]


def isolated(names: Sequence[str], links: Iterable[Link]) -> list[str]:
    """Nodes without any link."""
    linked = {name for link in links for name in link}
    return [name for name in names if name not in linked]


def find_cycle(names: Sequence[str], links: Iterable[Link]) -> list[str] | None:
    """A cycle as its chain, the first node once more at its end (`[a, b, a]`); None without one."""
    try:
        TopologicalSorter(predecessors(names, links)).prepare()
    except CycleError as error:
        ring: list[str] = error.args[1][:-1]
        place = {name: index for index, name in enumerate(names)}
        first = ring.index(min(ring, key=place.__getitem__))
        return [*ring[first:], *ring[:first], ring[first]]
    return None


def layers(names: Sequence[str], links: Iterable[Link]) -> list[list[str]]:
    """Nodes by the length of the longest way to them: sources, what only they feed, and so on.

    Raises graphlib.CycleError when there is a cycle.
    """
    place = {name: index for index, name in enumerate(names)}
    sorter = TopologicalSorter(predecessors(names, links))
    sorter.prepare()
    found = []
    while ready := sorter.get_ready():
        found.append(sorted(ready, key=place.__getitem__))
        sorter.done(*ready)
    return found


def order(names: Sequence[str], links: Iterable[Link]) -> list[str]:
    """All nodes, each behind everything that feeds it. Raises graphlib.CycleError."""
    return [name for layer in layers(names, links) for name in layer]
