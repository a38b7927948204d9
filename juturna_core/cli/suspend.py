"""`juturna suspend` and `juturna resume`: a node that lets messages through untouched for a while."""

from __future__ import annotations

import argparse
from typing import Any

from juturna_core.cli.attach import add_command, as_json, control


def add_parser(commands: Any) -> None:
    suspend = add_command(
        commands,
        "suspend",
        "have a node do nothing for a while",
        "Suspend a node: messages pass through it untouched, until it is resumed.",
        "juturna suspend 1_pass",
        "juturna suspend 1_pass && sleep 5; juturna resume 1_pass",
    )
    resume = add_command(
        commands,
        "resume",
        "have it go on",
        "Have a node that was suspended go on.",
        "juturna resume 1_pass",
    )
    for parser in (suspend, resume):
        parser.add_argument("node", metavar="NODE", help="name of the node")


def run(arguments: argparse.Namespace) -> int:
    suspended = arguments.command == "suspend"
    with control(arguments) as client:
        (client.suspend if suspended else client.resume)(arguments.node)
    if arguments.json:
        print(as_json({"node": arguments.node, "suspended": suspended}))
    else:
        print(f"{arguments.node} {'is suspended' if suspended else 'goes on'}")
    return 0
