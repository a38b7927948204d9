"""The door for other processes: `Control` over gRPC, on a unix socket, a TCP port, or both.

Each question and each stream occupies a thread of one pool while it lasts. Who may open the socket's file may ask;
over TCP a token can be asked for. A client that vanishes, or does not read, holds up nothing but its own stream.
"""

from __future__ import annotations

import hmac
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import quote

import grpc

from juturna_core._pb import control_pb2 as pb
from juturna_core.control import convert
from juturna_core.control.api import VERSION, Control, Subscription
from juturna_core.control.wire import SERVER, SERVICE, address
from juturna_core.errors import RAISED_BY_AUTHORS, JuturnaError
from juturna_core.listening import is_loopback, why_not

if TYPE_CHECKING:
    from juturna_core.control.unix import Place

CALLS, STREAMS = 16, 32
"""Questions and streams that are served at once; more questions wait, more streams are refused."""
_WAITING = 256
_PIECE = 0.2
"""Seconds. A wait for news cannot be interrupted, so it is asked for in pieces, between which its client may go."""

Context: TypeAlias = grpc.ServicerContext


class Server:
    """Answers for `control` from the first `listen_…` to `stop`. Both raise JuturnaError when it cannot be."""

    def __init__(self, control: Control) -> None:
        self._control = control
        self._pool = ThreadPoolExecutor(CALLS + STREAMS, "control")
        self._servers: list[grpc.Server] = []
        self._places: list[Place] = []
        self._state = threading.Condition()
        self._streams: set[Subscription[Any]] = set()
        self._busy = 0
        self._stopping = False

    def listen_unix(self, path: Path) -> None:
        """Answer whoever may open the socket at `path`: this user. A folder that is not there is made for it."""
        try:
            from juturna_core.control.unix import Place
        except ImportError as error:
            raise JuturnaError("this system has no unix sockets") from error
        server = self._make(None)
        self._places.append(
            Place(path, lambda fresh: _bound(server.add_insecure_port(f"unix:{quote(str(fresh))}")))
        )
        server.start()
        self._servers.append(server)

    def listen_tcp(
        self,
        host: str,
        port: int,
        token: str | None = None,
        credentials: grpc.ServerCredentials | None = None,
    ) -> int:
        """Answer on `port` (0: any), and say which; those who know the `token`, if there is one."""
        where = address(host, port)
        if token is None and credentials is None and not is_loopback(host):
            raise JuturnaError(
                f"on {where} anybody who reaches this machine could steer the pipeline",
                hint="--control-token-file FILE, or a host of 127.0.0.1",
            )
        if token is not None and not (token.isascii() and token.isprintable() and token.strip()):
            raise JuturnaError("the control token must be printable ASCII, and not empty")
        server = self._make(token)
        try:
            if credentials is None:
                bound = server.add_insecure_port(where)
            else:
                bound = server.add_secure_port(where, credentials)
            _bound(bound)
        except (RuntimeError, OSError) as error:
            raise JuturnaError(
                f"control cannot listen on {where}: {why_not(host, port)}", hint="another port"
            ) from error
        server.start()
        self._servers.append(server)
        return bound

    def stop(self, grace: float = 0.5) -> None:
        """End all streams, let questions be answered for `grace` seconds, and go. May be called again."""
        with self._state:
            self._stopping = True
            streams = list(self._streams)
        while self._places:
            self._places.pop().release()
        stopped = [server.stop(grace) for server in self._servers]
        for stream in streams:
            stream.close()
        for event in stopped:
            event.wait(grace + 1.0)
        with self._state:
            idle = self._state.wait_for(lambda: not self._busy, grace)
        # a change of the pipeline that takes longer is not waited for
        self._pool.shutdown(wait=idle, cancel_futures=True)

    def _make(self, token: str | None) -> grpc.Server:
        service = _Service(self, token)
        server = grpc.server(
            self._pool, options=SERVER, maximum_concurrent_rpcs=CALLS + STREAMS + _WAITING
        )
        handlers = {
            "Call": grpc.unary_unary_rpc_method_handler(
                service.call, pb.Request.FromString, pb.Reply.SerializeToString
            ),
            "Follow": grpc.unary_stream_rpc_method_handler(
                service.follow, pb.Request.FromString, pb.Reply.SerializeToString
            ),
        }
        server.add_generic_rpc_handlers((grpc.method_handlers_generic_handler(SERVICE, handlers),))
        return server

    @contextmanager
    def working(self) -> Iterator[None]:
        """A thread of the pool is at work meanwhile."""
        with self._state:
            self._busy += 1
        try:
            yield
        finally:
            with self._state:
                self._busy -= 1
                self._state.notify_all()

    # --- on a thread of the pool ---------------------------------------------------------------------------------

    def answer(self, request: pb.Request, context: Context) -> pb.Reply:
        """One question's answer, or what went wrong."""
        try:
            arguments = _read(request, stream=False)
            value = self._ask(request.method, arguments, context)
            return pb.Reply(value=convert.encode_answer(request.method, value))
        except RAISED_BY_AUTHORS as error:  # a pipeline runs what plugin authors wrote
            return _failed(error, request)

    def stream(self, request: pb.Request, context: Context) -> Iterator[pb.Reply]:
        """`null`, then each item, until there are no more or the client is gone."""
        try:
            arguments = _read(request, stream=True)
            items: Subscription[Any] = getattr(self._control, request.method)(**arguments)
        except RAISED_BY_AUTHORS as error:
            yield _failed(error, request)
            return

        def end() -> None:
            items.close()
            with self._state:
                self._streams.discard(items)

        try:
            self._admit(items)
            if not context.add_callback(end):
                return
            yield pb.Reply(value="null")
            for item in items:
                yield pb.Reply(value=convert.encode_answer(request.method, item))
        except RAISED_BY_AUTHORS as error:
            yield _failed(error, request)
        finally:
            end()

    def _admit(self, stream: Subscription[Any]) -> None:
        with self._state:
            if self._stopping:
                raise JuturnaError("the pipeline's process ends")
            if len(self._streams) >= STREAMS:
                raise JuturnaError(f"{STREAMS} streams are open already, and more are not served")
            self._streams.add(stream)

    def _ask(self, method: str, arguments: dict[str, Any], context: Context) -> Any:
        ask = getattr(self._control, method)
        wait = arguments.pop("wait", 0.0)
        if wait <= 0:
            return ask(**arguments)
        deadline = time.monotonic() + wait
        while True:
            left = deadline - time.monotonic()
            page = ask(**arguments, wait=max(0.0, min(left, _PIECE)))
            if page.last != arguments.get("since", 0) or left <= _PIECE:
                return page
            if self._stopping or not context.is_active():
                return page


