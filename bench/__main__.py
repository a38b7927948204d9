"""`python -m bench`: run both sides in turns, print one table, keep the numbers.

Each run of each side is a process of its own (side.py, alone.py, screen.py): nothing of one run is left in the next.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from bench.rows import ROWS, Figure, Row, Side
from bench.venvs import NoPython, pythons

HERE = Path(__file__).parent
SECONDS_FOR_A_RUN = 300

Runs = dict[Side, list[dict[str, Any]]]
"""What each run of each side printed, in order."""


def main() -> int:
    """0 when every bar is met, 1 when one is not, 2 when nothing could be measured."""
    arguments = _parser().parse_args()
    rows = [row for row in ROWS if not arguments.only or row.name in arguments.only]
    try:
        interpreters = pythons()
    except (NoPython, subprocess.CalledProcessError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    began = time.monotonic()
    lines = []
    for row in rows:
        runs = measure(row, interpreters, arguments.rounds, arguments.quick)
        lines += [line(row, figure, runs) for figure in row.figures]
    seconds = time.monotonic() - began
    print_table(lines, arguments.rounds, seconds)
    if not arguments.only and not arguments.quick:
        keep(lines, interpreters, arguments.rounds, seconds)
    return 0 if all(each["met"] is not False for each in lines) else 1


def measure(row: Row, interpreters: Mapping[Side, str], rounds: int, quick: bool) -> Runs:
    """Ours, theirs, ours, theirs, …"""
    runs: Runs = {"ours": []} if row.alone else {"ours": [], "theirs": []}
    if row.sleepless:
        runs["sleepless"] = []
    for number in range(rounds):
        for side in runs:
            arguments = {**row.arguments, **(row.quick if quick else {})}
            if side == "ours":
                arguments |= row.ours_only
            if side == "sleepless":
                arguments["sleepless"] = True
            print(
                f"\r\x1b[K{row.name}: {number + 1} of {rounds}, {side}",
                end="",
                file=sys.stderr,
                flush=True,
            )
            runs[side].append(_run(interpreters[side], row.script, row.call, arguments))
    print("\r\x1b[K", end="", file=sys.stderr, flush=True)
    return runs


def _run(python: str, script: str, call: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of one run; {} for one that failed, whose last words go to stderr."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTHON")
    }
    try:
        done = subprocess.run(
            [python, script, call, json.dumps(arguments)],
            cwd=HERE,
            env=environment,
            capture_output=True,
            text=True,
            timeout=SECONDS_FOR_A_RUN,
            check=True,
        )
        return dict(json.loads(done.stdout.splitlines()[-1]))
    except subprocess.TimeoutExpired:
        print(f"\n{python} {script} {call}: no end after {SECONDS_FOR_A_RUN} s", file=sys.stderr)
    except subprocess.CalledProcessError as error:
        print(f"\n{python} {script} {call}: {error.stderr[-2000:]}", file=sys.stderr)
    return {}


def line(row: Row, figure: Figure, runs: Runs) -> dict[str, Any]:
    """One line of the table, and of the JSON: medians over the rounds."""
    values = {
        side: [run[figure.key] for run in done if figure.key in run] for side, done in runs.items()
    }
    median = {side: statistics.median(found) if found else None for side, found in values.items()}
    ours, theirs, sleepless = median["ours"], median.get("theirs"), median.get("sleepless")
    met = None
    if figure.bar is not None:
        met = ours is not None and figure.bar.met(ours, theirs)
    return {
        "row": row.name,
        "what": figure.what,
        "unit": figure.unit,
        **median,
        "ratio": ours / theirs if ours is not None and theirs else None,
        "ratio_sleepless": ours / sleepless if ours is not None and sleepless else None,
        "bar": str(figure.bar) if figure.bar is not None else None,
        "met": met,
        "runs": values,
    }


def print_table(lines: Iterable[Mapping[str, Any]], rounds: int, seconds: float) -> None:
    print(
        f"medians of {rounds} rounds, {seconds / 60:.1f} min; "
        "without sleep: Juturna with its source's sleep patched out"
    )
    head = ("", "ours", "Juturna", "ratio", "bar", "", "without sleep", "ratio")
    cells = [
        (
            each["what"],
            f"{_number(each['ours'])} {each['unit']}".strip(),
            _number(each.get("theirs")),
            _ratio(each["ratio"]),
            each["bar"] or "",
            {True: "met", False: "NOT met", None: ""}[each["met"]],
            _number(each.get("sleepless")),
            _ratio(each["ratio_sleepless"]),
        )
        for each in lines
    ]
    widths = [max(len(row[column]) for row in (head, *cells)) for column in range(len(head))]
    for row in (head, *cells):
        first, *rest = (
            cell.ljust(width) if column in (0, 5) else cell.rjust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        )
        print("  ".join((first, *rest)).rstrip())


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}".replace(",", " ") if abs(value) >= 100 else f"{value:.3g}"


def _ratio(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:.1f} x" if value >= 2 else f"{value:.2f} x"


def keep(
    lines: list[dict[str, Any]], interpreters: Mapping[Side, str], rounds: int, seconds: float
) -> None:
    """Write results/DATE.json, and the same as results/latest.json."""
    results = HERE / "results"
    results.mkdir(exist_ok=True)
    text = json.dumps(
        {
            "date": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
            "machine": {
                "system": platform.platform(),
                "cores": os.cpu_count(),
                "load": os.getloadavg(),
            },
            "python": interpreters,
            "rounds": rounds,
            "seconds": round(seconds, 1),
            "lines": lines,
        },
        indent=2,
        ensure_ascii=False,
    )
    for name in (time.strftime("%Y-%m-%d"), "latest"):
        (results / f"{name}.json").write_text(text + "\n", encoding="utf-8")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    names = [row.name for row in ROWS]
    parser.add_argument(
        "--only",
        action="append",
        choices=names,
        metavar="ROW",
        help=f"one of {', '.join(names)}; may be repeated",
    )
    parser.add_argument(
        "--quick", action="store_true", help="shorter runs: a look, not a measurement"
    )
    parser.add_argument("--rounds", type=int, default=3, metavar="N", help="runs of each side (3)")
    return parser


if __name__ == "__main__":
    sys.exit(main())
