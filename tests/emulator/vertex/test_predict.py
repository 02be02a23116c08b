"""Predictions through an endpoint, by both ways through the emulator: see `tests/emulator/ml/test_predict_ways.py`."""

from __future__ import annotations

import base64
import http.client
import json
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.emulator.vertex.caller import VertexCaller
from tests.running import BOUND

pytestmark = pytest.mark.tensorflow
WAYS = {"short": {}, "long": {"accept-encoding": "gzip"}}
BODY = b'{"instances": [3]}'


@pytest.fixture
def endpoint(vertex: VertexCaller) -> str:
    """An endpoint whose deployed model 7 has all traffic, and doubles."""
    name = vertex.endpoint()
    vertex.deploy(name, vertex.upload(), id="7", split={"0": 100})
    return name


def ask(vertex: VertexCaller, target: str, body: bytes, headers: dict[str, str]) -> tuple[int, Any, Any]:
    """Status, JSON and headers."""
    connection = http.client.HTTPConnection(urlsplit(vertex.emulator.endpoint).netloc, timeout=BOUND)
    connection.request("POST", target, body, headers)
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    return answer.status, json.loads(content), answer.headers


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("root", ["v1", "v1beta1"])
def test_predict_and_raw_predict_answer(vertex: VertexCaller, endpoint: str, way: str, root: str) -> None:
    """One is the API's envelope; the other the container's own answer, with who gave it in headers."""
    status, answer, _ = ask(vertex, f"/{root}/{endpoint}:predict", BODY, WAYS[way])
    assert (status, answer["predictions"], answer["deployedModelId"]) == (200, [6.0], "7")

    for method in ("rawPredict", "streamRawPredict"):
        status, answer, headers = ask(vertex, f"/{root}/{endpoint}:{method}", BODY, WAYS[way])
        assert (status, answer) == (200, {"predictions": [6.0]})
        assert headers["x-vertex-ai-deployed-model-id"] == "7"
    wrapped = {"httpBody": {"contentType": "application/json", "data": base64.b64encode(BODY).decode()}}
    assert ask(vertex, f"/{root}/{endpoint}:rawPredict", json.dumps(wrapped).encode(), WAYS[way])[1] == answer


@pytest.mark.parametrize("way", WAYS)
def test_wrong_requests_are_errors(vertex: VertexCaller, endpoint: str, way: str) -> None:
    """Of the model 400, with the container's body as the message; its own fields only in `rawPredict`."""
    named = b'{"instances": [3], "signature_name": "serving_default"}'
    predict, raw = f"/v1/{endpoint}:predict", f"/v1/{endpoint}:rawPredict"

    status, answer, _ = ask(vertex, predict, b'{"instances": ["x"]}', WAYS[way])
    assert (status, answer["error"]["status"]) == (400, "INVALID_ARGUMENT")
    assert "error" in json.loads(answer["error"]["message"])
    status, answer, _ = ask(vertex, raw, b'{"instances": ["x"]}', WAYS[way])
    assert (status, answer.keys()) == (400, {"error"})
    assert ask(vertex, predict, named, WAYS[way])[0] == 400
    assert ask(vertex, raw, named, WAYS[way])[0] == 200
    assert ask(vertex, predict, b" " * 1_572_865, WAYS[way])[0] == 400
    assert ask(vertex, f"/v1/{endpoint}0:predict", BODY, WAYS[way])[0] == 404


@pytest.mark.parametrize("way", WAYS)
def test_non_finite_numbers_are_strings(vertex: VertexCaller, endpoint: str, way: str) -> None:
    """Clients cannot parse the bare words."""
    answer = ask(vertex, f"/v1/{endpoint}:predict", b'{"instances": [3e38]}', WAYS[way])[1]

    assert answer["predictions"] == ["Infinity"]


def test_a_dedicated_endpoint_takes_larger_bodies(vertex: VertexCaller) -> None:
    """Ten megabytes; its DNS name is not this machine's, so it answers here."""
    name = vertex.endpoint(dedicatedEndpointEnabled=True)
    vertex.deploy(name, vertex.upload(), split={"0": 100})

    assert ask(vertex, f"/v1/{name}:predict", BODY + b" " * 2_000_000, {})[0] == 200
    assert ask(vertex, f"/v1/{name}:predict", BODY + b" " * 11_000_000, {})[0] == 400


def test_predictions_are_counted_by_deployed_model(vertex: VertexCaller, endpoint: str) -> None:
    """In the figures of the last minute, and as calls of the method."""
    before = vertex.emulator.calls().get("aiplatform.projects.locations.endpoints.predict", 0)

    for _ in range(3):
        vertex.predict(endpoint)

    assert vertex.emulator.calls()["aiplatform.projects.locations.endpoints.predict"] - before == 3
    found = vertex.ask("GET", "/-/metrics")[1]["versions"]
    assert found[f"{endpoint}/deployedModels/7"]["requests"] == 3
