"""Python values on our own wire (warp.proto), unchanged: types, shapes, None, int and float, nesting.

What crosses as something else, because the difference is of no use elsewhere: a `bytearray` or `memoryview` as bytes,
a mapping of any kind as a dict, a named tuple as a tuple, a subclass of str, int, float or list as its parent, the zone
of an aware datetime as its offset. Arrays arrive read-only: they lie in the frame they came in.

A value that cannot cross raises `UncrossableError` with its place in the message; in `meta` it is left out and
reported. A new payload class needs nothing here when it is a dataclass derived from `BasePayload`.
"""

from __future__ import annotations

import datetime
import decimal
import enum
import logging
import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any, TypeAlias

import numpy as np

from juturna_core._pb import warp_pb2 as pb
from juturna_core.errors import UncrossableError
from juturna_core.message import Message
from juturna_core.payloads import BasePayload, ControlSignal, Draft, ObjectPayload
from juturna_core.warp.arrival import arrived
from juturna_core.warp.frame import Buffer

Report: TypeAlias = Callable[[str, str], None]
"""Called with the key in `meta` that was left out, and why."""

_DEEPEST = 90
"""Nested protobuf messages; libraries refuse 100, and the frame's head takes some of them."""

_CROSSING_KINDS = "biufcSUmM"  # of numpy dtypes: no objects, no structures

_HALF_PAIR = "text with half of a surrogate pair in it"

_MICROSECOND = datetime.timedelta(microseconds=1)

