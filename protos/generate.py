"""Compiles protos/*.proto into juturna_core/_pb/, which is checked in.

    python protos/generate.py            write juturna_core/_pb/
    python protos/generate.py --check    exit 1 when what is there is not what would be written

The compiler is pinned, since another one writes another file. Its output is changed in two places: modules import each
other from their package, and the guard that wants a protobuf as new as the compiler goes, because a descriptor is
plain data that every protobuf this project admits reads.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from importlib.metadata import version
from importlib.resources import files
from pathlib import Path

COMPILER = "1.85.1"  # of grpcio-tools
PROTOS = Path(__file__).resolve().parent
PACKAGE = "juturna_core._pb"
TARGET = PROTOS.parent.joinpath(*PACKAGE.split("."))

GUARD = re.compile(r"_runtime_version\.ValidateProtobufRuntimeVersion\(.*?\n\)\n", re.DOTALL)
GUARD_IMPORT = "from google.protobuf import runtime_version as _runtime_version\n"
SISTER_IMPORT = re.compile(r"^import (\w+_pb2) as ", re.MULTILINE)


def compiled() -> dict[str, str]:
    """The files of the package: name to text."""
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as folder:
        names = sorted(path.name for path in PROTOS.glob("*.proto"))
        status = protoc.main(
            [
                "protoc",
                f"--proto_path={PROTOS}",
                f"--proto_path={files('grpc_tools') / '_proto'}",
                f"--python_out={folder}",
                f"--pyi_out={folder}",
                *names,
            ]
        )
        if status != 0:
            raise SystemExit(status)
        written = {path.name: at_home(path.read_text("utf-8")) for path in Path(folder).iterdir()}
    written["__init__.py"] = '"""Generated from protos/ by protos/generate.py: do not edit."""\n'
    return written


def at_home(text: str) -> str:
    """The compiler's `text` as a module of this package."""
    text = GUARD.sub("", text).replace(GUARD_IMPORT, "")
    return SISTER_IMPORT.sub(rf"from {PACKAGE} import \1 as ", text)


def drift(expected: dict[str, str]) -> list[str]:
    """Names of files that are missing, differ, or should not be there."""
    found = {path.name: path.read_text("utf-8") for path in TARGET.glob("*.py*") if path.is_file()}
    return sorted(name for name in found | expected if found.get(name) != expected.get(name))


def main() -> int:
    parser = argparse.ArgumentParser(description="compile protos/*.proto into juturna_core/_pb/")
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit 1 on a difference"
    )
    check = parser.parse_args().check
    if (installed := version("grpcio-tools")) != COMPILER:
        print(f"grpcio-tools {COMPILER} is wanted, {installed} is installed", file=sys.stderr)
        return 2
    expected = compiled()
    changed = drift(expected)
    if check:
        for name in changed:
            print(f"{TARGET / name} is not what protos/generate.py writes", file=sys.stderr)
        return 1 if changed else 0
    TARGET.mkdir(exist_ok=True)
    for name in changed:
        path = TARGET / name
        if name in expected:
            path.write_text(expected[name], "utf-8")
        else:
            path.unlink()
        print(path)
    return 0


if __name__ == "__main__":
    sys.exit(main())
