"""Reads the signatures and the TensorFlow version out of `saved_model.pb`, without TensorFlow.

The numbers of fields and types are those of TensorFlow's saved_model.proto, meta_graph.proto, tensor_shape.proto and
types.proto; they are a stable format.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from models.core.errors import FolderError
from models.core.wire import WireError, fields, integer, messages, text

SERVE = "serve"  # the tag that the serving loaders ask for
_REFERENCE = 100  # TF1 variables: type 101 is a reference to a float32
_DTYPES = {
    1: "float32",
    2: "float64",
    3: "int32",
    4: "uint8",
    5: "int16",
    6: "int8",
    7: "string",
    8: "complex64",
    9: "int64",
    10: "bool",
    11: "qint8",
    12: "quint8",
    13: "qint32",
    14: "bfloat16",
    15: "qint16",
    16: "quint16",
    17: "uint16",
    18: "complex128",
    19: "float16",
    20: "resource",
    21: "variant",
    22: "uint32",
    23: "uint64",
}

Signatures = dict[str, dict[str, dict[str, dict[str, Any]]]]


class Graph(NamedTuple):
    """What the light reader tells of a SavedModel."""

    tensorflow: str
    signatures: Signatures


def read_graph(content: bytes, where: str) -> Graph:
    """The signatures of the graph that is tagged `serve`, and the TensorFlow that wrote it.

    A signature is `{"inputs": {name: {"dtype": ..., "shape": [...]}}, "outputs": ...}`; an unknown size is None, and so
    is the shape where even the rank is unknown. Signatures whose names start with `__` are the loader's own.

    Args:
        content: the bytes of saved_model.pb.
        where: its path, for errors.

    Raises:
        FolderError: the file is cut short or no SavedModel, or no graph is tagged `serve` alone.
    """
    try:
        for graph in messages(memoryview(content), 2):
            info = next(messages(graph, 1), memoryview(b""))
            if [bytes(tag).decode() for tag in messages(info, 4)] == [SERVE]:
                return Graph(text(info, 5), _signatures(graph))
    except (WireError, UnicodeDecodeError) as error:
        raise FolderError(f"{where}: it is no SavedModel, or is cut short: {error}; export it again") from error
    raise FolderError(
        f"{where}: it holds no graph with the one tag '{SERVE}', which serving loads; export it for serving"
    )


def _signatures(graph: memoryview) -> Signatures:
    found = {text(entry, 1): _only(entry) for entry in messages(graph, 5)}
    return {
        name: {"inputs": _tensors(signature, 1), "outputs": _tensors(signature, 2)}
        for name, signature in sorted(found.items())
        if not name.startswith("__")
    }


def _tensors(signature: memoryview, number: int) -> dict[str, dict[str, Any]]:
    found = {text(entry, 1): _only(entry) for entry in messages(signature, number)}
    return {
        name: {"dtype": _dtype(integer(tensor, 2)), "shape": _shape(next(messages(tensor, 3), memoryview(b"")))}
        for name, tensor in sorted(found.items())
    }


def _dtype(number: int) -> str:
    number = number - _REFERENCE if number > _REFERENCE else number
    return _DTYPES.get(number, f"type {number}")


def _only(entry: memoryview) -> memoryview:
    """The value of an entry of a map; one without fields may be left out."""
    return next(messages(entry, 2), memoryview(b""))


def _shape(shape: memoryview) -> list[int | None] | None:
    if any(number == 3 and value for number, value in fields(shape)):
        return None
    sizes = (integer(dimension, 1) for dimension in messages(shape, 2))
    return [None if size < 0 else size for size in sizes]
