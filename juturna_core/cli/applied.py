"""Changes of a running pipeline as commands make them: in the file too or not, and what they did in words."""

from __future__ import annotations

import argparse
import sys
from typing import TYPE_CHECKING

from juturna_core.cli.attach import as_json, control

if TYPE_CHECKING:
    from juturna_core.control.api import Applied, Control, Edit


def add_edit(parser: argparse.ArgumentParser) -> None:
    """`--write`, `--no-write` and `--dry-run`."""
    parser.add_argument(
        "--write",
        action=argparse.BooleanOptionalAction,
        help="change the pipeline file too (default: if it was started from one)",
    )
    parser.add_argument(
        "--dry-run",
        action="store_true",
        help="only say what would change, the lines of the file too",
    )


def edit(client: Control, arguments: argparse.Namespace, edits: tuple[Edit, ...]) -> int:
    """Make `edits` as the options say, and tell; the exit code."""
    from juturna_core.errors import JuturnaError

    file = client.describe().file
    if arguments.write and not file:
        raise JuturnaError("--write: the pipeline was started from no file")
    write = bool(file) if arguments.write is None else arguments.write
    done = client.edit(edits, write=write, dry_run=arguments.dry_run)
    return tell(done, json=arguments.json, dry_run=arguments.dry_run)


def change(arguments: argparse.Namespace, method: str) -> int:
    """Call a method of Control that answers what it did, and tell; the exit code."""
    with control(arguments) as client:
        done: Applied = getattr(client, method)()
    return tell(done, json=arguments.json)


def tell(applied: Applied, *, json: bool, dry_run: bool = False) -> int:
    """Say what a change did; the exit code: 1 when messages were lost."""
    for line in [as_json(applied)] if json else _in_words(applied, dry_run):
        print(line)
    for warning in applied.warnings:
        print(warning, file=sys.stderr)
    return 1 if applied.lost else 0


def _in_words(applied: Applied, dry_run: bool) -> list[str]:
    from juturna_core.cli.summary import duration

    if not applied.changes and not applied.restarted:
        return ["nothing would change" if dry_run else "nothing changed", *applied.lines]
    words = [_change(each, applied) for each in applied.changes]
    words += [
        f"{name} is built again: {why}"
        for name, why in applied.restarted.items()
        if why not in applied.changes
    ]
    words += applied.lines
    if dry_run:
        return [*words, "nothing was done"]
    held = f"feeders held {duration(applied.held_seconds * 1e3)}" if applied.held_seconds else ""
    counts = (held, f"{applied.carried} messages carried over", f"{applied.lost} lost")
    took = f"done in {duration(applied.seconds * 1e3)}"
    return [*words, ", ".join(each for each in (took, *counts) if each)]


def _change(words: str, applied: Applied) -> str:
    """A change, and whether it took a new node."""
    return f"{words} (built again)" if words in applied.restarted.values() else words
