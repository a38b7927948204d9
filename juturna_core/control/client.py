"""`Control` of a pipeline in another process, over its socket.

Every error names the address when the process cannot be asked (`Gone`), and is the pipeline's own otherwise. Nothing
is asked twice by itself.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any, Generic, TypeVar
from urllib.parse import quote

import grpc

from juturna_core._pb import control_pb2 as pb
from juturna_core.control import convert
from juturna_core.control.api import (
    VERSION,
    Applied,
    Checked,
    Control,
    Description,
    Edit,
    EventPage,
    Gone,
    LogPage,
    Numbers,
    Passed,
    Probe,
    Subscription,
)
from juturna_core.control.wire import MAX_REQUEST, SERVICE, channel_options
from juturna_core.errors import JuturnaError, StateError
from juturna_core.events import Event

LONG = 180.0
"""Seconds that a change may take: nodes are warmed up, and what is under way is finished first."""
_LONG = frozenset({"apply", "edit", "undo", "reload", "stop", "start", "restart"})
_READ, _WRITE = pb.Reply.FromString, pb.Request.SerializeToString

T = TypeVar("T")


class Client(Control):
    """Asks the pipeline at `address`: `unix:/path` or HOST:PORT, an IPv6 host in brackets. It connects when asked.

    `timeout` is the seconds after which a process that does not answer counts as gone. Raises JuturnaError for what is
    no address.
    """

    def __init__(
        self,
        address: str,
        *,
        token: str | None = None,
        timeout: float = 10.0,
        credentials: grpc.ChannelCredentials | None = None,
    ) -> None:
        self.address = address
        self.timeout = timeout
        self.closed = False
        self._metadata = () if token is None else (("authorization", f"Bearer {token}"),)
        target, options = _target(address), channel_options(timeout)
        self._channel = (
            grpc.insecure_channel(target, options)
            if credentials is None
            else grpc.secure_channel(target, credentials, options)
        )
        self._unary = self._channel.unary_unary(f"/{SERVICE}/Call", _WRITE, _READ)
        self._stream = self._channel.unary_stream(f"/{SERVICE}/Follow", _WRITE, _READ)

    def close(self) -> None:
        """End the connection and what is open on it."""
        self.closed = True
        self._channel.close()

    # --- the contract --------------------------------------------------------------------------------------------

    def describe(self) -> Description:
        found: Description = self._ask("describe")
        return found

    def stats(self) -> Numbers:
        found: Numbers = self._ask("stats")
        return found

    def events(self, since: int = 0, wait: float = 0.0) -> EventPage:
        found: EventPage = self._ask("events", since=since, wait=wait)
        return found

    def logs(self, since: int = 0, wait: float = 0.0, node: str = "", level: str = "") -> LogPage:
        found: LogPage = self._ask("logs", since=since, wait=wait, node=node, level=level)
        return found

    def follow(self, since: int = 0) -> Subscription[Event]:
        return _Stream(self, "follow", self._begin("follow", since=since))

    def tap(self, node: str) -> Subscription[Passed]:
        return _Stream(self, "tap", self._begin("tap", node=node))

    def peek(self, node: str, count: int = 10) -> tuple[Passed, ...]:
        found: tuple[Passed, ...] = self._ask("peek", node=node, count=count)
        return found

    def check(self, text: str) -> Checked:
        found: Checked = self._ask("check", text=text)
        return found

    def apply(self, text: str) -> Applied:
        return self._change("apply", text=text)

    def edit(self, edits: tuple[Edit, ...], write: bool = True, dry_run: bool = False) -> Applied:
        return self._change("edit", edits=edits, write=write, dry_run=dry_run)

    def undo(self) -> Applied:
        return self._change("undo")

    def reload(self) -> Applied:
        return self._change("reload")

    def suspend(self, node: str) -> None:
        self._ask("suspend", node=node)

    def resume(self, node: str) -> None:
        self._ask("resume", node=node)

    def probe(self, host: str, port: int) -> Probe:
        found: Probe = self._ask("probe", host=host, port=port)
        return found

    def stop(self, keep: bool = False) -> None:
        self._ask("stop", keep=keep)

    def start(self) -> None:
        self._ask("start")

    def restart(self) -> None:
        self._ask("restart")

    # --- in here -------------------------------------------------------------------------------------------------

    def _change(self, method: str, **arguments: Any) -> Applied:
        found: Applied = self._ask(method, **arguments)
        return found

    def _ask(self, method: str, **arguments: Any) -> Any:
        request = self._request(method, arguments)
        seconds = max(self.timeout, LONG) if method in _LONG else self.timeout
        seconds += max(0.0, arguments.get("wait", 0.0))
        try:
            reply = self._unary(request, timeout=seconds, metadata=self._metadata)
        except grpc.RpcError as error:
            raise self.trouble(error) from error
        except ValueError as error:
            raise self._misused(error) from error
        return convert.decode_answer(method, value_of(reply))

    def _begin(self, method: str, **arguments: Any) -> Any:
        try:
            return self._stream(self._request(method, arguments), metadata=self._metadata)
        except ValueError as error:
            raise self._misused(error) from error

    def _request(self, method: str, arguments: dict[str, Any]) -> pb.Request:
        text = convert.encode_arguments(method, arguments)
        request = pb.Request(version=VERSION, method=method, arguments=text)
        if (size := request.ByteSize()) > MAX_REQUEST:
            raise JuturnaError(f"{method}: {size} bytes are too many, {MAX_REQUEST} at most")
        return request

    def _misused(self, error: ValueError) -> JuturnaError:
        """gRPC's word for a channel that is closed."""
        if self.closed:
            return StateError(f"the client of {self.address} is closed")
        return JuturnaError(f"{self.address}: {error}")

    def trouble(self, error: grpc.RpcError) -> JuturnaError:
        """What gRPC says, in ours."""
        code, details = error.code(), error.details() or ""
        status = grpc.StatusCode
        if self.closed:
            return StateError(f"the client of {self.address} is closed")
        if code is status.UNAUTHENTICATED:
            return JuturnaError(f"{self.address} refused: {details}", hint="--token-file FILE")
        if code in (status.DEADLINE_EXCEEDED, status.CANCELLED):
            return Gone(f"the pipeline at {self.address} does not answer")
        if code is status.UNIMPLEMENTED:
            return JuturnaError(f"what listens on {self.address} is no pipeline of ours")
        if code is status.RESOURCE_EXHAUSTED:
            return JuturnaError(f"{self.address} refused: {details}")
        if code is status.UNAVAILABLE:
            return Gone(f"the pipeline at {self.address} {_reason(details)}")
        return JuturnaError(f"{self.address}: {code.name.lower()}: {details}")


