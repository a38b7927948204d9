"""Files that change in the ways in which editors, deployments and people change them, and who is told."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import pytest

from juturna_core.errors import StateError
from juturna_core.notify import Inotify, Watchfiles
from juturna_core.watch import FileWatch, PluginWatch, Watch
from tests.runtime import DEADLINE, eventually, threads

KERNEL_ONLY = pytest.mark.parametrize("source", ["kernel"], indirect=True)


@pytest.fixture(params=["kernel", "watchfiles"], autouse=True)
def source(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """What tells of events: nobody may see a difference, but for what is marked."""
    monkeypatch.delenv("WATCHFILES_FORCE_POLLING", raising=False)
    if request.param == "watchfiles":
        monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "false")
    elif sys.platform != "linux":
        pytest.skip("only Linux has inotify")
    return str(request.param)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "etc" / "c.json"
    file.parent.mkdir()
    file.write_text("10")
    return file


class Ear:
    """Keeps what a watch says; each is waited for with a deadline."""

    def __init__(self) -> None:
        self.changes: SimpleQueue[Any] = SimpleQueue()
        self.problems: SimpleQueue[str] = SimpleQueue()

    def change(self) -> Any:
        return self.changes.get(timeout=DEADLINE)

    def problem(self) -> str:
        return self.problems.get(timeout=DEADLINE)

    def heard_all(self) -> bool:
        return self.changes.empty() and self.problems.empty()


@contextmanager
def following(path: Path, debounce: float = 0.05) -> Iterator[Ear]:
    ear = Ear()
    watch = FileWatch(path, ear.changes.put, debounce=debounce, problem=ear.problems.put)
    with running(watch):
        yield ear
    assert ear.heard_all()


@contextmanager
def running(watch: Watch) -> Iterator[None]:
    """It has had its first look, which would find what a watch that hears nothing does not."""
    look, looked = watch._look, threading.Event()
    watch._look = lambda: (look(), looked.set())
    watch.start()
    try:
        assert looked.wait(DEADLINE)
        yield
    finally:
        watch.stop()


def save(path: Path, text: str) -> None:
    """As editors do that want no half file: another one, renamed onto it."""
    beside = path.with_name(f"{path.name}.tmp")
    beside.write_text(text)
    os.replace(beside, path)


def point(link: Path, target: str) -> None:
    beside = link.with_name(f"{link.name}.tmp")
    beside.symlink_to(target)
    os.replace(beside, link)


def test_importing_it_loads_neither_watchfiles_nor_ctypes() -> None:
    code = (
        "import juturna_core.watch, sys; assert not {'watchfiles', 'ctypes'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=DEADLINE)


def test_each_save_by_rename_is_one_change(path: Path) -> None:
    """Case 1."""
    with following(path) as ear:
        for rate in ("10\n", "20", "30", "20"):
            save(path, rate)
            assert ear.change() == rate.encode()


def test_a_link_that_is_pointed_elsewhere_is_one_change(path: Path) -> None:
    """Case 3."""
    for version in ("v1", "v2"):
        (path.parent / f"{version}.json").write_text(version)
    link = path.with_name("link.json")
    link.symlink_to("v1.json")
    with following(link) as ear:
        point(link, "v2.json")
        assert ear.change() == b"v2"
        (path.parent / "v1.json").write_text("nobody's any more")
        save(path.parent / "v2.json", "where it points now")
        assert ear.change() == b"where it points now"


def test_a_half_that_is_left_quiet_is_reported_and_so_is_the_whole(path: Path) -> None:
    """Case 11: what half a file means is for the reader to say; the rest of it is not missed."""
    with following(path) as ear:
        with path.open("w") as file:
            file.write('{"pipe')
            file.flush()
            assert ear.change() == b'{"pipe'
            file.write('line": {}}')
            file.flush()
            assert ear.change() == b'{"pipeline": {}}'
        path.unlink()
        assert ear.problem() == f"{path} is gone; waiting for it to come back"
        path.write_text("an unknown mark")
        assert ear.change() == b"an unknown mark"


def test_a_file_that_comes_back_as_it_was_has_not_changed(path: Path) -> None:
    with following(path) as ear:
        for _ in range(2):
            path.unlink()
            assert "is gone" in ear.problem()
            path.write_text("10")
            os.utime(path)
            save(path, "20")
            assert ear.change() == b"20"
            save(path, "10")
            assert ear.change() == b"10"


def test_a_file_need_not_be_there_yet(tmp_path: Path) -> None:
    path = tmp_path / "not" / "yet" / "c.json"
    with following(path) as ear:
        assert "is gone" in ear.problem()
        path.parent.mkdir(parents=True)
        path.write_text("10")
        assert ear.change() == b"10"


def test_a_backup_by_rename_and_a_new_file_is_one_change(path: Path) -> None:
    """What vim does."""
    with following(path, debounce=0.3) as ear:
        backup = path.with_name("c.json~")
        path.with_name("4913").touch()
        path.with_name("4913").unlink()
        path.rename(backup)
        path.write_text("20")
        backup.unlink()
        assert ear.change() == b"20"


def test_a_mounted_config_map_changes_by_a_link_to_its_folder(tmp_path: Path) -> None:
    for version in ("1", "2", "3"):
        (tmp_path / f"..2024_{version}").mkdir()
        (tmp_path / f"..2024_{version}" / "c.json").write_text(version)
    (tmp_path / "..data").symlink_to("..2024_1/")
    (tmp_path / "c.json").symlink_to("..data/c.json")
    with following(tmp_path / "c.json") as ear:
        for version in ("2", "3"):
            point(tmp_path / "..data", f"..2024_{version}")
            shutil.rmtree(tmp_path / f"..2024_{int(version) - 1}")
            assert ear.change() == version.encode()


def test_every_link_of_a_chain_counts_and_so_does_its_end(tmp_path: Path) -> None:
    first, second, store = (tmp_path / name for name in ("first", "second", "store"))
    for folder in (first, second, store):
        folder.mkdir()
    (store / "a").write_text("a")
    (store / "b").write_text("b")
    (second / "link").symlink_to("../store/../store/a")
    (first / "c.json").symlink_to(second / "link")
    with following(first / "c.json") as ear:
        (store / "a").write_text("a, in place")
        assert ear.change() == b"a, in place"
        point(second / "link", "../store/b")
        assert ear.change() == b"b"
        save(store / "b", "b, by rename")
        assert ear.change() == b"b, by rename"
        point(first / "c.json", "c.json")
        assert "symbolic links" in ear.problem()
        save(first / "c.json", "a file")
        assert ear.change() == b"a file"


@pytest.mark.parametrize("in_use", [False, True])
def test_a_folder_may_be_deleted_and_made_again(path: Path, in_use: bool) -> None:
    with following(path) as ear:
        for text in ("20", "30"):
            handle = os.open(path.parent, os.O_RDONLY)
            if not in_use:
                os.close(handle)
            shutil.rmtree(path.parent)
            assert "is gone" in ear.problem()
            path.parent.mkdir()
            path.write_text(text)
            assert ear.change() == text.encode()
            if in_use:
                os.close(handle)
        shutil.rmtree(path.parent)
        path.parent.mkdir()
        path.write_text("at once")
        assert ear.change() == b"at once"


@KERNEL_ONLY
def test_a_folder_further_up_may_be_replaced(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    shutil.copytree(tmp_path / "a", tmp_path / "other")
    (tmp_path / "a" / "b" / "c.json").write_text("10")
    (tmp_path / "other" / "b" / "c.json").write_text("20")
    with following(tmp_path / "a" / "b" / "c.json") as ear:
        (tmp_path / "a").rename(tmp_path / "old")
        (tmp_path / "other").rename(tmp_path / "a")
        assert ear.change() == b"20"
        save(tmp_path / "a" / "b" / "c.json", "30")
        assert ear.change() == b"30"


@KERNEL_ONLY
def test_a_file_may_be_written_by_another_name_that_it_has(path: Path, tmp_path: Path) -> None:
    """So it is with a single file that is mounted into a container."""
    os.link(path, tmp_path / "outside.json")
    with following(path) as ear:
        (tmp_path / "outside.json").write_text("20")
        assert ear.change() == b"20"


def test_what_is_no_file_is_a_problem_until_it_is_one(path: Path) -> None:
    with following(path) as ear:
        path.unlink()
        os.mkfifo(path)
        assert ear.problem() == f"{path} cannot be read: it is no regular file"
        save(path, "20")
        assert ear.change() == b"20"


def test_two_saves_within_the_debounce_are_one_change(path: Path) -> None:
    with following(path, debounce=0.5) as ear:
        save(path, "20")
        save(path, "30")
        assert ear.change() == b"30"


def test_a_file_that_is_never_quiet_is_looked_at(path: Path) -> None:
    enough = threading.Event()

    def write() -> None:
        number = 0
        while not enough.is_set():
            path.write_text(str(number := number + 1))

    ear = Ear()
    with running(FileWatch(path, ear.changes.put, debounce=0.05)), threads(write):
        ear.change()
        enough.set()


def test_saves_while_the_callback_runs_are_not_lost(path: Path) -> None:
    ear, go_on = Ear(), threading.Event()

    def changed(content: bytes) -> None:
        ear.changes.put(content)
        assert go_on.wait(DEADLINE)

    with running(FileWatch(path, changed, problem=ear.problems.put)):
        save(path, "20")
        assert ear.change() == b"20"
        save(path, "30")
        save(path, "40")
        go_on.set()
        assert ear.change() == b"40"
    assert ear.heard_all()


def test_what_a_callback_raises_is_a_problem_and_not_the_end(path: Path) -> None:
    ear = Ear()

    def changed(content: bytes) -> None:
        ear.changes.put(content)
        raise ValueError(content.decode())

    def problem(text: str) -> None:
        ear.problems.put(text)
        raise KeyError("of the one who is told")

    with running(FileWatch(path, changed, problem=problem)):
        for rate in ("20", "30"):
            save(path, rate)
            assert ear.change() == rate.encode()
            assert ear.problem() == f"ValueError: {rate}"


def test_what_we_wrote_ourselves_is_not_reported(path: Path) -> None:
    ear = Ear()
    watch = FileWatch(path, ear.changes.put)
    with running(watch):
        watch.known(b"ours")
        save(path, "not yet ours")
        assert ear.change() == b"not yet ours"
        watch.known(b"older")
        watch.known(b"ours")
        save(path, "ours")
        eventually(lambda: watch._last == b"ours")
        save(path, "theirs")
        assert ear.change() == b"theirs"
        save(path, "ours")
        assert ear.change() == b"ours", "brought back by somebody else"
        watch.known(b"never written")
        save(path, "theirs")
        assert ear.change() == b"theirs"
        save(path, "never written")
        assert ear.change() == b"never written"
    assert ear.heard_all()


def test_what_was_read_before_is_what_the_file_is_compared_with(path: Path) -> None:
    """Between reading a file and watching it somebody may save it."""
    ear = Ear()
    watch = FileWatch(path, ear.changes.put)
    watch.known(b"read a moment ago")
    with running(watch):
        assert ear.change() == b"10"


def test_a_neighbour_wakes_nobody(path: Path, source: str) -> None:
    heard = Inotify() if source == "kernel" else Watchfiles()
    heard.watch({str(path.parent): {"c.json"}})
    save(path.with_name("other.json"), "20")
    assert not heard.wait(0.2)
    path.touch()
    assert heard.wait(DEADLINE)
    heard.close()


def test_a_neighbours_name_may_be_no_text(path: Path) -> None:
    """For watchfiles that is an error."""
    with following(path) as ear:
        for rate in ("20", "30"):
            path.with_name(os.fsdecode(b"\xff" + rate.encode())).touch()
            save(path, rate)
            assert ear.change() == rate.encode()


@KERNEL_ONLY
def test_a_watch_sleeps_while_nothing_happens(path: Path) -> None:
    def wakeups() -> int:
        status = Path(f"/proc/self/task/{watch._thread.native_id}/status").read_text()
        return int(status.split("\nvoluntary_ctxt_switches:")[1].split()[0])

    ear = Ear()
    watch = FileWatch(path, ear.changes.put, debounce=0.01)
    with running(watch):
        save(path, "20")
        ear.change()
        watch._thread.join(0.2)  # it goes to sleep, and does not end
        before = wakeups()
        watch._thread.join(1.0)
        assert wakeups() == before


def test_polling_is_the_users_choice(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WATCHFILES_FORCE_POLLING", "1")
    monkeypatch.setenv("WATCHFILES_POLL_DELAY_MS", "30")
    os.utime(path, (1, 1))  # it compares whole seconds
    with following(path) as ear:
        save(path, "another length")
        assert ear.change() == b"another length"


def test_nothing_is_left_after_stop(path: Path, source: str) -> None:
    def left() -> int:
        return len(os.listdir("/proc/self/fd"))

    with following(path):
        pass  # what is loaded once is loaded
    before, running_before = left(), set(threading.enumerate())
    for rate in ("1", "2", "3"):
        with following(path) as ear:
            save(path, rate)
            ear.change()
        assert set(threading.enumerate()) == running_before
        assert source == "watchfiles" or left() == before
    eventually(lambda: left() <= before)  # the thread inside watchfiles ends when it likes


def test_stop_may_come_at_any_time_and_start_once(path: Path) -> None:
    ear, watches = Ear(), list[Watch]()

    def changed(content: bytes) -> None:
        watches[0].stop()
        ear.changes.put(content)

    watches.append(FileWatch(path, changed))
    watches[0].stop()
    watches[0].start()
    save(path, "20")
    with pytest.raises(StateError):
        watches[0].start()
    assert ear.change() == b"20"
    watches[0].stop()
    watches[0].stop()
    assert ear.heard_all()


@pytest.fixture
def plugins(tmp_path: Path) -> Path:
    root = tmp_path / "plugins"
    for name in (
        "nodes/proc/_a/a.py",
        "nodes/proc/_a/config.toml",
        "nodes/x/y/_b/b.py",
        "lib/h.py",
    ):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("# old")
    return root


@contextmanager
def following_plugins(*folders: Path, debounce: float = 0.05) -> Iterator[Ear]:
    ear = Ear()
    watch = PluginWatch(folders, ear.changes.put, debounce=debounce, problem=ear.problems.put)
    with running(watch):
        yield ear
    assert ear.heard_all()


@pytest.mark.parametrize(
    ("file", "reported"),
    [
        ("nodes/proc/_a/a.py", "nodes/proc/_a"),
        ("nodes/proc/_a/config.toml", "nodes/proc/_a"),
        ("nodes/x/y/_b/b.py", "nodes/x/y/_b"),
        ("lib/h.py", "lib"),
    ],
)
def test_a_plugin_is_reported_by_its_folder(plugins: Path, file: str, reported: str) -> None:
    with following_plugins(plugins) as ear:
        save(plugins / file, "# new")
        assert ear.change() == {plugins / reported}
        (plugins / file).unlink()
        assert ear.change() == {plugins / reported}


def test_what_is_saved_between_the_reading_and_the_start_is_news(plugins: Path) -> None:
    ear = Ear()
    watch = PluginWatch([plugins], ear.changes.put, problem=ear.problems.put)
    watch.known()
    save(plugins / "nodes/proc/_a/a.py", "# new")
    with running(watch):
        assert ear.change() == {plugins / "nodes/proc/_a"}
    assert ear.heard_all()


def test_what_changes_no_code_is_not_reported(plugins: Path) -> None:
    folder = plugins / "nodes/proc/_a"
    with following_plugins(plugins) as ear:
        os.utime(folder / "a.py")
        (folder / "__pycache__").mkdir()
        for name in ("__pycache__/a.py", ".a.py.swp", ".#a.py", "a.py~", "4913", "notes.md"):
            (folder / name).write_text("# noise")
        save(folder / "config.toml", "# old")
        save(plugins / "lib/h.py", "# new")
        assert ear.change() == {plugins / "lib"}


def test_several_plugins_saved_at_once_are_one_call(plugins: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(plugins, other)
    with following_plugins(plugins, other, debounce=0.5) as ear:
        save(plugins / "nodes/proc/_a/a.py", "# new")
        save(plugins / "nodes/proc/_a/config.toml", "# new")
        save(other / "nodes/x/y/_b/b.py", "# new")
        assert ear.change() == {plugins / "nodes/proc/_a", other / "nodes/x/y/_b"}


def test_a_plugin_may_come_and_change_and_go(plugins: Path) -> None:
    folder = plugins / "nodes/sink/new/_c"
    with following_plugins(plugins) as ear:
        for text in ("# first", "# second"):
            folder.mkdir(parents=True, exist_ok=True)
            (folder / "c.py").write_text(text)
            assert ear.change() == {folder}
        shutil.rmtree(folder)
        assert ear.change() == {folder}


def test_plugins_may_be_symlinks(plugins: Path, tmp_path: Path) -> None:
    plugins.rename(tmp_path / "real")
    plugins.symlink_to("real")
    (tmp_path / "real/nodes/loop").symlink_to("..")
    (tmp_path / "real/nodes/itself").symlink_to("itself")
    away = tmp_path / "away"
    away.mkdir()
    (away / "c.py").write_text("# old")
    linked = plugins / "nodes/proc/_c"
    linked.symlink_to(away)
    (tmp_path / "single").mkdir()
    (tmp_path / "single" / "shared.py").write_text("# old")
    (plugins / "nodes/proc/_a/helper.py").symlink_to("../../../../single/shared.py")
    with following_plugins(plugins) as ear:
        (away / "c.py").write_text("# new")
        assert ear.change() == {linked}
        (tmp_path / "single" / "shared.py").write_text("# new")
        assert ear.change() == {plugins / "nodes/proc/_a"}
        point(linked, str(plugins / "nodes/proc/_a"))
        assert ear.change() == {linked}


def test_a_plugin_folder_may_go_and_come_back(plugins: Path, tmp_path: Path) -> None:
    with following_plugins(plugins) as ear:
        plugins.rename(tmp_path / "aside")
        assert ear.problem() == f"{plugins} is gone; waiting for it to come back"
        save(tmp_path / "aside/lib/h.py", "# new")
        (tmp_path / "aside").rename(plugins)
        assert ear.change() == {plugins / "lib"}
        save(plugins / "nodes/proc/_a/a.py", "# new")
        assert ear.change() == {plugins / "nodes/proc/_a"}
