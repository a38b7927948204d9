"""One `Frame` of warp.proto as bytes: a serialised head, then buffers.

Written as one join and read by walking the tags, an array of 6 MB is copied once on its way out and not at all on its
way in; through protobuf objects it would be six times.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

Buffer: TypeAlias = bytes | memoryview

ALIGNMENT = 16
"""Where a memoryview begins in its frame is a multiple of this: `bytes` are aligned to 16 in memory themselves."""

_HEAD, _BUFFER, _PADDING = b"\x0a", b"\x12", b"\x1a"  # fields 1 to 3, length-delimited
_LENGTH_DELIMITED = 2


def join(head: bytes, buffers: Sequence[Buffer]) -> bytes:
    """The frame; byte strings are put down as they are, memoryviews (of single bytes) aligned."""
    length = _varint(len(head))
    if not buffers:
        return b"".join((_HEAD, length, head))
    parts: list[Buffer] = [_HEAD, length, head]
    at = 1 + len(length) + len(head)
    for buffer in buffers:
        length = _varint(len(buffer))
        if type(buffer) is memoryview:
            missing = -(at + 1 + len(length)) % ALIGNMENT
            if missing:
                if missing == 1:  # the padding's own tag and length take two
                    missing += ALIGNMENT
                parts += (_PADDING, bytes((missing - 2,)), bytes(missing - 2))
                at += missing
        parts += (_BUFFER, length, buffer)
        at += 1 + len(length) + len(buffer)
    return b"".join(parts)


def split(frame: bytes) -> tuple[bytes, list[memoryview]]:
    """The head and views of the buffers. Raises ValueError for what is no frame."""
    head = b""
    buffers: list[memoryview] = []
    view = memoryview(frame)
    at, end = 0, len(frame)
    try:
        while at < end:
            tag, at = _read_varint(frame, at)
            if tag & 7 != _LENGTH_DELIMITED:
                raise ValueError(f"the frame has a field of wire type {tag & 7}")
            length, begin = _read_varint(frame, at)
            at = begin + length
            if at > end:
                raise ValueError(f"the frame ends {at - end} bytes early")
            if tag == _BUFFER[0]:
                buffers.append(view[begin:at])
            elif tag == _HEAD[0]:
                head = frame[begin:at]
    except IndexError:
        raise ValueError("the frame ends within a number") from None
    return head, buffers


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _read_varint(data: bytes, at: int) -> tuple[int, int]:
    """The number at `at`, and where it ends."""
    byte = data[at]
    at += 1
    if byte < 0x80:
        return byte, at
    number, shift = byte & 0x7F, 7
    while byte >= 0x80:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        shift += 7
        if shift > 70:
            raise ValueError("the frame has a number of more than ten bytes")
    return number, at
