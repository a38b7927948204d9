"""A payload in the making."""

from juturna_core.payloads import Draft

__all__ = [
    "Draft",
]
