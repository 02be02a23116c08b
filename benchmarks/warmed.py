"""A copy of the Fashion-MNIST SavedModel that brings warm-up requests along, as TensorFlow Serving reads them."""

from __future__ import annotations

import shutil
import struct
from pathlib import Path

import models
from benchmarks.world import ROOT, World
from emulator.jobs import tfrecord

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
    record = tfrecord.frame(_log(name))
    (folder / "assets.extra" / "tf_serving_warmup_requests").write_bytes(record * _REQUESTS)
    return folder


def _log(name: str) -> bytes:
    """A `tensorflow.serving.PredictionLog` of a request with one grey image."""
    pixels = struct.pack(f"<{_SIDE * _SIDE}f", *[0.5] * _SIDE * _SIDE)
    shape = b"".join(_field(2, bytes([1 << 3, size])) for size in (1, _SIDE, _SIDE))
    tensor = bytes([1 << 3, _FLOAT]) + _field(2, shape) + _field(5, pixels)
    request = _field(2, _field(1, name.encode()) + _field(2, tensor))
    return _field(6, _field(1, request))


def _field(number: int, content: bytes) -> bytes:
    """A field that is a message, a text or packed numbers."""
    return bytes([number << 3 | 2]) + _varint(len(content)) + content


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])
