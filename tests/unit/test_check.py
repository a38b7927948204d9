"""Everything that can be known without running a plugin, each with its place and the nearest known name."""

from __future__ import annotations

import time
from itertools import pairwise
from pathlib import Path

import pytest

from juturna_core.catalog import Catalog
from juturna_core.check import check
from juturna_core.config import PipelineConfig
from tests.plugin_folder import NODE, PluginFolder


@pytest.fixture
def plugins(plugins: PluginFolder) -> PluginFolder:
    """With the base of the cases: source `ticker`, proc `echo`, sink `counter`."""
    plugins.write("source", "ticker")
    plugins.write("proc", "echo")
    plugins.write("sink", "counter")
    return plugins


def problems(
    folder: PluginFolder, nodes: str, links: str = "", head: str = '["plugins"]'
) -> list[str]:
    """What `check` finds: the nodes begin in line 3, the links in the line after `"links": [`."""
    text = (
        f'{{"plugins": {head},\n"pipeline": {{"name": "p", "id": "1", "folder": "./f", "nodes": [\n'
        f'{nodes}],\n"links": [\n{links}]}}}}'
    )
    loaded = PipelineConfig.parse(text, "f.json")
    catalog = Catalog.for_config(loaded.config, folder.path.parent, folder.path.parent)
    found = check(loaded.config, catalog, loaded.source)
    return [str(problem).replace(str(folder.path), "PLUGINS") for problem in found]


SPK = (
    '{"name": "s", "type": "source", "mark": "ticker"},\n'
    '{"name": "p", "type": "proc", "mark": "echo"},\n'
    '{"name": "k", "type": "sink", "mark": "counter"}'
)
CHAIN = '{"from": "s", "to": "p"},\n{"from": "p", "to": "k"}'


def in_chain(node: str) -> str:
    """The base with `node` (without its name) in the place of `p`, in line 4."""
    return SPK.replace('"type": "proc", "mark": "echo"', node)


def test_the_base_is_right(plugins: PluginFolder) -> None:
    assert problems(plugins, SPK, CHAIN) == []


def test_without_a_source_problems_have_no_place(plugins: PluginFolder) -> None:
    config = PipelineConfig.from_dict(
        {
            "pipeline": {
                "name": "p",
                "id": "1",
                "folder": "f",
                "nodes": [{"name": "s", "type": "source", "mark": "tickr"}],
            }
        }
    )
    [problem] = check(config, Catalog([plugins.path]))
    assert (problem.line, problem.node, problem.hint) == (None, "s", 'did you mean "ticker"?')


# --- cases 23 and 25: the graph ---------------------------------------------------------------------


def test_a_cycle_is_refused_with_its_chain_at_the_link_that_closes_it(
    plugins: PluginFolder,
) -> None:
    nodes = SPK + ',\n{"name": "q", "type": "proc", "mark": "echo"}'
    links = CHAIN + ',\n{"from": "p", "to": "q"},\n{"from": "q", "to": "p"}'
    assert problems(plugins, nodes, links) == ["f.json:11:1: error: a cycle: p -> q -> p"]


def test_a_node_that_feeds_itself_is_a_cycle(plugins: PluginFolder) -> None:
    links = CHAIN + ',\n{"from": "p", "to": "p"}'
    assert problems(plugins, SPK, links) == ["f.json:9:1: error: a cycle: p -> p"]


def test_every_cycle_is_reported(plugins: PluginFolder) -> None:
    nodes = ",\n".join(f'{{"name": "{name}", "type": "x", "mark": "m"}}' for name in "abcd")
    links = ",\n".join(
        f'{{"from": "{origin}", "to": "{to}"}}' for origin, to in ("ab", "ba", "cd", "dc")
    )
    plugins.write("x", "m")
    assert problems(plugins, nodes, links) == [
        "f.json:9:1: error: a cycle: a -> b -> a",
        "f.json:11:1: error: a cycle: c -> d -> c",
    ]


def test_isolated_nodes_are_no_error(plugins: PluginFolder) -> None:
    lone = '{"name": "s", "type": "source", "mark": "ticker"}'
    assert problems(plugins, lone) == []
    pairs = (
        SPK
        + ',\n{"name": "s2", "type": "source", "mark": "ticker"},\n'
        + ('{"name": "k2", "type": "sink", "mark": "counter"}')
    )
    assert problems(plugins, pairs, CHAIN + ',\n{"from": "s2", "to": "k2"}') == []


