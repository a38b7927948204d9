"""The pipeline's graph in Juturna's shape."""

from __future__ import annotations

import graphlib

import pytest

from juturna_core.dag import DAG


def made(nodes: str, *edges: str) -> DAG:
    dag = DAG()
    for node in nodes:
        dag.add_node(node)
    for source, target in edges:
        dag.add_edge(source, target)
    return dag


def test_degrees_and_layers_of_a_diamond_with_a_short_cut() -> None:
    assert made("abcd", "ab", "ac", "bd", "cd", "ad").as_dict() == {
        "edges": [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d"), ("a", "d")],
        "in_degree": {"a": 0, "b": 1, "c": 1, "d": 3},
        "out_degree": {"a": 3, "b": 1, "c": 1, "d": 0},
        "layers": [["a"], ["b", "c"], ["d"]],
    }


def test_an_edge_needs_both_its_ends() -> None:
    with pytest.raises(ValueError, match="b, which is not there"):
        made("a", "ab")
    with pytest.raises(ValueError, match="a, which is not there"):
        made("b", "ab")


def test_a_node_added_twice_keeps_its_edges() -> None:
    dag = made("ab", "ab")
    dag.add_node("a")
    assert dag.out_degree() == {"a": 1, "b": 0}


def test_a_cycle_is_told_and_has_no_layers() -> None:
    assert not made("abc", "ab", "bc").has_cycle()
    ring = made("abc", "ab", "bc", "ca")
    assert ring.has_cycle()
    with pytest.raises(graphlib.CycleError):
        ring.BFS()
