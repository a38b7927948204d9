"""A plugin folder for tests to write plugins into, and the source of a small node."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass
from pathlib import Path

NODE = """\
from juturna_core.node import Node


class Echo(Node):
    def __init__(self, delay=1, **kwargs):
        super().__init__(**kwargs)
        self.delay = delay
"""


@dataclass
class PluginFolder:
    """`<path>/nodes/<type>/_<mark>/…`"""

    path: Path

    def write(
        self,
        type: str,
        mark: str,
        code: str = NODE,
        *,
        toml: str | None = "[arguments]\ndelay = 1\n",
        requirements: str | None = None,
        **others: str,
    ) -> Path:
        """Write a plugin; `others` are modules beside it, by name. Returns its folder."""
        folder = self.path / "nodes" / type / f"_{mark}"
        folder.mkdir(parents=True, exist_ok=True)
        files = {f"{mark}.py": code, "config.toml": toml, "requirements.txt": requirements}
        files |= {f"{name}.py": text for name, text in others.items()}
        for name, text in files.items():
            if text is not None:
                (folder / name).write_text(textwrap.dedent(text), encoding="utf-8")
        return folder
