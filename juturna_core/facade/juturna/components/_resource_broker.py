"""Ports and other things of this machine."""

from juturna_core.resources import get, resources

__all__ = [
    "get",
    "resources",
]
