"""Ports and RTP."""

from juturna_core.net import RTPClient, RTPDatagram, get_available_port

__all__ = [
    "RTPClient",
    "RTPDatagram",
    "get_available_port",
]
