"""The `jt` tree, its seven formats, and nothing printed by an import."""

from __future__ import annotations

import io
import json
import logging
import subprocess
import sys
from collections.abc import Iterator

import pytest

from juturna_core import log
from juturna_core.log import add_handler, formatter, formatters, jt_logger

SEVEN = ["simple", "colored", "full", "compact", "development", "minimal", "json"]


@pytest.fixture(autouse=True)
def format_as_it_was() -> Iterator[None]:
    before = formatter()
    yield
    formatter(before)


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    add_handler(handler)
    yield text
    jt_logger().removeHandler(handler)


def test_loggers_are_children_of_jt() -> None:
    assert jt_logger().name == "jt"
    assert jt_logger("p.node").name == "jt.p.node"


def test_the_seven_formats_are_juturnas() -> None:
    assert formatters() == SEVEN


def test_importing_adds_no_handler() -> None:
    code = (
        "import logging, juturna_core.log, juturna_core.catalog, juturna_core.config;"
        "print(logging.getLogger('jt').handlers, logging.getLogger().handlers)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[] []"


def test_a_format_applies_to_every_handler_and_to_later_ones(stream: io.StringIO) -> None:
    assert formatter("minimal") == "minimal"
    assert formatter() == "minimal"
    jt_logger("x").warning("hello %s", "you")
    assert stream.getvalue() == "WARNING: hello you\n"
    later = logging.StreamHandler(io.StringIO())
    add_handler(later)
    assert later.formatter is log.FORMATTERS["minimal"]
    jt_logger().removeHandler(later)


def test_a_handler_may_have_a_format_of_its_own(stream: io.StringIO) -> None:
    own = logging.Formatter("own %(message)s")
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    add_handler(handler, own)
    jt_logger().error("x")
    jt_logger().removeHandler(handler)
    assert text.getvalue() == "own x\n"


def test_json_is_one_object_a_line_with_the_exception(stream: io.StringIO) -> None:
    formatter("json")
    try:
        raise KeyError("k")
    except KeyError:
        jt_logger("n").exception("it\nfailed")
    lines = stream.getvalue().splitlines()
    assert len(lines) == 1
    entry = json.loads(lines[0])
    assert (entry["level"], entry["logger"], entry["message"]) == ("ERROR", "jt.n", "it\nfailed")
    assert "KeyError" in entry["exception"]


def test_colours_are_not_left_in_the_record_for_other_handlers(stream: io.StringIO) -> None:
    record = logging.LogRecord("jt", logging.ERROR, "f", 1, "m", (), None)
    assert "\033[31m" in log.FORMATTERS["colored"].format(record)
    assert record.levelname == "ERROR"


@pytest.mark.parametrize("name", SEVEN)
def test_every_format_shows_the_message(name: str) -> None:
    record = logging.LogRecord("jt", logging.INFO, "f", 1, "the message", (), None)
    assert "the message" in log.FORMATTERS[name].format(record)


def test_an_unknown_format_names_the_nearest() -> None:
    with pytest.raises(ValueError, match=r'no log format "colour".*colored'):
        formatter("colour")
