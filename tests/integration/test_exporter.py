"""Numbers over HTTP: the text is right by a parser that shares nothing with it, and no client can hold up another."""

from __future__ import annotations

import dataclasses
import http.client
import logging
import math
import re
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from juturna_core import exporter
from juturna_core.errors import JuturnaError, StateError
from juturna_core.exporter import Exporter, exposition
from juturna_core.message import Message
from juturna_core.metrics import Distribution, MessageTimes, Samples
from juturna_core.pipeline import Pipeline
from juturna_core.stats import NodeStats, PipelineStats
from juturna_core.testing import (
    Collector,
    Forward,
    Numbers,
    Shelf,
    chain,
    configuration,
    running,
)
from juturna_core.warp.client import Warp
from tests.remotes import RemoteProcess, within
from tests.runtime import DEADLINE, eventually, threads

# --- a strict parser of the text format, written from its specification -----------------------------------------------

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"')
VALUE = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?|[+-]Inf|NaN")
ESCAPE = re.compile(r"\\(.)")
Labels = tuple[tuple[str, str], ...]


@dataclass
class Family:
    kind: str
    samples: dict[tuple[str, Labels], float] = field(default_factory=dict)


def parsed(text: str) -> dict[str, Family]:
    """The families of an exposition; AssertionError for anything that is not exactly as it should be."""
    assert text.endswith("\n")
    families: dict[str, Family] = {}
    helped = current = ""
    for line in text.removesuffix("\n").split("\n"):
        if line.startswith("# HELP "):
            _, _, helped, words = line.split(" ", 3)
            assert NAME.fullmatch(helped)
            assert words.strip()
            assert helped not in families, f"{helped} is not in one piece"
        elif line.startswith("# TYPE "):
            _, _, current, kind = line.split(" ")
            assert current == helped, "TYPE follows HELP"
            assert kind in ("counter", "gauge", "histogram")
            assert (kind == "counter") == current.endswith("_total")
            families[current] = Family(kind)
        else:
            sample, labels, value = parsed_sample(line)
            family = families[current]
            suffixes = ("_bucket", "_sum", "_count") if family.kind == "histogram" else ("",)
            assert sample in [current + suffix for suffix in suffixes]
            assert (sample, labels) not in family.samples, f"twice: {line}"
            family.samples[sample, labels] = value
    for name, family in families.items():
        if family.kind == "histogram":
            look_at_histograms(name, family)
    return families


def parsed_sample(line: str) -> tuple[str, Labels, float]:
    name = NAME.match(line)
    assert name, line
    at, labels = name.end(), []
    if line[at] == "{":
        while line[at] in "{,":
            label = LABEL.match(line, at + 1)
            assert label, line
            plain = ESCAPE.sub(lambda found: found[1].replace("n", "\n"), label[2])
            labels.append((label[1], plain))
            at = label.end()
        assert line[at] == "}", line
        at += 1
    assert len(dict(labels)) == len(labels), line
    assert line[at] == " " and VALUE.fullmatch(line, at + 1), line
    return name[0], tuple(labels), float(line[at + 1 :])


def look_at_histograms(name: str, family: Family) -> None:
    """Buckets rise to +Inf, which is the count, and the sum is beside it; nothing is left over."""
    buckets: dict[Labels, list[tuple[float, float]]] = {}
    for (sample, labels), value in family.samples.items():
        if sample == f"{name}_bucket":
            others, (last, bound) = labels[:-1], labels[-1]
            assert last == "le"
            buckets.setdefault(others, []).append((float(bound), value))
    for labels, found in buckets.items():
        bounds, counts = zip(*found, strict=True)
        assert list(bounds) == sorted(set(bounds))
        assert list(counts) == sorted(counts)
        assert bounds[-1] == math.inf
        assert counts[-1] == family.samples[f"{name}_count", labels]
        assert family.samples[f"{name}_sum", labels] >= 0
    assert len(family.samples) == sum(len(found) + 2 for found in buckets.values())


