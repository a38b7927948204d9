"""What is measured, and the bar for each figure. The measuring itself is in side.py, alone.py and screen.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Side = Literal["ours", "theirs", "sleepless"]
"""`sleepless` is Juturna without the `time.sleep` that its source calls for every message, even with `by=0`."""


@dataclass(frozen=True, slots=True)
class Bar:
    """What a figure must reach: ours divided by theirs, or ours alone, at least or at most `value`."""

    value: float
    relative: bool = True
    at_least: bool = False

    def __str__(self) -> str:
        return f"{'≥' if self.at_least else '≤'} {self.value:g}{' x' if self.relative else ''}"

    def met(self, ours: float, theirs: float | None) -> bool:
        if self.relative and not theirs:
            return False
        reached = ours / theirs if self.relative and theirs else ours
        return reached >= self.value if self.at_least else reached <= self.value


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table: `key` in what side.py prints."""

    what: str
    key: str
    unit: str
    bar: Bar | None = None


@dataclass(frozen=True, slots=True)
class Row:
    """One measurement: `call` in side.py with `arguments`; `quick` replaces some of them under --quick."""

    name: str
    call: str
    figures: tuple[Figure, ...]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    quick: Mapping[str, Any] = field(default_factory=dict)
    sleepless: bool = False
    ours_only: Mapping[str, Any] = field(default_factory=dict)
    script: Literal["side.py", "alone.py", "screen.py"] = "side.py"
    """Where `call` is. What is in the others only this project does."""

    @property
    def alone(self) -> bool:
        return self.script != "side.py"


def times(value: float) -> Bar:
    """At least `value` times as much as Juturna."""
    return Bar(value, at_least=True)


def share(value: float) -> Bar:
    """At most `value` of what Juturna takes."""
    return Bar(value)


def most(value: float) -> Bar:
    """At most `value`, whatever Juturna does."""
    return Bar(value, relative=False)


def _speed(name: str, what: str, call: str, bar: float, **arguments: Any) -> Row:
    figures = (Figure(what, "rate", "msg/s", times(bar)),)
    return Row(name, call, figures, {"seconds": 3, **arguments}, {"seconds": 1}, sleepless=True)


