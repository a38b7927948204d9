"""One plugin: its folder, what its files say, and the class in it.

A plugin is `<plugins>/nodes/<type>/_<mark>/` with `<mark>.py`, `config.toml` ([arguments] with
defaults, [meta]) and `requirements.txt`.
"""

from __future__ import annotations

import hashlib
import importlib
import inspect
import os
import re
import sys
import tomllib
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import ModuleType
from typing import Any

from juturna_core.errors import RAISED_BY_AUTHORS, PluginError, place_in_plugin
from juturna_core.node import Node

NodeClass = type[Node[Any, Any]]


@dataclass(frozen=True)
class PluginSpec:
    """One plugin: `<plugins>/nodes/<type>/_<mark>/<mark>.py` and what lies beside it.

    Its files are read when they are asked for; a config.toml that is not right raises PluginError.
    """

    type: str
    mark: str
    folder: Path
    file: Path
    builtin: bool = False
    overrides: PluginSpec | None = None
    """The plugin of the same type and mark that would be used without this one."""

    @property
    def config_file(self) -> Path:
        return self.folder / "config.toml"

    @property
    def declares(self) -> bool:
        """Whether there is a config.toml: without one every configuration key is an argument."""
        return self.config_file.is_file()

    @cached_property
    def defaults(self) -> dict[str, Any]:
        """The arguments, each with its default."""
        return self._table("arguments")

    @cached_property
    def meta(self) -> dict[str, Any]:
        return self._table("meta")

    @property
    def requirements_file(self) -> Path:
        return self.folder / "requirements.txt"

    @cached_property
    def requirements(self) -> tuple[str, ...]:
        """The lines of requirements.txt that name a package."""
        if not self.requirements_file.is_file():
            return ()
        lines = self.requirements_file.read_text(encoding="utf-8", errors="replace").splitlines()
        bare = (line.partition(" #")[0].strip() for line in lines)
        return tuple(line for line in bare if line and not line.startswith(("#", "-")))

    @cached_property
    def _toml(self) -> dict[str, Any]:
        if not self.declares:
            return {}
        try:
            return tomllib.loads(self.config_file.read_text(encoding="utf-8"))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            reason, line, column = str(error), None, None
            if found := re.fullmatch(r"(.*) \(at line (\d+), column (\d+)\)", reason):
                reason, line, column = found[1], int(found[2]), int(found[3])
            raise PluginError(
                f"not TOML: {reason}", path=str(self.config_file), line=line, column=column
            ) from None

    def _table(self, name: str) -> dict[str, Any]:
        table = self._toml.get(name, {})
        if not isinstance(table, dict):
            raise PluginError(f"[{name}] is not a table", path=str(self.config_file))
        return table

    @property
    def root(self) -> Path:
        """The plugin folder that it is in."""
        return self.folder.parents[self.type.count(".") + 2]

    def lacks(self, module: str, file: str, line: int | None) -> PluginError:
        """The error that `module`, imported in `line` of `file`, is not there."""
        package = module.partition(".")[0]
        if package != module and package in sys.modules:
            return PluginError(f'there is no module "{module}"', path=file, line=line)
        hint = None
        if not all(map(_is_installed, self.requirements)):
            hint = f"pip install -r {self.requirements_file}"
        message = f'the plugin needs the package "{package}", which is not installed'
        return PluginError(message, path=file, line=line, hint=hint)


def load(spec: PluginSpec) -> NodeClass:
    """The node class of a plugin; Python imports its module once a process. Raises PluginError."""
    package = "juturna_core" if spec.builtin else _package_for(spec.root)
    name = ".".join((package, "nodes", spec.type, f"_{spec.mark}", spec.mark))
    importlib.invalidate_caches()
    try:
        module = importlib.import_module(name)
    except SyntaxError as error:
        raise syntax_error(error) from error
    except ModuleNotFoundError as error:
        file, line = place_in_plugin(error) or (str(spec.file), None)
        missing = error.name or ""
        if missing.startswith(f"{package}."):
            message = f'there is no module "{missing.rpartition(".")[2]}" in the plugin'
            raise PluginError(message, path=file, line=line) from error
        raise spec.lacks(missing, file, line) from error
    except RAISED_BY_AUTHORS as error:
        raise PluginError.from_exception(error, doing="its import", path=str(spec.file)) from error
    return _node_class_in(module, spec)


def forget(folder: Path) -> None:
    """Have the modules below `folder` imported anew when they are wanted next; what was made of them stays."""
    beneath = str(folder) + os.sep
    for name, module in list(sys.modules.items()):
        if (getattr(module, "__file__", None) or "").startswith(beneath):
            del sys.modules[name]


def class_at(dotted: str) -> NodeClass:
    """The class that a node without mark names, in `juturna.nodes` or from any package."""
    module_name, _, class_name = dotted.rpartition(".")
    for candidate in (f"juturna.nodes.{module_name}", module_name):
        try:
            found = getattr(importlib.import_module(candidate), class_name, None)
        except ModuleNotFoundError as error:
            if f"{candidate}.".startswith(f"{error.name}."):
                continue  # it is the candidate that is not there, not something that it imports
            file, line = place_in_plugin(error) or (None, None)
            message = f'{candidate} needs the package "{error.name}", which is not installed'
            raise PluginError(message, path=file, line=line) from error
        except RAISED_BY_AUTHORS as error:
            raise PluginError.from_exception(error, doing=f"the import of {candidate}") from error
        if isinstance(found, type) and issubclass(found, Node):
            return found
    raise PluginError(f'there is no node class "{dotted}" that could be imported')


def syntax_error(error: SyntaxError) -> PluginError:
    """The error that Python cannot read a plugin."""
    return PluginError(
        f"not Python: {error.msg}", path=error.filename, line=error.lineno, column=error.offset
    )


def _node_class_in(module: ModuleType, spec: PluginSpec) -> NodeClass:
    """The one node class that `module` defines, or else takes from a module beside it."""
    beside = (
        module.__name__.removesuffix(spec.mark),
        *(("juturna_core.",) if spec.builtin else ()),
    )
    nodes = [
        each
        for name, each in vars(module).items()
        if isinstance(each, type) and issubclass(each, Node) and not name.startswith("_")
    ]
    own = [each for each in nodes if each.__module__ == module.__name__]
    own = own or [each for each in nodes if each.__module__.startswith(beside)]
    last = [each for each in own if not any(o is not each and issubclass(o, each) for o in own)]
    match list(dict.fromkeys(last)):
        case [only]:
            return only
        case []:
            message = "there is no node class in the plugin: none of its classes derives from Node"
            raise PluginError(message, path=str(spec.file))
        case several:
            lines = {each.__name__: inspect.getsourcelines(each)[1] for each in several}
            named = " and ".join(f"{name} (line {line})" for name, line in lines.items())
            message = f"a plugin has one node class, and here are {named}"
            raise PluginError(message, path=str(spec.file), line=min(lines.values()))


def _package_for(root: Path) -> str:
    """The name of the package that stands for a plugin folder, as no other folder's does.

    Python then finds everything below by itself, as namespace packages: relative imports work.
    """
    name = f"juturna_plugins_{hashlib.sha256(str(root).encode()).hexdigest()[:12]}"
    if name not in sys.modules:
        package = ModuleType(name, f"The plugins in {root}.")
        package.__path__ = [str(root)]
        sys.modules[name] = package
    return name


def _is_installed(requirement: str) -> bool:
    from importlib.metadata import PackageNotFoundError, distribution

    name = re.match(r"[\w.-]+", requirement)
    try:
        return name is not None and distribution(name[0]) is not None
    except PackageNotFoundError:
        return False
