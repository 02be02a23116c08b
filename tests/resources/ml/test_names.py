"""How `ml` v1 names its resources."""

from __future__ import annotations

import pytest

from resources.ml import names


@pytest.mark.parametrize("name", ["projects/p/models/m/versions/v1", "v1"], ids=["full", "bare"])
def test_a_version_is_known_by_the_last_part_of_its_name(name: str) -> None:
    """Answers of the API, those of operations among them, give it full or bare."""
    assert names.last(name) == "v1"
