"""The buffer."""

from juturna_core.buffer import Buffer

__all__ = [
    "Buffer",
]