_LITERALS: dict[str, tuple[type, Callable[[Any], str], Callable[[str], Any]]] = {
    "datetime": (datetime.datetime, datetime.datetime.isoformat, datetime.datetime.fromisoformat),
    "date": (datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    "time": (datetime.time, datetime.time.isoformat, datetime.time.fromisoformat),
    "timedelta": (
        datetime.timedelta,
        lambda delta: str(delta // _MICROSECOND),
        lambda text: int(text) * _MICROSECOND,
    ),
    "Decimal": (decimal.Decimal, str, decimal.Decimal),
    "UUID": (uuid.UUID, str, uuid.UUID),
    "ControlSignal": (ControlSignal, lambda signal: str(signal.name), ControlSignal.__getitem__),
}
_LITERAL_NAMES = {kind: name for name, (kind, _, _) in _LITERALS.items()}


class _Uncrossable(Exception):
    """What cannot cross, while the way to it is gathered from inside out."""

    def __init__(self, what: str) -> None:
        super().__init__(what)
        self.what = what
        self.way: list[str] = []

    @property
    def place(self) -> str:
        return "".join(reversed(self.way)).lstrip(".")


def _ignore(key: str, why: str) -> None:
    """No one to report to."""


class Omissions:
    """A `Report` that logs each key of a node's `meta` once."""

    def __init__(self, node_name: str, logger: logging.Logger) -> None:
        self._node_name = node_name
        self._logger = logger
        self._named: set[str] = set()

    def __call__(self, key: str, why: str) -> None:
        if key not in self._named:
            self._named.add(key)
            self._logger.warning(
                "%s: meta %s is %s, which cannot cross to another process; it is left out (said once)",
                self._node_name,
                key,
                why,
            )


# --- to the wire -----------------------------------------------------------------------------------------------------


def encode(message: Message[Any], wire: pb.Message, report: Report = _ignore) -> list[Buffer]:
    """Write `message` into `wire`; the buffers that go with it. Raises UncrossableError."""
    encoder = Encoder(report)
    try:
        encoder.message(wire, message)
    except _Uncrossable as error:
        raise UncrossableError(
            f"{error.place} of message {message.id} is {error.what}, which cannot cross to another process",
            hint="send what it stands for instead: arrays, bytes, text, numbers, lists, dicts, payloads",
        ) from None
    return encoder.buffers


def encode_mapping(mapping: Mapping[str, Any], wire: pb.Map) -> None:
    """Write `mapping`, which holds plain values, into `wire`. Raises UncrossableError."""
    encoder = Encoder(_ignore)
    try:
        encoder.map(wire, mapping)
        if encoder.buffers:
            raise _Uncrossable("bytes or an array")
    except _Uncrossable as error:
        raise UncrossableError(
            f"the configuration holds {error.what} at {error.place or 'some key'}"
        ) from None


class Encoder:
    """Writes values into protobuf messages and gathers their buffers."""

    def __init__(self, report: Report) -> None:
        self.buffers: list[Buffer] = []
        self._report = report
        self._depth = 4  # Frame, Head, Request, Message

    def message(self, wire: pb.Message, message: Message[Any]) -> None:
        try:
            wire.id, wire.version = message.id, message.version
            wire.created_at = message.created_at
            if message.creator is not None:
                wire.creator = message.creator
        except (TypeError, ValueError) as error:
            raise _Uncrossable(
                f"not what a message's id, version, creator and created_at are ({error})"
            ) from None
        if message.payload is not None:
            try:
                self.value(wire.payload, message.payload)
            except _Uncrossable as error:
                error.way.append(".payload")
                raise
        if message.meta:
            self._meta(wire.meta, message.meta, "")
        if message.timers:
            self._meta(wire.timers, message.timers, "")

    def _meta(self, wire: pb.Map, meta: Mapping[Any, Any], prefix: str) -> None:
        """A dict whose entries are left out and reported when they cannot cross."""
        for key, value in meta.items():
            before, depth = len(self.buffers), self._depth
            try:
                entry = self._entry(wire, key)
                if isinstance(value, dict):
                    self._deeper(3)
                    entry.value.map.SetInParent()
                    self._meta(entry.value.map, value, f"{prefix}{key}.")
                    self._depth -= 3
                else:
                    self.value(entry.value, value)
            except _Uncrossable as error:
                self._depth = depth
                del self.buffers[before:]
                del wire.entries[-1]
                self._report(f"{prefix}{key}{error.place}", error.what)

    def value(self, wire: pb.Value, value: Any) -> None:
        """Any value."""
        write = _WRITERS.get(type(value))
        if write is None:
            write = _writer_of(value)
        write(self, wire, value)

    def map(self, wire: pb.Map, mapping: Mapping[Any, Any]) -> None:
        self._deeper(3)
        for key, value in mapping.items():
            try:
                self.value(self._entry(wire, key).value, value)
            except _Uncrossable as error:
                error.way.append(f"[{key!r}]")
                raise
        self._depth -= 3

    def _entry(self, wire: pb.Map, key: Any) -> pb.Entry:
        entry = wire.entries.add()
        if type(key) is str:
            try:
                entry.name = key
            except (UnicodeError, ValueError):
                raise _Uncrossable(_HALF_PAIR) from None
        else:
            entry.key.SetInParent()
            self.value(entry.key, key)
        return entry

    def sequence(self, wire: pb.Sequence, values: Iterable[Any]) -> None:
        self._deeper(2)
        wire.SetInParent()
        for index, value in enumerate(values):
            try:
                self.value(wire.items.add(), value)
            except _Uncrossable as error:
                error.way.append(f"[{index}]")
                raise
        self._depth -= 2

    def array(self, wire: pb.Array, array: np.ndarray[Any, Any]) -> None:
        dtype = array.dtype
        if dtype.kind not in _CROSSING_KINDS or isinstance(array, np.ma.MaskedArray):
            kind = "a masked array" if isinstance(array, np.ma.MaskedArray) else "an array"
            raise _Uncrossable(f"{kind} of dtype {dtype}")
        wire.dtype = dtype.str
        wire.shape.extend(array.shape)
        if not array.flags.c_contiguous:
            if array.flags.f_contiguous:
                wire.fortran = True
                array = array.T
            else:
                array = np.ascontiguousarray(array)
        wire.buffer = len(self.buffers)
        # as single bytes: the buffer protocol does not know dates
        self.buffers.append(array.reshape(-1).view(np.uint8).data if array.nbytes else b"")

    def payload(self, wire: pb.Object, payload: BasePayload) -> None:
        kind = type(payload)
        wire.type, wire.module = kind.__qualname__, kind.__module__
        if isinstance(payload, ObjectPayload):
            self.map(wire.fields, payload)
            return
        self._deeper(4)
        entries = wire.fields.entries
        for field in fields(payload):
            if field.init:
                entry = entries.add(name=field.name)
                try:
                    self.value(entry.value, getattr(payload, field.name))
                except _Uncrossable as error:
                    error.way.append(f".{field.name}")
                    raise
        self._depth -= 4

    def bytes(self, wire: pb.Value, value: bytes) -> None:
        wire.bytes = len(self.buffers)
        self.buffers.append(value)

    def literal(self, wire: pb.Literal, value: Any, name: str) -> None:
        wire.type, wire.text = name, _LITERALS[name][1](value)

    def _deeper(self, levels: int) -> None:
        self._depth += levels
        if self._depth > _DEEPEST:
            raise _Uncrossable("nested too deeply, or contains itself")


def _write_none(encoder: Encoder, wire: pb.Value, value: None) -> None:
    """None is the value that says nothing."""


def _write_bool(encoder: Encoder, wire: pb.Value, value: bool) -> None:
    wire.boolean = value


def _write_int(encoder: Encoder, wire: pb.Value, value: int) -> None:
    if -(2**63) <= value < 2**63:
        wire.integer = value
    else:
        wire.big_integer = value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)


def _write_float(encoder: Encoder, wire: pb.Value, value: float) -> None:
    wire.real = value


def _write_str(encoder: Encoder, wire: pb.Value, value: str) -> None:
    try:
        wire.text = value
    except (UnicodeError, ValueError):
        raise _Uncrossable(_HALF_PAIR) from None


def _write_complex(encoder: Encoder, wire: pb.Value, value: complex) -> None:
    wire.complex.real, wire.complex.imaginary = value.real, value.imag
    wire.complex.SetInParent()


def _write_array(encoder: Encoder, wire: pb.Value, value: np.ndarray[Any, Any]) -> None:
    encoder.array(wire.array, value)


def _write_map(encoder: Encoder, wire: pb.Value, value: Mapping[Any, Any]) -> None:
    wire.map.SetInParent()
    encoder.map(wire.map, value)


def _write_message(encoder: Encoder, wire: pb.Value, value: Message[Any]) -> None:
    encoder._deeper(2)
    wire.message.SetInParent()
    encoder.message(wire.message, value)
    encoder._depth -= 2


_Writer: TypeAlias = Callable[[Encoder, pb.Value, Any], None]

_WRITERS: dict[type, _Writer] = {
    type(None): _write_none,
    bool: _write_bool,
    int: _write_int,
    float: _write_float,
    str: _write_str,
    complex: _write_complex,
    bytes: Encoder.bytes,
    list: lambda encoder, wire, value: encoder.sequence(wire.list, value),
    tuple: lambda encoder, wire, value: encoder.sequence(wire.tuple, value),
    set: lambda encoder, wire, value: encoder.sequence(wire.set, value),
    frozenset: lambda encoder, wire, value: encoder.sequence(wire.frozenset, value),
    dict: _write_map,
    np.ndarray: _write_array,
    Message: _write_message,
}


def _write_literal(encoder: Encoder, wire: pb.Value, value: Any) -> None:
    encoder.literal(wire.literal, value, _LITERAL_NAMES[type(value)])


for _kind in _LITERAL_NAMES:
    _WRITERS[_kind] = _write_literal


def _writer_of(value: Any) -> _Writer:
    """How a value is written whose type has no row of its own; raises _Uncrossable."""
    if isinstance(value, BasePayload):
        if isinstance(value, ObjectPayload) or is_dataclass(value):
            return lambda encoder, wire, payload: encoder.payload(wire.object, payload)
    elif isinstance(value, Draft):
        return lambda encoder, wire, draft: encoder.value(wire, draft.compile())
    elif isinstance(value, np.generic):
        return lambda encoder, wire, scalar: encoder.array(wire.scalar, np.asarray(scalar))
    elif isinstance(value, bytearray | memoryview):
        return lambda encoder, wire, data: encoder.bytes(wire, bytes(data))
    elif isinstance(value, enum.Enum) and not isinstance(value, str | int | float):
        raise _Uncrossable(f"a member of {type(value).__name__}")
    for kind in (np.ndarray, str, int, float, list, tuple, set, frozenset, Message):
        if isinstance(value, kind):
            return _as(kind)
    if isinstance(value, Mapping):
        return _write_map
    raise _Uncrossable(_a(type(value).__name__))


def _as(kind: type) -> _Writer:
    """Write a value as the `kind` it derives from."""
    convert: Callable[[Any], Any] = {
        str: str.__str__,
        int: int.__int__,
        float: float.__float__,
    }.get(kind, lambda value: value)
    return lambda encoder, wire, value: _WRITERS[kind](encoder, wire, convert(value))


def _a(noun: str) -> str:
    return f"{'an' if noun[0] in 'aeiouAEIOU' else 'a'} {noun}"


# --- from the wire ---------------------------------------------------------------------------------------------------


def decode(wire: pb.Message, buffers: list[memoryview], born: float = 0.0) -> Message[Any]:
    """The message, frozen. Raises ValueError for what is malformed, UncrossableError for an unknown payload."""
    return Decoder(buffers, born).message(wire)


def decode_mapping(wire: pb.Map) -> dict[str, Any]:
    """The mapping that `encode_mapping` wrote."""
    return {str(key): value for key, value in Decoder([], 0).map(wire).items()}


class Decoder:
    """Reads values from protobuf messages and the buffers that came with them."""

    def __init__(self, buffers: list[memoryview], born: float) -> None:
        self._buffers = buffers
        self._born = born

    def message(self, wire: pb.Message) -> Message[Any]:
        return arrived(
            id=wire.id,
            created_at=wire.created_at,
            creator=wire.creator if wire.HasField("creator") else None,
            version=wire.version,
            payload=self.value(wire.payload) if wire.HasField("payload") else None,
            meta=self.map(wire.meta),
            timers=self.map(wire.timers),
            born=self._born,
        )

    def value(self, wire: pb.Value) -> Any:
        kind = wire.WhichOneof("kind")
        if kind is None:
            return None
        read = _READERS.get(kind)
        return getattr(wire, kind) if read is None else read(self, getattr(wire, kind))

    def map(self, wire: pb.Map) -> dict[Any, Any]:
        value = self.value
        return {
            value(entry.key) if entry.HasField("key") else entry.name: value(entry.value)
            for entry in wire.entries
        }

    def sequence(self, wire: pb.Sequence) -> list[Any]:
        return [self.value(item) for item in wire.items]

    def buffer(self, index: int) -> memoryview:
        if index >= len(self._buffers):
            raise ValueError(f"the frame has no buffer {index}")
        return self._buffers[index]

    def array(self, wire: pb.Array) -> np.ndarray[Any, Any]:
        dtype = np.dtype(wire.dtype)
        if dtype.kind not in _CROSSING_KINDS:
            raise ValueError(f"an array of dtype {dtype} does not cross")
        data, shape = self.buffer(wire.buffer), tuple(wire.shape)
        if not len(data):
            array = np.empty(shape, dtype)
            array.flags.writeable = False
            return array
        flat: np.ndarray[Any, Any] = np.frombuffer(data, dtype)
        flat.flags.writeable = False  # not everywhere is the frame's memory so by itself
        return flat.reshape(shape[::-1]).T if wire.fortran else flat.reshape(shape)

    def payload(self, wire: pb.Object) -> Any:
        kind = payload_class(wire.type, wire.module)
        values = self.map(wire.fields)
        return kind.from_dict(values) if issubclass(kind, ObjectPayload) else kind(**values)

    def literal(self, wire: pb.Literal) -> Any:
        if wire.type not in _LITERALS:
            raise ValueError(f"{wire.type} is not known here")
        return _LITERALS[wire.type][2](wire.text)


_READERS: dict[str, Callable[[Decoder, Any], Any]] = {
    "big_integer": lambda decoder, wire: int.from_bytes(wire, "little", signed=True),
    "bytes": lambda decoder, wire: bytes(decoder.buffer(wire)),
    "list": Decoder.sequence,
    "tuple": lambda decoder, wire: tuple(decoder.sequence(wire)),
    "set": lambda decoder, wire: set(decoder.sequence(wire)),
    "frozenset": lambda decoder, wire: frozenset(decoder.sequence(wire)),
    "map": Decoder.map,
    "array": Decoder.array,
    "scalar": lambda decoder, wire: decoder.array(wire)[()],
    "object": Decoder.payload,
    "message": Decoder.message,
    "literal": Decoder.literal,
    "complex": lambda decoder, wire: complex(wire.real, wire.imaginary),
}


def payload_class(name: str, module: str) -> type[Any]:
    """The payload class of that name that is loaded here, preferably from `module`; nothing is imported.

    Raises UncrossableError when there is none, or several and none of them from `module`.
    """
    if module == BasePayload.__module__ and name in _OURS:
        return _OURS[name]
    found = [kind for kind in _subclasses(BasePayload) if kind.__qualname__ == name]
    same = [kind for kind in found if kind.__module__ == module]
    if same or len(found) == 1:
        return (same or found)[-1]  # the latest, where a plugin was loaded again
    if not found:
        raise UncrossableError(
            f"the payload class {name} (from {module}) is not known here",
            hint="both ends must have imported the module that defines it, derived from BasePayload",
        )
    raise UncrossableError(
        f"{len(found)} payload classes are called {name} here, none of them in {module}",
        hint=f"they are in {', '.join(kind.__module__ for kind in found)}; give one of them another name",
    )


def _subclasses(kind: type[Any]) -> Iterable[type[Any]]:
    for child in kind.__subclasses__():
        yield child
        yield from _subclasses(child)


_OURS = {
    kind.__qualname__: kind
    for kind in _subclasses(BasePayload)
    if kind.__module__ == BasePayload.__module__
}
