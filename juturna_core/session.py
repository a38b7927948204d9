"""A pipeline file that runs: the file, what of it runs, and the ways from one to the other.

`juturna run` and `juturna launch` make one. Whoever changes the file (an editor, `edit`) or what runs (a client of
`control`) goes through here, one at a time, so that file and pipeline stay together.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from juturna_core import source_map
from juturna_core.catalog import Catalog
from juturna_core.check import check
from juturna_core.config import PipelineConfig, override
from juturna_core.diff import diff
from juturna_core.edit import FileEdit, edit_file, restore
from juturna_core.errors import ConfigError, JuturnaError, Problem, StateError
from juturna_core.log import jt_logger
from juturna_core.pipeline import Pipeline, StopReport
from juturna_core.reload import ApplyReport, Patience
from juturna_core.settings import Settings
from juturna_core.splice import Change, splice


@dataclass(frozen=True, slots=True)
class Candidate:
    """A text that could run, with what is to be said about it. `config` is None when it cannot be read as one."""

    config: PipelineConfig | None
    catalog: Catalog | None
    problems: tuple[Problem, ...]

    @property
    def good(self) -> bool:
        return self.config is not None and not any(p.severity == "error" for p in self.problems)


class Session:
    """The file at `path`, its pipeline, and who changes them."""

    def __init__(
        self,
        path: Path,
        *,
        overrides: Sequence[str] = (),
        plugin_dirs: Sequence[Path] = (),
        settings: Settings | None = None,
        patience: Patience | None = None,
    ) -> None:
        """`overrides` (`NODE.KEY=VALUE`) are laid over whatever the file says, now and later."""
        self.path = path
        self.overrides = tuple(overrides)
        self.started = time.time()
        self.revision = 0
        self.content = b""
        """The bytes of the file that run."""
        self.followed = False
        """Whether the file is applied whenever it is saved."""
        self.ending = threading.Event()
        self._plugin_dirs = tuple(plugin_dirs)
        self._settings = settings or Settings.from_environment()
        self._patience = patience or Patience()
        self._pipeline: Pipeline | None = None
        self._changing = threading.RLock()
        self._edits: list[FileEdit] = []
        self._unwritten: tuple[Change, ...] = ()  # set without the file, and laid over it
        self._kept = False  # stopped, to be started again
        self._resumed = threading.Event()
        self._own: Callable[[bytes], None] = lambda content: None
        self._logger = jt_logger("session")

    @property
    def pipeline(self) -> Pipeline:
        if self._pipeline is None:
            raise StateError("no pipeline is loaded")
        return self._pipeline

    # --- a text, looked at ---------------------------------------------------------------------------------------

    def candidate(self, text: str) -> Candidate:
        """What `text` would be as this file, overrides laid over it."""
        try:
            loaded = PipelineConfig.parse(text, str(self.path))
            config = loaded.config
            for assignment in self.overrides:
                config = override(config, assignment)
        except ConfigError as error:
            return Candidate(None, None, error.problems)
        catalog = Catalog.for_config(
            config, self.path.resolve().parent, Path.cwd(), say=self._pipeline is None
        )
        if self._plugin_dirs:
            catalog = Catalog([*catalog.plugin_dirs, *self._plugin_dirs], unfound=catalog.unfound)
        return Candidate(
            config, catalog, (*loaded.problems, *check(config, catalog, loaded.source))
        )

    def changes(self, config: PipelineConfig) -> tuple[str, ...]:
        """What is different between `config` and what runs, in words."""
        return diff(self.pipeline.config, config).in_words()

    # --- life ----------------------------------------------------------------------------------------------------

    def load(self, *, strict: bool = False) -> tuple[Problem, ...]:
        """Read the file and make its pipeline, not warmed up; what is odd about it.

        Raises ConfigError with every problem, in strict mode of warnings too.
        """
        content = source_map.read_text(self.path).encode()
        candidate = self.candidate(content.decode())
        if not candidate.good or (strict and candidate.problems):
            raise ConfigError(candidate.problems)
        assert candidate.config is not None and candidate.catalog is not None  # it is good
        self.content = content
        self._pipeline = Pipeline(
            candidate.config,
            base=self.path.resolve().parent,
            settings=self._settings,
            catalog=candidate.catalog,
        )
        self.revision += 1
        return candidate.problems

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until the run is over or is to end, `timeout` seconds at most. True: it is.

        A pipeline that was stopped to be started again is not over.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            if self._kept:
                self._resumed.wait(left)
            else:
                self.pipeline.wait(left)
            if self.ending.is_set() or (self.pipeline.stop_requested and not self._kept):
                return True
            if left == 0:
                return False

    def request_stop(self) -> None:
        """Have `wait` return. From any thread."""
        self.ending.set()
        self._resumed.set()
        self.pipeline.request_stop()
        self.pipeline.events.ring.wake()

    def pause(self, grace: float = 5.0) -> StopReport:
        """Drain and stop, and stay: `start` begins anew."""
        with self._changing:
            self._resumed.clear()
            self._kept = True
            return self.pipeline.stop(grace)

    def start(self) -> None:
        """Start what `pause` has stopped, with fresh nodes."""
        with self._changing:
            if not self._kept:
                raise StateError(f"pipeline {self.pipeline.name} is running")
            self.pipeline.start()
            self._kept = False
            self._resumed.set()

    def restart(self) -> None:
        with self._changing:
            if not self._kept:
                self.pause()
            self.start()

    @property
    def running(self) -> bool:
        return not self._kept

    # --- changes -------------------------------------------------------------------------------------------------

    def apply(self, text: str, renew: Iterable[str] = ()) -> ApplyReport:
        """Make `text` what runs. Raises ConfigError with its problems, JuturnaError when it cannot be done."""
        with self._changing:
            candidate = self.candidate(text)
            if not candidate.good or candidate.config is None:
                raise ConfigError(candidate.problems)
            for problem in candidate.problems:
                self._logger.warning("%s", problem)
            if self._kept:
                raise StateError("the pipeline is stopped: start it first")
            report = self.pipeline.apply(
                candidate.config, catalog=candidate.catalog, renew=renew, patience=self._patience
            )
            self.revision += 1
            return replace(report, warnings=tuple(map(str, candidate.problems)))

    def take(self, content: bytes) -> ApplyReport:
        """The file holds `content` now: apply it."""
        with self._changing:
            try:
                text = content.decode()
            except UnicodeDecodeError as error:
                raise JuturnaError(
                    f"byte 0x{content[error.start]:02x} is not UTF-8", path=str(self.path)
                ) from error
            report = self.apply(text)
            self.content = content
            self._unwritten = ()  # the file is what counts
            return report

    def reload(self) -> ApplyReport:
        """Read the file and apply it."""
        try:
            return self.take(self.path.read_bytes())
        except OSError as error:
            raise JuturnaError(f"cannot be read: {error.strerror}", path=str(self.path)) from error

    def followed_by(self, known: Callable[[bytes], None]) -> None:
        """Tell `known`, of a watch of the file, what this session writes itself: that is no news."""
        self._own = known
        self.followed = True

    def edit(
        self, changes: Sequence[Change], *, write: bool = True
    ) -> tuple[ApplyReport, FileEdit]:
        """Change nodes, in the file too where `write` says so. First the pipeline, then the file.

        Raises FileChanged when the file is not what runs, JuturnaError when the change cannot be made: then neither has
        changed.
        """
        with self._changing:
            edit = self.preview(changes, write=write)
            self._override_no_more(changes)
            unwritten = (*self._unwritten, *changes) if not write else self._unwritten_but(changes)
            report = self.apply(self._laid_over(edit.after if write else edit.before, unwritten))
            self._unwritten = unwritten
            if write:
                self._write(lambda: edit_file(self.path, changes, expected=edit.before), edit)
                if edit.before != edit.after:
                    self._edits.append(edit)
            return report, edit

    def _unwritten_but(self, changes: Sequence[Change]) -> tuple[Change, ...]:
        """What is set without the file, and not set in it now."""
        set_now = {(each.node, each.path) for each in changes}
        return tuple(each for each in self._unwritten if (each.node, each.path) not in set_now)

    def _laid_over(self, content: bytes, unwritten: Sequence[Change]) -> str:
        return splice(content.decode(), unwritten, str(self.path))

    def _override_no_more(self, changes: Sequence[Change]) -> None:
        """What is set now counts, and not what was given when the pipeline was started."""
        set_now = tuple(
            f"{each.node}.{each.path[1]}="
            for each in changes
            if each.path[0] == "configuration" and each.path[1:]
        )
        self.overrides = tuple(
            each for each in self.overrides if not each.startswith(set_now or "=")
        )

    def _write(self, write: Callable[[], object], edit: FileEdit) -> None:
        """Write the file that runs already; when that fails, what it was runs again."""
        self._own(edit.after)
        try:
            write()
        except JuturnaError:
            self.apply(self._laid_over(edit.before, self._unwritten))
            raise
        self.content = edit.after

    def preview(self, changes: Sequence[Change], *, write: bool = True) -> FileEdit:
        """What `edit` would make of the file."""
        if write:
            return edit_file(self.path, changes, expected=self.content, dry_run=True)
        text = self._laid_over(self.content, (*self._unwritten, *changes))
        return FileEdit(self.path, self.content, text.encode())

    def undo(self) -> tuple[ApplyReport, FileEdit]:
        """Take the last edit of the file back, there and in the pipeline."""
        with self._changing:
            if not self._edits:
                raise StateError("there is nothing to undo")
            back = self._edits[-1].undo()
            if self.path.read_bytes() != back.before:
                self._edits.clear()
                raise StateError(f"{self.path} has changed since: nothing can be undone")
            report = self.apply(self._laid_over(back.after, self._unwritten))
            self._write(lambda: restore(self._edits.pop()), back)
            return report, back
