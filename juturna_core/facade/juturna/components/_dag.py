"""The pipeline's graph."""

from juturna_core.dag import DAG

__all__ = [
    "DAG",
]
