"""Why a remote cannot be used just now, in words for a person."""

from __future__ import annotations

import socket
import ssl
from dataclasses import dataclass
from typing import Protocol

import grpc


@dataclass(frozen=True, slots=True)
class Trouble:
    """`text` completes "remote HOST:PORT …". `pause`: seconds before the next attempt is worth while, at least."""

    text: str
    pause: float = 0.0


CLOSED = "has closed the connection"
HANDSHAKE = 0.5
"""Seconds in which an end that speaks TLS has answered a greeting."""

_PHRASES = (
    ("refused", "is not there (connection refused)"),
    ("resolution", "is not there (the host name is not known)"),
    ("not known", "is not there (the host name is not known)"),
    ("No route", "is not there (no route to the host)"),
    ("unreachable", "is not there (its network is unreachable)"),
    ("SETTINGS", "does not answer"),
    ("timed out", "does not answer"),
    ("Timeout", "does not answer"),
    ("timeout", "does not answer"),
    ("reset", CLOSED),
    ("GOAWAY", CLOSED),
    ("Broken pipe", CLOSED),
    ("closed", CLOSED),
)


class Status(Protocol):
    """What is known of a call that failed: the error that it raised, or the call itself."""

    def code(self) -> grpc.StatusCode: ...

    def details(self) -> str | None: ...


def trouble(status: Status) -> Trouble:
    """What the status of a call says about the remote."""
    code, details = status.code(), status.details() or ""
    if code is grpc.StatusCode.DEADLINE_EXCEEDED:
        return Trouble("does not answer")
    if code is grpc.StatusCode.UNIMPLEMENTED:
        return Trouble("is no remote of Juturna's (something else listens there)", pause=1.0)
    for sign, words in _PHRASES:
        if sign in details:
            return Trouble(words)
    first = details.partition("\n")[0][:200]
    return Trouble(f"is not there ({code.name.lower()}: {first})")


def unwelcome(status: Status, host: str, port: int) -> Trouble:
    """The same of the first call on a connection, which an end that waits for TLS only hangs up on."""
    found = trouble(status)
    if found.text != CLOSED or not speaks_tls(host, port):
        return found
    advice = "start it without, or forward a port to it (ssh -L)"
    return Trouble(f"speaks TLS, and a warped node plain gRPC: {advice}", pause=5.0)


def speaks_tls(host: str, port: int) -> bool:
    """Whether a TLS server listens there, whoever it is: its certificate is not looked at."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host.strip("[]"), port), HANDSHAKE) as plain,
            context.wrap_socket(plain),
        ):
            return True
    except OSError:  # nobody there, or another protocol (ssl.SSLError)
        return False
