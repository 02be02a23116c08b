"""Lists the operations that a SavedModel's graph uses, without TensorFlow.

A TensorFlow that lacks one of them cannot load the graph, and it ignores attributes that it does not know. So these
facts say whether an older TensorFlow can serve the model. The field numbers are those of meta_graph.proto, graph.proto,
function.proto, node_def.proto and op_def.proto, which are a stable format.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property

from models.core.errors import FolderError
from models.saved_model.protobuf_wire import WireError, fields, messages, text
from models.saved_model.signatures import served_graph

Operations = Mapping[str, list[str]]
"""Operation -> the names of its attributes that have another value than their default anywhere in the graph, sorted."""
_INTERNAL = "_"
"""How the names of attributes start that every TensorFlow accepts at every operation."""
_Defaults = dict[str, bytes | None]
"""Attribute of an operation -> its default, serialised; None if it must be given."""
_NO_VALUE = b""


class GraphOperations(Operations):
    """The operations of a graph, which is read when they are first used: for a large graph that takes seconds.

    Empty if the graph cannot be read, which is reported elsewhere.

    Args:
        read: returns the bytes of saved_model.pb. Raises `FolderError` if they cannot be read.
    """

    def __init__(self, read: Callable[[], bytes]) -> None:
        self._read = read

    @cached_property
    def _found(self) -> dict[str, list[str]]:
        try:
            return read_operations(self._read())
        except (FolderError, WireError, UnicodeDecodeError):
            return {}

    def __getitem__(self, name: str) -> list[str]:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def read_operations(content: bytes) -> dict[str, list[str]]:
    """The operations of the served graph and of its functions, sorted by name.

    Attributes without a default are left out: an operation has had them from its beginning, since a new one would break
    older graphs. So are those with their default, which exporters leave out or older ones write.

    Args:
        content: the bytes of saved_model.pb.

    Raises:
        FolderError: no graph can be chosen.
        WireError: the bytes are not a message, or are truncated.
        UnicodeDecodeError: a name is not text.
    """
    graph = served_graph(content, "")
    functions = {text(signature, 1) for each in _functions(graph) for signature in messages(each, 1)}
    definitions = {text(each, 1): each for each in _definitions(graph)}
    found: dict[str, set[str]] = {}
    defaults: dict[str, _Defaults] = {}
    for node in _nodes(graph):
        operation, attributes = _node(node)
        if operation in functions:
            continue
        if operation not in defaults:
            defaults[operation] = _defaults(definitions.get(operation, memoryview(b"")))
        found.setdefault(operation, set()).update(_changed(attributes, defaults[operation]))
    return {name: sorted(found[name]) for name in sorted(found)}


def _definitions(graph: memoryview) -> Iterator[memoryview]:
    """The definitions of operations that the exporter stored with the graph."""
    for info in messages(graph, 1):
        for operations in messages(info, 2):
            yield from messages(operations, 1)


def _functions(graph: memoryview) -> Iterator[memoryview]:
    for definition in messages(graph, 2):
        for library in messages(definition, 2):
            yield from messages(library, 1)


def _nodes(graph: memoryview) -> Iterator[memoryview]:
    for definition in messages(graph, 2):
        yield from messages(definition, 1)
    for function in _functions(graph):
        yield from messages(function, 3)


def _node(node: memoryview) -> tuple[str, list[tuple[str, memoryview]]]:
    """The operation of a node, and its attributes with their serialised values."""
    operation, attributes = "", []
    for number, value in fields(node):
        if isinstance(value, int):
            continue
        if number == 2:
            operation = bytes(value).decode()
        elif number == 5:
            attributes.append((text(value, 1), next(messages(value, 2), memoryview(b""))))
    return operation, attributes


def _defaults(operation: memoryview) -> _Defaults:
    """The attributes in the definition of an operation; none if it is empty."""
    found: _Defaults = {}
    for attribute in messages(operation, 4):
        default = next(messages(attribute, 3), None)
        found[text(attribute, 1)] = None if default is None else bytes(default)
    return found


def _changed(attributes: list[tuple[str, memoryview]], defaults: _Defaults) -> Iterator[str]:
    """The names of the attributes that do not have their default. One without a definition has no default."""
    for name, value in attributes:
        default = defaults.get(name, _NO_VALUE)
        if default is not None and default != value and not name.startswith(_INTERNAL):
            yield name
