"""`make keys`: docs/keys.md, from the bindings of the workbench; with --check it fails when the page is not theirs."""

from __future__ import annotations

import sys
from pathlib import Path

from textual.keys import format_key

from juturna_tui.keys import PLACES, bindings

PAGE = Path(__file__).resolve().parent.parent / "docs/keys.md"
HEAD = """\
# Keys of the workbench

`?` shows those that do something where the focus is, `ctrl+p` finds any of them by its name. All can be changed, by the
id in the last column, in `$XDG_CONFIG_HOME/juturna/workbench.toml` (`juturna-tui --print-config` says where that is):

```toml
[keymap]
"node.warp" = "f5"
"log.search" = "ctrl+f,slash"
```

Where text is typed, letters and signs are text, and `ctrl+c` copies what is marked. `x`, `a` and `d` are for the main
screen.

This page is made from the program by `make keys`.
"""


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for title, place in PLACES.items():
        parts += [f"\n## {title}\n\n| key | what | id |\n|---|---|---|"]
        for binding in bindings(place):
            keys = ", ".join(f"`{shown(key)}`" for key in binding.key.split(","))
            parts.append(f"| {keys} | {binding.tooltip or binding.description} | `{binding.id}` |")
    return "\n".join(parts) + "\n"


def shown(key: str) -> str:
    """A key as it is printed on keyboards; `|` would end a cell of the table."""
    return {"|": "\\|"}.get(found := format_key(key.strip()), found)


def main() -> int:
    made = page()
    if "--check" not in sys.argv:
        PAGE.write_text(made, encoding="utf-8")
        return 0
    if PAGE.read_text(encoding="utf-8") == made:
        return 0
    print(f"{PAGE.name} is not what the bindings say: make keys", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
