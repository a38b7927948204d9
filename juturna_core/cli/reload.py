"""`juturna reload` and `juturna undo`: apply the pipeline file as it is now, or as it was before the last edit."""

from __future__ import annotations

import argparse
from typing import Any

from juturna_core.cli.applied import change
from juturna_core.cli.attach import add_command


def add_parser(commands: Any) -> None:
    add_command(
        commands,
        "reload",
        "apply the pipeline file as it is now",
        "Read the pipeline file again and make the running pipeline what it says: only nodes that changed are built "
        "again, and messages that wait for them are kept. A file with an error in it changes nothing. "
        "Exit code 1: messages were lost; 2: it cannot be done.",
        "juturna reload",
        "juturna check pipe.json && juturna reload",
    )
    add_command(
        commands,
        "undo",
        "take the last edit of the file back",
        "Take back what set, warp or unwarp did last, in the file and in the pipeline. May be said again and again, "
        "until the file is as it was. Exit code 1: messages were lost; 2: there is nothing to undo.",
        "juturna undo",
    )


def run(arguments: argparse.Namespace) -> int:
    return change(arguments, arguments.command)
