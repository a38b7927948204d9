"""The import package `juturna`: every name that Juturna's plugins import is there, and is ours."""

from __future__ import annotations

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from juturna_core.facade import shadowed

PAYLOADS = [
    *("BasePayload", "AudioPayload", "ImagePayload", "VideoPayload", "BytesPayload"),
    *("ObjectPayload", "Batch", "ControlPayload"),
]
META = [
    *("BASE_REPO", "HUB_URL", "HUB_TOKEN", "CACHE_DIR", "LOCAL_PLUGIN_DIR"),
    *("THREAD_JOIN_TIMEOUT", "MAX_QUEUE_SIZE", "ENV_VAR_PREFIX", "TELEMETRY_BATCH_SIZE"),
]
IMPORTS = {
    "juturna": [
        *("components", "payloads", "names", "nodes", "log", "meta", "hub", "utils", "remotizer"),
    ],
    "juturna.components": ["Node", "Message", "Pipeline", "Buffer"],
    "juturna.components._dag": ["DAG"],
    "juturna.components._resource_broker": ["get", "resources"],
    "juturna.payloads": [*PAYLOADS, "ControlSignal", "Draft", "T_Input", "T_Output"],
    "juturna.payloads._payloads": PAYLOADS,
    "juturna.payloads._draft": ["Draft"],
    "juturna.payloads._control_signal": ["ControlSignal"],
    "juturna.payloads._generics": ["T_Input", "T_Output"],
    "juturna.names": ["PixelFormat", "ComponentStatus", "PipelineStatus", "ServiceStatus"],
    "juturna.meta": [f"JUTURNA_{name}" for name in META],
    "juturna.utils": ["log_utils", "net_utils", "proc_utils"],
    "juturna.utils.log_utils": ["jt_logger", "formatter", "formatters", "add_handler"],
    "juturna.utils.net_utils": ["get_available_port", "RTPClient", "RTPDatagram"],
    "juturna.utils.proc_utils": ["safe_exec", "rescale_trx_words"],
    "juturna.nodes": ["source", "proc", "sink"],
    "juturna.nodes.proc": ["Warp"],
    "juturna.nodes.sink": ["NotifierWebsocket"],
    "juturna.remotizer.utils": [
        *("message_to_proto", "deserialize_message", "create_envelope", "deserialize_envelope"),
        *("to_primitive", "sanitize_struct_for_proto"),
    ],
}


@pytest.mark.parametrize(
    ("module", "name"), [(module, name) for module, names in IMPORTS.items() for name in names]
)
def test_what_plugins_import_is_there(module: str, name: str) -> None:
    assert getattr(importlib.import_module(module), name) is not None


def test_names_that_come_late_are_listed_and_wrong_ones_are_refused() -> None:
    import juturna
    import juturna.components

    assert "components" in dir(juturna)
    assert {"Pipeline", "Buffer"} <= set(dir(juturna.components))
    with pytest.raises(AttributeError, match="'juturna' has no attribute 'component'"):
        _ = juturna.component
    with pytest.raises(ImportError, match="Pipelin"):
        exec("from juturna.components import Pipelin")


def test_the_names_are_those_of_juturna_core() -> None:
    import juturna as jt
    import juturna_core

    assert jt.components.Node is juturna_core.Node
    assert jt.components.Message is juturna_core.Message
    assert jt.components.Pipeline is juturna_core.Pipeline
    assert jt.payloads.Draft is juturna_core.Draft
    assert jt.log is jt.utils.log_utils


def test_meta_is_read_from_the_environment_at_import() -> None:
    printed = run(
        "-c",
        "from juturna import meta; print(meta.JUTURNA_MAX_QUEUE_SIZE, meta.JUTURNA_CACHE_DIR)",
        environment={"JUTURNA_MAX_QUEUE_SIZE": "7", "JUTURNA_CACHE_DIR": "/x"},
    )
    assert printed.stdout == "7 /x\n"


def test_python_m_juturna_is_the_command_line() -> None:
    printed = run("-m", "juturna", "--help")
    assert printed.returncode == 0
    assert printed.stdout.startswith("usage: juturna ")


def test_python_m_juturna_hub_says_that_there_is_none() -> None:
    printed = run("-m", "juturna.hub", "list_plugins")
    assert printed.returncode == 2
    assert "not part of juturna-tui" in printed.stderr
    assert "Traceback" not in printed.stderr


def test_ours_is_not_shadowed() -> None:
    assert shadowed() is None


def test_a_foreign_juturna_is_found_without_importing_it(tmp_path: Path) -> None:
    foreign = tmp_path / "juturna" / "__init__.py"
    foreign.parent.mkdir()
    foreign.write_text("raise SystemExit('imported')")
    printed = run(
        "-c",
        "from juturna_core.facade import shadowed; print(shadowed())",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    assert printed.stdout == f"{foreign}\n"


def test_a_folder_called_juturna_does_not_shadow_ours(tmp_path: Path) -> None:
    (tmp_path / "juturna").mkdir()
    printed = run(
        "-c",
        "from juturna_core.facade import shadowed; print(shadowed())",
        environment={"PYTHONPATH": str(tmp_path)},
    )
    assert printed.stdout == "None\n"


def run(*arguments: str, environment: dict[str, str] | None = None) -> subprocess.CompletedProcess:
    return subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, **(environment or {})},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
