"""What the commands for a running pipeline share: which one is meant, the way to it, and JSON for scripts."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import examples

if TYPE_CHECKING:
    from juturna_core.control.api import Control
    from juturna_core.control.client import Client

ANSWER_SECONDS = 5.0
"""After so long a pipeline that says nothing counts as hanging. A change may take longer, as its client knows."""


def add_command(
    commands: Any, name: str, brief: str, description: str, *lines: str
) -> argparse.ArgumentParser:
    """A command for a running pipeline, with the options that say which; `lines` are its examples."""
    parser: argparse.ArgumentParser = commands.add_parser(
        name,
        help=brief,
        description=description,
        epilog=examples(*lines),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    add_target(parser)
    return parser


def add_target(parser: argparse.ArgumentParser) -> None:
    """`--pipeline`, `--attach`, `--token-file` and `--json`."""
    group = parser.add_argument_group("which pipeline (default: the one that runs here)")
    one = group.add_mutually_exclusive_group()
    one.add_argument("--pipeline", metavar="NAME", help="its name, NAME-PID or process id")
    one.add_argument("--attach", metavar="ADDRESS", help="unix:PATH of its socket, or HOST:PORT")
    group.add_argument("--token-file", metavar="FILE", help="what --control-token-file has there")
    parser.add_argument("--json", action="store_true", help="print JSON, for scripts")


@contextmanager
def control(arguments: argparse.Namespace, seconds: float = ANSWER_SECONDS) -> Iterator[Client]:
    """The pipeline that is meant. Raises JuturnaError when there is none."""
    from juturna_core.control.client import Client
    from juturna_core.control.discovery import find

    found = find(arguments.pipeline, arguments.attach)
    token = _token(arguments.token_file) or found.token
    with closing(Client(found.address, token=token, timeout=seconds)) as client:
        yield client


def _token(file: str | None) -> str | None:
    from juturna_core.errors import JuturnaError

    if file is None:
        return None
    try:
        return Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise JuturnaError(f"--token-file {file}: {reason}") from error


def known(control: Control, node: str) -> None:
    """Raise JuturnaError unless the pipeline has `node`."""
    from juturna_core.errors import JuturnaError, did_you_mean

    names = [each.name for each in control.describe().nodes]
    if node not in names:
        raise JuturnaError(f'there is no node "{node}"', node=node, hint=did_you_mean(node, names))


def follow(arguments: argparse.Namespace, work: Callable[[Client], int]) -> int:
    """The code of `work`, which goes on until the pipeline ends or ctrl+c: both are its usual end, not an error.

    A pipeline that hangs is one.
    """
    from juturna_core.control.api import Gone
    from juturna_core.control.discovery import is_there

    try:
        with control(arguments) as client:
            try:
                return work(client)
            except Gone:
                if is_there(client.address):
                    raise
                say_that_it_ended()
                return 0
    except KeyboardInterrupt:
        return 130


def say_that_it_ended() -> None:
    warn("the pipeline has ended")


def as_json(value: Any) -> str:
    """A value of the contract, or plain ones, on one line."""
    plain = value if isinstance(value, dict | list | str) else asdict(value)
    return json.dumps(plain, ensure_ascii=False)


def clock(seconds: float) -> str:
    """The time of day here, to a millisecond."""
    from datetime import datetime

    return datetime.fromtimestamp(seconds).strftime("%H:%M:%S.%f")[:-3]


def warn(text: str) -> None:
    """A line about the answer, beside it."""
    print(f"juturna: {text}", file=sys.stderr, flush=True)
