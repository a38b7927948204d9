"""What a message carries: frozen values, each with `size_bytes`, `clone` and `serialize`.

numpy is imported when the first default array is made, not by this module. Numbers that are not
known are -1, strings "".
"""

from __future__ import annotations

import base64
import copy
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import IntEnum
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, cast

if TYPE_CHECKING:
    from typing import Self, TypeAlias

    import numpy as np

    from juturna_core.message import Message

    Array: TypeAlias = np.ndarray[Any, Any]


class ControlSignal(IntEnum):
    """What a `ControlPayload` asks for; the negative ones end a source."""

    STOP_PROPAGATE = -2
    STOP = -1
    START = 0
    START_PROPAGATE = 1
    WARMUP = 2
    SUSPEND = 3
    RESUME = 4


@dataclass(frozen=True)
class BasePayload:
    """The root of all payloads. `size_bytes` is set once, by a payload that has a size."""

    size_bytes: ClassVar[int] = 0

    def clone(self) -> Self:
        """A deep copy."""
        return copy.deepcopy(self)

    @staticmethod
    def serialize(obj: Any) -> Any:
        """`obj` as a value that `Message.to_json` can go on with: its fields, unless overridden."""
        return {f.name: getattr(obj, f.name) for f in fields(obj)}

    def _sized(self, size_bytes: int) -> None:
        object.__setattr__(self, "size_bytes", size_bytes)


def _no_samples() -> Array:
    import numpy as np

    return np.empty(0)


def _no_pixels() -> Array:
    import numpy as np

    return np.empty((0, 0))


@dataclass(frozen=True)
class ControlPayload(BasePayload):
    """A signal to the nodes it passes."""

    signal: ControlSignal = ControlSignal.STOP


@dataclass(frozen=True)
class AudioPayload(BasePayload):
    """Samples, `start` and `end` in seconds of the stream, `sampling_rate` in Hz."""

    audio: Array = field(default_factory=_no_samples)
    sampling_rate: int = -1
    audio_format: str = ""
    channels: int = -1
    start: float = -1.0
    end: float = -1.0

    def __post_init__(self) -> None:
        self._sized(self.audio.nbytes)

    @staticmethod
    def serialize(obj: AudioPayload) -> dict[str, Any]:
        return {**BasePayload.serialize(obj), "audio": obj.audio.tolist()}


@dataclass(frozen=True)
class ImagePayload(BasePayload):
    """One picture, as rows of pixels; `timestamp` in seconds of the stream."""

    image: Array = field(default_factory=_no_pixels)
    width: int = -1
    height: int = -1
    depth: int = -1
    pixel_format: str = ""
    timestamp: float = -1.0

    def __post_init__(self) -> None:
        self._sized(self.image.nbytes)

    @staticmethod
    def serialize(obj: ImagePayload) -> dict[str, Any]:
        return {**BasePayload.serialize(obj), "image": obj.image.tolist()}


@dataclass(frozen=True)
class VideoPayload(BasePayload):
    """Frames, `start` and `end` in seconds of the stream."""

    video: list[ImagePayload] = field(default_factory=list)
    frames_per_second: float = -1.0
    codec: str = ""
    start: float = -1.0
    end: float = -1.0

    def __post_init__(self) -> None:
        self._sized(sum(frame.size_bytes for frame in self.video))

    @staticmethod
    def serialize(obj: VideoPayload) -> dict[str, Any]:
        frames = [type(frame).serialize(frame) for frame in obj.video]
        return {**BasePayload.serialize(obj), "video": frames}


@dataclass(frozen=True)
class BytesPayload(BasePayload):
    """Bytes; base64 in JSON."""

    cnt: bytes = b""

    def __post_init__(self) -> None:
        self._sized(len(self.cnt))

    @staticmethod
    def serialize(obj: BytesPayload) -> dict[str, str]:
        return {"cnt": base64.b64encode(obj.cnt).decode("ascii")}


