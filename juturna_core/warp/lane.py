"""The fast lane: a TCP connection beside the stream, for its frames alone.

gRPC's Python costs 0.3 ms for a small frame there and back and 10 ms for one of 6 MB; a socket, with the same threads,
0.07 and 4 (measured on one machine). So the stream of warp.proto only negotiates and watches, where the remote's second
port can be reached; where it cannot (a container, a proxy, a firewall) the frames stay on the stream.
"""

from __future__ import annotations

import secrets
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future, InvalidStateError
from concurrent.futures import TimeoutError as FutureTimeout
from io import BufferedReader
from typing import cast

import numpy as np

from juturna_core.warp.frame import Buffer
from juturna_core.warp.wire import MAX_BYTES

PATIENCE = 0.5
"""Seconds that a connection may take; the other way is always there."""

_KEY_BYTES = 16
_LENGTH_BYTES = 8
_TOGETHER = 64 << 10
_BUFFER = 256 << 10


class Lane:
    """One connection. One thread sends, one iterates over what comes; `close` from any."""

    def __init__(self, connected: socket.socket) -> None:
        connected.settimeout(None)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket = connected
        self._reader = cast(BufferedReader, connected.makefile("rb", _BUFFER))

    def send(self, frame: bytes) -> None:
        """Raises OSError when the connection is over."""
        length = len(frame).to_bytes(_LENGTH_BYTES, "little")
        if len(frame) <= _TOGETHER:
            self._socket.sendall(length + frame)
        else:
            self._socket.sendall(length)
            self._socket.sendall(frame)

    def __iter__(self) -> Iterator[Buffer]:
        """The frames that come, until the other side ends or `close`. Raises ValueError for what is no frame."""
        try:
            while len(header := self._reader.read(_LENGTH_BYTES)) == _LENGTH_BYTES:
                length = int.from_bytes(header, "little")
                if length > MAX_BYTES:
                    raise ValueError(f"a frame of {length} bytes is announced")
                if length <= _TOGETHER:
                    frame: Buffer = self._reader.read(length)
                    arrived = len(frame)
                else:
                    frame = np.empty(length, np.uint8).data  # memory that is not zeroed first
                    arrived = self._reader.readinto(frame)
                if arrived < length:
                    return
                yield frame
        except OSError:  # reset, or closed here
            return

    def close(self) -> None:
        """End it: whoever sends or waits for frames comes back."""
        try:
            self._socket.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was faster
            pass

    def release(self) -> None:
        """Give the socket back, when nobody uses it any more."""
        self._reader.close()
        self._socket.close()


def connect(host: str, port: int, key: bytes) -> Lane | None:
    """The lane that was offered under `key`, None where it cannot be reached."""
    try:
        connected = socket.create_connection((host.strip("[]"), port), PATIENCE)
    except OSError:
        return None
    lane = Lane(connected)
    try:
        connected.sendall(key)
    except OSError:
        lane.release()
        return None
    return lane


class Lanes:
    """The port that lanes lead to. A connection is nobody's until it has said the key that it was offered under."""

    def __init__(self, host: str, port: int) -> None:
        """Listen on `port` (0: any) of `host` ("": every interface). Raises OSError."""
        if host:
            family = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0][0]
            self._listener = socket.create_server((host.strip("[]"), port), family=family)
        elif socket.has_dualstack_ipv6():
            self._listener = socket.create_server(
                ("", port), family=socket.AF_INET6, dualstack_ipv6=True
            )
        else:
            self._listener = socket.create_server(("", port))
        self.port: int = self._listener.getsockname()[1]
        self._offered: dict[bytes, Future[Lane]] = {}
        self._thread = threading.Thread(target=self._accept, name="lanes", daemon=True)
        self._thread.start()

    def offer(self) -> bytes:
        """A key under which one lane may come."""
        key = secrets.token_bytes(_KEY_BYTES)
        self._offered[key] = Future()
        return key

    def take(self, key: bytes, *, wanted: bool) -> Lane | None:
        """The lane that came under `key`; with it, or without one, the offer is over."""
        offered = self._offered[key]
        try:
            if wanted:
                return offered.result(PATIENCE)
        except FutureTimeout:
            pass
        finally:
            del self._offered[key]
        return None if offered.cancel() else offered.result()

    def close(self) -> None:
        """Take no more."""
        try:
            self._listener.shutdown(socket.SHUT_RDWR)
        except OSError:  # some systems have no such thing for a listener; closing wakes it there
            pass
        self._listener.close()
        self._thread.join(timeout=1.0)

    def _accept(self) -> None:
        while True:
            try:
                connected, _ = self._listener.accept()
            except OSError:
                return
            # who connects and says nothing must not keep the others waiting
            threading.Thread(
                target=self._admit, args=(connected,), name="lane", daemon=True
            ).start()

    def _admit(self, connected: socket.socket) -> None:
        connected.settimeout(PATIENCE)
        try:
            key = connected.recv(_KEY_BYTES, socket.MSG_WAITALL)
        except OSError:
            key = b""
        lane, offered = Lane(connected), self._offered.get(key)
        try:
            if offered is not None:
                offered.set_result(lane)
                return
        except InvalidStateError:  # too late, or a second one
            pass
        lane.release()