def _round_trip(name: str, what: str, bar: float, count: int, **source: Any) -> Row:
    figures = (
        Figure(f"warp round trip, {what}, p50", "p50", "ms", share(bar)),
        Figure(f"warp round trip, {what}, p99", "p99", "ms"),
    )
    return Row(name, "round_trip", figures, {"count": count, **source}, {"count": count // 4})


def _flood(name: str, what: str, bar: float, **source: Any) -> Row:
    figures = (Figure(f"warp flood, {what}", "rate", "msg/s", times(bar)),)
    return Row(name, "flood", figures, {"seconds": 3, **source}, {"seconds": 1.5})


def _screen(name: str, call: str, *figures: Figure, **arguments: Any) -> Row:
    quick = {key: value for key, value in _QUICK.items() if key in arguments}
    return Row(name, call, figures, arguments, quick, script="screen.py")


_QUICK = {"times": 3, "seconds": 3, "presses": 50, "pairs": 3}


ROWS = (
    _speed("chain5", "chain of 5 forwarding nodes, 64 B", "flow", 20, forwards=5),
    _speed("chain20", "chain of 20 forwarding nodes, 64 B", "flow", 10, forwards=20),
    Row(
        "hop",
        "hop",
        (
            Figure("hop latency at 200 msg/s, p50", "p50", "ms", share(0.5)),
            Figure("hop latency at 200 msg/s, p99", "p99", "ms", share(0.5)),
        ),
        {"by": 0.005, "seconds": 8},
        {"seconds": 2},
    ),
    _speed("fan-out", "fan-out 1 → 10, deliveries", "fan_out", 10, width=10),
    _speed("fan-in", "fan-in 10 → 1", "fan_in", 10, width=10),
    Row(
        "stop",
        "stop",
        (Figure("stop() of an idle chain of 50", "seconds", "s", most(0.1)),),
        {"nodes": 50},
    ),
    Row(
        "startup",
        "startup",
        (
            Figure("500 nodes, configuration to running", "seconds", "s", share(1)),
            Figure("  the same, with what it imports", "process", "s"),
            Figure("500 nodes, threads a node", "threads", "", most(1)),
        ),
        {"chains": 10, "length": 50},
    ),
    Row(
        "idle",
        "idle",
        (
            Figure("idle pipeline of 50, context switches a second", "switches", "", most(5)),
            Figure("idle pipeline of 50, CPU", "cpu", "%", most(0.1)),
        ),
        {"nodes": 50, "seconds": 5},
        {"seconds": 2},
    ),
    _round_trip("warp-64", "64 B", 0.5, 400, size=64),
    _round_trip("warp-1mb", "1 MB", 0.5, 100, size=1_000_000),
    _round_trip("warp-frame", "1920x1080x3", 0.4, 60, frame=True),
    _flood("flood-64", "64 B", 5, size=64),
    _flood("flood-frame", "1920x1080x3", 3, frame=True),
    Row(
        "import",
        "imports",
        (
            Figure("import juturna_core (theirs: juturna)", "seconds", "s", most(0.1)),
            Figure("  of grpc, textual, numpy it loads", "heavy", "", most(0)),
        ),
        {"module": "juturna", "runs": 5},
        {"runs": 3},
        ours_only={"module": "juturna_core"},
    ),
    Row(
        "help",
        "help_text",
        (
            Figure("juturna --help", "seconds", "s", most(0.2)),
            Figure("  of grpc, textual, numpy it loads", "heavy", "", most(0)),
        ),
        {"runs": 5},
        {"runs": 3},
    ),
    Row(
        "reloads",
        "reloads",
        (
            Figure("random reloads under 2000 msg/s, lost", "lost", "", most(0)),
            Figure("  doubled or out of order", "wrong", "", most(0)),
            Figure("  messages", "sent", ""),
            Figure("  reloads", "a_second", "/s"),
        ),
        {"count": 1000, "rate": 2000},
        {"count": 100},
        script="alone.py",
    ),
    Row(
        "save-50",
        "save_to_applied",
        (
            Figure("save to applied, 50 nodes, p50", "p50", "ms", most(100)),
            Figure("save to applied, 50 nodes, p99", "p99", "ms", most(250)),
            Figure("  a node replaced: flow held, p99", "held_p99", "ms", most(5)),
        ),
        {"nodes": 50, "times": 200},
        {"times": 20},
        script="alone.py",
    ),
    Row(
        "save-500",
        "save_to_applied",
        (
            Figure("save to applied, 500 nodes, p50 (bar: 3 x that of 50)", "p50", "ms"),
            Figure("  nodes restarted", "restarted", "", most(1)),
        ),
        {"nodes": 500, "times": 50},
        {"times": 10},
        script="alone.py",
    ),
    Row(
        "warp-switch",
        "warp_switch",
        (
            Figure("warped on and off at 2000 msg/s: flow held, p99", "held_p99", "ms", most(20)),
            Figure("  lost", "lost", "", most(0)),
        ),
        {"times": 200, "rate": 2000},
        {"times": 20},
        script="alone.py",
    ),
    Row(
        "watched",
        "watched",
        (
            Figure("300 nodes, a client at 10 snapshots a second: cost", "cost", "%", most(2)),
            Figure("  its standard error", "error", "%"),
            Figure("  share of the process's CPU, which is less noisy", "share", "%", most(2)),
        ),
        {"nodes": 300, "seconds": 2, "snapshots": 10, "pairs": 30},
        {"pairs": 3},
        script="alone.py",
    ),
    _screen(
        "screen",
        "first",
        Figure("workbench, 12 nodes: start to first boxes", "boxes", "s", most(0.5)),
        nodes=12,
        times=9,
    ),
    _screen(
        "screen-300",
        "first",
        Figure("workbench, 300 nodes: start to first boxes", "boxes", "s", most(0.8)),
        nodes=300,
        times=5,
    ),
    _screen(
        "screen-numbers",
        "first",
        Figure(
            "workbench, 3 nodes that it runs: start to first figures", "figures", "s", most(1.2)
        ),
        nodes=3,
        times=5,
    ),
    _screen(
        "screen-idle",
        "idle",
        Figure("workbench, 12 nodes that idle: CPU", "cpu", "%", most(1.5)),
        nodes=12,
        seconds=20,
    ),
    _screen(
        "screen-load",
        "load",
        Figure("workbench, 12 nodes at 4 refreshes a second: CPU", "cpu", "%", most(5)),
        Figure("  memory", "memory", "MB", most(90)),
        nodes=12,
        seconds=15,
        by=0.1,
    ),
    _screen(
        "screen-load-300",
        "load",
        Figure("workbench, 300 nodes at 4 refreshes a second: CPU", "cpu", "%", most(10)),
        nodes=300,
        seconds=15,
        by=0.1,
    ),
    _screen(
        "screen-load-1000",
        "load",
        Figure("workbench, 1000 nodes: memory", "memory", "MB", most(130)),
        nodes=1000,
        seconds=5,
        by=0.5,
    ),
    _screen(
        "screen-keys",
        "keys",
        Figure("workbench, 300 nodes, 5000 log lines a second: key to screen, p50", "p50", "ms"),
        Figure("  p99", "p99", "ms", most(100)),
        nodes=300,
        lines=5000,
        presses=300,
    ),
    _screen(
        "screen-watched",
        "watched",
        Figure("30 nodes that a workbench looks at: cost", "cost", "%", most(2)),
        Figure("  its standard error", "error", "%"),
        Figure("  share of the process's CPU, which is less noisy", "share", "%", most(2)),
        nodes=30,
        seconds=1,
        pairs=60,
    ),
)
