"""The child that runs a pipeline: what it prints, and what keeps it from being started."""

from __future__ import annotations

import os
import socket
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

import pytest

from juturna_core.control.discovery import socket_path
from juturna_core.errors import JuturnaError
from juturna_tui import runs, runtime
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


def test_namesakes_are_the_other_processes_whose_pipeline_is_called_so(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where the name is none for a file."""
    running = [("camera", 11), ("camera", 12), ("camera_2", 13), ("the door/1", 14)]
    with ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="jt-"))
        monkeypatch.setenv("JUTURNA_RUNTIME_DIR", folder)
        for name, pid in running:
            server = stack.enter_context(socket.socket(socket.AF_UNIX))
            server.bind(str(socket_path(name, pid)))
            server.listen()
        assert runs.namesakes("camera", 11) == [12]
        assert runs.namesakes("camera", 13) == [11, 12]
        assert runs.namesakes("the door/1", 11) == [14]
        assert runs.namesakes("the door/1", 14) == runs.namesakes("another", 11) == []


def test_what_is_said_while_it_drains_is_no_remark_about_its_end() -> None:
    class Ended(Runtime):
        def __init__(self) -> None:
            """Starts nothing."""

        def output(self) -> tuple[str, int]:
            lost = "juturna: 3 messages lost at p\n"
            return f"juturna: draining for up to 5 s; ctrl+c once more forces\n{lost}", 0

    run = runs.OwnRun(Ended())
    lines, _ = run.lines()
    assert len(lines) == 2
    assert list(run.remarks) == ["juturna: 3 messages lost at p"]
