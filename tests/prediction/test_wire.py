"""`predict_json` on the wire, against a test server with responses that no real model gives."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

import prediction
from gcp import errors
from prediction import predict_json
from prediction.errors import PredictionFailed
from tests.prediction.wire import Wire

_LARGE = "x" * 600_000


def test_public_names() -> None:
    """The public names are those of `__all__`, and the signature begins like Google's sample."""
    assert prediction.__all__ == ["Client", "predict_json", "version_for"]
    parameters = inspect.signature(predict_json).parameters.values()
    assert [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY] == ["project", "model", "instances", "version"]


@pytest.mark.parametrize(
    ("version", "path"),
    [(None, "/v1/projects/p/models/m:predict"), ("v1", "/v1/projects/p/models/m/versions/v1:predict")],
)
def test_request(wire: Wire, version: str | None, path: str) -> None:
    """A call posts only the instances to the model or version."""
    assert predict_json("p", "m", [1, {"a": [2]}], version, endpoint=wire.endpoint) == [1, {"a": [2]}]

    assert [(found.partition("?")[0], body) for found, body in wire.requests] == [
        (path, b'{"instances":[1,{"a":[2]}]}')
    ]


def test_signature_name(wire: Wire) -> None:
    """The body has the signature's name."""
    predict_json("p", "m", [1], signature_name="other", endpoint=wire.endpoint)

    assert wire.bodies == [{"instances": [1], "signature_name": "other"}]


def test_endpoint_of_the_environment(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """The default endpoint is TF2_MODELS_ENDPOINT; the argument overrides it."""
    monkeypatch.setenv("TF2_MODELS_ENDPOINT", wire.endpoint)

    assert predict_json("p", "m", [1]) == [1]

    monkeypatch.setenv("TF2_MODELS_ENDPOINT", "no endpoint")

    assert predict_json("p", "m", [2], endpoint=wire.endpoint) == [2]
    with pytest.raises(errors.InvalidInput):
        predict_json("p", "m", [3])


def test_split(wire: Wire) -> None:
    """Instances over the limit are sent in several requests, and the predictions keep their order."""
    instances = [f"{index}{_LARGE}" for index in range(5)]

    assert predict_json("p", "m", instances, endpoint=wire.endpoint) == instances
    assert [len(body["instances"]) for body in wire.bodies] == [2, 2, 1]


def test_error_of_the_model(wire: Wire) -> None:
    """A 200 response with an error is a failed prediction with the model's text; it is not retried."""
    wire.answers = [(200, {"error": "Prediction failed: too hot (Error code: 2)"})]

    with pytest.raises(PredictionFailed, match="too hot"):
        predict_json("p", "m", [1], endpoint=wire.endpoint)

    assert len(wire.requests) == 1


def test_error_in_one_of_several_requests(wire: Wire) -> None:
    """If one of several requests fails, the error names its instances, and no more requests are sent."""
    wire.answers = [(200, {"predictions": [1, 2]}), (200, {"error": "bad"})]

    with pytest.raises(PredictionFailed, match="instances 2 to 3: bad"):
        predict_json("p", "m", [_LARGE] * 5, endpoint=wire.endpoint)

    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        (404, "NOT_FOUND", errors.NotFound),
        (403, "PERMISSION_DENIED", errors.PermissionDenied),
        (400, "INVALID_ARGUMENT", errors.InvalidArgument),
        (400, "FAILED_PRECONDITION", errors.FailedPrecondition),
    ],
)
def test_error_of_the_api(wire: Wire, code: int, status: str, kind: type[errors.ApiError]) -> None:
    """An API error has the class of its status, and the API's message."""
    wire.answers = [(code, {"error": {"code": code, "message": "Not so.", "status": status}})]

    with pytest.raises(kind) as caught:
        predict_json("p", "m", [1], endpoint=wire.endpoint)

    assert (type(caught.value), caught.value.message) == (kind, "Not so.")


@pytest.mark.parametrize("code", [429, 500, 503, 504])
def test_transient_errors_are_retried(wire: Wire, code: int) -> None:
    """Transient failures are retried, because predicting is safe to repeat."""
    wire.answers = [(code, {"error": {"code": code, "message": "Not now."}})]

    assert predict_json("p", "m", [1], endpoint=wire.endpoint) == [1]
    assert len(wire.requests) == 2


@pytest.mark.parametrize("answer", [{}, {"predictions": 1}, [1]])
def test_invalid_response(wire: Wire, answer: Any) -> None:
    """A response without a list of predictions is a failed prediction, not a crash."""
    wire.answers = [(200, answer)]

    with pytest.raises(PredictionFailed):
        predict_json("p", "m", [1], endpoint=wire.endpoint)


@pytest.mark.parametrize(
    ("predictions", "got"), [([], "0 predictions"), ([1], "1 prediction"), ([1, 2, 3], "3 predictions")]
)
def test_number_of_predictions(wire: Wire, predictions: list[int], got: str) -> None:
    """More or fewer predictions than instances are a failure, because they cannot be matched."""
    wire.answers = [(200, {"predictions": predictions})]

    with pytest.raises(PredictionFailed, match=f": got {got} for 2 instances, which cannot be matched"):
        predict_json("p", "m", [5, 6], endpoint=wire.endpoint)


def test_text_is_not_a_response(wire: Wire) -> None:
    """Bare text, such as a proxy's page, is not a response of the model: the call is retried."""
    wire.answers = [(200, "text")]

    assert predict_json("p", "m", [1], endpoint=wire.endpoint) == [1]
    assert len(wire.requests) == 2


@pytest.mark.parametrize(
    ("project", "model", "version", "wrong"),
    [
        ("", "m", None, "project"),
        ("p/models/x", "m", None, "project"),
        ("p", "a b", None, "model"),
        ("p", "m:predict", None, "model"),
        ("p", "m", "", "version"),
        ("p", "m", "../v1", "version"),
    ],
)
def test_names(project: str, model: str, version: str | None, wrong: str) -> None:
    """An invalid name is rejected before anything is sent."""
    with pytest.raises(errors.InvalidInput) as caught:
        predict_json(project, model, [1], version, endpoint="http://127.0.0.1:1")

    assert [path for path, _ in caught.value.failures] == [wrong]


@pytest.mark.parametrize(
    "endpoint", ["http://example.invalid", "ftp://x", "http://[x", "http://127.0.0.1:99999", "regional", "nowhere"]
)
def test_endpoints(endpoint: str) -> None:
    """An endpoint that is invalid or would get unencrypted credentials is rejected before anything is sent."""
    with pytest.raises(errors.InvalidInput) as caught:
        predict_json("p", "m", [1], endpoint=endpoint)

    assert [path for path, _ in caught.value.failures] == ["endpoint"]
