"""Guarding an update, and words back in time."""

from juturna_core.process import rescale_trx_words, safe_exec

__all__ = [
    "rescale_trx_words",
    "safe_exec",
]
