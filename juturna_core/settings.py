"""The JUTURNA_* environment variables, read once and passed down as one value."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from juturna_core.errors import SettingError

PREFIX = "JUTURNA_"


@dataclass(frozen=True, slots=True)
class Settings:
    """One field a variable: `max_queue_size` is JUTURNA_MAX_QUEUE_SIZE.

    `max_queue_size` is messages, `max_queue_bytes` payload bytes, `thread_join_timeout` seconds.
    """

    max_queue_size: int = 999
    max_queue_bytes: int = 256 << 20
    thread_join_timeout: float = 2.0
    telemetry_batch_size: int = 10
    base_repo: str = ""
    hub_url: str = ""
    hub_token: str = field(default="", repr=False)
    cache_dir: Path = field(default_factory=lambda: Path.home() / ".cache" / "juturna")
    local_plugin_dir: Path = Path("./plugins")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] = os.environ) -> Settings:
        """The settings in `environ`, defaults for the rest.

        Raises SettingError for a value that a variable cannot have.
        """
        defaults = cls()
        given: dict[str, Any] = {}
        for setting in fields(cls):
            variable = PREFIX + setting.name.upper()
            if variable in environ:
                default = getattr(defaults, setting.name)
                given[setting.name] = _parse(variable, environ[variable], default)
        return cls(**given)


def _parse(variable: str, text: str, default: Any) -> Any:
    expected = "a text"
    try:
        match default:
            case int():
                expected = "a whole number of at least 1"
                if (count := int(text)) >= 1:
                    return count
            case float():
                expected = "a number of seconds of at least 0"
                if 0 <= (seconds := float(text)) < math.inf:
                    return seconds
            case _:
                return type(default)(text)
    except ValueError:
        pass  # not a number at all: refused like a number out of range
    raise SettingError(f'{variable} is "{text}", expected {expected}')
