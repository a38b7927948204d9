"""What both ends of the door agree on: its name, limits, options of channels and servers, addresses."""

from __future__ import annotations

from typing import Any, TypeAlias

SERVICE = "juturna_tui.control.v1.Control"
MAX_REQUEST = 4 << 20
MAX_REPLY = 64 << 20
"""Bytes. The largest request is a pipeline file, the largest reply a page of the log."""

Options: TypeAlias = tuple[tuple[str, Any], ...]

SERVER: Options = (
    ("grpc.max_receive_message_length", MAX_REQUEST),
    ("grpc.max_send_message_length", MAX_REPLY),
    (
        "grpc.so_reuseport",
        0,
    ),  # or a second server on the same port starts, and gets every other client
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 300),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 30_000),  # a client that vanished without a word
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
)


def channel_options(timeout: float) -> Options:
    """For a client that wants to know within `timeout` seconds of a process that hangs."""
    half = max(1, round(timeout * 500))
    return (
        ("grpc.max_send_message_length", MAX_REQUEST),
        ("grpc.max_receive_message_length", MAX_REPLY),
        (
            "grpc.use_local_subchannel_pool",
            1,
        ),  # nothing of an earlier client's connection in the way
        ("grpc.min_reconnect_backoff_ms", half),  # also how long one attempt to connect may take
        ("grpc.initial_reconnect_backoff_ms", 50),
        ("grpc.max_reconnect_backoff_ms", 500),
        ("grpc.enable_retries", 0),  # no change is made twice
        ("grpc.enable_http_proxy", 0),
        # while it asks or follows: a frozen process is noticed. Without the last one gRPC waits a minute for its ping
        ("grpc.keepalive_time_ms", half),
        ("grpc.keepalive_timeout_ms", half),
        ("grpc.http2.ping_timeout_ms", half),
        ("grpc.http2.max_pings_without_data", 0),
    )


def address(host: str, port: int) -> str:
    """HOST:PORT as people write it; an IPv6 address in brackets."""
    bare = host.removeprefix("[").removesuffix("]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"
