"""Strict JSON, with the line and column of everything in it and of everything that is wrong with it."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juturna_core.errors import ConfigError
from juturna_core.source_map import SourceMap, read, read_text, scan


def faults(text: str) -> list[str]:
    with pytest.raises(ConfigError) as raised:
        read(text, "f.json")
    return [str(problem) for problem in raised.value.problems]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("", "1:1: error: the file is empty"),
        (" \n ", "1:1: error: the file is empty"),
        ('{"a": 1,}', '1:8: error: no comma is allowed before "}"'),
        ('{\n  "a": [1,\n  ]}', '2:10: error: no comma is allowed before "]"'),
        ('{"a": 1\n "b": 2}', '2:2: error: expected "," or "}", found "\\""'),
        ('{"a" 1}', '1:6: error: expected ":" after a key, found "1"'),
        ("{a: 1}", '1:2: error: expected a key in double quotes, found "a"'),
        ("{'a': 1}", '1:2: error: expected a key in double quotes, found "\'"'),
        ('{"a": }', '1:7: error: expected a value, found "}"'),
        ("{,}", '1:2: error: expected a key in double quotes, found ","'),
        (
            '{"a": 1, // why\n}',
            "1:10: error: expected a key in double quotes, found a comment, which JSON does not have",
        ),
        ('{"a": True}', '1:7: error: expected a value, found "True" (did you mean "true"?)'),
        ('{"a": None}', '1:7: error: expected a value, found "None"'),
        ('{"a": 01}', '1:8: error: expected "," or "}", found "1"'),
        ('{"a": +1}', '1:7: error: expected a value, found "+1"'),
        ('{"a": .5}', '1:7: error: expected a value, found ".5"'),
        ('{"a": 1} x', '1:10: error: expected the end of the file, found "x"'),
        ('{"a": "b', "1:7: error: a text has no closing quote"),
        (
            '{"a": "b\n"}',
            "1:9: error: a text holds a line break or another control character "
            "(is a closing quote missing? A line break is written \\n)",
        ),
        ('{"a": "\\x"}', "1:8: error: a backslash with nothing that it could stand for"),
        (
            '{\n\n"a": [1',
            '3:8: error: expected "," or "]", found the end of the file '
            '(the "[" in line 3 is not closed)',
        ),
        ('{"a": 1e999}', "1:7: error: a number is too large"),
        ('{"a": ' + "9" * 5000 + "}", "1:7: error: a number is too large"),
    ],
)
def test_a_fault_of_syntax_is_named_with_line_and_column(text: str, fault: str) -> None:
    assert faults(text) == [f"f.json:{fault}"]


@pytest.mark.parametrize("constant", ["NaN", "Infinity", "-Infinity"])
def test_numbers_that_json_does_not_have_are_refused(constant: str) -> None:
    assert faults(f'{{\n "a": [1, {constant}]}}') == [
        f"f.json:2:11: error: {constant} is not a JSON number"
    ]


def test_every_duplicate_key_is_refused_with_the_line_of_the_first() -> None:
    assert faults('{"a": 1,\n "b": {"c": 1, "c": 2},\n "a": NaN}') == [
        'f.json:2:16: error: the key "c" is given twice, first in line 2',
        'f.json:3:2: error: the key "a" is given twice, first in line 1',
        "f.json:3:7: error: NaN is not a JSON number",
    ]


def test_a_text_nested_too_deeply_is_refused_without_a_traceback() -> None:
    assert faults("[" * 100_000) == ["f.json:1:1: error: objects and lists are nested too deeply"]


def test_a_byte_order_mark_is_accepted_and_counts_nothing() -> None:
    text = '\ufeff{"a": 1, "b": 2}'
    assert read(text) == {"a": 1, "b": 2}
    assert SourceMap(text).locate(("b",), key=True) == (1, 10)
    assert faults('\ufeff{"a"}') == ['f.json:1:5: error: expected ":" after a key, found "}"']


def test_places_of_keys_and_values() -> None:
    source = SourceMap('{"a": {\r\n  "ключ": [10, "x"]\r\n}}')
    assert source.locate(("a",), key=True) == (1, 2)
    assert source.locate(("a",)) == (1, 7)
    assert source.locate(("a", "ключ"), key=True) == (2, 3)
    assert source.locate(("a", "ключ"), key=False) == (2, 11)
    assert source.locate(("a", "ключ", 1)) == (2, 16)
    assert source.locate(()) == (1, 1)


def test_columns_count_characters_not_bytes() -> None:
    assert SourceMap('{"日本": 1, "é": 2}').locate(("é",), key=True) == (1, 11)


def test_what_is_not_in_the_text_is_placed_at_what_is_around_it() -> None:
    source = SourceMap('{"a":\n {"b": 1}}')
    assert source.locate(("a", "missing", 3), key=True) == (2, 2)


def test_without_a_text_there_are_no_places() -> None:
    assert SourceMap().locate(("a",)) == (None, None)
    assert str(SourceMap().problem("error", "wrong", ("a",))) == "error: wrong"


def test_spans_are_exact() -> None:
    """What is between start and end is the value's own text: an edit can replace it."""
    text = ' {"a" : [1.5e3 ,"\\u00e9"], "b":{} } '
    spans = SourceMap(text).spans
    cut = {path: text[span.start : span.end] for path, span in spans.items()}
    assert cut == {
        (): '{"a" : [1.5e3 ,"\\u00e9"], "b":{} }',
        ("a",): '[1.5e3 ,"\\u00e9"]',
        ("a", 0): "1.5e3",
        ("a", 1): '"\\u00e9"',
        ("b",): "{}",
    }


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(JSON, st.sampled_from([None, 1, "\t"]), st.booleans())
def test_every_span_of_valid_json_decodes_to_its_value(
    value: Any, indent: int | str | None, ascii_only: bool
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=ascii_only)
    assert read(text) == value
    found = scan(text)
    assert not found.faults
    for path, span in found.spans.items():
        expected = value
        for step in path:
            expected = expected[step]
        assert json.loads(text[span.start : span.end]) == expected


