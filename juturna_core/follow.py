"""What makes a running pipeline follow its file and the code of its plugins: who is called when they change.

A change that cannot be made is said once, with its place, and what ran runs on.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from juturna_core import plugin
from juturna_core.catalog import Catalog
from juturna_core.errors import ConfigError, JuturnaError, PluginError
from juturna_core.log import jt_logger
from juturna_core.session import Session
from juturna_core.watch import FileWatch, PluginWatch


class FileFollower:
    """Applies the session's file whenever it says something else."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._logger = jt_logger("watch")
        self._bad = False
        self._watch = FileWatch(session.path, self._changed, problem=self._logger.warning)

    def start(self) -> None:
        self._session.followed_by(self._watch.known)
        self._watch.known(self._session.content)  # a save since then is news
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()

    def _changed(self, content: bytes) -> None:
        session = self._session
        if content == session.content:
            if self._bad:
                self._logger.info("%s is what runs again", session.path)
                session.pipeline.events.publish("mended", f"{session.path} is what runs again")
            self._bad = False
            return
        try:
            session.take(content)
            self._bad = False
        except JuturnaError as error:
            self._bad = True
            refused(session, error)


class PluginFollower:
    """Has nodes built again whose plugin's code changed since this was made: before the nodes are."""

    def __init__(self, session: Session, folders: Iterable[Path]) -> None:
        self._session = session
        self._roots = [folder.resolve() for folder in folders]
        logger = jt_logger("watch")
        self._watch = PluginWatch(self._roots, self._changed, problem=logger.warning)
        self._watch.known()
        self._stale: set[str] = set()  # nodes whose code changed and could not be taken yet

    def start(self) -> None:
        self._watch.start()

    def stop(self) -> None:
        self._watch.stop()

    def _changed(self, folders: frozenset[Path]) -> None:
        session = self._session
        config, catalog = session.pipeline.config, session.pipeline._catalog
        changed = [self._scope(folder.resolve()) for folder in folders]
        for node in config.nodes:
            if node.warped or not isinstance(catalog, Catalog):
                continue
            try:
                made_from = catalog.spec_of(node).folder.resolve()
            except PluginError:
                continue
            if any(made_from.is_relative_to(folder) for folder in changed):
                self._stale.add(node.name)
        for folder in changed:
            plugin.forget(folder)
        if not self._stale:
            return
        jt_logger("watch").info("code changed: %s", ", ".join(sorted(self._stale)))
        try:
            session.apply(session.content.decode(), renew=self._stale)
            self._stale.clear()
        except JuturnaError as error:
            refused(session, error)

    def _scope(self, folder: Path) -> Path:
        """What a change in `folder` concerns: that plugin alone, or all of the root when it is no plugin."""
        if folder.name.startswith("_") and (folder / f"{folder.name[1:]}.py").is_file():
            return folder
        return next((root for root in self._roots if folder.is_relative_to(root)), folder)


def refused(session: Session, error: JuturnaError) -> None:
    """Say why a change was not made."""
    logger = jt_logger("watch")
    problems = error.problems if isinstance(error, ConfigError) else (error.problem,)
    for problem in problems:
        log = logger.error if problem.severity == "error" else logger.warning
        log("%s", problem)
    logger.error("nothing was changed: what ran before runs on")
    if isinstance(error, ConfigError):  # the pipeline has not seen it
        first = next((each for each in problems if each.severity == "error"), problems[0])
        session.pipeline.events.publish("refused", str(first), first.node or "")
