"""Predictions are objects by output name if the name is known."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from prediction import Client
from prediction.errors import PredictionFailed
from prediction.evaluation.cases import Case
from tests.prediction.deployment import run
from tests.prediction.wire import Wire

VERSION = (200, {"name": "projects/p/models/m/versions/v1", "deploymentUri": "gs://b/x/"})
STRUCTURED = {
    "serving_default": {
        "inputs": {"age": {"dtype": "float32", "shape": [None, 1]}},
        "outputs": {"risk": {"dtype": "float32", "shape": [None, 1]}},
    }
}
DISPLAYED = {"serving_default": {"inputs": {"age": "float32[?, 1]"}, "outputs": {"risk": "float32[?, 1]"}}}
SEVERAL = {"serving_default": {"inputs": {"x": "float32[?]"}, "outputs": {"a": "float32[?]", "b": "float32[?]"}}}


def manifest(signatures: Any) -> tuple[int, Any]:
    """The response of the bucket."""
    return 200, {"samples": [], "classes": [], "signatures": signatures}


@pytest.mark.parametrize("signatures", [STRUCTURED, DISPLAYED], ids=["structured", "displayed"])
def test_a_bare_value_gets_its_name_from_the_manifest(wire: Wire, signatures: Any) -> None:
    """Manifests of this and of older releases give the name; for a named version it is looked up once."""
    wire.answers = [(200, {"predictions": [[0.25], [0.75]]}), VERSION, manifest(signatures)]

    with Client("p", "m", "v1", endpoint=wire.endpoint) as client:
        assert client.predict([[1], [2]]) == [{"risk": [0.25]}, {"risk": [0.75]}]
        assert client.predict_array([[1], [2]]).tolist() == [[1], [2]]

    assert len(wire.requests) == 4


def predicted(wire: Wire) -> Any:
    """What `python -m prediction m --json` prints for one instance."""
    where = ["--version", "v1", "--project", "p", "--endpoint", wire.endpoint]
    done = run("m", *where, "--instances", "-", "--json", given="[[1]]")
    assert (done.returncode, done.stderr) == (0, "")
    return json.loads(done.stdout)["predictions"]


def test_the_command_line_names_a_bare_value(wire: Wire) -> None:
    """`--json` prints what `Client` returns; predictions with names need no manifest."""
    wire.answers = [(200, {"predictions": [[0.25]]}), VERSION, manifest(STRUCTURED)]
    bare = predicted(wire)
    requests = len(wire.requests)
    wire.answers = [(200, {"predictions": [{"risk": [0.25]}]})]
    named = predicted(wire)

    assert bare == named == [{"risk": [0.25]}]
    assert (requests, len(wire.requests)) == (3, 4)


@pytest.mark.parametrize("answer", [(404, {"error": {"code": 404, "message": "x"}}), manifest({}), manifest(SEVERAL)])
def test_the_command_line_prints_a_value_without_a_known_name(wire: Wire, answer: Any) -> None:
    """Predictions are printed even if the manifest is missing or does not match."""
    wire.answers = [(200, {"predictions": [[0.25]]}), VERSION, answer]

    assert predicted(wire) == [[0.25]]


def test_named_predictions_are_unchanged(wire: Wire) -> None:
    """A prediction with names needs no manifest."""
    wire.answers = [(200, {"predictions": [{"risk": [0.25]}]})]

    with Client("p", "m", "v1", endpoint=wire.endpoint) as client:
        assert client.predict([[1]]) == [{"risk": [0.25]}]

    assert len(wire.requests) == 1


@pytest.mark.parametrize("answer", [(404, {"error": {"code": 404, "message": "x"}}), manifest({}), manifest(SEVERAL)])
def test_value_without_a_known_name_stays_bare(wire: Wire, answer: Any) -> None:
    """Predictions are returned even if the manifest is missing or does not match."""
    wire.answers = [(200, {"predictions": [[0.25]]}), VERSION, answer]

    with Client("p", "m", "v1", endpoint=wire.endpoint) as client:
        assert client.predict([[1]]) == [[0.25]]


def test_bytes_are_a_value_and_get_their_name(wire: Wire) -> None:
    """`{"b64": ...}` is what an output gives, not an output that is called b64."""
    signatures = {"serving_default": {"inputs": {"x": "string[?]"}, "outputs": {"raw_bytes": "string[?]"}}}
    wire.answers = [(200, {"predictions": [{"b64": "AA=="}]}), VERSION, manifest(signatures)]

    with Client("p", "m", "v1", endpoint=wire.endpoint) as client:
        assert client.predict(["x"]) == [{"raw_bytes": {"b64": "AA=="}}]
    assert Case("x", {"b64": "AA=="}).value == {"b64": "AA=="}
    assert Case("x", {"raw_bytes": {"b64": "AA=="}}).value == {"b64": "AA=="}


def test_columns_take_the_shape_that_an_old_manifest_shows(wire: Wire) -> None:
    """A number in a column is put into a list if the model takes the shape [1]."""
    wire.answers = [VERSION, manifest(DISPLAYED)]

    with Client("p", "m", "v1", endpoint=wire.endpoint) as client:
        client.predict({"age": np.array([63.0, 41.0])})

    assert wire.bodies == [{"instances": [{"age": [63.0]}, {"age": [41.0]}]}]


def test_old_manifest_explains_a_refusal(wire: Wire) -> None:
    """Client and command line name the mismatched instance and the model's inputs."""
    refused = (200, {"error": "Invalid inputs"})
    wire.answers = [refused, VERSION, manifest(DISPLAYED)]
    with Client("p", "m", "v1", endpoint=wire.endpoint) as client, pytest.raises(PredictionFailed) as caught:
        client.predict([["old"]])
    wire.answers = [VERSION, manifest(DISPLAYED), refused]
    done = run(
        "m", "--version", "v1", "--project", "p", "--endpoint", wire.endpoint, "--instances", "-", given="[[1, 2]]"
    )

    assert 'Instance 0: age must be float32 [1]; got "old"' in str(caught.value)
    assert "age must be float32 [1]; got the shape [2]" in done.stderr
    assert done.returncode == 1


def test_unknown_signature_lists_the_known_ones(wire: Wire) -> None:
    """The error lists the signatures, even if the endpoint does not."""
    wire.answers = [
        (200, {"error": "No signature found for signature key z."}),
        VERSION,
        manifest({**SEVERAL, "y": {}}),
    ]

    with (
        Client("p", "m", "v1", endpoint=wire.endpoint, signature_name="z") as client,
        pytest.raises(PredictionFailed, match="The model's signatures are serving_default, y"),
    ):
        client.predict([1])


@pytest.mark.parametrize("signatures", [{"serving_default": {"inputs": {"x": "float32"}}}, {"serving_default": 1}, [1]])
def test_invalid_manifest(wire: Wire, signatures: Any) -> None:
    """The error is one line without a traceback."""
    version = (200, {"name": "projects/p/models/m", "defaultVersion": VERSION[1]})
    wire.answers = [version, (200, json.loads(json.dumps({"samples": [], "signatures": signatures})))]

    done = run("m", "--project", "p", "--endpoint", wire.endpoint)

    (line,) = done.stderr.splitlines()
    assert done.returncode == 1
    assert "manifest.json is not a valid manifest" in line
