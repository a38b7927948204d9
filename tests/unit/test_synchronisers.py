"""What waits for its batch, and what a policy may answer."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juturna_core.message import Message
from juturna_core.payloads import Batch
from juturna_core.synchronisers import SYNCHRONISERS, Synchroniser, Waiting, passthrough


def message(creator: str | None, version: int = 0, born: float = 0.0) -> Message[Any]:
    made: Message[Any] = Message(creator, version)
    made._born = born
    return made


def pairs(waiting: Waiting) -> dict[Any, list[int]]:
    """One message of each of `a` and `b`."""
    return {"a": [0], "b": [0]} if waiting.get("a") and waiting.get("b") else {}


def test_the_names_that_a_file_may_use() -> None:
    assert {"passthrough": passthrough, "local": None} == SYNCHRONISERS


def test_passthrough_takes_everything() -> None:
    synchroniser = Synchroniser("n", passthrough, 10)
    first = message("a")
    assert synchroniser.push(first) == [first]
    assert len(synchroniser) == 0


def test_what_the_policy_leaves_waits() -> None:
    synchroniser = Synchroniser("n", pairs, 10)
    a0, a1, b0 = message("a", 0), message("a", 1), message("b", 0)
    assert synchroniser.push(a0) == []
    assert synchroniser.push(a1) == []
    assert synchroniser.push(b0) == [a0, b0]
    assert len(synchroniser) == 1


def test_messages_without_a_creator_are_one_source() -> None:
    seen: list[Any] = []

    def policy(waiting: Waiting) -> dict[Any, list[int]]:
        seen.append({creator: len(messages) for creator, messages in waiting.items()})
        return {}

    synchroniser = Synchroniser("n", policy, 10)
    synchroniser.push(message(None))
    synchroniser.push(message(None))
    assert seen == [{None: 1}, {None: 2}]


def test_indexes_may_come_in_any_order_and_twice() -> None:
    synchroniser = Synchroniser("n", lambda w: {"a": [2, 0, 2]} if len(w["a"]) == 3 else {}, 10)
    messages = [message("a", version) for version in range(3)]
    synchroniser.push(messages[0])
    synchroniser.push(messages[1])
    picked = synchroniser.push(messages[2])
    assert picked == [messages[0], messages[2]]
    assert len(synchroniser) == 1


@pytest.mark.parametrize("marks", [{"a": [1]}, {"a": [-1]}, {"b": [0]}, {"a": [0], "b": [0]}])
def test_an_answer_that_does_not_fit_is_refused_and_takes_nothing(
    marks: dict[Any, list[int]],
) -> None:
    synchroniser = Synchroniser("n", lambda _: marks, 10)
    with pytest.raises(ValueError, match="next_batch asked for messages"):
        synchroniser.push(message("a"))
    assert len(synchroniser) == 1


@pytest.mark.parametrize("answer", [None, 3, [0], {"a": 5}, {"a": ["x"]}])
def test_an_answer_that_is_no_answer_raises_and_takes_nothing(answer: Any) -> None:
    synchroniser = Synchroniser("n", lambda _: answer, 10)
    with pytest.raises((TypeError, ValueError, AttributeError)):
        synchroniser.push(message("a"))
        synchroniser.push(message("a"))
    assert len(synchroniser) >= 1


def test_a_policy_that_never_takes_does_not_fill_the_memory() -> None:
    """The longest queue loses its oldest, so that one fast origin cannot push out the others."""
    seen: list[list[int]] = []

    def policy(waiting: Waiting) -> dict[Any, list[int]]:
        seen[:] = [[each.version for each in waiting.get(name, [])] for name in ("a", "b")]
        return {}

    synchroniser = Synchroniser("n", policy, 3)
    synchroniser.push(message("b"))
    for version in range(6):
        synchroniser.push(message("a", version))
    assert synchroniser.dropped == 4
    assert seen == [[4, 5], [0]]


def test_a_single_message_stays_itself() -> None:
    synchroniser = Synchroniser("n", passthrough, 10)
    first = message("a")
    assert synchroniser.batch([first]) is first


def test_several_messages_become_the_payload_of_one_as_old_as_the_oldest() -> None:
    synchroniser = Synchroniser("n", pairs, 10)
    messages = [message("a", born=5.0), message("b", born=3.0)]
    batch = synchroniser.batch(messages)
    assert batch.payload == Batch(tuple(messages))
    assert batch.creator == "n_sync"
    assert batch._born == 3.0


def test_flush_forgets_and_counts() -> None:
    synchroniser = Synchroniser("n", pairs, 10)
    synchroniser.push(message("a"))
    synchroniser.push(message("a"))
    assert synchroniser.flush() == 2
    assert synchroniser.flush() == 0
    assert synchroniser.push(message("b")) == []


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.sets(st.integers(0, 5))), max_size=40),
    st.integers(1, 8),
)
def test_every_message_is_picked_once_dropped_or_still_waits(
    arrivals: list[tuple[str, set[int]]], capacity: int
) -> None:
    wanted: set[int] = set()

    def policy(waiting: Waiting) -> dict[Any, list[int]]:
        return {
            name: [index for index in wanted if index < len(messages)]
            for name, messages in waiting.items()
        }

    synchroniser = Synchroniser("n", policy, capacity)
    picked: list[Message[Any]] = []
    for creator, indexes in arrivals:
        wanted.clear()
        wanted.update(indexes)
        picked += synchroniser.push(message(creator))
    assert len({each.id for each in picked}) == len(picked)
    assert len(picked) + synchroniser.dropped + len(synchroniser) == len(arrivals)
    assert len(synchroniser) <= capacity
