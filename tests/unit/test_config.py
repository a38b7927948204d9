"""The pipeline file: what it may say, and one located problem for everything that it may not."""

from __future__ import annotations

import copy
import json
import logging
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juturna_core.config import (
    LinkConfig,
    NodeConfig,
    PipelineConfig,
    WarpConfig,
    json_schema,
    override,
)
from juturna_core.errors import ConfigError

GUIDE = """\
{
  "version": "0.1.0",
  "plugins": ["./plugins"],
  "pipeline": {
    "name": "test_mocked_pipeline",
    "id": "1234567890",
    "folder": "./pipe",
    "nodes": [
      {"name": "0_stream", "type": "source", "mark": "data_streamer", "configuration": {}},
      {"name": "1_pass", "type": "proc", "mark": "passthrough_identity",
       "configuration": {"delay": 2}, "warped": true,
       "warp_configuration": {"grpc_host": "172.17.0.1", "grpc_port": 45000, "timeout": 5}}
    ],
    "links": [{"from": "0_stream", "to": "1_pass"}]
  }
}
"""


def file(nodes: str = "", links: str = "", more: str = '"dead_letters": 9,') -> str:
    """A pipeline file with `more` in line 2, the nodes in line 3 and the links in line 4."""
    return (
        '{"plugins": [], "pipeline": {"name": "p", "id": "1", "folder": "./f",\n'
        f'{more}\n"nodes": [{nodes}],\n"links": [{links}]}}}}'
    )


def problems(text: str) -> list[str]:
    """The problems of `text`, whether they refuse it or not."""
    try:
        found = PipelineConfig.parse(text, "f.json").problems
    except ConfigError as error:
        found = error.problems
    return [str(problem).removeprefix("f.json:") for problem in found]


def raw(**node: Any) -> dict[str, Any]:
    nodes = [{"name": "a", "type": "proc", "mark": "m", **node}] if node else []
    return {"pipeline": {"name": "p", "id": "1", "folder": "./f", "nodes": nodes}}


def test_the_guides_file_is_read_whole() -> None:
    loaded = PipelineConfig.parse(GUIDE)
    config = loaded.config
    assert loaded.problems == ()
    assert (config.name, config.id, config.folder) == (
        "test_mocked_pipeline",
        "1234567890",
        "./pipe",
    )
    assert (config.version, config.plugins, config.telemetry) == ("0.1.0", ("./plugins",), None)
    assert [node.name for node in config.nodes] == ["0_stream", "1_pass"]
    warped = config.node("1_pass")
    assert warped.warp_configuration is not None
    assert warped.warp_configuration.address == "172.17.0.1:45000"
    assert (warped.warp_configuration.timeout, warped.warp_configuration.on_failure) == (5, "wait")
    assert (warped.when_full, warped.on_error, warped.auto_dump) == ("block", "skip", False)
    assert [str(link) for link in config.links] == ["0_stream -> 1_pass"]
    assert config.raw == json.loads(GUIDE)


def test_juturnas_empty_pipeline_needs_no_plugins() -> None:
    config = PipelineConfig.from_dict(raw())
    assert (config.nodes, config.links, config.plugins) == ((), (), ())


def test_a_byte_order_mark_is_accepted(tmp_path: Path) -> None:
    path = tmp_path / "pipe.json"
    path.write_bytes(b"\xef\xbb\xbf" + GUIDE.encode())
    loaded = PipelineConfig.load(path)
    assert (loaded.config.name, loaded.path) == ("test_mocked_pipeline", str(path))


def test_nan_and_duplicate_keys_are_refused_with_their_places() -> None:
    assert problems('{"pipeline": {"a": NaN,\n "a": 1}}') == [
        "1:20: error: NaN is not a JSON number",
        '2:2: error: the key "a" is given twice, first in line 1',
    ]


