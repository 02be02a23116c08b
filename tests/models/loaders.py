"""Loads a SavedModel with each loader and prints what they say; a process of its own, because it imports TensorFlow.

    python loaders.py FOLDER INSTANCES

INSTANCES is JSON: a list of `{input: value}`. The answer is JSON: what both loaders answer to each instance in a batch
of its own, and the signature as TensorFlow's own reader of the format sees it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorflow.core.protobuf import saved_model_pb2


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


if __name__ == "__main__":
    given = json.loads(sys.argv[2])
    answers = {
        "first": first(sys.argv[1], given),
        "second": second(sys.argv[1], given),
        "signature": signature(sys.argv[1]),
    }
    sys.stdout.write(json.dumps(answers))
