"""Changes to single nodes of a pipeline's text; every other character of it stays."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeAlias

from juturna_core.errors import ConfigError, JuturnaError, Problem, did_you_mean
from juturna_core.source_map import Span, read, scan

REMOVE: Final = ...
"""What a change has for a value when it removes its key."""

Keys: TypeAlias = tuple[str, ...]

_BOM: Final = "\ufeff"
_BREAK: Final = re.compile(r"\r\n|\n|\r")
_BLANK_LINE: Final = re.compile(r"(?:\r\n|\n|\r(?!\n))[ \t]*(?=[\r\n])")
_INDENT: Final = re.compile(r"[\r\n]([ \t]+)[^ \t\r\n]")
_COLON: Final = re.compile(r"(\s*):(\s*)\Z")
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Change:
    """A new value for the key that `path` leads to inside the object of `node`, or REMOVE.

    Raises TypeError or ValueError for a value that JSON does not have; a tuple becomes a list.
    """

    node: str
    path: Keys
    value: Any

    def __post_init__(self) -> None:
        if not self.path:
            raise ValueError("a change names a key of the node")
        if self.value is not REMOVE:
            plain = json.loads(json.dumps(self.value, allow_nan=False))
            object.__setattr__(self, "value", plain)


def splice(text: str, changes: Sequence[Change], path: str | None = None) -> str:
    """`text` with `changes` made, one after the other, and every other character as it was.

    `path` is what errors call the text. Raises ConfigError when it is not JSON, JuturnaError when a
    change cannot be made in it.
    """
    document = read(text, path)
    body = text.removeprefix(_BOM)
    found = scan(body)
    if found.faults:  # nested more deeply than the scanner of `read` minds
        raise ConfigError([Problem("error", found.faults[0].message, path)])
    indent = _INDENT.search(body)
    nodes = _nodes(document, changes, path)
    for index, node in sorted(nodes.items(), reverse=True):  # what is in front keeps its place
        span = found.spans["pipeline", "nodes", index]
        part = NodeText(body[span.start : span.end], indent[1] if indent else "  ")
        for change in [change for change in changes if change.node == node["name"]]:
            _apply(change, node, path)
            part.apply(change)
        body = body[: span.start] + part.text + body[span.end :]
    if not _says(body, document):
        message = "the changes cannot be made without damage to what is around them"
        raise JuturnaError(message, path=path, hint="this is an error in juturna: please report it")
    return text[: len(text) - len(text.removeprefix(_BOM))] + body


def _nodes(document: Any, changes: Sequence[Change], path: str | None) -> dict[int, Any]:
    """The nodes that `changes` name, by their index."""
    match document:
        case {"pipeline": {"nodes": [*given]}}:
            nodes = {i: n for i, n in enumerate(given) if isinstance(n, dict) and "name" in n}
        case _:
            nodes = {}
    names = [node["name"] for node in nodes.values()]
    for name in {change.node: None for change in changes}:
        if name not in names:
            hint = did_you_mean(name, map(str, names))
            raise JuturnaError(f'there is no node "{name}"', node=name, path=path, hint=hint)
        if names.count(name) > 1:
            raise JuturnaError(f'two nodes are called "{name}"', node=name, path=path)
    wanted = [change.node for change in changes]
    return {index: node for index, node in nodes.items() if node["name"] in wanted}


def _apply(change: Change, node: Any, path: str | None) -> None:
    """Make `change` to a decoded node: what its text has to say at the end."""
    for depth, key in enumerate(change.path[:-1], 1):
        if node.get(key) is None:
            if change.value is REMOVE:
                return
            node[key] = {}
        node = node[key]
        if not isinstance(node, dict):
            message = f'"{".".join(change.path[:depth])}" is not an object'
            raise JuturnaError(message, node=change.node, path=path)
    if change.value is REMOVE:
        node.pop(change.path[-1], None)
    else:
        node[change.path[-1]] = copy.deepcopy(change.value)


def _same(one: Any, other: Any) -> bool:
    """Equal as JSON: 1, 1.0 and true are three values, another order of keys is none."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _says(text: str, value: Any) -> bool:
    try:
        return _same(read(text), value)
    except ConfigError:
        return False


def _literal(value: Any) -> str:
    """JSON on one line, not escaped, but for half a surrogate pair, which UTF-8 does not have."""
    text = json.dumps(value, ensure_ascii=False)
    return _SURROGATE.sub(lambda half: f"\\u{ord(half[0]):04x}", text)


def _in_line(blank: str) -> str:
    """`blank`, if it breaks no line."""
    return "" if _BREAK.search(blank) else blank


