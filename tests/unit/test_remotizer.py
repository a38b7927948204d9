"""Juturna's functions for its wire, over our codec."""

from __future__ import annotations

import numpy as np

from juturna.components import Message
from juturna.payloads import AudioPayload
from juturna.remotizer import utils


def test_a_message_comes_back_out_of_its_envelope() -> None:
    message = Message(creator="mic", version=3, payload=AudioPayload(audio=np.arange(4)))
    envelope = utils.create_envelope(
        utils.message_to_proto(message),
        configuration={"delay": 2},
        metadata={"loud": np.array([True])},
        creator="node",
        id="1",
        timeout=2.5,
        response_to="0",
    )
    read = utils.deserialize_envelope(type(envelope).FromString(envelope.SerializeToString()))
    back = read.pop("message")
    assert (back.creator, back.version) == ("mic", 3)
    np.testing.assert_array_equal(back.payload.audio, np.arange(4))
    assert read == {
        "id": "1",
        "sender": "node",
        "response_to": "0",
        "ttl": 3,
        "request_type": "",
        "response_type": "",
    }
    assert dict(envelope.configuration) == {"delay": 2}


def test_each_envelope_has_an_id_of_its_own() -> None:
    wire = utils.message_to_proto(Message())
    assert (
        utils.create_envelope(wire, {}, {}, "a").id != utils.create_envelope(wire, {}, {}, "a").id
    )


def test_values_become_what_json_has_and_the_rest_is_left_out() -> None:
    assert utils.to_primitive(np.float32(0.5)) == 0.5
    assert utils.to_primitive({"a": (1, None, b"x")}) == {"a": [1, None, "eA=="]}
    assert utils.to_primitive(object()) is None
    assert utils.sanitize_struct_for_proto({"keep": 1, "drop": object()}) == {"keep": 1}
