"""Errors in a model or its samples before the training, and models whose inputs and outputs are not dicts."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.models.conftest import ROOT, Run
from tests.running import BOUND

pytestmark = pytest.mark.tensorflow

RECIPE = """
from models.core.recipe import Parameter, Recipe, Sample, Trained


def train(parameters, report):
    import keras

{model}
    return Trained(model, {{"accuracy": 0.5}}, [Sample({sample})])


RECIPE = Recipe(summary="another form", train=train, parameters={{"seed": Parameter(1, "start")}})
"""
SEQUENTIAL = """\
    model = keras.Sequential([keras.layers.Dense(2), keras.layers.Dense(1, name="odd")])
    model.compile(loss="mse")
    model.fit(keras.ops.ones((4, 3)), keras.ops.ones((4, 1)), verbose=0)
"""
LISTS = """\
    given = [keras.Input((1,), name="a"), keras.Input((2,), name="b")]
    both = keras.layers.Concatenate()(given)
    model = keras.Model(given, [keras.layers.Dense(1, name="y")(both), keras.layers.Dense(2, name="z")(both)])
"""
TWICE = """\
    given = [keras.Input((1,), name="a"), keras.Input((2,), name="b")]
    both = keras.layers.Dense(1, name="d")(keras.layers.Concatenate()(given))
    model = keras.Model(given, {"y": both, "x": both})
"""
EXPECTED = {
    "shape": "samples[0]: bits must be float32 [8]; got the shape [1, 8]",
    "second": "samples[1]: bits must be float32 [8]; got the shape [7]",
    "unbuilt shape": "samples[0]: input_layer must be float32 [8]; got the shape [1, 8]",
    "type": 'samples[0]: bits must be float32 [8]; got "a"',
    "name": "samples[0]: unknown input bit",
    "array": "samples[0]: instance must be JSON; call .tolist() on a NumPy value",
    "label": "samples[0]: label must be JSON; call .tolist() on a NumPy value",
    "subclass": "the model must have inputs with names and shapes",
}


def test_errors_before_the_training() -> None:
    """Endless trainings are rejected because of their samples; correct ones and custom loops pass."""
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("rehearsals.py"))],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout)

    assert {name: reason for name, reason in found.items() if reason} == {name: found[name] for name in EXPECTED}
    assert [name for name, reason in EXPECTED.items() if not found[name].startswith(reason)] == []


@pytest.mark.parametrize(
    ("model", "sample", "inputs", "outputs"),
    [
        (SEQUENTIAL, "[1.0, 2.0, 3.0]", {"input_layer": [None, 3]}, {"odd": [None, 1]}),
        (LISTS, '{"a": [1.0], "b": [2.0, 3.0]}', {"a": [None, 1], "b": [None, 2]}, {"y": [None, 1], "z": [None, 2]}),
        (TWICE, '{"a": [1.0], "b": [2.0, 3.0]}', {"a": [None, 1], "b": [None, 2]}, {"x": [None, 1], "y": [None, 1]}),
    ],
    ids=["sequential", "lists", "twice"],
)
def test_other_forms(
    run: Run, checkout: Path, model: str, sample: str, inputs: dict[str, Any], outputs: dict[str, Any]
) -> None:
    """A Sequential, and lists of inputs and outputs, are exported with the names of their layers."""
    (checkout / "models/other.py").write_text(RECIPE.format(model=model, sample=sample), encoding="utf-8")

    done = run("build", "other")

    assert (done.returncode, done.stderr) == (0, "")
    (card,) = (checkout / "models/cards/other").iterdir()
    facts = json.loads(card.read_text(encoding="utf-8"))
    signature = facts["signatures"]["serving_default"]
    assert {name: each["shape"] for name, each in signature["inputs"].items()} == inputs
    assert {name: each["shape"] for name, each in signature["outputs"].items()} == outputs
    (answered,) = facts["samples"]
    assert answered["instance"] == json.loads(sample)
    assert list(answered["prediction"]) == list(outputs)


def test_a_wrong_sample_fails_the_build(run: Run, checkout: Path) -> None:
    """One line names recipe, sample, expected and actual value; the exporter does not run."""
    text = RECIPE.format(model=LISTS, sample='{"a": [1.0], "b": [2.0]}')
    (checkout / "models/other.py").write_text(text, encoding="utf-8")

    done = run("build", "other")

    assert done.returncode == 1
    assert done.stderr == "models: other: samples[0]: b must be float32 [2]; got the shape [1]: [2.0]\n"
    assert "exporting" not in done.stdout
    assert not (checkout / "models/cards/other").exists()
