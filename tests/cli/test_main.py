"""The command line as a whole: help, version, what is loaded, and commands that are not here."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from juturna_core.cli import COMMANDS, main
from juturna_core.cli.completion import SHELLS
from tests.cli.command import SINK, chain, juturna, source, written

HEAVY = {"grpc", "google", "numpy", "pydantic", "rich", "shtab", "textual", "websockets"}


def test_help_loads_nothing_heavy() -> None:
    code = f"""
import sys
from juturna_core.cli import main
try:
    main(["--help"])
finally:
    print({HEAVY} & set(sys.modules), file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr == "set()\n"
    assert all(f"    {command}" in done.stdout for command in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([command, "--help"])
    assert ended.value.code == 0
    assert f"examples:\n  {'bash' if command == 'completion' else 'juturna'}" in (
        capsys.readouterr().out
    )


def test_version_says_which_and_where(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("juturna-tui ")


def test_without_a_command_help_is_printed_and_the_code_is_2(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main([]) == 2
    assert "commands:" in capsys.readouterr().out


@pytest.mark.parametrize("command", ["serve", "create"])
def test_commands_of_juturna_that_are_not_here_say_so_in_a_line(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([command, "-H", "localhost"]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(f"juturna {command}: ")
    assert said.err.count("\n") == 1


def test_python_m_juturna_is_the_command(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "juturna", "--version"], capture_output=True, text=True
    )
    assert done.stdout.startswith("juturna-tui ")


def test_a_foreign_juturna_that_shadows_ours_is_named(tmp_path: Path) -> None:
    foreign = tmp_path / "first/juturna/__init__.py"
    foreign.parent.mkdir(parents=True)
    foreign.write_text("")
    written(tmp_path, "{")
    done = juturna("run", "pipe.json", cwd=tmp_path, PYTHONPATH=str(tmp_path / "first"))
    assert f"`import juturna` finds {foreign}" in done.stderr


def test_a_name_that_the_terminal_cannot_show_is_no_error(tmp_path: Path) -> None:
    written(tmp_path, chain(source(), {**SINK, "name": "カメラ"}))
    done = juturna("graph", "pipe.json", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert done.returncode == 0
    assert "\\u30ab" in done.stdout


@pytest.mark.parametrize("shell", SHELLS)
def test_completion_is_a_script_with_every_command(
    shell: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["completion", shell]) == 0
    script = capsys.readouterr().out
    assert all(command in script for command in (*COMMANDS, "summary", "dry-gin"))
    if (program := shutil.which(shell)) is not None:
        checked = subprocess.run([program, "-n"], input=script, capture_output=True, text=True)
        assert checked.returncode == 0, checked.stderr


def test_bash_completes_commands_and_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["completion", "bash"])
    script = capsys.readouterr().out
    (tmp_path / "pipe.json").touch()
    for words, completed in [
        ("la", "launch"),
        ("launch --dry", "--dry-gin"),
        ("run p", "pipe.json"),
    ]:
        given = ("juturna", *words.split())
        typed = f"COMP_WORDS=({' '.join(given)}); COMP_CWORD={len(given) - 1}; _shtab_juturna"
        ask = f'{script}\n{typed}; echo "${{COMPREPLY[@]}}"'
        bash = ["bash", "--norc", "-c", ask]
        done = subprocess.run(bash, capture_output=True, text=True, cwd=tmp_path)
        assert done.stdout.split() == [completed], done.stderr
