"""A change to a node is written into the file and nothing else is: not one byte, not the mode, not the link."""

from __future__ import annotations

import copy
import errno
import functools
import itertools
import json
import os
import random
import stat
from pathlib import Path
from typing import Any, TypeVar

import pytest

from juturna_core import splice as splicing
from juturna_core.edit import FileChanged, FileEdit, edit_file, restore
from juturna_core.errors import ConfigError, JuturnaError
from juturna_core.source_map import SourceMap, Span, read
from juturna_core.splice import REMOVE, Change, splice

T = TypeVar("T")

AROUND = '{\n  "pipeline": {\n    "nodes": [\n      %s\n    ]\n  }\n}\n'
MULTI_LINE = AROUND % '{\n        "name": "a",\n        "configuration": {}\n      }'
REMOTE = {"grpc_host": "gpu", "grpc_port": 50080}


def change(path: str, value: Any) -> Change:
    return Change("a", tuple(path.split(".")), value)


def in_node(node: str, *changes: tuple[str, Any]) -> str:
    """What becomes of the text of the one node in a document that is indented by two spaces."""
    before, after = (AROUND % "|").split("|")
    done = splice(before + node + after, [change(*each) for each in changes])
    assert done.startswith(before) and done.endswith(after)
    return done[len(before) : len(done) - len(after)]


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            '{\n        "name": "a"\n      }',
            '{\n        "name": "a",\n        "warped": true\n      }',
        ),
        (
            '{\r\n\t"name": "a",\r\n\t"mark": "m"\r\n}',
            '{\r\n\t"name": "a",\r\n\t"mark": "m",\r\n\t"warped": true\r\n}',
        ),
        ('{ "name": "a" }', '{ "name": "a", "warped": true }'),
        ('{"name": "a"}', '{"name": "a", "warped": true}'),
        ('{"name":"a"}', '{"name":"a","warped":true}'),
        ('{"name":"a", "mark":"m"}', '{"name":"a", "mark":"m", "warped":true}'),
        ('{"name" : "a"}', '{"name" : "a", "warped" : true}'),
        ('{"name":"a"  ,  "x":1}', '{"name":"a"  ,  "x":1  ,  "warped":true}'),
        ('{ "name": "a",\n  "x": 1 }', '{ "name": "a",\n  "x": 1,\n  "warped": true }'),
        ('{ "name": "a"\n, "x": 1\n}', '{ "name": "a"\n, "x": 1\n, "warped": true\n}'),
        (
            '{\n  "name": "a",\n\n  "x": 1\n\n}',
            '{\n  "name": "a",\n\n  "x": 1,\n  "warped": true\n\n}',
        ),
        ('{\r  "name": "a"\r}', '{\r  "name": "a",\r  "warped": true\r}'),
        ('{"name":\n "a"}', '{"name":\n "a",\n "warped": true}'),
    ],
)
def test_a_missing_key_comes_last_in_the_style_of_the_object(node: str, expected: str) -> None:
    assert in_node(node, ("warped", True)) == expected
    assert in_node(expected, ("warped", REMOVE)) == node


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            '{\n        "name": "a"\n      }',
            '{\n        "name": "a",\n        "warp_configuration": {\n          "grpc_host": "gpu",\n'
            '          "grpc_port": 50080\n        }\n      }',
        ),
        (
            '{\r\n\t\t"name":"a"\r\n\t}',
            '{\r\n\t\t"name":"a",\r\n\t\t"warp_configuration":{\r\n\t\t\t"grpc_host":"gpu",\r\n'
            '\t\t\t"grpc_port":50080\r\n\t\t}\r\n\t}',
        ),
        (
            '{ "name": "a" }',
            '{ "name": "a", "warp_configuration": { "grpc_host": "gpu", "grpc_port": 50080 } }',
        ),
        ('{"name":"a"}', '{"name":"a","warp_configuration":{"grpc_host":"gpu","grpc_port":50080}}'),
        (
            '{"name": "a", "warp_configuration": null}',
            '{"name": "a", "warp_configuration": {"grpc_host": "gpu", "grpc_port": 50080}}',
        ),
    ],
)
def test_an_object_is_written_in_the_style_around_it(node: str, expected: str) -> None:
    assert in_node(node, ("warp_configuration", REMOTE)) == expected
    changes = [(f"warp_configuration.{key}", value) for key, value in REMOTE.items()]
    assert in_node(node, *changes) == expected, "and so is one that its first key makes"


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (
            '{\n  "name": "a",\n  "configuration": {}\n}',
            '{\n  "name": "a",\n  "configuration": {\n    "rate": 5\n  }\n}',
        ),
        (
            '{\n  "name": "a",\n  "configuration": { }\n}',
            '{\n  "name": "a",\n  "configuration": { "rate": 5 }\n}',
        ),
        ('{ "name": "a", "configuration": {} }', '{ "name": "a", "configuration": {"rate": 5} }'),
        ('{"name":"a","configuration":{}}', '{"name":"a","configuration":{"rate":5}}'),
    ],
)
def test_an_empty_object_is_filled_and_emptied(node: str, expected: str) -> None:
    assert in_node(node, ("configuration.rate", 5)) == expected
    assert in_node(expected, ("configuration.rate", REMOVE)) == node


