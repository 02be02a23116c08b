"""Ids on Vertex AI: those that names of a stack file give, and that of a deployed model."""

from __future__ import annotations

from typing import Any

import pytest

from resources import platforms
from resources.vertex import names
from resources.vertex.config import plan
from tests.resources.vertex.config.test_entries import MODEL, VERSION, reader, stack

IMAGE = "us-docker.pkg.dev/p/r/serving:2.21.0"
OTHER_NUMBER: dict[str, Any] = {"autoScaling": {"minNodes": 2, "maxNodes": 4}}
METRIC = "aiplatform.googleapis.com/prediction/online/request_count"
IN_PLACE: list[dict[str, Any]] = [
    {},
    {"description": "b"},
    {"labels": {"team": "a"}},
    OTHER_NUMBER,
    {"manualScaling": {"nodes": 2}},
    {"vertex": {"requiredReplicaCount": 1, "autoscalingMetricSpecs": [{"metricName": METRIC}]}},
    {"vertex": {"versionAliases": ["blue"]}},
    {"timeouts": {"create": 60}},
]
ANOTHER: list[dict[str, Any]] = [
    {"machineType": "n1-standard-4"},
    {"acceleratorConfig": {"count": 1, "type": "NVIDIA_TESLA_T4"}},
    {"acceleratorConfig": {"count": 2, "type": "NVIDIA_TESLA_T4"}},
    {"serviceAccount": "a@p.iam.gserviceaccount.com"},
    {"artifact": "gs://bucket/other/1/"},
    {"vertex": {"spot": True}},
    {"vertex": {"redeploy": "2026-12-01"}},
    {"vertex": {"gpuPartitionSize": "1g.10gb"}},
    {"vertex": {"tpuTopology": "2x2"}},
    {"vertex": {"reservationAffinity": {"reservationAffinityType": "ANY_RESERVATION"}}},
]


def deployed_id(version: dict[str, Any], **model: Any) -> str:
    """The id of the deployed model of a version of a stack file."""
    found: plan.Stack = platforms.read(
        stack({"m": {**MODEL, **model, "versions": {"v1": version}}}, servingImage=IMAGE), reader
    )
    return found.models[0].versions[0].deployed_model_id


def test_the_id_of_a_deployed_model_is_the_same_for_ever() -> None:
    """A stack that lost its state finds what it deployed by it, also with a later release of this program."""
    assert deployed_id(VERSION) == "5599052315"
    assert names.deployed_model_id({}) == "5444775306"


@pytest.mark.parametrize("edit", IN_PLACE)
def test_what_is_changed_in_place_changes_no_id(edit: dict[str, Any]) -> None:
    """Replicas, metrics and what only the upload needs."""
    assert deployed_id({**VERSION, **edit}) == deployed_id(VERSION)


def test_what_is_fixed_changes_the_id() -> None:
    """Each fixed field, the artifact and `redeploy`: a second deployed model, to which the traffic moves."""
    found = [deployed_id({**VERSION, **edit}) for edit in ANOTHER]
    found.append(deployed_id(VERSION, onlinePredictionLogging=True))

    assert len({*found, deployed_id(VERSION)}) == len(found) + 1
    assert all(id_.isdecimal() and len(id_) == 10 and id_[0] != "0" for id_ in found)


def test_container_logs_are_switched_in_place() -> None:
    """`onlinePredictionConsoleLogging` is the one logging that a deployed model can change."""
    assert deployed_id(VERSION, onlinePredictionConsoleLogging=True) == deployed_id(VERSION)


def test_an_id_that_is_given_is_kept() -> None:
    """Users of an existing deployed model keep it."""
    assert deployed_id({**VERSION, "vertex": {"deployedModelId": "7"}}) == "7"


@pytest.mark.parametrize(
    ("name", "endpoint", "model"),
    [("m", "m", "m"), ("Fashion_MNIST", "fashion-mnist", "fashion_mnist"), ("a_1", "a-1", "a_1")],
)
def test_ids_are_made_of_the_models_name(name: str, endpoint: str, model: str) -> None:
    """In small letters, without a hash: an address that people can read."""
    assert (names.endpoint_id(name), names.model_id(name)) == (endpoint, model)


@pytest.mark.parametrize("full", ["projects/1/locations/l/models/m", "projects/p/locations/l/models/m@2", "m"])
def test_the_last_part_of_a_name_is_the_id(full: str) -> None:
    """Answers have the project's number, and models may have a version."""
    assert names.last(full) == "m"
