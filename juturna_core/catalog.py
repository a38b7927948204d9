"""Where nodes come from: finds plugins, lays configurations over their defaults, builds nodes.

Built-in nodes are plugins that ship in this package. `Catalog.build` is the one way to a node, and
what decides by `warped` where it runs. Used by one thread at a time.
"""

from __future__ import annotations

import inspect
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from juturna_core import plugin
from juturna_core.environment import expand
from juturna_core.errors import RAISED_BY_AUTHORS, JuturnaError, PluginError, did_you_mean
from juturna_core.log import jt_logger
from juturna_core.node import Node
from juturna_core.plugin import NodeClass, PluginSpec
from juturna_core.synchronisers import SYNCHRONISERS

if TYPE_CHECKING:
    from juturna_core.config import NodeConfig, PipelineConfig

BUILTIN: Final = Path(__file__).parent
"""The plugin folder of the built-in nodes."""
NOT_SHIPPED: Final = frozenset(
    {
        *("audio_file", "audio_rtp", "audio_rtp_av", "json_http", "json_websocket"),
        *("video_file", "video_rtp", "video_rtp_av"),
        *("notifier_http", "notifier_udp", "videostream_ffmpeg"),
    }
)
"""Built-in nodes of Juturna that are not among ours."""


class Catalog:
    """The nodes that can be built: built-in ones, overridden by those of `plugin_dirs` in order.

    `unfound` are plugin folders that a configuration names and that are not there.
    """

    def __init__(
        self,
        plugin_dirs: Sequence[Path] = (),
        *,
        builtin: bool = True,
        unfound: Sequence[str] = (),
    ) -> None:
        folders = dict.fromkeys(Path(os.path.abspath(folder)) for folder in plugin_dirs)
        self.plugin_dirs = tuple(folders)
        self.builtin = builtin
        self.unfound = tuple(unfound)
        self._found: dict[tuple[str, str], PluginSpec] = {}
        self._loaded: dict[PluginSpec, NodeClass] = {}
        for folder in self.plugin_dirs:  # so that `import plugins.nodes.…` works in a plugin
            if (parent := str(folder.parent)) not in sys.path:
                sys.path.append(parent)

    @classmethod
    def for_config(
        cls, config: PipelineConfig, base: Path | None, cwd: Path, *, say: bool = True
    ) -> Catalog:
        """The catalog for a file that lies in `base`: its `plugins`, from there or else `cwd`.

        `say` has it logged which folders these are.
        """
        found, unfound = [], []
        for name in config.plugins:
            places = dict.fromkeys(place / name for place in (base, cwd) if place is not None)
            folder = next((place for place in places if place.is_dir()), None)
            if folder is None:
                unfound.append(name)
                continue
            if say:
                jt_logger("catalog").info('plugin folder "%s" is %s', name, folder.resolve())
            found.append(folder)
        return cls(found, unfound=tuple(unfound))

    @property
    def roots(self) -> list[Path]:
        """Every plugin folder; a later one overrides the ones before it."""
        return [*((BUILTIN,) if self.builtin else ()), *self.plugin_dirs]

    def marks(self) -> list[PluginSpec]:
        """Every node that can be built, without those that are overridden."""
        found = {(spec.type, spec.mark): spec for root in self.roots for spec in _plugins_in(root)}
        return [self.find(*key) for key in sorted(found)]

    def find(self, type: str, mark: str) -> PluginSpec:
        """The plugin of `type` and `mark`. Raises PluginError that names the nearest known one."""
        spec = self._found.get((type, mark))
        if spec is not None:
            return spec
        for root in self.roots:
            folder = _folder(root, type, mark)
            if (file := folder / f"{mark}.py").is_file():
                spec = PluginSpec(type, mark, folder, file, root == BUILTIN, overrides=spec)
        if spec is None:
            raise self._unknown(type, mark)
        if spec.overrides is not None:
            jt_logger("catalog").info(
                '%s "%s": %s overrides %s', type, mark, spec.folder, spec.overrides.folder
            )
        self._found[type, mark] = spec
        return spec

    def _unknown(self, type: str, mark: str) -> PluginError:
        for root in self.roots:
            if (folder := _folder(root, type, mark)).is_dir():
                return PluginError(f'the plugin has no file "{mark}.py"', path=str(folder))
        if mark in NOT_SHIPPED:
            return PluginError(
                f'"{mark}" is a built-in node of Juturna that is not built in here',
                hint="put a plugin of that mark into a plugin folder",
            )
        known = self.marks()
        marks = {spec.mark for spec in known if spec.type == type}
        other_type = next((spec.type for spec in known if spec.mark == mark), None)
        if other_type is not None:
            hint: str | None = f'there is a {other_type} node "{mark}"'
        elif marks:
            hint = did_you_mean(mark, marks)
        else:
            hint = did_you_mean(type, {spec.type for spec in known})
        places = [str(folder) for folder in self.plugin_dirs]
        places += [f'"{name}", which is not there' for name in self.unfound]
        places += ["the built-in nodes"] if self.builtin else []
        looked = f", looked in {'; '.join(places)}" if places else ", and no folder to look in"
        return PluginError(f'there is no {type} node "{mark}"{looked}', hint=hint)

    def load(self, spec: PluginSpec) -> NodeClass:
        """The node class of a plugin. Raises PluginError with the line that is to blame."""
        if (found := self._loaded.get(spec)) is None:
            found = self._loaded[spec] = plugin.load(spec)
        return found

    def node_class(self, node: NodeConfig) -> NodeClass:
        """The class that `node` names, by its mark or by a dotted path in `type`."""
        if node.mark is None:
            return plugin.class_at(node.type)
        return self.load(self.find(node.type, node.mark))

    def spec_of(self, node: NodeConfig) -> PluginSpec:
        """The plugin that `node` names; for a dotted path it is what lies beside that class."""
        if node.mark is None:
            file = Path(inspect.getfile(plugin.class_at(node.type)))
            return PluginSpec(node.type, "", file.parent, file)
        return self.find(node.type, node.mark)

    def arguments(self, spec: PluginSpec, node: NodeConfig) -> dict[str, Any]:
        """What the constructor gets: the configuration over the defaults, variables expanded."""
        given = node.configuration
        if spec.declares:
            given = {key: given.get(key, default) for key, default in spec.defaults.items()}
        return _expanded(given, spec.defaults, node)

    def values(self, node: NodeConfig) -> dict[str, Any]:
        """The arguments that the node's class gets, or where it is warped, its remote."""
        if node.warped:
            return self._remote_configuration(node)
        return self.arguments(self.spec_of(node), node)

    def build(self, node: NodeConfig, *, pipe_name: str) -> Node[Any, Any]:
        """The node, here or as the client of a remote: constructed, configured, not warmed up."""
        names = {
            "node_name": node.name,
            "pipe_name": pipe_name,
            "synchroniser": SYNCHRONISERS.get(node.sync or ""),
        }
        return self._warp(node, names) if node.warped else self._local(node, names)

    def _local(self, node: NodeConfig, names: dict[str, Any]) -> Node[Any, Any]:
        spec = self.spec_of(node)
        arguments = self.arguments(spec, node)
        return _made(node, partial(self.node_class(node), **arguments, **names), str(spec.file))

    def _warp(self, node: NodeConfig, names: dict[str, Any]) -> Node[Any, Any]:
        from juturna_core.warp.client import Warp  # grpc only where a node is warped

        place = node.warp_configuration
        if place is None:
            raise PluginError('a warped node needs a "warp_configuration"', node=node.name)
        if place.on_failure == "local":
            self.node_class(node)  # not here: better said now than when it is needed
        remote = partial(
            Warp,
            grpc_host=place.grpc_host,
            grpc_port=place.grpc_port,
            timeout=place.timeout,
            on_failure=place.on_failure,
            remote_config=self._remote_configuration(node),
            local=partial(self._local, node, names),
            **names,
        )
        return _made(node, remote)

    def _remote_configuration(self, node: NodeConfig) -> dict[str, Any]:
        """The configuration for the other end, expanded where its types are known."""
        try:
            defaults = self.spec_of(node).defaults
        except PluginError:
            return deepcopy(node.configuration)
        return _expanded(node.configuration, defaults, node)


