"""What a person does to single nodes: move them to a remote and back, suspend them, look at their messages.

Called on the app's thread; everything that waits for another process is done by `Workbench.ask`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from juturna_core.control.api import Applied, Edit, Gone, NodeDescription, Passed, Probe
from juturna_core.errors import JuturnaError
from juturna_tui.messages import LinesCame
from juturna_tui.runs import said
from juturna_tui.runtime import Remote
from juturna_tui.settings import Place

if TYPE_CHECKING:
    from collections.abc import Callable

    from juturna_tui.app import Workbench
    from juturna_tui.look import Look
    from juturna_tui.screens.monitor import Wish
    from juturna_tui.screens.remotise import RemotiseScreen

T = TypeVar("T")

DEFAULT_PLACE = Place("localhost", 50080, 10.0)


class Steering:
    """The keys of nodes, for `app`."""

    def __init__(self, app: Workbench) -> None:
        self._app = app
        self._peeking: Look | None = None
        """Where messages are asked for just now. Of one that is left no answer comes."""
        self._changing: Look | None = None
        """Where a change is under way. Of one that is left no answer comes."""
        self._remotes: list[Remote] = []
        self._dialog: tuple[str, RemotiseScreen] | None = None

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
            self.remotise(about)
        elif about.warped:
            self._edit(node, "unwarp", (Edit(node, ("warped",), False),), f"{node} runs here again")
        else:
            place = Place(about.host, about.port, about.timeout)
            self._try(about, place, lambda: self._move(node))

    def nodes_on_our_remotes(self) -> list[str]:
        """The nodes that run on remotes which were started here."""
        from juturna_tui.screens.remotise import is_here

        ports = {remote.port for remote in self._remotes if remote.running}
        if not ports:
            return []
        nodes = self._app.monitor.latest.about.nodes
        warped = (each for each in nodes if each.warped and is_here(each.host))
        return [each.name for each in warped if each.port in ports]

    def close(self) -> None:
        """End the remotes that were started here."""
        for remote in self._remotes:
            remote.stop()

    def _about(self, node: str) -> NodeDescription | None:
        nodes = self._app.monitor.latest.about.nodes
        return next((each for each in nodes if each.name == node), None)

    # --- suspend, messages, undo ---------------------------------------------------------------------------------

    def _suspend(self, node: str) -> None:
        app = self._app
        numbers = app.monitor.latest.numbers  # what is shown may be more urgent
        known = node in numbers.names  # one that a reload has just added is not counted yet
        if known and numbers.columns["status"][numbers.names.index(node)] == "suspended":
            app.ask("resume", lambda control: control.resume(node))
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
            self._app.monitor.passed(node, found)

        def failed(error: JuturnaError) -> None:
            self._peeking = None  # the node has gone, or the run: the screen says so anyway

        self._app.ask("messages", lambda control: control.peek(node, 10), done, failed)

    def _undo(self) -> None:
        """What was saved here last, or what the pipeline has written last."""
        app, document = self._app, self._app.document
        if document is None or not document.undo():
            asking = partial(app.ask, "undo", lambda control: control.undo())
            self._change("undo", "taking the last change back…", asking, self._took_back)

    def _took_back(self, report: Applied) -> None:
        self._app.tell("undone: " + (", ".join(report.changes) or "nothing had changed"))

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

        here = _here(place)
        answers: dict[str, Callable[[], None]] = {
            "here": lambda: self._start_and_move(about, here),
            "move": move,
            "remotise": lambda: self.remotise(about),
        }
        choices = (
            ("s", f"start a remote on this machine, port {place.port}, and move", "here"),
            ("m", "move it anyway", "move"),
            ("r", "another remote", "remotise"),
        )
        self._app.push_screen(
            ConfirmScreen(f"{why}.", choices), lambda answer: answers[answer]() if answer else None
        )

    def _move(self, node: str) -> None:
        self._edit(node, "warp", (Edit(node, ("warped",), True),), f"{node} is warped")

    def _move_to(self, node: str, place: Place) -> None:
        text = f"{node} runs at {place.host}:{place.port}"
        self._edit(node, "remotise", _place_edits(node, place, self._about(node)), text)

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

        asking = partial(app.ask, doing, lambda control: control.edit(edits, write=self._has_file))
        self._change(doing, f"moving {node}…", asking, done)

    @property
    def _has_file(self) -> bool:
        return bool(self._app.monitor.latest.about.file)

    # --- the dialog ----------------------------------------------------------------------------------------------

    def remotise(self, about: NodeDescription) -> None:
        """Ask where the node is to run, and have it run there."""
        from juturna_tui.screens.remotise import RemotiseScreen

        if self._app.screen is not self._app.monitor:  # it asks already
            return
        app, node = self._app, about.name
        own = Place(about.host, about.port, about.timeout) if about.host else None
        start = own or app.memory.place or DEFAULT_PLACE
        screen = RemotiseScreen(about, start, app.plugin_dirs, app.monitor.latest.about.name)

        def decided(place: Place | None) -> None:
            self._dialog = None
            if place is not None:
                app.remember(place=place)
                self._try(about, place, lambda: self._move_to(node, place))

        self._dialog = (node, screen)
        app.push_screen(screen, decided)

    def look_at(self, place: Place) -> None:
        """Tell the dialog what is at a place, and what the file would say."""
        if self._dialog is None:
            return
        node, screen = self._dialog
        edits = _place_edits(node, place, self._about(node))
        app, document, write = self._app, self._app.document, self._has_file
        tried = (
            lambda probe: screen.tried(place, probe),
            lambda error: screen.tried(place, None, str(error)),
        )
        seen = (
            lambda lines: screen.preview(place, lines),
            lambda error: screen.preview(place, (), str(error)),
        )
        if document is not None and not app.answers:
            app.on_thread("probe", partial(_probe, place), *tried, of=screen)
            app.on_thread("preview", partial(document.preview, edits), *seen, of=screen)
            return
        app.ask("probe", lambda control: control.probe(place.host, place.port), *tried, of=screen)
        app.ask(
            "preview",
            lambda control: control.edit(edits, write=write, dry_run=True).lines,
            *seen,
            of=screen,
        )

    def start_here(self, place: Place) -> None:
        """Start a remote for the dialog's node on this machine."""
        from juturna_tui.screens.remotise import is_here

        if self._dialog is None:
            return
        node, screen = self._dialog
        if not is_here(place.host):
            screen.started(f"{place.host} is another machine: run the command there")
        elif (about := self._about(node)) is not None:
            self._start_remote(
                about, place, screen.started, lambda error: screen.started(str(error)), of=screen
            )

    def _start_and_move(self, about: NodeDescription, place: Place) -> None:
        begin = partial(self._start_remote, about, place)
        said = f"starting a remote on port {place.port}…"
        self._change("start a remote", said, begin, lambda _: self._move_to(about.name, place))

    def _start_remote(
        self,
        about: NodeDescription,
        place: Place,
        then: Callable[[str], None],
        failed: Callable[[JuturnaError], None] | None = None,
        of: RemotiseScreen | None = None,
    ) -> None:
        app = self._app
        dirs, pipeline = app.plugin_dirs, app.monitor.latest.about.name

        def start() -> str:
            remote = Remote(about, _here(place).host, place.port, dirs, pipeline)
            self._remotes.append(remote)
            return remote.started(self._heard)

        app.on_thread("start a remote", start, then, failed, of=of)

    def _heard(self, text: str) -> None:
        """A line that a remote prints, on a thread of its own."""
        monitor = self._app.monitor
        line = said(text, f"jt.{monitor.latest.about.name}.")
        monitor.post_message(LinesCame([replace(line, text=f"remote: {line.text}")]))


def _probe(place: Place) -> Probe:
    """Who is there, asked from the workbench; on a thread."""
    from juturna_core.control.local import probe

    return probe(place.host, place.port)


def _here(place: Place) -> Place:
    """The place on this machine where a remote can be started for it."""
    from juturna_tui.screens.remotise import is_here

    return place if is_here(place.host) else replace(place, host="127.0.0.1")


def _place_edits(node: str, place: Place, about: NodeDescription | None) -> tuple[Edit, ...]:
    """What the file is to say. A time limit that is in force already needs no line."""
    given: dict[str, Any] = {"grpc_host": place.host, "grpc_port": place.port}
    if about is None or place.timeout != about.timeout:
        given["timeout"] = place.timeout
    configured = (Edit(node, ("warp_configuration", key), value) for key, value in given.items())
    return (Edit(node, ("warped",), True), *configured)
