from google.protobuf import any_pb2 as _any_pb2
from google.protobuf import struct_pb2 as _struct_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class AudioProtoPayload(_message.Message):
    __slots__ = ("audio_data", "dtype", "shape", "sampling_rate", "channels", "start", "end", "audio_format")
    AUDIO_DATA_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    SHAPE_FIELD_NUMBER: _ClassVar[int]
    SAMPLING_RATE_FIELD_NUMBER: _ClassVar[int]
    CHANNELS_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    AUDIO_FORMAT_FIELD_NUMBER: _ClassVar[int]
    audio_data: bytes
    dtype: str
    shape: _containers.RepeatedScalarFieldContainer[int]
    sampling_rate: int
    channels: int
    start: float
    end: float
    audio_format: str
    def __init__(self, audio_data: _Optional[bytes] = ..., dtype: _Optional[str] = ..., shape: _Optional[_Iterable[int]] = ..., sampling_rate: _Optional[int] = ..., channels: _Optional[int] = ..., start: _Optional[float] = ..., end: _Optional[float] = ..., audio_format: _Optional[str] = ...) -> None: ...

class ImageProtoPayload(_message.Message):
    __slots__ = ("image_data", "dtype", "width", "height", "depth", "pixel_format", "timestamp")
    IMAGE_DATA_FIELD_NUMBER: _ClassVar[int]
    DTYPE_FIELD_NUMBER: _ClassVar[int]
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    DEPTH_FIELD_NUMBER: _ClassVar[int]
    PIXEL_FORMAT_FIELD_NUMBER: _ClassVar[int]
    TIMESTAMP_FIELD_NUMBER: _ClassVar[int]
    image_data: bytes
    dtype: str
    width: int
    height: int
    depth: int
    pixel_format: str
    timestamp: float
    def __init__(self, image_data: _Optional[bytes] = ..., dtype: _Optional[str] = ..., width: _Optional[int] = ..., height: _Optional[int] = ..., depth: _Optional[int] = ..., pixel_format: _Optional[str] = ..., timestamp: _Optional[float] = ...) -> None: ...

class VideoProtoPayload(_message.Message):
    __slots__ = ("frames", "frames_per_second", "start", "end", "codec")
    FRAMES_FIELD_NUMBER: _ClassVar[int]
    FRAMES_PER_SECOND_FIELD_NUMBER: _ClassVar[int]
    START_FIELD_NUMBER: _ClassVar[int]
    END_FIELD_NUMBER: _ClassVar[int]
    CODEC_FIELD_NUMBER: _ClassVar[int]
    frames: _containers.RepeatedCompositeFieldContainer[ImageProtoPayload]
    frames_per_second: float
    start: float
    end: float
    codec: str
    def __init__(self, frames: _Optional[_Iterable[_Union[ImageProtoPayload, _Mapping]]] = ..., frames_per_second: _Optional[float] = ..., start: _Optional[float] = ..., end: _Optional[float] = ..., codec: _Optional[str] = ...) -> None: ...

class BytesProtoPayload(_message.Message):
    __slots__ = ("cnt", "size")
    CNT_FIELD_NUMBER: _ClassVar[int]
    SIZE_FIELD_NUMBER: _ClassVar[int]
    cnt: bytes
    size: int
    def __init__(self, cnt: _Optional[bytes] = ..., size: _Optional[int] = ...) -> None: ...

class BatchProto(_message.Message):
    __slots__ = ("messages",)
    MESSAGES_FIELD_NUMBER: _ClassVar[int]
    messages: _containers.RepeatedCompositeFieldContainer[ProtoMessage]
    def __init__(self, messages: _Optional[_Iterable[_Union[ProtoMessage, _Mapping]]] = ...) -> None: ...

class ObjectProtoPayload(_message.Message):
    __slots__ = ("data",)
    DATA_FIELD_NUMBER: _ClassVar[int]
    data: _struct_pb2.Struct
    def __init__(self, data: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ...) -> None: ...

class ProtoMessage(_message.Message):
    __slots__ = ("created_at", "creator", "version", "payload", "meta", "timers", "id")
    class TimersEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: float
        def __init__(self, key: _Optional[str] = ..., value: _Optional[float] = ...) -> None: ...
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CREATOR_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_FIELD_NUMBER: _ClassVar[int]
    META_FIELD_NUMBER: _ClassVar[int]
    TIMERS_FIELD_NUMBER: _ClassVar[int]
    ID_FIELD_NUMBER: _ClassVar[int]
    created_at: float
    creator: str
    version: int
    payload: _any_pb2.Any
    meta: _struct_pb2.Struct
    timers: _containers.ScalarMap[str, float]
    id: int
    def __init__(self, created_at: _Optional[float] = ..., creator: _Optional[str] = ..., version: _Optional[int] = ..., payload: _Optional[_Union[_any_pb2.Any, _Mapping]] = ..., meta: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., timers: _Optional[_Mapping[str, float]] = ..., id: _Optional[int] = ...) -> None: ...

class ProtoEnvelope(_message.Message):
    __slots__ = ("id", "message", "sender", "receiver", "response_to", "ttl", "created_at", "configuration", "metadata", "priority", "request_type", "response_type")
    ID_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    SENDER_FIELD_NUMBER: _ClassVar[int]
    RECEIVER_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_TO_FIELD_NUMBER: _ClassVar[int]
    TTL_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    CONFIGURATION_FIELD_NUMBER: _ClassVar[int]
    METADATA_FIELD_NUMBER: _ClassVar[int]
    PRIORITY_FIELD_NUMBER: _ClassVar[int]
    REQUEST_TYPE_FIELD_NUMBER: _ClassVar[int]
    RESPONSE_TYPE_FIELD_NUMBER: _ClassVar[int]
    id: str
    message: ProtoMessage
    sender: str
    receiver: str
    response_to: str
    ttl: int
    created_at: float
    configuration: _struct_pb2.Struct
    metadata: _struct_pb2.Struct
    priority: int
    request_type: str
    response_type: str
    def __init__(self, id: _Optional[str] = ..., message: _Optional[_Union[ProtoMessage, _Mapping]] = ..., sender: _Optional[str] = ..., receiver: _Optional[str] = ..., response_to: _Optional[str] = ..., ttl: _Optional[int] = ..., created_at: _Optional[float] = ..., configuration: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., metadata: _Optional[_Union[_struct_pb2.Struct, _Mapping]] = ..., priority: _Optional[int] = ..., request_type: _Optional[str] = ..., response_type: _Optional[str] = ...) -> None: ...

class CompressedProtoPayload(_message.Message):
    __slots__ = ("compression", "compressed_data", "original_size", "compressed_size", "original_type")
    COMPRESSION_FIELD_NUMBER: _ClassVar[int]
    COMPRESSED_DATA_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_SIZE_FIELD_NUMBER: _ClassVar[int]
    COMPRESSED_SIZE_FIELD_NUMBER: _ClassVar[int]
    ORIGINAL_TYPE_FIELD_NUMBER: _ClassVar[int]
    compression: str
    compressed_data: bytes
    original_size: int
    compressed_size: int
    original_type: str
    def __init__(self, compression: _Optional[str] = ..., compressed_data: _Optional[bytes] = ..., original_size: _Optional[int] = ..., compressed_size: _Optional[int] = ..., original_type: _Optional[str] = ...) -> None: ...
