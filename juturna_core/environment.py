"""`$JT_ENV_NAME` in a configuration: replaced by the environment variable NAME.

A value is expanded wherever it holds such names (`ws://$JT_ENV_HOST/x`), then cast to the type of
the argument's default. Texts inside objects and lists are expanded too.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from juturna_core.errors import EnvironmentVariableError

PREFIX = "$JT_ENV_"
_NAME = re.compile(re.escape(PREFIX) + r"(\w+)")
_TRUE = {"true", "1", "yes", "on"}
_FALSE = {"false", "0", "no", "off", ""}


def expand(
    value: Any, default: Any, environ: Mapping[str, str], *, key: str, node: str | None = None
) -> Any:
    """`value` with every variable replaced, of the type of `default` where one was.

    Raises EnvironmentVariableError, which names node, key and variable, when one is not set or is
    not of that type.
    """
    if isinstance(value, dict):
        defaults = default if isinstance(default, dict) else {}
        return {
            name: expand(item, defaults.get(name), environ, key=f"{key}.{name}", node=node)
            for name, item in value.items()
        }
    if isinstance(value, list):
        return [
            expand(item, None, environ, key=f"{key}[{index}]", node=node)
            for index, item in enumerate(value)
        ]
    if not isinstance(value, str) or not (names := _NAME.findall(value)):
        return value
    for name in names:
        if name not in environ:
            reason = f'the environment variable "{name}" is not set'
            raise EnvironmentVariableError(reason, key=key, node=node)
    text = _NAME.sub(lambda match: environ[match[1]], value)
    expected, cast = _cast_to(default)
    try:
        return cast(text)
    except ValueError:
        what = f'the environment variable "{names[0]}" is' if len(names) == 1 else f"{value} is"
        reason = f'{what} "{text}", expected {expected}'
        raise EnvironmentVariableError(reason, key=key, node=node) from None


def _cast_to(default: Any) -> tuple[str, Callable[[str], Any]]:
    match default:
        case bool():
            return "true or false", _boolean
        case int():
            return "a whole number", int
        case float():
            return "a number", float
        case list():
            return "a list in JSON", lambda text: _parsed(text, list)
        case dict():
            return "an object in JSON", lambda text: _parsed(text, dict)
        case _:
            return "a text", str


def _boolean(text: str) -> bool:
    if (word := text.strip().lower()) in _TRUE | _FALSE:
        return word in _TRUE
    raise ValueError(text)


def _parsed(text: str, kind: type) -> Any:
    if isinstance(value := json.loads(text), kind):
        return value
    raise ValueError(text)
