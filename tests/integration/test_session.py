"""A file and what of it runs stay together, whoever changes them."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from juturna_core.edit import FileChanged
from juturna_core.errors import ConfigError, JuturnaError, StateError
from juturna_core.session import Session
from juturna_core.splice import REMOVE, Change
from tests.cli.command import SINK, chain, node, source, written

RATE = Change("s", ("configuration", "rate"), 60)
SECONDS = Change("p", ("configuration", "seconds"), 0.002)


@pytest.fixture
def session(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Session]:
    monkeypatch.chdir(tmp_path)
    pipe = written(tmp_path, chain(source(rate=50), node("p", "sleeper", seconds=0.001), SINK))
    made = Session(pipe, overrides=["p.seconds=0.003"])
    assert made.load() == ()
    made.pipeline.warmup()
    made.pipeline.start()
    yield made
    if made.pipeline.stats().state == "running":
        made.pipeline.stop()


def runs(session: Session, name: str) -> dict[str, Any]:
    return session.pipeline.config.node(name).configuration


def says(session: Session, name: str) -> dict[str, Any]:
    nodes = json.loads(session.path.read_bytes())["pipeline"]["nodes"]
    return dict(next(each for each in nodes if each["name"] == name)["configuration"])


def test_an_edit_is_in_the_pipeline_and_in_the_file_and_can_be_undone(session: Session) -> None:
    before = session.path.read_bytes()
    report, edit = session.edit([RATE])
    assert report.changes == ("s: rate 50 -> 60",)
    assert runs(session, "s")["rate"] == says(session, "s")["rate"] == 60
    assert edit.lines() == ('-          "rate": 50', '+          "rate": 60')
    session.undo()
    assert session.path.read_bytes() == before
    assert runs(session, "s")["rate"] == 50
    with pytest.raises(StateError, match="nothing to undo"):
        session.undo()


def test_what_is_set_without_the_file_lasts_until_the_file_is_saved(session: Session) -> None:
    before = session.path.read_bytes()
    session.edit([RATE], write=False)
    assert runs(session, "s")["rate"] == 60
    assert session.path.read_bytes() == before
    session.edit([SECONDS])
    assert runs(session, "s")["rate"] == 60
    assert says(session, "s")["rate"] == 50
    session.take(session.path.read_bytes().replace(b"0.002", b"0.004"))
    assert runs(session, "s")["rate"] == 50


def test_what_is_set_now_counts_and_not_what_was_given_at_the_start(session: Session) -> None:
    assert runs(session, "p")["seconds"] == 0.003
    session.edit([RATE])
    assert runs(session, "p")["seconds"] == 0.003
    session.edit([SECONDS])
    assert runs(session, "p")["seconds"] == 0.002


def test_a_file_that_another_program_changed_is_not_written(session: Session) -> None:
    changed = session.path.read_bytes().replace(b"50", b"55")
    session.path.write_bytes(changed)
    with pytest.raises(FileChanged):
        session.edit([RATE])
    assert session.path.read_bytes() == changed
    assert runs(session, "s")["rate"] == 50
    assert session.reload().changes == ("s: rate 50 -> 55",)
    session.edit([RATE])
    assert runs(session, "s")["rate"] == says(session, "s")["rate"] == 60


def test_a_disk_that_is_full_leaves_both_as_they_were(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = session.path.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JuturnaError, match="No space left"):
        session.edit([RATE])
    assert session.path.read_bytes() == before
    assert runs(session, "s")["rate"] == 50
    assert sorted(each.name for each in session.path.parent.iterdir()) == ["out", "pipe.json"]


def test_an_edit_that_cannot_run_is_not_written(session: Session) -> None:
    before = session.path.read_bytes()
    with pytest.raises(ConfigError, match="nowhere"):
        session.edit([Change("p", ("mark",), "nowhere")])
    with pytest.raises(JuturnaError, match='did you mean "s"'):
        session.edit([Change("S", ("configuration", "rate"), 1)])
    assert session.path.read_bytes() == before
    assert session.pipeline.config.node("p").mark == "sleeper"


def test_a_preview_changes_nothing(session: Session) -> None:
    before = session.path.read_bytes()
    edit = session.preview([RATE, Change("p", ("configuration", "seconds"), REMOVE)])
    assert edit.before == before == session.path.read_bytes()
    assert b'"rate": 60' in edit.after
    assert b"seconds" not in edit.after


def test_a_session_that_pauses_is_not_over_and_starts_anew(session: Session) -> None:
    session.pause()
    assert not session.wait(0.01)
    with pytest.raises(StateError, match="start it first"):
        session.edit([RATE])
    assert says(session, "s")["rate"] == 50
    session.start()
    assert session.pipeline.stats().state == "running"
    with pytest.raises(StateError, match="is running"):
        session.start()
    session.restart()
    assert not session.wait(0.01)
    session.request_stop()
    assert session.wait(5)


def test_a_file_that_is_no_text_is_refused_with_its_place(session: Session) -> None:
    with pytest.raises(JuturnaError, match=r"pipe\.json: byte 0xff is not UTF-8"):
        session.take(b'{"a": "\xff"}')
    session.path.unlink()
    with pytest.raises(JuturnaError, match=r"pipe\.json: cannot be read: No such file"):
        session.reload()
