"""`juturna completion SHELL`: the script by which a shell completes commands, options and file names."""

from __future__ import annotations

import argparse
from typing import Any

from juturna_core.cli.options import examples

SHELLS = ("bash", "zsh", "fish")


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "completion",
        help="have the shell complete commands and options",
        description="Print a completion script.",
        epilog=examples(
            'bash, in ~/.bashrc:                eval "$(juturna completion bash)"',
            "zsh, before compinit in ~/.zshrc:  fpath=(~/.zfunc $fpath)",
            "  and once:                        juturna completion zsh > ~/.zfunc/_juturna",
            "fish, once:  juturna completion fish > ~/.config/fish/completions/juturna.fish",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("shell", choices=SHELLS, help="which shell")


def run(arguments: argparse.Namespace) -> int:
    import shtab

    from juturna_core.cli import parser

    whole = parser()
    for action in _actions(whole):
        match action.metavar:
            case "FILE":
                action.complete = shtab.FILE  # type: ignore[attr-defined]  # how shtab is told
            case "DIR":
                action.complete = shtab.DIRECTORY  # type: ignore[attr-defined]
    print(shtab.complete(whole, arguments.shell))
    return 0


def _actions(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Every option and argument, those of the commands too."""
    found = []
    for action in parser._actions:  # argparse has no public way to them
        found.append(action)
        if isinstance(action, argparse._SubParsersAction):
            action.help = "what to do"  # the help lists commands by itself; here they are wanted
            for command in action._choices_actions:  # a menu has room for the short help only
                action.choices[command.dest].description = command.help
            found += [each for command in action.choices.values() for each in _actions(command)]
    return found
