"""What a pipeline has logged, kept for clients."""

from __future__ import annotations

import logging

import pytest

from juturna_core.control.logs import LONGEST, PAGE, LogRing


def log(ring: LogRing, level: int, text: str) -> None:
    ring.handle(
        logging.makeLogRecord(
            {
                "name": "jt.p.n",
                "levelno": level,
                "levelname": logging.getLevelName(level),
                "msg": text,
            }
        )
    )


def test_a_level_of_a_plugin_s_own_counts_as_info() -> None:
    """Python calls it "Level 25"."""
    ring = LogRing("p")
    log(ring, 25, "of its own")
    log(ring, logging.DEBUG, "a detail")
    assert [line.text for line in ring.since(0).items] == ["of its own", "a detail"]
    assert [line.level for line in ring.since(0, level="INFO").items] == ["Level 25"]
    assert ring.since(0, level="WARNING").items == ()


@pytest.mark.parametrize("node", ["", "n"])
def test_what_does_not_fit_into_one_answer_comes_with_the_next(node: str) -> None:
    ring, count = LogRing("p"), 2 * PAGE // LONGEST + 3
    for number in range(count):
        log(ring, logging.INFO, f"{number} ".ljust(LONGEST, "x"))
    seen, since, answers = [], 0, 0
    while True:
        page = ring.since(since, node=node)
        assert sum(len(line.text) for line in page.items) <= PAGE
        assert page.more == count - page.last
        seen += [int(line.text.split()[0]) for line in page.items]
        since, answers = page.last, answers + 1
        if not page.more:
            break
    assert seen == list(range(count))
    assert answers == 3
