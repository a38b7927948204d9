"""The generated code is what protos/generate.py writes, and reads with every protobuf that is admitted."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
GENERATE = ROOT / "protos" / "generate.py"


def wanted_compiler() -> str:
    spec = spec_from_file_location("generate", GENERATE)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    found: str = module.COMPILER
    return found


def test_the_generated_code_is_up_to_date() -> None:
    try:
        installed = version("grpcio-tools")
    except PackageNotFoundError:
        pytest.skip("grpcio-tools is not installed")
    if installed != wanted_compiler():
        pytest.skip(f"grpcio-tools {wanted_compiler()} is wanted, {installed} is installed")
    done = subprocess.run(
        [sys.executable, str(GENERATE), "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"run `python protos/generate.py`:\n{done.stderr}"


def test_nothing_of_ours_is_on_juturnas_wire() -> None:
    for name in ("payloads.proto", "messaging_service.proto"):
        assert "tui" not in (ROOT / "protos" / name).read_text(encoding="utf-8")