@pytest.mark.parametrize(
    "wrong",
    [
        "# HELP a b\n# TYPE a gauge\na 1",
        "# TYPE a gauge\na 1\n",
        "# HELP a b\n# TYPE a gauge\na 1\na 1\n",
        '# HELP a b\n# TYPE a gauge\na{b="c} 1\n',
        '# HELP a b\n# TYPE a gauge\na{b="\\q"} 1\n',
        "# HELP a b\n# TYPE a gauge\na inf\n",
        "# HELP a b\n# TYPE a gauge\n# HELP c d\n# TYPE c gauge\na 1\n",
        '# HELP a b\n# TYPE a histogram\na_bucket{le="1"} 2\na_bucket{le="+Inf"} 1\na_sum 1\na_count 1\n',
        '# HELP a b\n# TYPE a histogram\na_bucket{le="+Inf"} 1\na_sum 1\na_count 2\n',
    ],
)
def test_the_parser_of_these_tests_refuses_what_is_wrong(wrong: str) -> None:
    with pytest.raises((AssertionError, KeyError)):
        parsed(wrong)


# --- the text ---------------------------------------------------------------------------------------------------------


def distribution(*durations: float) -> Distribution:
    samples = Samples(1, 1)
    samples.raw.extend(durations)
    return samples.snapshot()[0]


def node(**known: Any) -> NodeStats:
    """A node whose numbers are all 0 but for what is `known`."""
    plain: dict[str, Any] = {"str": "", "int": 0, "float": 0.0, "Distribution": distribution()}
    fields = {each.name: plain.get(str(each.type)) for each in dataclasses.fields(NodeStats)}
    return NodeStats(**{**fields, **known})


def families_of(nodes: dict[str, NodeStats], seconds: float = 1.0) -> dict[str, Family]:
    return parsed(exposition(PipelineStats("p", seconds, "running", nodes)))


def value(families: dict[str, Family], sample: str, **labels: str) -> float:
    """The one sample that has all of `labels`."""
    (found,) = (
        number
        for family in families.values()
        for (name, its), number in family.samples.items()
        if name == sample and labels.items() <= dict(its).items()
    )
    return found


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)


@given(TEXT, TEXT, TEXT, TEXT)
def test_any_text_in_a_label_comes_back_as_it_was(
    name: str, kind: str, where: str, pipeline: str
) -> None:
    stats = PipelineStats(pipeline, 1.0, "running", {name: node(type=kind, where=where)})
    found = parsed(exposition(stats))["juturna_queue_messages"].samples
    expected = (("pipeline", pipeline), ("node", name), ("type", kind), ("where", where))
    assert found == {("juturna_queue_messages", expected): 0}


@pytest.mark.parametrize(
    ("number", "text"), [(math.inf, "+Inf"), (-math.inf, "-Inf"), (math.nan, "NaN")]
)
def test_what_is_no_finite_number_is_spelled_as_prometheus_wants(number: float, text: str) -> None:
    lines = exposition(PipelineStats("p", number, "running", {})).splitlines()
    assert f'juturna_pipeline_seconds{{pipeline="p"}} {text}' in lines
    families_of({}, number)


@given(st.lists(st.floats(1e-9, 1e4), max_size=100))
def test_a_bucket_holds_what_is_below_its_bound_within_the_width_of_a_fine_one(
    durations: list[float],
) -> None:
    found = families_of({"n": node(age=distribution(*durations))})["juturna_age_seconds"].samples
    assert found["juturna_age_seconds_count", key()] == len(durations)
    assert found["juturna_age_seconds_sum", key()] == pytest.approx(math.fsum(durations), rel=0.035)
    for (name, labels), count in found.items():
        if name == "juturna_age_seconds_bucket":
            bound = float(dict(labels)["le"])
            surely = sum(each <= bound * 0.96 for each in durations)
            perhaps = sum(each <= bound * 1.04 for each in durations)
            assert surely <= count <= perhaps


def key() -> Labels:
    return (("pipeline", "p"), ("node", "n"), ("type", ""), ("where", ""))


