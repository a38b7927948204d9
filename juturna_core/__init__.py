"""The runtime of Juturna pipelines: model, nodes, workers, warp, command line.

Importing this package loads nothing else; the names below are imported when they are first used.
"""

from __future__ import annotations

import os
from importlib import import_module
from typing import TYPE_CHECKING, Any

# gRPC's wheels take part in every fork of the process, and a call that begins meanwhile can hang or end the process.
# It has to be said before gRPC is imported; a plugin that forks to use gRPC in the child says otherwise.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")

if TYPE_CHECKING:
    from juturna_core.catalog import Catalog
    from juturna_core.config import PipelineConfig
    from juturna_core.message import Message
    from juturna_core.node import Node
    from juturna_core.payloads import (
        AudioPayload,
        BasePayload,
        Batch,
        BytesPayload,
        ControlPayload,
        ControlSignal,
        Draft,
        ImagePayload,
        ObjectPayload,
        VideoPayload,
    )
    from juturna_core.pipeline import Pipeline

    __version__: str

__all__ = [
    "AudioPayload",
    "BasePayload",
    "Batch",
    "BytesPayload",
    "Catalog",
    "ControlPayload",
    "ControlSignal",
    "Draft",
    "ImagePayload",
    "Message",
    "Node",
    "ObjectPayload",
    "Pipeline",
    "PipelineConfig",
    "VideoPayload",
    "__version__",
]

_HOMES = {
    "Catalog": "catalog",
    "Message": "message",
    "Node": "node",
    "Pipeline": "pipeline",
    "PipelineConfig": "config",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value: Any
    if name == "__version__":
        from importlib.metadata import version

        value = version("juturna-tui")
    else:
        value = getattr(import_module(f"{__name__}.{_HOMES.get(name, 'payloads')}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
