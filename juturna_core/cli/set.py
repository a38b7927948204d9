"""`juturna set NODE KEY VALUE`: another value for a node of a running pipeline."""

from __future__ import annotations

import argparse
import json
from typing import TYPE_CHECKING, Any

from juturna_core.cli.applied import add_edit, edit
from juturna_core.cli.attach import add_command, control

if TYPE_CHECKING:
    from juturna_core.control.api import NodeDescription

_OF_NODE = ("warped", "warp_configuration", "when_full", "on_error", "auto_dump", "sync")
"""Keys beside `configuration` in a node's object; what a node is (its name, type and mark) is no value to set."""


def add_parser(commands: Any) -> None:
    parser = add_command(
        commands,
        "set",
        "give a node another value",
        "Give an argument of a node another value while the pipeline runs, and in its file: of the file only the bytes "
        "of that value change. A node that does not take it as it lives is built again, and its messages wait. "
        "Exit code 1: messages were lost.",
        "juturna set 1_pass delay 0.5",
        "juturna set 1_pass delay 0.5 --no-write       the file stays as it is",
        "juturna set 1_pass delay 0.5 --dry-run        what would change?",
        'juturna set 0_stream labels \'["a", "b"]\'',
        "juturna set 1_pass on_error stop              a key of the node itself",
        "juturna set 1_pass delay --default            take the argument out of the file",
    )
    parser.add_argument("node", metavar="NODE", help="name of the node")
    parser.add_argument("key", metavar="KEY", help="name of the argument; a.b is b in the object a")
    value = parser.add_mutually_exclusive_group(required=True)
    value.add_argument("value", metavar="VALUE", nargs="?", help="JSON, or else a text")
    value.add_argument("--default", action="store_true", help="as if nothing was given")
    add_edit(parser)


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.control.api import Edit

    with control(arguments) as client:
        nodes = client.describe().nodes
        node = next((each for each in nodes if each.name == arguments.node), None)
        path = _path(arguments.key, node)
        value = None if arguments.default else _value(arguments.value)
        made = Edit(arguments.node, path, value, remove=arguments.default)
        return edit(client, arguments, (made,))


def _path(key: str, node: NodeDescription | None) -> tuple[str, ...]:
    """Where `key` is in a node's object: an argument unless it can only be a key of the node."""
    first, *_ = parts = key.split(".")
    arguments = node.arguments if node is not None else {}
    if key in arguments:  # with its dots
        return ("configuration", key)
    if first not in arguments and first in (*_OF_NODE, "configuration"):
        return tuple(parts)
    return ("configuration", *parts)


def _value(text: str) -> Any:
    def refused(constant: str) -> Any:
        raise ValueError(constant)  # NaN and Infinity, which JSON does not have

    try:
        return json.loads(text, parse_constant=refused)
    except ValueError:
        return text
