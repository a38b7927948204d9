"""Case P: the plugin that is meant is found, loaded and built, or it is said why not and where."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from juturna_core.catalog import NOT_SHIPPED, Catalog
from juturna_core.config import NodeConfig, PipelineConfig
from juturna_core.errors import EnvironmentVariableError, PluginError
from tests.plugin_folder import NODE, PluginFolder


def node(mark: str | None = "echo", type: str = "proc", **more: Any) -> NodeConfig:
    return NodeConfig(name="n", type=type, mark=mark, **more)


def refused(folder: PluginFolder, mark: str = "echo") -> PluginError:
    with pytest.raises(PluginError) as raised:
        Catalog([folder.path]).build(node(mark), pipe_name="p")
    return raised.value


# --- finding ----------------------------------------------------------------------------------------


def test_a_plugin_is_found_with_all_that_lies_beside_it(plugins: PluginFolder) -> None:
    folder = plugins.write(
        "proc",
        "echo",
        toml='[arguments]\ndelay = 1\n[meta]\nauthor = "a"\n',
        requirements="# all of it\nnumpy>=1.26  # arrays\n\n-r more.txt\n",
    )
    spec = Catalog([plugins.path]).find("proc", "echo")
    assert (spec.type, spec.mark, spec.folder) == ("proc", "echo", folder)
    assert spec.file == folder / "echo.py"
    assert (spec.defaults, spec.meta) == ({"delay": 1}, {"author": "a"})
    assert spec.requirements == ("numpy>=1.26",)
    assert not spec.builtin and spec.overrides is None


def test_a_type_may_be_any_folder(plugins: PluginFolder) -> None:
    plugins.write("filters", "echo")
    assert Catalog([plugins.path]).find("filters", "echo").type == "filters"


def test_marks_lists_every_node_once(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo")
    plugins.write("sink", "notifier_websocket")
    specs = {(spec.type, spec.mark): spec for spec in Catalog([plugins.path]).marks()}
    assert ("proc", "echo") in specs
    assert not specs["sink", "notifier_websocket"].builtin
    assert Catalog(builtin=False).marks() == []


def test_the_last_plugin_folder_wins_over_the_others_and_over_what_is_built_in(
    plugins: PluginFolder, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    later = PluginFolder(tmp_path / "later")
    for folder in (plugins, later):
        folder.write("sink", "notifier_websocket")
    with caplog.at_level(logging.INFO, "jt"):
        catalog = Catalog([plugins.path, later.path])
        spec = catalog.find("sink", "notifier_websocket")
        catalog.find("sink", "notifier_websocket")
    assert spec.folder.is_relative_to(later.path)
    assert spec.overrides is not None and spec.overrides.folder.is_relative_to(plugins.path)
    assert spec.overrides.overrides is not None and spec.overrides.overrides.builtin
    assert caplog.messages == [
        f'sink "notifier_websocket": {spec.folder} overrides {spec.overrides.folder}'
    ]


def test_relative_plugin_folders_are_looked_for_beside_the_file_and_then_in_the_working_directory(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    base, cwd, absolute = tmp_path / "base", tmp_path / "cwd", tmp_path / "absolute"
    for folder in (base / "both", cwd / "both", cwd / "mine", absolute, tmp_path / "up"):
        folder.mkdir(parents=True)
    config = PipelineConfig(
        "p", "1", "f", plugins=("both", "./mine", "../up", str(absolute), "none")
    )
    with caplog.at_level(logging.INFO, "jt"):
        catalog = Catalog.for_config(config, base, cwd)
    assert catalog.plugin_dirs == (base / "both", cwd / "mine", tmp_path / "up", absolute)
    assert catalog.unfound == ("none",)
    assert caplog.messages[0] == f'plugin folder "both" is {base / "both"}'
    assert caplog.messages[1] == f'plugin folder "./mine" is {cwd / "mine"}'


@pytest.mark.parametrize(
    ("type", "mark", "hint"),
    [
        ("proc", "ecko", 'did you mean "echo"?'),
        ("sink", "echo", 'there is a proc node "echo"'),
        ("prc", "other", 'did you mean "proc"?'),
        ("proc", "zzz", None),
    ],
)
def test_an_unknown_mark_names_where_was_looked_and_the_nearest_known_one(
    plugins: PluginFolder, type: str, mark: str, hint: str | None
) -> None:
    plugins.write("proc", "echo")
    with pytest.raises(PluginError) as raised:
        Catalog([plugins.path], unfound=["./none"]).find(type, mark)
    assert raised.value.message == (
        f'there is no {type} node "{mark}", looked in {plugins.path}; "./none", which is not '
        "there; the built-in nodes"
    )
    assert raised.value.hint == hint


@pytest.mark.parametrize("mark", sorted(NOT_SHIPPED))
def test_a_built_in_node_of_juturna_that_is_not_built_in_here_is_said_to_be_one(mark: str) -> None:
    with pytest.raises(
        PluginError, match="is a built-in node of Juturna that is not built in here"
    ):
        Catalog().find("source", mark)


def test_a_folder_without_its_file_is_told_from_no_folder(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo")
    (folder / "echo.py").rename(folder / "Echo.py")
    assert str(refused(plugins)) == f'{folder}: the plugin has no file "echo.py"'


# --- loading ----------------------------------------------------------------------------------------


def test_a_node_is_built_from_its_class_with_its_arguments(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo")
    built: Any = Catalog([plugins.path]).build(node(configuration={"delay": 3}), pipe_name="p")
    assert (type(built).__name__, built.delay, built.name, built.pipe_name) == ("Echo", 3, "n", "p")
    assert built.static_path == plugins.path / "nodes" / "proc" / "_echo"


def test_a_class_is_loaded_once(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo")
    first, second = Catalog([plugins.path]), Catalog([plugins.path])
    assert first.node_class(node()) is second.node_class(node())


def test_equal_marks_in_two_folders_are_two_classes(plugins: PluginFolder, tmp_path: Path) -> None:
    other = PluginFolder(tmp_path / "other")
    for folder in (plugins, other):
        folder.write("proc", "echo")
    assert Catalog([plugins.path]).node_class(node()) is not Catalog([other.path]).node_class(
        node()
    )


@pytest.mark.parametrize(
    "line",
    ["from .helper import NAME", "from . import helper; NAME = helper.NAME", "NAME = 'x'"],
)
def test_a_plugin_may_import_what_lies_beside_it(plugins: PluginFolder, line: str) -> None:
    plugins.write("proc", "echo", f"{line}\n{NODE}", helper="NAME = 'x'\n")
    module = sys.modules[Catalog([plugins.path]).node_class(node()).__module__]
    assert vars(module)["NAME"] == "x"


def test_a_plugin_may_import_another_by_the_name_of_the_folder(tmp_path: Path) -> None:
    """As in Juturna, where `plugins.nodes…` is imported from the working directory."""
    folder = PluginFolder(tmp_path / "plugins_of_this_test")
    folder.write("proc", "other", NODE, shared="NAME = 'x'\n")
    line = "from plugins_of_this_test.nodes.proc._other.shared import NAME\n"
    folder.write("proc", "echo", line + NODE)
    try:
        assert Catalog([folder.path]).node_class(node()).__name__ == "Echo"
    finally:
        sys.path.remove(str(tmp_path))


def test_a_helper_class_that_sorts_first_is_not_taken(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo", NODE + "\n\nclass Aardvark:\n    pass\n")
    assert Catalog([plugins.path]).node_class(node()).__name__ == "Echo"


def test_a_base_that_another_class_in_the_file_derives_from_is_not_taken(
    plugins: PluginFolder,
) -> None:
    plugins.write("proc", "echo", NODE + "\n\nclass Loud(Echo):\n    pass\n\n\nAlias = Loud\n")
    assert Catalog([plugins.path]).node_class(node()).__name__ == "Loud"


def test_an_imported_node_class_is_not_taken_for_the_plugins_own(plugins: PluginFolder) -> None:
    code = NODE.replace(
        "import Node\n", "import Node\nfrom juturna_core.testing import Collector\n"
    )
    plugins.write("proc", "echo", code)
    assert Catalog([plugins.path]).node_class(node()).__name__ == "Echo"


def test_a_class_from_a_module_beside_the_file_is_taken_when_the_file_has_none(
    plugins: PluginFolder,
) -> None:
    plugins.write("proc", "echo", "from .inside import Echo\n", inside=NODE)
    assert Catalog([plugins.path]).node_class(node()).__name__ == "Echo"


def test_two_node_classes_are_refused_with_their_lines(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", NODE + "\n\nclass Other(Node):\n    pass\n")
    assert str(refused(plugins)) == (
        f"{folder}/echo.py:4: a plugin has one node class, "
        "and here are Echo (line 4) and Other (line 10)"
    )


def test_a_file_without_a_node_class_is_refused(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", "class Echo:\n    pass\n")
    assert str(refused(plugins)) == (
        f"{folder}/echo.py: there is no node class in the plugin: "
        "none of its classes derives from Node"
    )


def test_a_syntax_error_has_file_line_and_column(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", "import json\n\ndef broken(:\n    pass\n")
    assert str(refused(plugins)) == f"{folder}/echo.py:3:12: not Python: invalid syntax"


def test_a_syntax_error_beside_the_file_is_placed_where_it_is(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", f"from .helper import X\n{NODE}", helper="X = (\n")
    error = refused(plugins)
    assert (error.path, error.line) == (f"{folder}/helper.py", 1)


def test_a_missing_package_is_named_and_how_to_install_it(plugins: PluginFolder) -> None:
    code = f"import json\nimport no_such_package.inside\n{NODE}"
    folder = plugins.write("proc", "echo", code, requirements="no-such-package>=2\n")
    assert str(refused(plugins)) == (
        f'{folder}/echo.py:2: the plugin needs the package "no_such_package", which is not '
        f"installed (pip install -r {folder}/requirements.txt)"
    )


def test_requirements_that_are_all_there_are_no_hint(plugins: PluginFolder) -> None:
    code = f"import no_such_package\n{NODE}"
    plugins.write("proc", "echo", code, requirements="numpy\n")
    assert refused(plugins).hint is None


def test_a_missing_module_beside_the_file_is_no_missing_package(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", f"from .absent import X\n{NODE}")
    assert str(refused(plugins)) == f'{folder}/echo.py:1: there is no module "absent" in the plugin'


@pytest.mark.parametrize(
    ("line", "text"),
    [("1 / 0", "ZeroDivisionError: division by zero"), ("raise SystemExit(3)", "SystemExit: 3")],
)
def test_what_an_import_raises_is_placed(plugins: PluginFolder, line: str, text: str) -> None:
    folder = plugins.write("proc", "echo", f"{NODE}\n{line}\n")
    assert str(refused(plugins)) == f"{folder}/echo.py:9: the plugin failed in its import: {text}"


def test_a_plugin_that_was_mended_loads(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo", "1 / 0\n")
    refused(plugins)
    plugins.write("proc", "echo")
    assert Catalog([plugins.path]).node_class(node()).__name__ == "Echo"


def test_what_the_constructor_raises_is_placed_and_names_the_node(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", NODE + "        raise KeyError('device')\n")
    error = refused(plugins)
    assert str(error) == (
        f"{folder}/echo.py:8: node \"n\" failed in __init__(): KeyError: 'device'"
    )
    assert error.node == "n"


def test_what_configure_raises_is_placed_where_the_plugin_called(plugins: PluginFolder) -> None:
    code = f"import json\n{NODE}\n    def configure(self):\n        json.loads('')\n"
    folder = plugins.write("proc", "echo", code)
    error = refused(plugins)
    assert (error.path, error.line) == (f"{folder}/echo.py", 11)
    assert error.message.startswith('node "n" failed in configure(): JSONDecodeError: ')


def test_an_argument_that_the_constructor_lacks_is_a_plugin_error(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", toml="[arguments]\nvolume = 1\n")
    error = refused(plugins)
    assert error.path == f"{folder}/echo.py"
    assert "volume" in error.message


# --- arguments --------------------------------------------------------------------------------------


def test_the_configuration_is_laid_over_the_defaults(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo", toml='[arguments]\na = 1\nb = "x"\n[arguments.c]\nd = 2\n')
    catalog = Catalog([plugins.path])
    spec = catalog.find("proc", "echo")
    found = catalog.arguments(spec, node(configuration={"a": 5, "unknown": 9}))
    assert found == {"a": 5, "b": "x", "c": {"d": 2}}
    found["c"]["d"] = 3
    assert spec.defaults["c"] == {"d": 2}


def test_without_a_config_toml_every_key_is_an_argument(plugins: PluginFolder) -> None:
    plugins.write("proc", "echo", toml=None)
    built: Any = Catalog([plugins.path]).build(node(configuration={"delay": 4}), pipe_name="p")
    assert built.delay == 4


def test_variables_are_typed_by_the_default(
    plugins: PluginFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("D", "7")
    plugins.write("proc", "echo", toml='[arguments]\ndelay = 1\nurl = "ws://$JT_ENV_D/x"\n')
    catalog = Catalog([plugins.path])
    found = catalog.arguments(
        catalog.find("proc", "echo"), node(configuration={"delay": "$JT_ENV_D"})
    )
    assert found == {"delay": 7, "url": "ws://7/x"}


def test_an_unset_variable_names_node_key_and_variable(
    plugins: PluginFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NOT_THERE", raising=False)
    plugins.write("proc", "echo")
    with pytest.raises(EnvironmentVariableError) as raised:
        Catalog([plugins.path]).build(
            node(configuration={"delay": "$JT_ENV_NOT_THERE"}), pipe_name="p"
        )
    assert str(raised.value) == (
        'the environment variable "NOT_THERE" is not set (node "n", configuration key "delay")'
    )


def test_a_config_toml_that_is_not_toml_is_placed(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", toml="[arguments]\ndelay = \n")
    error = refused(plugins)
    assert (error.path, error.line, error.column) == (f"{folder}/config.toml", 2, 9)
    assert error.message.startswith("not TOML: ")


def test_arguments_that_are_no_table_are_refused(plugins: PluginFolder) -> None:
    folder = plugins.write("proc", "echo", toml="arguments = 1\n")
    assert str(refused(plugins)) == f"{folder}/config.toml: [arguments] is not a table"


# --- a class by its dotted path ---------------------------------------------------------------------


def test_a_node_without_mark_names_its_class_by_a_dotted_path() -> None:
    built = Catalog().build(node(None, "juturna_core.testing.Collector"), pipe_name="p")
    assert type(built).__name__ == "Collector"


@pytest.mark.parametrize("type", ["no_such_package.Class", "juturna_core.testing.NoSuch"])
def test_a_dotted_path_to_nothing_is_refused(type: str) -> None:
    with pytest.raises(PluginError, match=f'there is no node class "{type}"'):
        Catalog().build(node(None, type), pipe_name="p")


# --- warped nodes -----------------------------------------------------------------------------------


def test_a_warped_node_is_a_client_and_its_plugin_need_not_be_here() -> None:
    place = {"grpc_host": "127.0.0.1", "grpc_port": 1}
    built = Catalog().build(node("not_here", warped=True, warp_configuration=place), pipe_name="p")
    assert type(built).__module__ == "juturna_core.warp.client"
    assert built.name == "n"


def test_a_warped_node_that_may_run_here_needs_its_plugin_here() -> None:
    place = {"grpc_port": 1, "on_failure": "local"}
    with pytest.raises(PluginError, match='there is no proc node "not_here"'):
        Catalog().build(node("not_here", warped=True, warp_configuration=place), pipe_name="p")


def test_a_warped_node_without_coordinates_is_refused() -> None:
    with pytest.raises(PluginError, match='needs a "warp_configuration"'):
        Catalog().build(node(warped=True), pipe_name="p")


def test_a_catalog_loads_no_grpc_without_a_warped_node() -> None:
    code = (
        "import sys; from juturna_core.catalog import Catalog; Catalog().marks();"
        "print({'grpc', 'pydantic', 'numpy'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"