def test_an_existing_value_is_replaced_where_it_is() -> None:
    node = '{"warped" :  false ,"name": "a", "big": 1E+2}'
    assert in_node(node, ("warped", True)) == node.replace("false", "true")


def test_of_an_object_only_what_differs_is_touched() -> None:
    node = """{ "name": "a", "warp_configuration": {
          "grpc_port" :  50080,
          "timeout": 1E+2, "old": [ 1,2 ],
          "grpc_host": "here"   } }"""
    new = {"grpc_host": "gpu", "grpc_port": 50080, "timeout": 100.0, "on_failure": "drop"}
    expected = """{ "name": "a", "warp_configuration": {
          "grpc_port" :  50080,
          "timeout": 1E+2,
          "grpc_host": "gpu",
          "on_failure": "drop"   } }"""
    assert in_node(node, ("warp_configuration", new)) == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ('{\n  "x": 1,\n  "name": "a"\n}', '{\n  "name": "a"\n}'),
        (
            '{\n  "name": "a",\n  "x": {\n    "y": 1\n  },\n  "z": 2\n}',
            '{\n  "name": "a",\n  "z": 2\n}',
        ),
        ('{\r\n  "name": "a",\r\n  "x": 1\r\n}', '{\r\n  "name": "a"\r\n}'),
        ('{ "x": 1, "name": "a" }', '{ "name": "a" }'),
        ('{ "name": "a", "x": 1 }', '{ "name": "a" }'),
        ('{"name":"a","x":1,"y":2}', '{"name":"a","y":2}'),
        ('{"name": "a"}', '{"name": "a"}'),
    ],
)
def test_a_removed_member_takes_its_comma_and_its_line_along(node: str, expected: str) -> None:
    assert in_node(node, ("x", REMOVE)) == expected


def test_removing_below_what_is_not_there_creates_nothing() -> None:
    assert in_node('{"name": "a"}', ("x.y.z", REMOVE)) == '{"name": "a"}'


def test_the_last_key_of_an_object_leaves_it_empty() -> None:
    node = '{"name": "a", "configuration": {\n  "x": 1\n}}'
    assert in_node(node, ("configuration.x", REMOVE)) == '{"name": "a", "configuration": {}}'


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("[1, 2]", [1, 2, 3], "[1, 2, 3]"),
        ("[\n    1\n  ]", [1, 2], "[\n    1,\n    2\n  ]"),
        ("null", [1, 2], "[1, 2]"),
        ("null", [[1, 2], [3]], "[\n    [1, 2],\n    [3]\n  ]"),
        ("0", [{}, {"k": []}], '[\n    {},\n    {\n      "k": []\n    }\n  ]'),
        ("[]", ("é", '"'), '["é", "\\""]'),
        ('{"k": 1}', [1, {"k": 2}], '[1, {"k": 2}]'),
    ],
)
def test_a_list_stays_on_one_line_or_on_several(old: str, new: Any, expected: str) -> None:
    node = '{\n  "name": "a",\n  "x": |\n}'
    assert in_node(node.replace("|", old), ("x", new)) == node.replace("|", expected)


