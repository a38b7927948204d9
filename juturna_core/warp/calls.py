"""Traffic with a remote that only knows Juturna's call: one message at a time, in order, on the link's thread."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from juturna_core._pb import payloads_pb2 as wire
from juturna_core.errors import RemoteError, UncrossableError
from juturna_core.message import Message
from juturna_core.metrics import RoundTrip
from juturna_core.node import NodeState
from juturna_core.warp import codec, exact
from juturna_core.warp.stream import timed_out, too_large
from juturna_core.warp.trouble import Trouble, trouble
from juturna_core.warp.window import Pending, Window
from juturna_core.warp.wire import MAX_BYTES, MESSAGING


class Calls:
    """`run` once. `alive` tells a remote that is slow from one that is frozen: it asks it something else."""

    def __init__(
        self,
        channel: grpc.Channel,
        window: Window,
        state: NodeState,
        *,
        address: str,
        configuration: Mapping[str, Any],
        omissions: exact.Omissions,
        alive: Callable[[], bool],
    ) -> None:
        self._window = window
        self._state = state
        self._address = address
        self._configuration = configuration
        self._omissions = omissions
        self._alive = alive
        self._call: grpc.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
            f"/{MESSAGING}/SendAndReceive"
        )

    def run(self) -> Trouble | None:
        """Until the remote cannot be used any more, and why; None when the window was closed."""
        while (pending := self._window.oldest()) is not None:
            try:
                answer = self._ask(pending)
            except grpc.RpcError as error:
                if self._window.closed:
                    break
                if (lost := self._lost(error)) is not None:
                    return lost
                self._fail(pending, self._failure(error, pending.message))
            except (RemoteError, UncrossableError, ValueError, DecodeError) as error:
                self._fail(pending, error)
            else:
                with self._window.delivering():
                    if answer is not None:
                        self._state.outlet.send(answer, source=pending.message)
                self._window.answered(pending.number)
        return None

    def _ask(self, pending: Pending) -> Message[Any] | None:
        """One round trip; None when the remote (ours, by its metadata) says that there is no output."""
        began = time.perf_counter_ns()
        if pending.envelope is None:
            pending.envelope = codec.encode_envelope(
                pending.message,
                sender=self._state.name,
                timeout=self._window.timeout,
                configuration=self._configuration,
                report=self._omissions,
            ).SerializeToString()  # kept, so that it is sent again under the same id
        if len(pending.envelope) > MAX_BYTES:
            raise too_large(len(pending.envelope), pending.message, self._address, self._state.name)
        sent = time.perf_counter_ns()
        data = self._call(pending.envelope, timeout=self._window.timeout)
        received = time.perf_counter_ns()
        envelope = wire.ProtoEnvelope.FromString(data)
        metadata = codec.decode_struct(envelope.metadata)
        answer = None
        if envelope.HasField("message"):
            answer = codec.decode_message(envelope.message, pending.message._born)
        done = time.perf_counter_ns()
        inside = min(round(metadata.get("processing_time", 0) * 1e9), received - sent)
        queue = min(round(metadata.get("queue_time", 0) * 1e9), inside)
        self._state.round_trip(
            RoundTrip(
                total=done - began,
                encode=sent - began,
                network=received - sent - inside,
                remote_queue=queue,
                remote_compute=inside - queue,
                decode=done - received,
            )
        )
        return answer

    def _lost(self, error: grpc.RpcError) -> Trouble | None:
        """What is wrong with the remote as such; None when only this message is its problem."""
        code = error.code()
        if code in (
            grpc.StatusCode.UNAVAILABLE,
            grpc.StatusCode.UNIMPLEMENTED,
            grpc.StatusCode.CANCELLED,
        ):
            return trouble(error)
        if code is grpc.StatusCode.DEADLINE_EXCEEDED and not self._alive():
            return trouble(error)
        return None

    def _failure(self, error: grpc.RpcError, message: Message[Any]) -> Exception:
        if error.code() is grpc.StatusCode.DEADLINE_EXCEEDED:
            return timed_out(message, self._address, self._window.timeout, self._state.name)
        return RemoteError(
            f"remote {self._address} refused message {message.id}: {error.code().name}: {error.details()}",
            address=self._address,
            node=self._state.name,
        )

    def _fail(self, pending: Pending, error: Exception) -> None:
        self._window.answered(pending.number)
        self._state.fail(pending.message, error)
