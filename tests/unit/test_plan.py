"""Who is held while the graph changes, and who is emptied first."""

from __future__ import annotations

import itertools
from collections import Counter, defaultdict, deque
from random import Random

import pytest

from juturna_core.config import PipelineConfig
from juturna_core.plan import Hold, holds, reach
from juturna_core.testing import configuration
from tests.reloading import ways


def graph(text: str) -> PipelineConfig:
    """`"a b c, b d"`: a -> b -> c and b -> d."""
    ways = [way.split() for way in text.split(",")]
    names = dict.fromkeys(name for way in ways for name in way)
    links = dict.fromkeys(pair for way in ways for pair in itertools.pairwise(way))
    return configuration([{"name": name} for name in names], links, folder="x")


def planned(before: str, after: str) -> str:
    """`"a, b*"`: a is held at once, b when it is empty."""
    found = holds(graph(before), graph(after))
    return ", ".join(f"{hold.node}{'*' if hold.drained else ''}" for hold in found)


@pytest.mark.parametrize(
    ("what", "before", "after", "held"),
    [
        ("nothing", "a b c", "a b c", ""),
        ("a node between", "a c", "a b c", "a"),
        ("a node at the end", "a b", "a b c", "b"),
        ("a source more", "a b", "a b, s b", ""),
        ("a node less", "a b c", "a c", "a, b*"),
        ("two nodes less", "a b c d", "a d", "a, b*, c*"),
        ("the end less", "a b c", "a b", "b, c*"),
        ("the source less", "a b, s b", "a b", "s*"),
        ("a rename", "a b c", "a x c", "a, b*"),
        ("two change places", "a b c d", "a c b d", "a, b*, c*"),
        ("a way round one that stays", "a b c", "a c, b c", "a, b*"),
        ("a branch more", "a b", "a b, a c", "a"),
        ("a branch less: nothing takes a new way", "a b, a c", "a b, c", "a"),
        ("what is behind the change goes on", "a b c d e", "a c d e", "a, b*"),
        ("a join moves to another branch", "a x k, a y", "a x, a y k", "a, x*, y*"),
        ("a way opens as another is cut behind", "a b c d", "a b c, a d", "a, b*, c*"),
        ("and the other way round", "a b c, a d", "a b c d", "a, b*, c*"),
        ("a new way meets the old one further on", "a b c e, d e", "a d e, b c e", "a, b*, c*"),
        ("changes that have nothing to do with each other", "a b, a c", "a b d, a c e", "b, c"),
        ("another branch is left alone", "a b c, a x y", "a c, a x y", "a, b*"),
    ],
)
def test_only_ways_that_change_are_held(what: str, before: str, after: str, held: str) -> None:
    assert planned(before, after) == held, what


def test_a_node_is_held_after_all_that_feed_it() -> None:
    found = holds(graph("a b c d, x c"), graph("a d, x d"))
    assert found == (Hold("a", False), Hold("x", False), Hold("b", True), Hold("c", True))


class Flow:
    """Numbered messages in a graph: a node at random takes its next step."""

    def __init__(self, random: Random, config: PipelineConfig) -> None:
        self.random, self.config = random, config
        self.inboxes: dict[str, deque[tuple[str, int] | None]] = defaultdict(deque)  # None: a turn
        self.sent: Counter[str] = Counter()
        self.seen: dict[tuple[str, str], list[int]] = defaultdict(list)
        self.held: set[str] = set()

    def run(self, steps: int) -> None:
        names = [node.name for node in self.config.nodes]
        pace = [self.random.choice([1, 1, 3, 8]) for _ in names]
        for name in self.random.choices(names, pace, k=steps):
            self.step(name)

    def step(self, name: str) -> None:
        inbox = self.inboxes[name]
        if name in self.held:
            return
        if name.startswith("s"):
            self.send(name, (name, self.sent[name]))
            self.sent[name] += 1
        elif inbox:
            message = inbox.popleft()
            if message is None:
                self.held.add(name)
                return
            if name.startswith("k"):
                self.seen[message[0], name].append(message[1])
            self.send(name, message)

    def send(self, name: str, message: tuple[str, int]) -> None:
        for link in self.config.links:
            if link.origin == name:
                self.inboxes[link.destination].append(message)

    def change(self, after: PipelineConfig) -> None:
        for hold in holds(self.config, after):
            if hold.drained and not hold.node.startswith("s"):
                self.inboxes[hold.node].append(None)
            else:
                self.held.add(hold.node)
            while hold.node not in self.held:
                self.run(10)
            self.run(self.random.randrange(10))
        self.config = after
        self.held.clear()

    def drain(self) -> None:
        self.held = {node.name for node in self.config.nodes if node.name.startswith("s")}
        while any(self.inboxes.values()):
            self.run(100)


@pytest.mark.parametrize("sources", [1, 2, 3])
def test_whatever_changes_every_message_takes_one_way(sources: int) -> None:
    """Random graphs with one way from each source to each sink, before and after."""
    random, fresh = Random(sources), itertools.count()
    begin, end = [f"s{number}" for number in range(sources)], ["k0", "k1"]
    for _ in range(150):
        middle = [f"p{next(fresh)}" for _ in range(5)]
        later = [*random.sample(middle, random.randint(2, 5)), *(f"p{next(fresh)}" for _ in "ab")]
        before, after = (
            configuration(
                [{"name": name} for name in (*begin, *names, *end)],
                ways(random, begin, names, end),
                folder="x",
            )
            for names in (middle, later)
        )
        flow = Flow(random, before)
        flow.run(60)
        flow.change(after)
        flow.run(20)
        flow.drain()
        for source, sink in itertools.product(begin, end):
            assert flow.seen[source, sink] == list(range(flow.sent[source])), (before, after)


def test_when_much_changes_everything_is_emptied() -> None:
    names = [f"n{number}" for number in range(60)]
    found = holds(graph(" ".join(names)), graph(" ".join([*names[::2], *names[1::2]])))
    assert found == tuple(Hold(name, name != "n0") for name in names)


def test_reach() -> None:
    names, links = "abcd", [("a", "b"), ("b", "c"), ("d", "c")]
    assert reach(names, links, ["b"]) == {"b", "c"}
    assert reach(names, links, ["new"]) == set()
