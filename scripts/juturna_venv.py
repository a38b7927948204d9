"""Makes a venv with Juturna itself, as locked in requirements/juturna.txt, and prints its Python.

    python scripts/juturna_venv.py        exit code 3 when no Python >= 3.12 is found, which Juturna needs

JUTURNA_PYTHON in the environment names one that is there already. The venv is `.venv-juturna`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements" / "juturna.txt"
VENV = ROOT / ".venv-juturna"
NO_PYTHON = 3


def juturna_python() -> Path | None:
    """The Python of a venv that has Juturna; None when there is no Python to make one with."""
    if named := os.environ.get("JUTURNA_PYTHON"):
        return Path(named)
    python, stamp = VENV / "bin" / "python", VENV / ".locked"
    if stamp.exists() and stamp.read_bytes() == LOCK.read_bytes():
        return python
    base = suitable_python()
    if base is None:
        return None
    shutil.rmtree(VENV, ignore_errors=True)
    quiet = {"check": True, "stdout": sys.stderr}
    subprocess.run([base, "-m", "venv", VENV], **quiet)
    pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "install", "--require-hashes", "-r", LOCK], **quiet)
    stamp.write_bytes(LOCK.read_bytes())
    return python


def suitable_python() -> str | None:
    """A Python >= 3.12: on the PATH, or one of pyenv's."""
    pyenv = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    candidates = [sys.executable, "python3.12", "python3.13", "python3.14", "python3"]
    candidates += [str(path) for path in sorted(pyenv.glob("3.1[2-9]*/bin/python"))]
    check = "import sys; sys.exit(sys.version_info < (3, 12))"
    for candidate in candidates:
        if (
            shutil.which(candidate)
            and not subprocess.run(
                [candidate, "-c", check], capture_output=True, check=False
            ).returncode
        ):
            return candidate
    return None


if __name__ == "__main__":
    found = juturna_python()
    if found is None:
        print("no Python >= 3.12 found, which Juturna needs", file=sys.stderr)
        sys.exit(NO_PYTHON)
    print(found)
