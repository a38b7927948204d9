"""The pipeline's file where it is on this machine: shown, checked, saved, and followed when others save it.

Reading and writing happen on threads; a save is refused when the file is not what the editor had.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from textual.app import SuspendNotSupported

from juturna_core.control.api import Applied, Edit, Gone
from juturna_core.errors import ConfigError, JuturnaError, Problem, StateError
from juturna_tui.figures import without_file
from juturna_tui.messages import FileLost, FileSaved
from juturna_tui.preview import preview
from juturna_tui.view import still

if TYPE_CHECKING:
    from juturna_core.edit import FileEdit
    from juturna_core.watch import FileWatch
    from juturna_tui.app import Workbench
    from juturna_tui.screens.monitor import MonitorScreen


class Document:
    """The file at `path`, in the editor of `monitor`. Called on the app's thread."""

    def __init__(self, app: Workbench, monitor: MonitorScreen, path: Path) -> None:
        self.path = path
        self._app = app
        self._monitor = monitor
        self._content = b""
        """What the file held when it was last looked at."""
        self._watch: FileWatch | None = None
        self._saving = False
        self._saves: list[
            tuple[bytes, bytes]
        ] = []  # what the file held before and after, for `undo`
        self._closed = False

    @property
    def name(self) -> str:
        """The file with its folder: many pipelines are called config.json."""
        return f"{self.path.resolve().parent.name}/{self.path.name}"

    def open(self) -> None:
        """Show the file, and follow it."""
        from juturna_core.watch import FileWatch

        post, path = self._app.post_message, self.path

        def news(content: bytes) -> None:
            post(FileSaved(path, content))

        def lost(text: str) -> None:
            post(FileLost(path, text))

        watch = FileWatch(path, news, problem=lost)

        def look() -> bytes:
            content = path.read_bytes() if path.is_file() else b""
            watch.known(content)
            try:
                watch.start()
            except OSError as error:  # there are no more watches to be had
                lost(f"{path} is not followed: {error.strerror or error}")
            else:
                self._watch = watch
            if self._closed:
                self.close()
            return content

        def show(content: bytes) -> None:
            self._content = content
            self._monitor.editor.show(_decoded(content))
            if self._app.answers:  # it runs since before: perhaps not as the file is now
                self.check(_decoded(content))

        self._app.on_thread("open", look, show)

    def close(self) -> None:
        self._closed = True
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.stop()

    def saved_elsewhere(self, content: bytes) -> None:
        """The file says something else: another program has saved it, or the runtime."""
        if content == self._content:
            return
        self._content = content
        editor = self._monitor.editor
        if editor.dirty:
            editor.outdated(_decoded(content))
        else:
            editor.show(_decoded(content))
        if self._app.answers and not self._monitor.latest.about.followed:
            self.reload()  # by itself it would run on as it is
        else:
            self.check(_decoded(content))

    def reload(self) -> None:
        """Have what runs take the file as it is now."""
        self._app.ask("reload", lambda control: control.reload(), self._reloaded, self._refused)

    def plugin_dirs(self) -> tuple[str, ...]:
        """The plugin folders that the file names, so that they are right from any folder."""
        base = self.path.resolve().parent
        try:
            given = json.loads(self._content.decode("utf-8-sig"))["plugins"]
            return tuple(str((base / each).resolve()) for each in given)
        except (ValueError, KeyError, TypeError):
            beside = base / "plugins"
            return (str(beside),) if beside.is_dir() else ()

    # --- what is wrong in it -------------------------------------------------------------------------------------

    def check(self, text: str) -> None:
        """Have the editor show what is wrong with `text`, or what it would change."""
        editor = self._monitor.editor

        def show(problems: Sequence[Problem], changes: Sequence[str] = ()) -> None:
            if editor.text == text:  # nothing was typed meanwhile
                editor.set_problems(problems, changes)
                self._draw(text, problems)

        if not self._app.answers:
            self._check_here(lambda: text, show)
            return
        self._app.ask(
            "check",
            lambda control: control.check(text),
            lambda checked: show(checked.problems, checked.changes),
            lambda error: show((error.problem,)),
        )

    def _draw(self, text: str, problems: Sequence[Problem]) -> None:
        """Where nothing runs, the picture is that of the file, and what is wrong is what keeps it from running."""
        app, monitor = self._app, self._monitor
        if app.answers:
            return
        first = _first_error(problems)
        if text == _decoded(self._content):
            monitor.wrong = self._in_short(first) if first is not None else ""
        if first is not None:
            return
        about = preview(json.loads(text.removeprefix("\ufeff")), str(self.path))
        if about.nodes != monitor.latest.about.nodes or about.links != monitor.latest.about.links:
            monitor.draw(still(about))

    def go_to_first_error(self, otherwise: Callable[[], None] = lambda: None) -> None:
        """Open the editor at the first thing that keeps the file from running; without any do what else there is."""
        monitor = self._monitor

        def read() -> str:
            from juturna_core.source_map import read_text

            return read_text(self.path)

        def show(problems: tuple[Problem, ...]) -> None:
            monitor.editor.set_problems(problems)
            first = _first_error(problems)
            if first is None:
                otherwise()
            else:
                monitor.wrong = self._in_short(first)
                monitor.action_pane("config")
                monitor.editor.go_to(first.line or 1, first.column or 1)

        self._check_here(read, show)

    def _check_here(
        self, text: Callable[[], str], show: Callable[[tuple[Problem, ...]], None]
    ) -> None:
        """The runtime's own check, where no runtime runs."""

        def check() -> tuple[Problem, ...]:
            from juturna_core.session import Session

            try:
                return Session(self.path).candidate(text()).problems
            except ConfigError as error:
                return error.problems

        self._app.on_thread("check", check, show)

    def _in_short(self, problem: Problem) -> str:
        return without_file(str(problem), str(self.path))

    # --- saving --------------------------------------------------------------------------------------------------

    def save(self, text: str) -> None:
        """Write the file, and have what runs follow."""
        before, after = self._content, text.encode()
        try:
            before.decode()
        except UnicodeDecodeError:
            self._app.tell_trouble(f"not saved: {self.path} is no UTF-8 text; convert it first")
            return
        self._write(before, after, lambda: self._saves.append((before, after)))

    def edit(self, edits: Sequence[Edit], done_so: str) -> None:
        """Write a change of nodes where no pipeline runs that would; it is told as `done_so`."""
        content = self._content

        def put() -> FileEdit:
            from juturna_core.control.local import change
            from juturna_core.edit import edit_file

            return edit_file(self.path, tuple(map(change, edits)), expected=content)

        def written(edit: FileEdit) -> None:
            if edit.before != edit.after:
                self._saves.append((edit.before, edit.after))
                self.saved_elsewhere(edit.after)
            self._app.tell(f"{done_so}: the file says so. u takes it back, x runs it.")

        self._app.on_thread("write", put, written)

    def preview(self, edits: Sequence[Edit]) -> tuple[str, ...]:
        """The lines that `edit` would change. Waits for the disk; raises JuturnaError."""
        from juturna_core.control.local import change
        from juturna_core.edit import edit_file

        return edit_file(self.path, tuple(map(change, edits)), dry_run=True).lines()

    def undo(self) -> bool:
        """Take back what was saved here, where that is the last change of the file; say whether it is."""
        if not self._saves or self._saves[-1][1] != self._content:
            return False
        if self._monitor.editor.dirty:
            self._app.tell_trouble(
                "not undone: something typed here is not saved; ctrl+s saves it, escape asks"
            )
            return True
        before, after = self._saves[-1]

        def undone() -> None:
            self._saves.pop()
            self._app.tell("undone: the file is as it was before it was saved here")

        self._write(after, before, undone)
        return True

    def _write(self, before: bytes, after: bytes, done: Callable[[], object]) -> None:
        from juturna_core.edit import FileChanged, FileEdit, write

        app = self._app
        if self._saving:
            app.tell("it is being saved already")
            return
        self._saving = True

        def put() -> None:
            if self._watch is not None:
                self._watch.known(after)
            if self.path.exists():
                write(FileEdit(self.path, before, after))
            else:  # somebody has deleted it
                with open(self.path, "xb") as file:
                    file.write(after)

        def saved(_: None) -> None:
            self._saving = False
            self._content = after
            done()
            text, editor = after.decode(), self._monitor.editor
            if editor.dirty or editor.text == text:
                editor.saved(text)
            else:  # it was undone
                editor.show(text)
            if app.answers:
                self.reload()
            else:
                self.check(text)

        def failed(error: JuturnaError) -> None:
            self._saving = False
            app.tell_trouble(f"not saved: {error}")
            if isinstance(error, FileChanged):
                app.on_thread("read", self.path.read_bytes, self.saved_elsewhere)

        app.on_thread("save", put, saved, failed)

    def _reloaded(self, report: Applied) -> None:
        self._app.tell("reload ok: " + (", ".join(report.changes) or "nothing has changed"))
        self.check(self._monitor.editor.text)

    def _refused(self, error: JuturnaError) -> None:
        if isinstance(error, Gone | StateError):  # it did not answer, or is about to end
            self._app.tell_trouble(f"saved, and perhaps not taken: {error}")
            return
        problems = error.problems if isinstance(error, ConfigError) else (error.problem,)
        self._monitor.editor.set_problems(problems)
        self._monitor.wrong = f"{self._in_short(problems[0])}: the old pipeline runs on"
        self._app.tell_trouble(f"saved, and refused: the old pipeline runs on. {problems[0]}")

    def open_external(self) -> None:
        """Edit the file in $VISUAL or $EDITOR, on this terminal."""
        editor = os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi"
        try:
            with self._app.suspend(), self._app.look.unseen():
                subprocess.run([*shlex.split(editor), str(self.path)], check=False)
        except (OSError, ValueError, SuspendNotSupported) as error:
            self._app.tell_trouble(f'"{editor}" cannot be started ({error}); $EDITOR says which')


def _first_error(problems: Sequence[Problem]) -> Problem | None:
    return next((each for each in problems if each.severity == "error"), None)


def _decoded(content: bytes) -> str:
    """What is no UTF-8 is shown as such, and refused by the check."""
    return content.decode(errors="replace")