class _Stream(Generic[T]):
    """Items from the other process; see `api.Subscription`. It has begun when it is there."""

    def __init__(self, client: Client, method: str, call: Any) -> None:
        self._client, self._method, self._call = client, method, call
        self._closed = threading.Event()
        late = threading.Timer(client.timeout, call.cancel)
        late.daemon = True
        late.start()
        try:
            if self._receive() is None:
                raise Gone(f"the pipeline at {client.address} ends")
        finally:
            late.cancel()

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        if self._closed.is_set() or (text := self._receive()) is None:
            raise StopIteration
        item: T = convert.decode_answer(self._method, text)
        return item

    def close(self) -> None:
        self._closed.set()
        self._call.cancel()

    def _receive(self) -> str | None:
        """What the next reply holds, None at the end."""
        try:
            reply = next(self._call, None)
        except grpc.RpcError as error:
            if self._closed.is_set() or self._client.closed:
                return None
            raise self._client.trouble(error) from error
        return None if reply is None else value_of(reply)


def value_of(reply: pb.Reply) -> str:
    """Raises the error that it is."""
    if reply.HasField("error"):
        raise convert.decode_error(reply.error)
    return reply.value


_REASONS = {
    "ping timeout": "does not answer",
    "keepalive": "does not answer",
    "timed out": "does not answer",
    "no such file": "is gone: there is no such socket",
    "refused": "is gone: nothing listens there",
    "permission denied": "is not for this user: permission denied",
    "name not found": "cannot be found: there is no such host",
    "expected settings frame": "is none: something else listens there",
}


def _reason(details: str) -> str:
    """gRPC's account of a connection that failed, in words."""
    folded = details.lower()
    return next((words for mark, words in _REASONS.items() if mark in folded), "is gone")


def _target(address: str) -> str:
    """What gRPC resolves; raises JuturnaError."""
    if address.startswith("unix:"):
        path = address.removeprefix("unix:")
        if path.strip("/"):
            return f"unix:{quote(path)}"
    else:
        host, _, port = address.rpartition(":")
        bare = host.removeprefix("[").removesuffix("]")
        if (
            bare
            and port.isdecimal()
            and 0 < int(port) < 65536
            and (":" not in bare or host != bare)
        ):
            return f"dns:///{address}"
    raise JuturnaError(
        f'"{address}" is no address of a pipeline', hint="unix:/path/of/socket or HOST:PORT"
    )
