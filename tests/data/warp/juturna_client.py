"""Run by a Python that has Juturna: its own warp node against PORT; prints what comes back as JSON lines."""

import json
import logging
import queue
import sys

import numpy as np

from juturna.components import Message
from juturna.nodes.proc._warp.warp import Warp
from juturna.payloads import AudioPayload, BytesPayload, ImagePayload, ObjectPayload

logging.disable(logging.CRITICAL)
warp = Warp("127.0.0.1", int(sys.argv[1]), 5, {"delay": 0}, node_name="1_pass", pipe_name="p")
answers: queue.Queue = queue.Queue()
warp.add_destination("answers", answers)
warp.warmup()
warp.start()
payloads = [
    BytesPayload(b"\x00\xff"),
    AudioPayload(np.arange(4, dtype=np.int16), 16000, "s16le", 1, 0.5, 1.0),
    ImagePayload(np.arange(6, dtype=np.uint8).reshape(2, 3), 3, 2, 1, "gray", 0.5),
    ObjectPayload(text="x", number=1, nested={"list": [1, None]}),
]
for version, payload in enumerate(payloads):
    message = Message("s", version, payload)
    message.meta = {"k": [1, 2]}
    warp.put(message)
for _ in payloads:
    answer = answers.get(timeout=10)
    payload = answer.payload
    content = {
        name: getattr(value, "tolist", lambda value=value: value)()
        for name, value in vars(payload).items()
    }
    if isinstance(payload, BytesPayload):
        content = {"cnt": payload.cnt.hex()}
    if isinstance(payload, dict):
        content = dict(payload)
    print(json.dumps([answer.version, answer.creator, type(payload).__name__, content]), flush=True)
warp.stop()
