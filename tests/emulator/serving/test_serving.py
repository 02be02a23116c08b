"""SavedModels served by real processes."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from emulator.serving import Serving
from gcp import errors
from tests.emulator.serving.asking import ask

pytestmark = pytest.mark.tensorflow
Run = Callable[[Coroutine[Any, Any, Any]], Any]


@pytest.mark.parametrize(
    ("model", "instances", "predictions"),
    [
        ("double", [[1, 2.5], {"x": [0.05, 0]}], [{"y": [2, 5]}, {"y": [0.1, 0]}]),
        ("named", [[1, 2]], [{"y": [2, 4]}]),
        ("count", [{"x": [41]}], [{"n": [42]}]),
        (
            "describe",
            [{"name": "é", "size": 3}, {"name": {"b64": "YQ=="}, "size": 1}],
            [
                {"raw_bytes": {"b64": "w6k="}, "size": 1.5, "text": "é!"},
                {"raw_bytes": {"b64": "YQ=="}, "size": 0.5, "text": "a!"},
            ],
        ),
        ("image", [[[0.5] * 28] * 28], [{"mean": 0.5}]),
    ],
)
def test_a_saved_model_answers(
    serving: Serving, models: Path, run: Run, model: str, instances: Any, predictions: Any
) -> None:
    """Predictions are what the exported function computes, as short as float32 allows."""
    run(serving.load("k", models / model, nodes=1))

    answer = run(ask(serving, instances))

    assert answer == {"predictions": predictions}


def test_outputs_come_in_the_order_of_their_names(serving: Serving, models: Path, run: Run) -> None:
    """TensorFlow's own order is another one after each start."""
    run(serving.load("k", models / "describe", nodes=1))

    answer = run(ask(serving, [{"name": "a", "size": 1}]))

    assert list(answer["predictions"][0]) == ["raw_bytes", "size", "text"]


def test_a_named_signature_answers(serving: Serving, models: Path, run: Run) -> None:
    """`signature_name` chooses; an unknown one is a model error, which is an answer."""
    run(serving.load("k", models / "named", nodes=1))

    assert run(ask(serving, [[1, 2]], signature_name="negative")) == {"predictions": [{"minus": [-1, -2]}]}
    assert run(ask(serving, [[1, 2]], signature_name="z")) == {
        "error": "Prediction failed: Invalid inputs: No signature found for signature key z. "
        "The model has: negative, serving_default. (Error code: 1)"
    }


@pytest.mark.parametrize("value", [1 << 40, 1.0, True, None, "1"])
def test_nothing_is_bent_to_fit(serving: Serving, models: Path, run: Run, value: Any) -> None:
    """TensorFlow's own conversion would wrap or cast some of these; they are refused instead."""
    run(serving.load("k", models / "count", nodes=1))

    answer = run(ask(serving, [[1], [value]]))

    assert "instance 1, input x: " in answer["error"]


def test_nodes_come_and_go(serving: Serving, models: Path, run: Run) -> None:
    """`scale` and `unload` return when the processes serve, or are gone."""
    run(serving.load("k", models / "double", nodes=2))
    first = serving.pids("k")
    assert serving.nodes("k") == 2

    run(serving.scale("k", nodes=3))
    more = serving.pids("k")
    assert set(first) < set(more)

    run(serving.scale("k", nodes=1))
    kept = serving.pids("k")
    assert [Path(f"/proc/{pid}").exists() for pid in more] == [pid in kept for pid in more]

    run(serving.unload("k"))
    run(serving.unload("k"))
    assert serving.nodes("k") == 0
    assert not any(Path(f"/proc/{pid}").exists() for pid in more)
    with pytest.raises(errors.NotFound):
        run(serving.predict("k", b"{}"))


def test_without_nodes_the_first_prediction_starts_one(serving: Serving, models: Path, run: Run) -> None:
    """A model with no node is checked at `load`, and started once, however many requests come at a time."""
    run(serving.load("k", models / "double", nodes=0))
    assert serving.nodes("k") == 0

    async def several() -> list[Any]:
        return await asyncio.gather(*(ask(serving, [[n, 0]]) for n in range(5)))

    assert run(several()) == [{"predictions": [{"y": [2 * n, 0]}]} for n in range(5)]
    assert serving.nodes("k") == 1


def test_many_at_a_time_get_their_own_answers(serving: Serving, models: Path, run: Run) -> None:
    """Requests that run together, on two nodes, get their own rows, and one bad request fails alone."""
    run(serving.load("k", models / "refuse", nodes=2))

    async def many() -> list[Any]:
        return await asyncio.gather(*(ask(serving, [[n, n]] * (n % 3 + 1)) for n in range(150)))

    for n, answer in enumerate(run(many())):
        if n < 100:
            assert answer == {"predictions": [{"y": [n, n]}] * (n % 3 + 1)}
        else:
            assert answer["error"].startswith("Prediction failed: Failed to run the provided model: ")
            assert "too large for this model" in answer["error"]
            assert answer["error"].endswith("(Error code: 2)")


def test_rows_that_influence_each_other_are_not_batched(serving: Serving, models: Path, run: Run) -> None:
    """A model that looks at its whole batch sees one request only."""
    run(serving.load("k", models / "centre", nodes=1))

    async def many() -> list[Any]:
        return await asyncio.gather(*(ask(serving, [[n, n + 2]]) for n in range(20)))

    assert run(many()) == [{"predictions": [{"y": [-1, 1]}]}] * 20


def test_bare_values_instead_of_objects(strict: Serving, models: Path, run: Run) -> None:
    """The form of TensorFlow Serving is one parameter away."""
    run(strict.load("k", models / "double", nodes=1))

    assert run(ask(strict, [[1, 2]])) == {"predictions": [[2, 4]]}


@pytest.mark.parametrize(
    ("record", "reason"),
    [
        (b"abc", "Could not parse example input, value: 'abc'"),
        (b"\xff\xfe\x01", "Could not parse example input, value: '\\xff\\xfe\\x01'"),
    ],
    ids=["text", "binary"],
)
def test_a_malformed_example_is_reported(serving: Serving, models: Path, run: Run, record: bytes, reason: str) -> None:
    """The error says that it cannot be parsed, also where it is not UTF-8."""
    run(serving.load("k", models / "parse", nodes=1))

    answer = run(ask(serving, [{"b64": base64.b64encode(record).decode()}]))

    assert reason in answer["error"]
    assert "function_node" not in answer["error"]


def test_loading_a_key_twice_is_refused(serving: Serving, models: Path, run: Run) -> None:
    """A key stands for one model."""
    run(serving.load("k", models / "double", nodes=1))

    with pytest.raises(ValueError, match="is loaded"):
        run(serving.load("k", models / "named", nodes=1))
    assert run(ask(serving, [[1, 2]])) == {"predictions": [{"y": [2, 4]}]}


def test_large_requests_pass(serving: Serving, models: Path, run: Run) -> None:
    """A body many times larger than a socket's buffer arrives whole."""
    run(serving.load("k", models / "image", nodes=1))
    instances = [[[n / 256 + column / 4096 for column in range(28)]] * 28 for n in range(256)]

    answer = run(ask(serving, instances))

    expected = [sum(rows[0]) / 28 for rows in instances]
    assert [each["mean"] for each in answer["predictions"]] == pytest.approx(expected, rel=1e-5)
