"""The rules of `predict` on the wire: what is sent raw, and what comes back. Strings and several inputs: `serving/`."""

from __future__ import annotations

import http.client
import json
from contextlib import closing
from typing import Any
from urllib.parse import urlsplit

import pytest

from resources.ml.quotas import PREDICT_BYTES
from tests.emulator.ml.caller import Caller

pytestmark = pytest.mark.tensorflow


def _code(number: int, text: str) -> dict[str, Any]:
    return {"error": f"Prediction failed: Invalid inputs: {text} (Error code: {number})"}


_AT_LIMIT = b'{"instances": [1]' + b" " * (PREDICT_BYTES - 18) + b"}"
TABLE: list[tuple[str, bytes, int, Any]] = [
    ("bare values", b'{"instances": [1, 2.5]}', 200, {"predictions": [{"y": 2}, {"y": 5}]}),
    ("named values", b'{"instances": [{"x": 1}, 2]}', 200, {"predictions": [{"y": 2}, {"y": 4}]}),
    (
        "the default signature by name",
        b'{"instances": [1], "signature_name": "serving_default"}',
        200,
        {"predictions": [{"y": 2}]},
    ),
    ("other keys beside", b'{"instances": [1], "parameters": {}}', 200, {"predictions": [{"y": 2}]}),
    ("NaN and infinity", b'{"instances": [NaN, -Infinity]}', 200, b'{"predictions":[{"y":NaN},{"y":-Infinity}]}'),
    ("a body of the largest size", _AT_LIMIT, 200, {"predictions": [{"y": 2}]}),
    (
        "another signature",
        b'{"instances": [1], "signature_name": "z"}',
        200,
        _code(1, "No signature found for signature key z. The model has: serving_default."),
    ),
    ("another input", b'{"instances": [{"b": 1}]}', 200, _code(1, "Expected tensor name: x, got tensor name: ['b'].")),
    ("no instances", b"{}", 200, _code(1, 'Missing "instances" field in request body.')),
    (
        "bytes for a number",
        b'{"instances": [{"b64": "YQ=="}]}',
        200,
        _code(1, "instance 0, input x: expected float32, got bytes"),
    ),
    ("a larger body", _AT_LIMIT + b" ", 400, f"Request payload size exceeds the limit: {PREDICT_BYTES} bytes."),
]


@pytest.mark.parametrize(("body", "status", "expected"), [row[1:] for row in TABLE], ids=[row[0] for row in TABLE])
def test_raw_bodies_are_answered_by_the_rules(ml: Caller, body: bytes, status: int, expected: Any) -> None:
    """Predictions and the model's own errors come with 200; what the API refuses has its own shape and status."""
    version = ml.version(ml.model())
    with closing(http.client.HTTPConnection(urlsplit(ml.emulator.endpoint).netloc, timeout=60)) as connection:
        connection.request("POST", f"/v1/{version['name']}:predict", body)
        answer = connection.getresponse()
        content = answer.read()

    assert answer.status == status
    if isinstance(expected, bytes):
        assert content == expected
    elif status == 200:
        assert json.loads(content) == expected
    else:
        assert json.loads(content)["error"] == {"code": 400, "message": expected, "status": "INVALID_ARGUMENT"}