@given(st.text(alphabet='{}[]",:01.eE-+ \ntrufalsn\\/NaIify\ufeff', max_size=12))
def test_what_the_standard_library_refuses_is_refused_with_a_place_and_nothing_else(
    text: str,
) -> None:
    """The two scanners agree, except where ours is meant to be stricter."""
    try:
        value = json.loads(text.removeprefix("\ufeff"))
    except ValueError:
        with pytest.raises(ConfigError) as raised:
            read(text)
        assert raised.value.problems[0].line is not None
        return
    try:
        assert read(text) == value
    except ConfigError as error:
        message = str(error)
        assert "twice" in message or "not a JSON number" in message or "too large" in message
        assert "twice" in message or not _finite(value)


def _finite(value: Any) -> bool:
    if isinstance(value, dict | list):
        return all(map(_finite, value.values() if isinstance(value, dict) else value))
    return not isinstance(value, float) or math.isfinite(value)


def test_a_file_that_is_not_there_names_the_one_that_was_meant(tmp_path: Path) -> None:
    (tmp_path / "pipe.json").write_text("{}")
    with pytest.raises(ConfigError) as raised:
        read_text(tmp_path / "pip.json")
    assert str(raised.value) == (
        f"{tmp_path}/pip.json: error: cannot be read: No such file or directory "
        '(did you mean "pipe.json"?)'
    )


def test_a_folder_names_the_file_in_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"Is a directory \(did you mean .*/config\.json"):
        read_text(tmp_path)


def test_bytes_that_are_not_utf_8_are_placed(tmp_path: Path) -> None:
    file = tmp_path / "f.json"
    file.write_bytes('{"é":\n "a\xff"}'.encode("latin-1").replace(b"\xe9", "é".encode()))
    with pytest.raises(ConfigError) as raised:
        read_text(file)
    assert str(raised.value) == (
        f"{file}:2:4: error: byte 0xff is not UTF-8 (save the file as UTF-8)"
    )
