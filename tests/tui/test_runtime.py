"""The child that runs a pipeline: what it prints, and what keeps it from being started."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

from juturna_core.errors import JuturnaError
from juturna_tui import runtime
from juturna_tui.runtime import Runtime


def test_a_folder_for_its_output_that_is_gone_is_an_error_that_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(JuturnaError, match=r"juturna run cannot be started: .*gone"):
        Runtime(tmp_path / "pipe.json")


@pytest.mark.skipif(sys.platform != "linux", reason="holes are made as Linux makes them")
def test_what_was_read_of_its_output_takes_no_room_and_no_line_is_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(runtime, "SPENT", 1 << 16)
    child = Runtime(tmp_path / "no.json")
    try:
        assert child.wait() == 2
        with open(child.output_path, "a") as output:
            output.write("first\n" * 50_000)
        text, skipped = child.output()
        assert (text.count("first"), skipped) == (50_000, 0)
        assert "no.json" in text, "what it said itself"
        assert os.stat(child.output_path).st_blocks * 512 < 1 << 16
        with open(child.output_path, "a") as output:
            output.write("second\n")
        assert child.output() == ("second\n", 0)
    finally:
        child._announcement.close()
        child._output.close()
        child.discard_output()
