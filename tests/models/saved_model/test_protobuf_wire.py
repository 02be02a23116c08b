"""Reading protocol buffers and signatures."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.core.errors import FolderError
from models.saved_model.protobuf_wire import WireError, fields, integer, text
from models.saved_model.signatures import read_graph
from tests.models.saved_models import GRAPH, block, graph, number, varint


@given(st.integers(-(1 << 63), (1 << 63) - 1), st.text(), st.integers(1, 1 << 28))
def test_round_trip(value: int, content: str, field: int) -> None:
    """Every written int64 and text is read back, whatever is between them."""
    message = memoryview(number(field, value) + block(field, content) + varint(field << 3 | 5) + bytes(4))

    assert value == integer(message, field)
    assert content == text(message[: len(number(field, value) + block(field, content))], field)
    assert [field] * 3 == [found for found, _ in fields(message)]


@given(st.integers(1, len(GRAPH) - 1))
def test_truncated(size: int) -> None:
    """A saved_model.pb that is truncated at any byte is rejected, never partly read."""
    with pytest.raises(FolderError):
        read_graph(GRAPH[:size], "saved_model.pb")


@given(st.binary(max_size=200))
def test_noise(content: bytes) -> None:
    """Arbitrary bytes raise FolderError and no other error."""
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
    """Bytes that are not a message raise WireError."""
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
    """Types have NumPy's names; unknown sizes and ranks are None."""
    found = read_graph(graph({"x": (kind, shape)}, {}), "saved_model.pb")

    assert {"serving_default": {"inputs": {"x": expected}, "outputs": {}}} == found.signatures
    assert found.tensorflow == "2.99.0"


SERVED = {"serving_default": {"inputs": {}, "outputs": {"right": {"dtype": "float32", "shape": []}}}}


def _tagged(*tags: str, right: bool = False) -> bytes:
    """A graph with these tags; its output identifies it."""
    return graph({}, {"right" if right else "wrong": (1, ())}, tags=tags)


@pytest.mark.parametrize(
    "content",
    [
        _tagged("serve", "gpu") + _tagged("train") + _tagged("serve", right=True),
        _tagged("train") + _tagged("serve", "gpu", right=True) + _tagged("serve", "tpu"),
        _tagged("serve", "gpu", right=True),
        _tagged("train", right=True),
        _tagged(right=True),
    ],
    ids=["serve alone", "serve among others", "the only one, serve and gpu", "the only one, train", "without a tag"],
)
def test_served_graph(content: bytes) -> None:
    """The graph with only the tag `serve` is served, else one with it among others, else the only one."""
    assert read_graph(content, "saved_model.pb").signatures == SERVED


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (_tagged("train") + _tagged("eval", "gpu"), "found 2 graphs, tagged {train}, {eval, gpu}; "),
        (number(1, 1), "expected a graph tagged 'serve', found no graph; export one for serving"),
        (block(2, b""), "expected a graph tagged 'serve', found no graph; export one for serving"),
    ],
)
def test_no_graph_to_serve(content: bytes, said: str) -> None:
    """If no graph can be chosen, the tags of each are listed."""
    with pytest.raises(FolderError) as caught:
        read_graph(content, "saved_model.pb")
    assert said in str(caught.value)


def _signature(name: str, encoding: bytes) -> bytes:
    """An entry of a graph's signatures, whose output `y` has another encoding."""
    output = block(2, block(1, "y") + block(2, encoding + number(2, 1)))
    return block(5, block(1, name) + block(2, output))


def _graph(*signatures: bytes) -> bytes:
    return block(2, block(1, block(4, "serve")) + block(2, b"") + b"".join(signatures))


DENSE, SPARSE, RAGGED = block(1, "y:0"), block(4, block(1, "v:0")), block(5, b"")


@pytest.mark.parametrize(("encoding", "said"), [(SPARSE, "a sparse tensor"), (RAGGED, "a ragged")])
@pytest.mark.parametrize("name", ["serving_default", "only"])
def test_output_that_cannot_be_served(encoding: bytes, said: str, name: str) -> None:
    """If the default signature cannot be served, the error names its output and how to export it."""
    others = [_signature("other", DENSE)] if name == "serving_default" else []

    with pytest.raises(FolderError, match=f"the output 'y' of the signature {name} is {said}.*to_dense"):
        read_graph(_graph(_signature(name, encoding), *others), "saved_model.pb")


def test_other_signature_with_such_an_output() -> None:
    """Such an output in another signature is allowed; only requests for it fail."""
    content = _graph(_signature("serving_default", DENSE), _signature("sparse", SPARSE), _signature("ragged", RAGGED))

    assert list(read_graph(content, "saved_model.pb").signatures) == ["ragged", "serving_default", "sparse"]
