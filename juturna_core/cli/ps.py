"""`juturna ps`: the pipelines that run here, for this user."""

from __future__ import annotations

import argparse
import sys
from contextlib import closing
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import examples

if TYPE_CHECKING:
    from juturna_core.control.api import Description, Numbers
    from juturna_core.control.discovery import Found

PATIENCE = 1.0
"""Seconds that a pipeline has to answer."""
_COLUMNS = ("name", "pid", "state", "nodes", "warped", "msg/s", "lost", "up", "file")
_WORDS = (0, 2, 8)


@dataclass(frozen=True, slots=True)
class Seen:
    """A pipeline and what it says of itself, if it answers."""

    found: Found
    about: Description | None = None
    numbers: Numbers | None = None


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "ps",
        help="which pipelines run here",
        description="List the pipelines that this user runs here. msg/s is what all nodes received in a second, "
        "on average since the start; `juturna top` has what it is now. Exit code 1: one does not answer.",
        epilog=examples(
            "juturna ps",
            "juturna ps --json | jq -r '.[] | select(.lost > 0) | .name'",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list, for scripts")


def run(arguments: argparse.Namespace) -> int:
    import json

    from juturna_core.control.discovery import running

    seen = _look(running())
    if arguments.json:
        print(json.dumps([_as_dict(each) for each in seen], ensure_ascii=False, indent=2))
    elif not seen:
        print("juturna: no pipeline is running here", file=sys.stderr)
    else:
        _print(seen)
    return 1 if any(each.numbers is None for each in seen) else 0


def _look(found: list[Found]) -> list[Seen]:
    """Ask all at once: those that hang cost a second together."""
    from concurrent.futures import ThreadPoolExecutor

    if not found:
        return []
    with ThreadPoolExecutor(min(len(found), 32)) as pool:
        return [each for each in pool.map(_ask, found) if each is not None]


def _ask(found: Found) -> Seen | None:
    """None when it has ended meanwhile."""
    from juturna_core.control.client import Client
    from juturna_core.control.discovery import is_there
    from juturna_core.errors import JuturnaError

    with closing(Client(found.address, token=found.token, timeout=PATIENCE)) as client:
        try:
            return Seen(found, client.describe(), client.stats())
        except JuturnaError:
            return Seen(found) if is_there(found.address) else None


def _as_dict(seen: Seen) -> dict[str, Any]:
    found, about, numbers = seen.found, seen.about, seen.numbers
    known = {"name": found.name, "pid": found.pid, "address": found.address}
    if about is None or numbers is None:
        return {**known, "answers": False}
    return {
        **known,
        "answers": True,
        "name": about.name,
        "state": numbers.state,
        "nodes": len(about.nodes),
        "warped": sum(node.warped for node in about.nodes),
        "messages_per_second": round(_rate(numbers), 3),
        "lost": numbers.lost,
        "seconds": round(numbers.seconds, 3),
        "started": about.started,
        "file": about.file,
    }


def _rate(numbers: Numbers) -> float:
    received = sum(node.received for node in numbers.nodes.values())
    return received / numbers.seconds if numbers.seconds > 0 else 0.0


def _print(seen: list[Seen]) -> None:
    from juturna_core.cells import aligned

    for line in aligned([_COLUMNS, *map(_row, seen)], _WORDS):
        print(line)


def _row(seen: Seen) -> tuple[str, ...]:
    about, numbers = seen.about, seen.numbers
    if about is None or numbers is None:
        return (seen.found.name, str(seen.found.pid), "does not answer", *("-",) * 6)
    return (
        about.name,
        str(seen.found.pid),
        numbers.state,
        str(len(about.nodes)),
        str(sum(node.warped for node in about.nodes)),
        f"{_rate(numbers):.1f}",
        str(numbers.lost),
        _span(numbers.seconds),
        about.file or "-",
    )


def _span(seconds: float) -> str:
    """A time for a person, in its two largest units: `2 h 5 min`."""
    days, rest = divmod(int(seconds), 86400)
    hours, rest = divmod(rest, 3600)
    minutes, rest = divmod(rest, 60)
    parts = ((days, "d"), (hours, "h"), (minutes, "min"), (rest, "s"))
    first = next((at for at, (count, _) in enumerate(parts) if count), len(parts) - 1)
    return " ".join(f"{count} {unit}" for count, unit in parts[first : first + 2])
