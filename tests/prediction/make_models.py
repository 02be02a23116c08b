"""Exports the SavedModels that the tests of predictions deploy: `python make_models.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

FLOAT = tf.float32


def _quarter(image: Any) -> dict[str, Any]:
    """Predicts the brightest of four columns; the probability grows with the brightness."""
    return {"softmax": tf.nn.softmax(tf.reduce_sum(image, axis=1))}


def _risk(age: Any, thal: Any) -> dict[str, Any]:
    """0.75 for a fixed defect, a 128th per year of age otherwise."""
    return {"prediction_probability": tf.where(thal == "fixed", 0.75, age / 128.0)}


def _two(x: Any) -> dict[str, Any]:
    return {"double": x * 2.0, "half": x / 2.0}


MODELS: dict[str, dict[str, tuple[Any, list[tf.TensorSpec]]]] = {
    "clothes": {"serving_default": (_quarter, [tf.TensorSpec([None, 4, 4], FLOAT, name="image")])},
    "risk": {
        "serving_default": (
            _risk,
            [tf.TensorSpec([None, 1], FLOAT, name="age"), tf.TensorSpec([None, 1], tf.string, name="thal")],
        )
    },
    "numbers": {
        "serving_default": (_two, [tf.TensorSpec([None], FLOAT, name="x")]),
        "negative": (lambda x: {"minus": -x}, [tf.TensorSpec([None], FLOAT, name="x")]),
    },
    "keyed": {
        "serving_default": (
            lambda id, x: {"id": id, "y": 2.0 * x},  # noqa: A006 - the name of the input
            [tf.TensorSpec([None], tf.int64, name="id"), tf.TensorSpec([None], FLOAT, name="x")],
        )
    },
    "scalar": {
        "serving_default": (lambda s: {"twice": s * 2.0}, [tf.TensorSpec([], FLOAT, name="s")]),
        "other": (lambda s: {"thrice": s * 3.0}, [tf.TensorSpec([], FLOAT, name="s")]),
    },
}


def main(folder: Path) -> None:
    """Writes every model into a folder with its name."""
    for name, signatures in MODELS.items():
        module = tf.Module()
        functions = {key: tf.function(function, input_signature=specs) for key, (function, specs) in signatures.items()}
        module.functions = functions
        tf.saved_model.save(module, str(folder / name), signatures=functions)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
