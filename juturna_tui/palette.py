"""What the palette offers: every action by its name."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import TYPE_CHECKING, Any

from textual.app import SystemCommand
from textual.screen import Screen

if TYPE_CHECKING:
    from juturna_tui.app import Workbench


def commands(app: Workbench, screen: Screen[Any]) -> Iterator[SystemCommand]:
    """What keys do where the focus is, what they do in the other panes, and the themes."""
    seen = set()
    for node, binding, enabled, _ in screen.active_bindings.values():
        if enabled and binding.description and binding.id and binding.action not in seen:
            seen.add(binding.action)
            about = f"{binding.tooltip or binding.description} (key {app.get_key_display(binding)})"
            run = partial(app.run_action, binding.action, node)
            yield SystemCommand(binding.description, about, run)
    if screen is app.monitor:
        yield from _elsewhere(app)
    yield SystemCommand("theme", "choose the colours", app.action_change_theme)


def _elsewhere(app: Workbench) -> Iterator[SystemCommand]:
    focused = app.monitor.focused
    here = focused.ancestors_with_self if focused is not None else ()
    for pane, widget in app.monitor.panes.items():
        known = {each.action: each for _, each in widget._bindings if each.description and each.id}
        for action, binding in known.items() if widget not in here else ():
            run = partial(_do_in_pane, app, pane, action)
            about = f"in the pane {pane} (key {app.get_key_display(binding)})"
            yield SystemCommand(f"{pane}: {binding.description}", about, run)


async def _do_in_pane(app: Workbench, pane: str, action: str) -> None:
    app.monitor.action_pane(pane)
    await app.run_action(action, app.monitor.panes[pane])
