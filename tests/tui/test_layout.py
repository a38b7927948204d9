import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from juturna_tui.layout import Box, CellLayout, layout, order

Links = Sequence[tuple[str, str]]
BY_HAND = order.by_hand
SIZES = [(24, 4), (24, 1), (3, 1), (8, 2), (10, 3), (40, 6)]
NORTH, EAST, SOUTH, WEST = (0, -1), (1, 0), (0, 1), (-1, 0)
ARMS = {
    "─": {EAST, WEST},
    "│": {NORTH, SOUTH},
    "╭": {EAST, SOUTH},
    "╮": {WEST, SOUTH},
    "╰": {EAST, NORTH},
    "╯": {WEST, NORTH},
    "├": {NORTH, SOUTH, EAST},
    "┤": {NORTH, SOUTH, WEST},
    "┬": {EAST, WEST, SOUTH},
    "┴": {EAST, WEST, NORTH},
    "┼": {NORTH, EAST, SOUTH, WEST},
    "╋": {NORTH, EAST, SOUTH, WEST},
    "▶": {WEST},  # its east is the box
    "◀": {EAST, WEST},
}


@pytest.fixture(params=["graphlay", "by hand"], autouse=True, scope="module")
def engine(request: pytest.FixtureRequest) -> Iterator[str]:
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "by hand":
            patch.setitem(sys.modules, "graphlay", None)
        else:  # a failure inside would be hidden by the other engine
            patch.setattr(order, "by_hand", None)
        yield request.param


def named(boxes: int, links: Sequence[tuple[int, int]]) -> tuple[list[str], Links]:
    return [f"n{box}" for box in range(boxes)], [(f"n{a}", f"n{b}") for a, b in links]


def cells_of(box: Box) -> set[tuple[int, int]]:
    return {
        (x, y) for x in range(box.x, box.x + box.width) for y in range(box.y, box.y + box.height)
    }


def check(names: Sequence[str], links: Links, size: tuple[int, int]) -> CellLayout:
    """All that holds for every drawing."""
    made = layout(names, links, size)
    assert made == layout(names, links, size)
    assert len(made.boxes) == len(names) and len(made.routes) == len(links)
    assert len(made.rows) == len(made.row_boxes) == made.height
    assert {len(row) for row in made.rows} <= {made.width}

    owner: dict[tuple[int, int], int] = {}
    for index, box in enumerate(made.boxes):
        assert (box.width, box.height) == size
        assert 0 <= box.x <= made.width - box.width and 0 <= box.y <= made.height - box.height
        for cell in cells_of(box):
            assert cell not in owner, "boxes overlap"
            owner[cell] = index
    for (x, y), index in owner.items():
        assert owner.get((x + 1, y), index) == index, "boxes touch"
        assert made.rows[y][x] == " ", "art inside a box"
    for y, on_row in enumerate(made.row_boxes):
        assert list(on_row) == sorted(on_row, key=lambda index: made.boxes[index].x)
        assert set(on_row) == {owner[cell] for cell in owner if cell[1] == y}

    index_of = {name: index for index, name in enumerate(names)}
    drawn: dict[tuple[int, int], set[tuple[int, int]]] = {}
    real: set[tuple[int, int]] = set()
    for (origin, destination), route in zip(links, made.routes, strict=True):
        if origin not in index_of or destination not in index_of:
            assert route == ()
            continue
        start, end = made.boxes[index_of[origin]], made.boxes[index_of[destination]]
        real.add((index_of[origin], index_of[destination]))
        assert route[0][0] == start.x + start.width
        assert start.y <= route[0][1] < start.y + start.height
        assert route[-1][0] == end.x - 1
        assert end.y <= route[-1][1] < end.y + end.height
        assert made.rows[route[-1][1]][route[-1][0]] == "▶"
        for x, y in route:
            assert 0 <= x < made.width and 0 <= y < made.height
            assert (x, y) not in owner, "a route crosses a box"
        for (x, y), (to_x, to_y) in pairwise(route):
            assert abs(to_x - x) + abs(to_y - y) == 1, "a route has a hole"
            drawn.setdefault((x, y), set()).add((to_x - x, to_y - y))
            drawn.setdefault((to_x, to_y), set()).add((x - to_x, y - to_y))
        drawn[route[0]].add(WEST)
        for x, y in route[
            1:-1
        ]:  # lines keep a column between them and any box, but for their own ends
            if made.rows[y][x] not in "─▶◀":
                assert (x - 1, y) not in owner and (x + 1, y) not in owner

    for y, row in enumerate(made.rows):
        for x, glyph in enumerate(row):
            assert ARMS.get(glyph, set()) == drawn.get((x, y), set()), (x, y, glyph)
    assert_readable(made, real)
    return made


