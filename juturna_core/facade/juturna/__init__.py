"""What Juturna's plugins import, by Juturna's names. Nothing lives here: every name is one of `juturna_core`.

Each folder is one that Juturna's own distribution has too, so that installed over it this package wins as a whole.
Submodules are imported when they are first used.
"""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy

if TYPE_CHECKING:
    from . import components, hub, meta, names, nodes, payloads, remotizer, utils
    from .utils import log_utils as log

__all__ = [
    "components",
    "hub",
    "log",
    "meta",
    "names",
    "nodes",
    "payloads",
    "remotizer",
    "utils",
]

__getattr__, __dir__ = lazy(
    globals(),
    {name: f"juturna.{name}" for name in __all__} | {"log": "juturna.utils.log_utils"},
)
