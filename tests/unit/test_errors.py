"""One sentence for a person, the parts as data, and one root to catch."""

from __future__ import annotations

import copy
import pickle

import pytest

from juturna_core import errors
from juturna_core.errors import (
    ConfigError,
    EnvironmentVariableError,
    JuturnaError,
    PluginError,
    Problem,
    RemoteTimeout,
    StateError,
    UncrossableError,
    WarpError,
    did_you_mean,
    nearest,
)


def test_a_problem_reads_as_place_severity_message_and_hint() -> None:
    problem = Problem("error", "it is wrong", "a.json", 3, 7, "n", "mend it")
    assert str(problem) == "a.json:3:7: error: it is wrong (mend it)"


def test_what_is_not_known_of_a_place_is_left_out() -> None:
    assert str(Problem("warning", "odd")) == "warning: odd"
    assert str(Problem("warning", "odd", "a.json")) == "a.json: warning: odd"
    assert str(PluginError("broken", path="p.py", line=4)) == "p.py:4: broken"


def test_an_error_is_a_problem_too() -> None:
    error = PluginError("broken", path="p.py", line=4, node="n", hint="mend it")
    assert error.problem == Problem("error", "broken", "p.py", 4, None, "n", "mend it")


def test_a_configuration_error_shows_every_problem_and_takes_the_place_of_the_first_error() -> None:
    problems = [Problem("warning", "odd", "a", 1, 1), Problem("error", "wrong", "a", 2, 5)]
    error = ConfigError(problems)
    assert str(error) == "a:1:1: warning: odd\na:2:5: error: wrong"
    assert (error.line, error.column) == (2, 5)
    assert error.problems == tuple(problems)


def test_every_error_has_the_root_and_the_builtin_that_callers_expect() -> None:
    classes = [
        each
        for each in vars(errors).values()
        if isinstance(each, type) and issubclass(each, Exception)
    ]
    assert all(issubclass(each, JuturnaError) for each in classes)
    assert issubclass(ConfigError, ValueError)
    assert issubclass(EnvironmentVariableError, ValueError)
    assert issubclass(StateError, RuntimeError)
    assert issubclass(RemoteTimeout, WarpError) and issubclass(RemoteTimeout, TimeoutError)
    assert issubclass(UncrossableError, TypeError)


@pytest.mark.parametrize(
    "error",
    [
        PluginError("broken", path="p.py", line=4, node="n", hint="h"),
        RemoteTimeout("slow", address="h:1", node="n"),
        ConfigError([Problem("error", "wrong", "a", 2, 5)]),
    ],
)
def test_errors_survive_a_copy_and_a_pickle(error: JuturnaError) -> None:
    for twin in (copy.copy(error), pickle.loads(pickle.dumps(error))):
        assert type(twin) is type(error)
        assert str(twin) == str(error)
        assert vars(twin) == vars(error)


def test_the_tree_in_the_docstring_names_every_class() -> None:
    assert errors.__doc__ is not None
    for name, each in vars(errors).items():
        if isinstance(each, type) and issubclass(each, JuturnaError):
            assert name in errors.__doc__


@pytest.mark.parametrize(
    ("name", "known", "found"),
    [
        ("passthru", ["passthrough", "local"], "passthrough"),
        ("Delay", ["delay"], "delay"),
        ("xyz", ["delay"], None),
        ("delay", [], None),
    ],
)
def test_the_nearest_known_name(name: str, known: list[str], found: str | None) -> None:
    assert nearest(name, known) == found
    assert did_you_mean(name, known) == (found and f'did you mean "{found}"?')


def test_an_exception_of_a_plugin_is_placed_in_the_plugin_not_in_the_library_it_called() -> None:
    source = "import json\ndef go():\n    json.loads('{')\n"
    namespace: dict[str, object] = {}
    exec(compile(source, "/plugins/nodes/proc/_x/x.py", "exec"), namespace)
    with pytest.raises(ValueError) as raised:
        namespace["go"]()  # type: ignore[operator]
    frames = raised.value.__traceback__
    assert frames is not None
    raised.value.__traceback__ = frames.tb_next  # without this test's own frame
    error = PluginError.from_exception(raised.value, doing="update()", node="n")
    assert (error.path, error.line) == ("/plugins/nodes/proc/_x/x.py", 3)
    assert error.message.startswith('node "n" failed in update(): JSONDecodeError: ')
