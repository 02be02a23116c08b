"""Finds variables without a value after loading a SavedModel into a session. Does not need TensorFlow.

`tf.saved_model.save` of a Keras 3 model writes such an export: its signature reads variables that no operation
restores, because the checkpoint has others instead. The field numbers are those of saved_model.proto, meta_graph.proto,
graph.proto and saver.proto, which are a stable format.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from artifact_format.signatures import default_key
from models.core.errors import FolderError
from models.saved_model.protobuf_wire import WireError, fields, messages, text
from models.saved_model.signatures import served_graph

_INIT = "__saved_model_init_op"
_INIT_COLLECTIONS = ("saved_model_main_op", "legacy_init_op")
_VARIABLES = {"VarHandleOp", "Variable", "VariableV2"}
_KERAS = b"_losses_override"
"""A name in the object graph of every Keras 3 layer, and of no other exporter."""
_NOTHING = memoryview(b"")


class _Node(NamedTuple):
    """An operation of the graph.

    Attributes:
        inputs: names of the nodes that it needs.
        variable: name of its variable; empty for other operations.
    """

    inputs: tuple[str, ...]
    variable: str


def check(content: bytes, where: str) -> None:
    """Checks that every variable of the default signature is restored.

    Args:
        content: the bytes of saved_model.pb.
        where: its path, for errors.

    Raises:
        FolderError: a variable is not restored. The error names it and, for a Keras 3 model, how to export it.
    """
    if not any(name.encode() in content for name in _VARIABLES):
        return
    with contextlib.suppress(WireError, UnicodeDecodeError):  # `read_graph` reports these errors
        hint = "; a Keras 3 model is exported with model.export(), not with tf.saved_model.save()"
        _check_graph(served_graph(content, where), where, hint if _KERAS in content else " or initialises")


def _check_graph(graph: memoryview, where: str, end: str) -> None:
    signatures = dict(_entries(graph, 5))
    default = default_key(signatures)
    if default not in signatures:
        return
    nodes = {name: node for each in messages(_only(graph, 2), 1) for name, node in [_node(each)]}
    restoring = _reached(nodes, _initial(graph, signatures))
    restored = {nodes[source].variable for name in restoring for source in nodes[name].inputs if source in nodes}
    fed = {_name(name) for name in _tensors(signatures[default], 1)}
    needed = _reached(nodes, _tensors(signatures[default], 2), fed)
    missing = sorted({nodes[name].variable for name in needed} - restored - {""})
    if missing:
        raise FolderError(
            f"{where}: the signature {default} needs the variable {missing[0]!r}, which nothing in the export restores"
            f"{end}"
        )


def _initial(graph: memoryview, signatures: dict[str, memoryview]) -> Iterator[str]:
    """The operations and tensors that a loader runs before the first request."""
    yield text(_only(graph, 3), 3)
    yield from _tensors(signatures.get(_INIT, _NOTHING), 2)
    for name, collection in _entries(graph, 4):
        if name in _INIT_COLLECTIONS:
            yield from (bytes(value).decode() for value in messages(_only(collection, 1), 1))


def _reached(nodes: dict[str, _Node], names: Iterable[str], fed: Iterable[str] = ()) -> set[str]:
    """The nodes that some tensors or operations need, except for those that only fed nodes need."""
    found: set[str] = set()
    waiting = [_name(name) for name in names]
    stop = set(fed)
    while waiting:
        name = waiting.pop()
        if name in nodes and name not in found and name not in stop:
            found.add(name)
            waiting += nodes[name].inputs
    return found


def _node(message: memoryview) -> tuple[str, _Node]:
    """The name of a node, and the node."""
    name = operation = ""
    inputs: list[str] = []
    for number, value in fields(message):
        if isinstance(value, int) or number > 3:
            continue
        content = bytes(value).decode()
        if number == 1:
            name = content
        elif number == 2:
            operation = content
        else:
            inputs.append(_name(content))
    shared = text(dict(_entries(message, 5)).get("shared_name", _NOTHING), 2) if operation in _VARIABLES else ""
    return name, _Node(tuple(inputs), (shared or name) if operation in _VARIABLES else "")


def _tensors(signature: memoryview, number: int) -> list[str]:
    """The names of the tensors behind a signature's inputs (1) or outputs (2)."""
    return [text(tensor, 1) for _, tensor in _entries(signature, number)]


def _entries(message: memoryview, number: int) -> Iterator[tuple[str, memoryview]]:
    """The entries of a map."""
    for entry in messages(message, number):
        yield text(entry, 1), _only(entry, 2)


def _only(message: memoryview, number: int) -> memoryview:
    """The value of a message field; empty if it is left out."""
    return next(messages(message, number), _NOTHING)


def _name(tensor: str) -> str:
    """The name of the node of a tensor, `y:0`, or of a control input, `^y`."""
    return tensor.removeprefix("^").partition(":")[0]
