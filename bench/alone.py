"""One measurement of what only this project does, in a process of its own: prints its figures as one JSON object.

    PYTHON alone.py MEASUREMENT '{"argument": …}'

As side.py, whose other side has nothing like it: pipelines that change while they run.
"""

import functools
import itertools
import json
import math
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from side import link, node, percentile, remote

from juturna_core.config import PipelineConfig
from juturna_core.follow import FileFollower
from juturna_core.session import Session

PLUGINS = str(Path(__file__).parent / "plugins")


class Rig:
    """A pipeline file that runs and is followed."""

    def __init__(self, nodes: list[dict], links: list[dict]) -> None:
        self.nodes = {each["name"]: each for each in nodes}
        self.links = links
        self.path = Path(tempfile.mkdtemp(prefix="bench-")) / "pipe.json"
        self.save()
        self.session = Session(self.path)
        self.session.load()
        self.pipeline = self.session.pipeline
        self.pipeline.warmup()
        self.pipeline.start()

    @property
    def document(self) -> dict:
        pipeline = {
            "name": "bench",
            "id": "1",
            "folder": str(self.path.parent / "out"),
            "nodes": list(self.nodes.values()),
            "links": self.links,
        }
        return {"version": "1", "plugins": [PLUGINS], "pipeline": pipeline}

    def save(self) -> None:
        beside = self.path.with_suffix(".new")
        beside.write_text(json.dumps(self.document, indent=2))
        os.replace(beside, self.path)

    def serve(self) -> str:
        """Answer clients; the address."""
        from juturna_core.control.local import LocalControl
        from juturna_core.control.logs import LogRing
        from juturna_core.control.server import Server

        socket = self.path.parent / "control.sock"
        self._server = Server(LocalControl(self.session, LogRing("bench")))
        self._server.listen_unix(socket)
        return f"unix:{socket}"

    def apply(self):
        config = PipelineConfig.from_dict(self.document)
        return self.pipeline.apply(config, catalog=self.pipeline._catalog)

    def change(self, name: str, **arguments: object) -> None:
        self.nodes[name] = {
            **self.nodes[name],
            "configuration": {**self.nodes[name]["configuration"], **arguments},
        }

    def warp(self, name: str, port: int | None) -> None:
        place = {"warped": port is not None}
        if port is not None:
            place["warp_configuration"] = {"grpc_host": "127.0.0.1", "grpc_port": port}
        self.nodes[name] = {**self.nodes[name], **place}


def chain(source: dict, steps: int) -> tuple[list[dict], list[dict]]:
    nodes = [
        source,
        *(node(f"p{number}", "proc", "step", tag=0, live=0) for number in range(steps)),
        node("k", "sink", "checker"),
    ]
    return nodes, [link(a["name"], b["name"]) for a, b in itertools.pairwise(nodes)]


