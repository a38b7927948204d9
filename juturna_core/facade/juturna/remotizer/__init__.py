"""Juturna's wire by hand; grpc and protobuf are imported with `utils` and not before."""

from typing import TYPE_CHECKING

from juturna_core.facade import lazy

if TYPE_CHECKING:
    from . import utils

__all__ = ["utils"]

__getattr__, __dir__ = lazy(globals(), {"utils": "juturna.remotizer.utils"})
