"""The regions that a client may ask for."""

from __future__ import annotations

from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.running import RunningEmulator


def test_regions_are_listed_page_by_page(emulator: RunningEmulator, project: str) -> None:
    """Each once, by name, with what can be done there; one of them can be asked for alone."""
    locations = emulator.ml().projects().locations()
    request = locations.list(parent=f"projects/{project}", pageSize=5)
    found: list[dict[str, Any]] = []
    while request is not None:
        answer = request.execute()
        found += answer["locations"]
        request = locations.list_next(request, answer)

    names = [item["name"] for item in found]
    assert names == sorted(set(names))
    assert f"projects/{project}/locations/us-central1" in names
    assert found[0]["capabilities"] == [{"type": "ONLINE_PREDICTION"}, {"type": "BATCH_PREDICTION"}]
    assert locations.get(name=names[-1]).execute() == found[-1]


def test_a_region_that_is_none_is_not_found(emulator: RunningEmulator, project: str) -> None:
    """404 in Google's shape."""
    request = emulator.ml().projects().locations().get(name=f"projects/{project}/locations/atlantis1")

    with pytest.raises(HttpError) as caught:
        request.execute()

    assert caught.value.status_code == 404