class _Service:
    """What gRPC calls: who asks is looked at first."""

    def __init__(self, server: Server, token: str | None) -> None:
        self._server = server
        self._expected = None if token is None else f"Bearer {token}".encode()

    def call(self, request: pb.Request, context: Context) -> pb.Reply:
        self._let_in(context)
        with self._server.working():
            return self._server.answer(request, context)

    def follow(self, request: pb.Request, context: Context) -> Iterator[pb.Reply]:
        self._let_in(context)
        with self._server.working():
            yield from self._server.stream(request, context)

    def _let_in(self, context: Context) -> None:
        if self._expected is None:
            return
        given = dict(context.invocation_metadata()).get("authorization")
        if given is None:
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "a control token is asked for")
        if not hmac.compare_digest(
            given.encode() if isinstance(given, str) else given, self._expected
        ):
            context.abort(grpc.StatusCode.UNAUTHENTICATED, "the control token is another one")


def _read(request: pb.Request, *, stream: bool) -> dict[str, Any]:
    if request.version != VERSION:
        raise JuturnaError(
            f"the pipeline speaks version {VERSION} of the control contract, the client {request.version}",
            hint="use the same release of juturna-tui for both",
        )
    convert.require(request.method, stream=stream)
    return convert.decode_arguments(request.method, request.arguments)


def _failed(error: BaseException, request: pb.Request) -> pb.Reply:
    return pb.Reply(error=convert.encode_error(error, request.method[:60]))


def _bound(port: int) -> None:
    if not port:
        raise OSError("it cannot be bound")
