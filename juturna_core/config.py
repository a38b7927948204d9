"""The pipeline file as one frozen value: `PipelineConfig`.

`PipelineConfig.load` reads a file, `parse` a text, `from_dict` what a program made. Each raises
ConfigError with every problem it found; what is only odd comes back as warnings. What can be known
without plugins is checked here, the rest in check.py.
"""

from __future__ import annotations

import copy
import json
import os
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeAlias

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    StrictInt,
    StrictStr,
    ValidationError,
    ValidationInfo,
    field_validator,
)

from juturna_core import source_map
from juturna_core.environment import expand
from juturna_core.errors import (
    ConfigError,
    Problem,
    did_you_mean,
)
from juturna_core.log import jt_logger
from juturna_core.shape import problem_of, unknown_keys
from juturna_core.source_map import SourceMap

WhenFull: TypeAlias = Literal["block", "drop_oldest", "drop_newest"]
OnError: TypeAlias = Literal["skip", "stop"]
OnFailure: TypeAlias = Literal["wait", "local", "drop"]

LONGEST_NAME: Final = 255
"""Bytes that a file system allows in the name of a node's folder."""
RESERVED_NAMES: Final = frozenset({"config.json", "dead_letters"})
"""What the runtime itself puts into a pipeline's folder."""


def _folder_name(name: str) -> str:
    """Refuse what is not the name of one folder inside another."""
    if not name:
        raise ValueError("must not be empty")
    if name in (".", "..") or "/" in name or "\\" in name:
        raise ValueError(f'"{name}" would lead to another folder')
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in name):
        raise ValueError(f"{json.dumps(name)} holds a control character")
    if len(name.encode()) > LONGEST_NAME:
        raise ValueError(f"is longer than {LONGEST_NAME} bytes, which no folder's name can be")
    return name


def _node_name(name: str) -> str:
    if name in RESERVED_NAMES:
        raise ValueError(f'"{name}" is what the runtime itself puts into the pipeline\'s folder')
    return _folder_name(name)


def _number_as_text(value: Any) -> Any:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _host(name: str) -> str:
    if not name or any(mark.isspace() or mark == "/" for mark in name):
        raise ValueError(f'"{name}" is not the name or the address of a machine')
    return name


FolderName: TypeAlias = Annotated[StrictStr, AfterValidator(_folder_name)]
NodeName: TypeAlias = Annotated[StrictStr, AfterValidator(_node_name)]
HostName: TypeAlias = Annotated[StrictStr, AfterValidator(_host)]
LooseText: TypeAlias = Annotated[StrictStr, BeforeValidator(_number_as_text)]


