"""Reads the signatures and the TensorFlow version from `saved_model.pb`, without TensorFlow.

The numbers of fields and types are those of TensorFlow's saved_model.proto, meta_graph.proto, tensor_shape.proto and
types.proto, which are a stable format.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from artifact_format.signatures import LOADERS_OWN, default_key
from models.core.errors import FolderError
from models.saved_model.protobuf_wire import WireError, fields, integer, messages, text

SERVE = "serve"  # the tag that the serving loaders ask for
_ENCODINGS = {4: "a sparse tensor", 5: "a ragged or another composite tensor"}
"""Fields of a TensorInfo that replace its `name`, for tensors that cannot be in a prediction."""
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
    """The TensorFlow version and the signatures of a SavedModel."""

    tensorflow: str
    signatures: Signatures


def read_graph(content: bytes, where: str) -> Graph:
    """The signatures of the served graph, and the TensorFlow version that wrote it.

    A signature is `{"inputs": {name: {"dtype": ..., "shape": [...]}}, "outputs": ...}`. An unknown size is None, and a
    shape of unknown rank is None. Signatures whose names start with `__` belong to the loader and are left out.

    Args:
        content: the bytes of saved_model.pb.
        where: its path, for errors.

    Raises:
        FolderError: the file is not a SavedModel or is truncated, no graph can be chosen, or an output of the default
            signature is not a dense tensor.
    """
    try:
        graph = served_graph(content, where)
        _check_outputs(graph, where)
        return Graph(text(_info(graph), 5), _signatures(graph))
    except (WireError, UnicodeDecodeError) as error:
        raise FolderError(f"{where}: is not a SavedModel, or is truncated: {error}; export it again") from error


def served_graph(content: bytes, where: str) -> memoryview:
    """The graph with only the tag `serve`, else the first one with `serve`, else the only one.

    Args:
        content: the bytes of saved_model.pb.
        where: its path, for errors.

    Raises:
        FolderError: there is no such graph.
        WireError: the bytes are not a message, or are truncated.
    """
    graphs = [graph for graph in messages(memoryview(content), 2) if _is_graph(graph)]
    return graphs[_served([_tags(graph) for graph in graphs], where)]


def _is_graph(graph: memoryview) -> bool:
    """Whether it has operations and meta info, which every exporter writes."""
    return {1, 2} <= {number for number, _ in fields(graph)}


def _tags(graph: memoryview) -> list[str]:
    return [bytes(tag).decode() for tag in messages(_info(graph), 4)]


def _info(graph: memoryview) -> memoryview:
    """The meta info of a graph: its tags, and the TensorFlow version that wrote it."""
    return next(messages(graph, 1), memoryview(b""))


def _served(tags: list[list[str]], where: str) -> int:
    """The index of the served graph, by the tags of each."""
    for index, own in enumerate(tags):
        if own == [SERVE]:
            return index
    among = [index for index, own in enumerate(tags) if SERVE in own]
    if among or len(tags) == 1:
        return among[0] if among else 0
    listed = ", ".join(f"{{{', '.join(own)}}}" for own in tags)
    found = f"{len(tags)} graphs, tagged {listed}" if tags else "no graph"
    raise FolderError(f"{where}: expected a graph tagged '{SERVE}', found {found}; export one for serving")


def _check_outputs(graph: memoryview, where: str) -> None:
    """Raises `FolderError` if an output of the default signature cannot be in a prediction."""
    found = {text(entry, 1): _only(entry) for entry in messages(graph, 5)}
    default = default_key(found)
    for entry in messages(found.get(default, memoryview(b"")), 2):
        for number, kind in _ENCODINGS.items():
            if next(messages(_only(entry), number), None) is not None:
                raise FolderError(
                    f"{where}: the output {text(entry, 1)!r} of the signature {default} is {kind}, which cannot be "
                    "in a prediction; export it as a dense tensor (tf.sparse.to_dense, to_tensor())"
                )


def _signatures(graph: memoryview) -> Signatures:
    found = {text(entry, 1): _only(entry) for entry in messages(graph, 5)}
    return {
        name: {"inputs": _tensors(signature, 1), "outputs": _tensors(signature, 2)}
        for name, signature in sorted(found.items())
        if not name.startswith(LOADERS_OWN)
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
    """The value of an entry of a map; a value without fields may be left out."""
    return next(messages(entry, 2), memoryview(b""))


def _shape(shape: memoryview) -> list[int | None] | None:
    if any(number == 3 and value for number, value in fields(shape)):
        return None
    sizes = (integer(dimension, 1) for dimension in messages(shape, 2))
    return [None if size < 0 else size for size in sizes]
