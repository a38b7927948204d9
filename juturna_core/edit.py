"""Changes to single nodes, written into the user's pipeline file; every other byte of it stays.

`splice` knows what to write, this how: beside, then in place of the file at once, so that nobody ever reads half of it.
`restore` takes an edit back. On any thread.
"""

from __future__ import annotations

import difflib
import errno
import os
import secrets
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from juturna_core.errors import JuturnaError
from juturna_core.source_map import read_text
from juturna_core.splice import Change, splice


class FileChanged(JuturnaError):
    """The file is not any more what was loaded: another program has written it."""


@dataclass(frozen=True, slots=True)
class FileEdit:
    """What a file was, and what it is after an edit."""

    path: Path
    before: bytes
    after: bytes

    def lines(self) -> tuple[str, ...]:
        """For a person: the lines that went and came, behind "-" and "+"."""
        old, new = (data.decode("utf-8-sig").split("\n") for data in (self.before, self.after))
        lines = list(difflib.unified_diff(old, new, n=0, lineterm=""))[2:]
        return tuple(line.rstrip("\r") for line in lines if not line.startswith("@@"))

    def undo(self) -> FileEdit:
        """The edit the other way round."""
        return FileEdit(self.path, self.after, self.before)


def edit_file(
    path: Path, changes: Sequence[Change], *, expected: bytes | None = None, dry_run: bool = False
) -> FileEdit:
    """Make `changes` to the file at `path`: all of them, or none and an error.

    `expected` is what the caller had loaded; FileChanged is raised when the file is not that any
    more. With `dry_run`, or when nothing changes, nothing is written.
    """
    text = read_text(path)
    before = text.encode()  # exactly its bytes: UTF-8 has one way to write a text
    if expected is not None and before != expected:
        raise _changed(path)
    edit = FileEdit(path, before, splice(text, changes, str(path)).encode())
    return edit if dry_run else write(edit)


def restore(edit: FileEdit) -> FileEdit:
    """Take `edit` back if the file still is as it left it; else FileChanged is raised."""
    return write(edit.undo())


def _changed(path: Path) -> FileChanged:
    message = "the file was changed by another program meanwhile"
    return FileChanged(message, path=str(path), hint="reload it, then change it again")


def write(edit: FileEdit) -> FileEdit:
    """Put a whole new file in the place of the old one, which stays when that fails.

    FileChanged is raised when the file is not what the edit says that it was.
    """
    if edit.before == edit.after:
        return edit
    target = Path(os.path.realpath(edit.path))  # a link stays one
    beside = target.with_name(f".juturna-{secrets.token_hex(8)}")
    try:
        like = target.stat()
        if not os.access(target, os.W_OK):  # a rename would ask the folder only
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
        _write_new(beside, edit.after, like)
        if target.read_bytes() != edit.before:  # as late as can be: a slow disk takes its time
            raise _changed(edit.path)
        os.replace(beside, target)
    except OSError as error:
        message = f"cannot be written: {error.strerror or error}; nothing was changed"
        denied = isinstance(error, PermissionError)
        hint = "the file and its folder have to be writable" if denied else None
        raise JuturnaError(message, path=str(edit.path), hint=hint) from error
    finally:
        with suppress(OSError):  # after a rename it is not there any more
            beside.unlink()
    with suppress(OSError):  # the edit is made; some file systems cannot sync a folder
        _sync(target.parent)
    return edit


def _write_new(path: Path, data: bytes, like: os.stat_result) -> None:
    """A new file on the disk, with the mode of the file `like`, and its owner if we may."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        for owner, group in ((-1, like.st_gid), (like.st_uid, -1)):
            with suppress(OSError):
                os.fchown(descriptor, owner, group)
        os.fchmod(descriptor, like.st_mode & 0o7777)  # after fchown, which may take bits away
        file.write(data)
        file.flush()
        os.fsync(descriptor)


def _sync(folder: Path) -> None:
    """Have a rename in `folder` outlive a loss of power."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
