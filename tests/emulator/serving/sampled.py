"""SavedModels of which samples are hard to make, or cannot be made."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

_X = tf.TensorSpec([None], tf.float32, name="x")
_PAIR = tf.TensorSpec([2, 1], tf.float32, name="x")


def _save(folder: Path, weight: tf.Variable, **signatures: tuple[Any, ...]) -> None:
    module = tf.Module()
    module.weight = weight
    functions = {key: tf.function(call, input_signature=specs) for key, (call, *specs) in signatures.items()}
    module.functions = list(functions.values())
    tf.saved_model.save(module, str(folder), signatures=functions)


def varied(folder: Path) -> None:
    """Signatures whose answers change, and others that change only what nobody sees."""
    weight = tf.Variable(1.0)

    def count(x: Any) -> Any:
        return {"y": x * 0.0 + weight.assign_add(1.13)}

    inner = tf.function(count)

    def printed(x: Any) -> Any:
        tf.print("asked")
        return {"y": x * 2.0}

    _save(
        folder,
        weight,
        serving_default=(count, _X),
        called=(lambda x: {"y": inner(x)["y"]}, _X),
        random=(lambda x: {"y": x + tf.random.uniform(tf.shape(x))}, _X),
        clock=(lambda x: {"y": x + tf.cast(tf.timestamp(), tf.float32)}, _X),
        printed=(printed, _X),
        product=(lambda x: {"y": x * weight.assign_add(1.0)}, _X),
        counted=(lambda x: {"y": x * 2.0 + weight.assign_add(1.0) * 0.0}, _X),
        seeded=(lambda x: {"y": x + tf.random.stateless_uniform(tf.shape(x), [1, 2])}, _X),
    )


def together(folder: Path) -> None:
    """Signatures that answer instances otherwise together than alone."""
    _save(
        folder,
        tf.Variable(1.0),
        mean=(lambda x: {"y": tf.reduce_mean(x, keepdims=True)}, _X),
        whole=(lambda x: {"y": tf.reduce_mean(x)}, _X),
        centre=(lambda x: {"y": x - tf.reduce_mean(x)}, _X),
        pair=(lambda x: {"y": x[:, 0] * 2.0}, _PAIR),
        spread=(lambda x: {"y": tf.reduce_max(x, keepdims=True)[0]}, _PAIR),
        single=(lambda x: {"y": x[:, 0] * 2.0}, tf.TensorSpec([1, 1], tf.float32, name="x")),
        pool=(lambda x: {"y": tf.where(x < 9.0, "Infinity pool", "NaN")}, _X),
        infinite=(lambda x: {"y": 1.0 / (x * 0.0)}, _X),
        nothing=(lambda: {"y": tf.constant([7.0])},),
    )


SAMPLED = (varied, together)
