from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class DescribeRequest(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Description(_message.Message):
    __slots__ = ("node_name", "node_type", "node_mark", "pipe_name", "software", "max_bytes", "process")
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    NODE_TYPE_FIELD_NUMBER: _ClassVar[int]
    NODE_MARK_FIELD_NUMBER: _ClassVar[int]
    PIPE_NAME_FIELD_NUMBER: _ClassVar[int]
    SOFTWARE_FIELD_NUMBER: _ClassVar[int]
    MAX_BYTES_FIELD_NUMBER: _ClassVar[int]
    PROCESS_FIELD_NUMBER: _ClassVar[int]
    node_name: str
    node_type: str
    node_mark: str
    pipe_name: str
    software: str
    max_bytes: int
    process: bytes
    def __init__(self, node_name: _Optional[str] = ..., node_type: _Optional[str] = ..., node_mark: _Optional[str] = ..., pipe_name: _Optional[str] = ..., software: _Optional[str] = ..., max_bytes: _Optional[int] = ..., process: _Optional[bytes] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("heads", "buffers", "padding")
    HEADS_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    PADDING_FIELD_NUMBER: _ClassVar[int]
    heads: _containers.RepeatedCompositeFieldContainer[Head]
    buffers: _containers.RepeatedScalarFieldContainer[bytes]
    padding: bytes
    def __init__(self, heads: _Optional[_Iterable[_Union[Head, _Mapping]]] = ..., buffers: _Optional[_Iterable[bytes]] = ..., padding: _Optional[bytes] = ...) -> None: ...

class Head(_message.Message):
    __slots__ = ("number", "seen", "hello", "welcome", "request", "output", "done", "refusal", "goodbye", "offer", "choice", "buffers")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    SEEN_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    REFUSAL_FIELD_NUMBER: _ClassVar[int]
    GOODBYE_FIELD_NUMBER: _ClassVar[int]
    OFFER_FIELD_NUMBER: _ClassVar[int]
    CHOICE_FIELD_NUMBER: _ClassVar[int]
    BUFFERS_FIELD_NUMBER: _ClassVar[int]
    number: int
    seen: int
    hello: Hello
    welcome: Welcome
    request: Request
    output: Output
    done: Done
    refusal: Refusal
    goodbye: Goodbye
    offer: Offer
    choice: Choice
    buffers: int
    def __init__(self, number: _Optional[int] = ..., seen: _Optional[int] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., welcome: _Optional[_Union[Welcome, _Mapping]] = ..., request: _Optional[_Union[Request, _Mapping]] = ..., output: _Optional[_Union[Output, _Mapping]] = ..., done: _Optional[_Union[Done, _Mapping]] = ..., refusal: _Optional[_Union[Refusal, _Mapping]] = ..., goodbye: _Optional[_Union[Goodbye, _Mapping]] = ..., offer: _Optional[_Union[Offer, _Mapping]] = ..., choice: _Optional[_Union[Choice, _Mapping]] = ..., buffers: _Optional[int] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("session", "node_name", "pipe_name", "configuration", "lane")
    SESSION_FIELD_NUMBER: _ClassVar[int]
    NODE_NAME_FIELD_NUMBER: _ClassVar[int]
    PIPE_NAME_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    LANE_FIELD_NUMBER: _ClassVar[int]
    session: bytes
    node_name: str
    pipe_name: str
    configuration: Map
    lane: bool
    def __init__(self, session: _Optional[bytes] = ..., node_name: _Optional[str] = ..., pipe_name: _Optional[str] = ..., configuration: _Optional[_Union[Map, _Mapping]] = ..., lane: _Optional[bool] = ...) -> None: ...

class Offer(_message.Message):
    __slots__ = ("port", "key")
    PORT_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    port: int
    key: bytes
    def __init__(self, port: _Optional[int] = ..., key: _Optional[bytes] = ...) -> None: ...

class Choice(_message.Message):
    __slots__ = ("lane",)
    LANE_FIELD_NUMBER: _ClassVar[int]
    lane: bool
    def __init__(self, lane: _Optional[bool] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("taken",)
    TAKEN_FIELD_NUMBER: _ClassVar[int]
    taken: int
    def __init__(self, taken: _Optional[int] = ...) -> None: ...

class Refusal(_message.Message):
    __slots__ = ("text", "for_good")
    TEXT_FIELD_NUMBER: _ClassVar[int]
    FOR_GOOD_FIELD_NUMBER: _ClassVar[int]
    text: str
    for_good: bool
    def __init__(self, text: _Optional[str] = ..., for_good: _Optional[bool] = ...) -> None: ...

class Goodbye(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Request(_message.Message):
    __slots__ = ("number", "message")
    NUMBER_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    number: int
    message: Message
    def __init__(self, number: _Optional[int] = ..., message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class Output(_message.Message):
    __slots__ = ("request", "index", "message")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    INDEX_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    request: int
    index: int
    message: Message
    def __init__(self, request: _Optional[int] = ..., index: _Optional[int] = ..., message: _Optional[_Union[Message, _Mapping]] = ...) -> None: ...

class Done(_message.Message):
    __slots__ = ("request", "failure", "decode_ns", "queue_ns", "compute_ns", "encode_ns")
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    FAILURE_FIELD_NUMBER: _ClassVar[int]
    DECODE_NS_FIELD_NUMBER: _ClassVar[int]
    QUEUE_NS_FIELD_NUMBER: _ClassVar[int]
    COMPUTE_NS_FIELD_NUMBER: _ClassVar[int]
    ENCODE_NS_FIELD_NUMBER: _ClassVar[int]
    request: int
    failure: Failure
    decode_ns: int
    queue_ns: int
    compute_ns: int
    encode_ns: int
    def __init__(self, request: _Optional[int] = ..., failure: _Optional[_Union[Failure, _Mapping]] = ..., decode_ns: _Optional[int] = ..., queue_ns: _Optional[int] = ..., compute_ns: _Optional[int] = ..., encode_ns: _Optional[int] = ...) -> None: ...

class Failure(_message.Message):
    __slots__ = ("type", "text", "trace")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    TRACE_FIELD_NUMBER: _ClassVar[int]
    type: str
    text: str
    trace: str
    def __init__(self, type: _Optional[str] = ..., text: _Optional[str] = ..., trace: _Optional[str] = ...) -> None: ...

class Message(_message.Message):
    __slots__ = ("id", "created_at", "creator", "version", "payload", "meta", "timers")
    ID_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    TIMERS_FIELD_NUMBER: _ClassVar[int]
    id: int
    created_at: float
    creator: str
    version: int
    payload: Value
    meta: Map
    timers: Map
    def __init__(self, id: _Optional[int] = ..., created_at: _Optional[float] = ..., creator: _Optional[str] = ..., version: _Optional[int] = ..., payload: _Optional[_Union[Value, _Mapping]] = ..., meta: _Optional[_Union[Map, _Mapping]] = ..., timers: _Optional[_Union[Map, _Mapping]] = ...) -> None: ...

class Value(_message.Message):
    __slots__ = ("boolean", "integer", "big_integer", "real", "text", "bytes", "list", "tuple", "set", "frozenset", "map", "array", "scalar", "object", "message", "literal", "complex")
    BOOLEAN_FIELD_NUMBER: _ClassVar[int]
    INTEGER_FIELD_NUMBER: _ClassVar[int]
    BIG_INTEGER_FIELD_NUMBER: _ClassVar[int]
    REAL_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    BYTES_FIELD_NUMBER: _ClassVar[int]
    LIST_FIELD_NUMBER: _ClassVar[int]
    TUPLE_FIELD_NUMBER: _ClassVar[int]
    SET_FIELD_NUMBER: _ClassVar[int]
    FROZENSET_FIELD_NUMBER: _ClassVar[int]
    MAP_FIELD_NUMBER: _ClassVar[int]
    ARRAY_FIELD_NUMBER: _ClassVar[int]
    SCALAR_FIELD_NUMBER: _ClassVar[int]
    OBJECT_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    LITERAL_FIELD_NUMBER: _ClassVar[int]
    COMPLEX_FIELD_NUMBER: _ClassVar[int]
    boolean: bool
    integer: int
    big_integer: bytes
    real: float
    text: str
    bytes: int
    list: Sequence
    tuple: Sequence
    set: Sequence
    frozenset: Sequence
    map: Map
    array: Array
    scalar: Array
    object: Object
    message: Message
    literal: Literal
    complex: Complex
    def __init__(self, boolean: _Optional[bool] = ..., integer: _Optional[int] = ..., big_integer: _Optional[bytes] = ..., real: _Optional[float] = ..., text: _Optional[str] = ..., bytes: _Optional[int] = ..., list: _Optional[_Union[Sequence, _Mapping]] = ..., tuple: _Optional[_Union[Sequence, _Mapping]] = ..., set: _Optional[_Union[Sequence, _Mapping]] = ..., frozenset: _Optional[_Union[Sequence, _Mapping]] = ..., map: _Optional[_Union[Map, _Mapping]] = ..., array: _Optional[_Union[Array, _Mapping]] = ..., scalar: _Optional[_Union[Array, _Mapping]] = ..., object: _Optional[_Union[Object, _Mapping]] = ..., message: _Optional[_Union[Message, _Mapping]] = ..., literal: _Optional[_Union[Literal, _Mapping]] = ..., complex: _Optional[_Union[Complex, _Mapping]] = ...) -> None: ...

class Sequence(_message.Message):
    __slots__ = ("items",)
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Value]
    def __init__(self, items: _Optional[_Iterable[_Union[Value, _Mapping]]] = ...) -> None: ...

class Map(_message.Message):
    __slots__ = ("entries",)
    ENTRIES_FIELD_NUMBER: _ClassVar[int]
    entries: _containers.RepeatedCompositeFieldContainer[Entry]
    def __init__(self, entries: _Optional[_Iterable[_Union[Entry, _Mapping]]] = ...) -> None: ...

class Entry(_message.Message):
    __slots__ = ("name", "key", "value")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KEY_FIELD_NUMBER: _ClassVar[int]
    VALUE_FIELD_NUMBER: _ClassVar[int]
    name: str
    key: Value
    value: Value
    def __init__(self, name: _Optional[str] = ..., key: _Optional[_Union[Value, _Mapping]] = ..., value: _Optional[_Union[Value, _Mapping]] = ...) -> None: ...

class Array(_message.Message):
    __slots__ = ("dtype", "shape", "fortran", "buffer")
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    FORTRAN_FIELD_NUMBER: _ClassVar[int]
    BUFFER_FIELD_NUMBER: _ClassVar[int]
    dtype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    fortran: bool
    buffer: int
    def __init__(self, dtype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., fortran: _Optional[bool] = ..., buffer: _Optional[int] = ...) -> None: ...

class Object(_message.Message):
    __slots__ = ("type", "module", "fields")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    MODULE_FIELD_NUMBER: _ClassVar[int]
    FIELDS_FIELD_NUMBER: _ClassVar[int]
    type: str
    module: str
    fields: Map
    def __init__(self, type: _Optional[str] = ..., module: _Optional[str] = ..., fields: _Optional[_Union[Map, _Mapping]] = ...) -> None: ...

class Literal(_message.Message):
    __slots__ = ("type", "text")
    TYPE_FIELD_NUMBER: _ClassVar[int]
    TEXT_FIELD_NUMBER: _ClassVar[int]
    type: str
    text: str
    def __init__(self, type: _Optional[str] = ..., text: _Optional[str] = ...) -> None: ...

class Complex(_message.Message):
    __slots__ = ("real", "imaginary")
    REAL_FIELD_NUMBER: _ClassVar[int]
    IMAGINARY_FIELD_NUMBER: _ClassVar[int]
    real: float
    imaginary: float
    def __init__(self, real: _Optional[float] = ..., imaginary: _Optional[float] = ...) -> None: ...
