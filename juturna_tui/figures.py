"""In few characters: durations, rates, counts, sparklines, and what is wrong with a file. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

TICKS = "▁▂▃▄▅▆▇█"


def duration(milliseconds: float | None) -> str:
    """Three digits and a unit: `12 µs`, `2.90 ms`, `310 ms`, `2.01 s`, `4.1 min`; `-` for None."""
    if milliseconds is None:
        return "-"
    if not milliseconds:
        return "0 µs"
    if milliseconds < 0.9995:
        return f"{_three(milliseconds * 1e3)} µs"
    if milliseconds < 999.5:
        return f"{_three(milliseconds)} ms"
    if milliseconds < 99_950:
        return f"{_three(milliseconds / 1e3)} s"
    return f"{milliseconds / 60e3:.1f} min"


def rate(per_second: float) -> str:
    """`0.5/s`, `41.2/s`, `1.25k/s`."""
    return f"{count(per_second)}/s"


def count(number: float) -> str:
    """Up to four characters and a letter: `0`, `0.48`, `14`, `41.2`, `1250`, `12.5k`, `3.40M`."""
    if number == int(number) and number < 10_000:
        return str(int(number))
    for size, letter in ((1, ""), (1e3, "k"), (1e6, "M"), (1e9, "G")):
        if number < 999.5 * size:
            return f"{_three(number / size)}{letter}"
    return f"{number:.1e}"


def size(number: int) -> str:
    """Bytes: `812 B`, `4.20 kB`, `6.22 MB`."""
    if number < 1000:
        return f"{number} B"
    for unit, name in ((1e3, "kB"), (1e6, "MB"), (1e9, "GB")):
        if number < 999.5 * unit:
            return f"{_three(number / unit)} {name}"
    return f"{number / 1e12:.1f} TB"


def clock(seconds: float) -> str:
    """`00:12:41`."""
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:02}:{minutes:02}:{rest:02}"


def sparkline(points: Sequence[float], width: int) -> str:
    """The last `width` points as bars: 0 is the lowest, the highest of them the highest. Blanks where none are yet."""
    shown = points[-width:] if width > 0 else ()
    highest = max(shown, default=0.0)
    steps = len(TICKS) - 1
    bars = (
        TICKS[min(steps, round(point / highest * steps))] if highest else TICKS[0]
        for point in shown
    )
    return "".join(bars).rjust(max(0, width))


def share(part: float) -> str:
    """`0 %` to `100 %`."""
    return f"{part * 100:.0f} %"


def _three(number: float) -> str:
    """Three digits."""
    if number < 9.995:
        return f"{number:.2f}"
    return f"{number:.1f}" if number < 99.95 else f"{number:.0f}"


def without_file(text: str, file: str) -> str:
    """`22:23: no comma` of `some/pipe.json:22:23: error: no comma`, where the file is named anyway."""
    name = re.escape(PurePath(file).name) or "(?!)"
    return re.sub(rf"^(?:(?:[^:\n]*/)?{name}: ?)?(\d+:\d+: )?(?:error: )?", r"\1", text)
