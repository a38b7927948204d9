"""`juturna schema`: the JSON Schema of a pipeline file, for editors."""

from __future__ import annotations

import argparse
import json
from typing import Any

from juturna_core.cli.options import examples


def add_parser(commands: Any) -> None:
    commands.add_parser(
        "schema",
        help="the JSON Schema of a pipeline file",
        description="Print the JSON Schema of a pipeline file, for editors that complete and check by it.",
        epilog=examples(
            "juturna schema > pipeline.schema.json",
            "then, in VS Code's settings.json:",
            '  "json.schemas": [{"fileMatch": ["pipe*.json"], "url": "./pipeline.schema.json"}]',
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.config import json_schema

    print(json.dumps(json_schema(), indent=2))
    return 0
