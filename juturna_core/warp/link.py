"""The way to a remote: finds out what is there, uses it, comes back when it went away.

Runs on one thread of its own from `open` to `close`. A remote of ours is talked to by a watched stream; one that does
not know `Describe` by Juturna's call, without the pings that it would hang up on. Every attempt is a new channel, so
that nothing of the last one (its back-off, a half-open connection) is in the way.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import grpc

from juturna_core._pb import warp_pb2 as pb
from juturna_core.errors import UncrossableError
from juturna_core.node import NodeState
from juturna_core.warp.calls import Calls
from juturna_core.warp.memory import keep_large_blocks
from juturna_core.warp.stream import Encoder, Session, Stream
from juturna_core.warp.trouble import Trouble, unwelcome
from juturna_core.warp.window import Window
from juturna_core.warp.wire import (
    GOODBYE,
    PLAIN_CHANNEL,
    WARP,
    WATCHED_CHANNEL,
    Options,
    address,
    target,
)

PATIENCE = 1.2
"""Seconds that a remote has to say what it is; a frozen one is known after that."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.05, 0.5


class Link:
    """`open` and `close` once. `down` tells whether the last attempt failed."""

    def __init__(
        self,
        host: str,
        port: int,
        window: Window,
        state: NodeState,
        *,
        configuration: Mapping[str, Any],
        turn: AbstractContextManager[Any],
        meanwhile: str,
        on_down: Callable[[], None],
    ) -> None:
        """`turn` is entered while messages are handed over to a remote that came back.

        `meanwhile` says what becomes of messages while it is away.
        """
        self.address = address(host, port)
        self.down = False
        self.returning = False
        self.foreign = False
        """Whether it is a remote that only knows Juturna's call."""
        self.configuration = configuration
        self.encode = Encoder(state, self.address)
        self._place = host, port
        self._target = target(host, port)
        self._window = window
        self._state = state
        self._turn = turn
        self._meanwhile = meanwhile
        self._on_down = on_down
        self._session: Session | None = None
        self._lane_host: str | None = host
        self._channel: grpc.Channel | None = None
        self._closing = threading.Event()
        self._down_since = 0.0
        self._was_up = False
        self._thread = threading.Thread(
            target=self._run, name=f"{state.pipe_name}.{state.name}.link", daemon=True
        )

    def open(self) -> None:
        """Begin to connect; does not wait for it."""
        if self._thread.ident is None:
            keep_large_blocks()
            self._thread.start()

    def close(self) -> None:
        """End the connection and the thread."""
        self._closing.set()
        self._window.close()
        if self._thread.ident is None or threading.current_thread() is self._thread:
            return
        self._thread.join(2 * GOODBYE)
        if (channel := self._channel) is not None:
            channel.close()  # what it waits for ends at once
        self._thread.join(timeout=2.0)

    # --- on the link's thread ------------------------------------------------------------------------------------

    def _run(self) -> None:
        pause = _FIRST_PAUSE
        while not self._closing.is_set():
            self._was_up = False
            try:
                problem = self._use()
            except ValueError:
                if self._closing.is_set():  # gRPC's word for a channel that was closed under a call
                    return
                raise
            if problem is None or self._closing.is_set():
                continue  # closing, or drained for a new configuration
            self._note_down(problem)
            pause = _FIRST_PAUSE if self._was_up else min(2 * pause, _LONGEST_PAUSE)
            self._closing.wait(max(pause, problem.pause))

    def _use(self) -> Trouble | None:
        """Connect, and use what is there until it is not."""
        with self._connected(PLAIN_CHANNEL) as channel:
            try:
                description = describe(channel)
            except grpc.RpcError as error:
                if error.code() is not grpc.StatusCode.UNIMPLEMENTED:
                    return unwelcome(error, *self._place)
                return self._use_calls(channel)
        with self._connected(WATCHED_CHANNEL) as channel:
            return self._use_stream(channel, description)

    def _use_stream(self, channel: grpc.Channel, description: pb.Description) -> Trouble | None:
        self.foreign = False
        if (
            self._session is None
            or self._session.over
            or self._session.process != description.process
        ):
            self._session = Session(description.process)
        self._state.logger.debug(
            "remote %s is %s of %s", self.address, description.node_mark, description.pipe_name
        )
        try:
            stream = Stream(
                channel,
                self._session,
                self._window,
                self._state,
                self.encode,
                address=self.address,
                configuration=self.configuration,
                lane_host=self._lane_host,
                before_live=self._taking_turn,
                on_live=self._note_up,
            )
        except UncrossableError as error:
            return Trouble(f"cannot be told its configuration: {error}", pause=5.0)
        problem = stream.run(self._note_down)
        if stream.lane_failed:
            self._lane_host = None  # the stream itself will do
        return problem

    def _use_calls(self, channel: grpc.Channel) -> Trouble | None:
        self.foreign = True
        with self._taking_turn():
            self._note_up()
        return Calls(
            channel,
            self._window,
            self._state,
            address=self.address,
            configuration=self.configuration,
            omissions=self.encode.omissions,
            alive=self._is_alive,
        ).run()

    def _is_alive(self) -> bool:
        """Whether the remote answers anything at all, on a connection of its own."""
        with grpc.insecure_channel(self._target, PLAIN_CHANNEL) as channel:
            try:
                describe(channel)
            except grpc.RpcError as error:
                return error.code() is grpc.StatusCode.UNIMPLEMENTED
            return True

    @contextmanager
    def _connected(self, options: Options) -> Iterator[grpc.Channel]:
        with grpc.insecure_channel(self._target, options) as channel:
            self._channel = channel
            if self._closing.is_set():
                channel.close()
            yield channel

    @contextmanager
    def _taking_turn(self) -> Iterator[None]:
        self.returning = True
        try:
            with self._turn:
                yield
        finally:
            self.returning = False

    def _note_up(self) -> None:
        was_down, self.down, self._was_up = self.down, False, True
        self._state.status_text = ""
        text = f"remote {self.address} is connected"
        if was_down:
            text = (
                f"remote {self.address} is back after {time.monotonic() - self._down_since:.1f} s"
            )
        self._state.note("connected", text)
        self._state.logger.info("%s: %s", self._state.name, text)

    def _note_down(self, problem: Trouble) -> None:
        """Say it once, however many attempts fail; what is shown keeps up with the reason."""
        text = f"remote {self.address} {problem.text}"
        self._state.status_text = f"{text}; {self._meanwhile}"
        if self.down:
            return
        self.down, self._down_since = True, time.monotonic()
        self._state.logger.warning(
            "%s: %s; %s. %s", self._state.name, text, self._meanwhile, self._advice
        )
        self._state.note("disconnected", text)
        self._window.wake()
        self._on_down()

    @property
    def _advice(self) -> str:
        port = self.address.rpartition(":")[2]
        return f"If it does not run there: juturna remotize --node-name {self._state.name} --node-mark … --port {port}"


def describe(channel: grpc.Channel) -> pb.Description:
    """What the remote says about itself; a status of UNIMPLEMENTED says that it is not one of ours."""
    call = channel.unary_unary(
        f"/{WARP}/Describe", pb.DescribeRequest.SerializeToString, pb.Description.FromString
    )
    return call(pb.DescribeRequest(), timeout=PATIENCE)
