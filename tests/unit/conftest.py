"""What unit tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.plugin_folder import PluginFolder


@pytest.fixture
def plugins(tmp_path: Path) -> PluginFolder:
    """An empty plugin folder, `plugins` in the test's own folder."""
    folder = tmp_path / "plugins"
    (folder / "nodes").mkdir(parents=True)
    return PluginFolder(folder)
