"""`juturna launch`: Juturna's way to run a file, with prompts unless told otherwise."""

from __future__ import annotations

import signal
from pathlib import Path

from tests.cli.command import SECONDS, SINK, chain, juturna, node, running, source, written

PROMPT_START = "press enter to start"
PROMPT_STOP = "press enter to stop"


def endless(folder: Path) -> Path:
    return written(folder, chain(source(rate=100), node("p", "reporter"), SINK))


def test_enter_starts_it_and_enter_stops_it(tmp_path: Path) -> None:
    with running("launch", "-c", endless(tmp_path), cwd=tmp_path) as launched:
        assert launched.process.stdin is not None
        launched.until(PROMPT_START)
        launched.process.stdin.write("\n")
        launched.process.stdin.flush()
        launched.until("got 2")
        launched.process.stdin.write("\n")
        launched.process.stdin.flush()
        assert launched.end() == 0
    assert launched.out == ""
    assert PROMPT_STOP in launched.err


def test_auto_asks_nothing_and_ends_with_its_sources_or_after_the_timeout(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=3), SINK))
    done = juturna("launch", "-c", pipe, "-a", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "press enter" not in done.stderr
    done = juturna("launch", "-c", endless(tmp_path), "--auto", "-t", "0.3", cwd=tmp_path)
    assert done.returncode == 0


def test_the_timeout_ends_it_too_when_nobody_presses_enter(tmp_path: Path) -> None:
    with running("launch", "-c", endless(tmp_path), "-t", "0.3", cwd=tmp_path) as launched:
        assert launched.process.stdin is not None
        launched.process.stdin.write("\n")
        launched.process.stdin.flush()
        assert launched.end() == 0


def test_a_dry_run_builds_and_warms_up_and_starts_nothing(tmp_path: Path) -> None:
    pipe = written(tmp_path, chain(source(count=3), node("p", "faulty", where="start"), SINK))
    done = juturna("launch", "-c", pipe, "-d", cwd=tmp_path)
    assert (done.returncode, done.stdout) == (0, "")
    assert "p is warmed up" in done.stderr
    pipe = written(tmp_path, chain(source(count=3), node("p", "faulty", where="warmup"), SINK))
    assert juturna("launch", "-c", pipe, "--dry-gin", cwd=tmp_path).returncode == 2


def test_a_signal_at_the_first_prompt_ends_it(tmp_path: Path) -> None:
    with running("launch", "-c", endless(tmp_path), cwd=tmp_path) as launched:
        launched.until(PROMPT_START)
        launched.signal(signal.SIGINT)
        assert launched.end() == 130


def test_a_signal_while_it_runs_drains(tmp_path: Path) -> None:
    options = ("-a", "-l", "info", "-F", "minimal")
    with running("launch", "-c", endless(tmp_path), *options, cwd=tmp_path) as launched:
        assert launched.until("got 1").startswith("INFO: ")
        launched.signal(signal.SIGTERM)
        assert launched.process.wait(SECONDS) == 0


def test_without_anybody_to_press_enter_it_says_what_to_do(tmp_path: Path) -> None:
    done = juturna("launch", "-c", endless(tmp_path), cwd=tmp_path)
    assert done.returncode == 2
    assert "--auto" in done.stderr


def test_a_bad_file_exits_with_2(tmp_path: Path) -> None:
    done = juturna("launch", "-a", "-c", written(tmp_path, "{"), "-L", "log", cwd=tmp_path)
    assert done.returncode == 2
    assert "pipe.json:1:" in done.stderr
