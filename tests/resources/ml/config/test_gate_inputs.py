"""What a stack file tells `ml.DefaultVersion` of the versions that are to serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from gcp import errors
from resources import platforms
from resources.ml.config import plan
from tests.resources.config.test_stack_config import ARTIFACT, MODELS, VERSION, resolve, stack

SIGNATURES = {
    "serving_default": {"inputs": {"image": "float32[?, 28, 28]"}, "outputs": {"softmax": "float32[...]"}},
}
BUCKET = {**VERSION, "artifact": "gs://bucket/folder"}


def read(model: dict[str, Any]) -> plan.Model:
    """The only model of a stack file."""
    found: plan.Stack = platforms.read(stack({"m": model}), resolve)
    return found.models[0]


def test_what_is_known_of_artifacts_is_handed_over() -> None:
    """Signatures for display, and how many samples there are; of what lies in a bucket already nothing is known."""
    model = read({"defaultVersion": "v1", "versions": {"v1": VERSION, "v2": BUCKET}, "allowBreakingChange": "v1"})

    assert model.default_version_inputs == {
        "project": "demo",
        "model": "m",
        "version": "v1",
        "signatures": {"v1": SIGNATURES},
        "artifacts": {"v1": {"samples": 0}},
        "allowBreakingChange": "v1",
    }
    assert set(read({"version": BUCKET}).default_version_inputs) == {"project", "model", "version"}


def test_samples_are_counted() -> None:
    """Those of the card, or of the manifest in the folder."""
    two = replace(ARTIFACT, samples=({"instance": 1, "prediction": 2}, {"instance": 2, "prediction": 4}))
    [model] = platforms.read(stack(MODELS), lambda *_: two).models

    assert model.default_version_inputs["artifacts"] == {"v1": {"samples": 2}, "v2": {"samples": 2}}


def test_a_version_without_a_name_is_known_by_its_content() -> None:
    """Its content digest is what `allowBreakingChange` names it by."""
    model = read({"version": VERSION})

    [version] = model.versions
    facts = {"samples": 0, "contentDigest": ARTIFACT.content_digest}
    assert model.default_version_inputs["artifacts"] == {version.name: facts}


def test_a_split_is_a_resource_unless_an_earlier_release_deployed_it_as_it_is() -> None:
    """The stack's outputs say what clients read, and whether the resource is there."""
    versions = dict.fromkeys(("v1", "v2"), VERSION)
    split = {"v1": 90, "v2": 10}
    model = read({"defaultVersion": "v1", "versions": versions, "trafficSplit": split})

    assert model.declares_split({})
    assert not model.declares_split({"trafficSplit": split})
    assert model.declares_split({"trafficSplit": {"v1": 100}})
    assert model.declares_split({"trafficSplit": split, "splitGate": "passed"})
    assert not read({"defaultVersion": "v1", "versions": versions}).declares_split({"trafficSplit": split})
    inputs = model.traffic_split_inputs({"trafficSplit": {"v1": 100}, "defaultVersion": "v0"})
    assert inputs["trafficSplit"] == split
    assert set(inputs["deploymentUris"]) == {"v1", "v2"}
    assert (inputs["previousSplit"], inputs["previousDefault"], inputs["defaultVersion"]) == ({"v1": 100}, "v0", "v1")


def test_a_version_is_handed_its_signatures_and_the_line_that_names_it() -> None:
    """For the case that it is made again under its name."""
    versions = {"v1": VERSION, "v2": BUCKET}
    model = read({"defaultVersion": "v1", "versions": versions, "allowBreakingChange": "v2"})
    first, second = (model.version_inputs(version) for version in model.versions)

    assert (first["signatures"], "allowBreakingChange" in first) == (SIGNATURES, False)
    assert ("signatures" in second, second["allowBreakingChange"]) == (False, "v2")
    with pytest.raises(errors.InvalidInput, match="signatures: is set by the program"):
        read({"defaultVersion": "v1", "versions": {"v1": {**VERSION, "signatures": {}}}})


@pytest.mark.parametrize("value", [5, ["v1"], True])
def test_one_version_may_break_clients(value: Any) -> None:
    """It is named by a text."""
    with pytest.raises(errors.InvalidInput, match=r"tf2-models:models\.m\.allowBreakingChange: must be a string"):
        read({**MODELS["m"], "allowBreakingChange": value})
