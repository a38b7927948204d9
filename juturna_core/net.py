"""Sockets for plugins: a free port, and a receiver of RTP datagrams (RFC 3550)."""

from __future__ import annotations

import contextlib
import socket
import struct


def get_available_port() -> int:
    """A port that is free for UDP and TCP on all interfaces at this moment."""
    while True:
        with (
            socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
        ):
            udp.bind(("", 0))
            port: int = udp.getsockname()[1]
            with contextlib.suppress(OSError):  # taken for TCP: try another
                tcp.bind(("", port))
                return port


class RTPDatagram:
    """The parts of one RTP datagram; assigning `datagram` takes another one apart.

    `timestamp` counts the ticks of the payload's own clock, `csrs` are the contributing sources. `payload` comes
    without padding. Raises ValueError for fewer bytes than the header says there are.
    """

    _FIXED = struct.Struct("!BBHII")
    _EXTENSION = struct.Struct("!HH")

    def __init__(self, datagram: bytes) -> None:
        self.datagram = datagram

    @property
    def datagram(self) -> bytes:
        """What was received, whole."""
        return self._datagram

    @datagram.setter
    def datagram(self, datagram: bytes) -> None:
        try:
            self._take_apart(datagram)
        except struct.error:
            raise ValueError(f"{len(datagram)} bytes are too few for an RTP datagram") from None
        self._datagram = datagram

    def _take_apart(self, datagram: bytes) -> None:
        flags, kind, self.sequence_number, self.timestamp, self.sync_source_id = (
            self._FIXED.unpack_from(datagram)
        )
        self.version = flags >> 6
        self.padding = flags >> 5 & 1
        self.extension = flags >> 4 & 1
        self.csrc_count = flags & 0x0F
        self.marker = kind >> 7
        self.payload_type = kind & 0x7F
        self.csrs = list(struct.unpack_from(f"!{self.csrc_count}I", datagram, self._FIXED.size))
        begin = self._FIXED.size + 4 * self.csrc_count
        self.extension_header = b""
        self.extension_header_id = self.extension_header_len = 0
        if self.extension:
            self.extension_header_id, self.extension_header_len = self._EXTENSION.unpack_from(
                datagram, begin
            )
            begin += self._EXTENSION.size
            words = self.extension_header_len
            (self.extension_header,) = struct.unpack_from(f"{4 * words}s", datagram, begin)
            begin += 4 * words
        end = len(datagram)
        if self.padding and end > begin:
            end -= datagram[-1]  # the last byte counts the padding, itself included
        self.payload = datagram[begin : max(begin, end)]


class RTPClient:
    """Receives RTP datagrams on a UDP port. `rec` blocks; `disconnect` from another thread ends it."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self._socket: socket.socket | None = None

    def __repr__(self) -> str:
        return f"<RTPClient {self.host}:{self.port}>"

    @property
    def connected(self) -> bool:
        """Whether the port is bound."""
        return self._socket is not None

    def connect(self) -> None:
        """Bind the port; nothing when it is bound already. Raises OSError when it is taken."""
        if self._socket is None:
            receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
            try:
                receiver.bind((self.host, self.port))
            except OSError:
                receiver.close()
                raise
            self._socket = receiver

    def disconnect(self) -> None:
        """Release the port; nothing when it is not bound."""
        receiver, self._socket = self._socket, None
        if receiver is not None:
            with contextlib.suppress(OSError):  # "not connected", yet it wakes a thread in recv()
                receiver.shutdown(socket.SHUT_RDWR)
            receiver.close()

    def send_terminate(self) -> None:
        """Send the port an empty RTP datagram, so that a thread blocked in `rec` comes back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.sendto(bytes(12), (self.host, self.port))

    def rec(self, chunk_size: int = 1024) -> RTPDatagram | None:
        """The next datagram, of at most `chunk_size` bytes; None when the port is not bound (any more)."""
        receiver = self._socket
        if receiver is None:
            return None
        try:
            data = receiver.recv(chunk_size)
        except OSError:
            return None
        return RTPDatagram(data) if data else None
