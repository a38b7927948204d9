"""The telemetry file: complete, readable, and never in the way of the pipeline."""

from __future__ import annotations

import csv
import logging
from pathlib import Path
from typing import Any

import pytest

from juturna_core.message import Message
from juturna_core.payloads import BytesPayload
from juturna_core.telemetry import COLUMNS, Telemetry
from juturna_core.testing import Collector, Forward, Numbers, Shelf, chain, running
from tests.runtime import DEADLINE, eventually, threads

LOGGER = logging.getLogger("jt.test")


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def record(path: Path, *messages: Message[Any]) -> None:
    telemetry = Telemetry(path, LOGGER)
    telemetry.start()
    tap = telemetry.tap("rx", "node")
    for message in messages:
        tap(message)
    telemetry.stop()


def test_a_short_run_loses_no_row(tmp_path: Path) -> None:
    record(tmp_path / "t.csv", Message("camera", payload=BytesPayload(b"abc")))
    (row,) = rows(tmp_path / "t.csv")
    assert tuple(row) == COLUMNS == ("ts", "evt", "node", "origin", "msg_id", "src_id", "size")
    assert (row["evt"], row["node"], row["origin"], row["size"]) == ("rx", "node", "camera", "3")
    assert float(row["ts"]) > 1e9
    assert (row["src_id"], row["msg_id"].isdigit()) == ("", True)


def test_a_run_without_messages_has_a_head_and_a_second_run_adds_no_other(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    record(path)
    record(path, Message("a"))
    record(path, Message("b"))
    assert path.read_text().startswith(",".join(COLUMNS))
    assert [row["origin"] for row in rows(path)] == ["a", "b"]


def test_rows_can_be_read_while_it_runs(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    telemetry = Telemetry(path, LOGGER)
    telemetry.start()
    telemetry.tap("tx", "node")(Message("a"))
    eventually(lambda: rows(path))
    telemetry.stop()


@pytest.mark.parametrize("creator", ['a,"b"\n', "カメラ", "\udcff", None])
def test_any_creator_can_be_written(creator: str | None, tmp_path: Path) -> None:
    """A name may come from a file system, and then it need not be text."""
    record(tmp_path / "t.csv", Message(creator), Message("last"))
    read = rows(tmp_path / "t.csv")
    assert len(read) == 2
    if creator != "\udcff":
        assert read[0]["origin"] == (creator or "")


def test_rows_of_many_threads_are_all_written_whole(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    telemetry = Telemetry(path, LOGGER)
    telemetry.start()

    def write(tap: Any) -> None:
        for _ in range(2000):
            tap(Message("a"))

    taps = [telemetry.tap("rx", f"n{number}") for number in range(4)]
    with threads(*[lambda tap=tap: write(tap) for tap in taps]):
        pass
    telemetry.stop()
    read = rows(path)
    assert len(read) == 8000
    assert len({row["msg_id"] for row in read}) == 8000


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_a_full_disk_is_said_once_and_stops_nobody(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.ERROR, "jt"):
        record(Path("/dev/full"), *(Message("a") for _ in range(20_000)))
    assert len(caplog.records) == 1
    assert "/dev/full" in caplog.text


def test_every_node_has_a_row_for_what_it_receives_and_transmits() -> None:
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 5}},
        {"name": "forward"},
        {"name": "collector"},
    )
    with running(Shelf(Numbers, Forward, Collector), nodes, links, telemetry="t.csv") as made:
        assert made.wait(DEADLINE)
        made.stop()
        read = rows(Path(made.pipe_path) / "t.csv")
        ids = [str(message.id) for message in made["collector"].messages]
    assert len(ids) == 5
    for event, node in [
        ("rx", "numbers"),
        ("tx", "numbers"),
        ("rx", "forward"),
        ("tx", "forward"),
        ("rx", "collector"),
    ]:
        own = [row for row in read if (row["evt"], row["node"]) == (event, node)]
        assert [row["msg_id"] for row in own] == ids, (event, node)
    assert len(read) == 25


def test_the_source_id_is_the_message_whose_update_sent_it() -> None:
    class Answers(Forward):
        def update(self, message: Message[Any]) -> None:
            self.transmit(Message("answers", message.version))

    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 3}},
        {"name": "answers"},
        {"name": "collector"},
    )
    with running(Shelf(Numbers, Answers, Collector), nodes, links, telemetry="t.csv") as made:
        assert made.wait(DEADLINE)
        made.stop()
        read = rows(Path(made.pipe_path) / "t.csv")
    received = [row["msg_id"] for row in read if (row["evt"], row["node"]) == ("rx", "answers")]
    sent = [row["src_id"] for row in read if (row["evt"], row["node"]) == ("tx", "answers")]
    assert sent == received
