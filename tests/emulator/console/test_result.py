"""How `/console` shows a prediction: in per cent if it is a probability of a class, as a number otherwise."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.emulator.console.asking import RESULT
from tests.emulator.console.browser import Page

pytestmark = pytest.mark.tensorflow

_TWO, _THREE = ["no", "yes"], ["a", "b", "c"]
_UNCERTAIN = [{"prediction": {"y": [0.1 * place]}} for place in range(1, 5)]


def _show(page: Page, prediction: object, outputs: list[str], **facts: Any) -> list[str]:
    """The lines that a prediction is shown as; `dtype` is that of all outputs."""
    tensors = {name: {"dtype": facts.get("dtype", "float32"), "shape": None} for name in outputs}
    manifest = {
        "classes": facts.get("classes", []),
        "samples": facts.get("samples", []),
        "signatures": {"serving_default": {"inputs": {}, "outputs": tensors}},
    }
    arguments = json.dumps([{"predictions": [prediction]}, manifest, None, 1, outputs, "serving_default"])
    page.run(f"import('/console/result.js').then((module) => module.showPrediction(...{arguments}))")
    lines = [line for line in page.run(RESULT).splitlines() if line]
    assert lines.pop() == "Answered in 1 ms"
    return lines


@pytest.mark.parametrize(
    ("prediction", "facts"),
    [
        ({"softmax": [0.2, 0.8]}, {}),
        ({"softmax_1": [0.2, 0.8]}, {}),
        ({"classProbabilities": [0.2, 0.8]}, {}),
        ({"y": [0.2, 0.3, 0.5]}, {"classes": _THREE}),
        ({"y": [0.2, 0.8]}, {"classes": _TWO, "dtype": "bfloat16"}),
        ({"y": [0.333, 0.333, 0.333]}, {"classes": _THREE}),
        ({"probability": [0.25]}, {}),
        ({"prediction_probability": 0.25}, {}),
        ({"sigmoid": [0.25]}, {}),
        ({"y": [0.25]}, {"classes": _TWO, "samples": _UNCERTAIN}),
    ],
)
def test_a_probability_of_a_class_is_in_per_cent(page: Page, prediction: dict[str, Any], facts: dict[str, Any]) -> None:
    """Values from 0 to 1, adding up to 1 if there are several, are probabilities if a name says so."""
    lines = _show(page, prediction, [*prediction], **facts)

    assert " %" in lines[0]
    assert lines[-1] == f"Output: {next(iter(prediction))}"


@pytest.mark.parametrize(
    ("prediction", "facts", "why"),
    [
        ({"y": 0.25}, {}, "a regression value"),
        ({"price": [0.25]}, {"classes": _TWO}, "two classes alone do not make a logit a probability"),
        ({"y": [0.25]}, {"classes": _TWO, "samples": [*_UNCERTAIN, {"prediction": {"y": [-3.5]}}]}, "a logit"),
        ({"y": [0.25]}, {"classes": _THREE, "samples": _UNCERTAIN}, "one value of three classes"),
        ({"logits": [0.2, 0.8]}, {"classes": _TWO}, "logits by name"),
        ({"log_prob": 0.25}, {}, "a logarithm"),
        ({"problems": 1}, {}, "a count"),
        ({"probe": [0.5]}, {}, "a word that only begins like a probability"),
        ({"y": [0.2, 0.8]}, {}, "two shares of no class"),
        ({"y": [0, 1]}, {"classes": _TWO, "dtype": "int64"}, "counts that add up to 1"),
        ({"softmax": [0, 1]}, {"dtype": "int32"}, "integers, whatever the name"),
        ({"y": [0.2, 0.8]}, {"classes": _TWO, "samples": [{"prediction": {"y": [3.5, -1.0]}}]}, "logits by a sample"),
        ({"y": [0.2, 0.7]}, {"classes": _TWO}, "the sum is not 1"),
        ({"probability": 1.25}, {}, "out of range"),
        ({"probability": -0.25}, {}, "out of range"),
        ({"y": [[0.2, 0.8], [0.5, 0.5]]}, {"classes": _TWO}, "a matrix"),
        ({"probability": "0.25"}, {}, "a text"),
        ({"softmax": []}, {}, "nothing"),
    ],
)
def test_everything_else_is_not(page: Page, prediction: dict[str, Any], facts: dict[str, Any], why: str) -> None:
    """Anything that is not a probability is shown as it is."""
    lines = _show(page, prediction, [*prediction], **facts)

    assert [line for line in lines if "%" in line] == [], why
    assert page.run("document.querySelector('#result progress')") is None, why


@pytest.mark.parametrize(
    ("prediction", "outputs", "lines"),
    [
        ({"y": 0}, ["y"], ["0", "Output: y"]),
        ({"y": [0.25]}, ["y"], ["0.25", "Output: y"]),
        (0.25, ["probability"], ["25.0 % (0.25)", "Output: probability"]),
        (0.25, [], ["0.25"]),
        ({"b64": "AA=="}, ["image"], ["{", ' "b64": "AA=="', "}", "Output: image"]),
        ({"a": 1, "probability": 0.5}, ["a", "probability"], ["1", "Output: a", "50.0 % (0.5)", "Output: probability"]),
    ],
)
def test_an_answer_is_shown_by_output(page: Page, prediction: object, outputs: list[str], lines: list[str]) -> None:
    """Each output has its name, if known, and is judged by itself."""
    assert _show(page, prediction, outputs) == lines


def test_values_by_class_have_the_names_of_the_classes(page: Page) -> None:
    """The highest come first; they are numbers, and none looks like the answer's probability."""
    lines = _show(page, {"logits": [-1.5, 7.25, 0.5]}, ["logits"], classes=_THREE)

    assert lines == ["b", "7.25", "c", "0.5", "a", "-1.5", "Output: logits"]


def test_no_class_is_left_out_silently(page: Page) -> None:
    """Of many classes the highest ten are shown, and how many more there are."""
    values = [0.0] * 199 + [1.0]
    lines = _show(page, {"softmax": values}, ["softmax"])

    assert lines[0] == "199 100.0 %"
    assert "190 more" in lines


def test_integers_keep_their_digits(page: Page) -> None:
    """Even integers that a JavaScript number cannot hold keep all their digits."""
    answer = '{"predictions": [{"id": 9007199254740993, "y": 0.1}]}'
    page.run(f"globalThis.fetch = async () => new Response({answer!r})")
    asked = "import('/console/dom.js').then(({getJson}) => getJson('/x', {exact: true}))"
    page.run(
        f"Promise.all([{asked}, import('/console/result.js')])"
        ".then(([answer, module]) => module.showPrediction(answer, {classes: []}, null, 1, ['id', 'y']))"
    )

    assert page.run(RESULT).startswith("9007199254740993")
