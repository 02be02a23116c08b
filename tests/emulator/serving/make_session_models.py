"""Exports SavedModels as they were made over the years: `python make_session_models.py FOLDER`.

Beside each stands `answers.json`: requests of its signatures, and what TensorFlow's own session answers to them.
"""

from __future__ import annotations

import base64
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"

sys.path.insert(0, str(Path(__file__).parents[3]))

import keras
import numpy as np
import tensorflow as tf
import tf_keras
from tensorflow.python.checkpoint.sharding import sharding_policies

from tests.emulator.serving.first_generation import assign_ref, drawn, float_ref, gpu, parsed, sparse, vocabulary
from tests.emulator.serving.sampled import SAMPLED
from tests.emulator.serving.saved_model.incomplete import INCOMPLETE
from tests.emulator.serving.saved_model.session_requests import REQUESTS

v1 = tf.compat.v1


def legacy_adam(folder: Path) -> None:
    """A Keras 2 model after training by the optimizer of TensorFlow 2.1, with slot variables in the export."""
    tf_keras.utils.set_random_seed(1)
    model = tf_keras.Sequential([tf_keras.layers.Input((2,)), tf_keras.layers.Dense(2, name="softmax")])
    model.compile(tf_keras.optimizers.legacy.Adam(), "mse")
    model.fit(np.ones((4, 2)), np.ones((4, 2)), verbose=0)
    model.save(folder, save_format="tf")


def keras_export(folder: Path) -> None:
    """A Keras 3 model, exported for serving."""
    keras.utils.set_random_seed(1)
    _keras().export(folder, verbose=False)


def keras_saved(folder: Path) -> None:
    """A Keras 3 model, saved in the way that nothing restores."""
    tf.saved_model.save(_keras(), str(folder))


def _keras() -> Any:
    return keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(2, name="softmax")])


_Functions = dict[str, tuple[Callable[..., Any], list[tf.TensorSpec]]]


def _save(folder: Path, functions: _Functions, *, shards: int = 0, **tracked: Any) -> None:
    """A module with these signatures and what they use."""
    module = tf.Module()
    for name, value in tracked.items():
        setattr(module, name, value)
    signatures = {key: tf.function(call, input_signature=specs) for key, (call, specs) in functions.items()}
    module.functions = list(signatures.values())
    policy = sharding_policies.MaxShardSizePolicy(max_shard_size=shards) if shards else None
    options = tf.saved_model.SaveOptions(experimental_sharding_callback=policy)
    tf.saved_model.save(module, str(folder), signatures=signatures, options=options)


def _spec(shape: list[int | None] | None, dtype: Any, name: str) -> tf.TensorSpec:
    return tf.TensorSpec(shape, dtype, name=name)


_X = _spec([None], tf.float32, "x")


def kinds(folder: Path) -> None:
    """Several signatures without `serving_default`: whole numbers, unknown rank, fixed shapes, bytes, scalars."""
    _save(
        folder,
        {
            "large": (lambda n: {"n": n + 1}, [_spec([None, 1], tf.int64, "n")]),
            "pixel": (lambda p: {"p": 255 - p}, [_spec([None, 2], tf.uint8, "p")]),
            "rank": (lambda x: {"x": x * 2.0}, [_spec(None, tf.float32, "x")]),
            "fixed": (lambda x: {"total": tf.reduce_sum(x, axis=1)}, [_spec([3, 2], tf.float32, "x")]),
            "scalar": (lambda s: {"twice": s * 2.0, "row": tf.stack([s, s + 1.0, s])}, [_spec([], tf.float32, "s")]),
            "beside": (
                lambda x, s: {"y": x * s},
                [_spec([None, 2], tf.float32, "x"), _spec([], tf.float32, "s")],
            ),
            "labels": (lambda x: {"y": x, "labels": tf.constant(["a", "b", "c"])}, [_X]),
            "raw": (lambda t: {"t_bytes": t}, [_spec([None], tf.string, "t")]),
        },
    )


def shards(folder: Path) -> None:
    """Variables in several files."""
    weights = [tf.Variable([float(number)] * 64) for number in range(4)]
    _save(
        folder,
        {"serving_default": (lambda x: {"y": x + sum(w[1] for w in weights)}, [_X])},
        shards=256,
        weights=weights,
    )


