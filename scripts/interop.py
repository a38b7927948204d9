"""`make interop`: Juturna itself is the judge.

Its own test suite, out of its source distribution, runs against our facade; then our tests of the wire run with
Juturna's client and remote at the other end. Needs the package index; the second half needs Python >= 3.12 too.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tarfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from juturna_venv import LOCK, ROOT, juturna_python

WORK = ROOT / ".interop"
SUITE = WORK / "suite"
EXPECTED = 61
LEFT_OUT = [
    "--ignore=tests/test_hub.py",  # needs the network
    "--ignore=tests/test_remote_integration.py",  # starts a file that does not exist
    # compares two clocks to five digits: fails by chance on Juturna itself
    "--deselect=tests/test_message.py::test_message_duration_timer_reset",
]


def main() -> int:
    unpack(source_distribution())
    passed = juturnas_tests()
    print(f"interop: {passed} of {EXPECTED} of Juturna's tests pass against the facade", flush=True)
    wire = wire_tests()
    return 0 if passed == EXPECTED and wire == 0 else 1


def source_distribution() -> Path:
    """Juturna's source distribution, its hash checked."""
    downloads = WORK / "downloads"
    downloads.mkdir(parents=True, exist_ok=True)
    if not list(downloads.glob("juturna-*.tar.gz")):
        locked = re.search(
            r"^juturna==.*?(?=^\S)", LOCK.read_text("utf-8"), re.DOTALL | re.MULTILINE
        )
        assert locked is not None
        requirement = WORK / "juturna.txt"
        requirement.write_text(locked.group(), "utf-8")
        subprocess.run(
            [
                *(sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"),
                *("download", "--no-deps", "--no-binary", "juturna", "--require-hashes"),
                *("--no-build-isolation", "--ignore-requires-python"),
                *("--dest", downloads, "-r", requirement),
            ],
            check=True,
        )
    (found,) = downloads.glob("juturna-*.tar.gz")
    return found


def unpack(archive: Path) -> None:
    """Its tests and plugins into SUITE; the package itself not, so that `juturna` is ours."""
    shutil.rmtree(SUITE, ignore_errors=True)
    with tarfile.open(archive) as tar:
        for member in tar.getmembers():
            _, _, member.name = member.name.partition("/")
            if member.name.split("/")[0] in ("tests", "plugins"):
                tar.extract(member, SUITE, filter="data")
    (SUITE / "pytest.ini").write_text("[pytest]\n")  # or pytest takes ours, further up


def juturnas_tests() -> int:
    """Run them; how many passed."""
    report = WORK / "report.xml"
    subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"),
            *(f"--junit-xml={report}", *LEFT_OUT, "tests"),
        ],
        cwd=SUITE,
        check=False,
    )
    suite = ElementTree.parse(report).getroot().find("testsuite")
    assert suite is not None
    total, *bad = (int(suite.attrib[key]) for key in ("tests", "failures", "errors", "skipped"))
    return total - sum(bad)


def wire_tests() -> int:
    """Our tests that need a Python with Juturna's own ends; pytest's exit code."""
    python = juturna_python()
    if python is None:
        print("interop: no Python >= 3.12, so no test against Juturna's own ends", file=sys.stderr)
        return 0
    return subprocess.run(
        [sys.executable, "-m", "pytest", "tests/integration/test_juturna_interop.py"],
        cwd=ROOT,
        env={**os.environ, "JUTURNA_PYTHON": str(python)},
        check=False,
    ).returncode


if __name__ == "__main__":
    sys.exit(main())
