"""One measurement on one side, in a process of its own: prints its figures as one JSON object.

    PYTHON side.py MEASUREMENT '{"argument": …}'

Run with this folder as working directory, by a Python in which `juturna` is either Juturna or our facade. It uses
nothing but Juturna's public names and the plugins beside it, so that both sides run the same code.
"""

import functools
import itertools
import json
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import types
from collections.abc import Iterator
from contextlib import contextmanager

MS = 1e6  # nanoseconds
WARM_UP = 1.0  # seconds before anything is measured


def without_sleep() -> None:
    """Take away the `time.sleep(0)` that Juturna's source thread calls for every message."""
    import juturna.components._node as module

    module.time = types.SimpleNamespace(  # type: ignore[attr-defined]
        time=time.time, sleep=lambda seconds: time.sleep(seconds) if seconds else None
    )


# --- pipelines ---------------------------------------------------------------------------------------------------


def node(name: str, type_: str, mark: str, **configuration: object) -> dict:
    return {"name": name, "type": type_, "mark": mark, "configuration": configuration}


def link(origin: str, destination: str) -> dict:
    return {"from": origin, "to": destination}


def chain(source: dict, forwards: int, prefix: str = "") -> tuple[list[dict], list[dict]]:
    """`source`, so many forwarding nodes, and a counting sink."""
    nodes = [source]
    nodes += [node(f"{prefix}f{number}", "proc", "forward") for number in range(forwards)]
    nodes.append(node(f"{prefix}k", "sink", "counter"))
    names = [each["name"] for each in nodes]
    return nodes, [link(a, b) for a, b in itertools.pairwise(names)]


def build(nodes: list[dict], links: list[dict]):
    """A pipeline that runs."""
    from juturna.components import Pipeline

    pipeline = Pipeline(
        {
            "version": "1",
            "plugins": ["./plugins"],
            "pipeline": {
                "name": "bench",
                "id": "1",
                "folder": tempfile.mkdtemp(prefix="bench-"),
                "nodes": nodes,
                "links": links,
            },
        }
    )
    pipeline.warmup()
    pipeline.start()
    return pipeline


def rate(sinks: list, seconds: float) -> dict[str, float]:
    """Messages a second that `sinks` receive together, in `seconds` after the warm-up."""

    def total() -> int:
        return sum(sink.received for sink in sinks)

    time.sleep(WARM_UP)
    before, began = total(), time.perf_counter()
    time.sleep(seconds)
    after, ended = total(), time.perf_counter()
    return {"rate": (after - before) / (ended - began)}


def percentile(values: list[int], percent: float) -> float:
    return sorted(values)[min(len(values) - 1, int(len(values) * percent / 100))]


# --- measurements ------------------------------------------------------------------------------------------------


def flow(forwards: int, seconds: float) -> dict[str, float]:
    """A chain at full speed."""
    pipeline = build(*chain(node("s", "source", "numbers"), forwards))
    return rate([pipeline._nodes["k"]], seconds)


def hop(by: float, seconds: float) -> dict[str, float]:
    """From the source's transmit() to the sink's update(), at a gentle rate."""
    pipeline = build(*chain(node("s", "source", "numbers", by=by, stamp=True), 0))
    sink = pipeline._nodes["k"]
    time.sleep(WARM_UP)
    sink.latencies.clear()
    time.sleep(seconds)
    taken = list(sink.latencies)
    return {"p50": percentile(taken, 50) / MS, "p99": percentile(taken, 99) / MS, "n": len(taken)}


def fan_out(width: int, seconds: float) -> dict[str, float]:
    sinks = [f"k{number}" for number in range(width)]
    nodes = [node("s", "source", "numbers"), *(node(name, "sink", "counter") for name in sinks)]
    pipeline = build(nodes, [link("s", name) for name in sinks])
    return rate([pipeline._nodes[name] for name in sinks], seconds)


def fan_in(width: int, seconds: float) -> dict[str, float]:
    sources = [f"s{number}" for number in range(width)]
    nodes = [*(node(name, "source", "numbers") for name in sources), node("k", "sink", "counter")]
    pipeline = build(nodes, [link(name, "k") for name in sources])
    return rate([pipeline._nodes["k"]], seconds)


def stop(nodes: int) -> dict[str, float]:
    """stop() of a chain in which nothing happens."""
    pipeline = build(*chain(node("s", "source", "silent"), nodes - 2))
    time.sleep(WARM_UP / 2)
    began = time.perf_counter()
    pipeline.stop()
    return {"seconds": time.perf_counter() - began}


def startup(chains: int, length: int) -> dict[str, float]:
    """From a configuration to a running pipeline, and the threads that this takes.

    Imports are not what is measured here, whenever a side makes them: a pipeline of two nodes has run before.
    `process` has them: from before the first import.
    """
    imported = time.perf_counter()
    import juturna.components  # noqa: F401

    build(*chain(node("first", "source", "silent"), 0, "first_"))
    imported = time.perf_counter() - imported
    nodes, links = [], []
    for number in range(chains):
        more = chain(node(f"s{number}", "source", "silent"), length - 2, f"c{number}_")
        nodes += more[0]
        links += more[1]
    threads = threading.active_count()
    began = time.perf_counter()
    build(nodes, links)
    seconds = time.perf_counter() - began
    return {
        "seconds": seconds,
        "process": imported + seconds,
        "threads": (threading.active_count() - threads) / len(nodes),
    }


