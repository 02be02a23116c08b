"""Loads a SavedModel with each loader and prints what they say; a process of its own, because it imports TensorFlow.

    python loaders.py FOLDER INSTANCES

INSTANCES is JSON: a list of `{input: value}`. The answer is JSON: what both loaders answer to each instance in a batch
of its own, and the signature and the operations as TensorFlow's own reader of the format sees them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2
from tensorflow.python.framework import op_def_registry


def plain(answer: dict[str, Any]) -> dict[str, Any]:
    """The first row of each output, with floats at full double precision."""
    return {name: value[0].tolist() for name, value in answer.items()}


def first(folder: str, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The result of the TF1 loader, which is the C++ loader in a session."""
    with tf.compat.v1.Session(graph=tf.Graph()) as session:
        meta = tf.compat.v1.saved_model.load(session, ["serve"], folder)
        signature = meta.signature_def["serving_default"]
        outputs = {name: tensor.name for name, tensor in signature.outputs.items()}
        return [
            plain(session.run(outputs, {signature.inputs[name].name: [value] for name, value in instance.items()}))
            for instance in instances
        ]


def second(folder: str, instances: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The result of `tf.saved_model.load`."""
    loaded = tf.saved_model.load(folder)
    signature = loaded.signatures["serving_default"]
    kinds = {name: spec.dtype for name, spec in signature.structured_input_signature[1].items()}
    answers = []
    for instance in instances:
        answer = signature(**{name: tf.constant([value], kinds[name]) for name, value in instance.items()})
        answers.append(plain({name: value.numpy() for name, value in answer.items()}))
    return answers


def signature(folder: str) -> dict[str, Any]:
    """The signature, read with TensorFlow's own classes."""
    content = Path(folder, "saved_model.pb").read_bytes()
    found = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].signature_def["serving_default"]
    return {
        side: {
            name: {
                "dtype": tf.as_dtype(tensor.dtype).name,
                "shape": [None if dim.size < 0 else dim.size for dim in tensor.tensor_shape.dim],
            }
            for name, tensor in getattr(found, side).items()
        }
        for side in ("inputs", "outputs")
    }


def operations(folder: str) -> dict[str, list[str]]:
    """The operations, each with the attributes that differ from the defaults in TensorFlow's own registry."""
    content = Path(folder, "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(content).meta_graphs[0].graph_def
    functions = {function.signature.name for function in graph.library.function}
    found: dict[str, set[str]] = {}
    for node in [*graph.node, *(node for function in graph.library.function for node in function.node_def)]:
        if node.op in functions:
            continue
        defaults = {each.name: each for each in op_def_registry.get(node.op).attr}
        found.setdefault(node.op, set()).update(
            name
            for name, value in node.attr.items()
            if name in defaults and defaults[name].HasField("default_value") and defaults[name].default_value != value
        )
    return {name: sorted(attributes) for name, attributes in found.items()}


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    answers = {
        "first": first(sys.argv[1], given),
        "second": second(sys.argv[1], given),
        "signature": signature(sys.argv[1]),
        "operations": operations(sys.argv[1]),
    }
    sys.stdout.write(json.dumps(answers))