def test_the_bounds_are_1_2_5_and_5_of_every_decade_from_10_microseconds_to_100_seconds() -> None:
    samples = families_of({"n": node()})["juturna_update_duration_seconds"].samples
    bounds = [dict(labels)["le"] for name, labels in samples if name.endswith("_bucket")]
    assert bounds[:4] == ["1e-05", "2.5e-05", "5e-05", "0.0001"]
    assert bounds[-5:] == ["10.0", "25.0", "50.0", "100.0", "+Inf"]
    assert len(bounds) == 23


def test_what_is_5_percent_off_a_bound_is_on_the_right_side_of_it() -> None:
    bounds = [float(f"{digit}e{power}") for power in range(-5, 2) for digit in (1, 2.5, 5)]
    around = [bound * off for bound in bounds for off in (0.95, 1.05)]
    families = families_of({"n": node(update_time=distribution(*around))})
    for at, bound in enumerate(bounds):
        sample = "juturna_update_duration_seconds_bucket"
        assert value(families, sample, le=str(bound)) == 2 * at + 1, bound


def test_a_duration_that_no_clock_could_have_measured_is_counted_too() -> None:
    times = MessageTimes()
    times.raw.extend((2.0, 1.0, 1.0, 0.0))  # taken before it entered
    families = families_of({"n": node(queue_time=times.snapshot()[0])})
    assert value(families, "juturna_queue_duration_seconds_bucket", le="1e-05") == 1


def test_without_nodes_every_family_is_there_and_empty() -> None:
    families = families_of({})
    assert len(families) == 22
    assert sum(len(family.samples) for family in families.values()) == 2


def test_every_number_of_a_node_is_exported_under_its_own_name() -> None:
    """Each field of NodeStats gets a number of its own, and each is found once."""
    numbers = [f.name for f in dataclasses.fields(NodeStats) if str(f.type) in ("int", "float")]
    known = {name: 101 + at for at, name in enumerate(numbers)}
    families = families_of({"n": node(**known)})
    found = {
        number: name
        for family in families.values()
        for (name, _), number in family.samples.items()
        if number > 100
    }
    names = {
        "received": "messages_received_total",
        "transmitted": "messages_transmitted_total",
        "bytes_out": "transmitted_bytes_total",
        "errors": "errors_total",
        "dropped": "messages_dropped_total",
        "lost": "messages_lost_total",
        "in_flight": "in_flight_messages",
        "queue": "queue_messages",
        "queue_max": "queue_messages_max",
        "queue_bytes": "queue_bytes",
        "blocked_seconds": "blocked_seconds_total",
        "blocking_seconds": "blocking_seconds_total",
        "busy_seconds": "busy_now_seconds",
    }
    assert found == {known[name]: f"juturna_{names[name]}" for name in numbers}


# --- a real pipeline --------------------------------------------------------------------------------------------------


class Fails(Forward):
    """Fails on every tenth."""

    def update(self, message: Message[Any]) -> None:
        if message.version % 10 == 0:
            raise ValueError
        super().update(message)


NOTHING = PipelineStats("p", 0.0, "running", {})


@contextmanager
def served(
    stats: Callable[[], PipelineStats] = lambda: NOTHING,
    ready: Callable[[], bool] = lambda: True,
    healthy: Callable[[], bool] = lambda: True,
) -> Iterator[int]:
    made = Exporter(stats, ready, healthy)
    port = made.start("127.0.0.1", 0)
    try:
        yield port
    finally:
        made.stop()


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str


def ask(port: int, path: str, method: str = "GET", timeout: float = DEADLINE) -> Answer:
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", method=method)
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        response = opener.open(request, timeout=timeout)
    except urllib.error.HTTPError as error:
        response = error
    with response:
        return Answer(response.status, dict(response.headers), response.read().decode())


