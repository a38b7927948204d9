"""`juturna listen`: a websocket server that prints what it receives, for looking at what a sink sends.

Everything happens in one event loop on the main thread.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import examples

if TYPE_CHECKING:
    from websockets.asyncio.server import ServerConnection

DEFAULT_URL = "ws://127.0.0.1:1237"


def add_parser(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "listen",
        help="print what a websocket receives",
        description="Accept websocket connections and print every message, a line each, until ctrl+c.",
        epilog=examples(
            "juturna listen                          what notifier_websocket sends by default",
            "juturna listen ws://0.0.0.0:8081        from other machines too",
            "juturna listen ws://127.0.0.1:8081 --json --count 3 | jq .payload",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "url",
        nargs="?",
        default=DEFAULT_URL,
        metavar="ws://HOST:PORT",
        help=f"where to listen (default {DEFAULT_URL}); port 0 picks a free one; a path is ignored",
    )
    parser.add_argument(
        "--json", action="store_true", help="each message as one line of JSON, and nothing else"
    )
    parser.add_argument("--count", type=_count, metavar="N", help="end after N messages")
    parser.add_argument(
        "--quiet", action="store_true", help="print no messages, only the count at the end"
    )


def run(arguments: argparse.Namespace) -> int:
    """Listen until ctrl+c or SIGTERM (0), or the count is full (0); 2 for an address that cannot be had."""
    import asyncio

    try:
        host, port = _address(arguments.url)
    except ValueError as error:
        print(f"juturna listen: {error}", file=sys.stderr)
        return 2
    listener = Listener(as_json=arguments.json, quiet=arguments.quiet, count=arguments.count)
    try:
        asyncio.run(listener.listen(host, port))
    except OSError as error:
        print(
            f"juturna listen: cannot listen on {arguments.url}: {_reason(error)}", file=sys.stderr
        )
        return 2
    return 0


class Listener:
    """Receives and prints; `received` messages, `size` bytes of them, over `connections`."""

    def __init__(
        self, *, as_json: bool = False, quiet: bool = False, count: int | None = None
    ) -> None:
        self.received = 0
        self.size = 0
        self.connections = 0
        self._as_json = as_json
        self._quiet = quiet
        self._count = count

    async def listen(self, host: str, port: int) -> None:
        """Serve until interrupted or full. Raises OSError when the address cannot be had."""
        import asyncio
        import signal

        from websockets.asyncio.server import serve

        self._done = asyncio.Event()
        async with serve(self._take, host, port, max_size=None, close_timeout=1) as server:
            loop = asyncio.get_running_loop()
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.add_signal_handler(number, self._done.set)
            actual = next(iter(server.sockets)).getsockname()[1]
            shown = f"[{host}]" if ":" in host else host
            print(f"listening on ws://{shown}:{actual} (ctrl+c ends)", file=sys.stderr, flush=True)
            started = time.monotonic()
            await self._done.wait()
        seconds = time.monotonic() - started
        print(
            f"{self.received} messages, {self.size} bytes, "
            f"{self.connections} connections in {seconds:.1f} s",
            file=sys.stderr,
        )

    async def _take(self, connection: ServerConnection) -> None:
        """One client, until it leaves or is told to: what has come by then was confirmed to it, and is printed."""
        from websockets.exceptions import ConnectionClosed

        self.connections += 1
        try:
            while True:
                self._receive(await connection.recv())
        except ConnectionClosed:  # however it ends: the client's affair
            return

    def _receive(self, content: str | bytes) -> None:
        if self.received == self._count:
            return
        self.received += 1
        self.size += len(content.encode() if isinstance(content, str) else content)
        if not self._quiet:
            try:
                print(as_json(content) if self._as_json else self._line(content), flush=True)
            except BrokenPipeError:  # `juturna listen | head`: whoever read has seen enough
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
                self._done.set()
        if self.received == self._count:
            self._done.set()

    def _line(self, content: str | bytes) -> str:
        """A line for a person: on a terminal it is cut to its width."""
        line = f"{self.received:>6}  {time.strftime('%H:%M:%S')}  {_gist(content)}"
        if not sys.stdout.isatty():
            return line
        width = shutil.get_terminal_size().columns
        return line if len(line) <= width else f"{line[: width - 1]}…"


def as_json(content: str | bytes) -> str:
    """`content` as JSON on one line; what is no JSON becomes a JSON string."""
    try:
        value = json.loads(content)
    except ValueError:
        value = content if isinstance(content, str) else content.decode("utf-8", "replace")
    return json.dumps(value, ensure_ascii=False)


def _gist(content: str | bytes) -> str:
    """A message of a pipeline as `creator vVERSION payload`, anything else as it is, on one line."""
    try:
        value: Any = json.loads(content)
    except ValueError:
        value = None
    if isinstance(value, dict) and value.keys() >= {"creator", "version", "payload"}:
        payload = json.dumps(value["payload"], ensure_ascii=False)
        return f"{value['creator']}  v{value['version']}  {payload}"
    if isinstance(content, bytes):
        return f"{len(content)} bytes: {content[:64].hex(' ')}{' …' if len(content) > 64 else ''}"
    return " ".join(content.split())


def _address(url: str) -> tuple[str, int]:
    """Host and port of a ws:// URL; ValueError says what is wrong with it."""
    from urllib.parse import urlsplit

    wanted = "expected ws://HOST:PORT"
    parts = urlsplit(url)
    if parts.scheme == "wss":
        raise ValueError(f'"{url}": TLS is not served here, {wanted}')
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:  # a port that is no number, or none between 0 and 65535
        raise ValueError(f'"{url}": {error}, {wanted}') from None
    if parts.scheme != "ws" or not host:
        raise ValueError(f'"{url}" is no websocket URL, {wanted}')
    return host, 80 if port is None else port


def _count(text: str) -> int:
    number = int(text) if text.isdecimal() else 0
    if number < 1:
        raise argparse.ArgumentTypeError(f'"{text}" is no number of messages, expected 1 or more')
    return number


def _reason(error: OSError) -> str:
    import errno
    import socket

    if isinstance(error, socket.gaierror):
        return f"unknown host ({error.strerror})"
    if error.errno == errno.EADDRINUSE:
        return "the port is taken; choose another, or end what listens there"
    if error.errno == errno.EACCES:
        return "no permission for that port; choose one above 1023"
    return os.strerror(error.errno) if error.errno else str(error)