def train(folder: Path) -> None:
    """Signatures that assign a variable: at once, in a function, in a branch, in a loop; and one that draws numbers."""
    weight = tf.Variable(0.204)

    def add(x: Any) -> Any:
        return weight.assign_add(tf.reduce_sum(x) + 1.0)

    inner = tf.function(add)

    def branch(x: Any) -> Any:
        return {"w": x * 0.0 + tf.cond(tf.reduce_sum(x) >= 0.0, lambda: inner(x), lambda: weight + 0.0)}

    def loop(x: Any) -> Any:
        return {"w": x * 0.0 + tf.while_loop(lambda n: n < 2.0, lambda n: [n + 1.0 + 0.0 * inner(x)], [0.0])[0]}

    _save(
        folder,
        {
            "serving_default": (lambda x: {"y": x + weight}, [_X]),
            "train": (lambda x: {"w": x * 0.0 + add(x)}, [_X]),
            "called": (lambda x: {"w": x * 0.0 + inner(x)}, [_X]),
            "branch": (branch, [_X]),
            "loop": (loop, [_X]),
            "noise": (lambda x: {"y": x + tf.random.uniform(tf.shape(x)) * 0.0}, [_X]),
        },
        weight=weight,
    )


def _kernel(x: Any) -> dict[str, Any]:
    size = tf.shape(x)[0]
    state = tf.zeros([1, size, 1])
    found = tf.raw_ops.CudnnRNN(
        input=tf.reshape(x, [1, -1, 1]), input_h=state, input_c=state, params=tf.zeros([64]), rnn_mode="lstm"
    )
    return {"y": tf.reshape(found.output, [-1])}


def _double(x: Any) -> dict[str, Any]:
    return {"y": x * 2.0}


def no_kernel(folder: Path) -> None:
    """An operation that only a GPU runs, within a function."""
    inner = tf.function(_kernel)
    _save(folder, {"serving_default": (lambda x: {"y": inner(x)["y"] + 1.0}, [_X])})


def no_kernel_beside(folder: Path) -> None:
    """The same as another signature."""
    _save(folder, {"serving_default": (_double, [_X]), "gpu": (_kernel, [_X])})


def _ragged(x: Any) -> dict[str, Any]:
    return {"pieces": tf.RaggedTensor.from_row_lengths(x, tf.ones_like(x, tf.int64))}


def ragged(folder: Path) -> None:
    """A ragged output."""
    _save(folder, {"serving_default": (_ragged, [_X])})


MODELS = (
    legacy_adam, keras_export, keras_saved, float_ref, assign_ref, gpu, vocabulary, parsed, kinds, shards, train,
    no_kernel, no_kernel_beside, ragged, sparse, drawn, *INCOMPLETE, *SAMPLED,
)  # fmt: skip


def answers(folder: Path, requests: dict[str, list[Any]]) -> dict[str, Any]:
    """What TensorFlow's session gives for the instances of each signature, by alias, as plain values."""
    found = {}
    with v1.Session(graph=tf.Graph()) as session:
        tags = ["serve", "gpu"] if folder.name == "gpu" else ["serve"]
        graph = v1.saved_model.loader.load(session, tags, str(folder))
        for key, instances in requests.items():
            signature = graph.signature_def[key]
            (info,) = signature.inputs.values()
            fetched = session.run(
                {alias: output.name for alias, output in signature.outputs.items()},
                {info.name: np.array([_row(each) for each in instances], tf.as_dtype(info.dtype).as_numpy_dtype)},
            )
            found[key] = {alias: _plain(value) for alias, value in fetched.items()}
    return found


def _row(instance: Any) -> Any:
    """An instance as numpy takes it."""
    return base64.b64decode(instance["b64"]) if isinstance(instance, dict) else instance


def _plain(value: Any) -> Any:
    """As JSON has it, with bytes as their numbers."""
    if isinstance(value, np.ndarray):
        return _plain(value.tolist())
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return list(value) if isinstance(value, bytes) else value


def main(folder: Path) -> None:
    """Writes every model into a folder of its name, and the answers beside them."""
    for make in MODELS:
        make(folder / make.__name__)
    found = {name: answers(folder / name, requests) for name, requests in REQUESTS.items()}
    (folder / "answers.json").write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
