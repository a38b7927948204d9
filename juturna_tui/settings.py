"""What a person has set for the workbench, and what it remembers by itself: two small files, and nothing of Textual.

`load` reads the settings and never raises: what is wrong in the file is one sentence each, and the rest of it holds.
`Memory` is the workbench's own; without it, or when it cannot be written, only convenience is lost.
"""

from __future__ import annotations

import json
import os
import re
import secrets
import tomllib
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Final

from juturna_core.cells import printable, shorten
from juturna_core.errors import did_you_mean, location

SLOWEST: Final = 0.2
FASTEST: Final = 20.0
"""Pictures a second."""


@dataclass(frozen=True, slots=True)
class Settings:
    """`refresh` is pictures a second; `keymap` has the keys, "ctrl+x,f5", by the id of a binding."""

    theme: str = "textual-dark"
    refresh: float = 4.0
    mouse: bool = True
    ascii: bool = False
    keymap: dict[str, str] = field(default_factory=dict)


def path(environ: Mapping[str, str] = os.environ) -> Path:
    """Where the settings are, or would be."""
    return _directory(environ, "XDG_CONFIG_HOME", ".config") / "workbench.toml"


def load(file: Path, themes: Collection[str]) -> tuple[Settings, tuple[str, ...]]:
    """The settings in `file`, and a sentence for everything in it that does not hold. No file is no fault."""
    try:
        text = file.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return Settings(), ()
    except OSError as error:
        return Settings(), (_sentence(file, None, f"cannot be read: {error.strerror}"),)
    except UnicodeDecodeError:
        return Settings(), (_sentence(file, None, "this is no text in UTF-8"),)
    try:
        given = tomllib.loads(text)
    except (
        ValueError,
        RecursionError,
    ) as error:  # ValueError: also of a number with too many digits
        message, _, place = str(error).partition(" (at ")
        return Settings(), (_sentence(file, _line(place, text), f"this is no TOML: {message}"),)
    wrong: list[str] = []
    held = dict(_settings(given, themes, wrong))
    return Settings(**held), tuple(_sentence(file, None, each) for each in wrong)


