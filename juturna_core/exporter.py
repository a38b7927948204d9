"""The numbers of a pipeline over HTTP: `/metrics` for Prometheus, `/healthz` and `/readyz` for who looks after it.

All work is done when somebody asks, from `PipelineStats`; nothing is added to the path of a message. One thread
accepts, each connection has one for its one request. Import this only where metrics are served: it loads http.server.

Histograms are made from the fine buckets of `metrics`: counts are exact, and a duration within 3.2 % of a bound may be
counted on its other side.
"""

from __future__ import annotations

import selectors
import socket
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from functools import cache
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from socketserver import BaseServer
from typing import Any, TypeAlias, cast

from juturna_core import __version__
from juturna_core.errors import JuturnaError, StateError, describe
from juturna_core.log import jt_logger
from juturna_core.metrics import Distribution, bucket_middles
from juturna_core.names import ComponentStatus
from juturna_core.stats import NodeStats, PipelineStats

CONNECTIONS = 32
"""Connections at once; more wait to be accepted, for `TURN` seconds. Then who has been there longest has to go."""
TURN = 1.0
PATIENCE = 10.0
"""Seconds that a client may keep silent, or take to read an answer: how long Prometheus waits for one."""
GRACE = 0.5  # seconds that an answer under way has when the exporter stops

PLAIN = "text/plain; charset=utf-8"
EXPOSITION = "text/plain; version=0.0.4; charset=utf-8"

Histograms: TypeAlias = Callable[[NodeStats], Iterable[tuple[str, Distribution]]]
Answer: TypeAlias = Callable[[str], tuple[HTTPStatus, str, str]]  # a path: status, text, its type

# what ends in _total only grows and is a counter, the rest are gauges. NodeStats.busy_seconds begins anew with every
# message. status_text is set only while what a node talks to is away: by warp, and by notifier_websocket
_NUMBERS: tuple[tuple[str, str, Callable[[NodeStats], float]], ...] = (
    ("messages_received_total", "Messages that the node took.", lambda n: n.received),
    ("messages_transmitted_total", "Messages that the node sent.", lambda n: n.transmitted),
    ("transmitted_bytes_total", "Bytes of the payloads that it sent.", lambda n: n.bytes_out),
    ("errors_total", "Messages and calls that failed in the node.", lambda n: n.errors),
    ("messages_dropped_total", "Messages dropped here on purpose.", lambda n: n.dropped),
    ("messages_lost_total", "Messages that did not get through.", lambda n: n.lost),
    ("queue_messages", "Messages that wait for the node.", lambda n: n.queue),
    ("queue_messages_max", "The most messages that ever waited.", lambda n: n.queue_max),
    ("queue_bytes", "Bytes of the payloads that wait for the node.", lambda n: n.queue_bytes),
    ("in_flight_messages", "Messages sent to the remote, no answer yet.", lambda n: n.in_flight),
    ("blocked_seconds_total", "Time waited for full nodes behind.", lambda n: n.blocked_seconds),
    ("blocking_seconds_total", "Time that others waited for it.", lambda n: n.blocking_seconds),
    ("busy_seconds_total", "Time in update(), when done.", lambda n: n.update_time.total / 1e3),
    ("busy_now_seconds", "How long it has been at what it does now.", lambda n: n.busy_seconds),
    ("node_up", "0 while its remote (or server) is away.", lambda n: int(not n.status_text)),
)
_HISTOGRAMS: tuple[tuple[str, str, Histograms], ...] = (
    ("queue_duration_seconds", "Time in the node's queue.", lambda n: [("", n.queue_time)]),
    ("update_duration_seconds", "Time in update().", lambda n: [("", n.update_time)]),
    ("age_seconds", "Time from the source to the end of update().", lambda n: [("", n.age)]),
    ("round_trip_seconds", "Time to the remote and back.", lambda n: _trips(n, whole=True)),
    ("round_trip_part_seconds", "Where that time went.", lambda n: _trips(n, whole=False)),
)
_BOUNDS = (*(float(f"{n}e{power}") for power in range(-5, 2) for n in (1, 2.5, 5)), 100.0)


