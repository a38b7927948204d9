"""The message: what nodes hand to each other.

A message belongs to the thread that made it until it is transmitted; from then on it is frozen, and
any number of threads may read it.
"""

from __future__ import annotations

import base64
import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, TypeVar

from juturna_core.payloads import Draft

if TYPE_CHECKING:
    from typing import Self

T = TypeVar("T")

_NOTHING: Mapping[str, Any] = MappingProxyType({})


class Message(Generic[T]):
    """A payload with who made it, when, and what was noted and measured on the way.

    `created_at` is seconds since the epoch, `timers` hold seconds. `_data_source_id` is the id of the message
    whose `update` sent this one. `_born` is the `time.perf_counter()` at which its oldest ancestor left its
    source, 0 until it is known, `_size` the payload's bytes, 0 until it is frozen. Copies and pickles are as frozen
    as the original.

    Freezing makes the message one of a class that refuses assignment, and `meta` and `timers` come into being when
    they are asked for: a message that is merely passed on costs one object (half the memory, and a third more
    messages a second through a chain, than with a check in every `__setattr__` and two dicts each).
    """

    __slots__ = (
        "_born",
        "_data_source_id",
        "_meta",
        "_size",
        "_timers",
        "created_at",
        "creator",
        "id",
        "payload",
        "version",
    )

    _id_gen: ClassVar[Iterator[int]] = itertools.count()
    _is_frozen: ClassVar[bool] = False

    _born: float
    _data_source_id: int | None
    _size: int
    _meta: dict[str, Any] | None
    _timers: dict[str, float] | None

    def __init__(
        self,
        creator: str | None = None,
        version: int = -1,
        payload: T = None,  # type: ignore[assignment]  # no payload: a Message[None]
        timers_from: Message[Any] | None = None,
    ) -> None:
        self.id = next(self._id_gen)
        self.created_at = time.time()
        self.creator = creator
        self.version = version
        self.payload = payload
        self._meta = None
        self._timers = None if timers_from is None else dict(timers_from.timers)
        self._data_source_id = None
        self._born = 0.0
        self._size = 0

    if not TYPE_CHECKING:

        def __class_getitem__(cls, _: Any) -> type[Message]:
            """`Message[BytesPayload](…)` costs no more than `Message(…)`."""
            return cls

    @property
    def meta(self) -> dict[str, Any]:
        """What nodes noted about the message; read-only once it is frozen."""
        if self._meta is None:
            self._meta = {}
        return self._meta

    @meta.setter
    def meta(self, meta: dict[str, Any]) -> None:
        self._meta = meta

    @property
    def timers(self) -> dict[str, float]:
        """Seconds by name; read-only once the message is frozen."""
        if self._timers is None:
            self._timers = {}
        return self._timers

    @timers.setter
    def timers(self, timers: dict[str, float]) -> None:
        self._timers = timers

    def __repr__(self) -> str:
        return f"<Message from {self.creator}, v. {self.version}>"

    def __reduce__(self) -> tuple[Any, ...]:
        values = {name: getattr(self, name) for name in Message.__slots__}
        values |= getattr(self, "__dict__", {})  # an author's class may have attributes of its own
        return _restored, (_thawed(type(self)), values, self._is_frozen)

    def _freeze(self) -> None:
        """Make this unchangeable, for good; a draft is compiled."""
        payload: Any = self.payload
        if type(payload) is Draft:
            self.payload = payload = payload.compile()
        self._size = getattr(payload, "size_bytes", 0)
        self.__class__ = _frozen_by_class.get(type(self)) or _frozen(type(self))

    def timer(self, timer_name: str, timer_value: float | None = None) -> None:
        """Note `timer_value`, or else the seconds since the epoch, under `timer_name`."""
        self.timers[timer_name] = time.time() if timer_value is None else timer_value

    @contextmanager
    def timeit(self, timer_name: str) -> Iterator[Self]:
        """Note the seconds that the block takes under `timer_name`."""
        if self._is_frozen:
            raise TypeError(_FROZEN)
        started = time.perf_counter()
        try:
            yield self
        finally:
            self.timer(timer_name, time.perf_counter() - started)

    def to_dict(self) -> dict[str, Any]:
        """The message as a dict; the payload is not converted."""
        return {
            "created_at": self.created_at,
            "creator": self.creator,
            "version": self.version,
            "payload": self.payload,
            "meta": dict(self.meta),
            "timers": dict(self.timers),
        }

    def to_json(
        self, encoder: Callable[[Any], Any] | None = None, indent: int | None = None
    ) -> str:
        """The message as JSON; `encoder` replaces what is done with values that JSON does not have.

        Raises TypeError that names the first value that cannot be serialised.
        """
        content = self.to_dict()
        if encoder is not None:
            return json.dumps(content, default=encoder, indent=indent)
        try:
            return json.dumps(content, default=to_plain, indent=indent)
        except TypeError as error:
            culprit = _first_unserialisable(content, "message")
            raise TypeError(culprit or str(error)) from error


