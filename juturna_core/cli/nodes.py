"""`juturna nodes`: the nodes that a pipeline file can name."""

from __future__ import annotations

import argparse
import ast
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import examples

if TYPE_CHECKING:
    from juturna_core.catalog import Catalog
    from juturna_core.plugin import PluginSpec


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "nodes",
        help="which nodes there are, and their arguments",
        description="List every node that can be named by type and mark: the built-in ones, and those in the plugin "
        "folders of FILE and --plugins, or else in ./plugins. No plugin is run. "
        "Exit code 1: a plugin cannot be read.",
        epilog=examples(
            "juturna nodes",
            "juturna nodes pipe.json",
            "juturna nodes --plugins ./plugins ../shared/plugins",
            "juturna nodes --json | jq '.[] | select(.type == \"sink\") | .mark'",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "file", nargs="?", metavar="FILE", help="a pipeline file: its plugin folders"
    )
    parser.add_argument(
        "--plugins",
        nargs="+",
        default=[],
        metavar="DIR",
        help="plugin folders; a later one overrides",
    )
    parser.add_argument("--json", action="store_true", help="print a JSON list")


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.errors import PluginError

    found, wrong = [], 0
    for spec in _catalog(arguments.file, arguments.plugins).marks():
        try:
            found.append(_described(spec))
        except PluginError as error:
            print(error, file=sys.stderr)
            wrong += 1
    if arguments.json:
        print(json.dumps(found, ensure_ascii=False, indent=2, default=str))
    else:
        for node in found:
            _print(node)
    return 1 if wrong else 0


def _catalog(file: str | None, folders: list[str]) -> Catalog:
    from juturna_core.catalog import Catalog
    from juturna_core.cli.checked import existing
    from juturna_core.config import PipelineConfig
    from juturna_core.settings import Settings

    dirs: list[Path] = []
    if file is not None:
        config = PipelineConfig.load(file).config
        of_file = Catalog.for_config(config, Path(file).resolve().parent, Path.cwd())
        for name in of_file.unfound:
            print(f'{file}: warning: the plugin folder "{name}" is not there', file=sys.stderr)
        dirs += of_file.plugin_dirs
    elif not folders:
        usual = Settings.from_environment().local_plugin_dir
        dirs += [usual] if usual.is_dir() else []
    return Catalog([*dirs, *existing(folders)])


def _described(spec: PluginSpec) -> dict[str, Any]:
    return {
        "type": spec.type,
        "mark": spec.mark,
        "description": _summary(spec),
        "arguments": spec.defaults,
        "requirements": list(spec.requirements),
        "builtin": spec.builtin,
        "folder": str(spec.folder),
        "overrides": None if spec.overrides is None else str(spec.overrides.folder),
    }


def _summary(spec: PluginSpec) -> str:
    """The first line of what the plugin says about itself. Raises PluginError when it is not Python."""
    from juturna_core.plugin import syntax_error

    try:
        docstring = ast.get_docstring(ast.parse(spec.file.read_bytes(), str(spec.file)))
    except SyntaxError as error:
        raise syntax_error(error) from None
    return next(iter((docstring or "").splitlines()), "")


def _print(node: dict[str, Any]) -> None:
    where = "built in" if node["builtin"] else node["folder"]
    print(f"{node['type']:<8}{node['mark']:<24}{where}")
    if node["description"]:
        print(f"        {node['description']}")
    for name, default in node["arguments"].items():
        print(f"          {name} = {json.dumps(default, ensure_ascii=False, default=str)}")
    if node["overrides"]:
        print(f"        overrides {node['overrides']}")