def test_counts_are_exact_after_a_finite_run() -> None:
    nodes, links = chain(
        {"name": "numbers", "type": "source", "configuration": {"count": 1000, "size": 7}},
        {"name": "fails"},
        {"name": "collector", "type": "sink"},
    )
    shelf = Shelf(Numbers, Fails, Collector)
    with running(shelf, nodes, links, dead_letters=0) as made, served(made.stats) as port:
        assert made.wait(DEADLINE)
        answer = ask(port, "/metrics")
        families, stats = parsed(answer.text), made.stats()
    assert answer.status == 200
    assert answer.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert int(answer.headers["Content-Length"]) == len(answer.text.encode())
    for name, expected in {
        "messages_transmitted_total": (1000, 900, 0),
        "transmitted_bytes_total": (7000, 6300, 0),
        "errors_total": (0, 100, 0),
        "messages_lost_total": (0, 0, 0),
        "queue_messages": (0, 0, 0),
        "busy_now_seconds": (0, 0, 0),
        "node_up": (1, 1, 1),
        "update_duration_seconds_count": (1000, 1000, 900),
        "age_seconds_count": (1000, 1000, 900),
    }.items():
        assert expected == tuple(
            value(families, f"juturna_{name}", node=node)
            for node in ("numbers", "fails", "collector")
        )
    sink = {"pipeline": "test", "node": "collector", "type": "sink", "where": "local"}
    assert value(families, "juturna_messages_received_total", **sink) == 900
    busy = value(families, "juturna_busy_seconds_total", node="fails")
    assert busy == pytest.approx(stats["fails"].update_time.total / 1e3)
    assert value(families, "juturna_pipeline_info", state="running") == 1
    assert families["juturna_round_trip_seconds"].samples == {}


def test_counters_never_fall_while_messages_flow() -> None:
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 20_000}}, {"name": "collector"}
    )
    with running(Shelf(Numbers, Collector), nodes, links) as made, served(made.stats) as port:
        before: dict[tuple[str, Labels], float] = {}
        over = False
        while not over:
            over = made.wait(0)
            families = parsed(ask(port, "/metrics").text)
            counts = {
                sample: number
                for family in families.values()
                if family.kind != "gauge"
                for sample, number in family.samples.items()
                if "block"
                not in sample[0]  # stats.py reads two numbers for these, one after the other
            }
            assert all(counts[sample] >= number for sample, number in before.items())
            before = counts
    assert value(families, "juturna_messages_received_total", node="collector") == 20_000


def test_a_warped_node_shows_whether_its_remote_is_there_and_where_time_goes() -> None:
    remote = RemoteProcess()
    warp = {"grpc_host": "127.0.0.1", "grpc_port": remote.port}
    nodes, links = chain(
        {"name": "numbers", "configuration": {"count": 5}},
        {"name": "1_pass", "mark": "warp", "configuration": warp},
        {"name": "collector"},
    )
    shelf = Shelf(Numbers, Warp, Collector)
    with running(shelf, nodes, links) as made, served(made.stats) as port:

        def now(name: str, **labels: str) -> float:
            return value(parsed(ask(port, "/metrics").text), f"juturna_{name}", **labels)

        eventually(lambda: now("node_up", node="1_pass") == 0)
        assert now("node_up", node="numbers") == 1
        with remote:
            assert made.wait(DEADLINE)
            families = parsed(ask(port, "/metrics").text)
    assert value(families, "juturna_node_up", node="1_pass") == 1
    trips = families["juturna_round_trip_seconds"].samples
    assert {dict(labels)["node"] for _, labels in trips} == {"1_pass"}
    assert value(families, "juturna_round_trip_seconds_count") == 5
    for part in ("encode", "network", "remote_queue", "remote_compute", "decode"):
        assert value(families, "juturna_round_trip_part_seconds_count", part=part) == 5
    assert len(families["juturna_round_trip_part_seconds"].samples) == 5 * 25


