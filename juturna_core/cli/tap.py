"""`juturna tap NODE`: the messages that come to a node, as they come."""

from __future__ import annotations

import argparse
import json
import sys
from contextlib import closing
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any

from juturna_core.cli.attach import add_command, as_json, clock, follow, say_that_it_ended
from juturna_core.cli.options import count

if TYPE_CHECKING:
    from juturna_core.control.api import Passed
    from juturna_core.control.client import Client


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "tap",
        "the messages that come to a node",
        "Print the messages that come to a node, a line each, until ctrl+c: for a person on a terminal, else as JSON. "
        "A payload is said in words. The node does not wait for this: when it is too fast, messages are left out here.",
        "juturna tap 1_pass",
        "juturna tap 1_pass --limit 1 --json | jq",
        "juturna tap 1_pass --field summary",
        "juturna tap 1_pass --field meta.session_id | sort | uniq -c",
    )
    parser.add_argument("node", metavar="NODE", help="name of the node")
    parser.add_argument("--limit", metavar="N", type=count, help="end after N messages")
    parser.add_argument(
        "--field", metavar="NAME", help="print this field only; meta.x is x in the message's meta"
    )


def run(arguments: argparse.Namespace) -> int:
    _refuse_unknown(arguments.field)
    return follow(arguments, lambda client: _print(client, arguments))


def _print(client: Client, arguments: argparse.Namespace) -> int:
    left = arguments.limit
    with closing(client.tap(arguments.node)) as messages:
        for message in messages:
            print(_line(message, arguments), flush=True)
            left = None if left is None else left - 1
            if left == 0:
                return 0
    say_that_it_ended()
    return 0


def _line(message: Passed, arguments: argparse.Namespace) -> str:
    if arguments.field is not None:
        value = _field(asdict(message), arguments.field)
        is_plain = isinstance(value, str) and not arguments.json
        return value if is_plain else json.dumps(value, ensure_ascii=False)
    if arguments.json or not sys.stdout.isatty():
        return as_json(message)
    return _for_a_person(message)


def _for_a_person(message: Passed) -> str:
    meta = f"  {as_json(message.meta)}" if message.meta else ""
    creator = f" of {message.creator}" if message.creator else ""
    return (
        f"{clock(message.time)}  #{message.id}{creator}, version {message.version}"
        f"  {_size(message.size)}  {message.summary}{meta}"
    )


def _size(size: float) -> str:
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.3g} {unit}"
        size /= 1000
    return f"{size:.4g} GB"


def _field(value: Any, path: str) -> Any:
    """What `path` leads to; None where nothing is. A key may have dots in it."""
    if isinstance(value, dict) and path in value:
        return value[path]
    for at, letter in enumerate(path):
        if letter == "." and isinstance(value, dict) and path[:at] in value:
            return _field(value[path[:at]], path[at + 1 :])
    return None


def _refuse_unknown(field: str | None) -> None:
    """Raise JuturnaError for a field that no message has."""
    if field is None:
        return
    from juturna_core.control.api import Passed
    from juturna_core.errors import JuturnaError, did_you_mean

    names = [each.name for each in fields(Passed)]
    if (first := field.partition(".")[0]) not in names:
        hint = did_you_mean(first, names) or f"one of {', '.join(names)}"
        raise JuturnaError(f'--field {field}: a message has no "{first}"', hint=hint)
