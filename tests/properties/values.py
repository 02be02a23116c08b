"""Generated values: any JSON, strange values among them, and valid documents with random changes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st

STRANGE: list[Any] = [
    *(
        None,
        True,
        "",
        " ",
        "null",
        "a\nb",
        "\x1b[31m",
        "\u202e",
        "\ud800",
        "é",
        "🙂",
        "../..",
        "/",
        ".",
        "gs://",
        "${x}",
    ),
    *("v1", "r@", "@", "2.11", "9" * 5000, "x" * 5000, "04da6b54-80e4-46f7-96ec-b56ff0331ba9", "2026-01-31"),
    *(0, -1, 1.5, 2**31, 2**63, 10**400, -(10**30), 1e300, float("nan"), float("inf"), float("-inf")),
    *([], [[]], [None], {}, {"": None}, {"a.b": {"c[0]": 1}}),
]
"""Values that often break readers of configuration."""

KEYS = st.one_of(st.text(max_size=8), st.sampled_from(["name", "labels", "v1", "a.b", "a\nb", "\ud800", "x" * 300]))
SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=12), st.sampled_from(STRANGE)
)
JSON = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(KEYS, inner, max_size=3), max_leaves=8
)

Place = tuple[Any, Any]
"""A container, and the key or index in it."""


def places(value: Any) -> list[Place]:
    """Every place in a document, without its root."""
    keys = value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ()
    return [place for key in keys for place in [(value, key), *places(value[key])]]


def _remove(draw: st.DrawFn, where: Any, key: Any) -> None:
    del where[key]


def _rename(draw: st.DrawFn, where: Any, key: Any) -> None:
    if isinstance(where, dict):
        where[draw(KEYS)] = where.pop(key)


def _duplicate(draw: st.DrawFn, where: Any, key: Any) -> None:
    if isinstance(where, dict):
        where[draw(KEYS)] = copy.deepcopy(where[key])
    else:
        where.append(copy.deepcopy(where[key]))


def _replace(draw: st.DrawFn, where: Any, key: Any) -> None:
    where[key] = copy.deepcopy(draw(JSON))  # sampled values are shared, and are changed further


def _retype(draw: st.DrawFn, where: Any, key: Any) -> None:
    old = where[key]
    where[key] = draw(st.sampled_from([str(old), [old], {"value": old}, {str(old): old}]))


_CHANGES: list[Callable[[st.DrawFn, Any, Any], None]] = [_remove, _rename, _duplicate, _replace, _retype]


@st.composite
def mutated(draw: st.DrawFn, documents: list[Any]) -> Any:
    """A copy of one of the documents with up to three random changes."""
    document = copy.deepcopy(draw(st.sampled_from(documents)))
    for change in draw(st.lists(st.sampled_from(_CHANGES), max_size=3)):
        found = places(document)
        if found:
            change(draw, *draw(st.sampled_from(found)))
    return document