def exposition(stats: PipelineStats) -> str:
    """`stats` in Prometheus' text format, version 0.0.4."""
    about = _labels(pipeline=stats.name, state=stats.state, version=__version__)
    nodes = [
        (_labels(pipeline=stats.name, node=name, type=node.type, where=node.where), node)
        for name, node in stats.nodes.items()
    ]
    pipeline = _labels(pipeline=stats.name)
    lines = [*_head("pipeline_info", "gauge", "What runs; always 1.")]
    lines += [f"juturna_pipeline_info{{{about}}} 1"]
    lines += _head("pipeline_seconds", "gauge", "Time since the pipeline was started.")
    lines += [f"juturna_pipeline_seconds{{{pipeline}}} {_text(stats.seconds)}"]
    for name, meaning, number in _NUMBERS:
        lines += _head(name, "counter" if name.endswith("_total") else "gauge", meaning)
        lines += [f"juturna_{name}{{{labels}}} {_text(number(node))}" for labels, node in nodes]
    for name, meaning, histograms in _HISTOGRAMS:
        lines += _head(name, "histogram", meaning)
        for labels, node in nodes:
            for part, distribution in histograms(node):
                lines += _histogram(f"juturna_{name}", labels + part, distribution)
    return "\n".join(lines) + "\n"


def _head(name: str, kind: str, meaning: str) -> tuple[str, str]:
    return f"# HELP juturna_{name} {meaning}", f"# TYPE juturna_{name} {kind}"


def _histogram(name: str, labels: str, distribution: Distribution) -> Iterator[str]:
    below = distribution.counts.cumsum()
    for bound, count in zip(_BOUNDS, below[_last_buckets()].tolist(), strict=True):
        yield f'{name}_bucket{{{labels},le="{bound}"}} {count}'
    yield f'{name}_bucket{{{labels},le="+Inf"}} {below[-1]}'
    yield f"{name}_sum{{{labels}}} {_text(distribution.total / 1e3)}"
    yield f"{name}_count{{{labels}}} {below[-1]}"


@cache
def _last_buckets() -> list[int]:
    """For each bound, the last fine bucket that counts as at or below it: by its middle, as in the sum."""
    return [int(at) - 1 for at in bucket_middles().searchsorted(_BOUNDS, side="right")]


def _trips(node: NodeStats, *, whole: bool) -> Iterator[tuple[str, Distribution]]:
    for part, trips in (node.round_trip or {}).items():
        if (part == "total") == whole:
            yield ("" if whole else f',part="{part}"'), trips


def _labels(**values: str) -> str:
    escapes = str.maketrans({"\\": r"\\", '"': r"\"", "\n": r"\n"})
    return ",".join(f'{name}="{value.translate(escapes)}"' for name, value in values.items())


def _text(value: float) -> str:
    text = str(value)
    return {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}.get(text, text)


class Exporter:
    """Serves what its three functions say, from `start` to `stop`; they are called on its threads, when asked."""

    def __init__(
        self,
        stats: Callable[[], PipelineStats],
        ready: Callable[[], bool],
        healthy: Callable[[], bool],
    ) -> None:
        self._stats = stats
        self._ready = ready
        self._healthy = healthy
        self._server: _Server | None = None

    def start(self, host: str, port: int) -> int:
        """Serve at `host` (empty: all interfaces) and `port` (0: any); the port. JuturnaError when that cannot be."""
        if self._server is not None:
            raise StateError("metrics are served already")
        listener = _listen(host.removeprefix("[").removesuffix("]"), port)
        self._server = _Server(listener, self._answer)
        return int(listener.getsockname()[1])

    def stop(self) -> None:
        """Close all connections and end all threads; nothing when it does not serve."""
        server, self._server = self._server, None
        if server is not None:
            server.stop()

    def _answer(self, path: str) -> tuple[HTTPStatus, str, str]:
        try:
            if path == "/metrics":
                return HTTPStatus.OK, exposition(self._stats()), EXPOSITION
            if path not in ("/healthz", "/readyz"):
                return HTTPStatus.NOT_FOUND, "here are /metrics, /healthz and /readyz", PLAIN
            if self._healthy() if path == "/healthz" else self._ready():
                return HTTPStatus.OK, "ok", PLAIN
            why = "the pipeline has failed" if path == "/healthz" else _why_not(self._stats())
            return HTTPStatus.SERVICE_UNAVAILABLE, why, PLAIN
        except Exception as error:  # noqa: BLE001  # the functions are the caller's and may raise anything
            jt_logger("exporter").error("%s cannot be answered: %s", path, describe(error))
            return HTTPStatus.INTERNAL_SERVER_ERROR, describe(error), PLAIN


