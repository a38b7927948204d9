"""The difference between two configurations: what a reload does, and does not, have to do."""

from __future__ import annotations

import copy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juturna_core.config import PipelineConfig
from juturna_core.diff import ConfigDiff, diff

BASE: dict[str, Any] = {
    "version": "1",
    "plugins": ["./plugins"],
    "pipeline": {
        "name": "p",
        "id": "1",
        "folder": "./f",
        "nodes": [
            {"name": "s", "type": "source", "mark": "ticker", "configuration": {"rate": 10}},
            {"name": "p", "type": "proc", "mark": "echo", "configuration": {"delay": 1}},
            {"name": "k", "type": "sink", "mark": "counter"},
        ],
        "links": [{"from": "s", "to": "p"}, {"from": "p", "to": "k"}],
    },
}


def config(change: Any = None) -> PipelineConfig:
    given_dict = copy.deepcopy(BASE)
    if change is not None:
        change(given_dict["pipeline"])
    return PipelineConfig.from_dict(given_dict)


def names(parts: Any) -> list[str]:
    return [part.name for part in parts]


def test_a_start_is_the_difference_from_nothing() -> None:
    start = diff(None, config())
    assert names(start.added) == ["s", "p", "k"]
    assert [str(link) for link in start.links_added] == ["s -> p", "p -> k"]
    assert not (start.removed or start.replaced or start.retuned or start.links_removed)


def test_the_end_is_the_difference_to_nothing() -> None:
    assert diff(config(), None) == diff(None, config()).reversed()


def test_order_and_comments_are_no_difference() -> None:
    def reorder(pipeline: dict[str, Any]) -> None:
        pipeline["nodes"].reverse()
        pipeline["links"].reverse()
        pipeline["nodes"][0]["_comment"] = "first"

    assert not diff(config(), config(reorder))
    assert diff(config(), config()) == ConfigDiff()


def test_a_changed_argument_retunes() -> None:
    change = diff(config(), config(lambda p: p["nodes"][1].update(configuration={"x": 2})))
    [retuned] = change.retuned
    assert (retuned.name, retuned.keys) == ("p", {"configuration"})
    assert retuned.arguments == {"delay", "x"}
    assert not (change.added or change.removed or change.replaced)


@pytest.mark.parametrize(
    "policy", [{"when_full": "drop_oldest"}, {"on_error": "stop"}, {"auto_dump": True}]
)
def test_a_changed_policy_retunes(policy: dict[str, Any]) -> None:
    change = diff(config(), config(lambda p: p["nodes"][1].update(policy)))
    assert names(change.retuned) == ["p"]
    assert change.retuned[0].arguments == frozenset()


@pytest.mark.parametrize(
    "what",
    [
        {"mark": "other"},
        {"type": "other"},
        {"sync": "passthrough"},
        {"warped": True},
        {"warp_configuration": {"grpc_port": 1}},
        {"mark": "other", "configuration": {}},
    ],
)
def test_a_node_that_becomes_another_is_replaced(what: dict[str, Any]) -> None:
    change = diff(config(), config(lambda p: p["nodes"][1].update(what)))
    assert names(change.replaced) == ["p"]
    assert not (change.retuned or change.links_added or change.links_removed)


def test_a_changed_link_touches_no_node() -> None:
    def redirect(pipeline: dict[str, Any]) -> None:
        pipeline["links"][1] = {"from": "s", "to": "k"}

    change = diff(config(), config(redirect))
    assert [str(link) for link in change.links_removed] == ["p -> k"]
    assert [str(link) for link in change.links_added] == ["s -> k"]
    assert not (change.added or change.removed or change.replaced or change.retuned)


def test_what_differs_in_the_pipeline_itself_is_named() -> None:
    change = diff(config(), config(lambda p: p.update(name="q", telemetry="t.csv")))
    assert change and change.keys == {"name", "telemetry"}


MARKS = st.sampled_from(["echo", "other"])
SOME_NODES = st.dictionaries(
    st.sampled_from("abcd"), st.tuples(MARKS, st.integers(0, 1)), max_size=4
)


def of(nodes: dict[str, tuple[str, int]]) -> PipelineConfig:
    def replace(pipeline: dict[str, Any]) -> None:
        pipeline["links"] = [{"from": name, "to": "a"} for name in nodes if name != "a"]
        pipeline["nodes"] = [
            {"name": name, "type": "proc", "mark": mark, "configuration": {"x": value}}
            for name, (mark, value) in nodes.items()
        ]

    return config(replace)


@given(SOME_NODES, SOME_NODES)
def test_the_reversed_difference_leads_back(
    before: dict[str, tuple[str, int]], after: dict[str, tuple[str, int]]
) -> None:
    there, back = diff(of(before), of(after)), diff(of(after), of(before))
    turned = there.reversed()
    for part in ("added", "removed", "links_added", "links_removed"):
        assert set(map(str, getattr(turned, part))) == set(map(str, getattr(back, part)))
    for part in ("replaced", "retuned"):
        assert {c.name: c for c in getattr(turned, part)} == {
            c.name: c for c in getattr(back, part)
        }
    assert turned.reversed() == there
