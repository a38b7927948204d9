"""`juturna stub`: the files of a new plugin, ready to run."""

from __future__ import annotations

import argparse
import json
import keyword
import sys
from pathlib import Path
from typing import Any

from juturna_core.cli.options import examples

_TAKEN = frozenset({"Node", "Message", "BasePayload", "BytesPayload"})
"""What the module of a plugin imports."""

_SOURCE = '''"""Where the messages of a pipeline begin."""

from juturna.components import Message, Node
from juturna.payloads import BytesPayload


class CLASS(Node[None, BytesPayload]):
    """Sends `text`, `rate` times a second."""

    def __init__(self, text: str = "hello", rate: float = 1, **kwargs):
        super().__init__(**kwargs)
        self._text = text
        self._sent = 0
        self.set_source(self.next_message, by=1 / rate, mode="pre")

    def next_message(self) -> Message[BytesPayload]:
        """Called for every message; a ControlPayload with STOP_PROPAGATE ends the pipeline."""
        return Message[BytesPayload](
            creator=self.name, version=self._sent, payload=BytesPayload(cnt=self._text.encode())
        )

    def update(self, message: Message[BytesPayload]):
        """Gets what `next_message` made."""
        self._sent += 1
        self.transmit(message)
'''

_PROC = '''"""A step between a source and a sink."""

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class CLASS(Node[BasePayload, BasePayload]):
    """Sends on what it gets."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def warmup(self):
        """Load what is slow to load, once, before the first message."""

    def update(self, message: Message[BasePayload]):
        """Called for every message, on this node's own thread; what it raises costs that message only."""
        self.transmit(
            Message[BasePayload](
                creator=self.name,
                version=message.version,
                payload=message.payload,
                timers_from=message,
            )
        )

    def destroy(self):
        """Give back what `warmup` took."""
'''

_SINK = '''"""Where the messages of a pipeline end."""

from juturna.components import Message, Node
from juturna.payloads import BasePayload


class CLASS(Node[BasePayload, None]):
    """Writes a line to the log for every message."""

    def __init__(self, **kwargs):
        super().__init__(**kwargs)

    def update(self, message: Message[BasePayload]):
        """Called for every message, on this node's own thread; what it raises costs that message only."""
        self.logger.info("%s, %s bytes", message, message.payload.size_bytes)
'''

_SOURCE_ARGUMENTS = 'text = "hello"\nrate = 1\n'

_README = """# NAME

A TYPE node. In a pipeline file:

```json
{"name": "NAME", "type": "TYPE", "mark": "NAME", "configuration": CONFIGURATION}
```

Arguments and their defaults are in `config.toml`, the packages that it needs in `requirements.txt`.
"""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "stub",
        help="begin a plugin",
        description="Write a plugin that runs as it is: DIR/nodes/TYPE/_NAME with NAME.py, config.toml, "
        "requirements.txt and README.md, where `juturna nodes` and a pipeline file with DIR among its plugins "
        "find it. Exit code 1: there is one already, and it stays as it is.",
        epilog=examples(
            "juturna stub -n denoise",
            "juturna stub -n camera -t source -d ./plugins",
            'juturna stub -n denoise -N Denoiser -a "A. Person" -e person@example.com',
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "-n", "--node-name", metavar="NAME", required=True, help="its mark, and its file"
    )
    parser.add_argument(
        "-t",
        "--node-type",
        metavar="TYPE",
        default="proc",
        help="source, proc, sink or another (%(default)s)",
    )
    parser.add_argument(
        "-N", "--node-class", metavar="CLASS", help="name of the class (made of NAME)"
    )
    parser.add_argument("-a", "--author", default="", help="who wrote it, for config.toml")
    parser.add_argument("-e", "--email", default="", help="where to reach them, for config.toml")
    parser.add_argument(
        "-d",
        "--destination-folder",
        metavar="DIR",
        default="plugins",
        help="the plugin folder (./%(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.errors import JuturnaError

    name, type_name = arguments.node_name, arguments.node_type
    class_name = arguments.node_class or "".join(map(_capitalised, name.split("_")))
    if wrong := _wrong_name(name, type_name, class_name, arguments.author, arguments.email):
        raise JuturnaError(wrong)
    folder = Path(arguments.destination_folder).joinpath("nodes", *type_name.split("."), f"_{name}")
    try:
        folder.mkdir(parents=True)
        for file, text in _files(arguments, class_name).items():
            (folder / file).write_text(text, encoding="utf-8")
    except FileExistsError:
        if not folder.is_dir():  # a file where a folder is to be
            raise JuturnaError(f"{folder} cannot be made: there is a file in its way") from None
        print(f"juturna stub: {folder} is there already; nothing was written", file=sys.stderr)
        return 1
    except OSError as error:
        raise JuturnaError(f"{folder} cannot be written: {error.strerror}") from error
    print(f"{folder}/{name}.py: class {class_name}, type {type_name}, mark {name}")
    return 0


def _wrong_name(name: str, type_name: str, class_name: str, *texts: str) -> str | None:
    """Why these names cannot be, None when they can."""
    if not _is_name(name):
        return f'"{name}" is no name for a node: letters, digits and _, a letter first, and no word of Python'
    if not all(map(_is_name, type_name.split("."))):
        return f'"{type_name}" is no type for a node: source, proc, sink, or letters, digits and _'
    if not _is_name(class_name) or class_name in _TAKEN:
        return f'"{class_name}" is no name for the class of a node; give another with -N'
    return next(
        (f"{text!r} does not fit on a line" for text in texts if not text.isprintable()), None
    )


def _is_name(text: str) -> bool:
    return text.isidentifier() and not text.startswith("_") and not keyword.iskeyword(text)


def _capitalised(word: str) -> str:
    return word[:1].upper() + word[1:]


def _files(arguments: argparse.Namespace, class_name: str) -> dict[str, str]:
    """The text of every file."""
    name, type_name = arguments.node_name, arguments.node_type
    kind = type_name.partition(".")[0]
    module = {"source": _SOURCE, "sink": _SINK}.get(kind, _PROC)
    by = {"author": arguments.author, "email": arguments.email}
    meta = [f"{key} = {json.dumps(text, ensure_ascii=False)}\n" for key, text in by.items() if text]
    configuration = '{"text": "hello"}' if kind == "source" else "{}"
    readme = _README.replace("CONFIGURATION", configuration)
    return {
        f"{name}.py": module.replace("CLASS", class_name),
        "config.toml": f"[arguments]\n{_SOURCE_ARGUMENTS if kind == 'source' else ''}\n[meta]\n{''.join(meta)}",
        "requirements.txt": "",
        "README.md": readme.replace("NAME", name).replace("TYPE", type_name),
    }
