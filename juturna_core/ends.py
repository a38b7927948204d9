"""How the end flows down a graph: a node may end once all that feed it have ended.

Stop and "the file is over" are the same thing here: the sources end, and the rest follows in order. Plain
bookkeeping without threads; the pipeline holds a lock around it.
"""

from __future__ import annotations

from collections.abc import Iterable


class Ends:
    """Who has ended, and who may end next."""

    def __init__(
        self, names: Iterable[str], links: Iterable[tuple[str, str]], sources: Iterable[str]
    ) -> None:
        """`sources` are the nodes that make messages: when the last has ended, everybody may."""
        self._open = set(names)
        self._feeders: dict[str, set[str]] = {name: set() for name in self._open}
        self._behind: dict[str, list[str]] = {name: [] for name in self._open}
        for origin, destination in links:
            self._feeders[destination].add(origin)
            self._behind[origin].append(destination)
        self._sources = set(sources)
        self._halted: list[str] = []  # ended without ending what they feed

    @property
    def over(self) -> bool:
        """Whether everybody has ended."""
        return not self._open

    def end(self, name: str, propagates: bool = True) -> list[str]:
        """`name` has ended; the nodes that may end now. One that does not propagate leaves those it feeds waiting."""
        self._open.discard(name)
        self._sources.discard(name)
        if propagates:
            free = self._release(name)
        else:
            free = []
            self._halted.append(name)
        if not self._sources:  # nothing can come any more, not even for nodes that nothing feeds
            for halted in self._halted:
                free += self._release(halted)
            self._halted = []
            free += [each for each in self._open if not self._feeders[each] and each not in free]
        return free

    def _release(self, name: str) -> list[str]:
        free = []
        for each in self._behind[name]:
            self._feeders[each].discard(name)
            if not self._feeders[each]:
                free.append(each)
        return free
