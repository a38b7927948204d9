"""What is told of the place that is typed: who answers there, the command to start it, what changes in the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from juturna_core.cells import printable
from juturna_core.control.api import NodeDescription, Probe
from juturna_tui.figures import duration
from juturna_tui.screens.remotise.place import is_here
from juturna_tui.settings import Place


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of the place that is typed now."""

    probe: Probe | None = None
    no_probe: str = ""
    lines: tuple[str, ...] | None = None
    no_lines: str = ""


class Report(Static, can_focus=True):
    """All that is not typed in. Letters are keys here."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "screen.copy", "copy command", id="remotise.copy-letter"),
        Binding("s", "screen.start", "start it here", id="remotise.start-letter"),
    ]

    def tell(self, node: NodeDescription, place: Place | None, told: Told, command: str) -> None:
        """`command` is what starts the remote, or why there is none; `place` is None while there is none."""
        lines = [
            *(heading("what is there"), *answer(node, place, told), Content("")),
            *(heading("to start it there"), Content(command), Content("")),
            *(heading("what changes in the file"), *changes(place, told)),
        ]
        self.update(Content("\n").join(lines))


def answer(node: NodeDescription, place: Place | None, told: Told) -> Iterator[Content]:
    """Who answers there, and whether that is the node."""
    probe = told.probe
    if place is None:
        yield Content("not looked for yet")
    elif told.no_probe:
        yield warning(told.no_probe)
    elif probe is None:
        yield Content("looking…")
    elif not probe.reachable:
        yield warning(probe.text)
    else:
        took = ""
        if probe.milliseconds is not None:
            took = f", {duration(probe.milliseconds)} a round trip"
        yield Content.styled(f"reachable: {printable(probe.text)}{took}", "$text-success")
        if not is_here(place.host):
            yield Content("without TLS: who is on the network between can read what is sent")
        served = f"{probe.node_type} {probe.node_mark}"
        ours = f"{node.type} {node.mark}"
        if probe.ours and served != ours:
            yield warning(f"that is another node: it serves {served}, and this one is {ours}")


def changes(place: Place | None, told: Told) -> Iterator[Content]:
    """The lines of the file that would change."""
    if place is None:
        yield Content("nothing yet")
    elif told.no_lines:
        yield warning(told.no_lines)
    elif told.lines is None:
        yield Content("looking…")
    elif not told.lines:
        yield Content("nothing: it says so already")
    else:
        styles = {"-": "$text-error", "+": "$text-success"}
        for line in told.lines:
            yield Content.styled(printable(line), styles.get(line[:1], ""))


def heading(text: str) -> Content:
    return Content.styled(text, "bold")


def warning(text: str) -> Content:
    return Content.styled(f"! warning: {printable(text)}", "$text-warning")