def _folder(root: Path, type: str, mark: str) -> Path:
    return root.joinpath("nodes", *type.split("."), f"_{mark}")


def _expanded(given: dict[str, Any], defaults: dict[str, Any], node: NodeConfig) -> dict[str, Any]:
    return {
        key: deepcopy(expand(value, defaults.get(key), os.environ, key=key, node=node.name))
        for key, value in given.items()
    }


def _plugins_in(root: Path) -> Iterator[PluginSpec]:
    for folder in sorted(root.glob("nodes/**/_*")):
        file = folder / f"{folder.name[1:]}.py"
        if file.is_file():
            type_name = ".".join(folder.parent.relative_to(root / "nodes").parts)
            yield PluginSpec(type_name, folder.name[1:], folder, file)


def _made(
    node: NodeConfig, construct: Callable[[], Node[Any, Any]], file: str | None = None
) -> Node[Any, Any]:
    """Construct and configure; what the author's code raises becomes a PluginError."""
    doing = "__init__()"
    try:
        made = construct()
        if not hasattr(made, "_juturna"):
            raise PluginError(
                f"{type(made).__name__}.__init__ does not call super().__init__(**kwargs)",
                node=node.name,
                path=file,
            )
        doing = "configure()"
        made.configure()
    except JuturnaError:
        raise
    except RAISED_BY_AUTHORS as error:
        raise PluginError.from_exception(error, doing=doing, node=node.name, path=file) from error
    return made