@pytest.mark.parametrize(
    ("old", "same", "other"),
    [
        ("1E+2", 100.0, 100),
        ("-0.0", -0.0, 0.0),
        ("1e16", 1e16, 10**16),
        ("12345678901234567890", 12345678901234567890, 12345678901234567891),
        ("1", 1, True),
        ("1", 1, 1.0),
        ("false", False, 0),
        ('"\\u00e9\\/"', "é/", "é\\/"),
        ('{"x": 1,  "y":[ ]}', {"y": [], "x": 1}, {"y": [], "x": 2}),
    ],
)
def test_an_equal_value_leaves_the_text_as_it_is_and_a_type_counts(
    old: str, same: Any, other: Any
) -> None:
    node = '{"name": "a", "x": |}'.replace("|", old)
    assert in_node(node, ("x", same)) == node
    changed = in_node(node, ("x", other))
    assert changed != node
    assert repr(read(changed)["x"]) in (repr(other), "{'x': 2, 'y': []}")


def test_text_is_written_literally() -> None:
    node = '{"name": "a", "x": "\\u00e9"}'
    expected = '{"name": "a", "x": "日本 \\" \\\\ \\n\u2028", "ключ": "😀"}'
    assert in_node(node, ("x", '日本 " \\ \n\u2028'), ("ключ", "😀")) == expected


