"""`juturna remotize`: run one node for pipelines elsewhere."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import add_logging, examples, port, seconds, start_logging
from juturna_core.errors import JuturnaError

if TYPE_CHECKING:
    from juturna_core.node import Node

RUNTIME_FOLDER = "remote_pipes"


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "remotize",
        help="run one node for pipelines elsewhere",
        description="Run one node behind gRPC. A pipeline elsewhere uses it by `warped` and `warp_configuration` of "
        "that node; the configuration it has there is laid over --default-config. SIGINT and SIGTERM finish what was "
        "taken and exit with 0 (1: not within --grace). What was not taken stays with its sender and is sent again.",
        epilog=examples(
            'juturna remotize --node-name "1_pass" --plugins-dir "./plugins" --pipe-name "test_mocked_pipeline" \\',
            '    --node-mark "passthrough_identity" --default-config \'{"delay": 2}\' --port 45000',
            "juturna remotize -n 1_pass -m passthrough_identity -P ./plugins -c defaults.json --host 127.0.0.1",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-n", "--node-name", metavar="NAME", required=True, help="name of the node")
    parser.add_argument("-m", "--node-mark", metavar="MARK", required=True, help="mark of the node")
    parser.add_argument(
        "-t", "--node-type", metavar="TYPE", default="proc", help="type of the node (%(default)s)"
    )
    parser.add_argument(
        "-P",
        "--plugins-dir",
        "--plugin-dir",
        metavar="DIR",
        action="append",
        default=[],
        help="folder of plugins; may be said more than once (default: the built-in nodes only)",
    )
    parser.add_argument(
        "-N",
        "--pipe-name",
        metavar="NAME",
        default="warped_node",
        help=f"what the node takes for its pipeline; it may write into {RUNTIME_FOLDER}/NAME (%(default)s)",
    )
    parser.add_argument(
        "-c",
        "--default-config",
        metavar="JSON|FILE",
        help="arguments of the node: a JSON object, or the name of a file that holds one",
    )
    parser.add_argument("--host", default="", help="interface to listen on (all)")
    parser.add_argument(
        "-p", "--port", type=port, default=50051, help="port to listen on (%(default)s)"
    )
    parser.add_argument(
        "--lane-port",
        metavar="PORT|none",
        type=lane_port,
        default=0,
        help="a second port, used for the data where it can be reached: faster (any that is free)",
    )
    parser.add_argument(
        "-w",
        "--max-workers",
        metavar="N",
        type=int,
        default=10,
        help="calls of Juturna's own clients that may wait here at once (%(default)s)",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=seconds,
        default=5.0,
        help="how long finishing may take (%(default)s)",
    )
    add_logging(parser)


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.catalog import Catalog
    from juturna_core.cli.signals import Signals, leave
    from juturna_core.config import NodeConfig
    from juturna_core.log import jt_logger
    from juturna_core.warp.instance import Instances
    from juturna_core.warp.server import Identity, Remote
    from juturna_core.warp.wire import address

    start_logging(arguments)
    signals = Signals()
    asked = threading.Event()
    catalog = Catalog([_folder(name) for name in arguments.plugins_dir])
    spec = catalog.find(arguments.node_type, arguments.node_mark)
    defaults = {**spec.defaults, **default_config(arguments.default_config)}

    def build(given: dict[str, Any]) -> Node[Any, Any]:
        node = {
            "name": arguments.node_name,
            "type": arguments.node_type,
            "mark": arguments.node_mark,
            "configuration": given,
        }
        return catalog.build(NodeConfig.model_validate(node), pipe_name=arguments.pipe_name)

    remote = Remote(
        Identity(
            arguments.node_name, arguments.node_type, arguments.node_mark, arguments.pipe_name
        ),
        Instances(build, defaults, folder=Path(RUNTIME_FOLDER, arguments.pipe_name)),
        max_workers=arguments.max_workers,
    )
    signals.attend(asked.set, force=lambda: leave(1))
    remote.start(arguments.host, arguments.port, arguments.lane_port)
    if not arguments.host:
        jt_logger("remotize").info("listening on all interfaces; --host chooses one")
    where = address(arguments.host or "0.0.0.0", remote.port)
    print(
        f"{where} serves {arguments.node_name} ({arguments.node_type} {arguments.node_mark})",
        flush=True,
    )
    asked.wait()
    if remote.stop(arguments.grace):
        return 0
    print(
        f"juturna: {arguments.node_name} did not finish within {arguments.grace:g} s",
        file=sys.stderr,
    )
    leave(1)


def lane_port(text: str) -> int | None:
    """A port, or None for "none"; for argparse."""
    return None if text == "none" else port(text)


def default_config(given: str | None) -> dict[str, Any]:
    """The object that --default-config holds or names. Raises JuturnaError with line and column."""
    if given is None:
        return {}
    path: str | None = None
    text = given
    if not given.lstrip().startswith(("{", "[")):
        path = given
        try:
            text = Path(given).read_text(encoding="utf-8-sig")
        except OSError as error:
            raise JuturnaError(
                f"--default-config: {given!r} is neither a JSON object nor a file ({error.strerror})"
            ) from error
    try:
        found = json.loads(text)
    except json.JSONDecodeError as error:
        raise JuturnaError(
            f"--default-config is no JSON: {error.msg}",
            path=path or "--default-config",
            line=error.lineno,
            column=error.colno,
        ) from error
    if not isinstance(found, dict):
        raise JuturnaError(f"--default-config is no JSON object but {text.strip()[:40]}", path=path)
    return found


def _folder(name: str) -> Path:
    folder = Path(name)
    if not folder.is_dir():
        raise JuturnaError(f"there is no plugin folder {name}", hint="--plugins-dir names it")
    return folder
