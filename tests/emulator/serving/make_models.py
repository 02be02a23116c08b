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


def _length(text: Any) -> dict[str, Any]:
    return {"length": tf.strings.length(text)}


def _parse(examples: Any) -> dict[str, Any]:
    """Doubles the feature `a` of each serialized `tf.Example`."""
    parsed = tf.io.parse_example(examples, {"a": tf.io.FixedLenFeature([1], tf.float32)})
    return {"y": parsed["a"] * 2.0}


def _spin(x: Any) -> dict[str, Any]:
    """Never ends for a value above 100."""
    return {"y": tf.while_loop(lambda y: tf.reduce_max(y) > 100.0, lambda y: [y + 0.0 * y], [x])[0]}


def _image(image: Any) -> dict[str, Any]:
    return {"mean": tf.reduce_mean(image, axis=[1, 2])}


def _write(path: Any) -> dict[str, Any]:
    with tf.control_dependencies([tf.io.write_file(path[0], "written by a model")]):
        return {"y": tf.identity(path)}


def _save(path: Any) -> dict[str, Any]:
    saved = tf.raw_ops.SaveV2(prefix=path[0], tensor_names=["x"], shape_and_slices=[""], tensors=[path])
    with tf.control_dependencies([saved]):
        return {"y": tf.identity(path)}


def _read(path: Any) -> dict[str, Any]:
    return {"y": tf.expand_dims(tf.io.read_file(path[0]), 0)}


def _list(path: Any) -> dict[str, Any]:
    return {"y": tf.expand_dims(tf.strings.reduce_join(tf.io.matching_files(path[0])), 0)}


def _connect(address: Any) -> dict[str, Any]:
    """Registers a data set at a tf.data service: a call by gRPC."""
    numbers = [tf.constant(number, tf.int64) for number in (0, 1, 1)]
    registered = tf.raw_ops.RegisterDatasetV2(
        dataset=tf.raw_ops.RangeDataset(
            start=numbers[0], stop=numbers[1], step=numbers[2], output_types=[tf.int64], output_shapes=[[]]
        ),
        address=address[0],
        protocol="grpc",
        external_state_policy=1,
        element_spec="",
        requested_dataset_id="",
        metadata="",
    )
    return {"y": tf.expand_dims(registered, 0)}


def _grow(gigabytes: Any) -> dict[str, Any]:
    size = tf.cast(tf.maximum(tf.reduce_max(gigabytes) - 1.0, 0.0) * 1e9, tf.int64)  # none for a warm-up's values
    return {"y": tf.expand_dims(tf.reduce_sum(tf.cast(tf.range(size), tf.int8)), 0)}


def _flood(size: Any) -> dict[str, Any]:
    """An answer of so many megabytes for each instance above 1."""
    length = tf.cast(tf.maximum(tf.reduce_max(size) - 1.0, 0.0) * 1e6, tf.int32)
    return {"y": tf.expand_dims(tf.strings.join([tf.strings.reduce_join(tf.repeat(["x"], length))]), 0)}


_PATH = tf.TensorSpec([None], tf.string, name="path")
HOSTILE: dict[str, dict[str, tuple[Any, list[tf.TensorSpec]]]] = {
    "write": {"serving_default": (_write, [_PATH])},
    "save": {"serving_default": (_save, [_PATH])},
    "read": {"serving_default": (_read, [_PATH])},
    "list": {"serving_default": (_list, [_PATH])},
    "connect": {"serving_default": (_connect, [_PATH])},
    "flood": {"serving_default": (_flood, [tf.TensorSpec([None], tf.float32, name="size")])},
    "grow": {"serving_default": (_grow, [tf.TensorSpec([None], tf.float32, name="gigabytes")])},
}
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
    "length": {"serving_default": (_length, [tf.TensorSpec([None], tf.string, name="text")])},
    "parse": {"serving_default": (_parse, [tf.TensorSpec([None], tf.string, name="examples")])},
    "refuse": {"serving_default": (_refuse, [_TWO])},
    "spin": {"serving_default": (_spin, [_TWO])},
    "image": {"serving_default": (_image, [tf.TensorSpec([None, 28, 28], tf.float32, name="image")])},
}


def main(folder: Path) -> None:
    """Writes every model into a folder of its name. `double` has a variable, so that variables/ can be damaged."""
    for name, signatures in (MODELS | HOSTILE).items():
        module = tf.Module()
        module.variable = tf.Variable(1.0)
        functions = {key: tf.function(function, input_signature=specs) for key, (function, specs) in signatures.items()}
        module.functions = list(functions.values())
        tf.saved_model.save(module, str(folder / name), signatures=functions)
    (folder / "done").touch()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
