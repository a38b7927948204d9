"""The two virtual environments of Python 3.12: ours, installed editable, and Juturna's from PyPI."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.rows import Side

PROJECT = Path(__file__).parent.parent
JUTURNA = "juturna[warp]==2.1.1"


class NoPython(Exception):
    """There is no Python 3.12: Juturna needs one, and both sides run on the same."""


def pythons() -> dict[Side, str]:
    """The interpreter of each side; made on the first run, or taken from JUTURNA_PYTHON.

    Raises NoPython, and CalledProcessError when pip fails (it says why on stderr).
    """
    theirs = os.environ.get("JUTURNA_PYTHON")
    if theirs is None:
        theirs = _made(PROJECT / ".venv-bench-juturna", _python312(), [JUTURNA, "websockets"])
    ours = _made(PROJECT / ".venv-bench-ours", theirs, ["--editable", str(PROJECT)])
    return {"ours": ours, "theirs": theirs, "sleepless": theirs}


def _python312() -> str:
    """A Python 3.12 to make environments with."""
    candidates = [sys.executable, os.environ.get("PYTHON312"), shutil.which("python3.12")]
    candidates += map(str, Path.home().glob(".pyenv/versions/3.12*/bin/python"))
    for candidate in candidates:
        if candidate and _version(candidate) == "3.12":
            return candidate
    raise NoPython(
        "no Python 3.12 found; set PYTHON312 to one, or JUTURNA_PYTHON to one that has juturna 2.1.1"
    )


def _version(python: str) -> str:
    code = "import sys; print('%d.%d' % sys.version_info[:2])"
    return subprocess.run(
        [python, "-c", code], capture_output=True, text=True, check=False
    ).stdout.strip()


def _made(folder: Path, base: str, packages: list[str]) -> str:
    """The Python of the environment in `folder`, which is made when it is not complete."""
    python, done = folder / "bin" / "python", folder / ".done"
    if not done.exists():
        print(f"making {folder.name} …", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([base, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "--quiet", *packages], check=True)
        done.touch()
    return str(python)
