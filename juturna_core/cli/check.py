"""`juturna check FILE`: what a changed pipeline file would do to the pipeline that runs."""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juturna_core.cli.attach import add_command, as_json, control

if TYPE_CHECKING:
    from juturna_core.control.api import Checked


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "check",
        "what a changed file would do to it",
        "Say what is wrong with a pipeline file, with line and column, and what would change if the running pipeline "
        "became what it says. Nothing is done. Exit code 2: there is an error in it.",
        "juturna check pipe.json",
        "jq '.pipeline.nodes[1].configuration.delay = 0.5' pipe.json | juturna check -",
        "juturna check pipe.json && juturna reload",
    )
    parser.add_argument(
        "file", metavar="FILE", help="the pipeline file (JSON); - reads it from stdin"
    )


def run(arguments: argparse.Namespace) -> int:
    name = "<stdin>" if arguments.file == "-" else arguments.file
    text = _read(arguments.file, name)
    with control(arguments) as client:
        file = client.describe().file
        checked = client.check(text)
    problems = tuple(  # the pipeline takes the text for its own file
        replace(each, path=name) if each.path in (file, None) and each.line else each
        for each in checked.problems
    )
    checked = replace(checked, problems=problems)
    if arguments.json:
        print(as_json(checked))
    else:
        _print(checked)
    return 2 if _has_errors(checked) else 0


def _read(file: str, name: str) -> str:
    from juturna_core.errors import JuturnaError
    from juturna_core.source_map import read_text

    if file != "-":
        return read_text(Path(file))
    try:
        return sys.stdin.buffer.read().decode()
    except UnicodeDecodeError as error:
        message = f"byte 0x{error.object[error.start]:02x} is not UTF-8"
        raise JuturnaError(message, path=name) from error


def _has_errors(checked: Checked) -> bool:
    return any(problem.severity == "error" for problem in checked.problems)


def _print(checked: Checked) -> None:
    for each in (*checked.problems, *checked.changes):
        print(each)
    if _has_errors(checked):
        print("nothing would be done")
    elif not checked.changes:
        print("nothing would change")
