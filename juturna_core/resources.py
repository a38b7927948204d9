"""Things of this machine that a plugin asks for by name: `get("port")`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from juturna_core.errors import did_you_mean
from juturna_core.net import get_available_port

_RESOURCES: dict[str, Callable[..., Any]] = {
    "port": get_available_port,
    "gpu": lambda: None,  # Juturna has the name and no answer to it yet; nor have we
}


def resources() -> list[str]:
    """The names that `get` knows."""
    return list(_RESOURCES)


def get(resource: str, args: Mapping[str, Any] | None = None) -> Any:
    """The resource of that name; `args` are keyword arguments for it. KeyError for a name that is none."""
    try:
        find = _RESOURCES[resource]
    except KeyError:
        hint = did_you_mean(resource, _RESOURCES) or f"one of {', '.join(_RESOURCES)}"
        raise KeyError(f'there is no resource "{resource}" ({hint})') from None
    return find(**(args or {}))
