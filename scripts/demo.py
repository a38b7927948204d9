"""`make demo`: the guide's pipeline with a websocket receiver of its own, so that nothing else is needed.

On a terminal a table of live numbers until ctrl+c; without one 15 seconds and the summary.
"""

from __future__ import annotations

import socket
import subprocess
import sys
from pathlib import Path

from juturna_core.cli.signals import Signals

ROOT = Path(__file__).resolve().parent.parent
PIPELINE = "plugins/pipelines/remotise/config.json"
GUIDE_PORT = 8081
# The guide's 2 s a message are slower than its source, one message a second: its queue grows until
# the end, and then takes half a minute to drain.
DELAY = 0.5


def main() -> int:
    juturna = [sys.executable, "-m", "juturna_core.cli"]
    listener = subprocess.Popen(
        [*juturna, "listen", f"ws://127.0.0.1:{free_port()}", "--quiet"],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,  # ctrl+c is for the pipeline, which still has something to send then
    )
    assert listener.stderr is not None
    greeting = listener.stderr.readline()  # "listening on ws://… (ctrl+c ends)"
    if not greeting.startswith("listening on "):
        print(greeting + listener.stderr.read(), end="", file=sys.stderr)
        return listener.wait()
    endpoint = greeting.split()[2]
    live = sys.stderr.isatty()
    print(
        f"{PIPELINE}\n  1_pass.delay={DELAY}, so that it keeps up with the source; "
        f"2_notifier sends to {endpoint}, where a receiver waits\n"
        f"  {'ctrl+c ends' if live else 'without a terminal: 15 seconds, then the summary'}",
        file=sys.stderr,
    )
    signals = Signals()
    run = subprocess.Popen(
        [
            *(*juturna, "run", PIPELINE, "--summary", "table", "--log-level", "WARNING"),
            *("--set", f"1_pass.delay={DELAY}", "--set", f"2_notifier.endpoint={endpoint}"),
            *(["--live"] if live else ["--for", "15"]),
        ],
        cwd=ROOT,
    )

    signals.attend(run.terminate, force=lambda: None)  # on ctrl+c it also hears it by itself
    try:
        return run.wait()
    finally:
        listener.terminate()
        print(f"receiver: {listener.communicate()[1].strip()}", file=sys.stderr)


def free_port() -> int:
    """The guide's port where it is free, else any."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", GUIDE_PORT))
        except OSError:
            return 0
    return GUIDE_PORT


if __name__ == "__main__":
    sys.exit(main())
