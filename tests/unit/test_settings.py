"""Every JUTURNA_* variable, typed, or an error that names it."""

from __future__ import annotations

from pathlib import Path

import pytest

from juturna_core.errors import SettingError
from juturna_core.settings import Settings


def test_nothing_set_gives_juturnas_defaults_and_names_no_host() -> None:
    settings = Settings.from_environment({})
    assert settings == Settings()
    assert (settings.max_queue_size, settings.max_queue_bytes) == (999, 256 << 20)
    assert (settings.thread_join_timeout, settings.telemetry_batch_size) == (2.0, 10)
    assert (settings.base_repo, settings.hub_url, settings.hub_token) == ("", "", "")
    assert settings.local_plugin_dir == Path("./plugins")


def test_each_variable_sets_its_field() -> None:
    settings = Settings.from_environment(
        {
            "JUTURNA_MAX_QUEUE_SIZE": "5",
            "JUTURNA_MAX_QUEUE_BYTES": "1000",
            "JUTURNA_THREAD_JOIN_TIMEOUT": "0.5",
            "JUTURNA_TELEMETRY_BATCH_SIZE": "1",
            "JUTURNA_BASE_REPO": "r",
            "JUTURNA_HUB_URL": "u",
            "JUTURNA_HUB_TOKEN": "secret",
            "JUTURNA_CACHE_DIR": "/c",
            "JUTURNA_LOCAL_PLUGIN_DIR": "/p",
            "UNRELATED": "x",
        }
    )
    assert settings == Settings(5, 1000, 0.5, 1, "r", "u", "secret", Path("/c"), Path("/p"))
    assert "secret" not in repr(settings)


@pytest.mark.parametrize(
    ("variable", "value", "expected"),
    [
        ("JUTURNA_MAX_QUEUE_SIZE", "abc", "a whole number of at least 1"),
        ("JUTURNA_MAX_QUEUE_SIZE", "", "a whole number of at least 1"),
        ("JUTURNA_MAX_QUEUE_SIZE", "0", "a whole number of at least 1"),
        ("JUTURNA_MAX_QUEUE_BYTES", "1.5", "a whole number of at least 1"),
        ("JUTURNA_THREAD_JOIN_TIMEOUT", "-1", "a number of seconds of at least 0"),
        ("JUTURNA_THREAD_JOIN_TIMEOUT", "nan", "a number of seconds of at least 0"),
        ("JUTURNA_THREAD_JOIN_TIMEOUT", "inf", "a number of seconds of at least 0"),
    ],
)
def test_a_bad_value_names_variable_value_and_what_was_expected(
    variable: str, value: str, expected: str
) -> None:
    with pytest.raises(SettingError) as raised:
        Settings.from_environment({variable: value})
    assert str(raised.value) == f'{variable} is "{value}", expected {expected}'
