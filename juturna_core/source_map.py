"""Strict JSON with places: what a text says, and at which line and column it says it.

`read` decodes with the standard library's scanner. Only a text that it refuses, or a problem that
needs a place, has `scan` walk the text again and note where every key and value begins and ends.
Offsets, lines and columns count characters (not bytes, and not a leading byte order mark).
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from functools import cached_property
from json.decoder import scanstring  # type: ignore[attr-defined]  # not in typeshed
from pathlib import Path as FilePath
from typing import Any, Literal, NoReturn, TypeAlias

from juturna_core.errors import ConfigError, Problem, did_you_mean

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indexes that lead from the whole document to a value."""

_BOM = "\ufeff"
_BLANK = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_WORD = re.compile(r"[-+]?[\w.]+")
_LITERALS = ("true", "false", "null")
_NOT_FINITE = ("NaN", "Infinity", "-Infinity")


@dataclass(frozen=True, slots=True)
class Span:
    """Where a value is, as offsets into the text; `key` is where its key begins, in an object."""

    start: int
    end: int
    key: int | None = None


class SourceMap:
    """The places of one text. Nothing is looked for until the first place is asked for.

    Without a text (a configuration that a program made) there are no places.
    """

    def __init__(self, text: str | None = None, path: str | None = None) -> None:
        self.text = None if text is None else text.removeprefix(_BOM)
        self.path = path

    @cached_property
    def spans(self) -> dict[Path, Span]:
        """The span of every value, by its path."""
        return {} if self.text is None else scan(self.text).spans

    def locate(self, path: Path, *, key: bool = False) -> tuple[int, int] | tuple[None, None]:
        """Line and column of the value at `path`, or of its key.

        For a value that the text does not have it is the nearest one around it.
        """
        for length in range(len(path), -1, -1):
            if (span := self.spans.get(path[:length])) is not None:
                at_key = key and length == len(path)
                return self.position(span.start if span.key is None or not at_key else span.key)
        return None, None

    def position(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, from 1."""
        text = self.text or ""
        return text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset)

    def problem(
        self,
        severity: Literal["error", "warning"],
        message: str,
        path: Path = (),
        *,
        key: bool = False,
        node: str | None = None,
        hint: str | None = None,
    ) -> Problem:
        """A problem with the value at `path`, or with its key."""
        line, column = self.locate(path, key=key)
        return Problem(severity, message, self.path, line, column, node, hint)


def read_text(path: FilePath) -> str:
    """The text of the file at `path`, its byte order mark too. Raises ConfigError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        message = f"cannot be read: {error.strerror}"
        raise ConfigError([Problem("error", message, str(path), hint=_other_file(path))]) from None
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        before = SourceMap(data[: error.start].decode())
        line, column = before.position(len(before.text or ""))
        message = f"byte 0x{data[error.start]:02x} is not UTF-8"
        raise ConfigError(
            [Problem("error", message, str(path), line, column, hint="save the file as UTF-8")]
        ) from None


def _other_file(path: FilePath) -> str | None:
    """A hint at the file that was probably meant by one that cannot be read."""
    if path.is_dir():
        inside = path / "config.json"
        return f'did you mean "{inside}"?' if inside.is_file() else None
    if not path.parent.is_dir():
        return None
    return did_you_mean(path.name, (each.name for each in path.parent.glob("*.json")))


def read(text: str, path: str | None = None) -> Any:
    """The value that `text` is. Raises ConfigError with every fault and its place."""
    text = text.removeprefix(_BOM)
    try:
        return json.loads(
            text, object_pairs_hook=_unique, parse_constant=_refuse, parse_float=_finite
        )
    except (ValueError, RecursionError) as error:
        source = SourceMap(text, path)
        faults = scan(text).faults or [Fault(0, str(error))]
        raise ConfigError(
            Problem("error", fault.message, path, *source.position(fault.offset), hint=fault.hint)
            for fault in faults
        ) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise ValueError("a key is given twice")
    return members


def _finite(number: str) -> float:
    if math.isinf(value := float(number)):
        raise ValueError(f"{number} is too large")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not a JSON number")


class Fault(Exception):
    """Something that JSON does not allow; raised when the walk cannot go on after it."""

    def __init__(self, offset: int, message: str, hint: str | None = None) -> None:
        super().__init__(message)
        self.offset = offset
        self.message = message
        self.hint = hint


@dataclass(slots=True)
class Scan:
    """A walk over a text: the span of every value, and what JSON does not allow.

    A recursive descent. Each method takes the offset at which its thing begins, and returns the one
    at which it ends.
    """

    text: str
    spans: dict[Path, Span] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)

    def document(self) -> None:
        start = self._skip(0)
        if start == len(self.text):
            raise Fault(0, "the file is empty")
        end = self._skip(self._value(start, ()))
        if end < len(self.text):
            raise Fault(end, f"expected the end of the file, found {self._glimpse(end)}")

    def _value(self, start: int, path: Path, key: int | None = None) -> int:
        match self.text[start : start + 1]:
            case "{":
                end = self._object(start, path)
            case "[":
                end = self._list(start, path)
            case '"':
                _, end = self._string(start)
            case _:
                end = self._word(start)
        self.spans[path] = Span(start, end, key)
        return end

    def _object(self, start: int, path: Path) -> int:
        seen: dict[str, int] = {}
        at = self._skip(start + 1)
        more = self.text[at : at + 1] != "}"
        while more:
            if self.text[at : at + 1] != '"':
                raise Fault(at, f"expected a key in double quotes, found {self._glimpse(at)}")
            key, end = self._string(at)
            if key in seen:
                line = self.text.count("\n", 0, seen[key]) + 1
                self.faults.append(
                    Fault(at, f'the key "{key}" is given twice, first in line {line}')
                )
            seen.setdefault(key, at)
            colon = self._skip(end)
            if self.text[colon : colon + 1] != ":":
                raise Fault(colon, f'expected ":" after a key, found {self._glimpse(colon)}')
            end = self._value(self._skip(colon + 1), (*path, key), at)
            at, more = self._next(start, end, "}")
        return at + 1

    def _list(self, start: int, path: Path) -> int:
        at = self._skip(start + 1)
        more = self.text[at : at + 1] != "]"
        index = 0
        while more:
            end = self._value(at, (*path, index))
            at, more = self._next(start, end, "]")
            index += 1
        return at + 1

    def _next(self, opened: int, end: int, closing: str) -> tuple[int, bool]:
        """After an item that ends at `end`: where the next one is, or (with False) what closes."""
        at = self._skip(end)
        match self.text[at : at + 1]:
            case ",":
                following = self._skip(at + 1)
                if self.text[following : following + 1] == closing:
                    raise Fault(at, f'no comma is allowed before "{closing}"')
                return following, True
            case mark if mark == closing:
                return at, False
        hint = None
        if at == len(self.text):
            line = self.text.count("\n", 0, opened) + 1
            hint = f'the "{self.text[opened]}" in line {line} is not closed'
        raise Fault(at, f'expected "," or "{closing}", found {self._glimpse(at)}', hint)

    def _string(self, start: int) -> tuple[str, int]:
        try:
            text, end = scanstring(self.text, start + 1, True)
            return text, end
        except json.JSONDecodeError as error:
            if error.msg.startswith("Unterminated"):
                raise Fault(start, "a text has no closing quote") from None
            if error.msg.startswith("Invalid control"):
                raise Fault(
                    error.pos,
                    "a text holds a line break or another control character",
                    r"is a closing quote missing? A line break is written \n",
                ) from None
            raise Fault(error.pos, "a backslash with nothing that it could stand for") from None

    def _word(self, start: int) -> int:
        """A number, or one of the three literals."""
        text = self.text
        for literal in _LITERALS:
            if text.startswith(literal, start):
                return start + len(literal)
        for constant in _NOT_FINITE:
            if text.startswith(constant, start):
                self.faults.append(Fault(start, f"{constant} is not a JSON number"))
                return start + len(constant)
        if (number := _NUMBER.match(text, start)) is None:
            word = _WORD.match(text, start)
            hint = did_you_mean(word[0], _LITERALS) if word else None
            raise Fault(start, f"expected a value, found {self._glimpse(start)}", hint)
        try:
            json.loads(number[0], parse_float=_finite)
        except ValueError:
            self.faults.append(Fault(start, "a number is too large"))
        return number.end()

    def _skip(self, at: int) -> int:
        blank = _BLANK.match(self.text, at)
        return at if blank is None else blank.end()

    def _glimpse(self, at: int) -> str:
        """What a person sees at `at`."""
        if at >= len(self.text):
            return "the end of the file"
        if self.text.startswith(("//", "/*", "#"), at):
            return "a comment, which JSON does not have"
        word = _WORD.match(self.text, at)
        return json.dumps(word[0] if word else self.text[at], ensure_ascii=False)


def scan(text: str) -> Scan:
    """Walk over `text`; what follows a fault that cannot be passed is not looked at."""
    found = Scan(text)
    try:
        found.document()
    except Fault as fault:
        found.faults.append(fault)
    except RecursionError:
        found.faults.append(Fault(0, "objects and lists are nested too deeply"))
    return found
