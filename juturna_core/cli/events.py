"""`juturna events`: what has happened in a running pipeline, and happens."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from juturna_core.cli.attach import add_command, as_json, clock, follow, known
from juturna_core.cli.pages import add_reading, read

if TYPE_CHECKING:
    from juturna_core.control.client import Client
    from juturna_core.events import Event


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "events",
        "what happened in it, and happens",
        "Print what has happened: changes, failures, remotes that come and go.",
        "juturna events",
        "juturna events --follow --node 1_pass",
        "juturna events --kind failed --json | jq -r .text",
        "juturna events --since 17          what came after event 17 (its number is in --json)",
    )
    add_reading(parser)
    parser.add_argument("--kind", metavar="KIND", default="", help="only those of this kind")


def run(arguments: argparse.Namespace) -> int:
    return follow(arguments, lambda client: _read(client, arguments))


def _read(client: Client, arguments: argparse.Namespace) -> int:
    def show(event: Event) -> None:
        if arguments.node in ("", event.node) and arguments.kind in ("", event.kind):
            print(as_json(event) if arguments.json else _for_a_person(event), flush=True)

    if arguments.node:
        known(client, arguments.node)
    return read(client.events, show, arguments, "events")


def _for_a_person(event: Event) -> str:
    about = f"{event.node}: " if event.node else ""
    return f"{clock(event.time)}  {event.kind:<12}{about}{event.text}"
