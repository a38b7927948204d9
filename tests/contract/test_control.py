"""One contract, three implementations of `Control` and two ways to reach one: every test here runs on each."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from juturna_core.control import api
from juturna_core.control.api import Control, Edit, Subscription
from juturna_core.control.client import Client
from juturna_core.control.fake import FakeControl
from juturna_core.control.local import LocalControl
from juturna_core.control.logs import LogRing
from juturna_core.control.server import Server
from juturna_core.errors import ConfigError, JuturnaError, StateError
from juturna_core.log import add_handler, jt_logger
from juturna_core.session import Session
from tests.plugin_folder import PluginFolder
from tests.runtime import DEADLINE, eventually, threads

TOKEN = "a token of the test"
PIPELINE = """\
{
  "version": "0.1.0",
  "plugins": ["./plugins"],
  "pipeline": {
    "name": "contract", "id": "7", "folder": "./pipe",
    "nodes": [
      {"name": "0_tick", "type": "source", "mark": "tick"},
      {"name": "1_pass", "type": "proc", "mark": "echo", "configuration": {"delay": 1}}
    ],
    "links": [{"from": "0_tick", "to": "1_pass"}]
  }
}
"""
TICK = """\
from juturna_core.message import Message
from juturna_core.node import Node
from juturna_core.payloads import BytesPayload


class Tick(Node):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.set_source(lambda: Message("0_tick", 0, BytesPayload(b"tick")), by=0.005)

    def update(self, message):
        self.transmit(message)
"""
ECHO = """\
from juturna_core.node import Node


class Echo(Node):
    def __init__(self, delay=1, **kwargs):
        super().__init__(**kwargs)
        self.delay = delay

    def update(self, message):
        self.transmit(message)
"""


@dataclass
class World:
    """A pipeline behind its door. `flow` makes messages come; `log` writes a line of a node's."""

    control: Control
    flow: Callable[[], None]
    log: Callable[[str], None]
    written: Callable[[], str]


def fake_world(_: Path, __: ExitStack) -> World:
    fake = FakeControl(PIPELINE)
    return World(
        fake,
        lambda: fake.advance(1.0),
        lambda text: fake.log(text, "WARNING", "1_pass"),
        lambda: fake.written,
    )


def local_world(folder: Path, stack: ExitStack) -> World:
    plugins = PluginFolder(folder / "plugins")
    plugins.write("source", "tick", TICK, toml="[arguments]\n")
    plugins.write("proc", "echo", ECHO)
    file = folder / "config.json"
    file.write_text(PIPELINE)
    session = Session(file)
    session.load()
    session.pipeline.warmup()
    logs = LogRing("contract")
    add_handler(logs)
    session.pipeline.start()
    # as `juturna run` does: whoever asks for the end only has it asked for
    ending = threading.Thread(target=lambda: (session.wait(), ended(session)))
    ending.start()
    stack.callback(ending.join)
    stack.callback(session.request_stop)
    local = LocalControl(session, logs)
    stack.callback(session.pipeline.destroy)
    stack.callback(ended, session)
    stack.callback(local.close)
    log = jt_logger("contract.1_pass")
    return World(local, lambda: None, log.warning, file.read_text)


def ended(session: Session) -> None:
    with suppress(StateError):  # the test has stopped it
        session.pipeline.stop(5.0)


def over_unix(world: World, folder: Path, stack: ExitStack) -> World:
    server = Server(world.control)
    stack.callback(server.stop)
    server.listen_unix(folder / "control" / "c.sock")
    return behind(world, Client(f"unix:{folder}/control/c.sock"), stack)


def over_tcp(world: World, _: Path, stack: ExitStack) -> World:
    server = Server(world.control)
    stack.callback(server.stop)
    port = server.listen_tcp("127.0.0.1", 0, TOKEN)
    return behind(world, Client(f"127.0.0.1:{port}", token=TOKEN), stack)


def behind(world: World, client: Client, stack: ExitStack) -> World:
    stack.callback(client.close)
    return World(client, world.flow, world.log, world.written)


