"""What is wrong with the shape of a pipeline file: pydantic's errors in words, and unknown keys."""

from __future__ import annotations

import json
import textwrap
from collections.abc import Iterator
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from juturna_core.errors import EnvironmentVariableError, Problem, did_you_mean
from juturna_core.source_map import Path, SourceMap

_COMMENT_MARKS = ("_", "/", "#", "$")

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "tuple_type": "a list",
    "greater_than": "a number above {gt:g}",
    "greater_than_equal": "a number of at least {ge:g}",
    "less_than_equal": "a number of at most {le:g}",
}


def unknown_keys(
    given: Any, model: type[BaseModel], source: SourceMap, path: Path = (), node: str | None = None
) -> Iterator[Problem]:
    """Keys that nothing reads, in `given` and below; those that begin like a comment are one."""
    if not isinstance(given, dict):
        return
    if isinstance(given.get("name"), str) and "nodes" in path:
        node = given["name"]
    fields = {info.alias or name: info for name, info in model.model_fields.items()}
    for key in map(str, given):
        if key not in fields and not key.startswith(_COMMENT_MARKS):
            hint = did_you_mean(key, fields.keys() - given.keys())
            place = (*path, key)
            yield source.problem(
                "warning", f'unknown key "{key}"', place, key=True, node=node, hint=hint
            )
    for key, info in fields.items():
        if (inner := _model_in(info.annotation)) is None:
            continue
        value = given.get(key)
        yield from unknown_keys(value, inner, source, (*path, key), node)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            yield from unknown_keys(item, inner, source, (*path, key, index), node)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The model in `M`, `M | None` and `tuple[M, ...]`."""
    for each in (annotation, *get_args(annotation)):
        if isinstance(each, type) and issubclass(each, BaseModel):
            return each
    return None


def problem_of(error: ErrorDetails, given: Any, source: SourceMap) -> Problem:
    """One of pydantic's errors about `given`, for the author of the file."""
    path, kind, found = error["loc"], error["type"], error["input"]
    context = error.get("ctx", {})
    node = _node_at(path, given)
    label, hint = _label(path), None
    match context.get("error"):
        case EnvironmentVariableError() as cause:
            message = EnvironmentVariableError(cause.reason, key=cause.key, node=node).message
        case ValueError() as cause:
            message = f"{label}: {cause}"
        case _ if kind == "missing":
            message = f"{label} is missing"
        case _ if kind == "string_too_short":
            message = f"{label} must not be empty"
        case _ if kind == "literal_error":
            expected = str(context["expected"]).replace("'", '"')
            message = f"{label}: expected {expected}, found {found_value(found)}"
            hint = did_you_mean(str(found), expected.split('"')[1::2])
        case _ if kind in _EXPECTED:
            expected = _EXPECTED[kind].format(**context)
            message = f"{label}: expected {expected}, found {found_value(found)}"
        case _:
            message = f"{label}: {error['msg']}"
    return source.problem("error", message, path, node=node, hint=hint)


def found_value(value: Any) -> str:
    """What a person calls a value of JSON: `the number 3`, `the text "abc"`, `an object`."""
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str():
            return f"the text {json.dumps(textwrap.shorten(value, 60), ensure_ascii=False)}"
        case dict():
            return "an object"
        case list() | tuple():
            return "a list"
        case _:
            return f"a {type(value).__name__}"


def _label(path: Path) -> str:
    match path:
        case (*_, str(key), int(index)):
            return f'item {index + 1} of "{key}"'
        case (*_, last):
            return f'"{last}"'
    return "the file"


def _node_at(path: Path, given: Any) -> str | None:
    """The name of the node that `path` leads into."""
    match path:
        case ("pipeline", "nodes", int(index), *_):
            node = given["pipeline"]["nodes"][index]
            name = node.get("name") if isinstance(node, dict) else None
            return name if isinstance(name, str) else None
    return None