def test_ready_says_why_not_before_the_start_and_after_the_stop(tmp_path: Any) -> None:
    nodes, links = chain({"name": "numbers", "configuration": {"count": 1}}, {"name": "cold"})
    seen = []

    class Cold(Collector):
        def warmup(self) -> None:
            seen.append(ask(port, "/readyz"))

    shelf = Shelf(Numbers, Cold)
    made = Pipeline(configuration(nodes, links, folder=str(tmp_path)), catalog=shelf)
    with served(made.stats, lambda: made.stats().state == "running") as port:
        seen.append(ask(port, "/readyz"))
        made.warmup()
        seen.append(ask(port, "/readyz"))
        made.start()
        running = ask(port, "/readyz")
        made.stop()
        seen.append(ask(port, "/readyz"))
        made.destroy()
    assert (running.status, running.text) == (200, "ok")
    assert [answer.status for answer in seen] == [503] * 4
    assert [answer.text for answer in seen] == [
        'not ready: the state of pipeline "test" is created',
        'not ready: the state of pipeline "test" is created; not warmed up yet: cold',
        'not ready: the state of pipeline "test" is ready',
        'not ready: the state of pipeline "test" is stopped',
    ]


# --- HTTP -------------------------------------------------------------------------------------------------------------


def test_health_is_what_the_function_says() -> None:
    well = True
    with served(healthy=lambda: well) as port:
        assert (ask(port, "/healthz").status, ask(port, "/healthz?full=1").text) == (200, "ok")
        well = False
        assert ask(port, "/healthz").status == 503


def test_head_is_a_get_without_its_body() -> None:
    with served() as port:
        for path in ("/metrics", "/healthz", "/nothing"):
            got, head = ask(port, path), ask(port, path, "HEAD")
            assert head.status == got.status
            assert head.headers["Content-Type"] == got.headers["Content-Type"]
            assert head.headers["Content-Length"] == str(len(got.text.encode()))
            with clients(port, 1, f"HEAD {path} HTTP/1.0\r\n\r\n".encode()) as (client,):
                assert drain(client).endswith(b"\r\n\r\n")


@pytest.mark.parametrize("path", ["/", "/metrics/", "/metricsx", "//healthz/..", "/readyz/x"])
def test_another_path_is_not_found_and_the_right_ones_are_named(path: str) -> None:
    with served() as port:
        answer = ask(port, path)
    assert answer.status == 404
    assert "/metrics, /healthz and /readyz" in answer.text


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "BREW"])
def test_another_method_is_refused_in_plain_words(method: str) -> None:
    with served() as port:
        answer = ask(port, "/metrics", method)
    assert answer.status == 501
    assert answer.text == f"Unsupported method ({method!r})\n"


@pytest.mark.parametrize(
    "rubbish",
    [
        b"\r\n",
        b"\0\xff\n",
        b"GET /metrics SPDY/9\r\n\r\n",
        b"GET /" + b"x" * 70_000,
        b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200,
    ],
)
def test_rubbish_ends_its_own_connection_only_and_in_silence(
    rubbish: bytes, capfd: pytest.CaptureFixture[str]
) -> None:
    with served() as port:
        with socket.create_connection(("127.0.0.1", port), DEADLINE) as client:
            client.sendall(rubbish)
            client.shutdown(socket.SHUT_WR)
            drain(client)
        assert ask(port, "/healthz").status == 200
    assert capfd.readouterr() == ("", "")


def drain(client: socket.socket) -> bytes:
    """All that the other end sends until it closes."""
    received = b""
    try:
        while piece := client.recv(65536):
            received += piece
    except ConnectionResetError:
        pass
    return received


