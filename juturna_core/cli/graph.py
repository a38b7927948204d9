"""`juturna graph FILE`: the nodes and links of a pipeline, drawn for a terminal, Mermaid or Graphviz."""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from juturna_core.cells import pad, shorten, width
from juturna_core.cli.options import examples

if TYPE_CHECKING:
    from juturna_core.config import Loaded, NodeConfig
    from juturna_core.errors import Problem

LONGEST_TEXT = 40
"""Cells of a name in a text drawing; the other formats have whole names."""


def add_parser(commands: Any) -> None:
    parser = commands.add_parser(
        "graph",
        help="draw a pipeline file",
        description="Draw the nodes of a pipeline, layer by layer, and its links. No plugin is looked at. "
        "A file with a cycle or a link to nowhere is drawn too, once that has been said on stderr (exit code 1).",
        epilog=examples(
            "juturna graph pipe.json",
            "juturna graph pipe.json --format mermaid     for Markdown",
            "juturna graph pipe.json --format dot | dot -Tsvg > pipe.svg",
        ),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("file", metavar="FILE", help="the pipeline file (JSON)")
    parser.add_argument(
        "--format", choices=tuple(FORMATS), default="text", help="how to draw (%(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    from juturna_core.config import PipelineConfig

    loaded = PipelineConfig.load(arguments.file)
    problems = list(_problems(loaded))
    for problem in problems:
        print(problem, file=sys.stderr)
    config = loaded.config
    known = {node.name for node in config.nodes}
    links = [(link.origin, link.destination) for link in config.links]
    drawing = Drawing(
        config.name, config.nodes, tuple(link for link in links if known.issuperset(link))
    )
    print("\n".join(FORMATS[arguments.format](drawing)))
    return 1 if problems else 0


@dataclass(frozen=True, slots=True)
class Drawing:
    """What is drawn; both ends of every link are there."""

    name: str
    nodes: tuple[NodeConfig, ...]
    links: tuple[tuple[str, str], ...]

    def layers(self) -> list[list[NodeConfig]]:
        """Nodes by their distance from the sources; of every cycle the link that closes it does not count."""
        from juturna_core import graph

        nodes = {node.name: node for node in self.nodes}
        links = list(self.links)
        while cycle := graph.find_cycle(list(nodes), links):
            closing = (cycle[-2], cycle[-1])
            links = [link for link in links if link != closing]
        return [[nodes[name] for name in layer] for layer in graph.layers(list(nodes), links)]

    def by_number(self) -> list[tuple[int, int]]:
        """The links, by the numbers of their nodes."""
        numbers = {node.name: number for number, node in enumerate(self.nodes)}
        return [(numbers[origin], numbers[destination]) for origin, destination in self.links]


def _problems(loaded: Loaded) -> Iterator[Problem]:
    """What keeps the file from being a graph that can run."""
    from juturna_core import graph
    from juturna_core.errors import did_you_mean

    names = [node.name for node in loaded.config.nodes]
    links = []
    for index, link in enumerate(loaded.config.raw["pipeline"].get("links", ())):
        missing = [(end, link[end]) for end in ("from", "to") if link[end] not in names]
        for end, name in missing:
            yield loaded.source.problem(
                "error",
                f'there is no node "{name}"',
                ("pipeline", "links", index, end),
                hint=did_you_mean(name, names),
            )
        if not missing:
            links.append((link["from"], link["to"]))
    if cycle := graph.find_cycle(names, links):
        chain = " -> ".join(cycle)
        yield loaded.source.problem("error", f"the links go round: {chain}", ("pipeline", "links"))


def _place(node: NodeConfig) -> str:
    """HOST:PORT of a warped node, empty for one that runs here."""
    if not node.warped:
        return ""
    return node.warp_configuration.address if node.warp_configuration else "?"


def _kind(node: NodeConfig) -> str:
    return f"{node.type} {node.mark}" if node.mark else node.type


# --- text ------------------------------------------------------------------------------------------------------------

_UP, _DOWN, _LEFT, _RIGHT = 1, 2, 4, 8
_LINES = {
    0: " ",
    _UP | _DOWN: "│",
    _LEFT | _RIGHT: "─",
    _DOWN | _RIGHT: "┌",
    _UP | _RIGHT: "└",
    _UP | _DOWN | _RIGHT: "├",
    _LEFT | _DOWN | _RIGHT: "┬",
    _LEFT | _UP | _RIGHT: "┴",
    _LEFT | _UP | _DOWN | _RIGHT: "┼",
}


@dataclass(frozen=True, slots=True)
class Lane:
    """Links that share a vertical line: all that leave one node, or all that enter one. Numbers are lines."""

    ways_out: set[int] = field(default_factory=set)
    ways_in: set[int] = field(default_factory=set)

    @property
    def joints(self) -> list[int]:
        return sorted(self.ways_out | self.ways_in)


def as_text(drawing: Drawing) -> Iterator[str]:
    """A box a node, one below the other in layers, and the links in lanes to the left of them.

    A lane is left and entered where its line turns or branches; a line that it only runs across goes on behind it.
    """
    layers = drawing.layers()
    nodes = [node for layer in layers for node in layer]
    lanes = _lanes(nodes, drawing.links)
    leaving = {line for lane in lanes for line in lane.ways_out}
    boxes = [
        f"┴{line[1:]}" if number in leaving else line for number, line in enumerate(_boxes(layers))
    ]
    yield f"{drawing.name}: {len(nodes)} nodes, {len(drawing.links)} links, {len(layers)} layers"
    yield from (
        f"{margin}{box}".rstrip()
        for margin, box in zip(_margin(lanes, len(boxes)), boxes, strict=True)
    )


def _boxes(layers: list[list[NodeConfig]]) -> Iterator[str]:
    """The three lines of every box, all of one width. The first box of each layer says which it is."""
    rows = [
        [
            (node, shorten(node.name, LONGEST_TEXT), shorten(_kind(node), LONGEST_TEXT))
            for node in layer
        ]
        for layer in layers
    ]
    names = max((width(name) for row in rows for _, name, _ in row), default=0)
    kinds = max((width(kind) for row in rows for _, _, kind in row), default=0)
    inner = names + kinds + 4
    for number, row in enumerate(rows, 1):
        title = f"─ {number} "
        for node, name, kind in row:
            place = f"╞═ {_place(node)}" if node.warped else "│"
            yield f"┌{title}{'─' * (inner - len(title))}┐"
            yield f"│ {pad(name, names)}  {pad(kind, kinds)} {place}"
            yield f"└{'─' * inner}┘"
            title = ""


def _lanes(nodes: list[NodeConfig], links: Iterable[tuple[str, str]]) -> list[Lane]:
    """The lanes for boxes of three lines: links leave from the third and enter at the second.

    A link shares the lane of that of its ends which has more links.
    """
    lines = {node.name: 3 * number for number, node in enumerate(nodes)}
    links = list(links)
    leaving = Counter(origin for origin, _ in links)
    entering = Counter(destination for _, destination in links)
    lanes: dict[tuple[str, str], Lane] = {}
    for origin, destination in links:
        of_origin = leaving[origin] >= entering[destination]
        lane = lanes.setdefault(("from", origin) if of_origin else ("to", destination), Lane())
        lane.ways_out.add(lines[origin] + 2)
        lane.ways_in.add(lines[destination] + 1)
    return sorted(lanes.values(), key=lambda lane: lane.joints[0])


def _margin(lanes: list[Lane], height: int) -> list[str]:
    """What is to the left of the boxes, on each of `height` lines."""
    ends: list[
        int
    ] = []  # the line down to which each column is taken, the column next to the boxes first
    columns = []
    for lane in lanes:
        column = next((i for i, end in enumerate(ends) if end < lane.joints[0]), len(ends))
        ends[column : column + 1] = [lane.joints[-1]]
        columns.append(column)
    breadth = 2 * len(ends)
    grid = [[0] * breadth for _ in range(height)]
    for lane, column in zip(lanes, columns, strict=True):
        x, joints = breadth - 2 - 2 * column, lane.joints
        for y in range(joints[0], joints[-1]):
            grid[y][x] |= _DOWN
            grid[y + 1][x] |= _UP
        for y in joints:
            grid[y][x] |= _RIGHT
    for row in grid:
        _draw_across(row)
    entering = {line for lane in lanes for line in lane.ways_in}
    drawn = ["".join(_LINES[each] for each in row) for row in grid]
    return [f"{line[:-1]}▶" if y in entering else line for y, line in enumerate(drawn)]


def _draw_across(row: list[int]) -> None:
    """Lead every joint in a line on to the box, behind the lanes that are in its way."""
    going = False
    for x, cell in enumerate(row):
        joint = bool(cell & _RIGHT)
        if going and (joint or not cell):
            row[x] |= _LEFT | _RIGHT
        going = going or joint


# --- for other programs ----------------------------------------------------------------------------------------------


def as_mermaid(drawing: Drawing) -> Iterator[str]:
    """A Mermaid flowchart; warped nodes have double sides."""
    yield "flowchart LR"
    for number, node in enumerate(drawing.nodes):
        label = "<br/>".join(map(_for_mermaid, _label(node)))
        begin, end = ("[[", "]]") if node.warped else ("[", "]")
        yield f'    n{number}{begin}"{label}"{end}'
    for origin, destination in drawing.by_number():
        yield f"    n{origin} --> n{destination}"


def as_dot(drawing: Drawing) -> Iterator[str]:
    """A Graphviz digraph; warped nodes have a dashed border."""
    yield f'digraph "{_for_dot(drawing.name)}" {{'
    yield "    rankdir=LR;"
    yield "    node [shape=box];"
    for number, node in enumerate(drawing.nodes):
        label = "\\n".join(map(_for_dot, _label(node)))
        style = ", style=dashed" if node.warped else ""
        yield f'    n{number} [label="{label}"{style}];'
    for origin, destination in drawing.by_number():
        yield f"    n{origin} -> n{destination};"
    yield "}"


def _label(node: NodeConfig) -> list[str]:
    return [node.name, _kind(node), *([_place(node)] if node.warped else [])]


def _for_mermaid(text: str) -> str:
    """Text between double quotes, where Mermaid reads HTML, Markdown and its own #codes;."""
    return "".join(
        c if c.isalnum() or c in " _-.:" or not c.isascii() else f"#{ord(c)};" for c in text
    )


def _for_dot(text: str) -> str:
    """Text between double quotes, where Graphviz reads HTML entities."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")


FORMATS: dict[str, Callable[[Drawing], Iterator[str]]] = {
    "text": as_text,
    "mermaid": as_mermaid,
    "dot": as_dot,
}