def assert_readable(made: CellLayout, real: set[tuple[int, int]]) -> None:
    """Who follows the lines, straight on at ┼, finds the links that there are, and no others.

    Lines are walked as drawn, not as `routes` has them: never from right to left but on lines with ◀.
    """
    back = {
        tuple(sorted(pair))
        for route in made.routes
        for a, b in pairwise(route)
        if b[0] < a[0]
        for pair in [(a, b)]
    }
    beside = {
        (box.x - 1, y): index
        for index, box in enumerate(made.boxes)
        for y in range(box.y, box.y + box.height)
    }
    found: set[tuple[int, int]] = set()
    for index in {origin for origin, _ in real}:
        box = made.boxes[index]
        starts = [
            (box.x + box.width, y)
            for y in range(box.y, box.y + box.height)
            if box.x + box.width < made.width and made.rows[y][box.x + box.width] != " "
        ]
        assert len(starts) == 1
        todo = [(starts[0], EAST)]
        seen = set(todo)
        while todo:
            (x, y), heading = todo.pop()
            glyph = made.rows[y][x]
            if glyph == "▶":
                found.add((index, beside[x, y]))
                continue
            arms = ARMS[glyph] - {(-heading[0], -heading[1])}
            for dx, dy in {heading} if glyph == "┼" else arms:
                ahead = (x + dx, y + dy)
                leftward = tuple(sorted([(x, y), ahead])) in back
                if dx and leftward != (dx < 0):
                    continue
                if (ahead, (dx, dy)) not in seen:
                    seen.add((ahead, (dx, dy)))
                    todo.append((ahead, (dx, dy)))
    assert found >= real
    heads = Counter(
        beside[x, y] for y, row in enumerate(made.rows) for x, g in enumerate(row) if g == "▶"
    )
    if all(number < made.boxes[index].height for index, number in heads.items()):
        assert found == real, "only what shares a row, for want of rows, may be taken for more"