class Section(BaseModel):
    """An object of the file."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class WarpConfig(Section):
    """Where a warped node runs. `$JT_ENV_` variables in it are expanded when the file is read."""

    grpc_host: HostName = Field("localhost", description="name or address of the remote")
    grpc_port: StrictInt = Field(50080, ge=1, le=65535, description="port of the remote")
    timeout: float = Field(
        30.0, gt=0, allow_inf_nan=False, strict=True, description="seconds for one message"
    )
    on_failure: OnFailure = Field(
        "wait", description="while the remote is away: wait for it, run the node here, or drop"
    )

    @property
    def address(self) -> str:
        """HOST:PORT."""
        host = self.grpc_host.strip("[]")
        return f"[{host}]:{self.grpc_port}" if ":" in host else f"{host}:{self.grpc_port}"

    @field_validator("*", mode="before")
    @classmethod
    def _expand(cls, value: Any, info: ValidationInfo) -> Any:
        name = info.field_name or ""
        default = cls.model_fields[name].default
        return expand(value, default, os.environ, key=f"warp_configuration.{name}")


class NodeConfig(Section):
    """One node."""

    name: NodeName = Field(description="unique in the pipeline; also the name of its folder")
    type: FolderName = Field(
        description='folder of the plugin ("source", "proc", "sink", …), or without "mark" the '
        "dotted path of a class"
    )
    mark: FolderName | None = Field(None, description="which plugin of that type")
    sync: StrictStr | None = Field(None, description="how messages of several origins are combined")
    auto_dump: StrictBool = Field(False, description="write every transmitted message as JSON")
    configuration: dict[str, Any] = Field({}, description="arguments, laid over the defaults")
    warped: StrictBool = Field(False, description="run on another machine")
    warp_configuration: WarpConfig | None = Field(None, description="where that machine is")
    when_full: WhenFull = Field("block", description="what happens to messages for a full node")
    on_error: OnError = Field("skip", description="what an exception in update() does")
    repository: Any = Field(None, description="ignored")

    @property
    def place(self) -> str:
        """Where it runs: HOST:PORT of its remote, or `local`."""
        warp = self.warp_configuration
        return warp.address if self.warped and warp is not None else "local"


class LinkConfig(Section):
    """One link: what the node `from` transmits goes to the node `to`."""

    origin: StrictStr = Field(alias="from", description="name of the node that transmits")
    destination: StrictStr = Field(alias="to", description="name of the node that receives")

    def __str__(self) -> str:
        return f"{self.origin} -> {self.destination}"


class PipelineSection(Section):
    """The pipeline itself."""

    name: StrictStr = Field(min_length=1, description="name of the pipeline")
    id: LooseText = Field(description="id of the pipeline; sinks send it as session_id")
    folder: StrictStr = Field(min_length=1, description="where the run writes, one folder a node")
    telemetry: StrictStr | None = Field(
        None, description="CSV file in the folder, for every message"
    )
    dead_letters: StrictInt = Field(
        100, ge=0, description="messages kept of each node whose update() raised"
    )
    nodes: tuple[NodeConfig, ...] = Field(description="the nodes")
    links: tuple[LinkConfig, ...] = Field((), description="how messages go from node to node")


class PipelineFile(Section):
    """A Juturna pipeline."""

    version: LooseText = Field("", description="any text")
    plugins: tuple[StrictStr, ...] = Field((), description="plugin folders, from this file on")
    requirements: tuple[StrictStr, ...] = Field(
        (), description="packages that the plugins need, as `require --add-extra` notes them"
    )
    pipeline: PipelineSection


@dataclass(frozen=True, slots=True)
class PipelineConfig:
    """A pipeline file, flattened. Never changed: a changed configuration is another value.

    `raw` is what was given, for `config.json`; it does not count when two are compared.
    """

    name: str
    id: str
    folder: str
    nodes: tuple[NodeConfig, ...] = ()
    links: tuple[LinkConfig, ...] = ()
    plugins: tuple[str, ...] = ()
    version: str = ""
    telemetry: str | None = None
    dead_letters: int = 100
    raw: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)
    _by_name: dict[str, NodeConfig] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {node.name: node for node in self.nodes})

    @classmethod
    def load(cls, path: Path | str) -> Loaded:
        """The configuration in the file at `path`."""
        return cls.parse(source_map.read_text(Path(path)), str(path))

    @classmethod
    def parse(cls, text: str, path: str | None = None) -> Loaded:
        """The configuration that `text` is; `path` is what problems call it."""
        config, warnings = _build(source_map.read(text, path), SourceMap(text, path))
        return Loaded(config, warnings, text, path)

    @classmethod
    def from_dict(cls, given: Mapping[str, Any]) -> PipelineConfig:
        """The configuration in the dict that such a file decodes to; warnings are logged."""
        config, warnings = _build(copy.deepcopy(given), SourceMap())
        for warning in warnings:
            jt_logger("config").warning("%s", warning.message)
        return config

    def node(self, name: str) -> NodeConfig:
        """The node called `name`; KeyError when there is none."""
        return self._by_name[name]

    def dump(self) -> dict[str, Any]:
        """The configuration as a pipeline file, without what is as the default is."""
        pipeline = {
            section: [each.model_dump(by_alias=True, exclude_defaults=True) for each in values]
            for section, values in (("nodes", self.nodes), ("links", self.links))
        }
        plain = {"telemetry": self.telemetry, "dead_letters": self.dead_letters}
        defaults = PipelineSection.model_fields
        given = {key: value for key, value in plain.items() if value != defaults[key].default}
        head = {"name": self.name, "id": self.id, "folder": self.folder}
        return {
            "version": self.version,
            "plugins": list(self.plugins),
            "pipeline": {**head, **given, **pipeline},
        }


@dataclass(frozen=True, slots=True)
class Loaded:
    """A configuration with the text it came from; `problems` are warnings, errors were raised."""

    config: PipelineConfig
    problems: tuple[Problem, ...]
    text: str
    path: str | None

    @property
    def source(self) -> SourceMap:
        """The places of the text, for `check`."""
        return SourceMap(self.text, self.path)


def json_schema() -> dict[str, Any]:
    """The JSON Schema of a pipeline file."""
    schema = PipelineFile.model_json_schema(by_alias=True)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **schema}


def override(config: PipelineConfig, assignment: str) -> PipelineConfig:
    """`config` with one argument changed: `NODE.KEY=VALUE`, the value as JSON or else as text."""
    target, equals, text = assignment.partition("=")
    names = sorted((node.name for node in config.nodes), key=len, reverse=True)
    name = next((name for name in names if target.startswith(f"{name}.")), None)
    if name is None or not equals or not (key := target.removeprefix(f"{name}.")):
        hint = did_you_mean(target.partition(".")[0], names) if equals else None
        message = f'"{assignment}" sets no argument of a node'
        raise ConfigError([Problem("error", message, hint=hint or "write NODE.KEY=VALUE")])
    try:
        value = source_map.read(text)
    except ConfigError:
        value = text
    raw = copy.deepcopy(config.raw)
    for given in raw.get("pipeline", {}).get("nodes", ()):
        if given["name"] == name:
            given.setdefault("configuration", {})[key] = value
    old = config.node(name)
    new = old.model_copy(update={"configuration": {**old.configuration, key: value}})
    nodes = tuple(new if node is old else node for node in config.nodes)
    return replace(config, nodes=nodes, raw=raw)


def _build(given: Any, source: SourceMap) -> tuple[PipelineConfig, tuple[Problem, ...]]:
    """The configuration and its warnings. Raises ConfigError with them and every error."""
    problems = list(unknown_keys(given, PipelineFile, source))
    try:
        file = PipelineFile.model_validate(given)
    except ValidationError as error:
        problems.extend(problem_of(each, given, source) for each in error.errors(include_url=False))
        raise ConfigError(_in_order(problems)) from None
    pipeline = file.pipeline
    problems.extend(_equal_names(pipeline.nodes, source))
    links = {}
    for index, link in enumerate(pipeline.links):
        if link in links:
            message = f"the link {link} is given twice; the second is left out"
            problems.append(source.problem("warning", message, ("pipeline", "links", index)))
        links[link] = index
    problems = _in_order(problems)
    if any(problem.severity == "error" for problem in problems):
        raise ConfigError(problems)
    config = PipelineConfig(
        name=pipeline.name,
        id=pipeline.id,
        folder=pipeline.folder,
        nodes=pipeline.nodes,
        links=tuple(links),
        plugins=file.plugins,
        version=file.version,
        telemetry=pipeline.telemetry,
        dead_letters=pipeline.dead_letters,
        raw=given,
    )
    return config, tuple(problems)


def _in_order(problems: list[Problem]) -> list[Problem]:
    return sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0))


def _equal_names(nodes: tuple[NodeConfig, ...], source: SourceMap) -> Iterator[Problem]:
    seen: dict[str, tuple[str, int]] = {}
    for index, node in enumerate(nodes):
        path = ("pipeline", "nodes", index, "name")
        name, first = seen.setdefault(node.name.casefold(), (node.name, index))
        if first == index:
            continue
        line, _ = source.locate(("pipeline", "nodes", first, "name"))
        other = "" if line is None else f", the other in line {line}"
        if name == node.name:
            message = f'two nodes are called "{name}"{other}'
            yield source.problem("error", message, path, node=name)
        else:
            message = (
                f'"{node.name}" and "{name}"{other} are one folder on a file system that does not '
                "tell capitals apart"
            )
            yield source.problem("warning", message, path, node=node.name)
