"""What is said in few characters."""

from __future__ import annotations

import pytest

from juturna_tui.figures import without_file


@pytest.mark.parametrize(
    ("text", "file", "short"),
    [
        ("config.json:22:23: error: no comma", "/a/config.json", "22:23: no comma"),
        ("/a b/config.json:22:23: error: no comma", "/a b/config.json", "22:23: no comma"),
        ("../config.json:2:1: no comma", "/a/config.json", "2:1: no comma"),
        ("config.json: byte 0xff is not UTF-8", "/a/config.json", "byte 0xff is not UTF-8"),
        ("22:1: error: no node x", "/a/config.json", "22:1: no node x"),
        ("error: no node x", "/a/config.json", "no node x"),
        ("error: see config.json: error: no", "/a/config.json", "see config.json: error: no"),
        ("p: delay: refused", "", "p: delay: refused"),
        ("p: the error: refused", "/a/config.json", "p: the error: refused"),
    ],
)
def test_what_is_wrong_with_a_file_is_said_without_its_name(
    text: str, file: str, short: str
) -> None:
    assert without_file(text, file) == short
