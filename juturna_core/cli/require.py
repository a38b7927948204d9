"""`juturna require`: the packages that the plugins of a pipeline need."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from juturna_core.cli.options import examples

if TYPE_CHECKING:
    from juturna_core.config import Loaded
    from juturna_core.plugin import PluginSpec
    from juturna_core.source_map import SourceMap


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "require",
        help="the packages that a pipeline's plugins need",
        description="Collect the requirements.txt of every plugin that a pipeline names, each package once, with the "
        "plugins that need it behind it. What is printed is a requirements file itself. "
        "Exit code 1: a plugin is not there.",
        epilog=examples(
            "juturna require -c pipe.json -p ./plugins",
            "juturna require -c pipe.json -s requirements.txt && pip install -r requirements.txt",
            'juturna require -c pipe.json -a      add them to the file, as "requirements"',
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-c", "--config", metavar="FILE", required=True, help="the pipeline file (JSON)"
    )
    parser.add_argument(
        "-p",
        "--plugin-dir",
        dest="plugins",
        metavar="DIR",
        nargs="+",
        default=[],
        help="look for plugins here too, besides the folders that the file names",
    )
    parser.add_argument(
        "-a", "--add-extra", action="store_true", help="add them to the pipeline file"
    )
    parser.add_argument("-s", "--save", metavar="FILE", help="write them here too")


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.config import PipelineConfig

    loaded = PipelineConfig.load(arguments.config)
    plugins, missing = _plugins(loaded, arguments.config, arguments.plugins)
    needed = requirements(plugins)
    text = "".join(f"{each}  # {', '.join(marks)}\n" for each, marks in needed.items())
    print(text, end="")
    if not needed:
        print("no plugin needs any package", file=sys.stderr)
    if arguments.save:
        _write(arguments.save, text)
    if arguments.add_extra:
        _write(arguments.config, with_requirements(loaded.text, loaded.source, list(needed)))
    return 1 if missing else 0


def _plugins(loaded: Loaded, file: str, folders: list[str]) -> tuple[list[PluginSpec], int]:
    """The plugins that the nodes name, and how many of them are nowhere; stderr says which."""
    from juturna_core.catalog import Catalog
    from juturna_core.cli.checked import existing
    from juturna_core.errors import PluginError

    of_file = Catalog.for_config(loaded.config, Path(file).resolve().parent, Path.cwd())
    catalog = Catalog([*of_file.plugin_dirs, *existing(folders)], unfound=of_file.unfound)
    found: dict[tuple[str, str], PluginSpec] = {}
    missing = 0
    for node in loaded.config.nodes:
        if node.mark is None:  # its class comes from a package, which says itself what it needs
            continue
        try:
            found[node.type, node.mark] = catalog.find(node.type, node.mark)
        except PluginError as error:
            remote = node.warped and node.warp_configuration is not None
            print(
                f'node "{node.name}": {error}{" (it runs elsewhere)" if remote else ""}',
                file=sys.stderr,
            )
            missing += not remote
    return list(found.values()), missing


def requirements(plugins: list[PluginSpec]) -> dict[str, list[str]]:
    """Each requirement once, as it was first written, with the marks of the plugins that have it."""
    found: dict[str, tuple[str, list[str]]] = {}
    for plugin in plugins:
        for line in plugin.requirements:
            _, marks = found.setdefault(_normal(line), (line, []))
            if plugin.mark not in marks:
                marks.append(plugin.mark)
    return dict(found[key] for key in sorted(found))


def _normal(requirement: str) -> str:
    """What two spellings of one requirement have in common: PEP 503 for the name, blanks left out."""
    found = re.match(r"[\w.-]+", requirement)
    name = found[0] if found else ""
    rest = requirement[len(name) :]
    return re.sub(r"[-_.]+", "-", name).lower() + re.sub(r"\s+", "", rest)


def with_requirements(text: str, source: SourceMap, needed: list[str]) -> str:
    """The text of a pipeline file with `needed` as its "requirements", and else as it was."""
    start = len(text) - len(source.text or "")  # a byte order mark
    value = json.dumps(needed, ensure_ascii=False)
    if span := source.spans.get(("requirements",)):
        return f"{text[: start + span.start]}{value}{text[start + span.end :]}"
    members = [span for path, span in source.spans.items() if len(path) == 1]
    end = start + max(span.end for span in members)
    first = start + min(span.key or 0 for span in members)
    before = text[
        text.index("{") + 1 : first
    ]  # the line break and the blanks that each member begins with
    return f'{text[:end]},{before or " "}"requirements": {value}{text[end:]}'


def _write(path: str, text: str) -> None:
    from juturna_core.errors import JuturnaError

    try:
        Path(path).write_bytes(text.encode())
    except OSError as error:
        raise JuturnaError(f"{path} cannot be written: {error.strerror}") from error