@dataclass(frozen=True)
class Batch(BasePayload):
    """Several messages that a synchroniser handed over as one."""

    messages: tuple[Message[Any], ...] = ()

    def __post_init__(self) -> None:
        self._sized(sum(getattr(m.payload, "size_bytes", 0) for m in self.messages))

    @staticmethod
    def serialize(obj: Batch) -> list[dict[str, Any]]:
        return [message.to_dict() for message in obj.messages]


@dataclass(frozen=True, init=False, eq=False, repr=False)
class ObjectPayload(dict[str, Any], BasePayload):
    """A read-only dict whose items are attributes too.

    `size_bytes` counts the dict and what is directly in it, so that arrays and texts weigh in.
    """

    def __init__(self, /, **items: Any) -> None:
        super().__init__(items)
        self._sized(sys.getsizeof(self) + sum(map(_weight, self.values())))

    @classmethod
    def from_dict(cls, origin: Mapping[str, Any]) -> Self:
        """The payload with the items of `origin`."""
        return cls(**origin)

    @staticmethod
    def serialize(obj: ObjectPayload) -> dict[str, Any]:
        return dict(obj)

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            # not KeyError: hasattr, copy and pickle ask for attributes that are not there
            raise AttributeError(f"{type(self).__name__} has no {name!r}", name=name) from None

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self).from_dict, (dict(self),)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({super().__repr__()})"

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError(f"'{type(self).__name__}' object does not support item assignment")

    __setitem__ = update = setdefault = __ior__ = _refuse

    def _refuse_deletion(self, *_: Any) -> NoReturn:
        raise TypeError(f"'{type(self).__name__}' object does not support item deletion")

    __delitem__ = pop = popitem = clear = _refuse_deletion


def _weight(value: Any) -> int:
    nbytes = getattr(value, "nbytes", None)  # an array that is a view reports no size otherwise
    return nbytes if isinstance(nbytes, int) else sys.getsizeof(value)


P = TypeVar("P", bound=BasePayload)


class Draft(Generic[P]):
    """A payload in the making: fields are set freely, `compile` makes the frozen payload of them.

    A message with a draft compiles it when it is transmitted.
    """

    __slots__ = ("_names", "_payload_type", "_values")

    _names: frozenset[str] | None  # None: any, for payloads that are dicts
    _payload_type: type[P]
    _values: dict[str, Any]

    def __init__(self, payload_type: type[P], copy_from: P | None = None) -> None:
        is_open = issubclass(payload_type, dict)
        names = None if is_open else frozenset(f.name for f in fields(payload_type) if f.init)
        values: dict[str, Any] = {}
        if copy_from is not None:
            if not isinstance(copy_from, payload_type):
                raise TypeError(
                    f"a draft of {payload_type.__name__} cannot copy from a "
                    f"{type(copy_from).__name__}"
                )
            if names is None:
                values.update(cast(Mapping[str, Any], copy_from))
            else:
                values.update((name, getattr(copy_from, name)) for name in names)
        object.__setattr__(self, "_payload_type", payload_type)
        object.__setattr__(self, "_names", names)
        object.__setattr__(self, "_values", values)

    def __setattr__(self, name: str, value: Any) -> None:
        if self._names is not None and name not in self._names:
            raise AttributeError(f"{name} not allowed in {self._payload_type.__name__}", name=name)
        self._values[name] = value

    __setitem__ = __setattr__

    def __getattr__(self, name: str) -> Any:
        try:
            return self._values[name]
        except KeyError:
            raise AttributeError(
                f"{name} is not set in this draft of {self._payload_type.__name__}", name=name
            ) from None

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __reduce__(self) -> tuple[Any, ...]:
        return _draft_of, (self._payload_type, self._values)

    def __repr__(self) -> str:
        return f"Draft({self._payload_type.__name__}, {self._values!r})"

    def clear(self) -> None:
        """Forget every field that was set."""
        self._values.clear()

    def compile(self) -> P:
        """The payload, with defaults where nothing was set."""
        return self._payload_type(**self._values)


def _draft_of(payload_type: type[P], values: dict[str, Any]) -> Draft[P]:
    draft = Draft(payload_type)
    draft._values.update(values)
    return draft
