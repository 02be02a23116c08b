"""What a schema computes of its lines."""

from __future__ import annotations

from typing import Any

import pytest

from resources.ml.schema import MODEL, VERSION
from resources.schema.fields import Changes
from resources.storage.schema import BUCKET

OLD: dict[str, Any] = {
    "project": "p",
    "model": "m",
    "name": "v1",
    "deploymentUri": "gs://bucket/a/",
    "runtimeVersion": "2.11",
    "machineType": "n1-standard-2",
    "autoScaling": {"minNodes": 1, "maxNodes": 2},
    "labels": {"team": "a"},
    "timeouts": {"create": 60},
}
FIXED = {name: OLD[name] for name in ("deploymentUri", "runtimeVersion", "machineType")}

CHANGES = [
    pytest.param({}, Changes(), id="nothing"),
    pytest.param({"autoScaling": {"minNodes": 1.0, "maxNodes": 2.0}}, Changes(), id="the engine's floats"),
    pytest.param({"description": "new"}, Changes(patch=["description"]), id="a field that was not managed"),
    pytest.param({"autoScaling": {"minNodes": 2, "maxNodes": 2}}, Changes(patch=["autoScaling.minNodes"]), id="a leaf"),
    pytest.param(
        {"autoScaling": {"minNodes": 2, "maxNodes": 3}},
        Changes(patch=["autoScaling.maxNodes", "autoScaling.minNodes"]),
        id="two leaves",
    ),
    pytest.param(
        {"autoScaling": {"minNodes": 1, "maxNodes": 2, "metrics": [{"name": "CPU_USAGE", "target": 50}]}},
        Changes(fixed=["autoScaling.metrics"]),
        id="a leaf that the API does not patch",
    ),
    pytest.param({"labels": {"team": "b"}}, Changes(patch=["labels"]), id="labels"),
    pytest.param({"machineType": "n1-standard-4"}, Changes(fixed=["machineType"]), id="a fixed field"),
    pytest.param({"name": "v2"}, Changes(path=["name"]), id="another resource"),
    pytest.param({"timeouts": {"create": 90}}, Changes(local=["timeouts"]), id="how to act"),
]


@pytest.mark.parametrize(("edit", "expected"), CHANGES)
def test_a_change_is_what_its_field_says(edit: dict[str, Any], expected: Changes) -> None:
    """Each field's line decides between patch, refusal, another resource and nothing to send."""
    assert expected == VERSION.changes(OLD, {**OLD, **edit})


def test_an_input_that_is_left_out_is_not_managed() -> None:
    """Removing a line from the program is no change: what is there is left alone."""
    news = {name: value for name, value in OLD.items() if name not in ("labels", "autoScaling")}

    assert not VERSION.changes(OLD, news)


def test_another_kind_of_scaling_cannot_be_patched_in() -> None:
    """Manual in the place of automatic scaling is a fixed change, not a patch of `manualScaling.nodes`."""
    news = {name: value for name, value in OLD.items() if name != "autoScaling"}

    assert Changes(fixed=["manualScaling"]) == VERSION.changes(OLD, {**news, "manualScaling": {"nodes": 1}})


def test_a_body_holds_the_given_fields_in_the_apis_types() -> None:
    """Names, local inputs and what `create` ignores stay out; integers are integers, int64 are strings."""
    inputs = {
        **OLD,
        "autoScaling": {"minNodes": 1.0},
        "acceleratorConfig": {"count": 2.0, "type": "NVIDIA_TESLA_T4"},
        "requestLoggingConfig": {"bigqueryTableName": "p.d.t"},
    }

    body = VERSION.body(inputs)

    assert {"project", "model", "name", "timeouts", "requestLoggingConfig"}.isdisjoint(body)
    assert body["autoScaling"] == {"minNodes": 1}
    assert isinstance(body["autoScaling"]["minNodes"], int)
    assert body["acceleratorConfig"] == {"count": "2", "type": "NVIDIA_TESLA_T4"}
    assert VERSION.after_create(inputs) == ["requestLoggingConfig"]