def test_the_dict_that_was_given_is_not_shared() -> None:
    given_dict = raw(configuration={"a": [1]})
    config = PipelineConfig.from_dict(given_dict)
    given_dict["pipeline"]["nodes"][0]["configuration"]["a"].append(2)
    assert config.node("a").configuration == {"a": [1]}
    assert config.raw["pipeline"]["nodes"][0]["configuration"] == {"a": [1]}


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        ('{"type": "proc"}', '3:11: error: "name" is missing'),
        ('{"name": 3, "type": "t"}', '3:20: error: "name": expected a text, found the number 3'),
        ('{"name": "a"}', '3:11: error: "type" is missing'),
        (
            '{"name": "a", "type": "t", "configuration": null}',
            '3:55: error: "configuration": expected an object, found null',
        ),
        (
            '{"name": "a", "type": "t", "configuration": [1]}',
            '3:55: error: "configuration": expected an object, found a list',
        ),
        (
            '{"name": "a", "type": "t", "warped": "yes"}',
            '3:48: error: "warped": expected true or false, found the text "yes"',
        ),
        (
            '{"name": "a", "type": "t", "when_full": "drop_newst"}',
            '3:51: error: "when_full": expected "block", "drop_oldest" or "drop_newest", '
            'found the text "drop_newst" (did you mean "drop_newest"?)',
        ),
        (
            '{"name": "a", "type": "t", "on_error": 1}',
            '3:50: error: "on_error": expected "skip" or "stop", found the number 1',
        ),
        ("7", '3:11: error: item 1 of "nodes": expected an object, found the number 7'),
        (
            '{"name": "a", "type": "t", "warp_configuration": {"grpc_port": "abc"}}',
            '3:74: error: "grpc_port": expected a whole number, found the text "abc"',
        ),
        (
            '{"name": "a", "type": "t", "warp_configuration": {"grpc_port": 70000}}',
            '3:74: error: "grpc_port": expected a number of at most 65535, found the number 70000',
        ),
        (
            '{"name": "a", "type": "t", "warp_configuration": {"timeout": 0}}',
            '3:72: error: "timeout": expected a number above 0, found the number 0',
        ),
        (
            '{"name": "a", "type": "t", "warp_configuration": {"timeout": "abc"}}',
            '3:72: error: "timeout": expected a number, found the text "abc"',
        ),
        (
            '{"name": "a", "type": "t", "warp_configuration": {"grpc_host": "http://h"}}',
            '3:74: error: "grpc_host": "http://h" is not the name or the address of a machine',
        ),
        (
            '{"name": "a", "type": "t", "warp_configuration": {"on_failure": "retry"}}',
            '3:75: error: "on_failure": expected "wait", "local" or "drop", found the text "retry"',
        ),
    ],
)
def test_a_wrong_value_is_named_with_its_place_what_it_is_and_what_was_expected(
    node: str, problem: str
) -> None:
    assert problems(file(node)) == [problem]


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("", "must not be empty"),
        (".", '"." would lead to another folder'),
        ("..", '".." would lead to another folder'),
        ("../../x", '"../../x" would lead to another folder'),
        ("a/b", '"a/b" would lead to another folder'),
        ("a\\\\b", '"a\\b" would lead to another folder'),
        ("/etc", '"/etc" would lead to another folder'),
        ("a\\u0000", '"a\\u0000" holds a control character'),
        ("a\\n", '"a\\n" holds a control character'),
        ("\\ud800", '"\\ud800" holds a control character'),
        ("x" * 256, "is longer than 255 bytes, which no folder's name can be"),
        ("ラ" * 86, "is longer than 255 bytes, which no folder's name can be"),
        (
            "config.json",
            '"config.json" is what the runtime itself puts into the pipeline\'s folder',
        ),
    ],
)
def test_a_name_that_is_no_folder_of_the_pipelines_own_is_refused(name: str, reason: str) -> None:
    text = file(f'{{"name": "{name}", "type": "t"}}')
    assert problems(text) == [f'3:20: error: "name": {reason}']


@pytest.mark.parametrize("name", ["カメラ入力", "👩‍💻", "x" * 200, "a b", "a.b", "-", "…"])
def test_any_other_name_is_fine(name: str) -> None:
    assert problems(file(f'{{"name": "{name}", "type": "t"}}')) == []


def test_a_type_or_mark_that_leads_out_of_the_plugin_folder_is_refused() -> None:
    assert problems(file('{"name": "a", "type": "../t", "mark": "/m"}')) == [
        '3:33: error: "type": "../t" would lead to another folder',
        '3:49: error: "mark": "/m" would lead to another folder',
    ]


def test_equal_names_are_refused_and_almost_equal_ones_warned_of() -> None:
    nodes = '{"name": "a", "type": "t"},\n{"name": "a", "type": "t"},\n{"name": "A", "type": "t"}'
    assert problems(file(nodes)) == [
        '4:10: error: two nodes are called "a", the other in line 3',
        '5:10: warning: "A" and "a", the other in line 3 are one folder on a file system that '
        "does not tell capitals apart",
    ]


