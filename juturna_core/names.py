"""The words that states and formats are spelled with; every one of them equals its text."""

from __future__ import annotations

from enum import StrEnum, unique


@unique
class ComponentStatus(StrEnum):
    """What a node is doing."""

    NEW = "component_created"
    CONFIGURED = "component_configured"
    RUNNING = "component_running"
    STOPPED = "component_stopped"


@unique
class PipelineStatus(StrEnum):
    """What a pipeline is doing."""

    NEW = "pipeline_created"
    READY = "pipeline_ready"
    RUNNING = "pipeline_running"
    DESTROYED = "pipeline_destroyed"


@unique
class ServiceStatus(StrEnum):
    """How a request to a service ended."""

    REQUEST_OK = "service_request_ok"
    REQUEST_KO = "service_request_failed"


@unique
class PixelFormat(StrEnum):
    """Layouts of an image's pixels, as FFmpeg spells them, for `ImagePayload.pixel_format`."""

    GRAY = "gray"
    GRAY16LE = "gray16le"
    RGB24 = "rgb24"
    BGR24 = "bgr24"
    RGBA = "rgba"
    BGRA = "bgra"
    YUV420P = "yuv420p"
    YUV422P = "yuv422p"
    YUV444P = "yuv444p"
    YUVJ420P = "yuvj420p"
    YUYV422 = "yuyv422"
    NV12 = "nv12"
