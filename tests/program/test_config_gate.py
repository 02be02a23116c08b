"""What a stack file tells `ml.DefaultVersion` of the versions that are to serve."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from resources import config, errors, plan
from tests.program.test_config import ARTIFACT, MODELS, VERSION, resolve, stack

SIGNATURES = {
    "serving_default": {"inputs": {"image": "float32[?, 28, 28]"}, "outputs": {"softmax": "float32[...]"}},
}
BUCKET = {**VERSION, "artifact": "gs://bucket/folder"}


def read(model: dict[str, Any]) -> plan.Model:
    """The only model of a stack file."""
    [found] = config.read(stack({"m": model}), resolve).models
    return found


def test_what_is_known_of_artifacts_is_handed_over() -> None:
    """Signatures for display, and how many samples there are; of what lies in a bucket already nothing is known."""
    model = read({"defaultVersion": "v1", "versions": {"v1": VERSION, "v2": BUCKET}, "allowBreakingChange": "v1"})

    assert model.default_version_inputs({}) == {
        "project": "demo",
        "model": "m",
        "version": "v1",
        "signatures": {"v1": SIGNATURES},
        "artifacts": {"v1": {"samples": 0}},
        "allowBreakingChange": "v1",
    }
    assert set(read({"version": BUCKET}).default_version_inputs({})) == {"project", "model", "version"}


def test_samples_are_counted() -> None:
    """Those of the card, or of the manifest in the folder."""
    two = replace(ARTIFACT, samples=({"instance": 1, "prediction": 2}, {"instance": 2, "prediction": 4}))
    [model] = config.read(stack(MODELS), lambda *_: two).models

    assert model.default_version_inputs({})["artifacts"] == {"v1": {"samples": 2}, "v2": {"samples": 2}}


def test_a_version_without_a_name_is_known_by_its_content() -> None:
    """Its content digest is what `allowBreakingChange` names it by."""
    model = read({"version": VERSION})

    [version] = model.versions
    facts = {"samples": 0, "contentDigest": ARTIFACT.content_digest}
    assert model.default_version_inputs({})["artifacts"] == {version.name: facts}


def test_versions_of_the_split_are_made_before_the_default_is_set() -> None:
    """Those with a share of 0 too, that their place stays the same; but not the old default, which still serves."""
    versions = dict.fromkeys(("v1", "v2", "v3", "v4"), VERSION)
    split = {"v1": 50, "v2": 50, "v3": 0}
    model = read({"defaultVersion": "v2", "versions": versions, "trafficSplit": split})

    def first(**before: Any) -> list[str]:
        return [version.name for version in model.before_default(before)]

    assert (first(), first(defaultVersion="v1"), first(defaultVersion="v2")) == (["v1", "v3"], ["v3"], ["v1", "v3"])
    assert model.default_version_inputs({})["trafficSplit"] == split
    assert model.default_version_inputs({"trafficSplit": {"v1": 100}})["previousSplit"] == {"v1": 100}
    silent = read({"defaultVersion": "v2", "versions": versions})
    assert "previousSplit" not in silent.default_version_inputs({"trafficSplit": {"v1": 100}})


@pytest.mark.parametrize("value", [5, ["v1"], True])
def test_one_version_may_break_clients(value: Any) -> None:
    """It is named by a text."""
    with pytest.raises(errors.InvalidInput, match=r"tf2-models:models\.m\.allowBreakingChange: must be a string"):
        read({**MODELS["m"], "allowBreakingChange": value})
