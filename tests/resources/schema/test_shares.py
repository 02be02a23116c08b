"""What a change of a traffic split means, in one line."""

from __future__ import annotations

import pytest

from resources.schema import shares

OF = "the requests, and the endpoint chooses the version of each"


@pytest.mark.parametrize(
    ("olds", "news", "expected"),
    [
        ({"v1": 100}, {"v1": 90, "v2": 10}, (f"traffic split: v1 90 %, v2 10 % of {OF}",)),
        ({"v1": 90, "v2": 10}, {"v1": 0, "v2": 100}, (f"traffic split: v2 100 % of {OF}",)),
        ({}, {"v1": 99.5, "v2": 0.5}, (f"traffic split: v1 99.5 %, v2 0.5 % of {OF}",)),
        ({}, {"v1": 100}, ()),
        ({"v1": 50, "v2": 50}, {"v2": 50, "v1": 50}, ()),
    ],
)
def test_a_change_is_said_with_its_meaning(
    olds: dict[str, float], news: dict[str, float], expected: tuple[str, ...]
) -> None:
    """Nothing is said of what stays, and of the first version of a model."""
    assert shares.change(olds, news, OF) == expected
