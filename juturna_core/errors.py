"""Everything that this project raises on purpose.

    JuturnaError
    ├── ConfigError (ValueError)                the pipeline file: every problem in it, at once
    ├── PluginError                             a plugin folder, or what is in it
    ├── EnvironmentVariableError (ValueError)   a $JT_ENV_ variable of a node's configuration
    ├── SettingError (ValueError)               a JUTURNA_* variable
    ├── StateError (RuntimeError)               asked for at the wrong moment: start before warmup
    ├── Gone                                    the process of a pipeline that one looks into
    ├── FileChanged                             the pipeline file is not what it was when it was read
    ├── WarpError                               a node that runs elsewhere
    │   ├── RemoteError                         the remote answered: this failed here
    │   ├── RemoteTimeout (TimeoutError)        the remote is there and too slow for this message
    │   └── MessageTooLarge                     over what both ends allow
    └── UncrossableError (TypeError)            a value that the wire cannot carry

`str(error)` is one complete line for a person, with where it is in front and what to do about it
behind; the parts are attributes. A `Problem` is the same as a value: what a check finds and then
goes on.
"""

from __future__ import annotations

import difflib
import importlib
import os
import traceback
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, Self

RAISED_BY_AUTHORS = (Exception, SystemExit)
"""What the code of a plugin may raise: anything, and `sys.exit()`. Caught only around calls of such code."""

_HERE = os.path.dirname(os.path.abspath(__file__)) + os.sep
_OUR_NODES = os.path.join(_HERE, "nodes") + os.sep
_NOT_PLUGINS = (_HERE, os.path.dirname(importlib.__file__) + os.sep, "<")


def location(path: str | None, line: int | None = None, column: int | None = None) -> str:
    """`path:line:column`, as far as it is known; lines and columns count from 1."""
    return ":".join(str(part) for part in (path, line, column) if part is not None)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The one of `known` that was probably meant by `name`, None when none resembles it."""
    by_folded = {candidate.casefold(): candidate for candidate in known}
    found = difflib.get_close_matches(name.casefold(), by_folded, n=1, cutoff=0.6)
    return by_folded[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str | None:
    """The hint `did you mean "…"?`, None when nothing resembles `name`."""
    candidate = nearest(name, known)
    return None if candidate is None else f'did you mean "{candidate}"?'


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where; `line` and `column` (in characters) count from 1."""

    severity: Literal["error", "warning"]
    message: str
    path: str | None = None
    line: int | None = None
    column: int | None = None
    node: str | None = None
    hint: str | None = None

    def __str__(self) -> str:
        where = location(self.path, self.line, self.column)
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{': ' if where else ''}{self.severity}: {self.message}{hint}"


class JuturnaError(Exception):
    """The root: a message, and what is known about where it is and what to do."""

    def __init__(
        self,
        message: str,
        *,
        node: str | None = None,
        path: str | None = None,
        line: int | None = None,
        column: int | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.node = node
        self.path = path
        self.line = line
        self.column = column
        self.hint = hint

    def __str__(self) -> str:
        where = location(self.path, self.line, self.column)
        hint = f" ({self.hint})" if self.hint else ""
        return f"{where}{': ' if where else ''}{self.message}{hint}"

    @property
    def problem(self) -> Problem:
        """The error as a value."""
        return Problem(
            "error", self.message, self.path, self.line, self.column, self.node, self.hint
        )


class ConfigError(JuturnaError, ValueError):
    """A pipeline that cannot be run. `problems` holds every problem found, warnings among them."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        first = next((p for p in self.problems if p.severity == "error"), self.problems[0])
        super().__init__(
            first.message,
            node=first.node,
            path=first.path,
            line=first.line,
            column=first.column,
            hint=first.hint,
        )
        self.args = (self.problems,)

    def __str__(self) -> str:
        return "\n".join(map(str, self.problems))


class PluginError(JuturnaError):
    """A plugin that cannot be found, imported or built; `path` and `line` are in the plugin."""

    @classmethod
    def from_exception(
        cls, error: BaseException, *, doing: str, node: str | None = None, path: str | None = None
    ) -> Self:
        """What an author's code raised while it was `doing` something, with its place.

        The place is the innermost line in the plugin's folder, not in a library that it called;
        `path` is said when the traceback does not get there.
        """
        who = "the plugin" if node is None else f'node "{node}"'
        text = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        place, line = place_in_plugin(error) or (path, None)
        return cls(f"{who} failed in {doing}: {text}", node=node, path=place, line=line)


class EnvironmentVariableError(JuturnaError, ValueError):
    """A `$JT_ENV_` variable that is not set, or not of the type of the argument."""

    def __init__(self, reason: str, *, key: str, node: str | None = None) -> None:
        place = f'key "{key}"' if node is None else f'node "{node}", configuration key "{key}"'
        super().__init__(f"{reason} ({place})", node=node)
        self.reason = reason
        self.key = key


class SettingError(JuturnaError, ValueError):
    """A `JUTURNA_*` environment variable with a value that it cannot have."""


class StateError(JuturnaError, RuntimeError):
    """A call that the pipeline or node is not ready for."""


class WarpError(JuturnaError):
    """Something about a node that runs elsewhere; `address` is HOST:PORT."""

    def __init__(
        self,
        message: str,
        *,
        address: str | None = None,
        node: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message, node=node, hint=hint)
        self.address = address


class RemoteError(WarpError):
    """The node there raised, or the service there refused."""


class RemoteTimeout(WarpError, TimeoutError):
    """The remote is there and took longer than `timeout` for one message."""


class MessageTooLarge(WarpError):
    """A message over the limit of the wire."""


class UncrossableError(JuturnaError, TypeError):
    """A value that cannot cross the wire; the message names where in the message it is."""


def describe(error: BaseException) -> str:
    """Type and text on one line, also of an error whose own `__str__` raises."""
    lines = "".join(traceback.format_exception_only(error)).splitlines()
    return " ".join(line.strip() for line in lines)


def place_in_plugin(error: BaseException) -> tuple[str, int | None] | None:
    """File and line of the innermost frame in the plugin that `error` came through, if any."""
    frames = traceback.extract_tb(error.__traceback__)
    folders = (os.path.dirname(frame.filename) for frame in frames if _is_plugin(frame.filename))
    if (folder := next(folders, None)) is None:
        return None
    place = next(f for f in reversed(frames) if os.path.dirname(f.filename) == folder)
    return place.filename, place.lineno


def _is_plugin(file: str) -> bool:
    return not file.startswith(_NOT_PLUGINS) or file.startswith(_OUR_NODES)
