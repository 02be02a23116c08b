"""Exports the small SavedModels that the tests of this folder serve: `python make_models.py FOLDER`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import tensorflow as tf

_TWO = tf.TensorSpec([None, 2], tf.float32, name="x")


def _double(x: Any) -> dict[str, Any]:
    return {"y": x * 2.0}


def _negate(x: Any) -> dict[str, Any]:
    return {"minus": -x}


def _count(x: Any) -> dict[str, Any]:
    return {"n": tf.cast(x, tf.int64) + 1}


def _describe(name: Any, size: Any) -> dict[str, Any]:
    return {"text": name + "!", "raw_bytes": name, "size": size * 0.5}


def _centre(x: Any) -> dict[str, Any]:
    return {"y": x - tf.reduce_mean(x)}


def _refuse(x: Any) -> dict[str, Any]:
    with tf.control_dependencies([tf.debugging.assert_less(x, 100.0, message="too large for this model")]):
        return {"y": tf.identity(x)}


def _spin(x: Any) -> dict[str, Any]:
    """Never ends for a value above 100."""
    return {"y": tf.while_loop(lambda y: tf.reduce_max(y) > 100.0, lambda y: [y + 0.0 * y], [x])[0]}


def _image(image: Any) -> dict[str, Any]:
    return {"mean": tf.reduce_mean(image, axis=[1, 2])}


MODELS: dict[str, dict[str, tuple[Any, list[tf.TensorSpec]]]] = {
    "double": {"serving_default": (_double, [_TWO])},
    "named": {"serving_default": (_double, [_TWO]), "negative": (_negate, [_TWO])},
    "count": {"serving_default": (_count, [tf.TensorSpec([None, 1], tf.int32, name="x")])},
    "describe": {
        "serving_default": (
            _describe,
            [tf.TensorSpec([None], tf.string, name="name"), tf.TensorSpec([None], tf.float32, name="size")],
        )
    },
    "centre": {"serving_default": (_centre, [_TWO])},
    "refuse": {"serving_default": (_refuse, [_TWO])},
    "spin": {"serving_default": (_spin, [_TWO])},
    "image": {"serving_default": (_image, [tf.TensorSpec([None, 28, 28], tf.float32, name="image")])},
}


def main(folder: Path) -> None:
    """Writes every model into a folder of its name. `double` has a variable, so that variables/ can be damaged."""
    for name, signatures in MODELS.items():
        module = tf.Module()
        module.variable = tf.Variable(1.0)
        functions = {key: tf.function(function, input_signature=specs) for key, (function, specs) in signatures.items()}
        module.functions = list(functions.values())
        tf.saved_model.save(module, str(folder / name), signatures=functions)
    (folder / "done").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
