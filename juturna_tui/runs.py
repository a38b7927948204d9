"""Where the pipeline on the screen runs: in a child of the workbench, elsewhere, or in this process for tests.

A `Run` is opened and waited for on threads of the feed. Nothing here knows the screen.
"""

from __future__ import annotations

import json
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from juturna_core.control.api import Control, Description, Gone
from juturna_core.errors import JuturnaError
from juturna_tui.runtime import Runtime, ending
from juturna_tui.widgets.log_view import Line

if TYPE_CHECKING:
    from juturna_core.control.client import Client
    from juturna_core.control.discovery import Found
    from juturna_tui.screens.attach import Running

INTERRUPTED = 130
"""The exit code of a `juturna run` that was to end before it ran."""
WHILE_IT_DRAINS = ("juturna: waiting for ", "juturna: draining for ")
"""What `juturna run` says then begins so, and is true no more when it has ended."""
PATIENCE = 3.0
"""Seconds after which a pipeline that says nothing is shown as one that does not answer."""


class Run(Protocol):
    """A pipeline that can be looked at.

    `own`: it ends with the workbench, unless it is detached. `local`: its files are those of this machine.
    """

    own: bool
    local: bool
    address: str

    def open(self) -> Control:
        """Wait until it can be asked. Raises JuturnaError when it cannot."""
        ...

    def lines(self, logged: int) -> tuple[Sequence[Line], int]:
        """The log since the last call, and how many lines of it are lost; `logged` is `Numbers.logged`.

        Raises JuturnaError.
        """
        ...

    def ended(self) -> tuple[str, int | None]:
        """Wait until it is over, and say how it ended; a run of others: until `close`."""
        ...

    def stop(self) -> None:
        """Have it drain and end."""
        ...

    def close(self, *, keep: bool = False) -> None:
        """Look at it no more. One's own is stopped, unless it is to be kept."""
        ...


class OwnRun:
    """The child `runtime`, which runs `pipeline` as far as is known."""

    own = local = True

    def __init__(self, runtime: Runtime, pipeline: str = "") -> None:
        self.address = ""
        self._runtime = runtime
        self.pipeline = pipeline
        self._nodes = f"jt.{pipeline}."
        self._client: Client | None = None
        self._stopping = False
        self.remarks: deque[str] = deque(maxlen=10)
        """What the command itself has said beside the log: what was lost, and where."""

    @property
    def pid(self) -> int:
        return self._runtime.process.pid

    @property
    def stays(self) -> str:
        """How to come back to it, where it is left behind; empty when it has ended."""
        if not self._runtime.running:
            return ""
        return f"juturna-tui --attach {self.address}\nit prints to {self._runtime.output_path}"

    def open(self) -> Control:
        from juturna_core.control.client import Client  # grpc, which takes a while to import

        self.address, token = self._runtime.connected()
        self._client = client = Client(self.address, token=token, timeout=PATIENCE)
        self._nodes = f"jt.{_first_word(client, lambda: self._stopping).name}."
        return client

    def lines(self, logged: int = 0) -> tuple[Sequence[Line], int]:
        text, skipped = self._runtime.output()
        lines = [each for each in text.split("\n") if each]
        self.remarks.extend(
            each
            for each in lines
            if each.startswith("juturna: ") and not each.startswith(WHILE_IT_DRAINS)
        )
        return [said(each, self._nodes) for each in lines], skipped

    def ended(self) -> tuple[str, int | None]:
        code = self._runtime.wait()
        if self._stopping and code == INTERRUPTED:
            return "stopped before it ran", 0
        if self._stopping and code in (0, 1):
            return "stopped" if code == 0 else "stopped; messages were lost", code
        return f"juturna run {ending(code)}", code

    def stop(self) -> None:
        self._stopping = True
        self._runtime.stop()

    def close(self, *, keep: bool = False) -> None:
        if not keep:
            self.stop()
            self._runtime.discard_output()
        if self._client is not None:
            self._client.close()

    def kill(self) -> None:
        """End it at once, whatever it is at."""
        self._runtime.kill()


def said(text: str, nodes: str = "jt.") -> Line:
    """A line that a child prints with `--log-format json`; what is not of its log is what a plugin has printed.

    `nodes` is what the loggers of nodes begin with.
    """
    if text.startswith('{"timestamp": '):
        try:
            return _log_line(json.loads(text), nodes)
        except (ValueError, KeyError, TypeError, RecursionError):
            pass  # a plugin prints what only looks like a line of the log
    return Line(time.time(), "PRINT", "", text)


