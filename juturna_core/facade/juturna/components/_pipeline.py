"""The pipeline."""

from juturna_core.pipeline import Pipeline

__all__ = [
    "Pipeline",
]