def text(settings: Settings) -> str:
    """The settings as such a file."""
    keymap = "\n".join(f"{_toml(key)} = {_toml(keys)}" for key, keys in settings.keymap.items())
    return f"""\
# Settings of the workbench. All of them may be left out.

# A theme of Textual's; ansi-dark and ansi-light take the colours of the terminal.
theme = {_toml(settings.theme)}

# Pictures a second, from {SLOWEST:g} to {FASTEST:g}.
refresh = {settings.refresh!r}

# Whether clicks and the wheel go to the workbench. Without, the terminal selects text by itself.
mouse = {_toml(settings.mouse)}

# Signs of ASCII only, for terminals and fonts that lack others.
ascii = {_toml(settings.ascii)}

# Other keys, by the id of what they do: "log.search" = "ctrl+f,f3"
[keymap]
{keymap}"""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a remote is: a host, a port, and the seconds that it may take for one message."""

    host: str
    port: int
    timeout: float


@dataclass(frozen=True, slots=True)
class Memory:
    """What is kept between runs: the remote that was used last, and whether the hint of the first run was seen."""

    place: Place | None = None
    hint_seen: bool = False

    @staticmethod
    def path(environ: Mapping[str, str] = os.environ) -> Path:
        """Where it is kept."""
        return _directory(environ, "XDG_STATE_HOME", ".local/state") / "workbench.json"

    @classmethod
    def load(cls, file: Path) -> Memory:
        """What `file` remembers; what cannot be read or makes no sense is forgotten."""
        try:
            given = json.loads(file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return cls()
        if not isinstance(given, dict):
            return cls()
        return cls(_place(given.get("place")), given.get("hint_seen") is True)

    def save(self, file: Path) -> str | None:
        """Write it, whole or not at all; a sentence where that failed."""
        beside = file.with_name(f".{file.name}.{secrets.token_hex(4)}")
        try:
            file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                beside.write_text(json.dumps(asdict(self), indent=2) + "\n", encoding="utf-8")
                os.replace(beside, file)
            finally:
                beside.unlink(missing_ok=True)
        except OSError as error:
            return _sentence(file, None, f"cannot be written: {error.strerror}")
        return None


# --- reading ---------------------------------------------------------------------------------------------------------


def _settings(
    given: dict[str, Any], themes: Collection[str], wrong: list[str]
) -> Iterator[tuple[str, Any]]:
    """Keys and values that hold; what does not is added to `wrong`."""
    known = [each.name for each in fields(Settings)]
    for key, value in given.items():
        if key == "keymap" and isinstance(value, dict):
            yield key, dict(_keys(value, wrong))
        elif key not in known:
            wrong.append(_with_hint(f'there is no setting "{key}"', did_you_mean(key, known)))
        elif not _FITS[key](value):
            wrong.append(f"{key} is {_shown(value)}, and should be {_EXPECTED[key]}")
        elif key == "theme" and value not in themes:
            wrong.append(
                _with_hint(
                    f"theme: there is none called {_shown(value)}", did_you_mean(value, themes)
                )
            )
        else:
            yield key, float(value) if key == "refresh" else value


_FITS: Final[dict[str, Callable[[Any], bool]]] = {
    "theme": lambda value: isinstance(value, str),
    "refresh": lambda value: type(value) in (int, float) and SLOWEST <= value <= FASTEST,
    "mouse": lambda value: isinstance(value, bool),
    "ascii": lambda value: isinstance(value, bool),
    "keymap": lambda value: isinstance(value, dict),
}
_EXPECTED: Final = {
    "theme": "the name of a theme, in quotes",
    "refresh": f"a number from {SLOWEST:g} to {FASTEST:g}",
    "mouse": "true or false",
    "ascii": "true or false",
    "keymap": "a section [keymap]",
}


def _keys(table: dict[str, Any], wrong: list[str]) -> Iterator[tuple[str, str]]:
    """Keys by id. An id without quotes, log.search, is a table within a table to TOML."""
    left = [("keymap", table)]
    while left:
        prefix, table = left.pop()
        for name, value in table.items():
            key = f"{prefix}.{name}"
            if isinstance(value, dict):
                left.append((key, value))
            elif isinstance(value, str) and all(each.strip() for each in value.split(",")):
                yield key.removeprefix("keymap."), value
            else:
                wrong.append(f'{key} is {_shown(value)}, and should be keys like "ctrl+x,f5"')


def _place(given: Any) -> Place | None:
    match given:
        case {"host": str(host), "port": int(port), "timeout": int() | float() as timeout}:
            return Place(host, port, float(timeout)) if 0 < timeout <= 1e9 else None
    return None


# --- words -----------------------------------------------------------------------------------------------------------


def _sentence(file: Path, line: int | None, message: str) -> str:
    return printable(f"{location(str(file), line)}: {message}")


def _with_hint(message: str, hint: str | None) -> str:
    return f"{message} ({hint})" if hint else message


def _line(place: str, text: str) -> int | None:
    """The line that tomllib means by `line 3, column 5)` or `end of document)`."""
    if found := re.match(r"line (\d+)", place):
        return int(found[1])
    return text.count("\n") + 1 if place else None


def _shown(value: Any) -> str:
    """A value of the file, as far as a sentence has room for it."""
    if isinstance(value, dict | list):
        return "a section" if isinstance(value, dict) else "a list"
    return shorten(_toml(value), 40)


def _toml(value: Any) -> str:
    """A value of TOML. Its texts and booleans are written as JSON's are, but for DEL."""
    return json.dumps(value, ensure_ascii=False, default=str).replace("\x7f", "\\u007f")


def _directory(environ: Mapping[str, str], variable: str, otherwise: str) -> Path:
    """The folder that a variable of the XDG specification names; relative ones do not count there."""
    given = environ.get(variable, "")
    return (Path(given) if os.path.isabs(given) else Path.home() / otherwise) / "juturna"
