"""The JUTURNA_* variables as they were when this was first imported."""

import os

from juturna_core.environment import PREFIX as JUTURNA_ENV_VAR_PREFIX
from juturna_core.settings import Settings

_settings = Settings.from_environment(os.environ)

JUTURNA_BASE_REPO = _settings.base_repo
JUTURNA_HUB_URL = _settings.hub_url
JUTURNA_HUB_TOKEN = _settings.hub_token
JUTURNA_CACHE_DIR = str(_settings.cache_dir)
JUTURNA_LOCAL_PLUGIN_DIR = str(_settings.local_plugin_dir)
JUTURNA_THREAD_JOIN_TIMEOUT = _settings.thread_join_timeout
JUTURNA_MAX_QUEUE_SIZE = _settings.max_queue_size
JUTURNA_MAX_QUEUE_BYTES = _settings.max_queue_bytes
JUTURNA_TELEMETRY_BATCH_SIZE = _settings.telemetry_batch_size

__all__ = [
    "JUTURNA_BASE_REPO",
    "JUTURNA_CACHE_DIR",
    "JUTURNA_ENV_VAR_PREFIX",
    "JUTURNA_HUB_TOKEN",
    "JUTURNA_HUB_URL",
    "JUTURNA_LOCAL_PLUGIN_DIR",
    "JUTURNA_MAX_QUEUE_BYTES",
    "JUTURNA_MAX_QUEUE_SIZE",
    "JUTURNA_TELEMETRY_BATCH_SIZE",
    "JUTURNA_THREAD_JOIN_TIMEOUT",
]
