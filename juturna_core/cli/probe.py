"""`juturna probe HOST:PORT`: is a remote there, which node does it serve, and how far away is it?"""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from juturna_core.cli.attach import add_command, as_json, control
from juturna_core.cli.options import peer

if TYPE_CHECKING:
    from juturna_core.control.api import Probe


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "probe",
        "what is at the address of a remote",
        "Ask an address which node it serves; no message is sent. Asked is from the machine of the running pipeline, "
        "which may reach what this one does not. Exit code 1: nothing answers, or no remote of ours.",
        "juturna probe 10.0.0.7:45000",
        "juturna probe 10.0.0.7:45000 && juturna warp 1_pass 10.0.0.7:45000",
        "juturna probe 10.0.0.7:45000 --json | jq .node_mark",
    )
    parser.add_argument("place", metavar="HOST:PORT", type=peer, help="where the remote listens")


def run(arguments: argparse.Namespace) -> int:
    with control(arguments) as client:
        found = client.probe(*arguments.place)
    print(as_json(found) if arguments.json else _in_words(found))
    return 0 if found.ours else 1


def _in_words(found: Probe) -> str:
    from juturna_core.cli.summary import duration

    if found.milliseconds is None:
        return found.text
    return f"{found.text}, round trip {duration(found.milliseconds)}"
