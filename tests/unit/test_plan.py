"""Who is held while the graph changes, and who is emptied first."""

from __future__ import annotations

import itertools

import pytest

from juturna_core.config import PipelineConfig
from juturna_core.plan import Hold, holds, reach
from juturna_core.testing import configuration


def graph(text: str) -> PipelineConfig:
    """`"a b c, b d"`: a -> b -> c and b -> d."""
    ways = [way.split() for way in text.split(",")]
    names = dict.fromkeys(name for way in ways for name in way)
    links = dict.fromkeys(pair for way in ways for pair in itertools.pairwise(way))
    return configuration([{"name": name} for name in names], links, folder="x")


def planned(before: str, after: str) -> str:
    """`"a, b*"`: a is held at once, b when it is empty."""
    found = holds(graph(before), graph(after))
    return ", ".join(f"{hold.node}{'*' if hold.drained else ''}" for hold in found)


@pytest.mark.parametrize(
    ("what", "before", "after", "held"),
    [
        ("nothing", "a b c", "a b c", ""),
        ("a node between", "a c", "a b c", "a"),
        ("a node at the end", "a b", "a b c", "b"),
        ("a source more", "a b", "a b, s b", ""),
        ("a node less", "a b c", "a c", "a, b*"),
        ("two nodes less", "a b c d", "a d", "a, b*, c*"),
        ("the end less", "a b c", "a b", "b, c*"),
        ("the source less", "a b, s b", "a b", "s*"),
        ("a rename", "a b c", "a x c", "a, b*"),
        ("two change places", "a b c d", "a c b d", "a, b*, c*"),
        ("a way round one that stays", "a b c", "a c, b c", "a, b*"),
        ("a branch more", "a b", "a b, a c", "a"),
        ("a branch less: nothing takes a new way", "a b, a c", "a b, c", "a"),
        ("what is behind the change goes on", "a b c d e", "a c d e", "a, b*"),
        ("another branch is left alone", "a b c, a x y", "a c, a x y", "a, b*"),
    ],
)
def test_only_ways_that_change_are_held(what: str, before: str, after: str, held: str) -> None:
    assert planned(before, after) == held, what


def test_a_node_is_held_after_all_that_feed_it() -> None:
    found = holds(graph("a b c d, x c"), graph("a d, x d"))
    assert found == (Hold("a", False), Hold("x", False), Hold("b", True), Hold("c", True))


def test_reach() -> None:
    names, links = "abcd", [("a", "b"), ("b", "c"), ("d", "c")]
    assert reach(names, links, ["b"]) == {"b", "c"}
    assert reach(names, links, ["new"]) == set()
