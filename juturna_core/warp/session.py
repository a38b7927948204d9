"""One client of the stream, across all its connections.

A session knows which request it has taken last and keeps what it sent until the client has said that it saw it. So a
connection may break at any moment: on the next one each side sends what the other lacks, and the node never sees a
message twice.
"""

from __future__ import annotations

import time
import traceback
from collections import OrderedDict, deque
from queue import SimpleQueue
from threading import Condition, Lock
from typing import Any

from juturna_core._pb import warp_pb2 as pb
from juturna_core.errors import MessageTooLarge
from juturna_core.message import Message
from juturna_core.warp import exact, frame
from juturna_core.warp.instance import Instance
from juturna_core.warp.wire import MAX_BYTES

KEPT_FRAMES = 1024
KEPT_BYTES = 64 << 20
"""A node that sends more than this before its client has seen any of it waits, as it would for a full inbox."""
PATIENCE = 5.0
"""Seconds that a node waits so for a client that is away, before its session is given up: others use the node too."""
AWAY_SESSIONS = 64
AWAY_BYTES = 256 << 20
"""How many sessions whose clients are away are remembered, and how much of what they have not seen."""


class Connection:
    """What goes out on one stream; `frames` is read by the stream's thread until None."""

    def __init__(self) -> None:
        self.frames: SimpleQueue[bytes | None] = SimpleQueue()
        self.closing = False
        """Nothing more is taken from the client."""
        self.goodbye = False
        """The client has said that it will not come back."""

    def close(self) -> None:
        """End the stream when what was put into `frames` is out."""
        self.closing = True
        self.frames.put(None)


class Session:
    """The state that both ends agree on. `receive` is called by a stream's thread, `send` by the node's."""

    def __init__(self, omissions: exact.Omissions) -> None:
        self.omissions = omissions
        self.given_up = False
        self._connection: Connection | None = None
        self._taken = 0
        self._sent = 0
        self._kept: deque[tuple[int, bytes]] = deque()
        self._kept_bytes = 0
        self._left_at = 0.0
        # one connection's request after the other, also when a new one follows an old one
        self._receiving = Lock()
        self._changed = Condition(Lock())

    def attach(self, connection: Connection, seen: int) -> None:
        """Send on `connection` from now on, first what the client has not seen; an older connection ends."""
        with self._changed:
            if self._connection is not None:
                self._connection.close()
            self._forget(seen)
            self._connection = connection
            welcome = pb.Head(welcome=pb.Welcome(taken=self._taken))
            connection.frames.put(frame.alone(welcome))
            for _, kept in self._kept:
                connection.frames.put(kept)

    def detach(self, connection: Connection) -> None:
        """`connection` is over; what is sent from now on waits for the next, unless the client said goodbye."""
        with self._changed:
            if self._connection is connection:
                if connection.goodbye:
                    self._give_up()
                self._connection = None
                self._left_at = time.monotonic()
                self._changed.notify_all()

    def receive(self, data: frame.Buffer, connection: Connection, instance: Instance) -> None:
        """Take one frame of the client. Raises ValueError for what is none."""
        for head, buffers in frame.split(data):
            self._receive(pb.Head.FromString(head), buffers, connection, instance)

    def _receive(
        self, head: pb.Head, buffers: list[memoryview], connection: Connection, instance: Instance
    ) -> None:
        with self._receiving:
            with self._changed:
                if self._connection is not connection or self._connection.closing:
                    return  # the client sends this again on its next one
                if head.seen:
                    self._forget(head.seen)
                kind = head.WhichOneof("kind")
                if kind == "goodbye":
                    connection.goodbye = True
                    connection.close()
                if kind != "request" or head.request.number <= self._taken:
                    return
                self._taken = head.request.number
            self._ask(head.request, buffers, instance)

    def _ask(self, request: pb.Request, buffers: list[memoryview], instance: Instance) -> None:
        began = time.perf_counter_ns()
        answer = Answer(self, request.number)
        try:
            message = exact.decode(request.message, buffers, born=began / 1e9)
        except Exception as error:  # noqa: BLE001  # a custom payload's constructor may raise anything; that message fails alone
            answer.done(error, 0, 0)
            return
        answer.decode_ns = time.perf_counter_ns() - began
        instance.ask(message, answer)

    def send(self, head: pb.Head, buffers: list[frame.Buffer]) -> None:
        """Number a frame, keep it, and send it when the client is there. With buffers it waits while too much is kept.

        Raises MessageTooLarge.
        """
        size = sum(map(len, buffers)) + head.ByteSize() + 64
        if size > MAX_BYTES:
            raise MessageTooLarge(f"the output has {size} bytes, {MAX_BYTES} are allowed")
        with self._changed:
            if buffers:
                self._wait_for_room(size)
            if self.given_up:
                return
            self._sent += 1
            head.number, head.buffers = self._sent, len(buffers)
            data = frame.join(head.SerializeToString(), buffers)
            self._kept.append((self._sent, data))
            self._kept_bytes += len(data)
            if self._connection is not None:
                self._connection.frames.put(data)

    def refuse(self) -> None:
        """Take no more requests: the client sends them again, here or elsewhere. Answers still go out."""
        with self._changed:
            if self._connection is not None:
                self._connection.closing = True

    def close(self) -> None:
        """End the stream, after what there is to send."""
        with self._changed:
            if self._connection is not None:
                self._connection.close()

    def give_up(self) -> None:
        """Forget everything; the client, should it come back, starts a new session."""
        with self._changed:
            self._give_up()

    @property
    def away(self) -> bool:
        return self._connection is None

    @property
    def kept_bytes(self) -> int:
        """What the client has not seen yet."""
        return self._kept_bytes

    def _wait_for_room(self, size: int) -> None:
        while self._kept and (
            len(self._kept) >= KEPT_FRAMES or self._kept_bytes + size > KEPT_BYTES
        ):
            left = self._left_at + PATIENCE - time.monotonic() if self.away else None
            if left is not None and left <= 0:
                self._give_up()
            else:
                self._changed.wait(left)

    def _forget(self, seen: int) -> None:
        while self._kept and self._kept[0][0] <= seen:
            self._kept_bytes -= len(self._kept.popleft()[1])
        self._changed.notify_all()

    def _give_up(self) -> None:
        self.given_up = True
        self._forget(self._sent)


