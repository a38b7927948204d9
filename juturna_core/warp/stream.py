"""One connection to a remote of ours: what goes out, what comes back.

`run` supervises on the link's thread; a thread of its own reads, and transmits on behalf of the messages that are
answered. Frames go out from whatever thread adds a message.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager
from queue import SimpleQueue
from typing import Any

import grpc
from google.protobuf.message import DecodeError

from juturna_core._pb import warp_pb2 as pb
from juturna_core.errors import JuturnaError, MessageTooLarge, RemoteError, RemoteTimeout
from juturna_core.message import Message
from juturna_core.metrics import RoundTrip
from juturna_core.node import NodeState
from juturna_core.warp import exact, frame
from juturna_core.warp.lane import Lane, connect
from juturna_core.warp.trouble import Trouble, trouble
from juturna_core.warp.window import Pending, Window
from juturna_core.warp.wire import GOODBYE, MAX_BYTES, WARP

_SEEN_FRAMES = 16
_SEEN_BYTES = 8 << 20
"""The remote is told what was seen after so much, and then forgets it."""
_RECENT = 256
"""Answered messages that a later output may still belong to."""


class Session:
    """What both ends agree on beyond one connection; it is with one process of the remote."""

    def __init__(self, process: bytes) -> None:
        self.process = process
        self.name = uuid.uuid4().bytes
        self.over = False
        self.seen = 0
        self.recent: OrderedDict[int, Message[Any]] = OrderedDict()


class Encoder:
    """Makes the frame of a message, in the node's name."""

    def __init__(self, state: NodeState, address: str) -> None:
        self._state = state
        self._address = address
        self.omissions = exact.Omissions(state.name, state.logger)

    def __call__(self, number: int, message: Message[Any]) -> bytes:
        """Raises UncrossableError and MessageTooLarge."""
        head = pb.Head()
        request = head.request
        request.number = number
        buffers = exact.encode(message, request.message, self.omissions)
        head.buffers = len(buffers)
        size = sum(map(len, buffers)) + head.ByteSize() + 64
        if size > MAX_BYTES:
            raise too_large(size, message, self._address, self._state.name)
        return frame.join(head.SerializeToString(), buffers)


def too_large(size: int, message: Message[Any], address: str, node: str) -> MessageTooLarge:
    return MessageTooLarge(
        f"message {message.id} has {size} bytes on its way to remote {address}, {MAX_BYTES} are allowed",
        address=address,
        node=node,
        hint="send it in smaller parts, or compressed",
    )


