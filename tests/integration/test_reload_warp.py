"""A node moves to another machine and back under load, and its remote comes and goes meanwhile."""

from __future__ import annotations

import pytest

from juturna_core.errors import JuturnaError
from juturna_core.reload import Patience
from juturna_core.settings import Settings
from tests.reloading import Rig, Ticker, in_order, rig, step
from tests.remotes import RemoteProcess, free_port
from tests.runtime import eventually


def warp(rig: Rig, port: int, **keys: object) -> None:
    place = {"grpc_host": "127.0.0.1", "grpc_port": port, **keys}
    rig.nodes["p"] |= {"warped": True, "warp_configuration": place}


def unwarp(rig: Rig) -> None:
    rig.nodes["p"]["warped"] = False


def all_arrived(rig: Rig) -> None:
    assert rig.pipeline.stop(10).lost == 0
    assert in_order(rig.seen)
    assert len(rig.seen) == next(Ticker.numbers)
    stats = rig.pipeline.stats()  # what was handed back to be done again was received once
    assert stats["p"].received == stats["k"].received == len(rig.seen)


@pytest.mark.parametrize("by", [0.0005, 0])
def test_a_node_moves_there_and_back_and_no_message_is_lost(by: float) -> None:
    with (
        RemoteProcess() as remote,
        rig(step(), by=by, settings=Settings(max_queue_size=99)) as made,
    ):
        for _ in range(4):
            made.more()
            warp(made, remote.port)
            assert made.apply().lost == 0
            eventually(lambda: made.pipeline.stats()["p"].round_trip is not None)
            made.more(100)
            unwarp(made)
            assert made.apply().lost == 0
        made.more(100)
        all_arrived(made)


def test_a_node_comes_home_from_a_remote_that_died() -> None:
    """What the remote had not answered is done here."""
    with RemoteProcess() as remote, rig(step()) as made:
        warp(made, remote.port)
        made.apply()
        made.more(50)
        remote.kill()
        eventually(lambda: "not there" in made.pipeline.stats()["p"].status_text)
        eventually(lambda: made.pipeline.stats()["p"].in_flight > 0)
        unwarp(made)
        report = made.apply()
        assert report.lost == 0
        assert report.carried > 0
        made.more(100)
        all_arrived(made)


def test_a_node_comes_home_from_a_remote_that_is_frozen() -> None:
    with RemoteProcess() as remote, rig(step()) as made:
        warp(made, remote.port)
        made.apply()
        made.more(50)
        remote.freeze()
        eventually(lambda: made.pipeline.stats()["p"].status_text)
        unwarp(made)
        assert made.apply().lost == 0
        made.more(100)
        remote.thaw()
        all_arrived(made)


def test_a_node_goes_from_one_machine_to_another() -> None:
    with RemoteProcess() as one, RemoteProcess() as other, rig(step()) as made:
        warp(made, one.port)
        made.apply()
        made.more(50)
        warp(made, other.port)
        assert made.apply().restarted.keys() == {"p"}
        made.more(50)
        assert made.pipeline.stats()["p"].where == f"127.0.0.1:{other.port}"
        one.kill()
        made.more(50)
        all_arrived(made)


def test_a_node_moves_to_a_remote_that_is_not_there_yet() -> None:
    port = free_port()
    with rig(step()) as made:
        made.more()
        warp(made, port)
        made.apply()
        eventually(lambda: "not there" in made.pipeline.stats()["p"].status_text)
        with RemoteProcess(port=port):
            made.more(100)
            all_arrived(made)


def test_a_neighbour_is_removed_while_the_remote_is_away() -> None:
    """The node in front cannot finish what is under way; the change does not wait for ever, and nothing is lost."""
    with RemoteProcess() as remote, rig(step(), step("q")) as made:
        warp(made, remote.port)
        made.apply()
        made.more(50)
        remote.kill()
        eventually(lambda: "not there" in made.pipeline.stats()["p"].status_text)
        del made.nodes["q"]
        made.links = [("s", "p"), ("p", "k")]
        assert made.apply(patience=Patience(drain=3)).lost == 0
        remote.start()
        made.more(100)
        all_arrived(made)


def test_a_node_whose_remote_is_away_is_not_overtaken() -> None:
    """It stays, and what it has under way would come behind what takes the new way: the change is refused."""
    with RemoteProcess() as remote, rig(step(), by=0.02) as made:
        warp(made, remote.port)
        made.apply()
        made.more(5)
        remote.kill()
        eventually(lambda: made.pipeline.stats()["p"].in_flight > 0)
        eventually(lambda: "not there" in made.pipeline.stats()["p"].status_text)
        made.links = [("s", "k"), ("p", "k")]
        with pytest.raises(JuturnaError, match=r"p does not get through: remote .* is not there"):
            made.apply(patience=Patience(drain=3))
        remote.start()
        made.more(10)
        all_arrived(made)


def test_a_node_that_is_removed_while_its_remote_is_away_says_what_it_lost() -> None:
    with RemoteProcess() as remote, rig(step(), by=0.02) as made:
        warp(made, remote.port)
        made.apply()
        made.more(5)
        remote.kill()
        eventually(lambda: made.pipeline.stats()["p"].in_flight > 0)
        eventually(lambda: "not there" in made.pipeline.stats()["p"].status_text)
        del made.nodes["p"]
        made.links = [("s", "k")]
        lost = made.apply(patience=Patience(drain=1)).lost_by_node
        assert lost["p"] > 0
        made.more(10)
        made.pipeline.stop()
        assert made.seen == sorted(made.seen)
        assert len(made.seen) == next(Ticker.numbers) - lost["p"]