def test_half_a_surrogate_pair_is_escaped_since_utf_8_does_not_have_it() -> None:
    assert in_node('{"name": "a"}', ("x", "\ud800")) == '{"name": "a", "x": "\\ud800"}'


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {"x": {1, 2}}, object()])
def test_a_value_that_json_does_not_have_makes_no_change(value: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        Change("a", ("x",), value)


def test_a_change_has_a_key() -> None:
    with pytest.raises(ValueError, match="names a key"):
        Change("a", (), {})


def test_changes_are_made_in_their_order_and_to_several_nodes() -> None:
    text = '{"pipeline": {"nodes": [{"name": "a"}, {"name": "b"}]}}'
    changes = [
        Change("b", ("x",), 1),
        Change("a", ("y",), {"z": 2}),
        Change("a", ("y", "z"), 3),
        Change("b", ("x",), REMOVE),
        Change("a", ("name",), "c"),
    ]
    expected = '{"pipeline": {"nodes": [{"name": "c", "y": {"z": 3}}, {"name": "b"}]}}'
    assert splice(text, changes) == expected
    assert changes[1].value == {"z": 2}, "a change is a value"


def test_a_byte_order_mark_and_a_missing_last_line_break_stay() -> None:
    text = "\ufeff" + MULTI_LINE.rstrip()
    done = splice(text, [change("warped", True)])
    assert done.startswith("\ufeff{\n") and done.endswith("  }\n}")


def test_no_change_is_no_change() -> None:
    assert splice(MULTI_LINE, []) == MULTI_LINE


def test_an_unknown_node_is_named_with_the_nearest() -> None:
    text = '{"pipeline": {"nodes": [{"name": "camera"}, {}, {"name": 3}, null]}}'
    with pytest.raises(JuturnaError) as raised:
        splice(text, [Change("camra", ("x",), 1)], "f.json")
    assert str(raised.value) == 'f.json: there is no node "camra" (did you mean "camera"?)'
    assert raised.value.node == "camra"


@pytest.mark.parametrize("text", ["[]", "{}", '{"pipeline": {"nodes": {"name": "a"}}}', "1"])
def test_a_text_without_nodes_has_no_node(text: str) -> None:
    with pytest.raises(JuturnaError, match='there is no node "a"'):
        splice(text, [change("x", 1)])


def test_of_two_nodes_with_one_name_none_is_changed() -> None:
    with pytest.raises(JuturnaError, match='two nodes are called "a"'):
        splice('{"pipeline": {"nodes": [{"name": "a"}, {"name": "a"}]}}', [change("x", 1)])


@pytest.mark.parametrize("old", ["1", "[]", '"x"', "false"])
@pytest.mark.parametrize("value", [1, REMOVE])
def test_a_key_inside_what_is_no_object_is_refused(old: str, value: Any) -> None:
    with pytest.raises(JuturnaError, match=r'"x" is not an object'):
        in_node(f'{{"name": "a", "x": {old}}}', ("x.y", value))


def test_a_text_that_is_not_json_is_refused_with_its_place() -> None:
    with pytest.raises(ConfigError) as raised:
        splice('{"a": 1,}', [], "f.json")
    assert str(raised.value) == 'f.json:1:8: error: no comma is allowed before "}"'


def test_a_text_nested_too_deeply_for_its_places_is_refused() -> None:
    deep = "[" * 700 + "]" * 700
    with pytest.raises(ConfigError, match="nested too deeply"):
        splice(f'{{"pipeline": {{"nodes": [{{"name": "a", "x": {deep}}}]}}}}', [change("y", 1)])


def test_a_text_that_went_wrong_is_not_handed_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is wrong in here, the user's file is not what suffers."""
    monkeypatch.setattr(splicing, "_literal", lambda value: '"x"')
    with pytest.raises(JuturnaError, match="without damage"):
        splice(MULTI_LINE, [change("warped", True)])
    monkeypatch.setattr(splicing, "_literal", lambda value: "}")
    with pytest.raises(JuturnaError, match="without damage"):
        splice(MULTI_LINE, [change("warped", True)])


# Random documents


class Token(str):
    """A number as it is written."""


TOKENS = ["0", "7", "-3", "1E+2", "-0.0", "1e16", "1.50", "12345678901234567890", "2e-7", "0.1"]
TEXTS = [
    "",
    "plain",
    "é",
    "日本",
    "😀",
    'a "quote"',
    "back\\slash",
    "a/b",
    "\n",
    "\u2028",
    "{",
    ",:",
]
KEYS = ["rate", "größe", "x", "y", "a.b", 'k"', "grpc_host", "long key", "\\", "{}"]


class Author:
    """Somebody who writes pipeline files: at random, but each in a style of their own."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)
        pick = self.random.choice
        self.kind = pick(["lines", "lines", "minified", "inline", "padded", "weird", "mixed"])
        self.unit = pick(["  ", "    ", "\t", " "])
        self.newline = pick(["\n", "\n", "\r\n"])
        self.colon = ":" if self.kind == "minified" else pick([": ", ": ", " : ", ":"])
        self.bom = pick(["", "", "\ufeff"])
        self.end = pick(["", self.newline, f" {self.newline}{self.newline}"])

    def value(self, depth: int = 0) -> Any:
        pick = self.random.choice
        match self.random.randrange(9 if depth < 3 else 7):
            case 0:
                return None
            case 1 | 2:
                return Token(pick(TOKENS))
            case 3:
                return pick([True, False])
            case 4 | 5 | 6:
                return pick(TEXTS)
            case 7:
                return [self.value(depth + 1) for _ in range(self.random.randrange(4))]
        return self.members(depth + 1)

    def members(self, depth: int) -> dict[str, Any]:
        keys = self.random.sample(KEYS, self.random.randrange(5))
        return {key: self.value(depth) for key in keys}

    def node(self, name: str) -> dict[str, Any]:
        node = {"name": name, "type": "proc", **self.members(1)}
        for key in ("configuration", "warp_configuration"):
            if self.random.random() < 0.6:
                node[key] = self.members(1)
        return self.shuffled(node)

    def shuffled(self, members: dict[str, Any]) -> dict[str, Any]:
        items = list(members.items())
        self.random.shuffle(items)
        return dict(items)

    def document(self) -> str:
        names = self.random.sample(["a", "b", "ü", 'q"', "1"], self.random.randrange(1, 4))
        pipeline = {"name": "p", "nodes": [self.node(name) for name in names], "links": []}
        document = {"version": "1", "pipeline": self.shuffled(pipeline), "x": self.value()}
        return self.bom + self.write(self.shuffled(document), 0) + self.end

    def write(self, value: Any, depth: int) -> str:
        if isinstance(value, Token):
            return str(value)
        if isinstance(value, dict):
            items = [
                f"{self.write(key, 0)}{self.gap_around_colon()}{self.write(value[key], depth + 1)}"
                for key in value
            ]
            return self.enclose("{", items, "}", depth)
        if isinstance(value, list):
            return self.enclose("[", [self.write(each, depth + 1) for each in value], "]", depth)
        text = json.dumps(value, ensure_ascii=self.random.random() < 0.3)
        return text.replace("/", "\\/") if self.random.random() < 0.3 else text

    def blank(self) -> str:
        return self.random.choice(["", "", " ", "  ", "\t", self.newline, f"{self.newline}   "])

    def gap_around_colon(self) -> str:
        return f"{self.blank()}:{self.blank()}" if self.kind == "weird" else self.colon

    def enclose(self, opening: str, items: list[str], closing: str, depth: int) -> str:
        kind = self.kind
        if kind == "mixed":
            kind = "lines" if depth < self.random.randrange(2, 6) else "inline"
        if not items:
            return opening + (self.random.choice(["", " "]) if kind == "weird" else "") + closing
        if kind == "lines":
            line = self.newline + self.unit * (depth + 1)
            return (
                f"{opening}{line}{f',{line}'.join(items)}{self.newline}{self.unit * depth}{closing}"
            )
        if kind == "weird":
            pieces = [f"{self.blank()}{item}{self.blank()}" for item in items]
            return f"{opening}{','.join(pieces)}{closing}"
        pad = " " if kind == "padded" else ""
        return f"{opening}{pad}{(',' if kind == 'minified' else ', ').join(items)}{pad}{closing}"

    def change(self, node: dict[str, Any]) -> Change:
        """To a key of the node, or of an object in it, or of one that is not there yet."""
        path: tuple[str, ...] = ()
        within: Any = node
        while not path or (isinstance(within, dict | type(None)) and self.random.random() < 0.5):
            there = list(within or ())
            keys = there if there and self.random.random() < 0.6 else [*KEYS, "configuration"]
            path = (*path, self.random.choice([key for key in keys if key != "name"]))
            within = (within or {}).get(path[-1])
        remove = self.random.random() < 0.25
        return Change(node["name"], path, REMOVE if remove else self.decoded())

    def some(self, given: list[T]) -> list[T]:
        return self.random.sample(given, min(len(given), 2))

    def decoded(self) -> Any:
        return read(self.write(self.value(), 0))


def nodes_of(text: str) -> list[dict[str, Any]]:
    return read(text)["pipeline"]["nodes"]


@functools.lru_cache(maxsize=8)
def spans_of(text: str) -> dict[Any, Span]:
    return SourceMap(text).spans


def exactly(value: Any) -> str:
    """A text that two values share if they are equal in value and type."""
    return json.dumps(value, sort_keys=True)


def expected_after(text: str, changes: list[Change]) -> Any:
    """What the changed text has to say; raises when a key leads into something else than an object."""
    document = read(text)
    for each in changes:
        (at,) = (node for node in document["pipeline"]["nodes"] if node["name"] == each.node)
        *outer, last = each.path
        for key in outer:
            if at.get(key) is None:
                inner: dict[str, Any] = {}
                if each.value is not REMOVE:
                    at[key] = inner
                at = inner
            else:
                at = at[key]
        if each.value is REMOVE:
            at.pop(last, None)
        else:
            at[last] = copy.deepcopy(each.value)
    return document


def without(text: str, *paths: tuple[str | int, ...]) -> str:
    """`text`, its values at `paths` cut out."""
    spans = spans_of(text)
    body = text.removeprefix("\ufeff")
    for span in sorted((spans[path] for path in paths), key=lambda span: -span.start):
        body = body[: span.start] + body[span.end :]
    return text[: len(text) - len(text.removeprefix("\ufeff"))] + body


def text_at(text: str, path: tuple[str | int, ...]) -> str:
    span = spans_of(text)[path]
    return text.removeprefix("\ufeff")[span.start : span.end]


def members_of(text: str, index: int) -> list[tuple[str, str]]:
    """Key and text of every member of a node, in their order."""
    return [(str(path[-1]), text_at(text, path)) for path in paths(text, index) if len(path) == 4]


def paths(text: str, index: int) -> list[Any]:
    """What leads to the values of a node that are in objects only, in their order."""
    spans = spans_of(text)
    return [
        path
        for path in sorted(spans, key=lambda path: spans[path].start)
        if path[:3] == ("pipeline", "nodes", index) and all(isinstance(k, str) for k in path[3:])
    ]


def leaves(text: str) -> list[tuple[Any, Any]]:
    """Path and value of what is neither an object nor empty nor a name, in the nodes."""
    found = []
    for index, node in enumerate(nodes_of(text)):
        for path in paths(text, index)[1:]:
            value = node
            for key in path[3:]:
                value = value[key]
            if not isinstance(value, dict | list) and path[3:] != ("name",):
                found.append((path, value))
    return found


def objects(text: str) -> list[Any]:
    """The paths of all objects in nodes."""
    every = itertools.chain.from_iterable(paths(text, i) for i in range(len(nodes_of(text))))
    return [path for path in every if text_at(text, path).startswith("{")]


def in_common(one: str, other: str) -> int:
    """How many characters the two texts begin with in common."""
    return next((i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), len(one))


def plainly(value: Any) -> str:
    """`value` as it is written without peculiarities."""
    return json.dumps(value, ensure_ascii=False)


BATCHES = [range(start, start + 400) for start in range(0, 1600, 400)]
"""Seeds of random documents; in batches, so that a failure names a part of them."""


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_random_changes_say_what_they_should_and_touch_nothing_else(seeds: range) -> None:
    made = 0
    for seed in seeds:
        author = Author(seed)
        text = author.document()
        nodes = nodes_of(text)
        changes = [author.change(author.random.choice(nodes)) for _ in range(seed % 4 + 1)]
        try:
            expected = expected_after(text, changes)
        except (AttributeError, TypeError):
            with pytest.raises(JuturnaError, match="is not an object"):
                splice(text, changes)
            continue
        done = splice(text, changes)
        made += 1
        assert exactly(read(done)) == exactly(expected), seed
        touched = {each.node for each in changes}
        places = [
            ("pipeline", "nodes", i) for i, node in enumerate(nodes) if node["name"] in touched
        ]
        assert without(done, *places) == without(text, *places), seed
        for index, node in enumerate(nodes):
            keys = {each.path[0] for each in changes if each.node == node["name"]}
            before, after = (
                [(key, each) for key, each in members_of(version, index) if key not in keys]
                for version in (text, done)
            )
            assert after == before, seed
        assert splice(done, []) == done
        again = [each for each in changes if each.value is not REMOVE][-1:]
        if again and again == changes[-1:]:
            assert splice(done, again) == done, f"{seed}: a change that is made makes none"
    assert made > 300


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_a_replaced_value_changes_its_own_characters_only_and_can_be_put_back(
    seeds: range,
) -> None:
    put_back = 0
    for seed in seeds:
        author = Author(seed)
        text = author.document()
        for path, old in author.some(leaves(text)):
            name = nodes_of(text)[path[2]]["name"]
            new = author.decoded()
            done = splice(text, [Change(name, path[3:], new)])
            assert without(done, path) == without(text, path), seed
            if plainly(old) == text_at(text, path):
                put_back += 1
                assert splice(done, [Change(name, path[3:], old)]) == text, seed
    assert put_back > 200


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_an_inserted_member_is_all_that_comes_and_removing_it_gives_the_text_back(
    seeds: range,
) -> None:
    for seed in seeds:
        author = Author(seed)
        text = author.document()
        for path in author.some(objects(text)):
            node = nodes_of(text)[path[2]]["name"]
            key = (*path[3:], "new")
            done = splice(text, [Change(node, key, author.decoded())])
            same = in_common(text, done)
            rest = in_common(text[same:][::-1], done[same:][::-1])
            assert same + rest == len(text), seed
            assert splice(done, [Change(node, key, REMOVE)]) == text, seed


@pytest.mark.parametrize("seeds", BATCHES, ids=str)
def test_an_object_goes_to_another_and_back_with_what_they_share_untouched(seeds: range) -> None:
    for seed in seeds:
        author = Author(seed)
        text = author.document()
        for index, node in enumerate(nodes_of(text)):
            for key in node.keys() & {"configuration", "warp_configuration"}:
                path = ("pipeline", "nodes", index, key)
                more = {**node[key], **read(author.write(author.members(1), 0))}
                done = splice(text, [Change(node["name"], (key,), more)])
                assert without(done, path) == without(text, path), seed
                for same in node[key]:
                    if exactly(more[same]) == exactly(node[key][same]):
                        assert text_at(done, (*path, same)) == text_at(text, (*path, same)), seed
                back = splice(done, [Change(node["name"], (key,), node[key])])
                assert exactly(read(back)) == exactly(read(text)), seed


# Files


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "pipeline.json"
    path.write_bytes(MULTI_LINE.encode())
    return path


WARP = [change("warped", True), change("warp_configuration.grpc_host", "gpu")]


def test_a_file_is_edited_and_restored(file: Path) -> None:
    before = file.read_bytes()
    made = edit_file(file, WARP, expected=before)
    assert made == FileEdit(file, before, file.read_bytes())
    assert made.after == splice(MULTI_LINE, WARP).encode()
    assert restore(made) == made.undo() == FileEdit(file, made.after, before)
    assert file.read_bytes() == before
    assert list(file.parent.iterdir()) == [file]


def test_bytes_stay_bytes(file: Path) -> None:
    """No line break is translated, and no byte order mark lost."""
    before = b"\xef\xbb\xbf" + MULTI_LINE.replace("\n", "\r\n").rstrip().encode()
    file.write_bytes(before)
    made = edit_file(file, [change("warped", True)])
    added = b',\r\n        "warped": true'
    assert file.read_bytes() == made.after == before.replace(b"{}", b"{}" + added)


def test_the_lines_that_change_are_shown(file: Path) -> None:
    file.write_bytes(b"\xef\xbb\xbf" + MULTI_LINE.replace("\n", "\r\n").encode())
    assert edit_file(file, [change("warped", True)]).lines() == (
        '-        "configuration": {}',
        '+        "configuration": {},',
        '+        "warped": true',
    )
    assert edit_file(file, [change("warped", False)]).undo().lines() == (
        '-        "warped": false',
        '+        "warped": true',
    )
    assert edit_file(file, []).lines() == ()
    one_line = '{"pipeline":{"nodes":[{"name":"a"%s}]}}'
    file.write_text("\ufeff" + one_line % "", encoding="utf-8")
    assert edit_file(file, [change("warped", True)]).lines() == (
        "-" + one_line % "",
        "+" + one_line % ',"warped":true',
    )


def test_a_dry_run_writes_nothing(file: Path) -> None:
    before = file.stat()
    made = edit_file(file, WARP, dry_run=True)
    assert made.after == splice(MULTI_LINE, WARP).encode()
    assert file.stat() == before


def test_nothing_is_written_when_nothing_changes(file: Path) -> None:
    before = file.stat()
    made = edit_file(file, [change("configuration", {}), change("warped", REMOVE)])
    assert made.before == made.after
    assert restore(made) == made
    assert file.stat() == before


def test_a_link_stays_a_link(file: Path) -> None:
    folder = file.parent / "elsewhere"
    folder.mkdir()
    link = folder / "link.json"
    link.symlink_to(Path("..") / file.name)
    made = edit_file(link, WARP)
    assert link.is_symlink() and link.readlink() == Path("..") / file.name
    assert file.read_bytes() == made.after
    assert list(folder.iterdir()) == [link]


@pytest.mark.parametrize("mode", [0o600, 0o644, 0o664, 0o755])
def test_the_mode_stays(file: Path, mode: int) -> None:
    file.chmod(mode)
    edit_file(file, WARP)
    assert stat.S_IMODE(file.stat().st_mode) == mode


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give a file away")
def test_the_owner_stays(file: Path) -> None:
    os.chown(file, 1234, 2345)
    edit_file(file, WARP)
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


def test_an_owner_that_we_may_not_give_it_is_no_obstacle(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "fchown", refuse)
    made = edit_file(file, WARP)
    assert file.read_bytes() == made.after


def test_a_file_that_changed_meanwhile_is_not_edited(file: Path) -> None:
    loaded = file.read_bytes()
    file.write_bytes(loaded + b"\n")
    for dry_run in (True, False):
        with pytest.raises(FileChanged) as raised:
            edit_file(file, WARP, expected=loaded, dry_run=dry_run)
    assert str(raised.value) == (
        f"{file}: the file was changed by another program meanwhile "
        "(reload it, then change it again)"
    )
    assert file.read_bytes() == loaded + b"\n"


def test_a_file_that_changes_while_the_new_one_is_written_is_not_replaced(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def meddle(descriptor: int) -> None:
        fsync(descriptor)
        file.write_bytes(b"theirs")

    monkeypatch.setattr(os, "fsync", meddle)
    with pytest.raises(FileChanged):
        edit_file(file, WARP)
    assert file.read_bytes() == b"theirs"
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("theirs", [b"", b"\xff", b"{}"])
def test_a_file_that_changed_after_an_edit_is_not_restored(file: Path, theirs: bytes) -> None:
    made = edit_file(file, WARP)
    file.write_bytes(theirs)
    with pytest.raises(FileChanged):
        restore(made)
    assert file.read_bytes() == theirs
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_gone_is_not_made_again(file: Path) -> None:
    made = edit_file(file, WARP)
    file.unlink()
    with pytest.raises(JuturnaError, match="No such file or directory"):
        restore(made)
    with pytest.raises(ConfigError, match="No such file or directory"):
        edit_file(file, WARP)
    assert list(file.parent.iterdir()) == []


def test_a_full_disk_leaves_the_file_as_it_was(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(JuturnaError) as raised:
        edit_file(file, WARP)
    expected = f"{file}: cannot be written: No space left on device; nothing was changed"
    assert str(raised.value) == expected
    assert file.read_bytes() == MULTI_LINE.encode()
    assert list(file.parent.iterdir()) == [file]


def test_a_folder_that_cannot_be_synced_does_not_undo_an_edit(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fsync = os.fsync

    def files_only(descriptor: int) -> None:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", files_only)
    made = edit_file(file, WARP)
    assert file.read_bytes() == made.after != made.before


@pytest.mark.parametrize("what", ["folder", "file"])
def test_what_may_not_be_written_is_not_written(file: Path, what: str) -> None:
    protected = file.parent if what == "folder" else file
    mode = protected.stat().st_mode
    protected.chmod(mode & ~0o222)
    try:
        if os.access(protected, os.W_OK):
            pytest.skip("root may write everywhere")
        with pytest.raises(JuturnaError) as raised:
            edit_file(file, WARP)
    finally:
        protected.chmod(mode)
    assert str(raised.value) == (
        f"{file}: cannot be written: Permission denied; nothing was changed "
        "(the file and its folder have to be writable)"
    )
    assert file.read_bytes() == MULTI_LINE.encode()
    assert list(file.parent.iterdir()) == [file]


def test_a_file_that_is_not_a_pipeline_is_refused_with_its_place(file: Path) -> None:
    file.write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ConfigError, match=r"pipeline.json:1:8: error: byte 0xff is not UTF-8"):
        edit_file(file, WARP)
    file.write_bytes(b'{"a": 1,}')
    with pytest.raises(ConfigError, match=r"pipeline.json:1:8: error: no comma"):
        edit_file(file, WARP)
    file.write_bytes(b'{"pipeline": {"nodes": [{"name": "a", "warp_configuration": 1}]}}')
    with pytest.raises(JuturnaError, match=r'pipeline.json: "warp_configuration" is not an object'):
        edit_file(file, WARP)
