"""Reading what a running pipeline keeps a numbered record of, once or as it grows."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import Any, Protocol, TypeVar

from juturna_core.cli.attach import warn

WAIT = 10.0
"""Seconds that one question waits for news."""

Item = TypeVar("Item", covariant=True)


class Page(Protocol[Item]):
    """What `Control.logs` and `Control.events` answer."""

    @property
    def items(self) -> tuple[Item, ...]: ...
    @property
    def missed(self) -> int: ...
    @property
    def last(self) -> int: ...
    @property
    def more(self) -> int: ...


def add_reading(parser: argparse.ArgumentParser) -> None:
    """`--follow`, `--since` and `--node`."""
    parser.add_argument("-f", "--follow", action="store_true", help="go on until ctrl+c")
    parser.add_argument(
        "--since", metavar="NUMBER", type=_number, default=0, help="only what comes after this one"
    )
    parser.add_argument("--node", metavar="NODE", default="", help="only what is about this node")


def read(
    ask: Callable[[int, float], Page[Any]],
    show: Callable[[Any], None],
    arguments: argparse.Namespace,
    what: str,
) -> int:
    """Show what `ask` (after which number, how long to wait) has, and what comes if it is to be followed."""
    page = ask(arguments.since, 0.0)
    while True:
        if page.missed:
            warn(f"{page.missed} earlier {what} are not kept any more")
        for item in page.items:
            show(item)
        if not (arguments.follow or page.more):
            return 0
        page = ask(page.last, WAIT)


def _number(text: str) -> int:
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(f"the number of a line, not {text!r}")
    return int(text)
