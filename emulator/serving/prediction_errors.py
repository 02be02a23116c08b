"""How predictions fail. Needs no TensorFlow."""

from __future__ import annotations

import re
from pathlib import Path

from emulator.core.predictions import INPUTS, OUTPUTS, RUN
from gcp import errors

_LONGEST = 500
_NOISE = (
    # The place in source code where an operation was made, which most SavedModels do not keep.
    re.compile(r"Traceback \(most recent call last\):\n(?:[ \t]+.*(?:\n|$)|\n)*"),  # its frames are indented
    re.compile(r"^ *File \"[^\"]*\", line \d+.*$", re.MULTILINE),
    re.compile(r"defined at \(most recent call last\):|<stack traces? unavailable>"),
    re.compile(r"(Original s|S)tack trace for .*", re.DOTALL),
    # Where the graph was made: a line for each node that is in it.
    re.compile(r"Graph execution error:|Detected at node .*$", re.MULTILINE),
    re.compile(r"\{\{function_node [^}]*\}\}"),
)


class PredictionError(Exception):
    """A prediction that failed. The text says why, without a full stop.

    `failed` says what; an `OutputStyle` makes the text of an answer of both.
    """

    failed: str


class InvalidInputs(PredictionError):
    """The request does not fit the signature."""

    failed = INPUTS


class RunFailed(PredictionError):
    """TensorFlow failed on inputs that fit the signature."""

    failed = RUN


class InvalidOutputs(PredictionError):
    """The model's outputs cannot be written as predictions."""

    failed = OUTPUTS


def reason(exc: Exception, folder: Path | None = None) -> str:
    """What TensorFlow says in `exc`, as one printable line of at most 500 characters without paths of this machine.

    Args:
        exc: what was raised.
        folder: of the model; names in it are given relative to it.
    """
    text = _text(exc)
    if folder:
        text = text.replace(f"{folder}/", "").replace(str(folder), "the model's folder")
    for noise in _NOISE:
        text = noise.sub(" ", text)
    text = re.sub(r"(?<![\w.\]}])/(?:[\w.@+-]+/)+", "", text)
    line = errors.plain(" ".join(text.split()), _LONGEST)
    return line or type(exc).__name__


def _text(exc: Exception) -> str:
    """The text of an exception.

    TensorFlow's Python side decodes a message that quotes a malformed `tf.Example` as UTF-8; where that fails, the
    message stands in the exception of the decoder.
    """
    if isinstance(exc, UnicodeDecodeError):
        return exc.object.decode(errors="backslashreplace")
    return str(exc)
