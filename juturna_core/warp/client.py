"""`Warp`: the node that stands in a pipeline for one that runs elsewhere.

`update` encodes and sends, and does not wait. Answers are transmitted, in order and on behalf of their messages, by the
thread that reads them. Flow control is the window: when it is full the worker takes no more messages, the inbox fills,
and those that feed it wait.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any, Literal

from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.warp.link import Link
from juturna_core.warp.window import Pending, Window

OnFailure = Literal["wait", "local", "drop"]

_MEANWHILE: dict[OnFailure, str] = {
    "wait": "messages wait for it",
    "local": "messages are processed here",
    "drop": "messages are dropped",
}


class Warp(Node[Any, Any]):
    """Sends every message to the node at `grpc_host`:`grpc_port` and transmits what comes back.

    A remote that is not there is waited for, and what it has not answered is sent again; one that is there and takes
    longer than `timeout` seconds for one message fails that message alone. `on_failure` says what happens while it is
    not there: "wait", "local" (the node that `local` builds does the work here) or "drop" (counted).
    """

    def __init__(
        self,
        grpc_host: str,
        grpc_port: int,
        timeout: float = 30.0,
        remote_config: Mapping[str, Any] | None = None,
        on_failure: OnFailure = "wait",
        local: Callable[[], Node[Any, Any]] | None = None,
        **kwargs: Any,
    ) -> None:
        """`remote_config` is the node's configuration, which the remote lays over its own."""
        super().__init__(**kwargs)
        if on_failure == "local" and local is None:
            raise ValueError('on_failure "local" needs a way to build the local node')
        self._on_failure = on_failure
        self._build_local = local
        self._local: Node[Any, Any] | None = None
        # held while messages are processed here, or handed to a remote that came back
        self._turn = threading.Lock()
        self._window = Window(timeout, self._juturna.hold_input)
        self._link = Link(
            grpc_host,
            grpc_port,
            self._window,
            self._juturna,
            configuration=dict(remote_config or {}),
            turn=self._turn,
            meanwhile=_MEANWHILE[on_failure],
            on_down=self._remote_went_away,
        )

    @property
    def held(self) -> int:
        return len(self._window)

    def warmup(self) -> None:
        """Begin to connect. A remote that is not there (yet) is no error: it is waited for."""
        self._link.open()

    def start(self) -> None:
        self._link.open()
        super().start()

    def update(self, message: Message[Any]) -> None:
        number = self._window.next_number()
        began = time.perf_counter_ns()
        if self._link.foreign:
            pending = Pending(number, message, getattr(message.payload, "size_bytes", 0))
        else:
            frame = self._link.encode(number, message)
            pending = Pending(
                number, message, len(frame), frame, encode_ns=time.perf_counter_ns() - began
            )
        self._window.add(pending)
        if self._settles:
            self._settle()

    def set_on_config(self, prop: str, value: Any) -> None:
        """Have the remote's configuration changed: what was sent before is finished with the old one."""
        self._link.configuration = {**self._link.configuration, prop: value}
        if not self._link.foreign:  # Juturna's call says it with every message
            self._window.drain()

    def flush(self, seconds: float) -> bool:
        """Wait for the answers; not for a remote that is not there."""
        if self._settles:
            self._settle()
        return self._window.wait_empty(unless=lambda: self._link.down, timeout=seconds)

    def reclaim(self) -> list[Message[Any]]:
        """End the connection; messages without an answer. One whose answer had begun to pass is not among them."""
        self._link.close()
        rest = []
        while (pending := self._window.pop()) is not None:
            if not pending.outputs and not pending.failed:
                rest.append(pending.message)
        return rest

    def stop(self) -> None:
        """Wait for what has not been answered; the pipeline's grace bounds that."""
        super().stop()
        while not self._window.wait_empty(unless=lambda: self._settles) and not self._window.closed:
            self._settle()
        self._link.close()
        if self._local is not None:
            self._local.stop()

    def destroy(self) -> None:
        self._link.close()
        if self._local is not None:
            self._local.destroy()

    # --- while the remote is away --------------------------------------------------------------------------------

    @property
    def _settles(self) -> bool:
        return self._link.down and self._on_failure != "wait"

    def _remote_went_away(self) -> None:
        """On the link's thread: what waits is settled on the worker's, where nodes are used to run."""
        if self._settles and self._juturna.worker is not None:
            self._juturna.worker.post(self._settle)

    def _settle(self) -> None:
        """Drop or process here what waits, until the remote wants to take over again."""
        with self._turn:
            while (
                self._settles
                and not self._link.returning
                and (pending := self._window.pop()) is not None
            ):
                if self._on_failure == "drop":
                    self._juturna.drop()
                else:
                    self._process_here(pending.message)

    def _process_here(self, message: Message[Any]) -> None:
        self._juturna.outlet.source = message
        try:
            self._local_node().update(message)
        except Exception as error:  # noqa: BLE001  # the author's update may raise anything, as in a worker
            self._juturna.fail(message, error)

    def _local_node(self) -> Node[Any, Any]:
        """The node itself, running here: built when it is needed first, with this node's way out."""
        if self._local is None:
            if self._build_local is None:
                raise ValueError('on_failure "local" needs a way to build the local node')
            node = self._build_local()
            node.pipe_id, node.pipe_path = self.pipe_id, self.pipe_path
            node._juturna.outlet = self._juturna.outlet
            node.warmup()
            node.start()
            self._local = node
            self._juturna.note(
                "local", f"{self.name} runs here until remote {self._link.address} is back"
            )
        return self._local
