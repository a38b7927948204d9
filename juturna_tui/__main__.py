"""`juturna-tui [FILE]`: options, what a terminal has to be, and the workbench on it.

The runtime is started before the screen is imported, so that both come up side by side.
"""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from juturna_core.errors import JuturnaError

if TYPE_CHECKING:
    from juturna_core.control.api import Description
    from juturna_tui.runtime import Runtime
    from juturna_tui.settings import Settings

COLLECT = (20_000, 20, 20)
"""How seldom Python looks for garbage in cycles. What is imported never is any: by Python's own 700 it costs the start
80 ms, and later keys that wait 80 ms.
"""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="juturna-tui",
        description="The workbench for Juturna pipelines: run a file and look at it, or look into one that runs. "
        "Without FILE it lists what runs here and what could.",
        epilog="`juturna run FILE` runs a pipeline without a screen.",
    )
    made.add_argument("file", metavar="FILE", nargs="?", help="the pipeline file (JSON): runs it")
    made.add_argument(
        "--attach",
        metavar="ADDRESS",
        nargs="?",
        const="",
        help="look into one that runs: unix:PATH, HOST:PORT, its name or process id; nothing: the only one here",
    )
    made.add_argument("--token-file", metavar="FILE", help="what --control-token-file has there")
    made.add_argument("--no-start", action="store_true", help="open FILE and do not run it; x does")
    made.add_argument("--ascii", action="store_true", help="signs of ASCII only")
    made.add_argument("--theme", metavar="NAME", help="a theme, for this time")
    made.add_argument("--no-mouse", action="store_true", help="leave the mouse to the terminal")
    made.add_argument(
        "--print-config", action="store_true", help="print where the settings are, and the settings"
    )
    made.add_argument("--version", action="store_true", help="print the version")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Exit codes: 0 done, 1 messages were lost, 2 wrong usage or no terminal, 128 + N after signal N."""
    arguments = parser().parse_args(argv)
    if arguments.version:
        from juturna_core import __version__

        print(f"juturna-tui {__version__}")
        return 0
    try:
        if arguments.print_config:
            return _print_config()
        if (why := no_terminal()) is not None:
            command = f"juturna run {arguments.file}" if arguments.file else "juturna run FILE"
            print(f"juturna-tui: {why}; without a screen: {command}", file=sys.stderr)
            return 2
        return _open(arguments)
    except JuturnaError as error:
        print(f"juturna-tui: {error}", file=sys.stderr)
        return 2


def no_terminal() -> str | None:
    """Why there can be no screen here; None when there can."""
    for stream, name in (
        (sys.stdin, "input"),
        (sys.stdout, "output"),
        (sys.stderr, "error output"),
    ):
        if stream is None or not stream.isatty():
            return f"the standard {name} is no terminal"
    if os.environ.get("TERM") == "dumb":
        return "TERM=dumb is a terminal that cannot place a cursor"
    return None


def _open(arguments: argparse.Namespace) -> int:
    gc.set_threshold(*COLLECT)
    os.environ.setdefault("GRPC_VERBOSITY", "NONE")  # gRPC writes into the picture otherwise
    file = Path(arguments.file) if arguments.file else None
    if file is not None and arguments.attach is not None:
        raise JuturnaError("FILE and --attach exclude each other")
    from juturna_tui.preview import preview_of

    runtime = about = None
    if file is not None:
        if not file.is_file():
            what = "this is a folder" if file.is_dir() else "there is no such file"
            raise JuturnaError(what, path=str(file), hint="juturna-tui alone lists what there is")
        if not arguments.no_start:
            from juturna_tui.runtime import Runtime

            runtime = Runtime(file)  # before textual is imported
        about = preview_of(file)
    signal.signal(signal.SIGHUP, _leave)
    signal.signal(signal.SIGTERM, _leave)
    try:
        return _show(arguments, file, runtime, about)
    except BaseException:  # a theme that there is not, ctrl+c while it comes up
        if runtime is not None:
            runtime.stop()
            runtime.discard_output()
        raise


def _leave(number: int, frame: object) -> NoReturn:
    """Until the screen is there, which attends to signals itself."""
    sys.exit(128 + number)


def _show(
    arguments: argparse.Namespace,
    file: Path | None,
    runtime: Runtime | None,
    about: Description | None,
) -> int:
    from textual.theme import BUILTIN_THEMES

    from juturna_tui import runs
    from juturna_tui.app import Workbench
    from juturna_tui.settings import Memory, load, path

    settings, complaints = load(path(), BUILTIN_THEMES)
    settings = _overruled(settings, arguments, BUILTIN_THEMES)
    run: runs.Run | None = None
    if runtime is not None:
        run = runs.OwnRun(runtime, about.name if about is not None else "")
    elif arguments.attach is not None:
        run = runs.found(arguments.attach, arguments.token_file)
    memory_file = Memory.path()
    app = Workbench(
        run,
        file=file,
        about=about,
        settings=settings,
        memory=Memory.load(memory_file),
        memory_file=memory_file,
        complaints=complaints,
    )
    gc.freeze()
    app.run(mouse=settings.mouse)
    _say(app.leaving.last_words)
    return app.return_code or 0  # a crash would end with 0 otherwise


def _say(text: str) -> None:
    """Print the last words, where the terminal is still there: Python would end with 120 for one that was closed."""
    try:
        if text:
            print(text)
        sys.stdout.flush()
        sys.stderr.flush()
    except OSError:
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, 1)
        os.dup2(nowhere, 2)


def _overruled(
    settings: Settings, arguments: argparse.Namespace, themes: Collection[str]
) -> Settings:
    """What the command line says counts."""
    from dataclasses import replace

    from juturna_core.errors import did_you_mean

    if arguments.theme is not None and arguments.theme not in themes:
        raise JuturnaError(
            f'there is no theme "{arguments.theme}"',
            hint=did_you_mean(arguments.theme, list(themes)) or ", ".join(themes),
        )
    return replace(
        settings,
        theme=arguments.theme or settings.theme,
        ascii=settings.ascii or arguments.ascii,
        mouse=settings.mouse and not arguments.no_mouse,
    )


def _print_config() -> int:
    from textual.theme import BUILTIN_THEMES

    from juturna_tui.settings import load, path, text

    settings, complaints = load(path(), BUILTIN_THEMES)
    there = "" if path().exists() else "  (not there: these are the defaults)"
    print(f"# {path()}{there}")
    print(text(settings))
    for each in complaints:
        print(each, file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main())