def _why_not(stats: PipelineStats) -> str:
    cold = [name for name, node in stats.nodes.items() if node.status == ComponentStatus.NEW]
    text = f'not ready: the state of pipeline "{stats.name}" is {stats.state}'
    return f"{text}; not warmed up yet: {', '.join(cold)}" if cold else text


def _listen(host: str, port: int) -> socket.socket:
    kind, passive = socket.SOCK_STREAM, socket.AI_PASSIVE
    try:
        if not 0 <= port <= 65535:  # getaddrinfo takes 65537 for 1
            raise ValueError("a port is a number from 0 to 65535")
        family, _, _, _, where = socket.getaddrinfo(host or None, port, 0, kind, 0, passive)[0]
        both = where[0] == "::" and socket.has_dualstack_ipv6()
        return socket.create_server(where, family=family, backlog=128, dualstack_ipv6=both)
    except (OSError, ValueError) as error:  # ValueError: also a name that is no host's
        address = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
        reason = str(getattr(error, "strerror", None) or error).partition(" (while")[0]
        raise JuturnaError(f"metrics cannot be served at {address}: {reason}") from error


class _Server:
    """Accepts on one thread, and answers each connection on another, until `stop`."""

    def __init__(self, listener: socket.socket, answer: Answer) -> None:
        self._listener = listener
        self._listener.setblocking(False)
        self._answer = answer
        self._wake, self._woken = socket.socketpair()
        self._changed = threading.Condition()  # guards the next two
        self._open: dict[socket.socket, None] = {}  # who has been there longest is first
        self._stopping = False
        self._threads: list[threading.Thread] = []
        self._acceptor = threading.Thread(target=self._run, name="metrics", daemon=True)
        self._acceptor.start()

    def stop(self) -> None:
        with self._changed:
            self._stopping = True
            self._changed.notify_all()
        self._wake.send(b"!")
        self._acceptor.join()
        for each in (self._listener, self._wake, self._woken):
            each.close()
        # who has asked nothing is let go at once, an answer under way gets its moment
        for how in (socket.SHUT_RD, socket.SHUT_RDWR):
            with self._changed:
                for connection in self._open:
                    _shut(connection, how)
                self._changed.wait_for(lambda: not self._open, GRACE)
        deadline = time.monotonic() + GRACE
        for thread in self._threads:
            thread.join(max(0.0, deadline - time.monotonic()))

    def _run(self) -> None:
        with selectors.DefaultSelector() as selector:
            selector.register(self._listener, selectors.EVENT_READ)
            selector.register(self._woken, selectors.EVENT_READ)
            while selector.select() and self._make_room():
                try:
                    self._accept()
                except (OSError, RuntimeError):  # too many files or threads, which may pass
                    with self._changed:
                        self._changed.wait_for(lambda: self._stopping, 0.1)

    def _make_room(self) -> bool:
        """Wait until one more connection may be open; False: stop."""
        with self._changed:
            while len(self._open) >= CONNECTIONS and not self._stopping:
                if not self._changed.wait(TURN):
                    oldest = next(iter(self._open))
                    del self._open[oldest]
                    _shut(oldest, socket.SHUT_RDWR)
            return not self._stopping

    def _accept(self) -> None:
        connection, _ = self._listener.accept()
        thread = threading.Thread(target=self._serve, args=(connection,), daemon=True)
        with self._changed:
            thread.start()
            self._open[connection] = None
        self._threads = [*filter(threading.Thread.is_alive, self._threads), thread]

    def _serve(self, connection: socket.socket) -> None:
        with connection:
            try:
                _Handler(connection, self._answer)
            except OSError:  # the client has left
                pass
            finally:
                with self._changed:  # from here on nobody else touches it
                    self._open.pop(connection, None)
                    self._changed.notify_all()


def _shut(connection: socket.socket, how: int) -> None:
    with suppress(OSError):  # the other end was faster; who reads (or writes) is woken
        connection.shutdown(how)


class _Handler(BaseHTTPRequestHandler):
    """Answers the one request of a connection, and leaves the log alone."""

    server_version, sys_version = "juturna", ""
    timeout = PATIENCE
    disable_nagle_algorithm = True  # head and body are two writes
    error_content_type = PLAIN
    error_message_format = "%(message)s\n"

    def __init__(self, connection: socket.socket, answer: Answer) -> None:
        self._answer = answer
        super().__init__(connection, "", cast(BaseServer, None))  # it only keeps the last two

    def do_GET(self) -> None:
        status, text, kind = self._answer(self.path.partition("?")[0])
        body = text.encode("utf-8", "replace")
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: a line for every request is no news."""
