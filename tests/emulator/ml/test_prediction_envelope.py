"""The body that `ml` makes of a node's answer."""

from __future__ import annotations

import pytest

from emulator.core.predictions import INPUTS, LOAD, OUTPUTS, PREDICTIONS, REFUSED, RUN
from emulator.ml import prediction_envelope

STYLE = prediction_envelope.style()


def test_predictions_are_wrapped() -> None:
    """The list of a node stands under `predictions`, byte for byte."""
    assert b"".join(prediction_envelope.body(PREDICTIONS, b'[{"y":NaN}]')) == b'{"predictions":[{"y":NaN}]}'


def test_an_error_is_text() -> None:
    """Of whatever characters; it says first that a prediction failed."""
    text = STYLE.error(RUN, 'no "\u00e9"')

    assert b"".join(prediction_envelope.body(REFUSED, text.encode())) == (
        '{"error":"Prediction failed: Failed to run the provided model: no \\"\u00e9\\" (Error code: 2)"}'.encode()
    )


@pytest.mark.parametrize(
    ("failed", "text"),
    [
        (LOAD, "Failed to load model: {no} (Error code: 0)"),
        (INPUTS, "Invalid inputs: {no} (Error code: 1)"),
        (RUN, "Failed to run the provided model: {no} (Error code: 2)"),
        (OUTPUTS, "There was a problem processing the outputs: {no} (Error code: 3)"),
    ],
)
def test_errors_carry_the_codes_of_the_api(failed: str, text: str) -> None:
    """Braces of a detail are only characters."""
    assert STYLE.error(failed, "{no}") == text
