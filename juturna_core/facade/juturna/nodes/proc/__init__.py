"""Processors. `Warp` needs grpc, which is imported with it and not before."""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy

if TYPE_CHECKING:
    from juturna_core.warp.client import Warp

__all__ = ["Warp"]

__getattr__, __dir__ = lazy(globals(), {"Warp": "juturna_core.warp.client:Warp"})
