"""Why a remote cannot be used just now, in words for a person."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import grpc


@dataclass(frozen=True, slots=True)
class Trouble:
    """`text` completes "remote HOST:PORT …". `pause`: seconds before the next attempt is worth while, at least."""

    text: str
    pause: float = 0.0


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
    ("reset", "has closed the connection"),
    ("GOAWAY", "has closed the connection"),
    ("Broken pipe", "has closed the connection"),
    ("closed", "has closed the connection"),
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
