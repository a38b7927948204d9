"""What has to happen to turn one configuration into another: a pure value.

A start is the difference from nothing, a roll-back the reversed difference. Order, spacing and
comments in the file are no difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from juturna_core.config import LinkConfig, NodeConfig, PipelineConfig

TUNABLE = frozenset({"configuration", "when_full", "on_error", "auto_dump"})
"""What can change on a node that lives on: policies, and arguments if its class takes them live."""


@dataclass(frozen=True, slots=True)
class NodeChange:
    """One node before and after."""

    before: NodeConfig
    after: NodeConfig

    @property
    def name(self) -> str:
        return self.after.name

    def in_words(self) -> str:
        """What differs, for a person: `1_pass: delay 2 -> 0.5, local -> gpu:50080`."""
        before, after = self.before, self.after
        words = [
            f"{key} {_short(before.configuration, key)} -> {_short(after.configuration, key)}"
            for key in sorted(self.arguments)
        ]
        for key in sorted(self.keys - {"configuration", "warped", "warp_configuration"}):
            words.append(f"{key} {getattr(before, key)!s} -> {getattr(after, key)!s}")
        if self.keys & {"warped", "warp_configuration"}:
            words.append(_move(before, after))
        return f"{self.name}: {', '.join(words)}"

    @property
    def keys(self) -> frozenset[str]:
        """The keys of the node's object that differ."""
        return _differing(self.before, self.after, NodeConfig.model_fields)

    @property
    def arguments(self) -> frozenset[str]:
        """The keys of `configuration` that differ, those that came or went among them."""
        before, after = self.before.configuration, self.after.configuration
        missing = object()
        return frozenset(
            key
            for key in before.keys() | after.keys()
            if before.get(key, missing) != after.get(key, missing)
        )

    def reversed(self) -> NodeChange:
        return NodeChange(self.after, self.before)


@dataclass(frozen=True, slots=True)
class ConfigDiff:
    """The difference between two configurations.

    `retuned` nodes differ in arguments and policies only, `replaced` ones in what they are. `keys`
    are those of the pipeline itself that differ, such as `name` or `folder`.
    """

    added: tuple[NodeConfig, ...] = ()
    removed: tuple[NodeConfig, ...] = ()
    replaced: tuple[NodeChange, ...] = ()
    retuned: tuple[NodeChange, ...] = ()
    links_added: tuple[LinkConfig, ...] = ()
    links_removed: tuple[LinkConfig, ...] = ()
    keys: frozenset[str] = frozenset()

    def in_words(self) -> tuple[str, ...]:
        """Every difference in words."""
        words = [f"{node.name} added" for node in self.added]
        words += [f"{node.name} removed" for node in self.removed]
        words += [each.in_words() for each in (*self.replaced, *self.retuned)]
        words += [f"link {link} added" for link in self.links_added]
        words += [f"link {link} removed" for link in self.links_removed]
        return tuple(words)

    def __bool__(self) -> bool:
        return self != ConfigDiff()

    def reversed(self) -> ConfigDiff:
        """The difference the other way round."""
        return ConfigDiff(
            added=self.removed,
            removed=self.added,
            replaced=tuple(change.reversed() for change in self.replaced),
            retuned=tuple(change.reversed() for change in self.retuned),
            links_added=self.links_removed,
            links_removed=self.links_added,
            keys=self.keys,
        )


def diff(before: PipelineConfig | None, after: PipelineConfig | None) -> ConfigDiff:
    """What makes `after` out of `before`; None is nothing at all."""
    old = {node.name: node for node in before.nodes} if before else {}
    new = {node.name: node for node in after.nodes} if after else {}
    changes = [
        NodeChange(old[name], node)
        for name, node in new.items()
        if name in old and old[name] != node
    ]
    old_links = dict.fromkeys(before.links if before else ())
    new_links = dict.fromkeys(after.links if after else ())
    keys = _differing(before, after, _PIPELINE_KEYS) if before and after else frozenset()
    return ConfigDiff(
        added=tuple(node for name, node in new.items() if name not in old),
        removed=tuple(node for name, node in old.items() if name not in new),
        replaced=tuple(change for change in changes if not change.keys <= TUNABLE),
        retuned=tuple(change for change in changes if change.keys <= TUNABLE),
        links_added=tuple(link for link in new_links if link not in old_links),
        links_removed=tuple(link for link in old_links if link not in new_links),
        keys=keys,
    )


_PIPELINE_KEYS = ("name", "id", "folder", "plugins", "telemetry", "dead_letters", "version")


def _differing(before: object, after: object, keys: Iterable[str]) -> frozenset[str]:
    return frozenset(key for key in keys if getattr(before, key) != getattr(after, key))


def _move(before: NodeConfig, after: NodeConfig) -> str:
    """Where a node goes, or what else is new about its remote: `local -> gpu:50080`."""
    from_, to = before.place, after.place
    if from_ != to:
        return f"{from_} -> {to}"
    old, new = before.warp_configuration, after.warp_configuration
    if not after.warped or old is None or new is None:
        return f"its remote, not used now, is {new.address if new else 'none'}"
    return ", ".join(
        f"{key} {getattr(old, key)} -> {getattr(new, key)}"
        for key in type(new).model_fields
        if getattr(old, key) != getattr(new, key)
    )


def _short(arguments: Mapping[str, Any], key: str) -> str:
    text = repr(arguments[key]) if key in arguments else "(default)"
    return text if len(text) <= 40 else f"{text[:39]}…"
