"""`juturna validate FILE`: every problem of a pipeline file with its place. Nothing is imported or started."""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import add_logging, examples, start_logging

if TYPE_CHECKING:
    from juturna_core.config import PipelineConfig
    from juturna_core.errors import Problem
    from juturna_core.source_map import SourceMap


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "validate",
        help="every problem of a pipeline file, with line and column",
        description="Check a pipeline file and the plugins that it names, without running any of their code. "
        "Exit code 0: it can be run; 1: it cannot, or with --strict there are warnings; 2: it cannot be read.",
        epilog=examples(
            "juturna validate pipe.json",
            "juturna validate pipe.json --strict        unknown keys are errors too",
            "juturna validate pipe.json --json | jq '.[] | select(.severity == \"error\")'",
            "juturna validate -c pipe.json -d -p ./plugins -r report.json     as Juturna spells it",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    file = parser.add_mutually_exclusive_group(required=True)
    file.add_argument("file", nargs="?", metavar="FILE", help="the pipeline file (JSON)")
    file.add_argument("-c", "--config", metavar="FILE", help="the same, as Juturna spells it")
    parser.add_argument("--strict", action="store_true", help="take warnings for errors")
    parser.add_argument(
        "--json", action="store_true", help="print a JSON list of problems, and nothing else"
    )
    parser.add_argument(
        "-p",
        "--plugin-folder",
        dest="plugins",
        metavar="DIR",
        action="append",
        default=[],
        help="look for plugins here too; may be given several times",
    )
    parser.add_argument("-r", "--report", metavar="FILE", help="write Juturna's report (JSON) here")
    parser.add_argument(
        "-d",
        "--deep",
        action="store_true",
        help="accepted for Juturna's sake: arguments are always checked",
    )
    add_logging(parser, "WARNING")


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.cli.checked import problems_of
    from juturna_core.errors import ConfigError
    from juturna_core.source_map import SourceMap, read_text

    start_logging(arguments)
    path = arguments.file or arguments.config
    try:
        text = read_text(Path(path))
    except ConfigError as error:
        _print(error.problems, as_json=arguments.json)
        return 2
    config, _, problems = problems_of(path, plugin_dirs=arguments.plugins)
    counting = [p for p in problems if arguments.strict or p.severity == "error"]
    wrong = bool(counting)
    _print(problems, as_json=arguments.json)
    if not arguments.json:
        print(f"{path}: {_verdict(config, problems, wrong)}")
    if arguments.report:
        _write(arguments.report, report(SourceMap(text, path), config, counting))
    return 1 if wrong else 0


def _print(problems: Sequence[Problem], *, as_json: bool) -> None:
    if as_json:
        print(json.dumps([asdict(problem) for problem in problems], ensure_ascii=False, indent=2))
    else:
        for problem in problems:
            print(problem)


def _verdict(config: PipelineConfig | None, problems: Sequence[Problem], wrong: bool) -> str:
    found = Counter(problem.severity for problem in problems)
    counts = [
        f"{count} {severity}{'s' if count > 1 else ''}" for severity, count in sorted(found.items())
    ]
    if wrong or config is None:
        return f"{', '.join(counts)}: nothing would be started"
    right = f"{len(config.nodes)} nodes and {len(config.links)} links, ready to run"
    return ", ".join([right, *counts])


def report(
    source: SourceMap, config: PipelineConfig | None, problems: Sequence[Problem]
) -> dict[str, Any]:
    """What Juturna's `validate --report` has, and for each check that failed its problems."""
    from juturna_core.source_map import scan

    checks: dict[str, list[str]] = {
        "JSON well formed": [],
        "Configuration structure": [],
        "Nodes well formed": [],
        "Links well formed": [],
        "DAG properly formed": [],
        "DAG properties": [],
    }
    for node in config.nodes if config else ():
        checks[f"Node config {node.name}"] = []
    is_json = not scan(source.text or "").faults
    for problem in problems:
        name = _check_of(problem, source, config) if is_json else "JSON well formed"
        checks[name].append(str(problem))
    listed = [
        {"name": name, "success": not found, **({"problems": found} if found else {})}
        for name, found in checks.items()
    ]
    return {"success": not problems, "checks": listed, "dag": _dag(config)}


def _check_of(problem: Problem, source: SourceMap, config: PipelineConfig | None) -> str:
    """Which of Juturna's checks would find `problem`."""
    if _is_in("links", problem, source):
        return "Links well formed" if config is None else "DAG properly formed"
    if problem.node is not None and config is not None:
        return f"Node config {problem.node}"
    if _is_in("nodes", problem, source):
        return "Nodes well formed"
    return "Configuration structure"


def _is_in(section: str, problem: Problem, source: SourceMap) -> bool:
    """Whether a problem is in the list of nodes or of links."""
    span = source.spans.get(("pipeline", section))
    if span is None or problem.path != source.path:
        return False
    place = (problem.line or 0, problem.column or 0)
    return source.position(span.start) <= place < source.position(span.end)


def _dag(config: PipelineConfig | None) -> dict[str, Any]:
    """The graph in Juturna's terms; no layers where there is a cycle."""
    from juturna_core import graph

    names = [node.name for node in config.nodes] if config else []
    given = [(link.origin, link.destination) for link in config.links] if config else []
    links = [link for link in given if set(link) <= set(names)]
    cyclic = graph.find_cycle(names, links) is not None
    return {
        "edges": [list(link) for link in given],
        "in_degree": {name: len(each) for name, each in graph.predecessors(names, links).items()},
        "out_degree": {name: len(each) for name, each in graph.successors(names, links).items()},
        "layers": [] if cyclic else graph.layers(names, links),
    }


def _write(path: str, content: dict[str, Any]) -> None:
    from juturna_core.errors import JuturnaError

    try:
        Path(path).write_text(
            json.dumps(content, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
        )
    except OSError as error:
        raise JuturnaError(f"--report {path}: {error.strerror}") from error
