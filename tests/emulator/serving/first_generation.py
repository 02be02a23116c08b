"""SavedModels of TensorFlow 1: graphs that a builder wrote, with its variables, tables and assets."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow as tf

v1 = tf.compat.v1


def build_saved_model(
    folder: Path, build: Callable[[], dict[str, Any]], tags: list[str], *, main_op: bool = True
) -> None:
    """A TensorFlow 1 export of what `build` makes in an empty graph: signatures by key, inputs and outputs of each.

    Without `main_op` nothing initialises its tables.
    """
    with v1.Session(graph=tf.Graph()) as session:
        tensors = build()
        session.run([v1.global_variables_initializer(), v1.tables_initializer()])
        info = v1.saved_model.build_tensor_info
        signatures = {
            key: v1.saved_model.build_signature_def(
                {alias: info(tensor) for alias, tensor in inputs.items()},
                {alias: info(tensor) for alias, tensor in outputs.items()},
                "tensorflow/serving/predict",
            )
            for key, (inputs, outputs) in tensors.items()
        }
        builder = v1.saved_model.Builder(str(folder))
        builder.add_meta_graph_and_variables(
            session,
            tags,
            signatures,
            assets_collection=v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS),
            main_op=v1.tables_initializer() if main_op else None,
        )
        builder.save()


def float_ref(folder: Path) -> None:
    """An output that is a variable of TensorFlow 1's first kind, and one without a dimension for instances."""

    def build() -> dict[str, Any]:
        x = v1.placeholder(tf.float32, [None, 2], "x")
        weights = v1.get_variable("w", initializer=[0.5, 0.25], use_resource=False)
        return {"serving_default": ({"x": x}, {"y": x * weights, "w": weights.value(), "ref": weights._variable})}

    build_saved_model(folder, build, ["serve"])


def drawn(folder: Path) -> None:
    """Random numbers with a fixed seed: each call gives the next ones of the same sequence."""

    def build() -> dict[str, Any]:
        x = v1.placeholder(tf.float32, [None], "x")
        return {"serving_default": ({"x": x}, {"y": x + v1.random_uniform(tf.shape(x), seed=1)})}

    build_saved_model(folder, build, ["serve"])


def assign_ref(folder: Path) -> None:
    """A signature that assigns a variable of TensorFlow 1's first kind, which the default one reads."""

    def build() -> dict[str, Any]:
        x = v1.placeholder(tf.float32, [None], "x")
        weight = v1.get_variable("w", initializer=0.204, use_resource=False)
        return {
            "serving_default": ({"x": x}, {"y": x + weight}),
            "train": ({"x": x}, {"w": x * 0 + v1.assign_add(weight, tf.reduce_sum(x) + 1.0)}),
        }

    build_saved_model(folder, build, ["serve"])


def gpu(folder: Path) -> None:
    """The only graph of an export, with two tags."""

    def build() -> dict[str, Any]:
        x = v1.placeholder(tf.float32, [None], "x")
        return {"predict": ({"x": x}, {"y": x * v1.get_variable("w", initializer=3.0)})}

    build_saved_model(folder, build, ["serve", "gpu"])


def vocabulary(folder: Path) -> None:
    """A table whose words stand in an asset, strings in and out."""
    words = folder.parent / "words.txt"
    words.write_text("red\ngreen\nblue\n", encoding="utf-8")

    def build() -> dict[str, Any]:
        word = v1.placeholder(tf.string, [None], "word")
        index = tf.lookup.TextFileIndex
        lines = tf.lookup.TextFileInitializer(
            str(words), tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER
        )  # adds the file to the assets
        table = tf.lookup.StaticHashTable(lines, -1)
        return {
            "serving_default": (
                {"word": word},
                {"id": table.lookup(word), "text": tf.strings.upper(word), "word_bytes": tf.identity(word)},
            )
        }

    build_saved_model(folder, build, ["serve"])


def parsed(folder: Path) -> None:
    """Serialized `tf.Example`s."""

    def build() -> dict[str, Any]:
        examples = v1.placeholder(tf.string, [None], "examples")
        features = tf.io.parse_example(examples, {"age": tf.io.FixedLenFeature([], tf.float32, -1.0)})
        return {"serving_default": ({"examples": examples}, {"age": features["age"] * 2.0})}

    build_saved_model(folder, build, ["serve"])


def sparse(folder: Path) -> None:
    """A sparse output in TensorFlow 1's form, beside a default signature without one."""

    def build() -> dict[str, Any]:
        x = v1.placeholder(tf.float32, [None, 2], "x")
        return {
            "serving_default": ({"x": x}, {"y": x * v1.get_variable("w", initializer=2.0)}),
            "few": ({"x": x}, {"cells": tf.sparse.from_dense(x)}),
        }

    build_saved_model(folder, build, ["serve"])
