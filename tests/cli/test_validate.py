"""`juturna validate`: every problem with its place, and no code of a plugin is run."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.cli.command import ROOT, SINK, chain, juturna, node, source, written


def odd() -> dict[str, object]:
    """A file with a warning and no error."""
    return chain(source(cuont=3), SINK)


def wrong() -> dict[str, object]:
    """A file with an error and a warning."""
    return chain(source(cuont=3), node("p", "forwardr"), SINK)


def test_the_guides_file_is_right(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "plugins", tmp_path / "plugins")
    shutil.copy(ROOT / "plugins/pipelines/remotise/config.json", tmp_path / "pipe.json")
    done = juturna("validate", "pipe.json", "--strict", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "pipe.json: 3 nodes and 2 links, ready to run\n"


def test_every_problem_is_a_line_with_its_place_and_the_verdict_comes_last(tmp_path: Path) -> None:
    written(tmp_path, wrong())
    done = juturna("validate", "pipe.json", cwd=tmp_path)
    *problems, verdict = done.stdout.splitlines()
    assert done.returncode == 1
    assert verdict == "pipe.json: 1 error, 1 warning: nothing would be started"
    assert any(line.startswith("pipe.json:17:11: warning: ") for line in problems)
    assert any(": error: " in line and '"forwarder"' in line for line in problems)


def test_warnings_are_errors_only_when_strict(tmp_path: Path) -> None:
    pipe = written(tmp_path, odd())
    assert juturna("validate", pipe, cwd=tmp_path).returncode == 0
    assert juturna("validate", pipe, "--strict", cwd=tmp_path).returncode == 1


def test_json_is_a_list_of_problems_and_nothing_else(tmp_path: Path) -> None:
    written(tmp_path, odd())
    done = juturna("validate", "pipe.json", "--json", cwd=tmp_path)
    [problem] = json.loads(done.stdout)
    assert problem == {
        "severity": "warning",
        "message": 'source "sequencer" has no argument "cuont"',
        "path": "pipe.json",
        "line": 17,
        "column": 11,
        "node": "s",
        "hint": 'did you mean "count"?',
    }
    written(tmp_path, chain(source(), SINK))
    assert json.loads(juturna("validate", "pipe.json", "--json", cwd=tmp_path).stdout) == []


def test_a_file_that_cannot_be_read_exits_with_2(tmp_path: Path) -> None:
    written(tmp_path, odd())
    done = juturna("validate", "pip.json", cwd=tmp_path)
    assert done.returncode == 2
    assert 'did you mean "pipe.json"?' in done.stdout
    done = juturna("validate", ".", "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert json.loads(done.stdout)[0]["severity"] == "error"


def test_no_plugin_is_imported(tmp_path: Path) -> None:
    folder = tmp_path / "plugins/nodes/proc/_odd"
    folder.mkdir(parents=True)
    (folder / "odd.py").write_text("open('imported', 'w')\n")
    (tmp_path / "mine.py").write_text("open('imported', 'w')\n")
    dotted = {"name": "d", "type": "mine.Class", "configuration": {}}
    pipeline = {**chain(node("p", "odd"), dotted), "plugins": ["./plugins"]}
    juturna("validate", written(tmp_path, pipeline), cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert not (tmp_path / "imported").exists()


def test_a_syntax_error_in_a_plugin_is_at_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "plugins/nodes/proc/_odd"
    folder.mkdir(parents=True)
    (folder / "odd.py").write_text("import os\n\ndef (:\n")
    pipeline = {**chain(node("p", "odd")), "plugins": ["./plugins"]}
    done = juturna("validate", written(tmp_path, pipeline), cwd=tmp_path)
    assert done.returncode == 1
    assert "odd.py:3:5: error: " in done.stdout


# --- as Juturna spells it --------------------------------------------------------------------------------------------


def test_juturnas_spelling_with_a_plugin_folder_and_a_report(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "tests/plugins", tmp_path / "elsewhere")
    pipeline = {**chain(source(), node("p", "forwarder"), SINK), "plugins": []}
    written(tmp_path, pipeline)
    command = ("validate", "-c", "pipe.json", "-d", "-p", "elsewhere", "-r", "report.json")
    done = juturna(*command, "-l", "INFO", cwd=tmp_path)
    assert done.returncode == 0
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["success"] is True
    assert report["checks"] == [
        {"name": name, "success": True}
        for name in (
            *("JSON well formed", "Configuration structure", "Nodes well formed"),
            *("Links well formed", "DAG properly formed", "DAG properties"),
            *("Node config s", "Node config p", "Node config k"),
        )
    ]
    assert report["dag"] == {
        "edges": [["s", "p"], ["p", "k"]],
        "in_degree": {"s": 0, "p": 1, "k": 1},
        "out_degree": {"s": 1, "p": 1, "k": 0},
        "layers": [["s"], ["p"], ["k"]],
    }


def cyclic() -> dict[str, object]:
    pipeline = chain(source(), node("p", "forwarder"), node("q", "forwarder"))
    pipeline["pipeline"]["links"].append({"from": "q", "to": "p"})
    return pipeline


def without_a_type() -> dict[str, object]:
    pipeline = chain(source(), SINK)
    del pipeline["pipeline"]["nodes"][1]["type"]
    return pipeline


def without_an_end() -> dict[str, object]:
    pipeline = chain(source(), SINK)
    del pipeline["pipeline"]["links"][0]["to"]
    return pipeline


@pytest.mark.parametrize(
    ("pipeline", "failed"),
    [
        ("{", "JSON well formed"),
        ({"version": "1"}, "Configuration structure"),
        (without_a_type(), "Nodes well formed"),
        (without_an_end(), "Links well formed"),
        (cyclic(), "DAG properly formed"),
        (wrong(), "Node config p"),
    ],
)
def test_the_report_says_which_check_failed_and_why(
    tmp_path: Path, pipeline: object, failed: str
) -> None:
    pipe = written(tmp_path, pipeline)
    done = juturna("validate", "-c", pipe, "-r", "report.json", cwd=tmp_path)
    assert done.returncode == 1
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["success"] is False
    checks = {check["name"]: check for check in report["checks"]}
    assert [name for name, check in checks.items() if not check["success"]] == [failed]
    assert checks[failed]["problems"]


def test_bad_usage_exits_with_2(tmp_path: Path) -> None:
    pipe = written(tmp_path, odd())
    for arguments, said in [
        ((), "required"),
        ((pipe, "-p", "nowhere"), "the plugin folder nowhere is not there"),
        ((pipe, "-r", "no/such/folder"), "--report no/such/folder"),
    ]:
        done = juturna("validate", *arguments, cwd=tmp_path)
        assert done.returncode == 2
        assert said in done.stderr
