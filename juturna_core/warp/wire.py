"""What both ends of a warp agree on: names of calls, limits, options of channels and servers, addresses."""

from __future__ import annotations

from typing import Any, TypeAlias

MAX_BYTES = 100 << 20
"""The largest message either way, Juturna's limit."""

GOODBYE = 0.3
"""Seconds that the other end of a stream has to end its side."""

MESSAGING = "juturna.proto.messaging.MessagingService"
WARP = "juturna_tui.warp.v1.Warp"

Options: TypeAlias = tuple[tuple[str, Any], ...]

_LIMITS: Options = (
    ("grpc.max_send_message_length", MAX_BYTES),
    ("grpc.max_receive_message_length", MAX_BYTES),
)

PLAIN_CHANNEL: Options = (
    *_LIMITS,
    (
        "grpc.use_local_subchannel_pool",
        1,
    ),  # a new channel connects anew, whatever became of the last one
    ("grpc.min_reconnect_backoff_ms", 1000),  # also how long one attempt to connect may take
    ("grpc.enable_retries", 0),  # sending again is done here, where it is known what was answered
)

WATCHED_CHANNEL: Options = (
    *PLAIN_CHANNEL,
    # a frozen remote is noticed after 1.4 s. Without the last one gRPC waits for its ping for a minute
    ("grpc.keepalive_time_ms", 700),
    ("grpc.keepalive_timeout_ms", 700),
    ("grpc.http2.ping_timeout_ms", 700),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
)
"""For remotes of ours only: Juturna's hang up on a client that pings this often."""

SERVER: Options = (
    *_LIMITS,
    (
        "grpc.so_reuseport",
        0,
    ),  # or a second server on the same port starts, and gets every other client
    ("grpc.http2.min_recv_ping_interval_without_data_ms", 300),
    ("grpc.http2.max_ping_strikes", 0),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.keepalive_time_ms", 10_000),  # a client that vanished without a word
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.http2.ping_timeout_ms", 10_000),
)


def address(host: str, port: int) -> str:
    """HOST:PORT as people write it; an IPv6 address in brackets."""
    bare = host.removeprefix("[").removesuffix("]")
    return f"[{bare}]:{port}" if ":" in bare else f"{bare}:{port}"


def target(host: str, port: int) -> str:
    """What gRPC resolves. The scheme is always said, or hosts called `dns` and `unix` would be taken for one."""
    return f"dns:///{address(host, port)}"
