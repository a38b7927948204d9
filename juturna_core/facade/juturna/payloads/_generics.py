"""What a node takes and gives, as type variables."""

from juturna_core.node import T_Input, T_Output

__all__ = [
    "T_Input",
    "T_Output",
]
