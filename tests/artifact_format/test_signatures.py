"""Both forms of a signature, the default signature, and predictions by name."""

from __future__ import annotations

from typing import Any

import pytest

from artifact_format import signatures

FORMS = [
    ({"dtype": "float32", "shape": [None, 5]}, "float32[?, 5]"),
    ({"dtype": "string", "shape": [None]}, "string[?]"),
    ({"dtype": "int64", "shape": []}, "int64[]"),
    ({"dtype": "type 99", "shape": None}, "type 99[...]"),
]


@pytest.mark.parametrize(("tensor", "shown"), FORMS)
def test_both_forms_say_the_same(tensor: dict[str, Any], shown: str) -> None:
    """Each form is read back as the other, and each is taken as it is."""
    by_shape, by_text = {"inputs": {"x": tensor}}, {"inputs": {"x": shown}}

    assert signatures.displayed(by_shape) == signatures.displayed(by_text) == by_text
    assert signatures.structured(by_text) == signatures.structured(by_shape) == by_shape


@pytest.mark.parametrize("tensor", ["float32", "float32[a]", "[1]", 7])
def test_what_is_no_tensor_is_refused(tensor: Any) -> None:
    """A manifest that somebody edited does not give a wrong shape."""
    with pytest.raises(ValueError, match="expected a tensor"):
        signatures.structured({"inputs": {"x": tensor}})


@pytest.mark.parametrize(
    ("prediction", "outputs", "named"),
    [
        ([0.1, 0.9], ["softmax"], {"softmax": [0.1, 0.9]}),
        ({"softmax": [0.1]}, ["softmax"], {"softmax": [0.1]}),
        ({"b64": "AA=="}, ["raw_bytes"], {"raw_bytes": {"b64": "AA=="}}),
        ({"a": 1, "b": 2}, ["a", "b"], {"a": 1, "b": 2}),
        ([0.1], [], [0.1]),
    ],
)
def test_a_bare_value_of_a_single_output_stands_under_its_name(prediction: Any, outputs: list[str], named: Any) -> None:
    """Predictions are objects keyed by output name wherever the names are known."""
    assert signatures.by_name(prediction, outputs) == named


@pytest.mark.parametrize(
    ("keys", "default"),
    [
        (["predict"], "predict"),
        (["predict", "__saved_model_init_op"], "predict"),
        (["predict", "train"], "serving_default"),
        ([], "serving_default"),
    ],
)
def test_the_default_signature_is_the_only_one(keys: list[str], default: str) -> None:
    """Those of the loader do not count."""
    assert signatures.default_key(keys) == default


def test_the_outputs_are_those_of_the_signature_that_is_asked() -> None:
    """Without a name that is the only signature, or serving_default."""
    one = {"predict": {"outputs": {"y": "float32[?]"}}}
    two = {**one, "serving_default": {"outputs": {"a": "float32[?]", "b": "float32[?]"}}}

    assert signatures.output_names(one) == ["y"]
    assert signatures.output_names(two) == ["a", "b"]
    assert signatures.output_names(two, "predict") == ["y"]
    assert signatures.output_names({}) == []
