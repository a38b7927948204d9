"""What those who listen on a port want to know: who reaches it, and why it cannot be had."""

from __future__ import annotations

import ipaddress
import socket


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches `host`, whatever it resolves to."""
    try:
        found = socket.getaddrinfo(host.strip("[]") or "0.0.0.0", None, type=socket.SOCK_STREAM)
    except OSError:
        return False
    return all(ipaddress.ip_address(str(place[0]).split("%")[0]).is_loopback for *_, place in found)


def why_not(host: str, port: int) -> str:
    """The operating system's reason, which gRPC keeps to itself."""
    try:
        family, kind, protocol, _, place = socket.getaddrinfo(
            host.strip("[]") or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.bind(place)
    except OSError as error:
        return (error.strerror or str(error)).lower()
    return "it cannot be bound"
