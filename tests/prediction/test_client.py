"""`Client` on the wire and against models that really serve."""

from __future__ import annotations

import asyncio
import pickle
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from gcp import errors
from prediction import Client
from prediction.errors import PredictionFailed
from prediction.instances import arrays_and_frames
from tests.prediction.deployment import CLASSES, Deployment, image, patient
from tests.prediction.wire import Wire
from tests.running import ROOT

_LARGE = "x" * 600_000
_FORBIDDEN = 403, {"error": {"code": 403, "message": "Not yours.", "status": "PERMISSION_DENIED"}}
"""The response to a caller that may not read a version's signature."""


def test_many_requests_keep_the_order_of_the_instances(wire: Wire) -> None:
    """Requests run concurrently, and predictions keep their order; async does the same."""
    instances = [f"{index}{_LARGE}" for index in range(9)]
    with Client("p", "m", endpoint=wire.endpoint) as client:
        assert client.predict(instances) == instances
        assert asyncio.run(client.predict_async(instances)) == instances

    assert len(wire.predicts) == 10


def test_prediction_does_not_block_the_event_loop(wire: Wire) -> None:
    """Predictions that are awaited together run concurrently."""

    async def ask() -> list[list[Any]]:
        async with Client("p", "m", endpoint=wire.endpoint) as client:
            return await asyncio.gather(*(client.predict_async([index]) for index in range(6)))

    assert asyncio.run(ask()) == [[index] for index in range(6)]


@pytest.mark.parametrize("awaited", [False, True])
def test_a_failure_of_one_request_is_raised(wire: Wire, awaited: bool) -> None:
    """The error names the instances of the failed request, and keeps its class."""
    wire.answers = [(200, {"error": "bad"})]
    with Client("p", "m", "v1", endpoint=wire.endpoint, connections=1) as client:

        def ask() -> list[Any]:
            return asyncio.run(client.predict_async([_LARGE] * 3)) if awaited else client.predict([_LARGE] * 3)

        with pytest.raises(PredictionFailed, match="instances 0 to 1: bad"):
            ask()


def test_transient_errors_are_retried_within_the_limit(wire: Wire) -> None:
    """`retry_seconds` limits retries; 0 means none."""
    busy = (503, {"error": {"code": 503, "message": "Not now."}})
    wire.answers = [busy]
    with Client("p", "m", endpoint=wire.endpoint) as patient_one:
        assert patient_one.predict([1]) == [1]
    wire.answers = [busy]
    with Client("p", "m", endpoint=wire.endpoint, retry_seconds=0) as hasty, pytest.raises(errors.Unavailable):
        hasty.predict([1])


def test_columns_become_instances(wire: Wire) -> None:
    """A mapping of arrays is one instance per row."""
    wire.answers = [_FORBIDDEN]
    with Client("p", "m", "v1", endpoint=wire.endpoint) as client:
        rows = client.predict({"a": np.array([[1], [2]]), "b": ["x", "y"]})

    assert rows == [{"a": [1], "b": "x"}, {"a": [2], "b": "y"}]


@pytest.mark.parametrize(
    ("url", "endpoint", "region"),
    [
        ("http://127.0.0.1:8470", "http://127.0.0.1:8470", ""),
        ("https://ml.googleapis.com", "global", ""),
        ("https://us-central1-ml.googleapis.com", "regional", "us-central1"),
    ],
)
def test_client_from_a_stack_output(url: str, endpoint: str, region: str) -> None:
    """Project, model, endpoint and split come from the stack's output; an option overrides it."""
    output = {"predictUrl": f"{url}/v1/projects/p/models/m:predict", "trafficSplit": {"v1": 100, "v2": 0}}

    with Client.of_output(output) as client, Client.of_output(output, version="v2") as second:
        assert (client.name, client.version_for("user"), second.version_for()) == ("projects/p/models/m", "v1", "v2")
        assert (client._target.settings.endpoint, client._target.settings.region) == (endpoint, region)
    with pytest.raises(errors.InvalidInput):
        Client.of_output({"models": {}})


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"age": 63, "thal": "fixed"}, "age is of type int. A single instance"),
        ({"thal": "fixed"}, "thal is of type str. A single instance"),
        ({"age": np.array(63.0)}, "age is of type ndarray. A single instance"),
        ({"age": [1, 2], "thal": ["fixed"]}, "the same length; got age 2, thal 1"),
        ({1: [1], "1": [2]}, "have the column 1 twice"),
    ],
)
def test_instances_that_are_not_columns(wire: Wire, columns: Any, said: str) -> None:
    """A single instance is not a set of columns, and a text is not a list of letters."""
    wire.answers = [_FORBIDDEN]
    with Client("p", "m", "v1", endpoint=wire.endpoint) as client, pytest.raises(errors.InvalidInput, match=said):
        client.predict(columns)

    assert not [path for path, _ in wire.requests if path.endswith(":predict")]


def test_arrays_of_several_outputs() -> None:
    """Arrays are a dict by output; `predict_array` takes one output; different shapes are an error."""
    both = arrays_and_frames.arrays([{"a": 1, "b": [1, 2]}, {"a": 2, "b": [3, 4]}])

    assert {name: array.tolist() for name, array in both.items()} == {"a": [1, 2], "b": [[1, 2], [3, 4]]}
    assert {name: array.shape for name, array in arrays_and_frames.arrays([[1, 2]], "c").items()} == {"c": (1, 2)}
    with pytest.raises(PredictionFailed):
        arrays_and_frames.arrays([[1], [1, 2]])


