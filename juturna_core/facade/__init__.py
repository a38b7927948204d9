"""The import package `juturna`, which Juturna's plugins expect, and whether it is the one that they get.

It lies in this folder and is installed as `juturna`, beside `juturna_core`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any


def shadowed() -> str | None:
    """Where the `juturna` is that `import juturna` finds, when it is not ours. Imports nothing.

    None when it is ours; "" when there is none at all. Another distribution may have written over our files, so what
    counts is not the place but what is in the package.
    """
    spec = find_spec("juturna")
    if spec is None:
        return ""
    if spec.origin is None:  # a folder without __init__.py
        return next(iter(spec.submodule_search_locations or ()), "")
    text = Path(spec.origin).read_text(encoding="utf-8", errors="replace")
    return None if __name__ in text else spec.origin


def lazy(
    namespace: dict[str, Any], homes: Mapping[str, str]
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a module whose names are imported at first use.

    `homes` says where each name is: "module:attribute", or "module" for a module itself.
    """

    def module_getattr(name: str) -> Any:
        if name not in homes:
            raise AttributeError(f"module {namespace['__name__']!r} has no attribute {name!r}")
        module, _, attribute = homes[name].partition(":")
        value: Any = import_module(module)
        if attribute:
            value = getattr(value, attribute)
        namespace[name] = value
        return value

    return module_getattr, lambda: sorted({*namespace, *homes})
