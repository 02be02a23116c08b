"""Chooses which graph of a SavedModel is served. Needs no TensorFlow."""

from __future__ import annotations

from collections.abc import Sequence

from emulator.core.predictions import LoadFailed

_SERVE = "serve"


def choose(graphs: Sequence[Sequence[str]]) -> Sequence[str]:
    """The tags of the graph to serve: `serve` alone; else the first that has `serve`; else the only one.

    Args:
        graphs: the tags of each.

    Raises:
        LoadFailed: none of them matches.
    """
    if [_SERVE] in graphs:
        return [_SERVE]
    for tags in graphs:
        if _SERVE in tags:
            return tags
    if len(graphs) == 1:
        return graphs[0]
    shown = "; ".join(", ".join(tags) or "none" for tags in graphs)
    raise LoadFailed(f"expected a graph with the tag {_SERVE}, found {len(graphs)} graphs with the tags: {shown}")