def test_unknown_keys_are_warned_of_everywhere_with_the_nearest_known_one() -> None:
    text = (
        '{"plugin": [],\n"pipeline": {"name": "p", "id": "1", "folder": "f", "telemetri": "x",\n'
        '"nodes": [{"name": "a", "type": "t", "config": {},\n'
        '"warp_configuration": {"grpc_prt": 1}, "colour": 2}],\n'
        '"links": [{"from": "a", "to": "a", "weight": 1}]}}'
    )
    assert problems(text) == [
        '1:2: warning: unknown key "plugin" (did you mean "plugins"?)',
        '2:53: warning: unknown key "telemetri" (did you mean "telemetry"?)',
        '3:38: warning: unknown key "config" (did you mean "configuration"?)',
        '4:24: warning: unknown key "grpc_prt" (did you mean "grpc_port"?)',
        '4:40: warning: unknown key "colour"',
        '5:36: warning: unknown key "weight"',
    ]


def test_keys_that_begin_like_a_comment_are_comments() -> None:
    node = '{"name": "a", "type": "t", "_why": 1, "//": 2, "#": 3, "$schema": 4, "repository": "r"}'
    assert problems(file(node)) == []


def test_every_problem_is_reported_at_once_in_the_order_of_the_file() -> None:
    text = file('{"nam": "a", "type": 1}', '{"from": "a"}', '"telemetry": 1,')
    assert problems(text) == [
        '2:14: error: "telemetry": expected a text, found the number 1',
        '3:11: error: "name" is missing',
        '3:12: warning: unknown key "nam" (did you mean "name"?)',
        '3:32: error: "type": expected a text, found the number 1',
        '4:11: error: "to" is missing',
    ]


def test_problems_know_the_node_that_they_are_in() -> None:
    with pytest.raises(ConfigError) as raised:
        PipelineConfig.parse(file('{"name": "n", "type": 1, "colour": 1}'))
    assert [problem.node for problem in raised.value.problems] == ["n", "n"]


def test_what_is_no_pipeline_at_all() -> None:
    assert problems("[1]") == ["1:1: error: the file: expected an object, found a list"]
    assert problems("{}") == ['1:1: error: "pipeline" is missing']
    assert problems('{"pipeline": {"nodes": {}}}')[-1] == (
        '1:24: error: "nodes": expected a list, found an object'
    )


def test_a_link_that_is_given_twice_is_warned_of_and_merged() -> None:
    links = '{"from": "a", "to": "b"},\n{"to": "b", "from": "a"}'
    loaded = PipelineConfig.parse(file("", links), "f.json")
    assert [str(problem) for problem in loaded.problems] == [
        "f.json:5:1: warning: the link a -> b is given twice; the second is left out"
    ]
    assert [str(link) for link in loaded.config.links] == ["a -> b"]
    assert len(loaded.config.raw["pipeline"]["links"]) == 2


def test_warnings_of_a_dict_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "jt"):
        PipelineConfig.from_dict(raw(config={}))
    assert caplog.messages == ['unknown key "config"']


def test_a_number_will_do_for_id_and_version() -> None:
    given_dict = raw()
    given_dict["version"], given_dict["pipeline"]["id"] = 0.1, 1234567890
    config = PipelineConfig.from_dict(given_dict)
    assert (config.version, config.id) == ("0.1", "1234567890")


@pytest.mark.parametrize(
    ("host", "address"),
    [("::1", "[::1]:1"), ("[::1]", "[::1]:1"), ("dns", "dns:1"), ("10.0.0.1", "10.0.0.1:1")],
)
def test_the_address_of_a_remote(host: str, address: str) -> None:
    assert WarpConfig(grpc_host=host, grpc_port=1).address == address


def test_variables_in_warp_coordinates_are_expanded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARP_HOST", "far")
    monkeypatch.setenv("WARP_PORT", "45000")
    config = PipelineConfig.from_dict(
        raw(warp_configuration={"grpc_host": "$JT_ENV_WARP_HOST", "grpc_port": "$JT_ENV_WARP_PORT"})
    )
    assert config.node("a").warp_configuration == WarpConfig(grpc_host="far", grpc_port=45000)


def test_a_warp_coordinate_whose_variable_is_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WARP_PORT", raising=False)
    node = '{"name": "a", "type": "t", "warp_configuration": {"grpc_port": "$JT_ENV_WARP_PORT"}}'
    assert problems(file(node)) == [
        '3:74: error: the environment variable "WARP_PORT" is not set '
        '(node "a", configuration key "warp_configuration.grpc_port")'
    ]


def test_a_configuration_cannot_be_changed() -> None:
    config = PipelineConfig.from_dict(raw(sync="local"))
    with pytest.raises(AttributeError):
        config.name = "x"  # type: ignore[misc]
    with pytest.raises(ValueError, match="frozen"):
        config.node("a").name = "x"  # type: ignore[misc]


def test_two_are_equal_whatever_their_spelling() -> None:
    spaced = PipelineConfig.parse(json.dumps(json.loads(GUIDE), indent=4)).config
    assert spaced == PipelineConfig.parse(GUIDE).config


