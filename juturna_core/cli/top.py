"""`juturna top`: the numbers of a running pipeline, again and again. Everything happens on the main thread."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections import deque
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from juturna_core.cli.attach import add_command, as_json, follow
from juturna_core.cli.options import count, seconds

if TYPE_CHECKING:
    from juturna_core.control.client import Client
    from juturna_core.stats import PipelineStats

_EVERY = 1.0
_WINDOW = 5.0
"""On a terminal rates and times are of the last so many seconds."""
_FIRST = 0.3
"""Seconds before the first table, whose rates are of that time."""


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "top",
        "its numbers, as they change",
        "Show each node's messages, queue, times and losses; rates and times are of the last seconds. q or ctrl+c ends "
        "the view, and the pipeline runs on. Where no terminal is, print one table after a second, or with --json an "
        "object on a line every second.",
        "juturna top",
        "juturna top --interval 0.2",
        "juturna top --json --count 10 | jq '.nodes[\"1_pass\"].update_ms.p99'",
    )
    parser.add_argument(
        "--interval",
        metavar="SECONDS",
        type=seconds,
        default=_EVERY,
        help="how often (%(default)s)",
    )
    parser.add_argument(
        "--count",
        metavar="N",
        type=count,
        help="end after N times (default: 1 where no terminal is)",
    )


def run(arguments: argparse.Namespace) -> int:
    for_a_person = _draw if _is_terminal() else _print_tables
    show = _print_objects if arguments.json else for_a_person
    return follow(arguments, lambda client: show(client, arguments))


def _is_terminal() -> bool:
    drawn = sys.stdout.isatty() and sys.stderr.isatty()
    return drawn and os.environ.get("TERM") != "dumb"


class Reader:
    """Reads numbers, and has those of `window` seconds ago (at least the last) in `before` to compare them with."""

    def __init__(self, client: Client, window: float = 0.0) -> None:
        self._client = client
        self._window = window
        self._kept: deque[PipelineStats] = deque()
        self.before: PipelineStats | None = None

    def read(self) -> PipelineStats:
        from juturna_core.cli.numbers import stats_of

        now = stats_of(self._client.stats(), self._client.describe())
        kept = self._kept
        if kept and kept[-1].seconds > now.seconds:  # it has begun anew
            kept.clear()
        while len(kept) > 1 and now.seconds - kept[1].seconds >= self._window:
            kept.popleft()
        self.before = kept[0] if kept else None
        kept.append(now)
        return now


def _times(arguments: argparse.Namespace, default: int | None) -> Iterator[None]:
    """After every interval, as often as is asked for."""
    left = arguments.count or default
    while left is None or left > 0:
        time.sleep(arguments.interval)
        yield
        left = None if left is None else left - 1


def _print_objects(client: Client, arguments: argparse.Namespace) -> int:
    from juturna_core.cli.numbers import lately, rates
    from juturna_core.cli.summary import as_dict

    reader = Reader(client)
    reader.read()
    for _ in _times(arguments, None):
        now, before = reader.read(), reader.before
        shown = as_dict(lately(now, before))
        for name, rate in rates(now, before).items():
            shown["nodes"][name]["rx_per_second"] = round(rate, 3)
        print(as_json({"time": round(time.time(), 3), **shown}), flush=True)
    return 0


def _print_tables(client: Client, arguments: argparse.Namespace) -> int:
    from juturna_core.cli.summary import as_table

    reader = Reader(client)
    reader.read()
    for _ in _times(arguments, 1):
        now = reader.read()
        print(as_table(now, reader.before), flush=True)
    return 0


def _draw(client: Client, arguments: argparse.Namespace) -> int:
    import logging

    from juturna_core.cli.keys import Keys
    from juturna_core.cli.live import Screen

    reader, left = Reader(client, _WINDOW), arguments.count
    reader.read()
    pause = min(_FIRST, arguments.interval)
    screen = Screen(logging.NullHandler(), lambda stats, _: _lines(stats, reader.before))
    with Keys() as keys, screen:
        while not keys.wait("q", pause) and left != 0:
            screen.draw(reader.read())
            left = None if left is None else left - 1
            pause = arguments.interval
    return 0


def _lines(stats: PipelineStats, before: PipelineStats | None) -> list[str]:
    """The table, as much of it as the terminal has room for."""
    import shutil

    from juturna_core.cli.summary import as_table

    lines = as_table(stats, before).splitlines()
    room = max(3, shutil.get_terminal_size().lines - 2)
    if len(lines) > room:
        lines = [
            *lines[: room - 1],
            f"… {len(lines) - room + 1} more lines: a taller window shows them",
        ]
    return [*lines, "q ends this view; the pipeline runs on"]
