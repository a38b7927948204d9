import sys
import threading
from types import FrameType
from typing import Any

import pytest

from juturna_core.wakeup import Wakeup

SECONDS = 10.0


def interrupted_at(step: int, wakeup: Wakeup) -> bool | None:
    """What `wait` returns when a handler sets the event at its `step`th instruction; None when it never returned."""
    left = step
    returned: list[bool] = []

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal left
        if frame.f_globals["__name__"] in ("threading", "juturna_core.wakeup"):
            frame.f_trace_opcodes = True
            if event == "opcode":
                left -= 1
                if left == 0:
                    sys.settrace(None)
                    wakeup.set()
            return trace
        return None

    def wait() -> None:
        sys.settrace(trace)
        result = wakeup.wait(0.01)
        sys.settrace(None)
        returned.append(result)

    thread = threading.Thread(target=wait, daemon=True)
    thread.start()
    thread.join(SECONDS)
    return returned[0] if returned else None


@pytest.mark.parametrize("step", range(1, 60))
def test_a_handler_may_set_it_at_any_instruction_of_wait(step: int) -> None:
    assert interrupted_at(step, Wakeup()) is not None


def test_the_instructions_above_are_those_of_wait() -> None:
    first, late = Wakeup(), Wakeup()
    assert interrupted_at(1, first) and first.is_set()
    assert interrupted_at(60, late) is False and not late.is_set()  # it has fewer


def test_everybody_who_waits_is_woken_and_whoever_comes_later_does_not_wait() -> None:
    wakeup, seen = Wakeup(), []
    threads = [threading.Thread(target=lambda: seen.append(wakeup.wait(SECONDS))) for _ in range(5)]
    for thread in threads:
        thread.start()
    wakeup.set()
    wakeup.set()
    for thread in threads:
        thread.join(SECONDS)
    assert seen == [True] * 5
    assert wakeup.wait() and wakeup.wait(0) and wakeup.is_set()


def test_what_nobody_sets_is_waited_for_as_long_as_said() -> None:
    assert not Wakeup().wait(0.01)
    assert not Wakeup().wait(-1)