@pytest.mark.parametrize("path", ["/metrics", "/readyz", "/healthz"])
def test_a_function_that_raises_is_a_500_with_its_text_and_a_line_in_the_log(
    path: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    def broken() -> Any:
        raise ValueError("no numbers today")

    logging.getLogger("jt").propagate = True
    with served(broken, broken, broken) as port:
        answer = ask(port, path)
        assert ask(port, "/nothing").status == 404
    assert (answer.status, answer.text) == (500, "ValueError: no numbers today")
    assert [each.message for each in caplog.records] == [
        f"{path} cannot be answered: ValueError: no numbers today"
    ]
    assert capfd.readouterr() == ("", "")


def test_a_name_that_is_no_text_does_not_break_the_answer() -> None:
    with served(lambda: PipelineStats("\ud800", 0.0, "running", {})) as port:
        assert (
            value(parsed(ask(port, "/metrics").text), "juturna_pipeline_seconds", pipeline="?") == 0
        )


def test_fifty_clients_at_once_all_get_everything() -> None:
    stats = PipelineStats("p", 1.0, "running", {f"n{at}": node(received=at) for at in range(50)})
    expected = exposition(stats)
    gate = threading.Barrier(50)
    answers: list[Answer] = []

    def client() -> None:
        gate.wait(DEADLINE)
        answers.append(ask(port, "/metrics"))

    with served(lambda: stats) as port, threads(*[client] * 50):
        pass
    assert [answer.text for answer in answers] == [expected] * 50


@contextmanager
def clients(port: int, count: int, say: bytes = b"") -> Iterator[list[socket.socket]]:
    """`count` connections on which `say` was sent, and nothing else."""
    made = [socket.create_connection(("127.0.0.1", port), DEADLINE) for _ in range(count)]
    try:
        for each in made:
            each.sendall(say)
        yield made
    finally:
        for each in made:
            each.close()


@pytest.mark.parametrize("say", [b"", b"GET /metrics HT", b"GET /metrics HTTP/1.1\r\nHost: x\r\n"])
def test_clients_that_say_nothing_hold_up_neither_others_nor_the_stop(say: bytes) -> None:
    made = Exporter(lambda: NOTHING, lambda: True, lambda: True)
    port = made.start("127.0.0.1", 0)
    with clients(port, 10, say):
        with within(1):
            assert ask(port, "/metrics").status == 200
        eventually(lambda: len(named("_serve")) == 10)
        with within(1):
            made.stop()


def test_with_all_connections_taken_the_longest_open_one_makes_room() -> None:
    with served() as port, clients(port, exporter.CONNECTIONS) as silent:
        with within(exporter.TURN + 1):
            assert ask(port, "/healthz").status == 200
        with within(1):
            assert silent[0].recv(1) == b""
        silent[1].sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert drain(silent[1]).endswith(b"ok")


def test_a_client_that_does_not_read_holds_up_neither_others_nor_the_stop() -> None:
    stats = PipelineStats("x" * 20_000_000, 1.0, "running", {})  # more than sockets buffer
    made = Exporter(lambda: stats, lambda: True, lambda: True)
    port = made.start("127.0.0.1", 0)
    with clients(port, 3, b"GET /metrics HTTP/1.0\r\n\r\n") as deaf:
        assert deaf[0].recv(5) == b"HTTP/"
        with within(1):
            assert ask(port, "/healthz").status == 200
        with within(3 * exporter.GRACE + 1):
            made.stop()
        assert not named("_serve")


def test_a_client_that_keeps_silent_for_too_long_is_let_go(monkeypatch: pytest.MonkeyPatch) -> None:
    assert exporter._Handler.timeout == exporter.PATIENCE
    monkeypatch.setattr(exporter._Handler, "timeout", 0.05)
    with served() as port, clients(port, 1) as (silent,):
        assert silent.recv(1) == b""


def test_an_answer_under_way_is_finished_when_the_exporter_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(exporter, "GRACE", DEADLINE)  # however busy the machine is
    asked, go_on = threading.Event(), threading.Event()

    def slow() -> PipelineStats:
        asked.set()
        assert go_on.wait(DEADLINE)
        return PipelineStats("slow", 0.0, "running", {})

    made = Exporter(slow, lambda: True, lambda: True)
    port = made.start("127.0.0.1", 0)
    answers: list[Answer] = []
    with threads(lambda: answers.append(ask(port, "/metrics"))):
        assert asked.wait(DEADLINE)
        with threads(made.stop):
            eventually(lambda: not named("metrics"))  # nobody accepts any more
            go_on.set()
    assert 'pipeline="slow"' in answers[0].text


def test_a_function_that_hangs_does_not_keep_stop_from_coming_back() -> None:
    asked, go_on = threading.Event(), threading.Event()

    def hangs() -> bool:
        asked.set()
        return go_on.wait(DEADLINE)

    made = Exporter(lambda: NOTHING, hangs, hangs)
    port = made.start("127.0.0.1", 0)
    with clients(port, 4, b"GET /readyz HTTP/1.0\r\n\r\n"):
        assert asked.wait(DEADLINE)
        with within(3 * exporter.GRACE + 1):
            made.stop()
        go_on.set()


def named(part: str) -> list[threading.Thread]:
    """The threads that run and have `part` in their name."""
    return [each for each in threading.enumerate() if part in each.name]


def refused(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), DEADLINE).close()
    except ConnectionRefusedError:
        return True
    return False


