"""Sockets for plugins, on real ports of the loopback interface."""

from __future__ import annotations

import socket
import threading

import pytest

from juturna_core.net import RTPClient, RTPDatagram, get_available_port

HEADER = bytes.fromhex("80e0 0102 00000304 05060708")  # version 2, marker, type 96


def test_the_port_is_free_for_udp_and_tcp() -> None:
    port = get_available_port()
    for kind in (socket.SOCK_DGRAM, socket.SOCK_STREAM):
        with socket.socket(socket.AF_INET, kind) as taken:
            taken.bind(("", port))


def test_the_fixed_header_is_read_in_network_order() -> None:
    datagram = RTPDatagram(HEADER + b"voice")
    assert (datagram.version, datagram.marker, datagram.payload_type) == (2, 1, 96)
    assert datagram.sequence_number == 0x0102
    assert datagram.timestamp == 0x0304
    assert datagram.sync_source_id == 0x05060708
    assert datagram.payload == b"voice"
    assert datagram.datagram == HEADER + b"voice"


def test_sources_extension_and_padding_are_not_payload() -> None:
    flags = 0b10_1_1_0010  # version 2, padding, extension, two contributing sources
    sources = (1).to_bytes(4, "big") + (2).to_bytes(4, "big")
    extension = bytes.fromhex("bede 0001") + b"ext!"
    datagram = RTPDatagram(bytes([flags]) + HEADER[1:] + sources + extension + b"voice\x00\x00\x03")
    assert datagram.csrs == [1, 2]
    assert (datagram.extension_header_id, datagram.extension_header_len) == (0xBEDE, 1)
    assert datagram.extension_header == b"ext!"
    assert datagram.payload == b"voice"


@pytest.mark.parametrize(
    "cut", [b"", HEADER[:11], bytes([0x81]) + HEADER[1:], bytes([0x90]) + HEADER[1:] + b"\0\0\0\1"]
)
def test_a_cut_datagram_is_refused(cut: bytes) -> None:
    with pytest.raises(ValueError, match="too few"):
        RTPDatagram(cut)


def test_the_client_receives_what_is_sent_to_its_port() -> None:
    client = RTPClient("127.0.0.1", get_available_port())
    assert not client.connected
    assert client.rec() is None
    client.connect()
    client.connect()
    assert client.connected
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(HEADER + b"voice", (client.host, client.port))
    datagram = client.rec()
    assert datagram is not None
    assert datagram.payload == b"voice"
    client.send_terminate()
    last = client.rec()
    assert last is not None
    assert last.payload == b""
    client.disconnect()
    client.disconnect()
    assert not client.connected


def test_disconnect_wakes_a_thread_that_receives() -> None:
    client = RTPClient("127.0.0.1", get_available_port())
    client.connect()
    received: list[RTPDatagram | None] = []
    entered = threading.Event()

    def receive() -> None:
        entered.set()
        received.append(client.rec())

    thread = threading.Thread(target=receive)
    thread.start()
    entered.wait(5)
    client.disconnect()
    thread.join(5)
    assert not thread.is_alive()
    assert received == [None]


def test_a_taken_port_is_an_error_and_leaves_nothing_open() -> None:
    first = RTPClient("127.0.0.1", get_available_port())
    first.connect()
    second = RTPClient("127.0.0.1", first.port)
    with pytest.raises(OSError, match="in use"):
        second.connect()
    assert not second.connected
    first.disconnect()
