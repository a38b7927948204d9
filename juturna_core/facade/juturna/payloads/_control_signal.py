"""Signals to nodes."""

from juturna_core.payloads import ControlSignal

__all__ = [
    "ControlSignal",
]
