"""A place where a node may run: what is wrong with it as it is typed, and the command that serves the node there."""

from __future__ import annotations

import ipaddress
import math
import shlex
from collections.abc import Callable, Sequence
from typing import Final

from juturna_core.cells import printable
from juturna_core.control.api import NodeDescription
from juturna_tui.settings import Place


def command(node: NodeDescription, place: Place, plugin_dirs: Sequence[str], pipeline: str) -> str:
    """The line that serves `node` at `place`, for a shell there. A remote of this machine is open to this one only."""
    options = [("--node-name", node.name), ("--node-mark", node.mark)]
    if node.type != "proc":
        options.append(("--node-type", node.type))
    options += [("--plugins-dir", folder) for folder in plugin_dirs]
    options.append(("--pipe-name", pipeline))
    if is_here(place.host):
        options.append(("--host", place.host.strip("[]")))
    options.append(("--port", str(place.port)))
    words = ["juturna", "remotize"]
    for option, value in options:  # what begins with a dash would be taken for another option
        words += [f"{option}={value}"] if value.startswith("-") else [option, value]
    return printable(shlex.join(words))


def is_here(host: str) -> bool:
    """Whether a host is this machine by its very name; no name is looked up."""
    try:
        return host == "localhost" or ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def wrong_host(text: str) -> str:
    """What is wrong with it, "" for nothing; the same of the other two."""
    if not text:
        return "a name or an address is needed"
    if any(mark.isspace() for mark in text):
        return "a host has no blanks in it"
    return "a host has no / in it" if "/" in text else ""


def wrong_port(text: str) -> str:
    digits = text.isascii() and text.isdecimal() and len(text) < 9
    return "" if digits and 1 <= int(text) <= 65535 else "a port is a number from 1 to 65535"


def wrong_timeout(text: str) -> str:
    try:
        seconds = float(text)
    except ValueError:
        return "seconds are needed, like 30 or 2.5"
    return "" if 0 < seconds < math.inf else "it must be more than 0 seconds"


CHECKS: Final[dict[str, Callable[[str], str]]] = {
    "grpc_host": wrong_host,
    "grpc_port": wrong_port,
    "timeout": wrong_timeout,
}
"""The fields in their order, by the keys of the file."""
