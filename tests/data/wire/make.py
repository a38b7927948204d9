"""Makes the files beside it with Juturna's own code: `PYTHON_WITH_JUTURNA tests/data/wire/make.py`.

They are what Juturna 2.1.1 puts on the wire, and its compiled descriptors, for tests/contract/test_wire_golden.py.
"""

from pathlib import Path

import numpy as np

from juturna.components import Message
from juturna.payloads import (
    AudioPayload,
    Batch,
    BytesPayload,
    ImagePayload,
    ObjectPayload,
    VideoPayload,
)
from juturna.remotizer import utils
from juturna.remotizer.c_protos import messaging_service_pb2, payloads_pb2

HERE = Path(__file__).parent


def image(depth: int) -> ImagePayload:
    shape = (2, 3) if depth == 1 else (2, 3, depth)
    pixels = np.arange(6 * depth, dtype=np.uint8).reshape(shape)
    return ImagePayload(pixels, 3, 2, depth, "rgb24" if depth == 3 else "gray", 0.25)


def video(frames: list[ImagePayload]) -> VideoPayload:
    made = VideoPayload([], 25.0, "raw", 1.0, 2.0)
    object.__setattr__(made, "video", frames)  # Juturna 2.1.1 fails to count the bytes of frames
    return made


def inner(number: int) -> Message:
    message = Message(creator="a", version=number, payload=BytesPayload(bytes([number])))
    message.id, message.created_at = number, 2000.5
    return message


PAYLOADS = {
    "none": None,
    "audio": AudioPayload(np.arange(6, dtype=np.int16).reshape(3, 2), 16000, "", 2, 0.5, 1.5),
    "image": image(3),
    "image_gray": image(1),
    "video": video([image(3), image(1)]),
    "bytes": BytesPayload(b"\x00\x01\xff"),
    "object": ObjectPayload(text="x", number=1, half=0.5, nothing=None, nested={"list": [1, "a"]}),
    "batch": Batch((inner(1), inner(2))),
}


def envelope(name: str) -> bytes:
    message = Message(creator="mic", version=3, payload=PAYLOADS[name])
    message.id, message.created_at = 7, 1000.5
    message.meta = {"flag": True, "count": 2, "list": [1, 2.5], "deep": {"x": "y"}}
    message.timer("taken", 0.125)
    made = utils.create_envelope(
        utils.message_to_proto(message),
        configuration={"delay": 2, "name": "n"},
        metadata={"processing_time": 0.5},
        creator="1_pass",
        id="a-fixed-id",
        timeout=5,
        request_type=type(PAYLOADS[name]).__name__,
    )
    made.created_at = 1001.5
    return made.SerializeToString(deterministic=True)


if __name__ == "__main__":
    for name in PAYLOADS:
        (HERE / f"{name}.bin").write_bytes(envelope(name))
    for module in (payloads_pb2, messaging_service_pb2):
        descriptor = module.DESCRIPTOR
        (HERE / f"{descriptor.name}.descriptor").write_bytes(descriptor.serialized_pb)
