"""Case 35: `$JT_ENV_` variables are typed, expanded, or an error that names node, key and variable."""

from __future__ import annotations

from typing import Any

import pytest

from juturna_core.environment import expand
from juturna_core.errors import EnvironmentVariableError


@pytest.mark.parametrize(
    ("text", "default", "value"),
    [
        ("7", 1, 7),
        ("0.5", 1.0, 0.5),
        ("7", 1.0, 7.0),
        ("yes", False, True),
        ("FALSE", True, False),
        ("", True, False),
        ("", "x", ""),
        ("7", "x", "7"),
        ("7", None, "7"),
        ("[1, 2]", [], [1, 2]),
        ('{"a": 1}', {}, {"a": 1}),
    ],
)
def test_a_variable_has_the_type_of_the_default(text: str, default: Any, value: Any) -> None:
    found = expand("$JT_ENV_X", default, {"X": text}, key="k")
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "default", "expected"),
    [
        ("abc", 1, "a whole number"),
        ("", 1, "a whole number"),
        ("1.5", 1, "a whole number"),
        ("abc", 1.0, "a number"),
        ("maybe", True, "true or false"),
        ("{}", [], "a list in JSON"),
        ("nonsense", {}, "an object in JSON"),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(text: str, default: Any, expected: str) -> None:
    with pytest.raises(EnvironmentVariableError) as raised:
        expand("$JT_ENV_X", default, {"X": text}, key="delay", node="n")
    assert str(raised.value) == (
        f'the environment variable "X" is "{text}", expected {expected} '
        '(node "n", configuration key "delay")'
    )


def test_a_variable_that_is_not_set_is_named_with_node_and_key() -> None:
    with pytest.raises(ValueError) as raised:  # Juturna's callers catch that
        expand("$JT_ENV_X", 1, {}, key="delay", node="n")
    assert str(raised.value) == (
        'the environment variable "X" is not set (node "n", configuration key "delay")'
    )


def test_variables_are_expanded_inside_longer_texts() -> None:
    environ = {"H": "host", "P": "80"}
    assert expand("ws://$JT_ENV_H:$JT_ENV_P/x", "", environ, key="k") == "ws://host:80/x"


def test_variables_are_expanded_inside_objects_and_lists() -> None:
    given = {"rate": "$JT_ENV_N", "names": ["$JT_ENV_N", 3]}
    assert expand(given, {"rate": 1}, {"N": "7"}, key="k") == {"rate": 7, "names": ["7", 3]}
    with pytest.raises(EnvironmentVariableError, match=r'key "k\.names\[0\]"'):
        expand({"names": ["$JT_ENV_N"]}, None, {}, key="k")


@pytest.mark.parametrize("value", [1, None, True, "plain", "$HOME", "JT_ENV_X"])
def test_anything_else_stays_as_it_is(value: Any) -> None:
    assert expand(value, 1.5, {}, key="k") is value
