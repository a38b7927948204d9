"""How the project is put together: the tree, what an import loads, what is locked, what is in the wheel.

Which module may import which is a contract in pyproject.toml, checked by `make contracts`.
"""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = ["requirements/run.txt", "requirements/dev.txt"]
HEAVY = {"grpc", "textual", "numpy", "google", "watchfiles", "websockets"}


@pytest.mark.parametrize(
    "path",
    [
        *("pyproject.toml", "README.md", "ARCHITECTURE.md", "CHANGELOG.md", "CONTRIBUTING.md"),
        *("LICENSE", "Makefile", ".ci/run", "juturna_core", "juturna_tui", "plugins/nodes"),
        *("plugins/pipelines", "protos", "tests", "docs"),
    ],
)
def test_the_tree_has_its_fixed_names(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize(
    "module", ["juturna_core", "juturna", "juturna_core.facade", "juturna_tui"]
)
def test_importing_a_package_loads_nothing_heavy(module: str) -> None:
    assert loaded_by(f"import {module}").isdisjoint(HEAVY | {"pydantic"})


def test_writing_a_plugin_loads_nothing_heavy() -> None:
    code = "from juturna.components import Node, Message; from juturna.payloads import AudioPayload"
    assert loaded_by(code).isdisjoint(HEAVY)


def test_help_loads_nothing_heavy() -> None:
    code = "from juturna_core import cli; cli.parser().format_help()"
    assert loaded_by(code).isdisjoint(HEAVY)


def loaded_by(code: str) -> set[str]:
    """The top-level modules that are there after `code` has run in a fresh interpreter."""
    listing = "import sys, json; print(json.dumps([name.split('.')[0] for name in sys.modules]))"
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", f"{code}\n{listing}"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return set(json.loads(done.stdout))


@pytest.mark.parametrize("lock", LOCKS)
def test_every_locked_version_is_exact_and_has_hashes(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line and not line.lstrip().startswith("#")]
    assert len(lines) > 15
    for line in lines:
        assert re.match(r"[a-z0-9-]+==[^ ]+ .*--hash=sha256:[0-9a-f]{64}", line), line


@pytest.mark.parametrize("lock", LOCKS)
def test_a_lock_names_no_host(lock: str) -> None:
    text = (ROOT / lock).read_text("utf-8")
    assert not re.search(r"https?:|index-url|find-links|trusted-host", text)


def test_every_dependency_is_locked() -> None:
    for lock, requirements in (
        ("run", PROJECT["project"]["dependencies"]),
        ("dev", PROJECT["project"]["dependencies"] + PROJECT["dependency-groups"]["dev"]),
    ):
        text = (ROOT / "requirements" / f"{lock}.txt").read_text("utf-8")
        locked = set(re.findall(r"^([a-z0-9-]+)==", text, re.MULTILINE))
        wanted = {re.match(r"[a-z0-9-]+", requirement)[0] for requirement in requirements}
        assert wanted <= locked, f"{lock}: make lock"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    folder = tmp_path_factory.mktemp("wheel")
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder],
        cwd=ROOT,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (built,) = folder.iterdir()
    with zipfile.ZipFile(built) as archive:
        return archive.namelist()


def test_the_wheel_has_the_facade_on_top_and_only_there(wheel: list[str]) -> None:
    assert "juturna/__init__.py" in wheel
    assert not [name for name in wheel if name.startswith("juturna_core/facade/juturna")]
    assert {name.split("/")[0] for name in wheel if "dist-info" not in name} == {
        "juturna",
        "juturna_core",
        "juturna_tui",
    }


@pytest.mark.parametrize("package", ["juturna", "juturna_core", "juturna_tui"])
def test_the_wheel_has_all_that_a_package_has(wheel: list[str], package: str) -> None:
    home = ROOT / ("juturna_core/facade/juturna" if package == "juturna" else package)
    files = {path.relative_to(home) for path in home.rglob("*") if path.is_file()}
    here = {
        f"{package}/{path.as_posix()}"
        for path in files
        if "__pycache__" not in path.parts and path.parts[:2] != ("facade", "juturna")
    }
    assert here == {name for name in wheel if name.startswith(f"{package}/")}
    assert f"{package}/py.typed" in here


@pytest.mark.parametrize("module", ["inbox", "outlet", "worker", "metrics"])
def test_no_call_stands_between_the_load_and_the_store_of_a_shared_number(module: str) -> None:
    """`self.n += 1` is atomic under the interpreter lock; `self.n += call()` lets another thread in between."""
    source = (ROOT / "juturna_core" / f"{module}.py").read_text("utf-8")
    broken = [
        f"{module}.py:{node.lineno}: {ast.unparse(node)}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.AugAssign)
        and isinstance(node.target, ast.Attribute)
        and any(isinstance(part, ast.Call | ast.Await) for part in ast.walk(node.value))
    ]
    assert broken == []
