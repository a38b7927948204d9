"""The client of a remote node, for files that name it themselves instead of saying `"warped": true`."""

from juturna_core.warp.client import Warp

__all__ = ["Warp"]
