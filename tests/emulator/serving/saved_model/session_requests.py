"""Requests of the exports of `make_session_models`, in the form of JSON. Needs no TensorFlow."""

from __future__ import annotations

from typing import Any

EXAMPLE = "ChEKDwoDYWdlEggSBgoEAADwQA=="
"""A serialized `tf.Example` with an age of 7.5, in base64."""
_LARGE = 2**53 + 1

REQUESTS: dict[str, dict[str, list[Any]]] = {
    "legacy_adam": {"serving_default": [[1.0, 2.5], [0.5, -1.0]]},
    "keras_export": {"serving_default": [[1.0, 2.5], [0.5, -1.0]], "serve": [[1.0, 2.0]]},
    "float_ref": {"serving_default": [[1.0, 2.0], [3.0, 4.0]]},
    "assign_ref": {"serving_default": [0.0, 1.0]},
    "gpu": {"predict": [1.0, 2.0]},
    "vocabulary": {"serving_default": ["red", "blue", "é"]},
    "parsed": {"serving_default": [{"b64": EXAMPLE}]},
    "kinds": {
        "large": [[_LARGE], [-_LARGE]],
        "pixel": [[0, 255], [1, 2]],
        "rank": [[[1.0, 2.0]], [[3.0, 4.0]]],
        "fixed": [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]],
        "raw": [{"b64": "/wA="}, {"b64": "YQ=="}],
    },
    "shards": {"serving_default": [1.0, 2.0]},
    "train": {"serving_default": [0.0, 1.0], "noise": [0.5]},
}
"""Instances for the only input of signatures, by model and key."""
