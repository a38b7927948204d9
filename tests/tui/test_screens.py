import asyncio
import os
import shlex
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import pytest
from textual.app import App
from textual.binding import Binding
from textual.message import Message
from textual.pilot import Pilot
from textual.screen import Screen
from textual.theme import BUILTIN_THEMES
from textual.widgets import Input

from juturna_core.cli import parser
from juturna_core.control.api import NodeDescription, Probe
from juturna_tui.screens.attach import AttachScreen, Choice, Running, pipeline_files, wrong_address
from juturna_tui.screens.confirm import ConfirmScreen
from juturna_tui.screens.help import HelpScreen, Section, legend, sections, spread
from juturna_tui.screens.remotise import CHECKS, Place, RemotiseScreen, Report, command, is_here
from juturna_tui.view import State

SIZES = [(80, 24), (20, 5)]
NASTY = "a[b]\x1b[2J\x07[/red]"
NODE = NodeDescription(
    *("1_pass", "proc", "passthrough_identity", False, "", 0, 0.0, "", {}, "block", "skip")
)
PLACE = Place("localhost", 45000, 30.0)
NOTHING = Probe(False, False, "", "", "", "", None, "nothing listens there")
OURS = Probe(
    *(True, True, "1_pass", "proc", "passthrough_identity", "p", 2.9),
    "localhost:45000 serves 1_pass (proc passthrough_identity)",
)


class Stage(App[None]):
    """Shows one screen; keeps what it posts and what it is dismissed with."""

    BINDINGS: ClassVar = [Binding("f9", "bell", "ring", id="stage.ring"), Binding("f8", "bell")]

    def __init__(self, screen: Screen[Any], **keymap: str) -> None:
        super().__init__()
        self.shown = screen
        self.keymap = keymap
        self.results: list[Any] = []
        self.posted: asyncio.Queue[Message] = asyncio.Queue()

    def on_mount(self) -> None:
        self.set_keymap({key.replace("_", "."): keys for key, keys in self.keymap.items()})
        self.push_screen(self.shown, self.results.append)

    def on_remotise_screen_try(self, message: RemotiseScreen.Try) -> None:
        self.posted.put_nowait(message)

    def on_remotise_screen_start_here(self, message: RemotiseScreen.StartHere) -> None:
        self.posted.put_nowait(message)

    def on_attach_screen_refresh(self, message: AttachScreen.Refresh) -> None:
        self.posted.put_nowait(message)

    async def next_posted(self, kind: type[Message]) -> Any:
        """The next message of a kind."""
        while not isinstance(found := await asyncio.wait_for(self.posted.get(), 5), kind):
            pass
        return found

    def raw(self) -> str:
        """What is on the screen."""
        strips = self.screen._compositor.render_strips()
        return "\n".join("".join(segment.text for segment in strip) for strip in strips)

    def text(self) -> str:
        """The same without lines and frames."""
        return " ".join(
            self.raw().translate(dict.fromkeys(map(ord, "│╭╮╰╯─▁▂▃▄▅▆▇█"), " ")).split()
        )

    def underlined(self) -> str:
        """What is told without colours to be the current row, or rows."""
        strips = self.screen._compositor.render_strips()
        lines = ([each.text for each in s if each.style and each.style.underline] for s in strips)
        return "\n".join("".join(line).strip() for line in lines if line)


def play(
    screen: Screen[Any],
    act: Callable[[Stage, Pilot[None]], Awaitable[None]],
    size: tuple[int, int] = (100, 40),
    **keymap: str,
) -> Stage:
    """Run `act` on an app that shows `screen`."""
    app = Stage(screen, **keymap)

    async def run() -> None:
        async with app.run_test(size=size) as pilot:
            await pilot.pause()
            await act(app, pilot)

    asyncio.run(run())
    return app


def pressing(*keys: str) -> Callable[[Stage, Pilot[None]], Awaitable[None]]:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press(*keys)
        await pilot.pause()

    return act


def assert_harmless(app: Stage) -> None:
    assert "\x1b" not in app.raw() and "\x07" not in app.raw()