def test_an_unknown_node_is_a_key_error() -> None:
    with pytest.raises(KeyError):
        PipelineConfig.from_dict(raw()).node("x")


NAMES = st.text("abcdefß_-. 0", min_size=1, max_size=8).filter(lambda name: set(name) != {"."})
NODES = st.lists(
    st.builds(
        NodeConfig,
        name=NAMES,
        type=st.just("proc"),
        mark=st.none() | st.just("m"),
        auto_dump=st.booleans(),
        configuration=st.dictionaries(st.text(max_size=3), st.integers() | st.text(max_size=3)),
        warped=st.booleans(),
        warp_configuration=st.none()
        | st.builds(WarpConfig, grpc_port=st.integers(1, 65535), timeout=st.floats(0.1, 9)),
        when_full=st.sampled_from(["block", "drop_oldest", "drop_newest"]),
    ),
    unique_by=lambda node: node.name.casefold(),
)


@given(NODES, st.integers(0, 5), st.none() | st.just("t.csv"))
def test_what_is_dumped_reads_as_the_same(
    nodes: list[NodeConfig], dead_letters: int, telemetry: str | None
) -> None:
    links = tuple(LinkConfig(**{"from": a.name, "to": b.name}) for a, b in pairwise(nodes))
    config = PipelineConfig(
        "p",
        "1",
        "./f",
        tuple(nodes),
        links,
        ("./plugins",),
        "2",
        telemetry,
        dead_letters,
    )
    assert PipelineConfig.from_dict(json.loads(json.dumps(config.dump()))) == config


def test_override_sets_one_argument_as_json_or_text() -> None:
    config = PipelineConfig.parse(GUIDE).config
    before = copy.deepcopy(config.raw)
    changed = override(override(config, "1_pass.delay=0.5"), "1_pass.url=ws://x=y")
    assert changed.node("1_pass").configuration == {"delay": 0.5, "url": "ws://x=y"}
    nodes = changed.raw["pipeline"]["nodes"]
    assert nodes[1]["configuration"] == {"delay": 0.5, "url": "ws://x=y"}
    assert config.raw == before and config.node("1_pass").configuration == {"delay": 2}


def test_override_knows_names_with_dots() -> None:
    config = PipelineConfig.from_dict(raw(name="a.b"))
    assert override(config, 'a.b.c="1"').node("a.b").configuration == {"c": "1"}


@pytest.mark.parametrize(
    ("assignment", "hint"),
    [
        ("1_pass.delay", "write NODE.KEY=VALUE"),
        ("=1", "write NODE.KEY=VALUE"),
        ("1_pass=1", 'did you mean "1_pass"?'),
        ("1_pas.delay=1", 'did you mean "1_pass"?'),
    ],
)
def test_an_assignment_that_sets_nothing_says_how_to_write_one(assignment: str, hint: str) -> None:
    with pytest.raises(ConfigError) as raised:
        override(PipelineConfig.parse(GUIDE).config, assignment)
    assert str(raised.value) == f'error: "{assignment}" sets no argument of a node ({hint})'


def test_the_json_schema_describes_every_key() -> None:
    schema = json_schema()
    assert schema["required"] == ["pipeline"]
    node = schema["$defs"]["NodeConfig"]["properties"]
    assert set(node) == set(NodeConfig.model_fields)
    assert all("description" in each for each in node.values())
    assert set(schema["$defs"]["LinkConfig"]["properties"]) == {"from", "to"}
    assert node["when_full"]["enum"] == ["block", "drop_oldest", "drop_newest"]


def test_five_hundred_nodes_are_read_without_looking_for_places() -> None:
    """Places are looked for only when a problem needs one: half a second of slack, not a measure."""
    nodes = ",\n".join(f'{{"name": "n{i}", "type": "proc", "mark": "m"}}' for i in range(500))
    links = ",\n".join(f'{{"from": "n{i}", "to": "n{i + 1}"}}' for i in range(499))
    text = file(nodes, links)
    before = time.perf_counter()
    loaded = PipelineConfig.parse(text)
    assert time.perf_counter() - before < 0.5
    assert (len(loaded.config.nodes), len(loaded.config.links)) == (500, 499)
    assert "spans" not in vars(loaded.source)


def test_the_requirements_that_require_notes_in_the_file_are_a_known_key() -> None:
    pipeline = {"name": "p", "id": "1", "folder": "f", "nodes": [], "links": []}
    text = json.dumps({"version": "1", "requirements": ["numpy"], "pipeline": pipeline})
    assert PipelineConfig.parse(text).problems == ()
