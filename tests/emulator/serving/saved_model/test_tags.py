"""Which graph of a SavedModel is served."""

from __future__ import annotations

import pytest

from emulator.core.predictions import LoadFailed
from emulator.serving.saved_model import tags


@pytest.mark.parametrize(
    ("graphs", "chosen"),
    [
        ([["train"], ["serve"]], ["serve"]),
        ([["gpu", "serve"]], ["gpu", "serve"]),
        ([["train"]], ["train"]),
        ([[]], []),
        ([["train"], ["gpu", "serve"], ["serve", "tpu"]], ["gpu", "serve"]),
    ],
)
def test_the_graph_for_serving_is_chosen(graphs: list[list[str]], chosen: list[str]) -> None:
    """`serve` alone, else the only graph, else the first that has `serve` among its tags."""
    assert tags.choose(graphs) == chosen


@pytest.mark.parametrize(
    ("graphs", "found"), [([["a"], ["b", "c"], []], "3 graphs with the tags: a; b, c; none"), ([], "0 graphs")]
)
def test_the_tags_are_named_where_none_fits(graphs: list[list[str]], found: str) -> None:
    """The error lists them."""
    with pytest.raises(LoadFailed, match=f"expected a graph with the tag serve, found {found}"):
        tags.choose(graphs)
