"""The body of an answer to `projects.predict`, around what a node answers."""

from __future__ import annotations

import orjson

from emulator.core.predictions import INPUTS, LOAD, OUTPUTS, PREDICTIONS, RUN, OutputStyle

_BEGIN, _END = b'{"predictions":', b"}"
_ERROR_TEXTS = {
    LOAD: "Failed to load model: {detail} (Error code: 0)",
    INPUTS: "Invalid inputs: {detail} (Error code: 1)",
    RUN: "Failed to run the provided model: {detail} (Error code: 2)",
    OUTPUTS: "There was a problem processing the outputs: {detail} (Error code: 3)",
}


def style(*, single_output_bare: bool = False) -> OutputStyle:
    """How nodes write predictions and errors for this API; see `OutputStyle` for `single_output_bare`."""
    return OutputStyle(single_output_bare=single_output_bare, error_texts=_ERROR_TEXTS)


def body(kind: int, content: bytes) -> tuple[bytes, ...]:
    """The body of an answer, in pieces: `{"predictions": [...]}`, or `{"error": "Prediction failed: ..."}`.

    Args:
        kind: of the node's answer, see `predictions.Answer`.
        content: of the node's answer.
    """
    if kind == PREDICTIONS:
        return _BEGIN, content, _END
    return (orjson.dumps({"error": f"Prediction failed: {content.decode()}"}),)
