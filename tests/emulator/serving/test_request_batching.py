"""Requests that come together, against a model that is plain Python."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from itertools import chain
from typing import Any

import numpy as np

from emulator.ml import prediction_envelope
from emulator.serving.codec.signature import Signature, Tensor
from emulator.serving.codec.tensors import Array
from emulator.serving.request_batching import Batcher
from tests.emulator.serving.asking import parsed


class _Doubler:
    """Doubles; refuses a call that holds a 13; remembers how many rows each call had."""

    def __init__(self, *, independent: bool = True) -> None:
        self.signatures: Mapping[str, Signature] = {
            "serving_default": Signature({"x": Tensor("float32", (None, None))})
        }
        self.independent: Collection[str] = {"serving_default"} if independent else set()
        self.calls: list[int] = []

    def fast(self, rows: list[Any], dtype: str) -> Array:
        raise TypeError

    def run(self, key: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
        self.calls.append(len(inputs["x"]))
        if (inputs["x"] == 13).any():
            raise ValueError("unlucky")
        return {"y": inputs["x"] * 2}


def _ask(model: _Doubler, *instances: list[Any]) -> list[Any]:
    requests = [(n, json.dumps({"instances": rows}).encode()) for n, rows in enumerate(instances)]
    batcher = Batcher(model, prediction_envelope.style(single_output_bare=True))
    answers = dict(chain.from_iterable(batcher.answer(requests)))
    assert sorted(answers) == [n for n, _ in requests]
    return [parsed(answers[n]) for n in sorted(answers)]


def test_equal_shapes_run_together() -> None:
    """Requests of one shape take one call, another shape another one, and everybody gets their own rows."""
    model = _Doubler()

    answers = _ask(model, [[1]], [[2], [3]], [[4, 5]], [[6]])

    assert [a["predictions"] for a in answers] == [[[2]], [[4], [6]], [[8, 10]], [[12]]]
    assert sorted(model.calls) == [1, 4]


def test_an_error_stays_with_its_request() -> None:
    """When a call of several fails, each runs alone, and only the faulty one fails."""
    model = _Doubler()

    answers = _ask(model, [[1]], [[13]], [["a"]], [[2]])

    assert answers[0] == {"predictions": [[2]]}
    assert answers[1]["error"].startswith("Prediction failed: Failed to run the provided model: ")
    assert "unlucky" in answers[1]["error"]
    assert answers[2]["error"].endswith("(Error code: 1)")
    assert answers[3] == {"predictions": [[4]]}


def test_rows_that_influence_each_other_stay_apart() -> None:
    """A signature whose result depends on the batch is called once per request."""
    model = _Doubler(independent=False)

    _ask(model, [[1]], [[2]])

    assert model.calls == [1, 1]


def test_a_call_is_bounded() -> None:
    """Many rows are spread over calls of at most 256, and a larger request runs alone."""
    model = _Doubler()

    _ask(model, *[[[1]] * 100 for _ in range(5)], [[2]] * 300)

    assert sorted(model.calls) == [100, 200, 200, 300]


def test_outputs_without_a_batch_dimension_stay_apart() -> None:
    """If the outputs of a common call cannot be separated, each request runs alone."""

    class Mean(_Doubler):
        def run(self, key: str, inputs: Mapping[str, Array]) -> dict[str, Array]:
            return {"y": np.asarray(np.mean(inputs["x"]))}

    assert _ask(Mean(), [[1]], [[2]]) == [{"predictions": [1.0]}, {"predictions": [2.0]}]