def test_cancelled_prediction_is_not_sent(wire: Wire) -> None:
    """A cancelled prediction is not sent, even if its requests are still being packed."""
    begun, cancelled = threading.Event(), threading.Event()

    def slowly() -> Iterator[int]:
        begun.set()
        assert cancelled.wait(30)
        yield 1

    async def ask(client: Client) -> None:
        asking = asyncio.ensure_future(client.predict_async(slowly()))
        await asyncio.to_thread(begun.wait, 30)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
        cancelled.set()

    with Client("p", "m", endpoint=wire.endpoint, connections=1) as client:
        asyncio.run(ask(client))  # which waits for its threads: the instances are requests now
        client.predict([2])

    assert wire.bodies == [{"instances": [2]}]


@pytest.mark.parametrize(
    ("name", "wrong"), [("connections", 0), ("retry_seconds", -1), ("retry_seconds", float("nan"))]
)
def test_wrong_numbers(name: str, wrong: Any) -> None:
    """Invalid arguments are rejected with their names."""
    with pytest.raises(errors.InvalidInput, match=f"{name}: must be"):
        Client("p", "m", endpoint="http://127.0.0.1:1", **{name: wrong})


def test_closed_client(wire: Wire) -> None:
    """A closed client rejects predictions; closing it twice is allowed."""
    with Client("p", "m", endpoint=wire.endpoint) as client:
        client.predict([1, 2])
    client.close()

    with pytest.raises(PredictionFailed, match="this client is closed"):
        client.predict([1, 2])


def test_pandas_is_imported_only_for_frames(wire: Wire) -> None:
    """Predicting from lists works without pandas."""
    loaded = "pandas" in sys.modules
    with Client("p", "m", endpoint=wire.endpoint) as client:
        client.predict_array([1, 2])

    assert ("pandas" in sys.modules) == loaded
    assert "import pandas" not in "".join(path.read_text() for path in Path(ROOT, "prediction").glob("*.py"))


@pytest.mark.tensorflow
def test_a_failure_names_instance_input_and_shape(deployment: Deployment) -> None:
    """The error has the index among all requests and the input's shape, and can be pickled."""
    images = [image(1)] * 7
    with Client(deployment.project, "clothes", endpoint=deployment.emulator.endpoint) as client:
        assert np.argmax(client.predict_array(np.array(images)), axis=1).tolist() == [1] * 7
        with pytest.raises(PredictionFailed) as caught:
            client.predict([*images, [[1, 2]], image(2)])

    found = pickle.loads(pickle.dumps(caught.value))  # noqa: S301 - pickled in this line
    assert found.instance == 7
    assert "Instance 7: image must be float32 [4, 4]; got the shape [1, 2]" in str(found)
    assert "The model takes image float32 [4, 4]" in str(found)


@pytest.mark.tensorflow
def test_signature_with_one_instance_per_request(deployment: Deployment) -> None:
    """By the manifest, instances are sent one by one; the error has the index of the first mismatch."""
    where = deployment.emulator.endpoint
    with Client(deployment.project, "scalar", endpoint=where, signature_name="other") as client:
        assert client.predict([1, 2.5]) == [{"thrice": 3.0}, {"thrice": 7.5}]
        assert client.predict_array(np.array([1.0, 2.0])).tolist() == [3.0, 6.0]
        with pytest.raises(PredictionFailed, match="Instance 1: s must be") as caught:
            client.predict([1, [2], 3])

    assert caught.value.instance == 1


@pytest.mark.tensorflow
def test_failure_without_a_manifest_is_unchanged(deployment: Deployment) -> None:
    """Without a manifest, predictions work, and the model's error is unchanged."""
    with Client(deployment.project, "numbers", endpoint=deployment.emulator.endpoint) as client:
        assert client.predict_arrays([1.5])["half"].tolist() == [0.75]
        with pytest.raises(errors.InvalidInput):
            client.predict_array([1.5])
        with pytest.raises(PredictionFailed) as caught:
            client.predict(["one"])

    assert caught.value.instance is None


@pytest.mark.tensorflow
def test_frame_in_and_frame_out(deployment: Deployment) -> None:
    """A frame has a column per input; the result has its index, and a column per output or class."""
    pandas = pytest.importorskip("pandas", reason="pandas is optional: pip install pandas")
    where = deployment.emulator.endpoint
    patients = pandas.DataFrame({"age": [32, 64], "thal": ["normal", "fixed"]}, index=["ann", "bob"])

    with Client(deployment.project, "risk", endpoint=where) as risk:
        risks = risk.predict_frame(patients)
        with pytest.raises(errors.InvalidInput, match="have the column age twice"):
            risk.predict_frame(pandas.concat([patients, patients[["age"]]], axis=1))
    with Client(deployment.project, "clothes", endpoint=where) as clothes:
        worn = clothes.predict_frame([image(2), image(0)])

    assert (list(risks.index), list(risks.columns)) == (["ann", "bob"], ["prediction_probability"])
    assert risks["prediction_probability"].tolist() == [0.25, 0.75]
    assert list(worn.columns) == CLASSES
    assert worn.idxmax(axis=1).tolist() == [CLASSES[2], CLASSES[0]]


@pytest.mark.tensorflow
def test_columns_take_the_shape_of_the_signature(deployment: Deployment) -> None:
    """A plain column of numbers matches inputs of the shape [1]."""
    entry = dict(patient(32))
    with Client(deployment.project, "clothes", endpoint=deployment.emulator.endpoint) as client:
        rows = list(arrays_and_frames.rows({"image": np.zeros((2, 4, 4))}, client._inputs(None)))

    assert [np.shape(row["image"]) for row in rows] == [(4, 4), (4, 4)]
    one = {"age": {"shape": [None, 1]}, "thal": {"shape": [None, 1]}}
    assert list(arrays_and_frames.rows({"age": np.array([32.0]), "thal": ["normal"]}, one)) == [entry]
