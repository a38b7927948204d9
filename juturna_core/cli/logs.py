"""`juturna logs`: what a running pipeline has logged, and logs."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from juturna_core.cli.attach import add_command, as_json, clock, follow
from juturna_core.cli.options import LEVELS
from juturna_core.cli.pages import add_reading, read

if TYPE_CHECKING:
    from juturna_core.control.api import LogLine, LogPage
    from juturna_core.control.client import Client


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "logs",
        "its log, and as it grows",
        "Print the lines that the pipeline has logged and still keeps: as much as its --log-level lets through.",
        "juturna logs",
        "juturna logs --follow --level warning",
        "juturna logs --node 1_pass --json | jq -r .text",
        "juturna logs --since 1200          what came after line 1200 (its number is in --json)",
    )
    add_reading(parser)
    parser.add_argument(
        "--level", choices=LEVELS, type=str.upper, default="", help="only lines of at least this"
    )


def run(arguments: argparse.Namespace) -> int:
    return follow(arguments, lambda client: _read(client, arguments))


def _read(client: Client, arguments: argparse.Namespace) -> int:
    def ask(since: int, wait: float) -> LogPage:
        return client.logs(since, wait, arguments.node, arguments.level)

    def show(line: LogLine) -> None:
        print(as_json(line) if arguments.json else _for_a_person(line), flush=True)

    return read(ask, show, arguments, "lines")


def _for_a_person(line: LogLine) -> str:
    """As the log's own format `compact`."""
    return f"{clock(line.time)} | {line.level[:1]} | {line.logger:<23} | {line.text}"
