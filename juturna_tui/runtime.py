"""`juturna run FILE` as a child: a process of its own, so that no plugin can stall or break the terminal.

What it prints goes to a file of this run, not into a pipe: a runtime that the workbench leaves behind (detach) goes on
printing. It tells on a descriptor of its own when, and where, it can be asked. Standard library only, so that the
child can be started before the screen is imported.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from juturna_core.errors import JuturnaError

if TYPE_CHECKING:
    from juturna_core.control.api import NodeDescription

GRACE = 5.0
"""Seconds that the runtime has to drain."""
MOST = 8 << 20
"""Bytes of its output that are read at once; of more the end is, and the rest counted."""
_PIECE = 1 << 20
SPENT = 64 << 20
"""Bytes of its output that were read and still take room on the disk, at most."""


class Runtime:
    """The child for one file. `connected`, `wait` block and are called on threads; the rest returns at once."""

    def __init__(self, file: Path) -> None:
        """Start it. Raises JuturnaError when no process can be had."""
        self.file = file
        try:
            self._output = tempfile.NamedTemporaryFile(  # noqa: SIM115  # open as long as the child is looked at
                prefix="juturna-run-", suffix=".log", delete=False
            )
            ours, theirs = os.pipe()
        except OSError as error:
            raise JuturnaError(f"juturna run cannot be started: {error}") from error
        self.output_path = Path(self._output.name)
        self._read = 0
        self._given_back = 0
        self._reading = threading.Lock()
        command = [sys.executable, "-m", "juturna_core.cli", "run", str(file), "--watch"]
        command += ["--watch-plugins", "--grace", f"{GRACE:g}", "--announce-fd", str(theirs)]
        command += ["--log-format", "json", "--summary", "none"]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=subprocess.STDOUT,
                pass_fds=(theirs,),
                start_new_session=True,  # ctrl+c and a terminal that goes are for the workbench
                env={**os.environ, "PYTHONUNBUFFERED": "1"},
            )
        except OSError as error:
            os.close(ours)
            self._output.close()
            self.output_path.unlink(missing_ok=True)
            raise JuturnaError(f"juturna run cannot be started: {error.strerror}") from error
        finally:
            os.close(theirs)
        self._announcement = open(ours, encoding="utf-8")  # noqa: SIM115  # read to its end by `connected`

    def connected(self) -> tuple[str, str | None]:
        """The address that it answers on, and the token. Raises JuturnaError when it has ended before it said so."""
        with self._announcement as file:
            line = file.readline()
        if not line:
            code = self.process.wait()
            raise JuturnaError(f"the pipeline did not start: juturna run {ending(code)}")
        said = json.loads(line)
        if "problem" in said:
            raise JuturnaError(f"the runtime cannot be asked: {said['problem']}")
        return str(said["address"]), said["token"]

    def output(self) -> tuple[str, int]:
        """What it has printed since the last call, in whole lines, and how many lines before that were too many."""
        with self._reading:
            return self._output_now()

    def _output_now(self) -> tuple[str, int]:
        skipped = 0
        try:
            descriptor = self._output.fileno()
            size = os.fstat(descriptor).st_size
            while size - self._read > MOST:
                piece = os.pread(descriptor, min(_PIECE, size - self._read - MOST), self._read)
                skipped += piece.count(b"\n")
                self._read += len(piece)
            data = os.pread(descriptor, size - self._read, self._read)
        except (OSError, ValueError):  # it was closed meanwhile
            return "", 0
        whole = data.rfind(b"\n") + 1 if self.running else len(data)
        self._read += whole
        if self._read - self._given_back >= SPENT:
            self._given_back = _without_begin(descriptor, self._read)
        return data[:whole].decode(errors="replace"), skipped

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def wait(self) -> int:
        return self.process.wait()

    def stop(self) -> None:
        """Have it drain and end."""
        if self.running:
            self.process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def discard_output(self) -> None:
        """It ends, and nobody will look for what it has printed; what is read of it can be read on."""
        self.output_path.unlink(missing_ok=True)


class Remote:
    """`juturna remotize` for one node on this machine, at `port`: a child that ends with the workbench."""

    def __init__(
        self, node: NodeDescription, host: str, port: int, plugin_dirs: Sequence[str], pipeline: str
    ) -> None:
        """Start it. Raises JuturnaError."""
        self.node, self.port = node.name, port
        command = [sys.executable, "-m", "juturna_core.cli", "remotize"]
        command += ["--node-name", node.name, "--node-mark", node.mark, "--node-type", node.type]
        command += ["--pipe-name", pipeline, "--host", host, "--port", str(port)]
        command += ["--log-format", "json"]
        for folder in plugin_dirs:
            command += ["--plugins-dir", folder]
        try:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
                start_new_session=True,
            )
        except OSError as error:
            raise JuturnaError(f"juturna remotize cannot be started: {error.strerror}") from error

    def started(self, say: Callable[[str], None]) -> str:
        """Wait until it serves, and say so. `say` gets what it prints, on a thread. Raises JuturnaError."""
        assert self.process.stdout is not None
        heard = []
        for line in self.process.stdout:
            say(line.rstrip())
            heard.append(line.strip())
            if " serves " in line:
                threading.Thread(target=self._listen, args=(say,), daemon=True).start()
                return line.strip()
        code = self.process.wait()
        raise JuturnaError(
            f"juturna remotize {ending(code)}: {heard[-1] if heard else 'it said nothing'}"
        )

    @property
    def running(self) -> bool:
        return self.process.poll() is None

    def stop(self) -> None:
        if self.running:
            self.process.terminate()

    def _listen(self, say: Callable[[str], None]) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as output:
            for line in output:
                say(line.rstrip())
        say(f"the remote on port {self.port} {ending(self.process.wait())}")


def _without_begin(descriptor: int, end: int) -> int:
    """Give the room of a file's bytes up to `end` back, which then read as zeros; no other way loses no line.

    See fallocate(2): a hole. Where there are none (not Linux, some file systems) the file stays as it is.
    """
    import ctypes

    keep_size, punch_hole = 1, 2
    with suppress(OSError, AttributeError):
        call = ctypes.CDLL(None, use_errno=True).fallocate
        call.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_long, ctypes.c_long)
        call(descriptor, keep_size | punch_hole, 0, end)
    return end


def ending(code: int) -> str:
    """An exit code in words."""
    if code >= 0:
        return f"ended with exit code {code}"
    try:
        name = signal.Signals(-code).name
    except ValueError:
        name = f"signal {-code}"
    return f"was killed by {name}"
