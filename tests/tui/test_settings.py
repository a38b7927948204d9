import dataclasses
import json
import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from juturna_tui import settings
from juturna_tui.settings import Memory, Place, Settings

THEMES = ("textual-dark", "nord", "ansi-light")


def loaded(folder: Path, text: str | bytes) -> tuple[Settings, tuple[str, ...]]:
    file = folder / "workbench.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return settings.load(file, THEMES)


def test_without_a_file_the_defaults_hold_and_nothing_is_said(tmp_path: Path) -> None:
    assert settings.load(tmp_path / "none.toml", THEMES) == (Settings(), ())


def test_what_is_set_holds(tmp_path: Path) -> None:
    text = 'theme = "nord"\nrefresh = 10\nmouse = false\nascii = true\n[keymap]\n"log.search" = "ctrl+f,f3"\n'
    held, wrong = loaded(tmp_path, text)
    assert held == Settings("nord", 10.0, False, True, {"log.search": "ctrl+f,f3"})
    assert type(held.refresh) is float
    assert wrong == ()


def test_an_id_needs_no_quotes(tmp_path: Path) -> None:
    held, wrong = loaded(tmp_path, '[keymap]\nlog.search = "f3"\nlog.next.one = "f4"\n')
    assert held.keymap == {"log.search": "f3", "log.next.one": "f4"}
    assert wrong == ()


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ('thema = "nord"', 'there is no setting "thema" (did you mean "theme"?)'),
        ('theme = "nrod"', 'theme: there is none called "nrod" (did you mean "nord"?)'),
        ("theme = 3", "theme is 3, and should be the name of a theme, in quotes"),
        ("refresh = 0.1", "refresh is 0.1, and should be a number from 0.2 to 20"),
        ("refresh = nan", "refresh is NaN, and should be a number from 0.2 to 20"),
        ("refresh = true", "refresh is true, and should be a number from 0.2 to 20"),
        ('mouse = "no"', 'mouse is "no", and should be true or false'),
        ("ascii = 1", "ascii is 1, and should be true or false"),
        ("keymap = 1", "keymap is 1, and should be a section [keymap]"),
        ('keymap."log.search" = 1', 'keymap.log.search is 1, and should be keys like "ctrl+x,f5"'),
        (
            'keymap."log.search" = "a,,b"',
            'keymap.log.search is "a,,b", and should be keys like "ctrl+x,f5"',
        ),
        ("mouse = [1]", "mouse is a list, and should be true or false"),
        ("mouse = 2020-01-01", 'mouse is "2020-01-01", and should be true or false'),
    ],
)
def test_what_is_wrong_is_one_sentence_with_file_and_key(
    tmp_path: Path, text: str, sentence: str
) -> None:
    held, wrong = loaded(tmp_path, text)
    assert wrong == (f"{tmp_path}/workbench.toml: {sentence}",)
    assert held == Settings()


def test_what_is_wrong_leaves_the_rest_as_it_is(tmp_path: Path) -> None:
    held, wrong = loaded(tmp_path, 'x = 1\nmouse = 0\nascii = true\nkeymap = {a = 1, b = "f5"}')
    assert held == Settings(ascii=True, keymap={"b": "f5"})
    assert len(wrong) == 3


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("mouse = true\nascii =\n\n", "2: this is no TOML: Invalid value"),
        ("a = [", "1: this is no TOML: Invalid value"),
        ("a = 1\nb = 1\nb = 2", "3: this is no TOML: Cannot overwrite a value"),
    ],
)
def test_a_broken_file_is_one_sentence_with_its_line(tmp_path: Path, text: str, place: str) -> None:
    held, wrong = loaded(tmp_path, text)
    assert wrong == (f"{tmp_path}/workbench.toml:{place}",)
    assert held == Settings()


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe",
        b"a = " + b"9" * 5000,
        b"a = " + b"[" * 3000,
        b"[keymap]\n" + b"a." * 3000 + b'a = "x"\n' + b"b = 1",
    ],
    ids=["not UTF-8", "digits", "lists", "tables"],
)
def test_no_file_raises(tmp_path: Path, text: bytes) -> None:
    _, wrong = loaded(tmp_path, text)
    assert len(wrong) == 1


def test_what_cannot_be_read_is_one_sentence(tmp_path: Path) -> None:
    assert settings.load(tmp_path, THEMES) == (
        Settings(),
        (f"{tmp_path}: cannot be read: Is a directory",),
    )


def test_no_sentence_has_control_characters(tmp_path: Path) -> None:
    _, wrong = loaded(tmp_path, '"\\u001b[2J" = 1\ntheme = "\\u001b]0;x\\u0007"\n')
    assert len(wrong) == 2
    assert all(each.isprintable() for each in wrong)


@pytest.mark.parametrize(
    "given",
    [
        Settings(),
        Settings("nord", 0.25, False, True, {"log.search": "ctrl+f,f3", 'odd "id"\\': "\x7f☃"}),
    ],
)
def test_the_text_of_settings_loads_as_the_same(tmp_path: Path, given: Settings) -> None:
    text = settings.text(given)
    assert loaded(tmp_path, text) == (given, ())
    assert set(tomllib.loads(text)) == {each.name for each in dataclasses.fields(Settings)}
    assert text.count("#") >= 5


def test_settings_and_memory_are_where_xdg_says() -> None:
    given = {"XDG_CONFIG_HOME": "/c", "XDG_STATE_HOME": "/s"}
    assert settings.path(given) == Path("/c/juturna/workbench.toml")
    assert Memory.path(given) == Path("/s/juturna/workbench.json")


@pytest.mark.parametrize("given", ["", "relative"])
def test_without_xdg_they_are_in_the_home(given: str) -> None:
    environ = {"XDG_CONFIG_HOME": given, "XDG_STATE_HOME": given}
    assert settings.path(environ) == Path.home() / ".config/juturna/workbench.toml"
    assert Memory.path(environ) == Path.home() / ".local/state/juturna/workbench.json"


def test_memory_comes_back_and_leaves_nothing_beside_it(tmp_path: Path) -> None:
    file = tmp_path / "a" / "b" / "workbench.json"
    for memory in (Memory(), Memory(Place("h", 45000, 2.5), hint_seen=True)):
        assert memory.save(file) is None
        assert Memory.load(file) == memory
    assert os.listdir(file.parent) == ["workbench.json"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "[" * 100_000,
        '{"place": 1, "hint_seen": "yes"}',
        '{"place": {"host": 1, "port": 2, "timeout": 3}}',
        '{"place": {"host": "h", "port": 2, "timeout": NaN}}',
        json.dumps({"place": {"host": "h", "port": 2, "timeout": 10**400}}),
    ],
)
def test_memory_that_makes_no_sense_is_forgotten(tmp_path: Path, text: str) -> None:
    file = tmp_path / "workbench.json"
    file.write_text(text)
    assert Memory.load(file) == Memory()
    assert Memory.load(tmp_path / "none") == Memory()


def test_memory_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    file = tmp_path / "file" / "workbench.json"
    assert Memory().save(file) == f"{file}: cannot be written: File exists"


def test_memory_that_cannot_be_replaced_leaves_nothing_behind(tmp_path: Path) -> None:
    file = tmp_path / "workbench.json"
    file.mkdir()
    said = Memory().save(file)
    assert said is not None and said.startswith(f"{file}: cannot be written: ")
    assert os.listdir(tmp_path) == ["workbench.json"]


def test_settings_load_no_textual() -> None:
    code = "import sys, juturna_tui.settings; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
