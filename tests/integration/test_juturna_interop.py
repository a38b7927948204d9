"""Juturna's own ends against ours. Runs where JUTURNA_PYTHON names a Python that has juturna 2.1.1."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from juturna_core.errors import RemoteTimeout
from juturna_core.message import Message
from juturna_core.payloads import AudioPayload, BytesPayload, ImagePayload, ObjectPayload
from tests.remotes import PLUGINS, RemoteProcess, Rig, within

JUTURNA = os.environ.get("JUTURNA_PYTHON", "")

pytestmark = pytest.mark.skipif(
    not JUTURNA, reason="JUTURNA_PYTHON does not name a Python that has juturna 2.1.1"
)


class JuturnasRemote(RemoteProcess):
    """`python -m juturna remotize` of Juturna itself; it looks for plugins below its working directory."""

    def __init__(self) -> None:
        super().__init__(
            mark="plain",
            plugins=Path("plugins"),
            host="",
            command=(JUTURNA, "-m", "juturna", "remotize"),
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
        Path(self._folder.name, "plugins").symlink_to(PLUGINS)

    def start(self) -> None:
        """Start it; it does not say when it is ready, but a warped node finds that out."""
        self.launch()


@pytest.fixture
def juturnas() -> Iterator[JuturnasRemote]:
    with JuturnasRemote() as process:
        yield process


def numbered(version: int, payload: Any = None, **meta: Any) -> Message[Any]:
    message: Message[Any] = Message("s", version, payload)
    message.meta = meta
    return message


def test_our_client_talks_to_juturnas_remote(juturnas: JuturnasRemote) -> None:
    with Rig(juturnas.port) as rig:
        rig.send(
            numbered(0, BytesPayload(b"\x00\xff"), k=[1, None], a=np.arange(2)),
            numbered(1, AudioPayload(np.arange(4, dtype=np.int16), 16000, "s16le", 1, 0.5, 1.0)),
            numbered(2, ImagePayload(np.arange(6, dtype=np.uint8).reshape(2, 3), 3, 2, 1, "gray")),
            numbered(3, ObjectPayload(i=1, f=0.5, n=None)),
        )
        first, audio, image, thing = rig.receive(4)
        assert first.payload == BytesPayload(b"\x00\xff")
        assert (first.creator, first.version) == ("1_pass", 0)
        assert audio.payload.audio.tolist() == [0, 1, 2, 3]
        assert image.payload.image.shape == (2, 3)
        assert dict(thing.payload) == {"i": 1, "f": 0.5, "n": None}
        rig.stop()
        split = {name: trip.percentile(50) or 0 for name, trip in rig.trips.items()}
        assert 0 < split["remote_compute"] < split["total"]
        assert split["remote_queue"] < 0.001


def test_a_stream_to_juturnas_remote_keeps_its_order(juturnas: JuturnasRemote) -> None:
    with Rig(juturnas.port) as rig:
        rig.send(*(numbered(version) for version in range(14, 214)))
        assert [m.version for m in rig.receive(200)] == list(range(14, 214))


def test_what_juturnas_remote_never_answers_fails_alone_and_is_not_taken_for_an_outage(
    juturnas: JuturnasRemote,
) -> None:
    """There an exception in the node kills it: every message then takes its whole time."""
    with Rig(juturnas.port, timeout=1) as rig:
        rig.send(numbered(1))
        rig.receive(1)
        rig.send(numbered(13), numbered(14))
        (_, first), (_, second) = rig.fail(2)
        assert isinstance(first, RemoteTimeout)
        assert isinstance(second, RemoteTimeout)
        assert rig.node._juturna.status_text == ""


def test_juturnas_remote_may_die_and_come_back(juturnas: JuturnasRemote) -> None:
    with Rig(juturnas.port) as rig:
        rig.send(numbered(1))
        rig.receive(1)
        juturnas.kill()
        last = rig.events.since()[0][-1].number
        rig.send(*(numbered(version) for version in range(2, 12)))
        with within(2):
            rig.event("disconnected", after=last)
        juturnas.start()
        assert [m.version for m in rig.receive(11)] == list(range(1, 12))


def test_a_frozen_remote_of_juturnas_is_waited_for(juturnas: JuturnasRemote) -> None:
    with Rig(juturnas.port, timeout=1) as rig:
        rig.send(numbered(1))
        rig.receive(1)
        last = rig.events.since()[0][-1].number
        juturnas.freeze()
        rig.send(numbered(2), numbered(3))
        assert "does not answer" in rig.event("disconnected", after=last).text
        juturnas.thaw()
        assert [m.version for m in rig.receive(3)] == [1, 2, 3]
        assert rig.failures == []


def test_juturnas_client_talks_to_our_remote() -> None:
    with RemoteProcess(mark="plain") as remote:
        done = subprocess.run(
            [JUTURNA, str(PLUGINS / "juturna_client.py"), str(remote.port)],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        )
    assert done.returncode == 0, done.stderr
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer[:3] for answer in answers] == [
        [0, "1_pass", "BytesPayload"],
        [1, "1_pass", "AudioPayload"],
        [2, "1_pass", "ImagePayload"],
        [3, "1_pass", "ObjectPayload"],
    ]
    assert answers[0][3]["cnt"] == "00ff"
    assert answers[1][3]["audio"] == [0, 1, 2, 3]
    assert answers[2][3]["image"] == [[0, 1, 2], [3, 4, 5]]
    assert answers[3][3] == {"text": "x", "number": 1.0, "nested": {"list": [1.0, None]}}
