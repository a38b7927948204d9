"""What a run opens to the outside while it lasts, and what it follows: the control door, metrics, the file, plugins."""

from __future__ import annotations

import argparse
import json
import os
import secrets
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from juturna_core.errors import JuturnaError
from juturna_core.listening import is_loopback
from juturna_core.log import add_handler, jt_logger
from juturna_core.session import Session

if TYPE_CHECKING:
    from juturna_core.control.server import Server
    from juturna_core.follow import PluginFollower


class Doors:
    """Opened before the nodes are built: metrics are served from then on, so that a probe sees a pipeline warm up, and
    code that is saved is news; the rest once it runs.
    """

    def __init__(self, session: Session, arguments: argparse.Namespace) -> None:
        from juturna_core.control.logs import LogRing

        self._session = session
        self._arguments = arguments
        self._closing = ExitStack()
        self._logs = LogRing(session.pipeline.name)
        self._opening: threading.Thread | None = None
        self._plugins: PluginFollower | None = None

    def __enter__(self) -> Self:
        refuse_strangers(self._arguments)
        if self._arguments.watch_plugins:
            self._plugins = self._plugin_follower()
        add_handler(self._logs)
        self._closing.callback(jt_logger().removeHandler, self._logs)
        if self._arguments.metrics is not None:
            try:
                self._serve_metrics(*self._arguments.metrics)
            except BaseException:
                self._closing.close()
                raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._opening is not None:
            self._opening.join()
        self._closing.close()

    def open(self) -> None:
        """The pipeline runs: follow its file, and let others in. That takes imports, which nobody waits for."""
        if self._arguments.watch:
            self._follow_file()
        if self._plugins is not None:
            self._plugins.start()
            self._closing.callback(self._plugins.stop)
        self._opening = threading.Thread(target=self._open_control, name="control", daemon=True)
        self._opening.start()

    def _serve_metrics(self, host: str, port: int) -> None:
        from juturna_core.exporter import Exporter

        session = self._session
        exporter = Exporter(
            session.pipeline.stats,
            ready=lambda: session.pipeline.stats().state == "running",
            healthy=lambda: session.pipeline.failure is None,
        )
        port = exporter.start(host, port)
        self._closing.callback(exporter.stop)
        jt_logger("metrics").info("http://%s:%s/metrics", host or "0.0.0.0", port)

    def _follow_file(self) -> None:
        from juturna_core.follow import FileFollower

        follower = FileFollower(self._session)
        follower.start()
        self._closing.callback(follower.stop)

    def _plugin_follower(self) -> PluginFollower:
        from juturna_core.catalog import Catalog
        from juturna_core.follow import PluginFollower

        catalog = self._session.pipeline._catalog
        folders = catalog.plugin_dirs if isinstance(catalog, Catalog) else ()
        return PluginFollower(self._session, folders)

    def _open_control(self) -> None:
        from juturna_core.control.local import LocalControl
        from juturna_core.control.server import Server

        control = LocalControl(self._session, self._logs)
        server = Server(control)
        self._closing.callback(server.stop)
        self._closing.callback(control.close)  # before that: those who follow hear the end
        try:
            address, token = self._open_here(server)
            self._announce({"address": address, "token": token})
        except (JuturnaError, OSError) as error:
            jt_logger("control").warning("nobody can look into this run: %s", error)
            self._announce({"problem": str(error)})
        if self._arguments.control is not None:
            self._listen(server, *self._arguments.control)

    def _open_here(self, server: Server) -> tuple[str, str | None]:
        """For this user on this machine: a socket, or where there can be none a port that asks for a token."""
        from juturna_core.control.discovery import announce_port, runtime_directory, socket_path

        runtime_directory()
        name, pid, logger = self._session.pipeline.name, os.getpid(), jt_logger("control")
        try:
            path = socket_path(name, pid)
            server.listen_unix(path)
            logger.debug("unix:%s", path)
            return f"unix:{path}", None
        except (JuturnaError, OSError) as error:
            token = secrets.token_urlsafe(32)
            port = server.listen_tcp("127.0.0.1", 0, token)
            said = announce_port(name, pid, port, token)
            self._closing.callback(said.unlink, missing_ok=True)
            logger.info("127.0.0.1:%s, since there is no socket: %s", port, error)
            return f"127.0.0.1:{port}", token

    def _announce(self, said: dict[str, str | None]) -> None:
        """To the process that started this one, on the descriptor that it left open for that."""
        descriptor = self._arguments.announce_fd
        if descriptor is None:
            return
        try:
            with open(descriptor, "w", encoding="utf-8") as file:
                file.write(json.dumps(said) + "\n")
        except OSError as error:
            jt_logger("control").warning("--announce-fd %s: %s", descriptor, error.strerror)

    def _listen(self, server: Server, host: str, port: int) -> None:
        logger = jt_logger("control")
        try:
            port = server.listen_tcp(host, port, token(self._arguments.control_token_file))
            logger.info("%s:%s", host, port)
        except JuturnaError as error:
            logger.error("%s", error)
            print(f"juturna: {error}", file=sys.stderr)


def refuse_strangers(arguments: argparse.Namespace) -> None:
    """Raises JuturnaError when the control door would stand open to other machines."""
    known = token(arguments.control_token_file)
    if arguments.control is not None and known is None and not is_loopback(arguments.control[0]):
        raise JuturnaError(
            "--control on an address that other machines reach needs --control-token-file FILE",
            hint="whoever gets in can stop the pipeline and change its file",
        )


def token(file: str | None) -> str | None:
    """What a token file holds. Raises JuturnaError."""
    if file is None:
        return None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise JuturnaError(f"--control-token-file {file} cannot be read: {error}") from error
    if not text:
        raise JuturnaError(f"--control-token-file {file} is empty")
    return text