def idle(nodes: int, seconds: float) -> dict[str, float]:
    """Context switches and CPU time of a pipeline in which nothing happens."""
    build(*chain(node("s", "source", "silent"), nodes - 2))
    time.sleep(WARM_UP)
    switches, cpu, began = _context_switches(), time.process_time(), time.perf_counter()
    time.sleep(seconds)
    took = time.perf_counter() - began
    cpu = time.process_time() - cpu
    return {
        "switches": (_context_switches() - switches) / took,
        "cpu": 100 * cpu / took,
    }


def _context_switches() -> int:
    total = 0
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/status") as status:
            total += sum(int(line.split()[1]) for line in status if "ctxt_switches" in line)
    return total


@contextmanager
def remote() -> Iterator[int]:
    """An echo node behind `python -m juturna remotize`, spelt as both sides take it; its port."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory(
        prefix="bench-remote-"
    ) as folder:  # it makes folders where it runs
        os.symlink(os.path.abspath("plugins"), os.path.join(folder, "plugins"))
        with open(os.path.join(folder, "default.json"), "w") as config:
            config.write("{}")
        command = [sys.executable, "-m", "juturna", "remotize", "--node-name", "echo"]
        command += ["--node-mark", "echo", "--plugin-dir", "./plugins", "--pipe-name", "bench"]
        command += ["--default-config", "default.json", "--port", str(port)]
        process = subprocess.Popen(
            command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        try:
            _wait_for(port, process)
            yield port
        finally:
            process.kill()
            process.wait()


def _wait_for(port: int, process: subprocess.Popen) -> None:
    for _ in range(600):
        if process.poll() is not None:
            raise RuntimeError(f"the remote ended with {process.returncode}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            time.sleep(0.05)
    raise RuntimeError("the remote does not listen")


def _warped(port: int, **source: object) -> tuple[list[dict], list[dict]]:
    nodes, links = chain(node("s", "source", "numbers", **source), 1)
    nodes[1].update(
        mark="echo",
        warped=True,
        warp_configuration={"grpc_host": "127.0.0.1", "grpc_port": port, "timeout": 30},
    )
    return nodes, links


def round_trip(count: int, **source: object) -> dict[str, float]:
    """From the source to the sink behind a warped node, one message on its way at a time."""
    with remote() as port:
        pipeline = build(*_warped(port, closed=True, **source))
        origin, sink = pipeline._nodes["s"], pipeline._nodes["k"]
        taken: list[int] = []
        done = threading.Event()

        def arrived(_: object) -> None:
            taken.append(time.perf_counter_ns() - origin.sent_ns)
            if len(taken) < count:
                origin.go.set()
            else:
                done.set()

        sink.on_message = arrived
        if sink.received:  # the first was quicker than we
            origin.go.set()
        done.wait(120)
        measured = taken[len(taken) // 10 :]  # the first tenth warms up
        return {"p50": statistics.median(measured) / MS, "p99": percentile(measured, 99) / MS}


def flood(seconds: float, **source: object) -> dict[str, float]:
    """A warped node at full speed."""
    with remote() as port:
        pipeline = build(*_warped(port, **source))
        return rate([pipeline._nodes["k"]], seconds)


def imports(module: str, runs: int) -> dict[str, object]:
    """Seconds to import `module`, and which of the heavy packages that loads."""
    code = (
        "import sys, time; began = time.perf_counter(); import {0}; took = time.perf_counter() - began; "
        "heavy = [n for n in ('grpc', 'textual', 'numpy') if n in sys.modules]; print(took, *heavy)"
    )
    taken, heavy = [], set()
    for _ in range(runs):
        words = _output([sys.executable, "-c", code.format(module)]).split()
        taken.append(float(words[0]))
        heavy |= set(words[1:])
    return {"seconds": min(taken), "heavy": len(heavy), "names": sorted(heavy)}


def help_text(runs: int) -> dict[str, object]:
    """Seconds for `python -m juturna --help`, the interpreter's start included, and what it loads."""
    taken = []
    for _ in range(runs):
        began = time.perf_counter()
        _output([sys.executable, "-m", "juturna", "--help"])
        taken.append(time.perf_counter() - began)
    traced = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "juturna", "--help"],
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = {line.rsplit("|", 1)[-1].strip() for line in traced.stderr.splitlines()}
    heavy = sorted(loaded & {"grpc", "textual", "numpy"})
    return {"seconds": min(taken), "heavy": len(heavy), "names": heavy}


def _output(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


MEASUREMENTS = {
    each.__name__: each
    for each in (
        flow,
        hop,
        fan_out,
        fan_in,
        stop,
        startup,
        idle,
        round_trip,
        flood,
        imports,
        help_text,
    )
}


def main() -> None:
    call, arguments = sys.argv[1], json.loads(sys.argv[2])
    if arguments.pop("sleepless", False):
        without_sleep()
    figures = functools.partial(MEASUREMENTS[call], **arguments)()
    print(json.dumps(figures), flush=True)
    os._exit(0)  # Juturna's own stop takes seconds a node, and this process has said what it knows


if __name__ == "__main__":
    main()
