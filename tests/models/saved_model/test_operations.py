"""The operations of a graph are read without TensorFlow. `test_recipes` compares them with TensorFlow's own reading."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from models.saved_model.operations import GraphOperations, read_operations
from models.saved_model.protobuf_wire import WireError
from tests.models.saved_models import GRAPH, block, number

OFF, ON = number(5, 0), number(5, 1)
"""Serialised boolean values of attributes."""
TYPE = number(6, 1)


def node(operation: str, **attributes: bytes) -> bytes:
    """A NodeDef."""
    values = b"".join(block(5, block(1, name) + block(2, value)) for name, value in attributes.items())
    return block(1, "a name") + block(2, operation) + values


def definition(name: str, **defaults: bytes | None) -> bytes:
    """An OpDef: attribute -> its default, or None."""
    return block(1, name) + b"".join(
        block(4, block(1, attribute) + (b"" if default is None else block(3, default)))
        for attribute, default in defaults.items()
    )


def saved_model(nodes: list[bytes], functions: Mapping[str, list[bytes]], definitions: list[bytes]) -> bytes:
    """The bytes of a saved_model.pb whose only graph has these nodes, functions and definitions of operations."""
    info = block(4, "serve") + block(2, b"".join(block(1, each) for each in definitions))
    library = b"".join(
        block(1, block(1, block(1, name)) + b"".join(block(3, each) for each in inner))
        for name, inner in functions.items()
    )
    graph = b"".join(block(1, each) for each in nodes) + block(2, library)
    return block(2, block(1, info) + block(2, graph))


def test_operations_of_graph_and_functions_are_listed() -> None:
    """Each once, sorted; a call of a function by its name is no operation."""
    content = saved_model([node("Placeholder"), node("inner")], {"inner": [node("Mul"), node("Add"), node("Mul")]}, [])

    assert read_operations(content) == {"Add": [], "Mul": [], "Placeholder": []}


def test_only_values_that_differ_from_their_default_are_listed() -> None:
    """No required attribute, no default that an exporter wrote out, and none that every TensorFlow accepts."""
    known = definition("MatMul", T=None, transpose_a=OFF, transpose_b=OFF, grad_a=OFF)
    used = node("MatMul", T=TYPE, transpose_a=OFF, transpose_b=ON, _output_shapes=ON)

    assert read_operations(saved_model([used, node("MatMul", T=TYPE)], {}, [known])) == {"MatMul": ["transpose_b"]}


def test_every_attribute_of_an_operation_without_a_definition_is_listed() -> None:
    """Its defaults are unknown, as are those of an attribute that the definition lacks."""
    content = saved_model([node("Mine", b=ON, a=OFF), node("Mul", T=TYPE, new=OFF)], {}, [definition("Mul", T=None)])

    assert read_operations(content) == {"Mine": ["a", "b"], "Mul": ["new"]}


def test_a_graph_is_read_when_its_operations_are_first_used() -> None:
    """Once: preview reads the graph of a folder only if its TensorFlow is newer than the one that serves it."""
    reads = []

    def read() -> bytes:
        reads.append(1)
        return saved_model([node("Mul")], {}, [])

    operations = GraphOperations(read)

    assert reads == []
    assert (dict(operations), len(operations), reads) == ({"Mul": []}, 1, [1])


def test_operations_of_an_unreadable_graph_are_unknown() -> None:
    """Like those in an old card."""
    with pytest.raises(WireError):
        read_operations(GRAPH)

    assert not GraphOperations(lambda: GRAPH)


def test_a_truncated_graph_is_unreadable() -> None:
    """No operation is listed if some are missing."""
    whole = saved_model([node("Mul"), node("Add")], {}, [])

    assert [size for size in range(1, len(whole)) if GraphOperations(lambda: whole[:size])] == []  # noqa: B023 - read at once
