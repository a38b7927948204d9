"""The words for states and formats."""

from juturna_core.names import (
    ComponentStatus,
    PipelineStatus,
    PixelFormat,
    ServiceStatus,
)

__all__ = [
    "ComponentStatus",
    "PipelineStatus",
    "PixelFormat",
    "ServiceStatus",
]
