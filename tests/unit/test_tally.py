"""Many distributions, counted together: they are those that each of the nodes would say itself."""

from __future__ import annotations

import random
import threading

import pytest

from juturna_core.metrics import MessageTimes, Samples
from juturna_core.tally import TOGETHER, Tally
from tests.runtime import eager_switches, threads


def texts(samples: Samples) -> tuple[str, ...]:
    """What a tally has to say of them, from the other way to count."""
    return tuple(
        " ".join(f"{bucket}:{count}" for bucket, count in enumerate(each.counts.tolist()) if count)
        for each in samples.snapshot()
    )


def write(times: MessageTimes, messages: int, chance: random.Random) -> None:
    for _ in range(messages):
        born, wait, work = (chance.lognormvariate(-6, 2) for _ in range(3))
        raw = times.raw
        raw += (born, born + wait, born + wait + work, 0.0)
        if len(raw) >= times.full:
            times.fold()


@pytest.mark.parametrize("nodes", [1, 7, TOGETHER + 1])
def test_it_says_what_every_node_says(nodes: int) -> None:
    """Some write much, some nothing, so that pieces are folded, counted by the writer, and left as they are."""
    chance = random.Random(nodes)
    all_times = [MessageTimes() for _ in range(nodes)]
    tally = Tally(all_times)
    for _ in range(6):
        for times in chance.sample(all_times, -(-nodes // 2)):
            write(times, chance.choice((0, 1, 200, 9000 // nodes)), chance)
        tally.texts()
        assert tally.texts() == [texts(times) for times in all_times]


def test_what_a_writer_has_counted_itself_is_taken_over() -> None:
    times, chance = MessageTimes(), random.Random(1)
    tally = Tally([times])
    for _ in range(5):
        before = times.noted.counts
        while times.noted.counts is before:
            write(times, 1000, chance)
        first = tally.texts()
        write(times, 1, chance)
        assert tally.texts() == [texts(times)]
        assert total(first[0][0]) <= times.count


def total(text: str) -> int:
    return sum(int(pair.split(":")[1]) for pair in text.split())


def test_of_one_that_has_just_counted_what_came_after_that_is_said_the_next_time() -> None:
    """At full speed a node counts its own several times a second: to count the rest each time would cost the most."""
    times, chance = MessageTimes(), random.Random(1)
    write(times, 100, chance)
    tally = Tally([times])
    assert total(tally.texts()[0][0]) == 100
    before = times.noted.counts
    while times.noted.counts is before:
        write(times, 1, chance)
    counted = times.noted.rows
    write(times, 300, chance)
    assert {total(text) for text in tally.texts()[0]} == {counted}
    assert {total(text) for text in tally.texts()[0]} == {counted + 300}


def test_a_text_may_be_as_old_as_one_says() -> None:
    times, chance = MessageTimes(), random.Random(1)
    tally = Tally([times])
    assert tally.texts() == [("", "", "")]
    write(times, 10, chance)
    assert tally.texts(max_age=60.0) == [("", "", "")]
    assert tally.texts() == [texts(times)] != [("", "", "")]


def test_samples_of_any_width_are_counted() -> None:
    samples = [Samples(1, 1), Samples(1, 1)]
    samples[1].raw.extend((1.0, 1.0, 2.0))
    (nothing,), (three,) = Tally(samples).texts()
    assert nothing == ""
    assert [int(pair.split(":")[1]) for pair in three.split()] == [2, 1]


def test_nothing_is_a_tally_of_nothing() -> None:
    assert Tally([]).texts() == []


def test_a_count_never_goes_back_while_nodes_write() -> None:
    """Nor is one distribution of a node ahead of another."""
    all_times = [MessageTimes() for _ in range(3)]
    writing = threading.Barrier(3)
    tally, done, seen = Tally(all_times), threading.Event(), []

    def read() -> None:
        while not done.is_set():
            counts = [tuple(map(total, each)) for each in tally.texts()]
            seen.append(counts)

    def wrote(times: MessageTimes) -> None:
        write(times, 12_000, random.Random(1))
        if writing.wait(60) == 0:
            done.set()

    with eager_switches(), threads(read, *(lambda each=each: wrote(each) for each in all_times)):
        pass
    assert all(len(set(node)) == 1 for counts in seen for node in counts)
    for node in range(3):
        totals = [counts[node][0] for counts in seen]
        assert totals == sorted(totals)
    tally.texts()
    assert tally.texts() == [texts(times) for times in all_times]
