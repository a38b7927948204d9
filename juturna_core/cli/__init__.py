"""The `juturna` command. One file a command, each with `add_parser(commands)` and `run(arguments) -> exit code`.

Command modules import what is heavy inside `run`, so that `juturna --help` loads neither grpc, numpy nor textual.
Exit codes: 0 done, 1 something was lost or found wrong, 2 a bad file or bad usage, 130 interrupted before it ran.
"""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

from juturna_core.errors import JuturnaError

GROUPS = {
    "run": ("run", "launch", "remotize", "listen"),
    "a pipeline file": ("validate", "graph", "schema", "require"),
    "look into a pipeline that runs": ("ps", "top", "tap", "logs", "events", "check", "probe"),
    "steer it": (
        *("set", "warp", "unwarp", "suspend", "resume"),
        *("reload", "undo", "restart", "stop"),
    ),
    "more": ("nodes", "stub", "completion"),
}
COMMANDS = tuple(name for names in GROUPS.values() for name in names)
BESIDE = {"unwarp": "warp", "resume": "suspend", "undo": "reload", "restart": "stop"}
"""Commands that are in the file of another, which does the opposite or nearly the same."""
ELSEWHERE = {
    "serve": "there is no HTTP server here; a pipeline is run by `juturna run`",
    "create": "a pipeline file is not asked for here step by step; `juturna stub` begins a plugin, "
    "and `juturna schema` has editors complete a file",
}
"""Commands of Juturna's that are not among ours, and what there is instead."""


def parser() -> argparse.ArgumentParser:
    """The whole command line."""
    made = argparse.ArgumentParser(
        prog="juturna",
        usage="juturna [-h] [--version] COMMAND …",
        description="Run Juturna pipelines: JSON files that name nodes and links.",
        epilog="examples:\n"
        "  juturna validate pipe.json            is the file right? every problem with line and column\n"
        "  juturna run pipe.json                 run it; ctrl+c drains and stops\n"
        "  juturna run pipe.json --for 10 --summary json\n"
        "  juturna COMMAND --help                more on one command\n",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument(
        "--version", action="store_true", help="print the version and where it is installed"
    )
    commands = made.add_subparsers(
        dest="command", metavar="COMMAND", prog="juturna", help=argparse.SUPPRESS
    )
    for name in COMMANDS:
        if name not in BESIDE:
            _module(name).add_parser(commands)
    made.description = f"{made.description}\n\n{_listed(commands)}"
    return made


def _module(command: str) -> Any:
    return import_module(f"juturna_core.cli.{BESIDE.get(command, command)}")


def _listed(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> str:
    """All commands by what they are for, a line each, which argparse itself does not offer."""
    helps = {each.dest: each.help for each in commands._choices_actions}
    lines = ["commands:"]
    for group, names in GROUPS.items():
        lines += [f"  {group}", *(f"    {name:<12}{helps[name]}" for name in names)]
    return "\n".join(lines)


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; the exit code. No traceback for anything that the user can mend."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by whoever started this
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115  # for the whole run
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(
            errors="backslashreplace"
        )  # a name that cannot be shown fails nothing
    given = list(sys.argv[1:] if argv is None else argv)
    if given and given[0] in ELSEWHERE:
        print(f"juturna {given[0]}: {ELSEWHERE[given[0]]}", file=sys.stderr)
        return 2
    whole = parser()
    arguments = whole.parse_args(given)
    if arguments.version:
        print(_version())
        return 0
    if arguments.command is None:
        whole.print_help()
        return 2
    if arguments.command in ("run", "launch", "remotize"):
        _look_at_facade()
    try:
        return _run(arguments)
    except JuturnaError as error:
        print(f"juturna: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("juturna: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # `juturna … | head`: nobody reads on
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except OSError as error:  # a full disk, a folder that may not be written
        print(f"juturna: {error.filename or 'output'}: {error.strerror}", file=sys.stderr)
        return 2


def _run(arguments: argparse.Namespace) -> int:
    code = int(_module(arguments.command).run(arguments))
    sys.stdout.flush()  # here, where a reader that has gone is no traceback
    return code


def _look_at_facade() -> None:
    """Say so when `import juturna` in a plugin would get another package than ours."""
    from juturna_core.facade import shadowed

    where = shadowed()
    if where is not None:
        print(
            f"juturna: warning: `import juturna` finds {where or 'nothing'}, not what juturna-tui installs: "
            "plugins will not get on with it (uninstall `juturna`, then install `juturna-tui` again)",
            file=sys.stderr,
        )


def _version() -> str:
    from juturna_core import __version__

    python = ".".join(map(str, sys.version_info[:3]))
    folder = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    return f"juturna-tui {__version__} (Python {python}, {folder})"
