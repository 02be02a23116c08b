"""Shared by APIs and nodes: the kinds of node responses, and how predictions are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

PREDICTIONS, REFUSED, CHUNK, TOO_LONG = range(4)
"""Kinds of answers: a JSON list of predictions; the text of an error; results of a job's chunk, see `chunk_predictor`;
nothing, because the results of the chunk are too long for one answer."""

LOAD, INPUTS, RUN, OUTPUTS = "load", "inputs", "run", "outputs"
"""What can fail: loading the model, reading the instances, running the model, writing its outputs."""

_TEXTS = {
    LOAD: "Failed to load model: {detail}",
    INPUTS: "Invalid inputs: {detail}",
    RUN: "Failed to run the model: {detail}",
    OUTPUTS: "Unusable outputs: {detail}",
}


class LoadFailed(Exception):
    """A SavedModel that cannot be served. The text says why: in a node the detail, elsewhere the text of the style."""


class Answer(NamedTuple):
    """The answer of a node.

    Attributes:
        kind: one of the kinds above.
        content: what the kind says.
    """

    kind: int
    content: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class OutputStyle:
    """How an API has its nodes read requests and write answers. The API adds the rest of the body itself.

    Attributes:
        single_output_bare: a signature with one output gives its bare value per instance, as TensorFlow Serving does.
            Otherwise, and always with several outputs, each prediction is an object keyed by output.
        non_finite_quoted: NaN and the infinities are the strings `"NaN"`, `"Infinity"` and `"-Infinity"`. Otherwise
            they are the same words without quotes, as TensorFlow Serving and Python's `json` write them.
        error_texts: the text of an error, by what failed; `{detail}` stands for the detail, which has no full stop.
        signature_field: the field of a request that names the signature.
    """

    single_output_bare: bool = False
    non_finite_quoted: bool = False
    error_texts: Mapping[str, str] = field(default_factory=_TEXTS.copy)
    signature_field: str = "signature_name"

    def error(self, failed: str, detail: str) -> str:
        """The text of an error.

        Args:
            failed: `LOAD`, `INPUTS`, `RUN` or `OUTPUTS`.
            detail: what is wrong, without a full stop.
        """
        return self.error_texts[failed].format(detail=detail)
