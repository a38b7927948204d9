"""A `Frame` of warp.proto as bytes: a serialised head and its buffers, or several of that one behind the other.

Written as one join and read by walking the tags, an array of 6 MB is copied once on its way out and not at all on its
way in; through protobuf objects it would be six times.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from queue import SimpleQueue
from typing import TypeAlias

from juturna_core._pb import warp_pb2 as pb

Buffer: TypeAlias = bytes | memoryview

ALIGNMENT = 16
"""Where a memoryview begins in its frame is a multiple of this: `bytes` are aligned to 16 in memory themselves."""

GATHERED = 64 << 10
"""Small frames that wait together go out as one of at most so many bytes."""

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
        if type(buffer) is memoryview and (padding := _padding(at + 1 + len(length))):
            parts.append(padding)
            at += len(padding)
        parts += (_BUFFER, length, buffer)
        at += 1 + len(length) + len(buffer)
    return b"".join(parts)


def alone(head: pb.Head) -> bytes:
    """A frame of one head without buffers."""
    return join(head.SerializeToString(), [])


def gather(frames: SimpleQueue[bytes | None]) -> Iterator[bytes]:
    """What `frames` gives until None, those that wait together as one: gRPC's message costs more than a small frame."""
    data = frames.get()
    while data is not None:
        batch, size = [data], len(data)
        following: bytes | None = b""
        while size < GATHERED and not frames.empty():
            following = frames.get()
            if following is None or size + len(following) > GATHERED:
                break
            batch.append(following)
            size += len(following)
            following = b""
        yield data if len(batch) == 1 else concatenate(batch)
        data = frames.get() if following == b"" else following


def concatenate(frames: Sequence[bytes]) -> bytes:
    """Several frames as one; what was aligned stays so."""
    parts: list[bytes] = []
    at = 0
    for data in frames:
        if padding := _padding(at):
            parts.append(padding)
            at += len(padding)
        parts.append(data)
        at += len(data)
    return b"".join(parts)


def split(frame: Buffer) -> list[tuple[bytes, list[memoryview]]]:
    """Each head and views of its buffers. Raises ValueError for what is no frame."""
    parts: list[tuple[bytes, list[memoryview]]] = []
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
            if tag == _HEAD[0]:
                parts.append((bytes(view[begin:at]), []))
            elif tag == _BUFFER[0]:
                if not parts:
                    raise ValueError("the frame has a buffer before its first head")
                parts[-1][1].append(view[begin:at])
    except IndexError:
        raise ValueError("the frame ends within a number") from None
    return parts


def _padding(at: int) -> bytes:
    """A field of zeros after which what would begin at `at` begins at a multiple of ALIGNMENT."""
    missing = -at % ALIGNMENT
    if not missing:
        return b""
    if missing == 1:  # the field's own tag and length take two
        missing += ALIGNMENT
    return _PADDING + bytes((missing - 2,)) + bytes(missing - 2)


def _varint(number: int) -> bytes:
    if number < 0x80:
        return bytes((number,))
    groups = bytearray()
    while number > 0x7F:
        groups.append(number & 0x7F | 0x80)
        number >>= 7
    groups.append(number)
    return bytes(groups)


def _read_varint(data: Buffer, at: int) -> tuple[int, int]:
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
