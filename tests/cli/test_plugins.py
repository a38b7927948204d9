"""`juturna nodes`, `stub`, `require` and `schema`: what is there, what is begun, and what it needs."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.cli.command import ROOT, SINK, chain, juturna, node, source, written

GUIDE = ROOT / "plugins/pipelines/remotise/config.json"


# --- nodes -----------------------------------------------------------------------------------------------------------


def test_nodes_lists_the_built_in_ones_and_those_in_the_usual_folder(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    done = juturna("nodes", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert any(line.split()[:3] == ["sink", "notifier_websocket", "built"] for line in lines)
    folder = tmp_path / "plugins/nodes/source/_data_streamer"
    at = lines.index(f"source  data_streamer           {folder}")
    assert lines[at + 2 : at + 5] == [
        "          bytes_per_message = 2",
        "          rate = 1",
        "          rate_variance = 0",
    ]


def test_nodes_of_a_file_and_of_folders_as_json_with_what_is_overridden(tmp_path: Path) -> None:
    plugin = tmp_path / "mine/nodes/proc/_forwarder"
    plugin.mkdir(parents=True)
    (plugin / "forwarder.py").write_text('"""Mine."""\n')
    pipe = written(tmp_path, chain(source(), SINK))
    done = juturna("nodes", pipe, "--plugins", "mine", "--json", cwd=tmp_path)
    found = {each["mark"]: each for each in json.loads(done.stdout)}
    assert found["sequencer"]["arguments"] == {"count": 0, "rate": 0, "size": 64}
    assert found["forwarder"] == {
        "type": "proc",
        "mark": "forwarder",
        "description": "Mine.",
        "arguments": {},
        "requirements": [],
        "builtin": False,
        "folder": str(plugin),
        "overrides": str(ROOT / "tests/plugins/nodes/proc/_forwarder"),
    }


def test_a_plugin_that_cannot_be_read_is_said_and_the_others_are_listed(tmp_path: Path) -> None:
    for mark, text, toml in [("a", "def (:\n", ""), ("b", "", "[arguments\n"), ("c", "", "")]:
        plugin = tmp_path / f"plugins/nodes/proc/_{mark}"
        plugin.mkdir(parents=True)
        (plugin / f"{mark}.py").write_text(text)
        (plugin / "config.toml").write_text(toml)
    done = juturna("nodes", "--json", cwd=tmp_path)
    assert done.returncode == 1
    assert "a.py:1:" in done.stderr
    assert "config.toml:1:" in done.stderr
    assert "c" in [each["mark"] for each in json.loads(done.stdout)]


def test_nodes_of_what_is_not_there_exits_with_2(tmp_path: Path) -> None:
    assert juturna("nodes", "nothing.json", cwd=tmp_path).returncode == 2
    done = juturna("nodes", "--plugins", "nowhere", cwd=tmp_path)
    assert done.returncode == 2
    assert "nowhere is not there" in done.stderr


# --- stub ------------------------------------------------------------------------------------------------------------


def test_what_stub_writes_is_found_runs_and_passes_ruff(tmp_path: Path) -> None:
    for name, type_name in [("my_source", "source"), ("my_proc", "proc"), ("my_sink", "sink")]:
        options = ("-a", 'A. "P" \\ é', "-e", "a@b")
        done = juturna("stub", "-n", name, "-t", type_name, *options, cwd=tmp_path)
        assert done.returncode == 0
        assert f"plugins/nodes/{type_name}/_{name}/{name}.py" in done.stdout
    listed = json.loads(juturna("nodes", "--json", cwd=tmp_path).stdout)
    assert {"my_source", "my_proc", "my_sink"} <= {each["mark"] for each in listed}
    pipeline = {
        **chain(
            node("s", "my_source", "source", rate=100, text="hi"),
            node("p", "my_proc"),
            node("k", "my_sink", "sink"),
        ),
        "plugins": ["./plugins"],
    }
    pipe = written(tmp_path, pipeline)
    done = juturna("run", pipe, "--for", "0.3", "--strict", "--summary", "json", cwd=tmp_path)
    assert done.returncode == 0
    nodes = json.loads(done.stdout)["nodes"]
    assert nodes["s"]["tx"] == nodes["p"]["tx"] == nodes["k"]["rx"] > 0
    assert sum(each["errors"] for each in nodes.values()) == 0
    assert "2 bytes" in done.stderr
    for check in (("check",), ("format", "--check")):
        ruff = [sys.executable, "-m", "ruff", *check, "--no-cache"]
        settings = ("--config", str(ROOT / "pyproject.toml"))
        subprocess.run([*ruff, *settings, str(tmp_path / "plugins")], check=True)


def test_stub_writes_over_nothing(tmp_path: Path) -> None:
    made = ("stub", "-n", "thing", "-N", "Other", "-d", "deep/down", "-t", "filter")
    assert juturna(*made, cwd=tmp_path).returncode == 0
    file = tmp_path / "deep/down/nodes/filter/_thing/thing.py"
    assert "class Other(Node" in file.read_text()
    file.write_text("mine")
    done = juturna(*made, cwd=tmp_path)
    assert done.returncode == 1
    assert "deep/down/nodes/filter/_thing is there already" in done.stderr
    assert file.read_text() == "mine"


@pytest.mark.parametrize(
    "options",
    [
        ["-n", "9lives"],
        ["-n", "a-b"],
        ["-n", ""],
        ["-n", "class"],
        ["-n", "../out"],
        ["-n", "_x"],
        ["-n", "x", "-t", "../out"],
        ["-n", "x", "-N", "Node"],
        ["-n", "x", "-N", "a b"],
        ["-n", "x", "-a", "two\nlines"],
        ["-n", "x", "-d", "file"],
    ],
)
def test_stub_refuses_names_that_cannot_be(tmp_path: Path, options: list[str]) -> None:
    (tmp_path / "file").write_text("")
    done = juturna("stub", *options, cwd=tmp_path)
    assert done.returncode == 2
    assert done.stderr.startswith("juturna: ")
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


# --- require ---------------------------------------------------------------------------------------------------------


def with_plugins(folder: Path, **requirements: str) -> Path:
    """A pipeline of one node for every plugin, whose requirements.txt is given by its mark."""
    for mark, text in requirements.items():
        plugin = folder / f"plugins/nodes/proc/_{mark}"
        plugin.mkdir(parents=True)
        (plugin / f"{mark}.py").write_text("")
        (plugin / "requirements.txt").write_text(text)
    nodes = (node(f"n_{mark}", mark) for mark in requirements)
    return written(folder, {**chain(*nodes), "plugins": ["./plugins"]})


def test_require_lists_each_package_once_with_the_plugins_that_need_it(tmp_path: Path) -> None:
    with_plugins(tmp_path, a="numpy>=1\n# why\nsix\n", b="NumPy >= 1  # here too\n", c="")
    done = juturna("require", "-c", "pipe.json", "-s", "all.txt", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "numpy>=1  # a, b\nsix  # a\n"
    assert (tmp_path / "all.txt").read_text() == done.stdout


def test_require_adds_them_to_the_file_and_touches_nothing_else(tmp_path: Path) -> None:
    pipe = with_plugins(tmp_path, a="six\nnumpy\n")
    text = "\ufeff" + json.dumps(json.loads(pipe.read_text()), indent=3).replace("\n", "\r\n")
    pipe.write_bytes(text.encode())
    end = "\r\n}"
    added = f',\r\n   "requirements": ["numpy", "six"]{end}'
    for _ in range(2):
        assert juturna("require", "-c", pipe, "-p", "plugins", "-a", cwd=tmp_path).returncode == 0
        assert pipe.read_bytes().decode() == text.removesuffix(end) + added
    pipe.write_text('{"plugins": ["./plugins"], "pipeline": ' + json.dumps(one("a")) + "}")
    juturna("require", "-c", pipe, "-a", cwd=tmp_path)
    assert pipe.read_text().endswith(', "requirements": ["numpy", "six"]}')


def one(mark: str) -> Any:
    return chain(node("n", mark))["pipeline"]


def test_require_names_a_plugin_that_is_not_there(tmp_path: Path) -> None:
    with_plugins(tmp_path, a="six\n")
    written(tmp_path, {**chain(node("x", "a"), node("y", "aa")), "plugins": ["./plugins"]})
    done = juturna("require", "-c", "pipe.json", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stdout == "six  # a\n"
    assert 'node "y"' in done.stderr
    done = juturna("require", "-c", "pip.json", cwd=tmp_path)
    assert done.returncode == 2
    assert 'did you mean "pipe.json"?' in done.stderr


def test_require_without_requirements_says_so_on_stderr(tmp_path: Path) -> None:
    with_plugins(tmp_path, a="")
    done = juturna("require", "-c", "pipe.json", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "no plugin needs any package" in done.stderr


# --- schema ----------------------------------------------------------------------------------------------------------


def test_the_schema_takes_the_guides_file_and_refuses_what_is_none(tmp_path: Path) -> None:
    schema = json.loads(juturna("schema", cwd=tmp_path).stdout)
    assert schema["$schema"].endswith("/draft/2020-12/schema")
    guide = json.loads(GUIDE.read_text())
    assert list(faults(guide, schema, schema)) == []
    guide["pipeline"]["nodes"][1] |= {"warped": "yes", "when_full": "explode"}
    del guide["pipeline"]["links"][0]["to"]
    assert sorted(faults(guide, schema, schema)) == [
        ".pipeline.links.0: to is missing",
        ".pipeline.nodes.1.warped: not boolean",
        ".pipeline.nodes.1.when_full: not one of ['block', 'drop_oldest', 'drop_newest']",
    ]


TYPES: dict[str, Any] = {
    "object": dict,
    "array": list,
    "string": str,
    "integer": int,
    "number": (int, float),
    "boolean": bool,
    "null": type(None),
}


def faults(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """What the part of JSON Schema that we use says against `value`."""
    if "$ref" in schema:
        *_, name = schema["$ref"].split("/")
        return faults(value, whole["$defs"][name], whole, at)
    if "anyOf" in schema:
        tried = [faults(value, each, whole, at) for each in schema["anyOf"]]
        return [] if [] in tried else tried[0]
    if "type" in schema and not isinstance(value, TYPES[schema["type"]]):
        return [f"{at}: not {schema['type']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{at}: not one of {schema['enum']}"]
    found = []
    if isinstance(value, dict):
        found += [
            f"{at}: {key} is missing" for key in schema.get("required", ()) if key not in value
        ]
        for key, inner in schema.get("properties", {}).items():
            if key in value:
                found += faults(value[key], inner, whole, f"{at}.{key}")
    if isinstance(value, list) and "items" in schema:
        for index, item in enumerate(value):
            found += faults(item, schema["items"], whole, f"{at}.{index}")
    return found
