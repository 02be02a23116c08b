"""SavedModels of a few hundred bytes, written without TensorFlow: `y = factor * x` on float vectors."""

from __future__ import annotations

import struct
from pathlib import Path

_FLOAT = 1


def multiplier(factor: float, output: str = "y", rows: int = -1) -> bytes:
    """The bytes of a `saved_model.pb` whose only signature multiplies `x` by `factor` and names the result `output`.

    It takes so many rows at a time; any number by default.
    """
    graph = (
        _message(1, _node("x", "Placeholder", dtype=_type(), shape=_field(7, _shape(rows))))
        + _message(1, _node("factor", "Const", dtype=_type(), value=_field(8, _scalar(factor))))
        + _message(1, _node("y", "Mul", "x", "factor", T=_type()))
        + _message(4, _number(1, 1882))
    )
    signature = (
        _message(1, _text(1, "x") + _message(2, _tensor_info("x:0", rows)))
        + _message(2, _text(1, output) + _message(2, _tensor_info("y:0", rows)))
        + _text(3, "tensorflow/serving/predict")
    )
    meta = (
        _message(1, _text(4, "serve") + _text(5, "2.21.0"))
        + _message(2, graph)
        + _message(5, _text(1, "serving_default") + _message(2, signature))
    )
    return _number(1, 1) + _message(2, meta)


def write(folder: Path, factor: float = 2.0, output: str = "y") -> Path:
    """Writes such a SavedModel; returns its folder."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "saved_model.pb").write_bytes(multiplier(factor, output))
    return folder


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    encoded = bytearray()
    while value > 127:
        encoded.append(value & 127 | 128)
        value >>= 7
    return bytes([*encoded, value])


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3) + _varint(value)


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


_field = _message


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode())


def _type() -> bytes:
    return _number(6, _FLOAT)


def _shape(rows: int) -> bytes:
    """One dimension; -1 is any size."""
    return _message(2, _number(1, rows))


def _scalar(value: float) -> bytes:
    return _number(1, _FLOAT) + _message(2, b"") + _message(5, struct.pack("<f", value))


def _node(name: str, operation: str, *inputs: str, **attributes: bytes) -> bytes:
    content = _text(1, name) + _text(2, operation) + b"".join(_text(3, source) for source in inputs)
    for key, value in attributes.items():
        content += _message(5, _text(1, key) + _message(2, value))
    return content


def _tensor_info(name: str, rows: int) -> bytes:
    return _text(1, name) + _number(2, _FLOAT) + _message(3, _shape(rows))
