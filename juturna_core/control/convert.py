"""Values of the contract to JSON and back, by the type hints of `Control`'s methods; errors to messages and back.

What comes in is taken strictly: a number is no text, and an argument that there is not is refused. Adapters are built
when a method is first used and kept.
"""

from __future__ import annotations

import inspect
import json
import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, get_args, get_type_hints

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError, create_model
from pydantic_core import PydanticSerializationError, to_json

from juturna_core._pb import control_pb2 as pb
from juturna_core.control.api import METHODS, STREAMS, Control
from juturna_core.edit import FileChanged
from juturna_core.errors import (
    ConfigError,
    JuturnaError,
    PluginError,
    Problem,
    StateError,
    describe,
    did_you_mean,
)
from juturna_core.log import jt_logger
from juturna_core.shape import found_value

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

_EXPECTED = {
    "string_type": "a text",
    "int_type": "a whole number",
    "float_type": "a number",
    "finite_number": "a finite number",
    "bool_type": "true or false",
    "dict_type": "an object",
    "model_type": "an object",
    "dataclass_type": "an object",
    "tuple_type": "a list",
}
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")
_STRICT = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)
_SURROGATE = re.compile("[\ud800-\udfff]")

KINDS: dict[str, type[JuturnaError]] = {
    kind.__name__: kind for kind in (JuturnaError, PluginError, StateError, FileChanged)
}
"""Errors that arrive as what they were, beside ConfigError; any other arrives as the nearest of its ancestors here."""


@dataclass(frozen=True, slots=True)
class _Signature:
    """What a method takes, and what it answers (a stream: each time)."""

    arguments: type[BaseModel]
    answer: TypeAdapter[Any]


@cache
def _signature(method: str) -> _Signature:
    function = getattr(Control, method)
    hints = get_type_hints(function)
    answer = hints.pop("return")
    fields: dict[str, Any] = {
        name: (hints[name], ... if parameter.default is parameter.empty else parameter.default)
        for name, parameter in inspect.signature(function).parameters.items()
        if name != "self"
    }
    return _Signature(
        create_model(method, __config__=_STRICT, **fields),
        TypeAdapter(get_args(answer)[0] if method in STREAMS else answer),
    )


def require(method: str, *, stream: bool) -> None:
    """Raises JuturnaError unless `method` is one, and of this sort."""
    if method not in METHODS:
        raise JuturnaError(
            f"there is no method {_quoted(method)}", hint=did_you_mean(method[:100], METHODS)
        )
    if (method in STREAMS) is not stream:
        way = "Call" if stream else "Follow"
        raise JuturnaError(f"{method} is asked for by {way}")


def encode_arguments(method: str, arguments: dict[str, Any]) -> str:
    """Raises JuturnaError for a value that JSON does not have."""
    try:
        return _json(_anything().dump_python(arguments))
    except (ValueError, TypeError, RecursionError) as error:
        raise JuturnaError(f"{method}: {describe(error)}") from error


def decode_arguments(method: str, text: str) -> dict[str, Any]:
    """The arguments that were given. Raises JuturnaError for the first that does not fit."""
    try:
        given = _signature(method).arguments.model_validate_json(text or "{}")
    except ValidationError as error:
        raise _misfit(method, error.errors(include_url=False)[0]) from None
    return {name: getattr(given, name) for name in given.model_fields_set}


def encode_answer(method: str, value: Any) -> str:
    """Raises ValueError or TypeError for what breaks the contract."""
    plain = _signature(method).answer.dump_python(value, warnings="error")
    try:
        return to_json(plain, inf_nan_mode="constants").decode()  # in half the time of json
    except PydanticSerializationError:
        return _json(plain)  # half a character


def decode_answer(method: str, text: str) -> Any:
    """Raises JuturnaError for what breaks the contract."""
    try:
        return _signature(method).answer.validate_json(text, strict=True)
    except ValidationError as error:
        found = _misfit(method, error.errors(include_url=False)[0])
        raise JuturnaError(f"the answer cannot be read: {found.message}") from error


def encode_error(error: BaseException, doing: str) -> pb.Error:
    """`error` for the client. What was not raised on purpose is logged here, where its trace is known."""
    if not isinstance(error, JuturnaError):
        jt_logger("control").error("%s failed", doing, exc_info=error)
        error = JuturnaError(f"failed inside the pipeline's process: {describe(error)}")
    if isinstance(error, ConfigError):
        return pb.Error(kind="ConfigError", problems=map(_encode_problem, error.problems))
    kind = next(name for each in type(error).__mro__ if (name := each.__name__) in KINDS)
    return pb.Error(kind=kind, problems=[_encode_problem(error.problem)])


def decode_error(error: pb.Error) -> JuturnaError:
    problems = tuple(map(_decode_problem, error.problems)) or (Problem("error", error.kind),)
    if error.kind == "ConfigError":
        return ConfigError(problems)
    first = problems[0]
    return KINDS.get(error.kind, JuturnaError)(
        first.message,
        node=first.node,
        path=first.path,
        line=first.line,
        column=first.column,
        hint=first.hint,
    )


_OPTIONAL = ("path", "line", "column", "node", "hint")
_PARTS = ("severity", "message", *_OPTIONAL)


def _encode_problem(problem: Problem) -> pb.Problem:
    given: dict[str, Any] = {key: getattr(problem, key) for key in _PARTS}
    for key, value in given.items():
        given[key] = _sound(value) if isinstance(value, str) else value
    return pb.Problem(**given)


def _decode_problem(problem: pb.Problem) -> Problem:
    given: dict[str, Any] = {
        key: getattr(problem, key) for key in _OPTIONAL if problem.HasField(key)
    }
    return Problem(
        "warning" if problem.severity == "warning" else "error", problem.message, **given
    )


@cache
def _anything() -> TypeAdapter[Any]:
    return TypeAdapter(Any)


def _json(value: Any) -> str:
    """Half a character (Python's stand-in for bytes of a file's name that are no text) is written as "?"."""
    return _sound(json.dumps(value, ensure_ascii=False))


def _sound(text: str) -> str:
    return _SURROGATE.sub("?", text)


def _misfit(method: str, error: ErrorDetails) -> JuturnaError:
    """One of pydantic's errors in words."""
    kind, found, place = error["type"], error["input"], _place(error["loc"])
    if kind == "json_invalid":
        return JuturnaError(f"{method}: the arguments are no JSON: {error['ctx']['error']}")
    if not place:
        return JuturnaError(f"{method}: the arguments must be an object, not {found_value(found)}")
    if kind in _UNKNOWN:
        *above, name = error["loc"]
        if above:
            return JuturnaError(f"{method}: {_place(above)} has no {_quoted(str(name))}")
        known = _signature(method).arguments.model_fields
        hint = did_you_mean(str(name)[:100], known)
        return JuturnaError(f"{method} takes no argument {_quoted(str(name))}", hint=hint)
    if kind.startswith("missing"):
        return JuturnaError(f"{method}: {place} is missing")
    expected = _EXPECTED.get(kind)
    if expected is None:
        return JuturnaError(f"{method}: {place}: {error['msg']}")
    return JuturnaError(f"{method}: {place} must be {expected}, not {found_value(found)}")


def _place(path: tuple[int | str, ...] | list[int | str]) -> str:
    """`edits[0].path`"""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return "".join(parts).removeprefix(".")


def _quoted(name: str) -> str:
    return json.dumps(name if len(name) <= 60 else f"{name[:60]}…", ensure_ascii=False)
