"""`predict_json` against models that really serve."""

from __future__ import annotations

import numpy as np
import pytest

from gcp import errors
from prediction import predict_json
from prediction.errors import PredictionFailed
from tests.prediction.deployment import Deployment, image, patient

pytestmark = pytest.mark.tensorflow


def test_one_output(deployment: Deployment) -> None:
    """A model with one output returns an object with the output's name per instance."""
    endpoint = deployment.emulator.endpoint
    instances = [patient(32), patient(32, "fixed")]

    predictions = predict_json(deployment.project, "risk", instances, "v1", endpoint=endpoint)

    assert predictions == [{"prediction_probability": [0.25]}, {"prediction_probability": [0.75]}]


def test_several_outputs_and_signatures(deployment: Deployment) -> None:
    """A model with several outputs returns a dict; `signature_name` selects another signature."""
    endpoint = deployment.emulator.endpoint

    assert predict_json(deployment.project, "numbers", [1.5], endpoint=endpoint) == [{"double": 3.0, "half": 0.75}]
    assert predict_json(deployment.project, "numbers", [1.5], endpoint=endpoint, signature_name="negative") == [
        {"minus": -1.5}
    ]


def test_arrays(deployment: Deployment) -> None:
    """NumPy arrays are instances like lists."""
    endpoint = deployment.emulator.endpoint
    images = np.array([image(2), image(0)], np.float32)

    predictions = predict_json(deployment.project, "clothes", images, endpoint=endpoint)

    assert [int(np.argmax(prediction["softmax"])) for prediction in predictions] == [2, 0]


def test_split(deployment: Deployment) -> None:
    """200,000 numbers of 10 bytes take two requests, and the predictions keep their order."""
    numbers = np.arange(200_000, dtype=np.float32) + 0.125
    deployment.emulator.reset_calls()

    predictions = predict_json(deployment.project, "numbers", numbers, endpoint=deployment.emulator.endpoint)

    assert deployment.emulator.calls() == {"ml.projects.predict": 2}
    assert [prediction["double"] for prediction in predictions] == (numbers * 2).tolist()


def test_error_of_the_model(deployment: Deployment) -> None:
    """If the model refuses, the prediction fails."""
    with pytest.raises(PredictionFailed, match="Error code: 1"):
        predict_json(deployment.project, "clothes", [[1, 2]], endpoint=deployment.emulator.endpoint)


@pytest.mark.parametrize(("model", "version"), [("nothing", None), ("clothes", "v9")])
def test_error_of_the_api(deployment: Deployment, model: str, version: str | None) -> None:
    """If the API refuses, the error has the class of its status."""
    with pytest.raises(errors.NotFound):
        predict_json(deployment.project, model, [1], version, endpoint=deployment.emulator.endpoint)