@dataclass(frozen=True, slots=True)
class Style:
    """How the members of one object are written: on one line when `newline` is empty."""

    unit: str
    newline: str = ""
    indent: str = ""
    separator: str = ", "
    colon: str = ": "
    comma: str = ", "
    pad: str = ""
    long_lists: bool = False

    def write(self, value: Any) -> str:
        """The text of a member's value. A list of plain values is on one line, or `long_lists`."""
        if not value or not isinstance(value, dict | list):
            return _literal(value)
        inner = replace(self, indent=self.indent + self.unit)
        if isinstance(value, dict):
            items = [f"{_literal(key)}{self.colon}{inner.write(value[key])}" for key in value]
            (opening, closing), pad, flat = "{}", self.pad, not self.newline
        else:
            items = [inner.write(each) for each in value]
            plain = not any(isinstance(each, dict | list) for each in value)
            (opening, closing), pad = "[]", ""
            flat = not self.newline or (plain and not self.long_lists)
        if flat:
            return f"{opening}{pad}{self.comma.join(items)}{pad}{closing}"
        line = f"{self.newline}{inner.indent}"
        return f"{opening}{line}{f',{line}'.join(items)}{self.newline}{self.indent}{closing}"


class NodeText:
    """The text of one node while it is changed; walked anew after each step: no place is stale."""

    def __init__(self, text: str, unit: str) -> None:
        self._unit = unit
        self._set(text)

    def _set(self, text: str) -> None:
        self.text = text
        self._spans = scan(text).spans

    def apply(self, change: Change) -> None:
        if change.value is REMOVE:
            self._remove(change.path)
        else:
            self._put(change.path, change.value)

    def _put(self, path: Keys, value: Any) -> None:
        """Give the key at `path` its value; of an object only the members that differ."""
        outer, span = path[:-1], self._spans.get(path)
        if span is None:
            if self._value(outer) is None:
                self._put(outer, {path[-1]: value})
            else:
                self._insert(outer, path[-1], value)
            return
        old = self._value(path)
        if isinstance(old, dict) and isinstance(value, dict):
            for key, each in value.items():
                self._put((*path, key), each)
            for key in [key for key in old if key not in value]:
                self._remove((*path, key))
        elif not _same(old, value):
            style = self._style(outer)
            if old and isinstance(old, dict | list):
                broken = _BREAK.search(self.text, span.start, span.end) is not None
                style = replace(style, long_lists=True) if broken else replace(style, newline="")
            self._replace(span.start, span.end, style.write(value))

    def _remove(self, path: Keys) -> None:
        """Take the key at `path` away, if it is there, and the comma that it needed."""
        if (span := self._spans.get(path)) is None:
            return
        members, holder = self._members(path[:-1]), self._spans[path[:-1]]
        index = members.index(span)
        if index > 0:
            self._replace(members[index - 1].end, span.end, "")
        elif len(members) > 1:
            self._replace(_key(span), _key(members[1]), "")
        else:
            gap = self.text[holder.start + 1 : _key(span)]
            self._replace(holder.start + 1, holder.end - 1, _in_line(gap))

    def _insert(self, path: Keys, key: str, value: Any) -> None:
        """A new last member of the object at `path`."""
        if members := self._members(path):
            style, end = self._style(path), members[-1].end
            member = f"{style.separator}{_literal(key)}{style.colon}{style.write(value)}"
            self._replace(end, end, member)
        else:
            style, holder = self._style(path[:-1]), self._spans[path]
            gap = _in_line(self.text[holder.start + 1 : holder.end - 1])
            style = replace(style, pad=gap, newline="" if gap else style.newline)
            self._replace(holder.start, holder.end, style.write({key: value}))

    def _style(self, path: Keys) -> Style:
        """The style of the object at `path`: that of its last member, which a new one follows."""
        if not (members := self._members(path)):
            return Style(self._unit)
        holder, last = self._spans[path], members[-1]
        opening = self.text[holder.start + 1 : _key(members[0])]
        _, before, after, _ = _COLON.split(self.text[_key(last) : last.start])
        gap = f",{opening or after}"
        if len(members) > 1:
            gap = self.text[members[-2].end : _key(last)]
        separator = _BLANK_LINE.sub("", gap)
        newline = (_BREAK.findall(separator) or [""])[-1]
        indent = _BREAK.split(separator)[-1].partition(",")[0] if newline else ""
        _, *closing = _BREAK.split(self.text[last.end : holder.end - 1])
        outer = closing[-1] if closing and indent.startswith(closing[-1]) else indent
        return Style(
            unit=indent.removeprefix(outer) or self._unit,
            newline=newline,
            indent=indent,
            separator=separator,
            colon=f"{' ' * bool(before)}:{' ' * bool(after)}",
            comma=", " if after or (separator != "," and not newline) else ",",
            pad=_in_line(opening),
        )

    def _members(self, path: Keys) -> list[Span]:
        """The members of the object at `path`, in their order."""
        return [span for place, span in self._spans.items() if place and place[:-1] == path]

    def _value(self, path: Keys) -> Any:
        """What is at `path`; None when nothing is."""
        span = self._spans.get(path)
        return None if span is None else json.loads(self.text[span.start : span.end])

    def _replace(self, start: int, end: int, text: str) -> None:
        self._set(self.text[:start] + text + self.text[end:])


def _key(member: Span) -> int:
    """Where a member begins."""
    return member.start if member.key is None else member.key
