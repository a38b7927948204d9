"""Messages whose update raised: kept readable, bounded, whatever is in them and whatever the disk does."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from juturna_core.dead_letters import DeadLetters
from juturna_core.message import Message
from juturna_core.payloads import AudioPayload, BasePayload, BytesPayload
from juturna_core.testing import Collector, Shelf, running
from tests.runtime import eventually

LOGGER = logging.getLogger("jt.test")


def failure() -> ValueError:
    try:
        raise ValueError("no such pixel")
    except ValueError as error:
        return error


def write(
    folder: Path, message: Message[Any], error: BaseException | None = None
) -> dict[str, Any]:
    """The letter that is written of `message`."""
    DeadLetters(folder, 100, LOGGER).write("node", message, error or failure())
    return dict(json.loads((folder / "dead_letters" / "node.0000.json").read_text()))


def test_a_letter_has_node_time_error_trace_and_the_message(tmp_path: Path) -> None:
    message = Message("camera", 7, BytesPayload(b"abc"))
    message.meta["place"] = {"x": 1}
    message.timer("decode", 0.5)
    letter = write(tmp_path, message)
    assert letter["node"] == "node"
    assert datetime.fromisoformat(letter["time"]).tzinfo is not None
    assert letter["error"] == "ValueError: no such pixel"
    assert "test_dead_letters.py" in "".join(letter["trace"])
    assert letter["message"] == {
        "id": message.id,
        "created_at": message.created_at,
        "creator": "camera",
        "version": 7,
        "payload": {"cnt": base64.b64encode(b"abc").decode()},
        "meta": {"place": {"x": 1}},
        "timers": {"decode": 0.5},
    }


def test_a_ring_of_letters_for_each_node_keeps_the_latest(tmp_path: Path) -> None:
    letters = DeadLetters(tmp_path, 3, LOGGER)
    for version in range(5):
        letters.write("a", Message(version=version), failure())
    letters.write("b", Message(version=9), failure())
    files = {
        path.name: json.loads(path.read_text()) for path in (tmp_path / "dead_letters").iterdir()
    }
    assert sorted(files) == ["a.0000.json", "a.0001.json", "a.0002.json", "b.0000.json"]
    assert sorted(each["message"]["version"] for name, each in files.items() if name[0] == "a") == [
        2,
        3,
        4,
    ]


def test_no_letters_are_kept_when_none_are_wanted(tmp_path: Path) -> None:
    DeadLetters(tmp_path, 0, LOGGER).write("a", Message(), failure())
    assert not (tmp_path / "dead_letters").exists()


def test_of_a_large_payload_type_and_size_are_kept(tmp_path: Path) -> None:
    message = Message("mic", 1, AudioPayload(np.zeros(1 << 18, dtype=np.float64)))
    message.meta["rate"] = np.int16(7)
    message.timers["t"] = np.float32(0.5)  # type: ignore[assignment]
    letter = write(tmp_path, message)
    assert letter["message"]["payload"] == {"type": "AudioPayload", "size_bytes": 2 << 20}
    assert letter["message"]["creator"] == "mic"


class BadRepr:
    def __repr__(self) -> str:
        raise RuntimeError("no text for this")


class BadPayload(BasePayload):
    @staticmethod
    def serialize(_: Any) -> Any:
        raise KeyError("what is missing")


class BadError(Exception):
    def __str__(self) -> str:
        raise AttributeError("no text for this")


def nested(depth: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(depth):
        value = {"in": value}
    return value


def endless() -> dict[str, Any]:
    value: dict[str, Any] = {}
    value["self"] = value
    return value


AWKWARD: dict[str, Callable[[], Message[Any]]] = {
    "function": lambda: with_meta({"f": print}),
    "key that is a tuple": lambda: with_meta({(1, 2): 3}),
    "key that is an object": lambda: with_meta({BadRepr(): 3}),
    "value without a text": lambda: with_meta({"a": BadRepr()}),
    "deeply nested": lambda: with_meta(nested(5000)),
    "endless": lambda: with_meta(endless()),
    "lone surrogate": lambda: with_meta({"name": "\udcff"}),
    "payload that cannot be serialised": lambda: Message(payload=BadPayload()),
    "payload that is none": lambda: Message(payload=object()),
    "version that is an object": lambda: Message(version=object(), payload=object()),  # type: ignore[arg-type]
    "creator that is an object": lambda: Message(object(), payload=object()),  # type: ignore[arg-type]
    "creator without a text": lambda: Message(BadRepr(), payload=object()),  # type: ignore[arg-type]
}


def with_meta(meta: dict[Any, Any]) -> Message[Any]:
    message: Message[Any] = Message()
    message.meta = meta
    return message


@pytest.mark.parametrize("what", AWKWARD)
def test_whatever_is_in_a_message_a_letter_is_written(what: str, tmp_path: Path) -> None:
    letter = write(tmp_path, AWKWARD[what]())
    assert letter["error"] == "ValueError: no such pixel"


def test_an_error_without_a_text_is_written_by_its_type(tmp_path: Path) -> None:
    assert "BadError" in write(tmp_path, Message(), BadError())["error"]


def test_a_folder_that_cannot_be_made_is_said_in_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "dead_letters").write_text("a file")
    message: Message[Any] = Message()
    with caplog.at_level(logging.ERROR, "jt"):
        DeadLetters(tmp_path, 100, LOGGER).write("node", message, failure())
    assert f"dead letter of message {message.id} of node cannot be written" in caplog.text


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "dead_letters").mkdir()
    (tmp_path / "dead_letters" / "node.0000.json").symlink_to("/dev/full")
    with caplog.at_level(logging.ERROR, "jt"):
        DeadLetters(tmp_path, 100, LOGGER).write("node", Message(), failure())
    assert "cannot be written" in caplog.text


@pytest.mark.parametrize("what", AWKWARD)
def test_a_node_that_fails_on_such_a_message_goes_on(what: str) -> None:
    class Fails(Collector):
        def update(self, message: Message[Any]) -> None:
            super().update(message)
            raise ValueError("as ever")

    with running(Shelf(Fails), [{"name": "fails", "type": "source"}], []) as made:
        for message in (AWKWARD[what](), Message(version=2)):
            made["fails"].put(message)
        eventually(lambda: made.stats()["fails"].errors == 2)
        assert made["fails"].messages[1].version == 2
        folder = Path(made.pipe_path) / "dead_letters"
        eventually(lambda: len(list(folder.iterdir())) == 2)


def test_a_pipeline_keeps_as_many_letters_as_its_file_says() -> None:
    class Fails(Collector):
        def update(self, message: Message[Any]) -> None:
            raise ValueError("as ever")

    with running(Shelf(Fails), [{"name": "fails", "type": "source"}], [], dead_letters=2) as made:
        for _ in range(5):
            made["fails"].put(Message())
        eventually(lambda: made.stats()["fails"].errors == 5)
        assert len(list((Path(made.pipe_path) / "dead_letters").iterdir())) == 2
