"""SavedModels whose signatures need what the export does not hold, and others that only look so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

from tests.emulator.serving.first_generation import build_saved_model

v1 = tf.compat.v1


def _x() -> Any:
    return v1.placeholder(tf.float32, [None], "x")


def _table() -> Any:
    pairs = tf.lookup.KeyValueTensorInitializer(["red", "green"], [1.0, 2.0])
    return tf.lookup.StaticHashTable(pairs, -1.0)


def unfed(folder: Path) -> None:
    """A placeholder that is no input, of another signature than the default one; and one with a default."""

    def build() -> dict[str, Any]:
        x = _x()
        keep = v1.placeholder_with_default(1.0, [], "keep")
        rate = v1.placeholder(tf.float32, [], "rate")
        return {"serving_default": ({"x": x}, {"y": x * keep}), "rated": ({"x": x}, {"y": x * rate})}

    build_saved_model(folder, build, ["serve"])


def unfed_default(folder: Path) -> None:
    """A placeholder that is no input."""

    def build() -> dict[str, Any]:
        x = _x()
        return {"serving_default": ({"x": x}, {"y": tf.add(x * v1.placeholder(tf.float32, [], "rate"), 1.0)})}

    build_saved_model(folder, build, ["serve"])


def local_variable(folder: Path) -> None:
    """A variable of the collection that a saver leaves out."""

    def build() -> dict[str, Any]:
        x = _x()
        collections = [v1.GraphKeys.LOCAL_VARIABLES]
        total = v1.get_variable("total", initializer=1.0, collections=collections)
        v1.get_variable("w", initializer=2.0)  # a saver needs one
        return {"serving_default": ({"x": x}, {"y": x + total})}

    build_saved_model(folder, build, ["serve"])


def _table_signatures() -> dict[str, Any]:
    word = v1.placeholder(tf.string, [None], "word")
    return {"serving_default": ({"word": word}, {"id": _table().lookup(word)})}


def table_filled(folder: Path) -> None:
    """A table that the main operation initialises."""
    build_saved_model(folder, _table_signatures, ["serve"])


def table_empty(folder: Path) -> None:
    """A table that nothing initialises."""
    build_saved_model(folder, _table_signatures, ["serve"], main_op=False)


def table_itself(folder: Path) -> None:
    """A table that the signature itself initialises, and a mutable one, which is empty."""

    def build() -> dict[str, Any]:
        word = v1.placeholder(tf.string, [None], "word")
        table = _table()
        with tf.control_dependencies([v1.tables_initializer()]):
            found = table.lookup(word)
        more = tf.lookup.experimental.MutableHashTable(tf.string, tf.float32, 0.0)
        return {"serving_default": ({"word": word}, {"id": found}), "more": ({"word": word}, {"id": more.lookup(word)})}

    build_saved_model(folder, build, ["serve"], main_op=False)


def python(folder: Path) -> None:
    """A signature that calls Python code, within a function."""
    module = tf.Module()

    def call(x: Any) -> dict[str, Any]:
        return {"y": tf.ensure_shape(tf.py_function(lambda a: a * 2.0, [x], tf.float32), [None])}

    inner = tf.function(call)
    module.function = tf.function(
        lambda x: {"y": inner(x)["y"] + 1.0}, input_signature=[tf.TensorSpec([None], tf.float32, name="x")]
    )
    tf.saved_model.save(module, str(folder), signatures=module.function)


def python_beside(folder: Path) -> None:
    """The same as another signature, of TensorFlow 1, with and without a state."""

    def build() -> dict[str, Any]:
        x = _x()
        called = {
            f"stateful_{state}": ({"x": x}, {"y": v1.py_func(lambda a: a, [x], tf.float32, stateful=state)})
            for state in (True, False)
        }
        return {"serving_default": ({"x": x}, {"y": x + 1.0}), **called}

    build_saved_model(folder, build, ["serve"])


INCOMPLETE = (
    unfed, unfed_default, local_variable, table_filled, table_empty, table_itself, python, python_beside,
)  # fmt: skip
