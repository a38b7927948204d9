"""`juturna graph`: what is drawn, and that boxes stay boxes whatever a node is called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from juturna_core.cells import cut, pad, shorten, width
from juturna_core.cli import main
from tests.cli.command import chain, node, source, written

PROGRAMMER = "\U0001f469\u200d\U0001f4bb"


def drawn(
    capsys: pytest.CaptureFixture[str], path: Path, form: str = "text", code: int = 0
) -> list[str]:
    assert main(["graph", str(path), "--format", form]) == code
    return capsys.readouterr().out.splitlines()


def linked(names: str, *links: str) -> dict[str, Any]:
    """A pipeline of one-letter nodes, its links as pairs of letters."""
    pipeline = chain(*(node(name, "x") for name in names))
    pipeline["pipeline"]["links"] = [{"from": link[0], "to": link[1]} for link in links]
    return pipeline


def test_a_chain_is_a_column_of_boxes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert drawn(capsys, written(tmp_path, linked("ab", "ab"))) == [
        "chain: 2 nodes, 1 links, 2 layers",
        "  ┌─ 1 ───────┐",
        "  │ a  proc x │",
        "┌─┴───────────┘",
        "│ ┌─ 2 ───────┐",
        "└▶│ b  proc x │",
        "  └───────────┘",
    ]


def test_links_that_share_an_end_share_a_lane_and_others_are_crossed_behind(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipe = written(tmp_path, linked("sabk", "sa", "sb", "sk", "ak", "bk"))
    lines = drawn(capsys, pipe)[1:]
    assert [line.split("proc")[0].rstrip("─┐┘ ") for line in lines] == [
        "    ┌─ 1",
        "    │ s",
        "  ┌─┴",
        "  │ ┌─ 2",
        "  ├▶│ a",
        "┌─│─┴",
        "│ │ ┌",
        "│ ├▶│ b",
        "├─│─┴",
        "│ │ ┌─ 3",
        "└─┴▶│ k",
        "    └",
    ]


def test_nodes_without_links_are_drawn(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = "\n".join(drawn(capsys, written(tmp_path, linked("abz", "ab"))))
    assert "│ z  proc x │" in text


def test_a_warped_node_is_marked_with_its_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    place = {"grpc_host": "::1", "grpc_port": 45000}
    pipe = written(tmp_path, chain(node("p", "x", warped=True, warp_configuration=place)))
    for form in ("text", "dot"):
        assert "[::1]:45000" in "\n".join(drawn(capsys, pipe, form))
    assert "#91;::1#93;:45000" in "\n".join(drawn(capsys, pipe, "mermaid"))


def test_boxes_are_aligned_by_cells_and_long_names_keep_both_ends(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = ["カメラ入力", PROGRAMMER, "e\u0301te\u0301", "x" * 190 + "1", "x" * 190 + "2"]
    lines = drawn(capsys, written(tmp_path, chain(*(node(name, "x") for name in names))))
    assert len({width(line) for line in lines[1:]}) == 1
    text = "\n".join(lines)
    assert "xxx…xxx" in text
    assert "xx1  proc" in text
    assert "xx2  proc" in text


@pytest.mark.parametrize("form", ["text", "mermaid", "dot"])
def test_a_cycle_and_a_link_to_nowhere_are_said_and_the_rest_is_drawn(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], form: str
) -> None:
    pipe = written(tmp_path, linked("pqk", "pq", "qp", "qk", "kx", "kk"))
    assert main(["graph", str(pipe), "--format", form]) == 1
    said = capsys.readouterr()
    assert "p -> q -> p" in said.err
    assert '"x"' in said.err
    assert "pipe.json:" in said.err
    assert all(f" {name}" in said.out or f'"{name}' in said.out for name in "pqk")


def test_names_cannot_break_out_of_their_quotes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    name = 'a"b<br>&amp;#35;`'
    pipe = written(tmp_path, chain(node(name, "x"), node("b", "x")))
    assert drawn(capsys, pipe, "mermaid") == [
        "flowchart LR",
        '    n0["a#34;b#60;br#62;#38;amp#59;#35;35#59;#96;<br/>proc x"]',
        '    n1["b<br/>proc x"]',
        "    n0 --> n1",
    ]
    assert drawn(capsys, pipe, "dot") == [
        'digraph "chain" {',
        "    rankdir=LR;",
        "    node [shape=box];",
        '    n0 [label="a\\"b<br>&amp;amp;#35;`\\nproc x"];',
        '    n1 [label="b\\nproc x"];',
        "    n0 -> n1;",
        "}",
    ]


@pytest.mark.parametrize("count", [500])
def test_many_nodes_stay_narrow(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], count: int
) -> None:
    nodes = [node(f"n{number}", "x") for number in range(count)]
    in_a_row, from_one = chain(*nodes), chain(*nodes)
    from_one["pipeline"]["links"] = [{"from": "n0", "to": each["name"]} for each in nodes[1:]]
    for pipeline in (in_a_row, from_one):
        lines = drawn(capsys, written(tmp_path, pipeline))
        assert len(lines) == 1 + 3 * count
        assert max(map(width, lines[1:])) < 30


def test_a_bad_file_exits_with_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["graph", str(written(tmp_path, "{"))]) == 2
    assert "pipe.json:1:" in capsys.readouterr().err


def test_the_guides_shape_needs_no_plugin(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pipeline = {**chain(source(), node("p", "nowhere")), "plugins": ["./not_there"]}
    drawn(capsys, written(tmp_path, pipeline))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("abc", 3),
        ("é", 1),
        ("e\u0301", 1),
        ("カ", 2),
        ("ｶ", 1),
        (PROGRAMMER, 2),
        ("\U0001f44d\U0001f3fd", 2),
        ("❤\ufe0f", 2),
        ("\U0001f1ee\U0001f1f9", 2),
        ("\u1112\u1161\u11ab", 2),
    ],
)
def test_width_counts_cells(text: str, cells: int) -> None:
    assert width(text) == cells
    assert width(pad(text, 6)) == 6


def test_cutting_never_splits_what_is_drawn_as_one() -> None:
    assert cut("カメラ", 5) == "カメ"
    assert cut(PROGRAMMER * 2, 3) == PROGRAMMER
    assert shorten("abcdefghij", 7) == "abcd…ij"
    assert shorten("abcdefg", 7) == "abcdefg"
    assert shorten(f"a{PROGRAMMER}bcdefge\u0301", 6) == f"a{PROGRAMMER}b…e\u0301"
