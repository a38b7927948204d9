"""`juturna remotize` as a process: how it starts, what it offers, how it ends."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from juturna_core._pb import payloads_pb2
from juturna_core._pb import warp_pb2 as pb
from juturna_core.message import Message
from juturna_core.payloads import BytesPayload
from juturna_core.warp import codec
from juturna_core.warp.wire import MESSAGING, WARP
from tests.remotes import ROOT, RemoteProcess, Rig, within


@pytest.fixture(scope="module")
def remote() -> Iterator[RemoteProcess]:
    with RemoteProcess("--pipe-name", "test_mocked_pipeline") as process:
        yield process


@pytest.fixture
def channel(remote: RemoteProcess) -> Iterator[grpc.Channel]:
    with grpc.insecure_channel(f"127.0.0.1:{remote.port}") as made:
        yield made


def envelope(**meta: Any) -> payloads_pb2.ProtoEnvelope:
    message: Message[Any] = Message("s", 4, BytesPayload(b"x"))
    message.meta = meta
    return codec.encode_envelope(message, sender="test", timeout=3)


def ask(channel: grpc.Channel, request: payloads_pb2.ProtoEnvelope) -> payloads_pb2.ProtoEnvelope:
    call: grpc.UnaryUnaryMultiCallable[Any, payloads_pb2.ProtoEnvelope] = channel.unary_unary(
        f"/{MESSAGING}/SendAndReceive",
        payloads_pb2.ProtoEnvelope.SerializeToString,
        payloads_pb2.ProtoEnvelope.FromString,
    )
    return call(request, timeout=10)


def describe(channel: grpc.Channel) -> pb.Description:
    call: grpc.UnaryUnaryMultiCallable[Any, pb.Description] = channel.unary_unary(
        f"/{WARP}/Describe", pb.DescribeRequest.SerializeToString, pb.Description.FromString
    )
    return call(pb.DescribeRequest(), timeout=2)


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_of_the_guide_works_word_for_word(tmp_path: Path) -> None:
    remote = RemoteProcess(
        "--pipe-name",
        "test_mocked_pipeline",
        "--default-config",
        '{"delay": 0}',
        mark="passthrough_identity",
        plugins=ROOT / "plugins",
        host="",
    )
    with remote, Rig(remote.port) as rig:
        rig.send(Message("s", 1, BytesPayload(b"x")))
        assert rig.receive(1)[0].payload.cnt == b"x"
        assert "all interfaces" in remote.errors()
        assert Path(remote._folder.name, "remote_pipes", "test_mocked_pipeline").is_dir()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--default-config", '{"delay": 2'], "--default-config:1:12"),
        (["--default-config", "[1]"], "no JSON object"),
        (["--default-config", "nowhere.json"], "No such file"),
        (["--node-mark", "scriptet"], 'did you mean "scripted"'),
        (["--node-type", "sink"], "there is a proc node"),
        (["--plugins-dir", "nowhere"], "no plugin folder nowhere"),
        (["--port", "70000"], "0 to 65535"),
    ],
)
def test_what_is_wrong_is_said_without_a_traceback(options: list[str], said: str) -> None:
    code, errors = RemoteProcess(*options).run()
    assert code == 2
    assert said in errors
    assert "Traceback" not in errors


def test_a_plugin_that_raises_is_named_with_its_line(tmp_path: Path) -> None:
    folder = tmp_path / "nodes" / "proc" / "_broken"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text("[arguments]\n")
    (folder / "broken.py").write_text(
        "from juturna_core.node import Node\n\n"
        "class Broken(Node):\n    def warmup(self):\n        raise OSError('no model')\n"
    )
    code, errors = RemoteProcess(mark="broken", plugins=tmp_path).run()
    assert code == 2
    assert f"{folder / 'broken.py'}:5" in errors
    assert "no model" in errors
    assert "Traceback" not in errors


def test_a_port_that_is_taken_is_said_so() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        code, errors = RemoteProcess(port=taken.getsockname()[1]).run()
        assert code == 2
        assert "address already in use" in errors
        assert "--port" in errors


def test_a_second_remote_does_not_share_the_port(remote: RemoteProcess) -> None:
    code, _ = RemoteProcess(port=remote.port).run()
    assert code == 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_with_0(number: int) -> None:
    with RemoteProcess() as remote, Rig(remote.port) as rig:
        rig.event("connected")
        remote.signal(number)
        with within(3):
            assert remote.wait() == 0
        assert "closed the connection" in rig.event("disconnected").text


def test_a_node_that_does_not_finish_within_the_grace_ends_it_with_1() -> None:
    with RemoteProcess("--grace", "0.3") as remote, Rig(remote.port) as rig:
        message: Message[Any] = Message("s")
        message.meta = {"early": True, "sleep": 30}
        rig.send(message)
        rig.receive(1)
        remote.signal(signal.SIGTERM)
        with within(4):
            assert remote.wait() == 1
        assert "did not finish within 0.3 s" in remote.errors()


# --- what it offers --------------------------------------------------------------------------------------------------


def test_it_says_who_it_is(channel: grpc.Channel) -> None:
    found = describe(channel)
    assert (found.node_name, found.node_type, found.node_mark, found.pipe_name) == (
        "1_pass",
        "proc",
        "scripted",
        "test_mocked_pipeline",
    )
    assert found.max_bytes == 100 << 20


def test_health_is_grpcs_own(channel: grpc.Channel) -> None:
    health = health_pb2_grpc.HealthStub(channel)
    for service in ("", MESSAGING, WARP):
        answer = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=2)
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


def test_reflection_shows_the_services_and_their_messages(channel: grpc.Channel) -> None:
    database = ProtoReflectionDescriptorDatabase(channel)
    assert {MESSAGING, WARP, "grpc.health.v1.Health"} <= set(database.get_services())
    pool = DescriptorPool(database)
    fields = pool.FindMessageTypeByName("juturna.proto.payloads.ProtoEnvelope").fields_by_name
    assert fields["response_to"].number == 6


def test_a_busy_node_keeps_nobody_from_asking_who_is_there(channel: grpc.Channel) -> None:
    calls = [threading.Thread(target=ask, args=(channel, envelope(sleep=0.1))) for _ in range(15)]
    for call in calls:
        call.start()
    with within(1):
        assert describe(channel).node_name == "1_pass"
    for call in calls:
        call.join()


# --- Juturna's call --------------------------------------------------------------------------------------------------


def test_the_answer_says_what_it_answers_and_how_long_it_took(channel: grpc.Channel) -> None:
    request = envelope(sleep=0.05)
    answer = ask(channel, request)
    assert answer.response_to == request.id
    assert answer.id not in ("", request.id)
    metadata = codec.decode_struct(answer.metadata)
    assert 0.05 <= metadata["compute_time"] <= metadata["processing_time"] < 1
    message = codec.decode_message(answer.message)
    assert (message.version, message.payload.cnt) == (4, b"x")


def test_without_an_output_an_empty_answer_comes_at_once(channel: grpc.Channel) -> None:
    """A status would end Juturna's client node for good, and waiting costs it the whole of its time."""
    with within(1):
        answer = ask(channel, envelope(copies=0))
    assert not answer.HasField("message")
    assert codec.decode_struct(answer.metadata)["outputs"] == 0