def chains(nodes: int, length: int, source: dict) -> tuple[list[dict], list[dict]]:
    """`nodes` in chains of `length`."""
    made, links = [], []
    for number in range(nodes // length):
        chain = [
            {**source, "name": f"s{number}"},
            *(node(f"p{number}_{step}", "proc", "step") for step in range(length - 2)),
            node(f"k{number}", "sink", "checker"),
        ]
        made += chain
        links += [link(a["name"], b["name"]) for a, b in itertools.pairwise(chain)]
    return made, links


def in_a_row(rig: Rig, names: list[str]) -> None:
    rig.nodes = {
        "s": rig.nodes["s"],
        **{
            name: rig.nodes.get(name) or node(name, "proc", "step", tag=0, live=0) for name in names
        },
        "k": rig.nodes["k"],
    }
    rig.links = [link(a, b) for a, b in itertools.pairwise(rig.nodes)]


def reloads(count: int, rate: float) -> dict[str, float]:
    """Random changes under load: what became of the messages."""
    rig = Rig(*chain(node("s", "source", "numbers", by=1 / rate), 4))
    sink = rig.pipeline._nodes["k"]
    choose, fresh, held = random.Random(1), itertools.count(), []
    with remote() as port:
        began = time.perf_counter()
        for _ in range(count):
            way = [name for name in rig.nodes if name not in "sk"]
            name = choose.choice(way)
            match choose.randrange(7):
                case 0:
                    rig.change(name, live=choose.random())
                case 1:
                    rig.change(name, tag=choose.random())
                case 2 if len(way) < 8:
                    way.insert(choose.randrange(len(way) + 1), f"n{next(fresh)}")
                case 3 if len(way) > 1:
                    way.remove(name)
                case 4:
                    way[way.index(name)] = f"n{next(fresh)}"
                case 5:
                    choose.shuffle(way)
                case _:
                    rig.warp(name, None if rig.nodes[name].get("warped") else port)
            in_a_row(rig, way)
            held.append(rig.apply().held_seconds)
        seconds = time.perf_counter() - began
        report = rig.pipeline.stop(10)
    sent = rig.pipeline.stats()["s"].transmitted
    return {
        "lost": report.lost + sent - sink.received,
        "wrong": len(sink.wrong),
        "sent": sent,
        "a_second": count / seconds,
        "held_p99": percentile(held, 99) * 1e3,
    }


def save_to_applied(nodes: int, times: int) -> dict[str, float]:
    """From the last write of the file to its event, one argument of one node changed; and how long nodes were held."""
    rig = Rig(*chain(node("s", "source", "numbers", by=0.01), nodes - 2))
    follower = FileFollower(rig.session)
    follower.start()
    took, held, restarted = [], [], []
    for number in range(times):
        rig.change(f"p{number % (nodes - 2)}", tag=number + 1)
        after = rig.pipeline.events.ring.since()[2]
        rig.save()
        began = time.perf_counter()
        event = rig.pipeline.events.wait("applied", after=after, timeout=30)
        took.append(time.perf_counter() - began)
        held.append(float(event.text.rpartition("held ")[2].split()[0]))
        restarted.append(event.text.count(": tag"))
    follower.stop()
    return {
        "p50": percentile(took, 50) * 1e3,
        "p99": percentile(took, 99) * 1e3,
        "held_p99": percentile(held, 99),
        "restarted": max(restarted),
    }


def warp_switch(times: int, rate: float) -> dict[str, float]:
    """`warped` on and off under load: how long the flow was held."""
    rig = Rig(*chain(node("s", "source", "numbers", by=1 / rate), 1))
    sink, held = rig.pipeline._nodes["k"], []
    with remote() as port:
        for number in range(times):
            rig.warp("p0", None if number % 2 else port)
            held.append(rig.apply().held_seconds)
            wanted = sink.received + rate * 0.05
            while sink.received < wanted:
                time.sleep(0.002)
        lost = rig.pipeline.stop(10).lost + len(sink.wrong)
    return {
        "held_p50": percentile(held, 50) * 1e3,
        "held_p99": percentile(held, 99) * 1e3,
        "lost": lost,
    }


def watched(nodes: int, seconds: float, snapshots: float, pairs: int) -> dict[str, float]:
    """The share of its throughput that a pipeline loses to a client that asks for its numbers again and again."""
    rig = Rig(*chains(nodes, 10, node("", "source", "numbers")))
    with _client(rig.serve(), snapshots) as process:
        return cost(rig, process, seconds, pairs)


def cost(rig: Rig, client: int, seconds: float, pairs: int) -> dict[str, float]:
    """What is taken in less while the process `client` looks than while it is stopped, in pairs of `seconds`.

    Both halves of a pair are next to each other, in random order, since a machine is not as fast now as it was; what
    counts is all that nodes took in, since what sinks get comes in bursts. `error` is the standard error of `cost`;
    `share` is what the threads that answer had of the CPU of the process.
    """
    workers = [worker for _, worker in rig.pipeline.running_nodes()]
    choose, costs, shares = random.Random(1), [], []
    time.sleep(5)
    for _ in range(pairs):
        rates = {}
        for number in choose.sample((signal.SIGCONT, signal.SIGSTOP), 2):
            os.kill(client, number)
            time.sleep(0.2)
            before = _cpu_of_control(), time.process_time()
            rates[number] = _rate(workers, seconds)
            after = _cpu_of_control(), time.process_time()
            if number == signal.SIGCONT:
                shares.append((after[0] - before[0]) / (after[1] - before[1]))
        costs.append(-math.log(rates[signal.SIGCONT] / rates[signal.SIGSTOP]))
    os.kill(client, signal.SIGCONT)
    return {
        "cost": 100 * statistics.mean(costs),
        "error": 100 * statistics.stdev(costs) / math.sqrt(pairs),
        "share": 100 * statistics.mean(shares),
    }


def _cpu_of_control() -> float:
    """Seconds of CPU that the threads which answer clients have had."""
    mine = [each.native_id for each in threading.enumerate() if each.name.startswith("control")]
    ticks = 0
    for thread in mine:
        fields = Path(f"/proc/self/task/{thread}/stat").read_text().rpartition(")")[2].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _rate(workers: list, seconds: float) -> float:
    before, began = sum(each.received for each in workers), time.perf_counter()
    time.sleep(seconds)
    after = sum(each.received for each in workers)
    return (after - before) / (time.perf_counter() - began)


@contextmanager
def _client(address: str, snapshots: float) -> Iterator[int]:
    """A process of its own that asks `snapshots` times a second; its id."""
    code = (
        "import sys, time\n"
        "from juturna_core.control.client import Client\n"
        f"client = Client('{address}')\n"
        "client.stats()\n"
        "print('there', flush=True)\n"
        "while True:\n"
        f"    client.stats(); time.sleep(1 / {snapshots})\n"
    )
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as process:
        process.stdout.readline()
        try:
            yield process.pid
        finally:
            process.kill()


MEASUREMENTS = {each.__name__: each for each in (reloads, save_to_applied, warp_switch, watched)}


def main() -> None:
    call, arguments = sys.argv[1], json.loads(sys.argv[2])
    print(json.dumps(functools.partial(MEASUREMENTS[call], **arguments)()), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
