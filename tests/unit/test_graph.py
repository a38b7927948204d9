"""Pure questions to a graph, answered in the order of its nodes."""

from __future__ import annotations

from graphlib import CycleError
from itertools import pairwise

import pytest

from juturna_core import graph

DIAMOND = (["d", "a", "b", "c"], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")])


def test_neighbours_once_each_even_where_a_link_is_double() -> None:
    names, links = DIAMOND
    assert graph.successors(names, [*links, ("a", "b")])["a"] == ["b", "c"]
    assert graph.predecessors(names, links) == {"d": ["b", "c"], "a": [], "b": ["a"], "c": ["a"]}


def test_layers_and_order() -> None:
    assert graph.layers(*DIAMOND) == [["a"], ["b", "c"], ["d"]]
    assert graph.order(*DIAMOND) == ["a", "b", "c", "d"]


def test_a_node_is_behind_its_longest_way() -> None:
    assert graph.layers(["a", "b", "c"], [("a", "c"), ("a", "b"), ("b", "c")]) == [
        ["a"],
        ["b"],
        ["c"],
    ]


def test_isolated_nodes_are_in_the_first_layer() -> None:
    """Case 25: they run, and are drawn, like all others."""
    names, links = ["a", "x", "b", "y"], [("a", "b")]
    assert graph.layers(names, links) == [["a", "x", "y"], ["b"]]
    assert graph.isolated(names, links) == ["x", "y"]
    assert graph.sources(names, links) == ["a", "x", "y"]


def test_two_unconnected_pairs() -> None:
    assert graph.order(["a", "b", "c", "d"], [("a", "b"), ("c", "d")]) == ["a", "c", "b", "d"]


def test_nothing_at_all() -> None:
    assert graph.layers([], []) == [] and graph.order([], []) == []
    assert graph.find_cycle([], []) is None


@pytest.mark.parametrize(
    ("names", "links", "chain"),
    [
        (["p", "q"], [("p", "q"), ("q", "p")], ["p", "q", "p"]),
        (["q", "p"], [("p", "q"), ("q", "p")], ["q", "p", "q"]),
        (["p"], [("p", "p")], ["p", "p"]),
        (
            ["s", "a", "b", "c", "k"],
            [("s", "a"), ("a", "b"), ("b", "c"), ("c", "a"), ("c", "k")],
            ["a", "b", "c", "a"],
        ),
        (["a", "b", "c"], [("a", "b"), ("b", "c")], None),
    ],
)
def test_a_cycle_comes_as_its_chain(
    names: list[str], links: list[graph.Link], chain: list[str] | None
) -> None:
    assert graph.find_cycle(names, links) == chain


def test_a_graph_with_a_cycle_has_no_order() -> None:
    with pytest.raises(CycleError):
        graph.order(["a", "b"], [("a", "b"), ("b", "a")])


def test_a_long_chain_is_no_deep_recursion() -> None:
    names = [str(n) for n in range(20_000)]
    links = list(pairwise(names))
    assert graph.order(names, links) == names
    found = graph.find_cycle(names, [*links, (names[-1], names[0])])
    assert found is not None and len(found) == len(names) + 1
