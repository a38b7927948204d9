"""The remote: gRPC services around nodes that run here.

    MessagingService   Juturna's call, for its clients: one message out, the first answer back
    Warp               our stream: several in flight, none or many outputs an input
    Health, reflection as gRPC has them

A call of Juturna's occupies a thread of the pool until its answer is there, a stream one thread of the pool and one of
its own. Nothing here polls or cleans up in the background.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from juturna_core._pb import messaging_service_pb2, payloads_pb2
from juturna_core._pb import warp_pb2 as pb
from juturna_core.errors import JuturnaError, UncrossableError, WarpError
from juturna_core.listening import why_not
from juturna_core.log import jt_logger
from juturna_core.message import Message
from juturna_core.warp import codec, exact, frame
from juturna_core.warp.instance import Instance, Instances
from juturna_core.warp.lane import Lane, Lanes
from juturna_core.warp.memory import keep_large_blocks
from juturna_core.warp.session import Connection, Sessions
from juturna_core.warp.wire import MAX_BYTES, MESSAGING, SERVER, WARP, address

STREAMS = 200
"""Streams (and health watchers) that are served at once, beside the workers for Juturna's calls."""
DEFAULT_TTL = 30.0
LONGEST_TTL = 300.0
"""Seconds that a call of Juturna's waits for its answer: without a `ttl`, and at most."""


@dataclass(frozen=True, slots=True)
class Identity:
    """What a remote says about itself."""

    node_name: str
    node_type: str
    node_mark: str
    pipe_name: str


