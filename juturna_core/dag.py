"""A pipeline's graph in the shape that Juturna shows it, `pipeline.DAG`; the algorithms are in `graph`."""

from __future__ import annotations

from typing import Any

from juturna_core import graph


class DAG:
    """Nodes and the edges between them, added one by one. Edges may form a cycle: `has_cycle` tells."""

    def __init__(self) -> None:
        self.edges: list[tuple[str, str]] = []
        self._adj: dict[str, set[str]] = {}

    def add_node(self, node: str) -> None:
        self._adj.setdefault(node, set())

    def add_edge(self, src: str, dst: str) -> None:
        """Raises ValueError when an end of it has not been added before."""
        for end in (src, dst):
            if end not in self._adj:
                raise ValueError(f"an edge {src} -> {dst} needs the node {end}, which is not there")
        self.edges.append((src, dst))
        self._adj[src].add(dst)

    def has_cycle(self) -> bool:
        return graph.find_cycle(list(self._adj), self.edges) is not None

    def in_degree(self) -> dict[str, int]:
        """How many edges end at each node."""
        return self._degrees(end=1)

    def out_degree(self) -> dict[str, int]:
        """How many edges begin at each node."""
        return self._degrees(end=0)

    def BFS(self) -> list[list[str]]:  # Juturna's name
        """The layers: a node is in the one after the last that feeds it. Raises graphlib.CycleError."""
        return graph.layers(list(self._adj), self.edges)

    def as_dict(self) -> dict[str, Any]:
        return {
            "edges": self.edges,
            "in_degree": self.in_degree(),
            "out_degree": self.out_degree(),
            "layers": self.BFS(),
        }

    def _degrees(self, end: int) -> dict[str, int]:
        degrees = dict.fromkeys(self._adj, 0)
        for edge in self.edges:
            degrees[edge[end]] += 1
        return degrees
