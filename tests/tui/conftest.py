"""Textual's pilot waits after every key until the app has nothing to do, and looks 50 times a second whether it has."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual import _wait

from juturna_core.errors import JuturnaError
from juturna_tui import remotes, starting
from juturna_tui.runtime import Runtime
from juturna_tui.widgets.config_editor import ConfigEditor
from tests.tui.rig import Started

FASTER = 3
"""Looking so much more often makes these tests several times as fast, and waits for the same thing."""

_wait.SLEEP_GRANULARITY /= FASTER
_wait.SLEEP_IDLE /= FASTER


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Started]:
    """The remotes that were started on this machine."""
    made: list[Started] = []
    monkeypatch.setattr(Started, "made", made, raising=False)
    monkeypatch.setattr(remotes, "Remote", Started)
    return made


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were to be run; none of them is."""
    files: list[Path] = []

    def start(file: Path) -> Runtime:
        files.append(file)
        raise JuturnaError("seen")

    monkeypatch.setattr(starting, "Runtime", start)
    return files


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to be in."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)
    return folder


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question of the editor takes the keys when it comes, however short ago one typed."""
    monkeypatch.setattr(ConfigEditor, "QUIET", 0.0)
