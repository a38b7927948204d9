"""`juturna launch -c FILE`: what Juturna calls `run`, with a prompt before and after unless told otherwise."""

from __future__ import annotations

import argparse
import os
import sys
import threading
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import add_logging, examples, seconds, start_logging

if TYPE_CHECKING:
    from juturna_core.pipeline import Pipeline

GRACE = 5.0
"""Seconds that draining may take."""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "launch",
        help="run a pipeline file, as Juturna spells it",
        description="Warm a pipeline up, start it on enter and stop it on enter; it also stops by itself when its "
        "sources have ended, and on a signal. Exit codes are those of `juturna run`, which prints a summary too.",
        epilog=examples(
            "juturna launch -c pipe.json",
            "juturna launch -c pipe.json --auto --timeout 30     nothing is asked",
            "juturna launch -c pipe.json --dry-gin               build and warm up only",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-c", "--config", metavar="FILE", required=True, help="the pipeline file (JSON)"
    )
    parser.add_argument("-a", "--auto", action="store_true", help="start at once, and ask nothing")
    parser.add_argument(
        "-t", "--timeout", metavar="SECONDS", type=seconds, help="stop after so long"
    )
    parser.add_argument(
        "-d", "--dry-gin", action="store_true", help="build and warm up every node, start none"
    )
    add_logging(parser)


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.cli.run import conduct, ended, load, watch
    from juturna_core.cli.signals import Signals
    from juturna_core.errors import JuturnaError

    handler = start_logging(arguments)
    signals = Signals()
    session = load(arguments.config)
    if session is None:
        return 2
    pipeline = session.pipeline
    pipeline.warmup()
    try:
        if arguments.dry_gin:
            pipeline.destroy()
            return 0
        if not arguments.auto and not _entered("pipeline is warmed up, press enter to start …"):
            raise JuturnaError("nobody is there to press enter", hint="--auto asks nothing")
    except (KeyboardInterrupt, JuturnaError):
        pipeline.destroy()
        raise

    def until_over() -> None:
        if arguments.auto:
            watch(session, handler, arguments.timeout)
        else:
            threading.Thread(target=_stop_on_enter, args=(pipeline,), daemon=True).start()
            session.wait(arguments.timeout)

    return ended(conduct(session, signals, watch=until_over, grace=GRACE, tell=lambda stats: None))


def _stop_on_enter(pipeline: Pipeline) -> None:
    _entered("pipeline is running, press enter to stop …")
    pipeline.request_stop()


def _entered(prompt: str) -> bool:
    """Wait for enter; False when the input has ended.

    Reads from the system itself: a thread that sits in `sys.stdin` would hold a lock that Python's exit wants.
    """
    print(prompt, file=sys.stderr, flush=True)
    try:
        while (byte := os.read(0, 1)) not in (b"", b"\n"):
            pass
    except OSError:  # closed by whoever started this
        return False
    return byte == b"\n"