def test_of_several_outputs_the_first_is_answered(
    remote: RemoteProcess, channel: grpc.Channel
) -> None:
    answer = ask(channel, envelope(copies=3))
    assert codec.decode_message(answer.message).meta["copy"] == 0
    assert "answered test with 3 messages" in remote.errors()


def test_what_the_node_raises_is_the_status(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel, envelope(fail="no such thing"))
    assert caught.value.code() is grpc.StatusCode.INTERNAL
    assert "ValueError: no such thing" in caught.value.details()
    assert codec.decode_message(ask(channel, envelope()).message).version == 4


def test_no_answer_within_the_time_to_live_is_a_missed_deadline(channel: grpc.Channel) -> None:
    request = envelope(sleep=1.3)
    request.ttl = 1
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel, request)
    assert caught.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED


def test_the_envelopes_configuration_chooses_the_node(channel: grpc.Channel) -> None:
    request = envelope()
    request.configuration.update({"label": "by envelope"})
    assert codec.decode_message(ask(channel, request).message).meta["label"] == "by envelope"


def test_an_envelope_that_is_none_is_refused(channel: grpc.Channel) -> None:
    request = envelope()
    request.message.payload.type_url = "type.googleapis.com/some.Thing"
    with pytest.raises(grpc.RpcError) as caught:
        ask(channel, request)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert "some.Thing" in caught.value.details()


def test_a_ninth_configuration_takes_the_place_of_one_that_nobody_uses(
    channel: grpc.Channel,
) -> None:
    for number in range(12):
        request = envelope()
        request.configuration.update({"factor": number + 100})
        assert codec.decode_message(ask(channel, request).message).meta["factor"] == number + 100


def test_more_configurations_than_may_live_are_refused_with_the_reason(
    remote: RemoteProcess,
) -> None:
    rigs = [Rig(remote.port, remote_config={"factor": number + 200}) for number in range(9)]
    try:
        for rig in rigs[:8]:
            rig.__enter__()
            rig.event("connected")
        rigs[8].__enter__()
        assert "in use" in rigs[8].event("disconnected").text
    finally:
        for rig in rigs:
            rig.__exit__()