def test_a_link_to_a_node_that_is_not_there(plugins: PluginFolder) -> None:
    links = CHAIN + ',\n{"from": "S1", "to": "k"},\n{"from": "s", "to": "pp"}'
    nodes = SPK.replace('"s"', '"s1"')
    assert problems(plugins, nodes, links.replace('"from": "s"', '"from": "s1"')) == [
        'f.json:9:10: error: there is no node "S1" (did you mean "s1"?)',
        'f.json:10:22: error: there is no node "pp" (did you mean "p"?)',
    ]


def test_places_of_links_hold_behind_one_that_is_given_twice(plugins: PluginFolder) -> None:
    links = CHAIN + ',\n{"from": "s", "to": "p"},\n{"from": "s", "to": "x"}'
    assert problems(plugins, SPK, links) == ['f.json:10:21: error: there is no node "x"']


def test_a_sink_that_feeds_and_a_proc_that_nothing_feeds_are_odd(plugins: PluginFolder) -> None:
    assert problems(plugins, SPK, '{"from": "k", "to": "p"}') == [
        'f.json:5:10: warning: "k" is a sink, and a link leads away from it',
        'f.json:5:10: warning: no link leads to "k", so it gets no messages',
    ]


# --- nodes ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("node", "problem"),
    [
        (
            '"type": "proc", "mark": "ecko"',
            '4:39: error: there is no proc node "ecko", looked in PLUGINS; the built-in nodes '
            '(did you mean "echo"?)',
        ),
        (
            '"type": "prc", "mark": "echo"',
            '4:38: error: there is no prc node "echo", looked in PLUGINS; the built-in nodes '
            '(there is a proc node "echo")',
        ),
        (
            '"type": "proc", "mark": "audio_rtp"',
            '4:39: error: "audio_rtp" is a built-in node of Juturna that is not built in here '
            "(put a plugin of that mark into a plugin folder)",
        ),
        (
            '"type": "proc"',
            '4:1: error: the node "p" has no "mark" '
            '(without one, "type" is the dotted path of a class)',
        ),
        (
            '"type": "proc", "mark": "echo", "sync": "passthru"',
            '4:55: error: there is no synchroniser "passthru" (did you mean "passthrough"?)',
        ),
        (
            '"type": "proc", "mark": "echo", "sync": "zzz"',
            '4:55: error: there is no synchroniser "zzz" (known: passthrough, local)',
        ),
        (
            '"type": "proc", "mark": "echo", "configuration": {"dely": 2}',
            '4:65: warning: proc "echo" has no argument "dely" (did you mean "delay"?)',
        ),
        (
            '"type": "proc", "mark": "echo", "configuration": {"delay": "abc"}',
            '4:74: warning: "delay": expected a number, found the text "abc" (the default is 1)',
        ),
        (
            '"type": "proc", "mark": "echo", "configuration": {"delay": true}',
            '4:74: warning: "delay": expected a number, found true (the default is 1)',
        ),
        (
            '"type": "proc", "mark": "echo", "warped": true',
            '4:57: error: the node "p" is warped and has no "warp_configuration" '
            "(it needs grpc_host and grpc_port)",
        ),
        (
            '"type": "proc", "mark": "far", "warped": true, '
            '"warp_configuration": {"grpc_port": 1, "on_failure": "local"}',
            '4:39: error: there is no proc node "far", looked in PLUGINS; the built-in nodes',
        ),
    ],
)
def test_a_problem_of_a_node_is_named_with_its_place(
    plugins: PluginFolder, node: str, problem: str
) -> None:
    assert problems(plugins, in_chain(node), CHAIN) == [f"f.json:{problem}"]


@pytest.mark.parametrize(
    "node",
    [
        '"type": "proc", "mark": "echo", "sync": "local"',
        '"type": "proc", "mark": "echo", "sync": null',
        '"type": "proc", "mark": "echo", "configuration": {"delay": 0.5}',
        '"type": "contrib.pkg.Class"',
        '"type": "proc", "mark": "far", "warped": true, "warp_configuration": {"grpc_port": 1}, '
        '"configuration": {"what": "ever"}',
    ],
)
def test_what_is_no_problem(plugins: PluginFolder, node: str) -> None:
    """The last: of a warped node the plugin need not be here."""
    assert problems(plugins, in_chain(node), CHAIN) == []


def test_a_plugin_without_config_toml_takes_any_key(plugins: PluginFolder) -> None:
    plugins.write("proc", "open", toml=None)
    node = '"type": "proc", "mark": "open", "configuration": {"what": "ever"}'
    assert problems(plugins, in_chain(node), CHAIN) == []


