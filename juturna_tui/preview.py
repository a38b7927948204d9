"""The pipeline that a file describes, as far as it makes sense: to draw it before anything has checked it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from juturna_core.control.api import Description, NodeDescription

PLACE: Final[dict[str, Any]] = {
    "grpc_host": "localhost",
    "grpc_port": 50080,
    "timeout": 30.0,
    "on_failure": "wait",
}
"""The defaults of `config.WarpConfig`, which takes a while to import."""


def preview(document: Any, file: str) -> Description:
    """Of the file's decoded JSON."""
    pipeline = _table(_table(document).get("pipeline"))
    nodes: dict[str, NodeDescription] = {}
    for each in _list(pipeline.get("nodes")):
        node = _table(each)
        name, place = node.get("name"), _place(node.get("warp_configuration"))
        if isinstance(name, str) and name not in nodes:
            nodes[name] = NodeDescription(
                name=name,
                type=_text(node.get("type")),
                mark=_text(node.get("mark")),
                warped=node.get("warped") is True,
                host=_text(place.get("grpc_host")),
                port=place["grpc_port"] if isinstance(place.get("grpc_port"), int) else 0,
                timeout=float(place["timeout"])
                if isinstance(place.get("timeout"), int | float)
                else 0.0,
                on_failure=_text(place.get("on_failure")),
                arguments=_table(node.get("configuration")),
                when_full="",
                on_error="",
            )
    links = (_table(each) for each in _list(pipeline.get("links")))
    ends = ((link.get("from"), link.get("to")) for link in links)
    return Description(
        version=0,
        name=_text(pipeline.get("name")),
        id="",
        folder="",
        file=file,
        pid=0,
        started=0.0,
        revision=0,
        nodes=tuple(nodes.values()),
        links=tuple(
            (a, b)
            for a, b in ends
            if isinstance(a, str) and isinstance(b, str) and a in nodes and b in nodes
        ),
    )


def preview_of(file: Path) -> Description:
    """`preview` of what is in `file`; what is wrong in it is said by the runtime, which reads it too."""
    try:
        document = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError):
        document = None
    return preview(document, str(file))


def _place(value: Any) -> dict[str, Any]:
    """A `warp_configuration`, and what it leaves to its defaults."""
    return {**PLACE, **value} if isinstance(value, dict) else {}


def _table(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