GRAPHS: dict[str, tuple[int, list[tuple[int, int]]]] = {
    "empty": (0, []),
    "one node": (1, []),
    "isolated nodes": (7, []),
    "two pairs": (4, [(0, 1), (2, 3)]),
    "chain": (5, [(0, 1), (1, 2), (2, 3), (3, 4)]),
    "diamond": (4, [(0, 1), (0, 2), (1, 3), (2, 3)]),
    "shortcut": (4, [(0, 1), (1, 2), (2, 3), (0, 3), (0, 2)]),
    "all to all": (7, [(a, b) for a in range(3) for b in range(3, 7)]),
    "some to some": (7, [(0, 3), (0, 4), (0, 5), (1, 3), (1, 4), (2, 4), (2, 5), (1, 6), (2, 6)]),
    "cycle": (3, [(0, 1), (1, 2), (2, 0)]),
    "both ways": (2, [(0, 1), (1, 0)]),
    "own links": (3, [(0, 0), (0, 1), (1, 1), (2, 2)]),
    "nested cycles": (5, [(0, 1), (1, 2), (2, 1), (2, 3), (3, 0), (3, 1), (3, 4), (4, 4), (4, 2)]),
    "twice": (2, [(0, 1), (0, 1), (0, 1)]),
    "fan-out": (41, [(0, box) for box in range(1, 41)]),
    "fan-in": (41, [(box, 0) for box in range(1, 41)]),
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("graph", GRAPHS)
def test_every_drawing_is_sound(graph: str, size: tuple[int, int]) -> None:
    check(*named(*GRAPHS[graph]), size)


@settings(max_examples=40, deadline=None)
@given(
    boxes=st.integers(1, 14),
    ends=st.lists(st.tuples(st.integers(0, 15), st.integers(0, 15)), max_size=30),
    size=st.one_of(st.sampled_from(SIZES), st.tuples(st.integers(3, 40), st.integers(1, 6))),
)
def test_any_graph_is_drawn_soundly(
    boxes: int, ends: list[tuple[int, int]], size: tuple[int, int]
) -> None:
    """Cycles, links twice, to the node itself, and to nodes that are not there (n14, n15) included."""
    check(*named(boxes, ends), size)


@settings(max_examples=40, deadline=None)
@given(
    ends=st.sets(st.tuples(st.integers(0, 6), st.integers(7, 13)), min_size=8, max_size=30),
    height=st.sampled_from([1, 4]),
)
def test_dense_graphs_stay_readable(ends: set[tuple[int, int]], height: int) -> None:
    check(*named(14, sorted(ends)), (6, height))


@pytest.mark.parametrize("height", [1, 4])
@pytest.mark.parametrize("inward", [False, True])
def test_a_fan_of_400_is_one_bus(inward: bool, height: int) -> None:
    names, links = named(401, [(box, 0) if inward else (0, box) for box in range(1, 401)])
    made = check(names, links, (3, height))
    assert made.width == 3 + 5 + 3
    assert Counter("".join(made.rows))["▶"] == (1 if inward else 400)
    assert "├" in "".join(made.rows) or "┤" in "".join(made.rows)


def test_a_chain_of_500_is_one_straight_line() -> None:
    names, links = named(500, [(box, box + 1) for box in range(499)])
    made = layout(names, links)
    assert made.height == 4
    assert set("".join(made.rows)) == {" ", "─", "▶"}
    assert [box.x for box in made.boxes] == [29 * box for box in range(500)]


def test_a_ring_of_500_is_drawn() -> None:
    names, links = named(500, [(box, (box + 1) % 500) for box in range(500)])
    made = layout(names, links)
    assert made.height == 6
    assert "".join(made.rows).count("◀") == 500


def test_a_chain_of_three_fits_86_columns() -> None:
    names, links = named(3, [(0, 1), (1, 2)])
    assert layout(names, links).width <= 86


def test_an_unknown_end_skips_the_link_and_nothing_else() -> None:
    made = layout(["a", "b"], [("a", "x"), ("a", "b"), ("x", "x")])
    assert made.routes[0] == made.routes[2] == ()
    assert made.rows == layout(["a", "b"], [("a", "b")]).rows


def test_a_link_twice_is_drawn_once() -> None:
    made = layout(["a", "b"], [("a", "b"), ("a", "b")])
    assert made.routes[0] == made.routes[1]
    assert made.rows == layout(["a", "b"], [("a", "b")]).rows


def test_a_diamond_has_a_straight_main_line() -> None:
    made = layout(["a", "b", "c", "d"], [("a", "b"), ("a", "c"), ("b", "d"), ("c", "d")], (3, 1))
    assert made.rows == (
        "   ──┬─▶   ──┬─▶   ",
        "     ╰─▶   ──╯     ",
    )


def test_a_link_back_runs_outside_and_says_so() -> None:
    made = layout(["a", "b"], [("a", "b"), ("b", "a")], (3, 1))
    assert made.rows == (
        "╭─▶   ────▶   ─╮",
        "╰───◀───────◀──╯",
    )


def test_unlinked_nodes_stand_below_in_the_columns_of_the_rest() -> None:
    made = layout(["x", "a", "b", "y"], [("a", "b")], (6, 1))
    assert made.row_boxes == ((1, 2), (), (0, 3))


def test_a_joint_is_no_crossing() -> None:
    """╋ where a's line to the middle meets a's trunk; ┼ where b's trunk meets it, which a message cannot enter."""
    fan = layout(["a", "c", "d", "e"], [("a", "c"), ("a", "d"), ("a", "e")], (3, 1))
    assert fan.rows[1] == "   ──╋─▶   "
    names, links = named(*GRAPHS["some to some"])
    art = "".join(layout(names, links, (3, 4)).rows)
    assert "┼" in art and "╋" in art


def test_a_failing_engine_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(boxes: list[int], links: list[tuple[int, int]]) -> None:
        raise ValueError("limit exceeded")

    monkeypatch.setattr(order, "by_graphlay", failing)
    monkeypatch.setattr(order, "by_hand", BY_HAND)
    assert layout(["a", "b"], [("a", "b")], (3, 1)).rows == ("   ────▶   ",)


@pytest.mark.parametrize("kind", ["layers", "fan-out"])
def test_a_thousand_nodes_take_less_than_a_second(kind: str) -> None:
    """100 to 300 ms of this process; a machine under load must not fail it."""
    links = {
        "layers": [(box, box + 20 + box * 7 % 13) for box in range(960)],
        "fan-out": [(0, box) for box in range(1, 1000)],
    }[kind]
    names, pairs = named(1000, links)
    start = time.process_time()
    layout(names, pairs, (24, 1))
    assert time.process_time() - start < 1
