"""A key that does something, on one line."""

from __future__ import annotations

from textual.binding import Binding


def key(keys: str, action: str, name: str, id: str, about: str, *, bar: bool = False) -> Binding:
    """`keys` do `action`; `name` stands in the key bar where `bar` says so, `about` explains it in help and palette.

    A keymap changes the keys by `id`.
    """
    return Binding(keys, action, name, show=bar, id=id, tooltip=about)