class Stream:
    """`run` once."""

    def __init__(
        self,
        channel: grpc.Channel,
        session: Session,
        window: Window,
        state: NodeState,
        encode: Encoder,
        *,
        address: str,
        configuration: Mapping[str, Any],
        lane_host: str | None,
        before_live: Callable[[], AbstractContextManager[None]],
        on_live: Callable[[], None],
    ) -> None:
        self._session = session
        self._window = window
        self._state = state
        self._encode = encode
        self._address = address
        self._before_live = before_live
        self._on_live = on_live
        self._said_seen = session.seen
        self._unsaid_bytes = 0
        self._trouble: Trouble | None = None
        self._welcomed = False
        self._outgoing: SimpleQueue[bytes | None] = SimpleQueue()
        self._hello = pb.Hello(
            session=session.name,
            node_name=state.name,
            pipe_name=state.pipe_name,
            lane=lane_host is not None,
        )
        exact.encode_mapping(configuration, self._hello.configuration)
        self._lane_host = lane_host
        self._lane: Lane | None = None
        self._chosen: SimpleQueue[pb.Head | None] = SimpleQueue()
        self.lane_failed = False
        exchange: grpc.StreamStreamMultiCallable[bytes, bytes] = channel.stream_stream(
            f"/{WARP}/Exchange"
        )
        self._call = exchange(self._requests())
        self._reader = threading.Thread(
            target=self._read, name=f"{state.pipe_name}.{state.name}.answers", daemon=True
        )

    def run(self, on_trouble: Callable[[Trouble], None]) -> Trouble | None:
        """Until the connection ends, and why; None when the window was closed or drained."""
        self._reader.start()
        window = self._window
        while (
            late := window.watch(lambda: self._trouble is not None or window.drained)
        ) is not None:
            self._state.fail(
                late.message,
                timed_out(late.message, self._address, window.timeout, self._state.name),
            )
        window.go_dead()
        wanted = window.closed or window.drained
        if self._trouble is not None and not wanted:
            on_trouble(self._trouble)  # now: the reader may sit in a full inbox for long
        if wanted and self._trouble is None:
            self._session.over = True
            self._put(pb.Head(goodbye=pb.Goodbye()))
            self._reader.join(GOODBYE)  # the remote ends its side too, unless it is frozen
        self._chosen.put(None)
        self._outgoing.put(None)
        self._call.cancel()
        self._close_lane()
        self._reader.join()
        if self._lane is not None:
            self._lane.release()
        return None if wanted else self._trouble

    def _put(self, head: pb.Head) -> None:
        self._outgoing.put(frame.alone(head))

    def _send(self, pending: Pending) -> None:
        if pending.frame is None:
            pending.frame = self._encode(pending.number, pending.message)
        pending.sent_ns = time.perf_counter_ns()
        self._outgoing.put(pending.frame)

    def _close_lane(self) -> None:
        if self._lane is not None:
            self._lane.close()

    def _requests(self) -> Iterator[bytes]:
        """What gRPC sends, on a thread of its own; with a lane that thread sends there, and gRPC waits."""
        yield frame.alone(pb.Head(seen=self._session.seen, hello=self._hello))
        choice = self._chosen.get()
        if choice is not None:
            yield frame.alone(choice)
        if self._lane is None:
            yield from frame.gather(self._outgoing)
            return
        try:
            for data in frame.gather(self._outgoing):
                self._lane.send(data)
        except OSError:  # the reader finds out why
            pass

    # --- on the reader's thread ----------------------------------------------------------------------------------

    def _answers(self) -> Iterator[frame.Buffer]:
        """What the remote sends, by the lane that it offers where that can be reached."""
        for data in self._call:
            head = pb.Head.FromString(frame.split(data)[0][0])
            if head.WhichOneof("kind") != "offer" or self._lane_host is None:
                self._chosen.put(None)
                yield data
                break
            self._lane = connect(self._lane_host, head.offer.port, head.offer.key)
            self._chosen.put(pb.Head(choice=pb.Choice(lane=self._lane is not None)))
            self.lane_failed = self._lane is None
            if self._lane is not None:
                if not self._call.add_callback(self._close_lane):
                    self._close_lane()
                yield from self._lane
                return
        yield from self._call

    def _read(self) -> None:
        try:
            for data in self._answers():
                for head, buffers in frame.split(data):
                    self._take(pb.Head.FromString(head), buffers, sum(map(len, buffers)))
            ended = Trouble("has closed the connection")
            if not self._call.is_active() and self._call.code() is not grpc.StatusCode.OK:
                ended = trouble(self._call)  # the lane was closed because the stream found out more
        except grpc.RpcError as error:
            ended = trouble(error)
        except (ValueError, DecodeError) as error:
            ended = Trouble(f"sent what is no frame ({error})", pause=1.0)
        if self._lane is not None:
            self.lane_failed = not self._welcomed
            self._lane.close()
        self._trouble = self._trouble or ended
        self._window.wake()

    def _take(self, head: pb.Head, buffers: list[memoryview], size: int) -> None:
        kind = head.WhichOneof("kind")
        if kind == "welcome":
            self._welcome(head.welcome.taken)
        elif kind == "refusal":
            self._trouble = Trouble(f"refuses this node: {head.refusal.text}", pause=5.0)
        elif head.number > self._session.seen:
            if kind == "output":
                self._output(head.output, buffers)
            elif kind == "done":
                self._done(head.done)
            self._saw(head.number, size)

    def _welcome(self, taken: int) -> None:
        self._welcomed = True
        if not taken:
            self._session.seen = self._said_seen = 0
        with self._before_live():
            refused = self._window.go_live(self._send, taken)
            self._on_live()
        for pending, error in refused:
            self._state.fail(pending.message, error)

    def _output(self, output: pb.Output, buffers: list[memoryview]) -> None:
        pending = self._window.get(output.request)
        if pending is None:
            source = self._session.recent.get(output.request)
            if source is None:
                return  # of a message that was given up
        elif pending.failed or output.index < pending.outputs:
            return
        else:
            source = pending.message
        began = time.perf_counter_ns()
        try:
            message = exact.decode(output.message, buffers, source._born)
        except Exception as error:  # noqa: BLE001  # a custom payload's constructor may raise anything; that message fails alone
            self._state.fail(source, error)
            if pending is not None:
                pending.failed = True
            return
        if pending is not None:
            pending.outputs = output.index + 1
            pending.decode_ns += time.perf_counter_ns() - began
        with self._window.delivering():
            self._state.outlet.send(message, source=source)

    def _done(self, done: pb.Done) -> None:
        pending = self._window.answered(done.request)
        if pending is None:
            return
        recent = self._session.recent
        recent[done.request] = _without_payload(pending.message)
        if len(recent) > _RECENT:
            recent.popitem(last=False)
        if done.HasField("failure"):
            if not pending.failed:
                self._state.fail(
                    pending.message, _remote_error(done.failure, self._address, self._state.name)
                )
            return
        self._state.round_trip(_round_trip(pending, done))

    def _saw(self, number: int, size: int) -> None:
        self._session.seen = number
        self._unsaid_bytes += size
        if number - self._said_seen >= _SEEN_FRAMES or self._unsaid_bytes >= _SEEN_BYTES:
            self._said_seen, self._unsaid_bytes = number, 0
            self._put(pb.Head(seen=number))


def timed_out(message: Message[Any], address: str, seconds: float, node: str) -> RemoteTimeout:
    return RemoteTimeout(
        f"{node}: remote {address} took longer than {seconds:g} s for message {message.id}",
        address=address,
        node=node,
        hint="warp_configuration.timeout says how long it may take",
    )


def _remote_error(failure: pb.Failure, address: str, node: str) -> JuturnaError:
    error = RemoteError(
        f"{failure.type} at remote {address}: {failure.text}", address=address, node=node
    )
    if failure.trace:
        error.add_note(f"The remote's own trace:\n{failure.trace.rstrip()}")
    return error


def _round_trip(pending: Pending, done: pb.Done) -> RoundTrip:
    total = pending.encode_ns + time.perf_counter_ns() - pending.sent_ns
    encode, decode = pending.encode_ns + done.encode_ns, pending.decode_ns + done.decode_ns
    known = encode + decode + done.queue_ns + done.compute_ns
    return RoundTrip(
        total=max(total, known),
        encode=encode,
        network=max(0, total - known),
        remote_queue=done.queue_ns,
        remote_compute=done.compute_ns,
        decode=decode,
    )


def _without_payload(message: Message[Any]) -> Message[Any]:
    """What an output needs of the message it answers, without keeping its frames alive."""
    source: Message[Any] = Message.__new__(Message)
    source.id, source._born = message.id, message._born
    return source
