"""What a person does to single nodes: move them to a remote and back, suspend them, look at their messages.

Called on the app's thread; everything that waits for another process is done by `Workbench.ask`.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, TypeVar

from juturna_core.control.api import Applied, Edit, Gone, NodeDescription, Passed, Probe
from juturna_core.errors import JuturnaError
from juturna_tui.remotes import here
from juturna_tui.remotising import place_edits
from juturna_tui.settings import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from juturna_tui.app import Workbench
    from juturna_tui.look import Look
    from juturna_tui.screens.monitor import Wish

T = TypeVar("T")


class Steering:
    """The keys of nodes, for `app`."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._peeking: Look | None = None
        """Where messages are asked for just now. Of one that is left no answer comes."""
        self._changing: Look | None = None
        """Where a change is under way. Of one that is left no answer comes."""

    def do(self, wish: Wish, node: str) -> None:
        """What a key on the main screen asks for."""
        if wish == "undo":
            self._undo()
            return
        if wish == "reload":
            self._reload()
            return
        about = self._about(node)
        if about is None:
            self._app.tell_trouble("no node is selected: the arrow keys select one")
        elif wish == "messages":
            self.peek(node)
        elif wish == "suspend":
            self._suspend(node)
        elif about.type == "source" and not about.warped:
            self._app.tell(
                f"{node} is a source: a remote answers messages and begins none. Move a node that it feeds."
            )
        elif wish == "remotise" or (not about.warped and not about.host):
            self._app.remotising.ask(about)
        elif about.warped:
            self._edit(node, "unwarp", (Edit(node, ("warped",), False),), f"{node} runs here again")
        else:
            place = Place(about.host, about.port, about.timeout)
            self._try(about, place, lambda: self._move(node))

    def _about(self, node: str) -> NodeDescription | None:
        nodes = self._app.monitor.latest.about.nodes
        return next((each for each in nodes if each.name == node), None)

    # --- suspend, messages, undo ---------------------------------------------------------------------------------

    def _suspend(self, node: str) -> None:
        app = self._app
        numbers = app.monitor.latest.numbers  # what is shown may be more urgent
        known = node in numbers.names  # one that a reload has just added is not counted yet
        if known and numbers.columns["status"][numbers.names.index(node)] == "suspended":
            goes_on = f"{node} works again"
            app.ask("resume", lambda control: control.resume(node), lambda _: app.tell(goes_on))
        else:
            text = f"{node} lets messages pass untouched until s is pressed again"
            app.ask("suspend", lambda control: control.suspend(node), lambda _: app.tell(text))

    def peek(self, node: str) -> None:
        """Get the last messages of `node` for the detail, unless they are under way."""
        if self._peeking is self._app.look or not self._app.answers:
            return
        self._peeking = self._app.look

        def done(found: tuple[Passed, ...]) -> None:
            self._peeking = None
            monitor = self._app.monitor
            monitor.passed(node, found)
            if monitor.wants_messages and monitor.selected != node:  # chosen meanwhile
                self.peek(monitor.selected)

        def failed(error: JuturnaError) -> None:
            self._peeking = None  # the node has gone, or the run: the screen says so anyway

        self._app.ask("messages", lambda control: control.peek(node, 10), done, failed)

    def _undo(self) -> None:
        """What was saved here last, or what the pipeline has written last."""
        app, document = self._app, self._app.document
        if document is not None and document.undo():
            return
        if document is not None and not app.answers:
            app.tell("nothing was changed here that could be taken back")
        else:
            asking = partial(app.ask, "undo", lambda control: control.undo())
            self._change("undo", "taking the last change back…", asking, self._took_back)

    def _took_back(self, report: Applied) -> None:
        changed = ", ".join(report.changes)
        self._app.tell(
            f"undone, which changed {changed}" if changed else "undone: nothing had changed"
        )

    def _reload(self) -> None:
        app = self._app
        if app.document is not None and app.answers:
            app.document.reload()
        else:  # its file is on another machine
            asking = partial(app.ask, "reload", lambda control: control.reload())
            self._change("reload", "reading the file…", asking, self._reloaded)

    def _reloaded(self, report: Applied) -> None:
        self._app.tell("reload ok: " + (", ".join(report.changes) or "nothing has changed"))

    # --- one change at a time ------------------------------------------------------------------------------------

    def _change(
        self,
        doing: str,
        said: str,
        begin: Callable[[Callable[[T], object], Callable[[JuturnaError], object]], object],
        then: Callable[[T], object],
    ) -> None:
        """Have `begin` do what may take seconds; the first line says so, and another key does not begin it again."""
        app, look = self._app, self._app.look
        if self._changing is look:
            app.tell("the last change is under way still")
            return
        self._changing = look
        look.monitor.tell_news(said, fades=False)

        def over() -> None:
            self._changing = None
            if look.monitor.status.news == said:
                look.monitor.tell_news("")

        def done(found: T) -> None:
            over()
            then(found)

        def failed(error: JuturnaError) -> None:
            over()
            if not (isinstance(error, Gone) and look.over):  # its end is told already
                app.tell_trouble(f"{doing}: {error}")

        begin(done, failed)

    # --- to a remote and back ------------------------------------------------------------------------------------

    def move_to(self, about: NodeDescription, place: Place) -> None:
        """Have the node run at `place`, and the file say so; asks first where no remote for it is."""
        self._try(about, place, lambda: self._move_to(about, place))

    def _try(self, about: NodeDescription, place: Place, move: Callable[[], None]) -> None:
        """Look whether the node's remote is there; `move` the node to it, or ask what to do."""
        node = about.name

        def found(probe: Probe) -> None:
            if not probe.reachable:
                why = f"{probe.text}. Messages for {node} would wait until something does"
                self._ask_whether(about, place, why, move)
            elif probe.ours and (probe.node_type, probe.node_mark) != (about.type, about.mark):
                why = f"{probe.text}, and {node} is {about.type} {about.mark}"
                self._ask_whether(about, place, why, move)
            else:
                move()

        if not self._app.answers:  # nothing moves yet
            move()
            return
        asking = partial(
            self._app.ask, "warp", lambda control: control.probe(place.host, place.port)
        )
        self._change("warp", f"looking for {place.host}:{place.port}…", asking, found)

    def _ask_whether(
        self, about: NodeDescription, place: Place, why: str, move: Callable[[], None]
    ) -> None:
        from juturna_tui.screens.confirm import ConfirmScreen

        if self._app.screen is not self._app.monitor:  # another question, or the help, lies over it
            self._app.tell_trouble(f"{about.name} stays where it is: {why}. w asks again")
            return

        answers: dict[str, Callable[[], None]] = {
            "here": lambda: self._start_and_move(about, here(place)),
            "move": move,
            "remotise": lambda: self._app.remotising.ask(about),
        }
        choices = (
            ("s", f"start a remote on this machine, port {place.port}, and move", "here"),
            ("m", "move it anyway", "move"),
            ("r", "another remote", "remotise"),
        )
        self._app.push_screen(
            ConfirmScreen(f"{why}.", choices), lambda answer: answers[answer]() if answer else None
        )

    def _start_and_move(self, about: NodeDescription, place: Place) -> None:
        begin = partial(self._app.remotes.start, about, place)
        said = f"starting a remote on port {place.port}…"
        self._change("start a remote", said, begin, lambda _: self._move_to(about, place))

    def _move(self, node: str) -> None:
        self._edit(node, "warp", (Edit(node, ("warped",), True),), f"{node} is warped")

    def _move_to(self, about: NodeDescription, place: Place) -> None:
        text = f"{about.name} runs at {place.host}:{place.port}"
        self._edit(about.name, "remotise", place_edits(about, place), text)

    def _edit(self, node: str, doing: str, edits: tuple[Edit, ...], done_so: str) -> None:
        """Change the file, where there is one, and what runs, where something does."""
        app, document = self._app, self._app.document
        if document is not None and not app.answers:
            document.edit(edits, done_so)
            return

        def done(report: Applied) -> None:
            held = f"{report.held_seconds * 1e3:.1f} ms"
            lost = f"{report.lost} messages lost" if report.lost else "nothing lost"
            app.tell(f"{done_so}: the flow was held for {held}, {lost}. u takes it back.")

        write = bool(app.monitor.latest.about.file)
        asking = partial(app.ask, doing, lambda control: control.edit(edits, write=write))
        self._change(doing, f"moving {node}…", asking, done)
