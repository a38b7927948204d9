"""`juturna warp` and `juturna unwarp`: move a node of a running pipeline to a remote, and back."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from juturna_core.cli.applied import add_edit, edit
from juturna_core.cli.attach import add_command, control
from juturna_core.cli.options import peer, seconds

if TYPE_CHECKING:
    from juturna_core.control.api import Edit, NodeDescription


def add_parser(commands: Any) -> None:
    warp = add_command(
        commands,
        "warp",
        "move a node to a remote",
        "Have a node run in a remote, which `juturna remotize` has started there, while the pipeline runs. Its feeders "
        "are held for a moment; what waits for the node goes to the remote. The file says so afterwards. "
        "Exit code 1: messages were lost.",
        "juturna warp 1_pass 10.0.0.7:45000",
        "juturna warp 1_pass '[fd00::7]:45000' --timeout 5",
        "juturna warp 1_pass                       to the remote that its file names",
        "juturna warp 1_pass --dry-run             what would change?",
    )
    warp.add_argument("node", metavar="NODE", help="name of the node")
    warp.add_argument(
        "place",
        metavar="HOST:PORT",
        nargs="?",
        type=peer,
        help="where the remote listens (default: what the node's warp_configuration says)",
    )
    warp.add_argument(
        "--timeout", metavar="SECONDS", type=seconds, help="how long one message may take there"
    )
    unwarp = add_command(
        commands,
        "unwarp",
        "move a node back here",
        "Have a node that is warped run in the pipeline's own process again. Where its remote is stays in the file. "
        "Exit code 1: messages were lost.",
        "juturna unwarp 1_pass",
        "juturna unwarp 1_pass --no-write          the file stays as it is",
    )
    unwarp.add_argument("node", metavar="NODE", help="name of the node")
    for parser in (warp, unwarp):
        add_edit(parser)


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.control.api import Edit

    with control(arguments) as client:
        if arguments.command == "unwarp":
            return edit(client, arguments, (Edit(arguments.node, ("warped",), False),))
        nodes = client.describe().nodes
        node = next((each for each in nodes if each.name == arguments.node), None)
        return edit(client, arguments, _edits(arguments, node))


def _edits(arguments: argparse.Namespace, node: NodeDescription | None) -> tuple[Edit, ...]:
    """What `warp` changes. Raises JuturnaError when nobody says where the remote is."""
    from juturna_core.control.api import Edit
    from juturna_core.errors import JuturnaError

    name = arguments.node
    if arguments.place is None and node is not None and not node.port:
        raise JuturnaError(
            f"the file names no remote for {name}", node=name, hint=f"juturna warp {name} HOST:PORT"
        )
    host, port = arguments.place or (None, None)
    given = {"grpc_host": host, "grpc_port": port, "timeout": arguments.timeout}
    edits = [
        Edit(name, ("warp_configuration", key), value)
        for key, value in given.items()
        if value is not None
    ]
    return (*edits, Edit(name, ("warped",), True))