def test_a_patch_holds_exactly_the_leaves_of_its_mask() -> None:
    """No sibling of a changed leaf is sent along."""
    assert VERSION.pick(OLD, ["autoScaling.minNodes"]) == {"autoScaling": {"minNodes": 1}}


def test_the_state_holds_what_is_managed_and_the_outputs() -> None:
    """Labels and scaling that others set stay out of the state, so that they never become differences."""
    answer = {
        "name": "projects/p/models/m/versions/v1",
        "labels": {"team": "a", "cost": "b"},
        "autoScaling": {"minNodes": 1, "maxNodes": 9},
        "manualScaling": {"nodes": 3},
        "state": "READY",
        "lastUseTime": "2026-01-01T00:00:00Z",
    }

    state = VERSION.observed(OLD, answer)

    assert state["labels"] == {"team": "a"}
    assert state["autoScaling"] == {"minNodes": 1, "maxNodes": 9}
    assert state["state"] == "READY"
    assert state["name"] == "v1"
    assert {"manualScaling", "lastUseTime"}.isdisjoint(state)


def test_what_the_api_leaves_out_is_empty() -> None:
    """A zero that was declared is no difference; a description or a leaf that somebody emptied is one."""
    inputs = {**OLD, "autoScaling": {"minNodes": 0, "maxNodes": 2}, "description": "a"}

    state = VERSION.observed(inputs, {**FIXED, "autoScaling": {"maxNodes": 2}, "labels": {"team": "a"}})
    assert VERSION.changes(state, inputs) == Changes(patch=["description"])

    state = VERSION.observed(inputs, {**FIXED, "autoScaling": {}, "labels": {}, "description": "a"})
    assert VERSION.changes(state, inputs) == Changes(patch=["autoScaling.maxNodes", "labels"])


def test_inputs_are_told_from_outputs() -> None:
    """Refresh derives the inputs from the state."""
    assert VERSION.inputs_of({**OLD, "state": "READY", "etag": "x", "drift": {}, "__provider": "..."}) == OLD


@pytest.mark.parametrize(
    ("schema", "leaves"),
    [
        (MODEL, ["description", "labels"]),
        (
            VERSION,
            [
                "description",
                "labels",
                "autoScaling.minNodes",
                "autoScaling.maxNodes",
                "manualScaling.nodes",
                "requestLoggingConfig",
            ],
        ),
        (
            BUCKET,
            [
                "storageClass",
                "labels",
                "versioning.enabled",
                "lifecycle",
                "iamConfiguration.uniformBucketLevelAccess",
                "iamConfiguration.publicAccessPrevention",
            ],
        ),
    ],
    ids=["model", "version", "bucket"],
)
def test_what_may_be_patched_is_a_short_list(schema: Any, leaves: list[str]) -> None:
    """The leaves that a patch mask may hold are those that the API's documentation and gcloud name."""
    assert leaves == schema.mutable_leaves()


def test_a_version_that_was_made_again_with_other_scaling_has_drifted() -> None:
    """What the API cannot change back in place is reported, and not sent as a patch that it would refuse."""
    state = VERSION.observed(OLD, {**FIXED, "manualScaling": {"nodes": 1}, "labels": {"team": "a"}})

    assert VERSION.changes(state, OLD) == Changes(fixed=["autoScaling"])


def test_what_is_declared_empty_is_managed() -> None:
    """Somebody else's text in the place of a declared nothing is a difference."""
    inputs = {**OLD, "description": ""}

    state = VERSION.observed(inputs, {**OLD, "description": "theirs"})

    assert VERSION.changes(state, inputs) == Changes(patch=["description"])


def test_what_is_empty_anyway_may_be_written_down() -> None:
    """`onlinePredictionLogging: false` on a model that never said so changes nothing at the API."""
    assert MODEL.changes({"name": "m"}, {"name": "m", "onlinePredictionLogging": False}) == Changes(
        local=["onlinePredictionLogging"]
    )
    assert MODEL.changes({"name": "m"}, {"name": "m", "onlinePredictionLogging": True}).fixed