class Remote:
    """A server for one node. `start`, then `stop`, once each."""

    def __init__(self, identity: Identity, instances: Instances, *, max_workers: int = 10) -> None:
        self.identity = identity
        self.port = 0
        self._instances = instances
        self._log = jt_logger(f"{identity.pipe_name}.{identity.node_name}")
        self._omissions = exact.Omissions(identity.node_name, self._log)
        self._sessions = Sessions(self._omissions)
        self._health = health.HealthServicer()
        self._process = uuid.uuid4().bytes
        self._warned: set[str] = set()
        self._lanes: Lanes | None = None
        self._server = grpc.server(
            ThreadPoolExecutor(max_workers + STREAMS, "remote"), options=SERVER
        )
        self._server.add_generic_rpc_handlers(
            (
                grpc.method_handlers_generic_handler(
                    MESSAGING,
                    {
                        "SendAndReceive": grpc.unary_unary_rpc_method_handler(
                            self._send_and_receive,
                            payloads_pb2.ProtoEnvelope.FromString,
                            payloads_pb2.ProtoEnvelope.SerializeToString,
                        )
                    },
                ),
                grpc.method_handlers_generic_handler(
                    WARP,
                    {
                        "Describe": grpc.unary_unary_rpc_method_handler(
                            self._describe,
                            pb.DescribeRequest.FromString,
                            pb.Description.SerializeToString,
                        ),
                        "Exchange": grpc.stream_stream_rpc_method_handler(
                            self._exchange
                        ),  # bytes as they are
                    },
                ),
            )
        )
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        services = [
            service.full_name
            for module in (messaging_service_pb2, pb, health_pb2)
            for service in module.DESCRIPTOR.services_by_name.values()
        ]
        reflection.enable_server_reflection((*services, reflection.SERVICE_NAME), self._server)

    def start(self, host: str, port: int, lane_port: int | None = 0) -> None:
        """Build the node as it is configured here, then listen on `port` (0: any). "" is every interface.

        `lane_port` is that of the fast lane (0: any), None for none. Raises JuturnaError when the node cannot be built
        or a port is not to be had.
        """
        keep_large_blocks()
        self._instances.give_back(self._instances.borrow({}))
        where = address(host or "[::]", port)
        try:
            self.port = self._server.add_insecure_port(where)
        except RuntimeError:
            self.port = 0
        if not self.port and not host:  # a machine without IPv6
            try:
                self.port = self._server.add_insecure_port(where := address("0.0.0.0", port))
            except RuntimeError:
                self.port = 0
        if not self.port:
            raise WarpError(
                f"cannot listen on {where}: {why_not(host, port)}",
                address=where,
                hint="another --port, or end the process that has it",
            )
        if lane_port is not None:
            try:
                self._lanes = Lanes(host, lane_port)
            except OSError as error:
                reason = (error.strerror or str(error)).lower()
                raise WarpError(
                    f"cannot listen on {address(host or '[::]', lane_port)}: {reason}"
                ) from error
        self._server.start()
        for service in ("", MESSAGING, WARP):
            self._health.set(service, health_pb2.HealthCheckResponse.SERVING)

    def stop(self, grace: float) -> bool:
        """Take nothing new, finish what was taken, end; False when the node did not within `grace` seconds.

        Clients of ours keep what was not taken and send it again when a remote is back.
        """
        deadline = time.monotonic() + grace
        self._health.enter_graceful_shutdown()
        self._sessions.refuse()
        if self._lanes is not None:
            self._lanes.close()
        stopped = self._server.stop(grace + 0.5)
        finished = self._instances.stop(max(0.0, deadline - time.monotonic()))
        self._sessions.close()
        stopped.wait(max(0.0, deadline - time.monotonic()) + 1.0)
        return finished

    def _describe(self, _: pb.DescribeRequest, __: grpc.ServicerContext) -> pb.Description:
        own = self.identity
        return pb.Description(
            node_name=own.node_name,
            node_type=own.node_type,
            node_mark=own.node_mark,
            pipe_name=own.pipe_name,
            software=_software(),
            max_bytes=MAX_BYTES,
            process=self._process,
        )

    # --- our stream ----------------------------------------------------------------------------------------------

    def _exchange(self, frames: Iterator[bytes], context: grpc.ServicerContext) -> Iterator[bytes]:
        head = _next_head(frames)
        if head.WhichOneof("kind") != "hello":
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "the stream begins with a Hello")
        hello = head.hello
        try:
            instance = self._instances.borrow(exact.decode_mapping(hello.configuration))
        except JuturnaError as error:
            self._log.error("%s: %s", hello.pipe_name, error)
            yield frame.alone(pb.Head(refusal=pb.Refusal(text=str(error))))
            return
        lane: Lane | None = None
        try:
            if hello.lane and self._lanes is not None:
                key = self._lanes.offer()
                yield frame.alone(pb.Head(offer=pb.Offer(port=self._lanes.port, key=key)))
                wanted = _next_head(frames).choice.lane
                lane = self._lanes.take(key, wanted=wanted)
                if wanted and lane is None:
                    return  # it reached something else; next time it will not want to
            yield from self._serve(hello, head.seen, instance, lane, frames, context)
        finally:
            self._instances.give_back(instance)

    def _serve(
        self,
        hello: pb.Hello,
        seen: int,
        instance: Instance,
        lane: Lane | None,
        frames: Iterator[bytes],
        context: grpc.ServicerContext,
    ) -> Iterator[bytes]:
        """A session's traffic: by `lane`, or else as what gRPC's iterators take and give."""
        connection = Connection()
        session = self._sessions.open(bytes(hello.session), seen, connection)

        def gone() -> None:
            connection.close()
            if lane is not None:
                lane.close()

        def receive() -> None:
            try:
                for data in frames if lane is None else lane:
                    session.receive(data, connection, instance)
            except (ValueError, DecodeError) as error:
                self._log.error("%s sent what is no frame: %s", hello.pipe_name, error)
            except Exception as error:  # noqa: BLE001  # gRPC ends its iterator with a bare one when the client is gone
                self._log.debug("the stream of %s ended: %r", hello.pipe_name, error)
            connection.close()

        reader = threading.Thread(target=receive, name=f"from {hello.pipe_name}", daemon=True)
        if not context.add_callback(gone):
            gone()
        reader.start()
        self._log.info("%s of %s is connected", hello.node_name, hello.pipe_name)
        try:
            if lane is None:
                yield from frame.gather(connection.frames)
            else:
                _send_all(connection, lane)
        finally:
            session.detach(connection)
            if lane is not None:
                lane.close()
                reader.join()
                lane.release()
            self._log.info("%s of %s is gone", hello.node_name, hello.pipe_name)

    # --- Juturna's call ------------------------------------------------------------------------------------------

    def _send_and_receive(
        self, request: payloads_pb2.ProtoEnvelope, context: grpc.ServicerContext
    ) -> payloads_pb2.ProtoEnvelope:
        began = time.perf_counter()
        ttl = min(float(request.ttl) if request.ttl > 0 else DEFAULT_TTL, LONGEST_TTL)
        try:
            message = codec.decode_message(request.message, time.perf_counter())
            instance = self._instances.borrow(codec.decode_struct(request.configuration))
        except (ValueError, UncrossableError) as error:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, str(error))
        except JuturnaError as error:
            context.abort(grpc.StatusCode.FAILED_PRECONDITION, str(error))
        call = Call(instance)
        try:
            if not instance.ask(message, call):
                context.abort(grpc.StatusCode.UNAVAILABLE, "the remote is stopping")
            outputs, failure = call.wait(ttl)
        except TimeoutError:
            context.abort(
                grpc.StatusCode.DEADLINE_EXCEEDED,
                f"{self.identity.node_name} sent no answer within {ttl:g} s",
            )
        finally:
            self._instances.give_back(instance)
        if failure is not None:
            context.abort(grpc.StatusCode.INTERNAL, f"{type(failure).__name__}: {failure}")
        self._say_what_is_lost(request.sender, len(outputs))
        try:
            return codec.encode_envelope(
                outputs[0] if outputs else None,
                sender=self.identity.pipe_name,
                timeout=ttl,
                response_to=request.id,
                metadata={
                    "processing_time": time.perf_counter() - began,
                    "queue_time": call.queue_ns / 1e9,
                    "compute_time": call.compute_ns / 1e9,
                    "outputs": len(outputs),
                },
                report=self._omissions,
            )
        except UncrossableError as error:
            context.abort(grpc.StatusCode.INTERNAL, str(error))

    def _say_what_is_lost(self, sender: str, outputs: int) -> None:
        """Juturna's call carries exactly one answer; say once what that costs."""
        if outputs == 1:
            return
        kind = "none" if not outputs else "several"
        if kind not in self._warned:
            self._warned.add(kind)
            self._log.warning(
                "%s answered %s with %d messages, and Juturna's call carries one: %s (said once)",
                self.identity.node_name,
                sender,
                outputs,
                "an empty one was sent" if not outputs else "the others were not sent",
            )