# --- start and stop ---------------------------------------------------------------------------------------------------


def test_stop_leaves_no_thread_and_no_port_and_may_be_called_again() -> None:
    before = set(threading.enumerate())
    made = Exporter(lambda: NOTHING, lambda: True, lambda: True)
    made.stop()
    port = made.start("127.0.0.1", 0)
    assert ask(port, "/metrics").status == 200
    with within(1):
        made.stop()
    assert set(threading.enumerate()) == before
    made.stop()
    assert refused(port)
    assert made.start("127.0.0.1", port) == port  # and it may serve again, at the same place
    with pytest.raises(StateError):
        made.start("127.0.0.1", 0)
    made.stop()


def test_a_port_in_use_is_named_with_the_reason() -> None:
    with served() as port, pytest.raises(JuturnaError) as raised:
        Exporter(lambda: NOTHING, lambda: True, lambda: True).start("127.0.0.1", port)
    assert (
        str(raised.value) == f"metrics cannot be served at 127.0.0.1:{port}: Address already in use"
    )


@pytest.mark.parametrize(
    ("host", "port", "place"),
    [
        ("no-such-host.invalid", 9100, "no-such-host.invalid:9100: "),
        ("192.0.2.1", 9100, "192.0.2.1:9100: Cannot assign"),
        ("[2001:db8::1]", 9100, "[2001:db8::1]:9100: Cannot assign"),
        ("127.0.0.1", 65537, "127.0.0.1:65537: "),
        ("127.0.0.1", -1, "127.0.0.1:-1: "),
        ("x" * 70, 9100, "x:9100: "),
    ],
)
def test_an_address_that_cannot_be_had_is_named_with_the_reason(
    host: str, port: int, place: str
) -> None:
    made = Exporter(lambda: NOTHING, lambda: True, lambda: True)
    with pytest.raises(JuturnaError, match=re.escape(place)):
        made.start(host, port)
    made.stop()


@pytest.mark.parametrize(
    ("host", "reached"),
    [
        *(("::1", "::1"), ("[::1]", "::1"), ("[::]", "::1"), ("[::]", "127.0.0.1")),
        *(("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("localhost", "localhost")),
    ],
)
def test_it_serves_where_it_was_told_to(host: str, reached: str) -> None:
    if ":" in host and not has_ipv6():
        pytest.skip("no IPv6 here")
    made = Exporter(lambda: NOTHING, lambda: True, lambda: True)
    port = made.start(host, 0)
    connection = http.client.HTTPConnection(reached, port, timeout=DEADLINE)
    try:
        connection.request("GET", "/healthz")
        assert connection.getresponse().read() == b"ok"
    finally:
        connection.close()
        made.stop()


def has_ipv6() -> bool:
    try:
        socket.create_server(("::1", 0), family=socket.AF_INET6).close()
    except OSError:
        return False
    return True


def test_who_does_not_serve_numbers_does_not_load_a_web_server() -> None:
    code = (
        "import juturna_core.pipeline, sys; from juturna_core import cli; cli.parser().format_help();"
        "sys.exit('http.server' in sys.modules or 'juturna_core.exporter' in sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