def test_a_plugin_folder_that_is_not_there_is_warned_of(plugins: PluginFolder) -> None:
    assert problems(plugins, SPK, CHAIN, '["plugins", "./more"]') == [
        'f.json:1:25: warning: there is no plugin folder "./more" '
        "(looked for beside the pipeline file and in the working directory)"
    ]


# --- case 35: environment variables -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        (None, 'the environment variable "X" is not set'),
        ("", 'the environment variable "X" is "", expected a whole number'),
        ("abc", 'the environment variable "X" is "abc", expected a whole number'),
        ("7", None),
    ],
)
def test_a_variable_is_looked_at_before_the_start(
    plugins: PluginFolder, monkeypatch: pytest.MonkeyPatch, value: str | None, problem: str | None
) -> None:
    monkeypatch.delenv("X", raising=False)
    if value is not None:
        monkeypatch.setenv("X", value)
    node = '"type": "proc", "mark": "echo", "configuration": {"delay": "$JT_ENV_X"}'
    place = '(node "p", configuration key "delay")'
    assert problems(plugins, in_chain(node), CHAIN) == (
        [f"f.json:4:74: error: {problem} {place}"] if problem else []
    )


def test_a_variable_in_a_default_is_looked_at_too(
    plugins: PluginFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("H", raising=False)
    plugins.write("proc", "far", toml='[arguments]\nurl = "ws://$JT_ENV_H/x"\n')
    assert problems(plugins, in_chain('"type": "proc", "mark": "far"'), CHAIN) == [
        'f.json:4:1: error: the environment variable "H" is not set '
        '(node "p", configuration key "url")'
    ]


# --- case P: plugins, unread by Python ---------------------------------------------------------------


def test_no_code_of_a_plugin_runs(plugins: PluginFolder, tmp_path: Path) -> None:
    trace = tmp_path / "ran"
    plugins.write("proc", "echo", f"open({str(trace)!r}, 'w')\n{NODE}")
    assert problems(plugins, SPK, CHAIN) == []
    assert not trace.exists()


def test_a_syntax_error_is_placed_in_the_plugin_and_said_once(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo", "x = 1\ndef broken(:\n")
    nodes = SPK + ',\n{"name": "q", "type": "proc", "mark": "echo"}'
    links = CHAIN + ',\n{"from": "p", "to": "q"}'
    assert problems(plugins, nodes, links) == [
        "PLUGINS/nodes/proc/_echo/echo.py:2:12: error: not Python: invalid syntax"
    ]


def test_missing_packages_are_named_all_of_them(plugins: PluginFolder) -> None:
    code = (
        "import json, no_such_one.inside\nfrom no_such_two import x\n"
        "try:\n    import no_such_three\nexcept ImportError:\n    pass\n"
        "from .helper import y\n"
    )
    folder = plugins.write("proc", "echo", code + NODE, requirements="no-such-one\n")
    install = "(pip install -r PLUGINS/nodes/proc/_echo/requirements.txt)"
    assert folder.is_dir()
    assert problems(plugins, SPK, CHAIN) == [
        "PLUGINS/nodes/proc/_echo/echo.py:1: error: the plugin needs the package "
        f'"no_such_one", which is not installed {install}',
        "PLUGINS/nodes/proc/_echo/echo.py:2: error: the plugin needs the package "
        f'"no_such_two", which is not installed {install}',
    ]


def test_a_config_toml_that_is_not_toml_is_placed(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo", toml="[arguments]\ndelay = \n")
    [problem] = problems(plugins, SPK, CHAIN)
    assert problem.startswith("PLUGINS/nodes/proc/_echo/config.toml:2:9: error: not TOML: ")


def test_every_problem_is_reported_at_once(plugins: PluginFolder) -> None:
    nodes = in_chain('"type": "proc", "mark": "ecko", "sync": "zzz"')
    assert len(problems(plugins, nodes, '{"from": "s", "to": "s"},\n{"from": "x", "to": "k"}')) == 5


def test_five_hundred_nodes_are_checked_in_a_moment(plugins: PluginFolder) -> None:
    """Half a second of slack, not a measure."""
    chain = [f"n{i}" for i in range(500)]
    nodes = [{"name": name, "type": "proc", "mark": "echo"} for name in chain]
    links = [{"from": a, "to": b} for a, b in pairwise(chain)]
    config = PipelineConfig.from_dict(
        {"pipeline": {"name": "p", "id": "1", "folder": "f", "nodes": nodes, "links": links}}
    )
    before = time.perf_counter()
    found = check(config, Catalog([plugins.path]))
    assert time.perf_counter() - before < 0.5
    assert [problem.node for problem in found] == ["n0"]
