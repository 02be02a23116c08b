"""A copy of the Fashion-MNIST SavedModel that contains warm-up requests, as TensorFlow Serving reads them."""

from __future__ import annotations

import shutil
import struct
from collections.abc import Sequence
from pathlib import Path

import models
from benchmarks.workspace import ROOT, World
from emulator.serving.chunks import tfrecord
from emulator.storage.resource_json import varint

_REQUESTS = 20
_FLOAT = 1
_SIDE = 28


def copy(world: World, saved_model: Path) -> Path:
    """Copies `saved_model`, adds requests of one image each, and returns the new folder."""
    folder = world.folder("warmed") / "model"
    shutil.copytree(saved_model, folder, ignore=shutil.ignore_patterns("manifest.json"))
    signatures = models.resolve("fashion_mnist", root=ROOT, allow_rebuild=True).signatures
    (name,) = signatures["serving_default"]["inputs"]
    (folder / "assets.extra").mkdir()
    record = tfrecord.frame(prediction_log(name, [0.5] * _SIDE * _SIDE, (1, _SIDE, _SIDE)))
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(record * _REQUESTS)
    return folder


def prediction_log(name: str, values: Sequence[float], shape: Sequence[int], signature: str = "") -> bytes:
    """A `tensorflow.serving.PredictionLog` of a predict request with one input of float32.

    Args:
        name: the input's name.
        values: the input's values, flat.
        shape: the input's shape.
        signature: the signature's key. Default: the request names none.
    """
    sizes = b"".join(_field(2, bytes([1 << 3]) + varint(size)) for size in shape)
    tensor = bytes([1 << 3, _FLOAT]) + _field(2, sizes) + _field(5, struct.pack(f"<{len(values)}f", *values))
    model = _field(1, b"ignored") + _field(3, signature.encode())
    request = _field(1, model) + _field(2, _field(1, name.encode()) + _field(2, tensor))
    return _field(6, _field(1, request))


def _field(number: int, content: bytes) -> bytes:
    """A protobuf field with a message, a string or packed numbers."""
    return bytes([number << 3 | 2]) + varint(len(content)) + content
