"""Sends every message as JSON to a websocket server: one connection, in order, opened again when it breaks.

`NotifierWebsocket.update` runs on the node's worker and only encodes; its `Line` has one thread with an event loop
that does the rest: connect, send, hear pongs and closings, wait between attempts. Every message is followed by a
ping, and servers answer pings in order, so that a pong says that its message has been read. What has no pong when a
connection ends goes out again on the next one: at least once, in order. Most servers are built on a library that
answers pings as it reads: when such a server is killed, what it had read and its program had not yet seen is gone.
The protocol has no word for "dealt with". The close codes are those of RFC 6455, 7.4.
"""

from __future__ import annotations

import asyncio
import random
import socket
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, NoReturn

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    InvalidHandshake,
    InvalidMessage,
    InvalidStatus,
    InvalidURI,
)
from websockets.frames import CloseCode
from websockets.uri import parse_uri

from juturna_core.errors import JuturnaError
from juturna_core.message import Message
from juturna_core.node import Node, NodeState

TRIES: Final = 3
"""Connections in a row that a server may refuse before the line gives up."""
WELCOME: Final = 10.0
"""Seconds after which a connection was no refusal, however it ends."""
WINDOW_BYTES: Final = 16 << 20
"""What may be on its way at most, beside `window`; one larger message goes alone."""
ABOUT_ONE_MESSAGE: Final = frozenset(
    {CloseCode.UNSUPPORTED_DATA, CloseCode.INVALID_DATA, CloseCode.MESSAGE_TOO_BIG}
)
"""Closings that say that a message is not wanted, and not that its sender is not."""
PASSING_STATUS: Final = frozenset({408, 425, 429})
"""HTTP statuses below 500 that another attempt may mend."""


class DeliveryError(JuturnaError):
    """A message that the server does not want, or that came after it had refused this client."""


@dataclass(frozen=True, slots=True, eq=False)
class Parcel:
    """A message and its JSON, kept until the server has it."""

    message: Message[Any]
    text: str


@dataclass(frozen=True, slots=True)
class Setback:
    """Why there is no connection (any more). `refused`: another attempt will hardly end otherwise."""

    text: str
    code: int | None = None
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Patience:
    """How a line waits: seconds, and `window` in messages."""

    timeout: float
    backoff: float
    backoff_max: float
    window: int

    @property
    def goodbye(self) -> float:
        """For the closing handshake."""
        return min(1.0, self.timeout / 2)


