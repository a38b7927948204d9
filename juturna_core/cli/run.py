"""`juturna run FILE`: load, check, warm up, run until it is over, drain, say how it went."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TextIO

from juturna_core.cli.options import add_doors, add_logging, examples, seconds, start_logging
from juturna_core.cli.signals import Signals, leave

if TYPE_CHECKING:
    from juturna_core.pipeline import Pipeline, StopReport
    from juturna_core.session import Session
    from juturna_core.stats import PipelineStats


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "run",
        help="run a pipeline file until it is over or ctrl+c",
        description="Run a pipeline. A finite source ends the run. SIGINT, SIGTERM and SIGHUP drain what is under way "
        "within the grace; a second SIGINT forces. Exit code 0: nothing was lost; 1: something was; "
        "2: the file or the usage is wrong, and nothing was started.",
        epilog=examples(
            "juturna run pipe.json",
            "juturna run pipe.json --set 1_pass.delay=0.5 --set 0_stream.rate=20",
            "juturna run pipe.json --watch --watch-plugins --metrics 127.0.0.1:9100",
            "juturna run pipe.json --for 30 --summary json --log-level ERROR > numbers.json",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="the pipeline file (JSON)")
    parser.add_argument(
        "--for", dest="seconds", metavar="SECONDS", type=seconds, help="stop after so long"
    )
    parser.add_argument(
        "--summary",
        choices=("table", "json", "none"),
        default="table",
        help="what to print at the end (%(default)s)",
    )
    parser.add_argument(
        "--grace",
        metavar="SECONDS",
        type=seconds,
        default=5.0,
        help="how long draining may take (%(default)s)",
    )
    parser.add_argument(
        "--set",
        dest="overrides",
        metavar="NODE.KEY=VALUE",
        action="append",
        default=[],
        help="another value for an argument of a node; the file stays as it is",
    )
    parser.add_argument("--strict", action="store_true", help="take warnings for errors")
    parser.add_argument(
        "--live", action="store_true", help="on a terminal: a table that refreshes, not one line"
    )
    add_doors(parser)
    add_logging(parser)


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.cli import summary
    from juturna_core.cli.doors import Doors

    handler = start_logging(arguments)
    out = _results() if arguments.summary == "json" else sys.stdout
    signals = Signals()
    session = load(arguments.file, overrides=arguments.overrides, strict=arguments.strict)
    if session is None:
        return 2

    def tell(stats: PipelineStats) -> None:
        if arguments.summary != "none":
            form = summary.as_json if arguments.summary == "json" else summary.as_table
            print(form(stats), file=out, flush=True)

    with Doors(session, arguments) as doors:
        session.pipeline.warmup()
        outcome = conduct(
            session,
            signals,
            watch=lambda: watch(session, handler, arguments.seconds, as_table=arguments.live),
            grace=arguments.grace,
            tell=tell,
            started=doors.open,
        )
    return ended(outcome)


def load(file: str, *, overrides: Sequence[str] = (), strict: bool = False) -> Session | None:
    """The pipeline in `file`, not warmed up; None after its problems were printed. Raises JuturnaError."""
    from juturna_core.errors import ConfigError
    from juturna_core.session import Session

    session = Session(Path(file), overrides=overrides)
    try:
        problems = session.load(strict=strict)
    except ConfigError as error:
        problems = error.problems
        session = None  # type: ignore[assignment]
    for problem in problems:
        print(problem, file=sys.stderr)
    return session


class Outcome(NamedTuple):
    """How a run went: the exit code, and whether a node did not end."""

    code: int
    hangs: bool


def conduct(
    session: Session,
    signals: Signals,
    *,
    watch: Callable[[], None],
    grace: float,
    tell: Callable[[PipelineStats], None],
    started: Callable[[], None] = lambda: None,
) -> Outcome:
    """Start what is warmed up, `watch` until it is over, drain and `tell` how it went."""
    pipeline = session.pipeline
    signals.attend(session.request_stop, force=lambda: _force(pipeline))
    pipeline.start()
    if signals.asked:  # while it started
        session.request_stop()
    started()
    watch()
    return _end(pipeline, _stop(pipeline, grace), tell)


def watch(
    session: Session,
    handler: logging.Handler,
    seconds: float | None = None,
    *,
    as_table: bool = False,
) -> None:
    """Wait for the end, for `seconds` at most, drawing the numbers where somebody can see them."""
    if not sys.stderr.isatty() or os.environ.get("TERM") == "dumb":
        session.wait(seconds)
        return
    from juturna_core.cli.live import Screen, status_line, table

    deadline = None if seconds is None else time.monotonic() + seconds
    with Screen(handler, table if as_table else status_line) as screen:
        while True:
            left = 0.25 if deadline is None else min(0.25, deadline - time.monotonic())
            if left <= 0 or session.wait(left):
                return
            screen.draw(session.pipeline.stats())


def _stop(pipeline: Pipeline, grace: float) -> StopReport | None:
    """Drain; after a second say what is waited for. None: it was stopped before."""
    if pipeline.stats().state != "running":
        return None

    def say() -> None:
        for node, what in pipeline.unfinished():
            print(f"juturna: waiting for {node}: {what}", file=sys.stderr)
        print(f"juturna: draining for up to {grace:g} s; ctrl+c once more forces", file=sys.stderr)

    patience = threading.Timer(min(1.0, grace / 2), say)
    patience.daemon = True
    patience.start()
    try:
        return pipeline.stop(grace)
    finally:
        patience.cancel()


def _end(
    pipeline: Pipeline, report: StopReport | None, tell: Callable[[PipelineStats], None]
) -> Outcome:
    """Tell how it went and what was lost, and give everything back."""
    stats = pipeline.stats()
    tell(stats)
    unfinished = report.unfinished if report is not None else ()
    for name, what in unfinished:
        print(f"juturna: {name} did not end: {what}", file=sys.stderr)
    for name, node in stats.nodes.items():  # at the end, and while it ran
        if node.lost:
            print(f"juturna: {node.lost} messages lost at {name}", file=sys.stderr)
    code = 1 if stats.lost or pipeline.failure else 0
    if not unfinished:
        pipeline.destroy()
    return Outcome(code, hangs=bool(unfinished))


def ended(outcome: Outcome) -> int:
    """All doors are closed: the exit code, or, where something hangs that Python would wait for, the exit."""
    if outcome.hangs:
        leave(outcome.code)
    if hanging := _threads_of_plugins():
        print(f"juturna: threads of plugins did not end: {', '.join(hanging)}", file=sys.stderr)
        leave(outcome.code)
    return outcome.code


def _threads_of_plugins() -> list[str]:
    """Threads that the interpreter would wait for, and that do not end within a second."""
    own = (threading.main_thread(), threading.current_thread())
    left = [each for each in threading.enumerate() if not each.daemon and each not in own]
    deadline = time.monotonic() + 1.0
    for thread in left:
        thread.join(max(0.0, deadline - time.monotonic()))
    return [thread.name for thread in left if thread.is_alive()]


def _results() -> TextIO:
    """The standard output, for results alone: what a plugin prints goes to stderr from now on."""
    out = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return out


def _force(pipeline: Pipeline) -> NoReturn:
    """Leave at once, saying what was waited for."""
    for node, what in pipeline.unfinished():
        print(f"juturna: forced while waiting for {node}: {what}", file=sys.stderr)
    waiting = sum(node.queue + node.in_flight for node in pipeline.stats().nodes.values())
    print(
        f"juturna: forced to stop; {waiting} messages were under way and are lost", file=sys.stderr
    )
    leave(1)
