"""Which calls count against which quota of Vertex AI."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from googleapiclient import discovery_cache

from gcp.settings import Settings
from resources.vertex import quotas
from resources.vertex.service import VERTEX

COLLECTIONS = ("models", "endpoints", "deploymentResourcePools", "modelDeploymentMonitoringJobs", "batchPredictionJobs")
JOBS = {f"aiplatform.projects.locations.{name}.create" for name in COLLECTIONS if name.endswith("Jobs")}
"""They begin a job, which is no operation in the document."""
NOT_MANAGED = {"copy", "export", "updateExplanationDataset", "fetchPredictOperation", "predictLongRunning"}


def methods() -> Iterator[dict[str, Any]]:
    """The methods of the collections that a stack manages, as the discovery document has them."""
    document = json.loads(discovery_cache.get_static_doc("aiplatform", "v1"))
    locations = document["resources"]["projects"]["resources"]["locations"]["resources"]
    for name in COLLECTIONS:
        yield from locations[name]["methods"].values()


def test_what_answers_with_an_operation_counts_as_one() -> None:
    """The table says what the discovery document says, for each method that a stack may call."""
    begin = {
        method["id"]
        for method in methods()
        if method.get("response", {}).get("$ref") == "GoogleLongrunningOperation"
        and method["id"].rpartition(".")[2] not in NOT_MANAGED
    }

    assert {method["id"] for method in methods() if quotas.begins_operation(method["id"])} == begin | JOBS


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, [60, 600]), (300, [30, 300]), (1200, [120, 1200]), (5, [1, 5])],
)
def test_callsperminute_is_that_of_other_calls(given: int | None, expected: list[int]) -> None:
    """Operations keep their share of it, and one a minute is always left."""
    rates = VERTEX.rates(Settings(endpoint="regional", region="us-central1", calls_per_minute=given))

    assert list(rates.values()) == expected


@pytest.mark.parametrize("verb", ["predict", "rawPredict", "explain"])
def test_predictions_count_against_no_quota_of_management(verb: str) -> None:
    """They have quotas of their own, which no stack comes near."""
    assert VERTEX.quota_of(f"aiplatform.projects.locations.endpoints.{verb}") is None