@pytest.fixture(params=["fake", "local", "unix-fake", "unix-local", "tcp-local"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    way, _, behind = str(request.param).rpartition("-")
    with ExitStack() as stack:
        made = {"fake": fake_world, "local": local_world}[behind](tmp_path, stack)
        wrap: Any = {"unix": over_unix, "tcp": over_tcp}.get(way)
        yield wrap(made, tmp_path, stack) if wrap else made


@pytest.fixture
def control(world: World) -> Control:
    return world.control


def status(control: Control, node: str) -> str:
    return control.stats().nodes[node].status


def with_delay(delay: Any) -> str:
    return PIPELINE.replace('"delay": 1', f'"delay": {json.dumps(delay)}')


# --- look --------------------------------------------------------------------------------------------------------


def test_it_says_what_runs(control: Control) -> None:
    found = control.describe()
    assert (found.version, found.name, found.id) == (api.VERSION, "contract", "7")
    assert [node.name for node in found.nodes] == ["0_tick", "1_pass"]
    assert found.links == (("0_tick", "1_pass"),)
    node = found.nodes[1]
    assert (node.type, node.mark, node.warped, node.arguments) == (
        "proc",
        "echo",
        False,
        {"delay": 1},
    )
    assert found.pid > 0 and found.started > 0 and found.file


def test_numbers_grow_with_what_flows(world: World) -> None:
    before = world.control.stats()
    assert before.state == "running" and set(before.nodes) == {"0_tick", "1_pass"}

    def grown() -> bool:
        world.flow()
        node = world.control.stats().nodes["1_pass"]
        return node.received > before.nodes["1_pass"].received and node.queue_time.count > 0

    eventually(grown)
    now = world.control.stats().nodes["1_pass"]
    assert now.queue_limit > 0 and now.where == "local" and now.round_trip is None
    assert (now.update_time.percentile(50) or 0) > 0


@pytest.mark.parametrize("method", ["suspend", "resume", "tap", "peek"])
def test_a_node_that_there_is_not_is_named_with_the_nearest(control: Control, method: str) -> None:
    with pytest.raises(JuturnaError, match=r"1_pas\b.*1_pass") as raised:
        getattr(control, method)("1_pas")
    assert raised.value.node == "1_pas" and raised.value.hint == 'did you mean "1_pass"?'


def test_events_are_told_from_a_number_on(control: Control) -> None:
    page = control.events()
    assert page.items and page.last == page.items[-1].number and page.missed == 0
    assert "started" in [event.kind for event in page.items]
    assert control.events(page.last).items == ()


def test_a_reader_may_wait_for_the_next_event(control: Control) -> None:
    last = control.events().last
    found: list[Any] = []
    with threads(lambda: found.append(control.events(last, wait=DEADLINE))):
        control.apply(with_delay(2))
    assert "applied" in [event.kind for event in found[0].items]


def test_a_change_that_changes_nothing_is_an_event_of_its_own(control: Control) -> None:
    control.apply(with_delay(2))
    last = control.events().last
    control.apply(with_delay(2))
    kinds = [event.kind for event in control.events(last).items]
    assert "unchanged" in kinds and "applied" not in kinds


def test_lines_of_the_log_can_be_chosen(world: World) -> None:
    world.log("the line of the test")

    def line() -> Any:
        return [
            each for each in world.control.logs(node="1_pass").items if "of the test" in each.text
        ]

    eventually(line)
    assert (line()[0].level, line()[0].node) == ("WARNING", "1_pass")
    assert world.control.logs(node="1_pass", level="ERROR").items == ()
    assert world.control.logs(level="warning").items
    eventually(lambda: world.control.stats().logged == world.control.logs().last > 0)
    with pytest.raises(JuturnaError, match="LOUD"):
        world.control.logs(level="LOUD")


def test_events_can_be_followed(control: Control) -> None:
    last = control.events().last
    with closing(control.follow(last)) as events:
        control.apply(with_delay(2))
        kinds = [next(events).kind]
        while kinds[-1] != "applied":
            kinds.append(next(events).kind)


def test_what_was_before_can_be_followed_too(control: Control) -> None:
    with closing(control.follow()) as events:
        assert next(events) == control.events().items[0]


def test_messages_can_be_tapped(world: World) -> None:
    with closing(world.control.tap("1_pass")) as tap:
        world.flow()
        passed = next(tap)
    assert (passed.node, passed.type, passed.size) == ("1_pass", "BytesPayload", 4)
    assert "4 bytes" in passed.summary and passed.creator


@pytest.mark.parametrize("method", ["follow", "tap"])
def test_closing_ends_a_reader_that_waits_in_another_thread(control: Control, method: str) -> None:
    if method == "tap":
        control.stop(keep=True)  # nothing comes
    stream: Subscription[Any] = (
        control.tap("1_pass") if method == "tap" else control.follow(control.events().last)
    )
    ended = threading.Event()

    def read() -> None:
        for _ in stream:
            pass
        ended.set()

    with threads(read):
        assert not ended.is_set()
        stream.close()
        stream.close()
        assert ended.wait(1.0)
    assert next(stream, None) is None


def test_the_last_messages_are_kept_from_the_first_look_on(world: World) -> None:
    world.flow()
    assert len(world.control.peek("1_pass")) < 10  # what has come since this very look

    def seen() -> bool:
        world.flow()
        return len(world.control.peek("1_pass", 3)) == 3

    eventually(seen)
    assert world.control.peek("1_pass", 0) == ()


def test_a_place_where_nothing_is_can_be_asked_about(control: Control) -> None:
    probe = control.probe("127.0.0.1", 1)
    assert not probe.reachable and not probe.ours and "127.0.0.1:1" in probe.text


# --- change ------------------------------------------------------------------------------------------------------


def test_checking_changes_nothing(control: Control) -> None:
    before = control.describe()
    assert control.check(PIPELINE) == api.Checked((), ())
    checked = control.check(with_delay(2))
    assert checked.problems == () and len(checked.changes) == 1 and "delay" in checked.changes[0]
    bad = control.check(PIPELINE.replace('"to": "1_pass"', '"to": 3'))
    assert [(p.severity, p.line) for p in bad.problems if p.severity == "error"] == [("error", 10)]
    assert control.describe().revision == before.revision


def test_a_text_can_be_made_what_runs(world: World) -> None:
    control, before = world.control, world.control.describe().revision
    applied = control.apply(with_delay(2))
    assert "delay" in applied.changes[0] and applied.lines == ()
    assert control.describe().nodes[1].arguments == {"delay": 2}
    assert control.describe().revision > before
    assert world.written() == PIPELINE


def test_a_text_with_errors_is_refused_with_all_its_problems(control: Control) -> None:
    with pytest.raises(ConfigError) as raised:
        control.apply(
            PIPELINE.replace('"id": "7"', '"id": true').replace('"to": "1_pass"', '"to": 3')
        )
    lines = sorted(p.line or 0 for p in raised.value.problems if p.severity == "error")
    assert lines == [5, 10]
    assert control.describe().id == "7"


def test_a_node_is_edited_in_the_file_too_and_the_edit_undone(world: World) -> None:
    control = world.control
    applied = control.edit((Edit("1_pass", ("configuration", "delay"), 3),))
    assert any('"delay": 3' in line for line in applied.lines)
    assert world.written() == with_delay(3)
    assert control.describe().nodes[1].arguments == {"delay": 3}
    control.undo()
    assert world.written() == PIPELINE
    assert control.describe().nodes[1].arguments == {"delay": 1}
    with pytest.raises(StateError, match="nothing to undo"):
        control.undo()


def test_a_dry_run_only_says_what_would_be(world: World) -> None:
    applied = world.control.edit((Edit("1_pass", ("configuration", "delay"), 3),), dry_run=True)
    assert applied.changes and applied.lines
    assert world.written() == PIPELINE
    assert world.control.describe().nodes[1].arguments == {"delay": 1}


def test_an_edit_need_not_be_written(world: World) -> None:
    world.control.edit((Edit("1_pass", ("configuration", "delay"), 3),), write=False)
    assert world.written() == PIPELINE
    assert world.control.describe().nodes[1].arguments == {"delay": 3}
    world.control.reload()
    assert world.control.describe().nodes[1].arguments == {"delay": 1}


def test_a_key_can_be_taken_out(control: Control) -> None:
    control.edit((Edit("1_pass", ("configuration", "delay"), remove=True),))
    assert control.describe().nodes[1].arguments == {}


def test_an_edit_of_a_node_that_there_is_not_is_refused(control: Control) -> None:
    with pytest.raises(JuturnaError, match="1_pass"):
        control.edit((Edit("1_pas", ("warped",), True),))


def test_a_node_is_suspended_and_resumed(control: Control) -> None:
    before = status(control, "1_pass")
    control.suspend("1_pass")
    eventually(lambda: status(control, "1_pass") == "suspended")
    control.resume("1_pass")
    eventually(lambda: status(control, "1_pass") == before)


# --- life --------------------------------------------------------------------------------------------------------


def test_a_pipeline_that_was_stopped_to_stay_begins_anew(control: Control) -> None:
    control.stop(keep=True)
    assert control.stats().state == "stopped"
    control.start()
    assert control.stats().state == "running"
    with pytest.raises(StateError, match="is running"):
        control.start()
    control.restart()
    assert control.stats().state == "running"


def test_whoever_follows_hears_the_end(control: Control) -> None:
    with closing(control.follow()) as events:
        control.stop()
        for _ in events:
            pass


def test_every_method_is_tested_here() -> None:
    source = Path(__file__).read_text("utf-8")
    untested = [name for name in api.METHODS if f"control.{name}(" not in source]
    assert untested == []
