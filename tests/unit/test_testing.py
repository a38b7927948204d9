"""The helpers for tests, which ship with the package: they run the real thing."""

from __future__ import annotations

from pathlib import Path

import pytest

from juturna_core.names import PipelineStatus
from juturna_core.testing import Collector, Forward, Numbers, Shelf, chain, configuration, running
from tests.runtime import DEADLINE


def test_a_chain_runs_in_a_folder_of_its_own_that_goes_away() -> None:
    nodes, links = chain({"name": "numbers"}, {"name": "forward"}, {"name": "collector"})
    with running(Shelf(Numbers, Forward, Collector), nodes, links) as made:
        assert made.wait(DEADLINE)
        folder = Path(made.pipe_path)
        assert folder.is_dir()
    assert not folder.exists()
    assert made["collector"].versions == list(range(10))
    assert made.status["self"] == PipelineStatus.READY


def test_leaving_by_an_exception_stops_the_pipeline_too() -> None:
    with (
        pytest.raises(KeyError),
        running(Shelf(Numbers), [{"name": "numbers", "configuration": {"by": 3600}}], []) as made,
    ):
        raise KeyError
    assert made["numbers"].status == "component_stopped"


def test_a_node_is_of_the_class_that_its_mark_or_else_its_name_says() -> None:
    nodes = [{"name": "first", "mark": "numbers"}, {"name": "collector"}]
    with running(Shelf(Numbers, Collector), nodes, [("first", "collector")]) as made:
        assert isinstance(made["first"], Numbers)
        assert made.wait(DEADLINE)


def test_numbers_have_count_size_and_pace() -> None:
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 3, "size": 5, "by": 0.001}},
        {"name": "collector"},
    )
    with running(Shelf(Numbers, Collector), nodes, links) as made:
        assert made.wait(DEADLINE)
    messages = made["collector"].messages
    assert [(each.creator, each.version, each.payload.size_bytes) for each in messages] == [
        ("numbers", version, 5) for version in range(3)
    ]


def test_a_configuration_fills_in_what_a_test_leaves_out() -> None:
    made = configuration(
        [{"name": "a"}, {"name": "b", "type": "sink"}], [("a", "b")], folder="f", dead_letters=3
    )
    assert [(node.name, node.type, node.mark) for node in made.nodes] == [
        ("a", "proc", "a"),
        ("b", "sink", "b"),
    ]
    assert [str(link) for link in made.links] == ["a -> b"]
    assert (made.folder, made.dead_letters) == ("f", 3)


def test_a_chain_links_neighbours() -> None:
    assert chain({"name": "a"})[1] == []
    assert chain({"name": "a"}, {"name": "b"}, {"name": "c"})[1] == [("a", "b"), ("b", "c")]
