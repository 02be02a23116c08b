"""The reader of protocol buffers and of signatures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.errors import FolderError
from models.core.signatures import read_graph
from models.core.wire import WireError, fields, integer, text
from tests.models.saved_models import GRAPH, block, graph, number, varint


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.text(), st.integers(1, 1 << 28))
def test_round_trip(value: int, content: str, field: int) -> None:
    """Every int64 and every text that is written is read back, whatever stands between."""
    message = memoryview(number(field, value) + block(field, content) + varint(field << 3 | 5) + bytes(4))

    assert value == integer(message, field)
    assert content == text(message[: len(number(field, value) + block(field, content))], field)
    assert [field] * 3 == [found for found, _ in fields(message)]


@given(st.integers(1, len(GRAPH) - 1))
def test_cut_short(size: int) -> None:
    """A saved_model.pb that is cut short at any byte is refused, never half-read."""
    with pytest.raises(FolderError):
        read_graph(GRAPH[:size], "saved_model.pb")


@given(st.binary(max_size=200))
def test_noise(content: bytes) -> None:
    """Arbitrary bytes give a FolderError and nothing else: they hold no graph to serve."""
    with pytest.raises(FolderError):
        read_graph(content, "saved_model.pb")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"\x08", "a key without a value"),
        (b"\x0b", "wire type 3, a group"),
        (b"\x08" + b"\xff" * 11, "a number that never ends"),
        (b"\x0a\x05abc", "two bytes are missing"),
        (b"\x0d\x00", "a fixed32 of one byte"),
    ],
)
def test_no_message(content: bytes, reason: str) -> None:
    """Bytes that are no message raise WireError."""
    with pytest.raises(WireError):
        list(fields(memoryview(content)))
    assert reason


@pytest.mark.parametrize(
    ("kind", "shape", "expected"),
    [
        (1, (-1, 28, 28), {"dtype": "float32", "shape": [None, 28, 28]}),
        (7, (-1, 1), {"dtype": "string", "shape": [None, 1]}),
        (9, (), {"dtype": "int64", "shape": []}),
        (101, None, {"dtype": "float32", "shape": None}),
        (10, (0,), {"dtype": "bool", "shape": [0]}),
    ],
)
def test_signature(kind: int, shape: tuple[int, ...] | None, expected: dict[str, Any]) -> None:
    """Types are named as numpy names them; unknown sizes and ranks are None."""
    found = read_graph(graph({"x": (kind, shape)}, {}), "saved_model.pb")

    assert {"serving_default": {"inputs": {"x": expected}, "outputs": {}}} == found.signatures
    assert found.tensorflow == "2.99.0"


@pytest.mark.parametrize("tags", [(), ("train",), ("serve", "gpu")])
def test_no_graph_to_serve(tags: tuple[str, ...]) -> None:
    """A graph without the one tag `serve`, which the loaders ask for, is refused."""
    with pytest.raises(FolderError, match="serve"):
        read_graph(graph({}, {}, tags=tags), "saved_model.pb")
