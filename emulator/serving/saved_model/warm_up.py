"""Reads the warm-up requests in an export, as TensorFlow Serving does. Needs TensorFlow.

`assets.extra/tf_serving_warmup_requests` is a TFRecord file of `tensorflow.serving.PredictionLog`. The few messages and
fields that are needed are declared here, to avoid depending on tensorflow-serving-api.
"""

from __future__ import annotations

import contextlib
import math
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory

from emulator.serving.chunks import tfrecord
from emulator.serving.chunks.malformed_input import MalformedInput
from emulator.serving.codec.signature import DEFAULT, Signature
from emulator.serving.codec.tensors import Array

FILE = Path("assets.extra", "tf_serving_warmup_requests")
MOST = 1000
"""Maximum number of requests, as in TensorFlow Serving."""
_MOST_BYTES = 64 << 20
"""Maximum bytes of one record, and of all records."""
_MOST_VALUES = 16 << 20
"""Maximum elements of one input, as a few bytes can declare a large tensor."""
_SECONDS = 10.0
"""Seconds after which no further request is read."""

_PACKAGE = "emulator.warm_up"
_FIELDS = descriptor_pb2.FieldDescriptorProto


def requests(folder: Path, signatures: Mapping[str, Signature]) -> Iterator[tuple[str, dict[str, Array]]]:
    """The requests of the file, each with the key of its signature; none if there is no file.

    Stops at a damaged record, and after 1000 requests, 64 MB or ten seconds. Requests that do not match a signature are
    skipped. TensorFlow Serving rejects a model with a damaged file; here it loads, since it can predict.

    Args:
        folder: of the SavedModel.
        signatures: what it has.
    """
    end = time.monotonic() + _SECONDS
    left = _MOST_BYTES
    for number, record in enumerate(_records(folder / FILE)):
        left -= len(record)
        if number == MOST or left < 0 or time.monotonic() > end:
            return
        try:
            request = PredictionLog.FromString(record).predict_log.request
        except message.DecodeError:
            return
        key = request.model_spec.signature_name or DEFAULT
        if key in signatures:
            try:
                inputs = _inputs(request.inputs, signatures[key])
            except (ValueError, TypeError, MemoryError):
                continue
            yield key, inputs


def _records(file: Path) -> Iterator[bytes]:
    with contextlib.suppress(OSError, MalformedInput), file.open("rb") as opened:
        for frame in tfrecord.frames(opened, 0, _MOST_BYTES):
            yield tfrecord.records(frame)[0]


def _inputs(given: Mapping[str, Any], signature: Signature) -> dict[str, Array]:
    """The inputs of a request. Raises `ValueError` or `TypeError` if they do not match the signature."""
    if set(given) != set(signature.inputs):
        raise ValueError(sorted(given))
    return {alias: _array(given[alias]) for alias in signature.inputs}


def _array(tensor: Any) -> Array:
    if math.prod(dim.size for dim in tensor.tensor_shape.dim) > _MOST_VALUES:
        raise ValueError(tensor.tensor_shape)
    array: Array = tf.make_ndarray(tensor)
    return array


def _declared() -> Any:
    """The class of `PredictionLog`, with the fields that are needed."""
    file = descriptor_pb2.FileDescriptorProto(
        name="emulator/warm_up.proto",
        package=_PACKAGE,
        syntax="proto3",
        dependency=["tensorflow/core/framework/tensor.proto"],
    )
    _declare(file, "ModelSpec", ("signature_name", 3, _FIELDS.TYPE_STRING, ""))
    request = _declare(
        file,
        "PredictRequest",
        ("model_spec", 1, _FIELDS.TYPE_MESSAGE, f".{_PACKAGE}.ModelSpec"),
        ("inputs", 2, _FIELDS.TYPE_MESSAGE, f".{_PACKAGE}.PredictRequest.InputsEntry"),
    )
    request.field[1].label = _FIELDS.LABEL_REPEATED
    entry = request.nested_type.add(name="InputsEntry", options=descriptor_pb2.MessageOptions(map_entry=True))
    _add(entry, "key", 1, _FIELDS.TYPE_STRING, "")
    _add(entry, "value", 2, _FIELDS.TYPE_MESSAGE, ".tensorflow.TensorProto")
    _declare(file, "PredictLog", ("request", 1, _FIELDS.TYPE_MESSAGE, f".{_PACKAGE}.PredictRequest"))
    _declare(file, "PredictionLog", ("predict_log", 6, _FIELDS.TYPE_MESSAGE, f".{_PACKAGE}.PredictLog"))
    pool = descriptor_pool.Default()  # it contains TensorFlow's messages
    pool.AddSerializedFile(file.SerializeToString())
    return message_factory.GetMessageClass(pool.FindMessageTypeByName(f"{_PACKAGE}.PredictionLog"))


def _declare(file: Any, name: str, *fields: tuple[str, int, Any, str]) -> Any:
    declared = file.message_type.add(name=name)
    for field in fields:
        _add(declared, *field)
    return declared


def _add(declared: Any, name: str, number: int, kind: Any, of: str) -> None:
    declared.field.add(name=name, number=number, type=kind, type_name=of or None, label=_FIELDS.LABEL_OPTIONAL)


PredictionLog: Any = _declared()
"""`tensorflow.serving.PredictionLog`, its `predict_log` alone."""
