"""Everything that can be known about a configuration without running any plugin's code.

One list of problems for the command line, the workbench and the server; an error in it means that
nothing is started.
"""

from __future__ import annotations

import ast
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

from juturna_core import graph, plugin
from juturna_core.environment import expand
from juturna_core.errors import (
    EnvironmentVariableError,
    JuturnaError,
    PluginError,
    Problem,
    did_you_mean,
)
from juturna_core.shape import found_value
from juturna_core.source_map import Path, SourceMap
from juturna_core.synchronisers import SYNCHRONISERS

if TYPE_CHECKING:
    from juturna_core.catalog import Catalog
    from juturna_core.config import NodeConfig, PipelineConfig
    from juturna_core.plugin import PluginSpec


def check(
    config: PipelineConfig, catalog: Catalog, source: SourceMap | None = None
) -> list[Problem]:
    """The problems of `config`; `source` gives them their places."""
    return list(Check(config, catalog, source or SourceMap()).problems())


class Check:
    """One run of `check`: every method yields the problems of one kind."""

    def __init__(self, config: PipelineConfig, catalog: Catalog, source: SourceMap) -> None:
        self.config = config
        self.catalog = catalog
        self.source = source
        self.names = [node.name for node in config.nodes]
        self.links = [(link.origin, link.destination) for link in config.links]
        self.read_plugins: set[PluginSpec] = set()

    def problems(self) -> Iterator[Problem]:
        yield from self.plugin_folders()
        for index, node in enumerate(self.config.nodes):
            yield from self.node(node, ("pipeline", "nodes", index))
        yield from self.link_ends()
        yield from self.cycles()
        yield from self.roles()

    # --- plugins and nodes ------------------------------------------------------------------------

    def plugin_folders(self) -> Iterator[Problem]:
        for index, folder in enumerate(self.config.plugins):
            if folder in self.catalog.unfound:
                message = f'there is no plugin folder "{folder}"'
                hint = "looked for beside the pipeline file and in the working directory"
                yield self.source.problem("warning", message, ("plugins", index), hint=hint)

    def node(self, node: NodeConfig, path: Path) -> Iterator[Problem]:
        yield from self.policies(node, path)
        warp = node.warp_configuration
        runs_here = not node.warped or (warp is not None and warp.on_failure == "local")
        try:
            spec = self.find(node)
        except PluginError as error:
            if runs_here:
                yield self.placed(error, (*path, "mark"), node)
            return
        if spec is not None and runs_here and spec not in self.read_plugins:
            self.read_plugins.add(spec)
            yield from (replace(error.problem, node=node.name) for error in faults_of(spec))
        yield from self.arguments(node, spec, (*path, "configuration"))

    def find(self, node: NodeConfig) -> PluginSpec | None:
        """The plugin of `node`; None for a dotted path, of which only an import tells more."""
        if node.mark is not None:
            spec = self.catalog.find(node.type, node.mark)
            _ = spec.defaults  # raises when config.toml is not right
            return spec
        if "." in node.type:
            return None
        raise PluginError(
            f'the node "{node.name}" has no "mark"',
            hint='without one, "type" is the dotted path of a class',
        )

    def policies(self, node: NodeConfig, path: Path) -> Iterator[Problem]:
        if node.sync is not None and node.sync not in SYNCHRONISERS:
            message = f'there is no synchroniser "{node.sync}"'
            hint = did_you_mean(node.sync, SYNCHRONISERS) or f"known: {', '.join(SYNCHRONISERS)}"
            place = (*path, "sync")
            yield self.source.problem("error", message, place, node=node.name, hint=hint)
        if node.warped and node.warp_configuration is None:
            message = f'the node "{node.name}" is warped and has no "warp_configuration"'
            hint = "it needs grpc_host and grpc_port"
            place = (*path, "warped")
            yield self.source.problem("error", message, place, node=node.name, hint=hint)

    def arguments(self, node: NodeConfig, spec: PluginSpec | None, path: Path) -> Iterator[Problem]:
        """Keys that the plugin does not have, unset variables, values of another type."""
        defaults = spec.defaults if spec is not None else {}
        closed = spec is not None and spec.declares
        for key, value in {**defaults, **node.configuration}.items():
            place = (*path, key)
            if closed and key not in defaults:
                message = f'{node.type} "{node.mark}" has no argument "{key}"'
                hint = did_you_mean(key, defaults)
                yield self.source.problem(
                    "warning", message, place, key=True, node=node.name, hint=hint
                )
                continue
            try:
                value = expand(value, defaults.get(key), os.environ, key=key, node=node.name)
            except EnvironmentVariableError as error:
                yield self.placed(error, place, node)
                continue
            expected = json_type(defaults.get(key))
            if expected and json_type(value) not in (None, expected):
                message = f'"{key}": expected {expected}, found {found_value(value)}'
                hint = f"the default is {defaults[key]!r}"
                yield self.source.problem("warning", message, place, node=node.name, hint=hint)

    def placed(self, error: JuturnaError, path: Path, node: NodeConfig) -> Problem:
        """`error` at its own place if it has one, else at `path` in the file."""
        if error.path is not None:
            return replace(error.problem, node=node.name)
        return self.source.problem("error", error.message, path, node=node.name, hint=error.hint)

    # --- links ------------------------------------------------------------------------------------

    def link_path(self, link: graph.Link) -> Path:
        """Where `link` is in the file, which may hold it twice."""
        given = self.config.raw["pipeline"]["links"] if self.config.raw else []
        ends = [(each["from"], each["to"]) for each in given]
        return ("pipeline", "links", ends.index(link)) if link in ends else ("pipeline", "links")

    def link_ends(self) -> Iterator[Problem]:
        for link in self.links:
            for key, name in zip(("from", "to"), link, strict=True):
                if name not in self.names:
                    message = f'there is no node "{name}"'
                    place = (*self.link_path(link), key)
                    hint = did_you_mean(name, self.names)
                    yield self.source.problem("error", message, place, hint=hint)

    def cycles(self) -> Iterator[Problem]:
        """Every cycle, at the link that closes it."""
        links = [link for link in self.links if set(link) <= set(self.names)]
        while (ring := graph.find_cycle(self.names, links)) is not None:
            closing = (ring[-2], ring[-1])
            message = f"a cycle: {' -> '.join(ring)}"
            yield self.source.problem("error", message, self.link_path(closing), node=ring[0])
            links.remove(closing)

    def roles(self) -> Iterator[Problem]:
        """Nodes that are linked as their type does not suggest."""
        origins = {origin for origin, _ in self.links}
        fed = {destination for _, destination in self.links}
        for index, node in enumerate(self.config.nodes):
            path = ("pipeline", "nodes", index, "name")
            if node.type == "sink" and node.name in origins:
                message = f'"{node.name}" is a sink, and a link leads away from it'
                yield self.source.problem("warning", message, path, node=node.name)
            if node.type in ("proc", "sink") and node.name not in fed:
                message = f'no link leads to "{node.name}", so it gets no messages'
                yield self.source.problem("warning", message, path, node=node.name)


def faults_of(spec: PluginSpec) -> Iterator[PluginError]:
    """What keeps a plugin from being imported, as far as its source tells."""
    try:
        tree = ast.parse(spec.file.read_bytes(), str(spec.file))
    except SyntaxError as error:
        yield plugin.syntax_error(error)
        return
    for statement in tree.body:
        match statement:
            case ast.Import(names):
                modules = [alias.name for alias in names]
            case ast.ImportFrom(module=str(module), level=0):
                modules = [module]
            case _:
                continue
        for package in dict.fromkeys(module.partition(".")[0] for module in modules):
            if package not in sys.modules and find_spec(package) is None:
                yield spec.lacks(package, str(spec.file), statement.lineno)


def json_type(value: Any) -> str | None:
    """What JSON calls the type of `value`; None for one that tells nothing about it."""
    match value:
        case bool():
            return "true or false"
        case int() | float():
            return "a number"
        case str() if value:
            return "a text"
        case list() if value:
            return "a list"
        case dict() if value:
            return "an object"
    return None