class Call:
    """One call of Juturna's that waits for the node."""

    def __init__(self, instance: Instance) -> None:
        self.queue_ns = self.compute_ns = 0
        self._instance = instance
        self._outputs: list[Message[Any]] = []
        self._over: Future[BaseException | None] = Future()

    def output(self, message: Message[Any]) -> None:
        self._outputs.append(message)
        if self.compute_ns and not self._over.done():
            self._over.set_result(None)

    def done(self, error: BaseException | None, queue_ns: int, compute_ns: int) -> None:
        self.queue_ns, self.compute_ns = queue_ns, max(1, compute_ns)
        # a node with threads of its own may yet answer; one without has said all it will
        if error is not None or self._outputs or not self._instance.asynchronous:
            self._over.set_result(error)

    def wait(self, seconds: float) -> tuple[list[Message[Any]], BaseException | None]:
        """The node's outputs, or what it raised. Raises TimeoutError after `seconds`."""
        error = self._over.result(seconds)
        return self._outputs, error


def _next_head(frames: Iterator[bytes]) -> pb.Head:
    """The first head of the next frame; an empty one when there is none, or the client is gone."""
    try:
        return pb.Head.FromString(frame.split(next(frames))[0][0])
    except (ValueError, IndexError, DecodeError, StopIteration):
        return pb.Head()


def _send_all(connection: Connection, lane: Lane) -> None:
    try:
        for data in frame.gather(connection.frames):
            lane.send(data)
    except OSError:  # the client is gone; what it has not seen is kept for its next connection
        pass


def _software() -> str:
    try:
        return f"juturna-tui {version('juturna-tui')}"
    except PackageNotFoundError:
        return "juturna-tui"