class NotifierWebsocket(Node[Any, None]):
    """Sends every message as JSON, `meta.session_id` being the pipeline's id, to the websocket server at `endpoint`.

    While the server is away the node takes no messages: its inbox fills and its feeders wait. Delivered means that the
    server has answered the ping behind the message: it, or the library that it is built on, has read it.
    """

    live_arguments = frozenset({"endpoint"})

    def __init__(
        self,
        endpoint: str,
        timeout: float = 20.0,
        backoff: float = 0.1,
        backoff_max: float = 5.0,
        window: int = 256,
        verify_tls: bool = True,
        ca_file: str = "",
        headers: Mapping[str, str] | None = None,
        compression: str = "deflate",
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if timeout <= 0 or backoff <= 0 or backoff_max < backoff or window < 1:
            raise ValueError(
                "timeout, backoff and window are above 0, and backoff_max is not below backoff"
            )
        if compression not in ("deflate", "none"):
            raise ValueError(f'compression is "deflate" or "none", not "{compression}"')
        self._endpoint = endpoint
        self._patience = Patience(timeout, backoff, backoff_max, window)
        self._verify_tls = verify_tls
        self._ca_file = ca_file
        self._headers = dict(headers or {})
        self._compression = compression if compression != "none" else None
        self._line: Line | None = None

    def configure(self) -> None:
        """Refuse at once what cannot work: no websocket URL, a CA file that is not there."""
        _check(self._endpoint)
        self._tls()

    def start(self) -> None:
        self._open_line()
        super().start()

    def update(self, message: Message[Any]) -> None:
        if self._line is not None:
            self._line.send(Parcel(message, self._encode(message)))

    def set_on_config(self, prop: str, value: Any) -> None:
        """A new `endpoint` gets what the old one has not confirmed, and everything after it."""
        if prop == "endpoint":
            _check(value)
            self._endpoint = value
            if self._line is not None:
                left = self._line.close()
                self._open_line()
                for parcel in left:
                    self._line.send(parcel)

    def flush(self, seconds: float) -> bool:
        """Wait until the server has everything; not for one that is not there."""
        line = self._line
        return line is None or line.settle(seconds if line.up else 0)

    def reclaim(self) -> list[Message[Any]]:
        """Hang up; what the server has not confirmed."""
        line, self._line = self._line, None
        return [parcel.message for parcel in line.close()] if line is not None else []

    def stop(self) -> None:
        """Wait until the server has everything; `destroy` ends that wait."""
        worker, line = self._juturna.worker, self._line
        if line is not None and worker is not None:
            if threading.current_thread() is worker.thread:
                line.settle()
            else:  # nobody's grace bounds a stop from outside
                line.expire(self._patience.timeout)
        super().stop()
        if line is not None:
            for parcel in line.close():
                self._juturna.fail(
                    parcel.message, DeliveryError(f"{self._endpoint} did not confirm it in time")
                )

    def destroy(self) -> None:
        if self._line is not None:
            self._line.close()

    @property
    def held(self) -> int:
        return len(self._line) if self._line is not None else 0

    def _encode(self, message: Message[Any]) -> str:
        copy: Message[Any] = Message(
            message.creator, message.version, message.payload, timers_from=message
        )
        copy.created_at = message.created_at
        copy.meta = {**message.meta, "session_id": self.pipe_id}
        return copy.to_json()

    def _open_line(self) -> None:
        dial = partial(
            connect,
            self._endpoint,
            additional_headers=self._headers,
            compression=self._compression,
            open_timeout=self._patience.timeout,
            ping_interval=self._patience.timeout,
            ping_timeout=self._patience.timeout,
            close_timeout=self._patience.goodbye,
            max_size=None,  # what a server says is read and thrown away, its echo of a large message too
            **self._tls(),
        )
        self._line = Line(self._endpoint, dial, self._patience, self._juturna)

    def _tls(self) -> dict[str, Any]:
        """The `ssl` argument for `connect`, none for ws://."""
        if not self._endpoint.startswith("wss:"):
            return {}
        if self._ca_file and not Path(self._ca_file).is_file():
            raise FileNotFoundError(f'ca_file: there is no file "{self._ca_file}"')
        context = ssl.create_default_context(cafile=self._ca_file or None)
        if not self._verify_tls:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        return {"ssl": context}


class Line:
    """One connection at a time to `endpoint`, and the thread that looks after it.

    `send`, `settle`, `expire` and `close` are called by the node; whatever else changes here is the line's own
    thread's. It works with the node's `state`: holds its input, fails messages, shows how things are.
    """

    def __init__(
        self, endpoint: str, dial: Callable[[], connect], patience: Patience, state: NodeState
    ) -> None:
        self._endpoint = endpoint
        self._dial = dial
        self._patience = patience
        self._state = state
        self._lock = threading.Lock()  # of the next five: two threads write them
        self._under_way: deque[Parcel] = deque()  # oldest first
        self._bytes = 0
        self._up = False
        self._holding = True
        self._refusal = ""  # why nothing is taken any more
        self._settled = threading.Event()
        self._settled.set()
        self._sent = 0  # so many of `_under_way`, from the left, went out on this connection
        self._alone = (
            0  # so many of them go one by one, to find the one that the server does not want
        )
        self._last: Parcel | None = None  # the latest that this connection has confirmed
        self._refusals = 0  # in a row
        self._complaint = ""  # what was logged last, since there was a connection
        self._more = asyncio.Event()
        self._closing = asyncio.Event()
        self._deadline: asyncio.Timeout | None = None
        self._loop = _Loop()
        self._thread = threading.Thread(
            target=self._run, name=f"{state.name} websocket", daemon=True
        )
        state.hold_input(True)
        self._thread.start()

    def __len__(self) -> int:
        return len(self._under_way)

    # --- the node's side -----------------------------------------------------------------------------------------

    def send(self, parcel: Parcel) -> None:
        """Take a parcel; never waits. Raises DeliveryError when the server has refused this client."""
        with self._lock:
            if self._refusal:
                raise DeliveryError(self._refusal)
            self._under_way.append(parcel)
            self._bytes += len(parcel.text)
            self._settled.clear()
            self._hold()
        self._call(self._more.set)

    @property
    def up(self) -> bool:
        """Whether there is a connection."""
        return self._up

    def settle(self, seconds: float | None = None) -> bool:
        """Wait until everything is confirmed or failed, or the line closed; False after `seconds`."""
        return self._settled.wait(seconds)

    def expire(self, seconds: float) -> None:
        """Give up what is not confirmed within `seconds`, and all that comes later."""
        text = f"{self._endpoint} did not confirm it within {seconds:g} s of the stop"
        self._call(lambda: self._loop.call_later(seconds, self._give_up, text))

    def close(self) -> list[Parcel]:
        """Close the connection and end the thread; what was not confirmed."""
        self._call(self._closing.set)
        self._thread.join(self._patience.timeout)
        with self._lock:
            left = list(self._under_way)
            self._under_way.clear()
            self._refusal = self._refusal or f"the connection to {self._endpoint} is closed"
            self._settled.set()
        return left

    def _call(self, call: Callable[[], Any]) -> None:
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(call)

    def _hold(self) -> None:
        """Hold the node's input while nothing more may be on its way; let it go when half of that is confirmed."""
        bound = self._patience.window // (2 if self._holding else 1)
        bound_bytes = WINDOW_BYTES // (2 if self._holding else 1)
        full = len(self._under_way) > bound or self._bytes > bound_bytes
        holding = not self._refusal and (full or not self._up)
        if holding != self._holding:
            self._holding = holding
            self._state.hold_input(holding)

    # --- the line's own thread -----------------------------------------------------------------------------------

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            try:
                runner.run(self._live())
            except Exception as error:  # a mistake in here must not hold up a pipeline in silence
                self._state.logger.exception("%s: the websocket line failed", self._state.name)
                self._give_up(f"the connection to {self._endpoint} failed: {error!r}")

    async def _live(self) -> None:
        talking = asyncio.create_task(self._talk())
        closing = asyncio.create_task(self._closing.wait())
        await asyncio.wait({talking, closing}, return_when=asyncio.FIRST_COMPLETED)
        closing.cancel()
        talking.cancel()
        with suppress(asyncio.CancelledError):
            await talking

    async def _talk(self) -> None:
        """Connect, send until that ends, wait, and again."""
        attempts = 0
        while not self._refusal:
            began = time.monotonic()
            self._last = None
            try:
                async with self._dial() as connection:
                    self._opened()
                    setback = await self._exchange(connection)
            except (OSError, InvalidHandshake) as error:  # TimeoutError is an OSError
                setback = self._describe(error)
            useful = self._last is not None
            lasted = time.monotonic() - began > WELCOME
            attempts = 0 if useful else attempts + 1
            self._refusals = (0 if lasted else self._refusals) + 1 if setback.refused else 0
            self._lost(setback)
            if self._refusals >= TRIES:
                self._give_up(f"{setback.text}; given up after {TRIES} attempts")
            else:
                await self._pause(setback, attempts)

    async def _exchange(self, connection: ClientConnection) -> Setback:
        """Send and listen until the connection ends; why it did."""
        try:
            await self._feed_and_listen(connection)
        except ConnectionClosed as closed:
            return self._describe_closing(closed)
        except TimeoutError:
            connection.transport.abort()  # it would not read our closing either
            return Setback(f"{self._endpoint} has taken nothing for {self._patience.timeout:g} s")
        except asyncio.CancelledError:  # the line closes: say good-bye with 1000, not with 1011
            await self._say_goodbye(connection)
            raise

    async def _say_goodbye(self, connection: ClientConnection) -> None:
        """Close the connection, or cut it off: its own time-out does not cover a server that never reads.

        `wait` and not `timeout`: this runs in a cancelled task, where Debian's Python 3.11.2 raises no TimeoutError.
        """
        closing = asyncio.create_task(connection.close())
        await asyncio.wait({closing}, timeout=self._patience.goodbye)
        if not closing.done():
            closing.cancel()
            connection.transport.abort()
            await asyncio.wait({closing})

    async def _feed_and_listen(self, connection: ClientConnection) -> NoReturn:
        feeding = asyncio.create_task(self._feed(connection))
        try:
            async with asyncio.timeout(None) as self._deadline:
                while True:  # what a server says does not matter here, but its pongs come this way
                    await connection.recv()
        finally:
            self._deadline = None
            feeding.cancel()
            with suppress(asyncio.CancelledError, ConnectionClosed):
                await feeding

    async def _feed(self, connection: ClientConnection) -> None:
        """Send what is under way and has not been sent on this connection, a ping behind each."""
        while True:
            while self._sent < len(self._under_way) and not (self._alone and self._sent):
                parcel = self._under_way[self._sent]
                self._sent += 1
                if self._sent == 1:
                    self._await_pong()
                await connection.send(parcel.text)
                pong = asyncio.ensure_future(await connection.ping())
                pong.add_done_callback(partial(self._ponged, parcel))
            self._more.clear()
            await self._more.wait()

    def _ponged(self, parcel: Parcel, pong: asyncio.Future[float]) -> None:
        if not pong.cancelled() and pong.exception() is None and parcel is self._under_way[0]:
            self._last = parcel
            self._take_off()
            self._await_pong()
            self._more.set()

    def _await_pong(self) -> None:
        """From now on the next pong has `timeout` seconds."""
        if self._deadline is not None and not self._deadline.expired():
            due = self._loop.time() + self._patience.timeout
            self._deadline.reschedule(due if self._sent else None)

    def _take_off(self) -> Parcel:
        """Remove the oldest parcel: the server has it, or will not have it."""
        with self._lock:
            parcel = self._under_way.popleft()
            self._bytes -= len(parcel.text)
            self._sent -= 1
            self._alone = max(0, self._alone - 1)
            if not self._under_way:
                self._settled.set()
            self._hold()
        return parcel

    async def _pause(self, setback: Setback, attempts: int) -> None:
        """Wait before the next attempt: not at all after a connection that was of use, then longer and longer."""
        patience = self._patience
        delay = (
            min(patience.backoff * 2 ** min(attempts - 1, 30), patience.backoff_max)
            if attempts
            else 0.0
        )
        if setback.code == CloseCode.TRY_AGAIN_LATER:
            delay = patience.backoff_max
        delay *= random.uniform(0.75, 1.0)  # clients that lost one server together come back apart
        self._state.status_text = f"{setback.text}; next attempt in {delay:.1f} s"
        await asyncio.sleep(delay)

    # --- what became of it ---------------------------------------------------------------------------------------

    def _opened(self) -> None:
        with self._lock:
            self._up = True
            again = len(self._under_way)
            self._hold()
        self._sent = 0
        self._complaint = self._state.status_text = ""
        text = f"connected to {self._endpoint}"
        self._state.note("connected", text)
        self._state.logger.info("%s%s", text, f", {again} messages go out again" if again else "")

    def _lost(self, setback: Setback) -> None:
        """The connection is gone, or there was none: show it, and fail the message that the server did not want."""
        with self._lock:
            self._up = False
            self._hold()
        if setback.text != self._complaint:  # once, not at every attempt
            self._complaint = setback.text
            self._state.logger.warning("%s", setback.text)
            self._state.note("disconnected", setback.text)
        unconfirmed, self._sent = self._sent, 0
        if setback.code in ABOUT_ONE_MESSAGE:
            if unconfirmed > 1:
                self._alone = unconfirmed
            elif unconfirmed == 1:
                self._fail(self._take_off(), setback.text)
            elif self._last is not None:  # the server had read it before it looked at it
                self._fail(self._last, setback.text)

    def _give_up(self, text: str) -> None:
        """Take nothing any more; every message fails with `text`."""
        with self._lock:
            self._refusal = text
            self._hold()
        self._state.status_text = text
        self._state.logger.error("%s", text)
        self._state.note("refused", text)
        while self._under_way:
            self._fail(self._take_off(), text)

    def _fail(self, parcel: Parcel, text: str) -> None:
        size = f"a message of {len(parcel.text)} bytes was not delivered: "
        self._state.fail(parcel.message, DeliveryError(size + text))

    def _describe(self, error: Exception) -> Setback:
        """What kept a connection from being opened."""
        match error:
            case ssl.SSLCertVerificationError():
                hint = 'set "ca_file" to its certificate (PEM), or "verify_tls" to false'
                text = f"the certificate is not trusted: {error.verify_message} ({hint})"
                return Setback(f"{self._endpoint}: {text}", refused=True)
            case ssl.SSLError(reason="WRONG_VERSION_NUMBER"):
                return Setback(
                    f"{self._endpoint}: no TLS is spoken there (is it ws://?)", refused=True
                )
            case ConnectionResetError() if self._endpoint.startswith("wss:"):
                hint = "is it ws://?"
                return Setback(f"{self._endpoint} hung up in the TLS handshake ({hint})")
            case ConnectionRefusedError():
                return Setback(f"{self._endpoint} is not there (connection refused)")
            case TimeoutError():
                return Setback(
                    f"{self._endpoint} did not answer within {self._patience.timeout:g} s"
                )
            case InvalidStatus():
                status = error.response.status_code
                passing = status >= 500 or status in PASSING_STATUS
                return Setback(f"{self._endpoint} answered with HTTP {status}", refused=not passing)
            case InvalidMessage() if isinstance(error.__cause__, EOFError):
                return Setback(f"{self._endpoint} closed the connection in the opening handshake")
            case InvalidHandshake():
                return Setback(f"{self._endpoint} is no websocket server: {error}", refused=True)
            case _:
                return Setback(
                    f"{self._endpoint} cannot be reached: {error or type(error).__name__}"
                )

    def _describe_closing(self, closed: ConnectionClosed) -> Setback:
        """Why an open connection ended."""
        if closed.rcvd is None:
            ours = (
                f" ({closed.sent.reason})" if closed.sent is not None and closed.sent.reason else ""
            )
            return Setback(f"the connection to {self._endpoint} broke{ours}")
        code = closed.rcvd.code
        text = f"{self._endpoint} closed the connection with {closed.rcvd}"
        return Setback(text, code, refused=code == CloseCode.POLICY_VIOLATION)


class _Loop(asyncio.SelectorEventLoop):
    """An event loop that looks host names up on its own thread: nothing else happens on it then."""

    async def getaddrinfo(self, host: Any, port: Any, **hints: Any) -> Any:
        return socket.getaddrinfo(host, port, **hints)


def _check(endpoint: str) -> None:
    """Raise ValueError for what is no websocket URL."""
    try:
        parse_uri(endpoint)
    except InvalidURI as error:
        raise ValueError(
            f'endpoint: "{endpoint}" is no websocket URL like ws://HOST:PORT/PATH'
        ) from error
