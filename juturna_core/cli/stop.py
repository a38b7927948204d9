"""`juturna stop` and `juturna restart`: end a running pipeline, or have it begin anew."""

from __future__ import annotations

import argparse
import os
import re
import select
import time
from contextlib import nullcontext, suppress
from typing import TYPE_CHECKING, Any, Self

from juturna_core.cli.attach import add_command, as_json, control
from juturna_core.cli.options import seconds

if TYPE_CHECKING:
    from juturna_core.control.api import Description
    from juturna_core.control.client import Client

_PIECE = 1.0
"""Seconds that one question waits for news."""
_LOST = re.compile(r"(\d+) lost")
"""In the event `stopped`: the last that it says, when it takes no more questions."""


def add_parser(commands: Any) -> None:
    stop = add_command(
        commands,
        "stop",
        "end it: drain, and exit",
        "Have the pipeline finish what is under way and end, as ctrl+c does where it runs, and wait until its process "
        "has ended. How long draining may take was said there (--grace of `juturna run`). "
        "Exit code 1: messages were lost, or it still runs.",
        "juturna stop",
        "juturna stop --pipeline camera --grace 30",
    )
    stop.add_argument(
        "--grace",
        metavar="SECONDS",
        type=seconds,
        default=15.0,
        help="how long to wait for its end (%(default)s)",
    )
    add_command(
        commands,
        "restart",
        "have it begin anew",
        "Drain the pipeline and start it again in the same process, with fresh nodes.",
        "juturna restart",
    )


def run(arguments: argparse.Namespace) -> int:
    with control(arguments) as client:
        about = client.describe()
        return (_restart if arguments.command == "restart" else _stop)(client, about, arguments)


def _restart(client: Client, about: Description, arguments: argparse.Namespace) -> int:
    since = client.events().last
    began = time.monotonic()
    client.restart()
    took = time.monotonic() - began
    happened = [event.text for event in client.events(since).items if not event.node]
    if arguments.json:
        print(as_json({"name": about.name, "seconds": round(took, 3), "happened": happened}))
    else:
        print(f"{about.name} runs again after {took:.1f} s: {'; '.join(happened)}")
    return 0


def _stop(client: Client, about: Description, arguments: argparse.Namespace) -> int:
    from concurrent.futures import ThreadPoolExecutor

    began = time.monotonic()
    deadline = began + arguments.grace
    with Process(about.pid) if client.address.startswith("unix:") else nullcontext() as process:
        last, pool = client.events().last, ThreadPoolExecutor(1)
        told = pool.submit(_watch, client, last, deadline, to_the_end=process is None)
        client.stop()  # asked for news first: a pipeline with nothing to drain is gone in a moment
        ended, lost = told.result()
        pool.shutdown()
        if process is not None:
            ended = process.wait(max(0.0, deadline - time.monotonic()))
    took = time.monotonic() - began
    if arguments.json:
        about_it = {"name": about.name, "pid": about.pid, "ended": ended}
        print(as_json({**about_it, "lost": lost, "seconds": round(took, 3)}))
    else:
        what = "has ended" if ended else f"(process {about.pid}) still runs"
        said = "and did not say what was lost" if lost is None else f"{lost} lost"
        print(f"{about.name} {what} after {took:.1f} s, {said if ended else 'not drained yet'}")
    return 0 if ended and lost == 0 else 1


def _watch(
    client: Client, last: int, deadline: float, *, to_the_end: bool
) -> tuple[bool, int | None]:
    """Whether it has gone, and how many messages it has lost; None when it did not say so before it went."""
    from juturna_core.control.api import Gone

    lost = None
    try:
        while (left := deadline - time.monotonic()) > 0:
            page = client.events(last, min(_PIECE, left))
            last = page.last
            for event in page.items:
                if event.kind == "stopped" and (said := _LOST.search(event.text)):
                    lost = int(said[1])
            if lost is not None and not to_the_end:  # a question would only keep it from its end
                break
    except Gone:
        return True, lost
    return False, lost


class Process:
    """A process on this machine, whose end is waited for: also by who is not its parent."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._descriptor: int | None = None
        if hasattr(os, "pidfd_open"):  # Linux
            with suppress(OSError):  # it has ended, or is of another container
                self._descriptor = os.pidfd_open(pid)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *ended: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)

    def wait(self, seconds: float) -> bool:
        """Whether it ends within `seconds`."""
        if self._descriptor is not None:
            return bool(select.select([self._descriptor], [], [], seconds)[0])
        from juturna_core.control.discovery import is_alive

        deadline = time.monotonic() + seconds
        while is_alive(self._pid):
            if time.monotonic() > deadline:
                return False
            time.sleep(0.05)
        return True