class Answer:
    """The answer to one request, as the node makes it."""

    __slots__ = ("_encode_ns", "_number", "_outputs", "_session", "decode_ns")

    def __init__(self, session: Session, number: int) -> None:
        self._session = session
        self._number = number
        self._outputs = 0
        self._encode_ns = 0
        self.decode_ns = 0

    def output(self, message: Message[Any]) -> None:
        began = time.perf_counter_ns()
        head = pb.Head()
        output = head.output
        output.request, output.index = self._number, self._outputs
        buffers = exact.encode(message, output.message, self._session.omissions)
        self._session.send(head, buffers)
        self._outputs += 1
        took = time.perf_counter_ns() - began
        self._encode_ns += took

    def done(self, error: BaseException | None, queue_ns: int, compute_ns: int) -> None:
        done = pb.Done(
            request=self._number,
            decode_ns=self.decode_ns,
            queue_ns=queue_ns,
            compute_ns=max(0, compute_ns - self._encode_ns),
            encode_ns=self._encode_ns,
        )
        if error is not None:
            done.failure.type = type(error).__name__
            done.failure.text = str(error)
            done.failure.trace = "".join(traceback.format_exception(error))
        self._session.send(pb.Head(done=done), [])


class Sessions:
    """Every session of this process; any thread."""

    def __init__(self, omissions: exact.Omissions) -> None:
        self._omissions = omissions
        self._known: OrderedDict[bytes, Session] = OrderedDict()
        self._lock = Lock()

    def open(self, name: bytes, seen: int, connection: Connection) -> Session:
        """The session called `name`, known or new, attached to `connection`."""
        with self._lock:
            session = self._known.pop(name, None)
            if session is None or session.given_up:
                session = Session(self._omissions)
            self._known[name] = session
            session.attach(connection, seen)
            self._forget_some()
            return session

    def refuse(self) -> None:
        """Take no more requests of anybody."""
        with self._lock:
            for session in self._known.values():
                session.refuse()

    def close(self) -> None:
        """End every stream, after what there is to send."""
        with self._lock:
            for session in self._known.values():
                session.close()

    def _forget_some(self) -> None:
        """Give up those that have been away longest, when there are too many or they keep too much."""
        away = {name: session for name, session in self._known.items() if session.away}
        kept = sum(session.kept_bytes for session in away.values())
        for left, (name, session) in zip(range(len(away), 0, -1), away.items(), strict=True):
            if left <= AWAY_SESSIONS and kept <= AWAY_BYTES:
                break
            kept -= session.kept_bytes
            session.give_up()
            del self._known[name]