# --- remotise --------------------------------------------------------------------------------------------------------


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Places are tried without a pause."""
    monkeypatch.setattr("juturna_tui.screens.remotise.screen.PAUSE", 0.001)
    monkeypatch.setattr("juturna_tui.screens.remotise.screen.AGAIN", 0.001)


def remotise_screen(node: NodeDescription = NODE, place: Place = PLACE) -> RemotiseScreen:
    return RemotiseScreen(node, place, ["./plugins"], "p")


def type_into(screen: RemotiseScreen, name: str, text: str) -> None:
    screen.query_one(f"#{name}", Input).value = text


def test_the_command_is_what_remotize_understands() -> None:
    node = replace(NODE, name="-it's a node", type="sink", mark="x y")
    line = command(node, Place("10.0.0.7", 1, 1.0), ["./a", "/b c"], "-p")
    read = parser().parse_args(shlex.split(line)[1:])
    assert (read.node_name, read.node_type, read.node_mark) == (node.name, "sink", "x y")
    assert (read.plugins_dir, read.pipe_name, read.port) == (["./a", "/b c"], "-p", 1)
    assert read.host == ""


def test_the_command_is_the_shortest_for_a_usual_node() -> None:
    assert command(NODE, Place("far", 45000, 1.0), ["./plugins"], "p") == (
        "juturna remotize --node-name 1_pass --node-mark passthrough_identity "
        "--plugins-dir ./plugins --pipe-name p --port 45000"
    )


@pytest.mark.parametrize(
    ("host", "option"),
    [("localhost", "--host localhost"), ("[::1]", "--host ::1"), ("127.0.0.2", "127.0.0.2")],
)
def test_a_remote_of_this_machine_is_open_to_this_machine_only(host: str, option: str) -> None:
    assert is_here(host)
    assert option in command(NODE, replace(PLACE, host=host), [], "p")


@pytest.mark.parametrize("host", ["10.0.0.7", "localhost.example", ""])
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not is_here(host)


def test_the_command_has_no_control_characters() -> None:
    assert command(NODE, PLACE, ["a\x1b[2J\nb"], "p\n").isprintable()


def test_enter_gives_the_place_that_was_typed() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+u", *"far", "tab", "ctrl+e", "ctrl+u", *"80", "tab", "ctrl+e")
        await pilot.press("ctrl+u", *"2.5", "shift+tab", "enter")

    assert play(remotise_screen(), act).results == [Place("far", 80, 2.5)]


def test_the_fields_are_prefilled_and_escape_cancels() -> None:
    assert play(remotise_screen(), pressing("enter")).results == [PLACE]
    assert play(remotise_screen(), pressing("escape")).results == [None]


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("grpc_host", "", "a name or an address is needed"),
        ("grpc_host", "a b", "a host has no blanks in it"),
        ("grpc_host", "a/b", "a host has no / in it"),
        ("grpc_port", "0", "a port is a number from 1 to 65535"),
        ("grpc_port", "65536", "a port is a number from 1 to 65535"),
        ("grpc_port", "٣", "a port is a number from 1 to 65535"),
        ("grpc_port", "1" * 5000, "a port is a number from 1 to 65535"),
        ("timeout", "0", "it must be more than 0 seconds"),
        ("timeout", "nan", "it must be more than 0 seconds"),
        ("timeout", "inf", "it must be more than 0 seconds"),
        ("timeout", "x", "seconds are needed, like 30 or 2.5"),
    ],
)
def test_what_is_wrong_with_a_field_is_a_sentence(name: str, text: str, sentence: str) -> None:
    assert CHECKS[name](text) == sentence


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("grpc_host", "h.x-1"),
        ("grpc_host", "[::1]"),
        ("grpc_port", "1"),
        ("grpc_port", "65535"),
        ("timeout", "1e-3"),
    ],
)
def test_nothing_is_wrong_with_what_is_right(name: str, text: str) -> None:
    assert CHECKS[name](text) == ""


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("grpc_host", "a b", "a host has no blanks in it"),
        ("grpc_port", "65536", "a port is a number from 1 to 65535"),
        ("timeout", "x", "seconds are needed, like 30 or 2.5"),
    ],
)
def test_what_is_no_place_is_said_beside_its_field_and_not_written(
    name: str, text: str, sentence: str
) -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        type_into(app.shown, name, text)
        await pilot.pause()
        app.posted = asyncio.Queue()
        assert f"! {sentence}" in app.text()
        await pilot.press("ctrl+s")
        await pilot.pause()
        assert f"not started. {name}: {sentence}" in app.text()
        await pilot.press("ctrl+y")
        await pilot.pause()
        assert f"nothing copied. {name}: {sentence}" in app.text()
        assert app.clipboard == ""
        await pilot.press("tab", "tab", "tab", "tab", "enter")
        await pilot.pause()
        assert f"not written. {name}: {sentence}" in app.text()
        assert app.focused is not None and app.focused.id == name

    app = play(remotise_screen(), act)
    assert app.results == []
    assert app.posted.empty()


@pytest.mark.usefixtures("at_once")
def test_the_prefilled_place_is_tried() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        assert (await app.next_posted(RemotiseScreen.Try)).place == PLACE
        assert app.text().count("looking…") == 2

    play(remotise_screen(), act)


def test_a_burst_of_keys_is_tried_once_and_as_it_is_at_the_end() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        for port in ("1", "12", "123"):
            type_into(app.shown, "grpc_port", port)
            app.shown._read()
        while (tried := await app.next_posted(RemotiseScreen.Try)).place == PLACE:
            pass  # as prefilled, where the machine was slow
        assert tried.place == replace(PLACE, port=123)
        await pilot.pause()
        assert app.posted.empty()

    play(remotise_screen(), act)


def test_answers_for_another_place_are_ignored() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        screen = app.shown
        screen.tried(PLACE, OURS)
        screen.preview(PLACE, ["+ old"])
        await pilot.pause()
        assert "reachable" in app.text() and "+ old" in app.text()
        type_into(screen, "grpc_port", "45001")
        await pilot.pause()
        screen.tried(PLACE, OURS)
        screen.preview(PLACE, ["+ old"])
        await pilot.pause()
        assert app.text().count("looking…") == 2
        assert "reachable" not in app.text() and "+ old" not in app.text()

    play(remotise_screen(), act)


def test_answers_are_ignored_while_no_place_is_typed() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        type_into(app.shown, "grpc_port", "")
        await pilot.pause()
        app.shown.tried(PLACE, OURS)
        await pilot.pause()
        assert "reachable" not in app.text() and "not looked for yet" in app.text()

    play(remotise_screen(), act)


@pytest.mark.parametrize(
    ("probe", "problem", "said"),
    [
        (OURS, "", f"reachable: {OURS.text}, 2.90 ms a round trip"),
        (NOTHING, "", "! warning: nothing listens there"),
        (None, "no such host", "! warning: no such host"),
        (
            Probe(True, False, "", "", "", "", None, "answers, and is no remote of ours"),
            "",
            "reachable: answers, and is no remote of ours what",
        ),
        (
            replace(OURS, node_mark="other"),
            "",
            "! warning: that is another node: it serves proc other, "
            "and this one is proc passthrough_identity",
        ),
        (
            replace(OURS, node_type="sink"),
            "",
            "! warning: that is another node: it serves sink passthrough_identity, "
            "and this one is proc passthrough_identity",
        ),
    ],
)
def test_a_probe_is_said_in_words(probe: Probe | None, problem: str, said: str) -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.tried(PLACE, probe, problem)
        await pilot.pause()
        shown = app.text().replace(" to start it there", " what")
        assert said in shown
        assert ("another node" in shown) == ("another node" in said)

    play(remotise_screen(), act)


@pytest.mark.parametrize(("host", "said"), [("localhost", False), ("10.0.0.7", True)])
def test_that_there_is_no_tls_is_said_of_what_crosses_a_network(host: str, said: bool) -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.query_one("#grpc_host", Input).value = host
        await pilot.pause()
        app.shown.tried(replace(PLACE, host=host), OURS)
        await pilot.pause()
        assert ("without TLS: who is on the network" in app.text()) is said

    play(remotise_screen(), act)


@pytest.mark.usefixtures("at_once")
def test_where_nothing_answers_is_tried_again_and_what_answers_is_not() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await app.next_posted(RemotiseScreen.Try)
        app.shown.tried(PLACE, NOTHING)
        assert (await app.next_posted(RemotiseScreen.Try)).place == PLACE
        app.shown.tried(PLACE, None, "no answer")
        await app.next_posted(RemotiseScreen.Try)
        app.shown.tried(PLACE, OURS)
        await pilot.press("ctrl+y")
        await pilot.pause()
        assert app.posted.empty()

    play(remotise_screen(), act)


@pytest.mark.parametrize(
    ("lines", "problem", "said"),
    [
        (['- "a": 1', '+ "a": 2'], "", 'what changes in the file - "a": 1 + "a": 2'),
        ([], "", "what changes in the file nothing: it says so already"),
        ([], "the file has changed", "what changes in the file ! warning: the file has changed"),
    ],
)
def test_the_lines_that_change_are_shown(lines: list[str], problem: str, said: str) -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.preview(PLACE, lines, problem)
        await pilot.pause()
        assert said in app.text()

    play(remotise_screen(), act)


def test_the_command_is_shown_and_copied() -> None:
    line = command(NODE, PLACE, ["./plugins"], "p")

    async def act(app: Stage, pilot: Pilot[None]) -> None:
        assert line in app.text()
        await pilot.press("ctrl+y")
        await pilot.pause()
        assert app.clipboard == line
        assert "the command is copied" in app.text()

    play(remotise_screen(), act)


def test_letters_are_typed_in_a_field_and_keys_elsewhere() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+u", *"sys")
        assert app.shown.typed == replace(PLACE, host="sys")
        assert app.clipboard == ""
        await pilot.press("tab", "tab", "tab")
        assert isinstance(app.focused, Report)
        await pilot.press("y")
        assert app.clipboard.startswith("juturna remotize")
        await pilot.press("s")
        await app.next_posted(RemotiseScreen.StartHere)

    play(remotise_screen(), act)


@pytest.mark.usefixtures("at_once")
def test_a_remote_is_started_here_and_what_came_of_it_is_shown_and_tried() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await app.next_posted(RemotiseScreen.Try)
        await pilot.press("ctrl+s")
        assert (await app.next_posted(RemotiseScreen.StartHere)).place == PLACE
        assert "starting…" in app.text()
        app.shown.started(f"it runs as {NASTY}")
        await app.next_posted(RemotiseScreen.Try)
        await pilot.pause()
        assert "it runs as a[b]" in app.text() and "starting" not in app.text()
        assert_harmless(app)

    play(remotise_screen(), act)


def test_a_node_without_a_mark_has_no_command() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("ctrl+y", "ctrl+s")
        await pilot.pause()
        assert app.text().count("a node that is named by its class has no mark to serve it by") == 2
        assert app.clipboard == ""
        assert "juturna remotize" not in app.text()

    play(remotise_screen(replace(NODE, type="a.b.C", mark="")), act)


def test_its_keys_are_changed_by_id() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("enter")
        assert app.results == []
        await pilot.press("f5")

    assert play(remotise_screen(), act, remotise_write="f5").results == [PLACE]


@pytest.mark.parametrize("size", SIZES)
def test_remotise_takes_any_text_as_it_is(size: tuple[int, int]) -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        screen = app.shown
        type_into(screen, "grpc_host", "h\x1b[2J")
        await pilot.pause()
        place = screen.typed
        assert place == replace(PLACE, host="h␛[2J")
        screen.tried(place, replace(OURS, text=NASTY, node_mark=NASTY))
        screen.preview(place, [f"+ {NASTY}"], "")
        await pilot.press("tab", "tab", "tab", "end")
        await pilot.pause()
        assert_harmless(app)
        assert size == (20, 5) or app.text().count("a[b]␛[2J␇[/red]") >= 4

    screen = RemotiseScreen(replace(NODE, name=NASTY, mark=NASTY), PLACE, [NASTY], NASTY)
    play(screen, act, size)


def test_on_a_tiny_terminal_the_field_that_is_typed_in_is_seen() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("tab", "tab")
        await pilot.pause()
        assert "30" in app.text()

    play(remotise_screen(), act, (20, 5))


@pytest.mark.parametrize("theme", ["ansi-dark", "ansi-light", "textual-light", "nord"])
def test_every_screen_is_drawn_in_every_kind_of_theme(theme: str) -> None:
    assert theme in BUILTIN_THEMES

    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.theme = theme
        app.shown.tried(PLACE, replace(OURS, node_mark="x"))
        app.shown.preview(PLACE, ["- a", "+ b"])
        await pilot.pause()
        assert "! warning" in app.text() and "- a + b" in app.text()
        for screen in (a_question(), HelpScreen([], "x"), AttachScreen(Path("/x"))):
            await app.push_screen(screen)
            await pilot.pause()
            assert app.text()

    play(remotise_screen(), act)


# --- confirm ---------------------------------------------------------------------------------------------------------


def a_question(text: str = "Stop [it]?") -> ConfirmScreen:
    return ConfirmScreen(text, [("s", "stop [it]", "stop"), ("f2", "keep it", "keep")])


@pytest.mark.parametrize(
    ("keys", "result"),
    [
        (["s"], "stop"),
        (["f2"], "keep"),
        (["escape"], None),
        (["enter"], "stop"),
        (["right", "enter"], "keep"),
        (["left", "enter"], "keep"),
        (["down", "enter"], "keep"),
        (["x", "y", "enter"], "stop"),
    ],
)
def test_every_key_of_a_question_gives_its_result(keys: list[str], result: str | None) -> None:
    assert play(a_question(), pressing(*keys), (80, 24)).results == [result]


def test_on_a_tiny_terminal_the_current_choice_is_seen() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("left")
        await pilot.pause()
        assert "f2 keep it" in app.text()

    play(a_question("Stop the pipeline that runs?"), act, (20, 5))


def test_a_choice_is_clicked() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.click("Choices", offset=(3, 1))

    assert play(a_question(), act).results == ["keep"]


def test_a_question_is_shown_as_it_is_with_its_keys() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        assert "Stop a[b]␛[2J␇[/red]? s stop [it] f2 keep it" in app.text()
        assert_harmless(app)

    play(a_question(f"Stop {NASTY}?"), act, (80, 24))


def test_the_current_choice_is_not_told_by_colour_alone() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        assert app.underlined() == "s  stop [it]"
        await pilot.press("right")
        await pilot.pause()
        assert app.underlined() == "f2  keep it"

    play(a_question(), act)


# --- help ------------------------------------------------------------------------------------------------------------


def a_help() -> HelpScreen:
    found = [Section(f"part {n}", [(f"k{n}", f"does {n}"), ("[b]", NASTY)]) for n in range(3)]
    return HelpScreen(found, f"/home/{NASTY}/workbench.toml")


@pytest.mark.parametrize("key", ["escape", "question_mark", "f1", "q"])
def test_help_is_closed(key: str) -> None:
    assert play(a_help(), pressing(key)).results == [None]


@pytest.mark.parametrize(("width", "columns"), [(120, 3), (80, 2), (60, 1), (20, 1)])
def test_help_has_as_many_columns_as_fit(width: int, columns: int) -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.pause()
        lines = app.raw().splitlines()
        row = next(line for line in lines if "part 0" in line)
        assert row.count("part") == columns

    play(a_help(), act, (width, 40))


def test_help_follows_the_size_of_the_terminal() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.resize_terminal(60, 40)
        await pilot.pause()
        row = next(line for line in app.raw().splitlines() if "part 0" in line)
        assert "part 1" not in row

    play(a_help(), act, (120, 40))


def test_help_shows_keys_signs_and_where_keys_are_changed() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        shown = app.text()
        assert "k1 does 1" in shown and "[b] a[b]␛[2J␇[/red]" in shown
        assert all(f"{state.sign} {state.word}" in shown for state in State)
        assert "Keys are changed in /home/a[b]␛[2J␇[/red]/workbench.toml" in shown
        assert_harmless(app)

    play(a_help(), act, (120, 40))


def test_help_is_scrolled_to_its_end() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        assert "[keymap]" not in app.text()
        await pilot.press("end")
        await pilot.wait_for_animation()
        await pilot.pause()
        assert '"help.close"' in app.text()

    play(a_help(), act, (40, 12))


def test_the_legend_has_every_sign_once() -> None:
    found = legend()
    assert len(found) == len(set(found)) == len(State) + 1
    assert "△ queue filling" in found


def test_sections_go_below_the_shortest_column() -> None:
    long, short, last = Section("a", [("k", "d")] * 9), Section("b", []), Section("c", [])
    assert spread([long, short, last], 2) == [[long], [short, last]]


def test_sections_are_those_of_the_focus_first_and_of_the_app_last() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        found = sections(app.screen)
        assert [each.title for each in found] == ["input", "this screen", "everywhere"][:2]
        assert ("home ^a", "Go to start") in found[0].keys
        assert ("^y", "copy command") in found[1].keys
        await pilot.press("tab", "tab", "tab")
        assert sections(app.screen)[0] == Section(
            "report", [("y", "copy command"), ("s", "start it here")]
        )
        await pilot.press("escape")
        assert ("f9", "ring") in sections(app.screen)[-1].keys
        assert sections(app.screen)[-1].title == "everywhere"
        assert "f8" not in str(sections(app.screen))

    play(remotise_screen(), act)


def test_sections_have_the_keys_of_the_keymap() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        (keys,) = (each.keys for each in sections(app.screen) if each.title == "this screen")
        assert keys[-1][0] != "^y" and ("f6 f7", "copy command") in keys
        await pilot.press("escape")

    play(remotise_screen(), act, remotise_copy="f6,f7")


# --- attach ----------------------------------------------------------------------------------------------------------

RUNNING = [
    Running("one", 12, "unix:/run/one.sock", "running", 3),
    Running("[two]", 345, "127.0.0.1:99"),
]
FILES = [Path("/x/a.json"), Path("/x/b/[c].json")]


def attached(
    *keys: str, running: Any = RUNNING, files: Any = FILES, size: tuple[int, int] = (80, 24)
) -> Stage:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.show_running(running)
        app.shown.show_files(files)
        await pilot.pause()
        await pilot.press(*keys)
        await pilot.pause()

    return play(AttachScreen(Path("/x")), act, size)


@pytest.mark.parametrize(
    ("keys", "choice"),
    [
        (["enter"], Choice(address="unix:/run/one.sock")),
        (["down", "enter"], Choice(address="127.0.0.1:99")),
        (["tab", "enter"], Choice(file=FILES[0])),
        (["tab", "end", "enter"], Choice(file=FILES[1])),
        (["tab", "shift+tab", "enter"], Choice(address="unix:/run/one.sock")),
        (["down", "down", "enter"], Choice(file=FILES[0])),
        (["down", "down", "down", "enter"], Choice(file=FILES[1])),
        (["down", "down", "up", "up", "enter"], Choice(address="unix:/run/one.sock")),
        (["a", *"h:1", "enter"], Choice(address="h:1")),
        (["a", "escape", "enter"], Choice(address="unix:/run/one.sock")),
        (["a", "escape", "escape"], None),
        (["escape"], None),
    ],
)
def test_every_key_of_attach_chooses_what_it_should(keys: list[str], choice: Choice | None) -> None:
    assert attached(*keys).results == [choice]


def test_without_colours_the_row_that_enter_takes_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")

    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.show_running(RUNNING)
        app.shown.show_files(FILES)
        await pilot.pause()
        for first in ("one", "[two]", "a.json", "b/[c].json"):
            (row,) = app.underlined().split("\n")
            assert row.startswith(first)
            await pilot.press("down")
            await pilot.pause()

    play(AttachScreen(Path("/x")), act)


def test_on_a_tiny_terminal_attach_is_as_usable() -> None:
    assert attached("tab", "down", "enter", size=(20, 5)).results == [Choice(file=FILES[1])]


def test_a_file_is_chosen_where_nothing_runs() -> None:
    assert attached("enter", running=[]).results == [Choice(file=FILES[0])]


def test_a_row_is_clicked() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.show_files(FILES)
        await pilot.pause()
        await pilot.click("#files", offset=(3, 1))

    assert play(AttachScreen(Path("/x")), act).results == [Choice(file=FILES[1])]


def test_rows_say_name_state_nodes_process_and_address() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        assert "looking…" in app.text()
        app.shown.show_running([*RUNNING, Running(NASTY, 6, NASTY, NASTY, 0)])
        app.shown.show_files([*FILES, Path(f"/x/{NASTY}"), Path("/elsewhere/d.json")])
        await pilot.pause()
        assert "one running 3 nodes pid 12 unix:/run/one.sock" in app.text()
        assert "[two] does not answer pid 345 127.0.0.1:99" in app.text()
        assert "a.json b/[c].json a[b]␛[2J␇[/red] /elsewhere/d.json" in app.text()
        assert_harmless(app)

    play(AttachScreen(Path("/x")), act)


def test_without_anything_it_says_what_to_do() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.show_running([])
        await pilot.pause()
        assert "looking…" in app.text()
        app.shown.show_files([])
        await pilot.pause()
        assert (
            "no pipeline runs here, no pipeline file below /x/a[b]␛[2J␇[/red]: "
            "`juturna-tui FILE`, or --attach HOST:PORT"
        ) in app.text()
        assert_harmless(app)
        await pilot.press("enter")
        assert isinstance(app.focused, Input)

    play(AttachScreen(Path(f"/x/{NASTY}")), act)


def test_it_asks_for_its_lists_at_first_and_at_r() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await app.next_posted(AttachScreen.Refresh)
        await pilot.press("r")
        await app.next_posted(AttachScreen.Refresh)
        await pilot.press("a", "r")
        assert app.posted.empty()
        assert app.shown.query_one(Input).value == "r"

    play(AttachScreen(Path("/x")), act)


def test_the_cursor_stays_on_its_row_and_the_field_keeps_the_focus() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        app.shown.show_running(RUNNING)
        await pilot.pause()
        await pilot.press("down", "a", "x")
        app.shown.show_running([Running("new", 1, "new"), *RUNNING])
        await pilot.pause()
        assert isinstance(app.focused, Input)
        await pilot.press("escape", "enter")

    result = play(AttachScreen(Path("/x")), act).results
    assert result == [Choice(address=RUNNING[1].address)]


def test_what_is_no_address_is_refused_with_a_sentence() -> None:
    async def act(app: Stage, pilot: Pilot[None]) -> None:
        await pilot.press("a", "x", "enter")
        await pilot.pause()
        assert "! an address is HOST:PORT, unix:PATH or the path of a socket" in app.text()
        await pilot.press("y")
        await pilot.pause()
        assert "! an address" not in app.text()

    assert play(AttachScreen(Path("/x")), act).results == []


@pytest.mark.parametrize("text", ["h:1", "[::1]:65535", "unix:x", "/run/x.sock", "./x"])
def test_addresses(text: str) -> None:
    assert not wrong_address(text)


@pytest.mark.parametrize("text", ["", "h", ":1", "h:", "h:0", "h:65536", "h:x", "h:" + "9" * 5000])
def test_what_is_no_address(text: str) -> None:
    assert wrong_address(text)


PIPELINE = '{"pipeline": {"nodes": []}}'


def test_pipeline_files_are_found_the_nearest_first(tmp_path: Path) -> None:
    for name in ("z.json", "b/a.json", "b/c/a.json", "a/x.json", "a/n[1]\x1b.json"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(PIPELINE)
    names = [str(path.relative_to(tmp_path)) for path in pipeline_files(tmp_path)]
    assert names == ["z.json", "a/n[1]\x1b.json", "a/x.json", "b/a.json", "b/c/a.json"]
    assert pipeline_files(tmp_path, limit=2) == [tmp_path / name for name in names[:2]]


def test_other_files_and_folders_are_left_out(tmp_path: Path) -> None:
    for name in (".git/a.json", ".venv/a.json", "node_modules/a.json", "__pycache__/a.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(PIPELINE)
    (tmp_path / "a.txt").write_text(PIPELINE)
    (tmp_path / "other.json").write_text('{"nodes": []}')
    (tmp_path / "late.json").write_text(" " * (64 << 10) + PIPELINE)
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "loop").symlink_to(tmp_path)
    (tmp_path / "gone.json").symlink_to(tmp_path / "nowhere")
    os.mkfifo(tmp_path / "pipe.json")
    assert pipeline_files(tmp_path) == []
    assert pipeline_files(tmp_path / "nowhere") == []


def test_it_does_not_look_deeper_than_six_folders(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*"123456")
    (deep / "7").mkdir(parents=True)
    (deep / "a.json").write_text(PIPELINE)
    (deep / "7" / "a.json").write_text(PIPELINE)
    assert pipeline_files(tmp_path) == [deep / "a.json"]


def test_what_a_run_leaves_in_its_folder_is_not_offered(tmp_path: Path) -> None:
    text = '{"pipeline": {"folder": "./out", "nodes": []}}'
    for name in ("pipe.json", "out/config.json", "out/other.json", "else/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    (tmp_path / "here.json").write_text(text.replace("./out", "."))
    (tmp_path / "config.json").write_text(text.replace("./out", "."))
    found = [str(path.relative_to(tmp_path)) for path in pipeline_files(tmp_path)]
    assert found == ["config.json", "here.json", "pipe.json", "else/config.json", "out/other.json"]


def test_it_does_not_look_at_more_entries_than_allowed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("juturna_tui.screens.attach.ENTRIES", 2)
    for name in ("a/x.json", "b/x.json"):
        (tmp_path / name).parent.mkdir()
        (tmp_path / name).write_text(PIPELINE)
    assert pipeline_files(tmp_path) == []
