"""What is at an address: asked once, without sending a message."""

from __future__ import annotations

import time
from dataclasses import dataclass

import grpc

from juturna_core._pb import warp_pb2 as pb
from juturna_core.warp.link import describe
from juturna_core.warp.trouble import unwelcome
from juturna_core.warp.wire import PLAIN_CHANNEL, address, target


@dataclass(frozen=True, slots=True)
class Found:
    """`description` is None where no remote of ours is; `problem` is empty where something answers."""

    description: pb.Description | None
    milliseconds: float | None
    problem: str


def probe(host: str, port: int) -> Found:
    """Ask who is at `host`:`port`; takes 2.4 s at most, and half a second more where something else listens."""
    with grpc.insecure_channel(target(host, port), PLAIN_CHANNEL) as channel:
        try:
            description = describe(channel)
            began = time.perf_counter()
            describe(channel)  # the first one has paid for the connection
        except grpc.RpcError as error:
            if error.code() is grpc.StatusCode.UNIMPLEMENTED:
                return Found(None, None, "")
            return Found(
                None, None, f"remote {address(host, port)} {unwelcome(error, host, port).text}"
            )
    return Found(description, (time.perf_counter() - began) * 1e3, "")