_FROZEN = "frozen messages cannot be modified"


class _Frozen:
    """What is laid over the class of a message when it is transmitted."""

    __slots__ = ()
    _is_frozen = True
    _meta: dict[str, Any] | None
    _timers: dict[str, float] | None

    @property
    def meta(self) -> Mapping[str, Any]:
        return MappingProxyType(self._meta) if self._meta else _NOTHING

    @property
    def timers(self) -> Mapping[str, float]:
        return MappingProxyType(self._timers) if self._timers else _NOTHING

    def __setattr__(self, name: str, value: Any) -> None:
        raise TypeError(_FROZEN)

    def __delattr__(self, name: str) -> None:
        raise TypeError(_FROZEN)

    def _freeze(self) -> None:
        """Is frozen."""

    def timer(self, timer_name: str, timer_value: float | None = None) -> None:
        raise TypeError(_FROZEN)


_frozen_by_class: dict[type[Message[Any]], type[Message[Any]]] = {}


def _frozen(cls: type[Message[Any]]) -> type[Message[Any]]:
    """Make the class that messages of `cls` become when they are frozen."""
    names = {"__slots__": (), "__module__": cls.__module__, "__doc__": cls.__doc__}
    made = type(cls.__name__, (_Frozen, cls), names)
    return _frozen_by_class.setdefault(cls, made)


def _thawed(cls: type[Message[Any]]) -> type[Message[Any]]:
    """The class that messages of `cls` had before they were frozen."""
    return next((each for each, frozen in _frozen_by_class.items() if frozen is cls), cls)


def _restored(cls: type[Message[Any]], values: dict[str, Any], frozen: bool) -> Message[Any]:
    """A message from a copy or a pickle."""
    message: Message[Any] = object.__new__(cls)
    for name, value in values.items():
        setattr(message, name, value)
    if frozen:
        message._freeze()
    return message


def to_plain(value: Any) -> Any:
    """`value` one step closer to what JSON has: payloads, arrays, numpy scalars, bytes, sets.

    Raises TypeError for what has no such step.
    """
    if hasattr(value, "serialize"):
        return type(value).serialize(value)  # a static method in Juturna, a method elsewhere
    if isinstance(value, Message):
        return value.to_dict()
    if isinstance(value, bytes | bytearray | memoryview):
        return base64.b64encode(value).decode("ascii")
    if hasattr(value, "tolist"):
        return value.tolist()
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, set | frozenset):
        return list(value)
    raise TypeError(f"a {type(value).__name__} cannot be serialised as JSON")


def _first_unserialisable(value: Any, where: str) -> str | None:
    """A sentence that names the first thing in `value` that JSON cannot hold."""
    children: Iterator[tuple[str, Any]]
    if value is None or isinstance(value, str | int | float):
        return None
    if isinstance(value, dict):
        for key in value:
            if not (key is None or isinstance(key, str | int | float)):
                return f"the key {key!r} of {where} cannot be serialised as JSON"
        children = ((f"{where}[{key!r}]", item) for key, item in value.items())
    elif isinstance(value, list | tuple):
        children = ((f"{where}[{index}]", item) for index, item in enumerate(value))
    else:
        try:
            children = iter([(where, to_plain(value))])
        except TypeError as error:
            return f"{where}: {error}"
    found = (_first_unserialisable(item, place) for place, item in children)
    return next((sentence for sentence in found if sentence), None)