def _log_line(entry: dict[str, str], nodes: str) -> Line:
    logger, message, level = entry["logger"], entry["message"], entry["level"]
    if not all(isinstance(each, str) for each in (logger, message, level)):
        raise TypeError
    node = logger.removeprefix(nodes) if logger.startswith(nodes) else ""
    if trace := entry.get("exception"):
        message = f"{message}\n{trace}"
    at = datetime.fromisoformat(entry["timestamp"]).timestamp()
    return Line(at, level, node, message)


def _first_word(client: Client, over: Callable[[], bool]) -> Description:
    """What it says of itself: a wrong token or an older version shows at once, and one that is busy has time."""
    from juturna_core.control.discovery import is_there

    while True:
        try:
            return client.describe()
        except Gone:
            if over() or not is_there(client.address):
                raise


class AttachedRun:
    """One that somebody else has started."""

    own = False

    def __init__(self, address: str, token: str | None = None, *, local: bool = False) -> None:
        self.address = address
        self.local = local
        self._token = token
        self._client: Client | None = None
        self._since = 0
        self._closed = threading.Event()

    def open(self) -> Control:
        from juturna_core.control.client import Client

        self._client = client = Client(self.address, token=self._token, timeout=PATIENCE)
        _first_word(client, self._closed.is_set)
        return client

    def lines(self, logged: int) -> tuple[Sequence[Line], int]:
        if self._client is None or logged == self._since:
            return (), 0
        page = self._client.logs(self._since)
        missed = page.missed if self._since else 0  # what was before we came is not missed
        self._since = page.last
        return [Line(each.time, each.level, each.node, each.text) for each in page.items], missed

    def ended(self) -> tuple[str, int | None]:
        self._closed.wait()
        return "detached", None

    def stop(self) -> None:
        if self._client is not None:
            self._client.stop(keep=True)

    def close(self, *, keep: bool = False) -> None:
        self._closed.set()
        if self._client is not None:
            self._client.close()


class GivenRun:
    """A control in this process, for tests and for programs that run a pipeline themselves."""

    own, local = False, True

    def __init__(self, control: Control, address: str = "in this process") -> None:
        self.control, self.address = control, address
        self._since = 0
        self._closed = threading.Event()

    def open(self) -> Control:
        return self.control

    def lines(self, logged: int) -> tuple[Sequence[Line], int]:
        if logged == self._since:
            return (), 0
        page = self.control.logs(self._since)
        self._since = page.last
        return [
            Line(each.time, each.level, each.node, each.text) for each in page.items
        ], page.missed

    def ended(self) -> tuple[str, int | None]:
        self._closed.wait()
        return "detached", None

    def stop(self) -> None:
        self.control.stop(keep=True)

    def close(self, *, keep: bool = False) -> None:
        self._closed.set()


def found(wanted: str, token_file: str | None = None) -> AttachedRun:
    """The run that `--attach` means: an address, a name, a process id, or "" for the only one. Raises JuturnaError."""
    from juturna_core.control.discovery import find, is_there, running

    token = None
    if token_file is not None:
        try:
            token = Path(token_file).read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise JuturnaError(f"--token-file {token_file}: {error}") from error
    is_address = ":" in wanted or "/" in wanted
    try:
        place = find(attach=wanted) if is_address else find(pipeline=wanted or None)
    except JuturnaError as error:
        raise JuturnaError(str(error).replace("--pipeline ", "--attach ")) from error
    if not is_there(place.address):
        raise JuturnaError(
            f"nothing listens at {place.address}", hint="`juturna ps` lists what runs here"
        )
    known = {each.address: each.token for each in running()} if is_address else {}
    return AttachedRun(
        place.address,
        token or place.token or known.get(place.address),
        local=place.address.startswith("unix:") or not is_address or place.address in known,
    )


def namesakes(pipeline: str, own: int | None = None) -> list[int]:
    """The processes of pipelines that are called so, but for `own`."""
    from juturna_core.control import discovery

    found = (each for each in discovery.running() if discovery.has_name(each, pipeline))
    return [each.pid for each in found if each.pid != own]


def running() -> list[Running]:
    """What runs here, for somebody who is to choose. Raises JuturnaError."""
    from concurrent.futures import ThreadPoolExecutor

    from juturna_core.control import discovery

    found = discovery.running()
    if not found:
        return []
    with ThreadPoolExecutor(min(16, len(found))) as pool:  # one that hangs costs its time once
        return list(pool.map(_looked_at, found))


def _looked_at(found: Found) -> Running:
    from juturna_core.control.client import Client
    from juturna_tui.screens.attach import Running  # a dialog, which is not always opened

    client = Client(found.address, token=found.token, timeout=1.0)
    try:
        numbers = client.stats()
    except JuturnaError:
        return Running(found.name, found.pid, found.address)
    finally:
        client.close()
    return Running(numbers.name, found.pid, found.address, numbers.state, len(numbers.names))
