"""The stack's configuration: typed, checked as a whole, every failure under its key's full path."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from artifact_format import signatures
from gcp import errors
from models import Artifact
from resources import platforms
from resources.deploy_errors import ArtifactError
from resources.ml.config import plan

ARTIFACT = Artifact(
    recipe="r",
    parameters={"width": 1},
    input_digest="1" * 16,
    content_digest="2" * 16,
    tensorflow="2.21.0",
    signatures={
        "serving_default": {
            "inputs": {"image": {"dtype": "float32", "shape": [None, 28, 28]}},
            "outputs": {"softmax": {"dtype": "float32", "shape": None}},
        }
    },
    size=3,
    files={"saved_model.pb": {"size": 3, "crc32c": "x"}},
    metrics={"accuracy": 0.9},
    operations={"MatMul": ["transpose_b"]},
)
OLD = replace(ARTIFACT, operations={})
"""The same, as a card of an earlier release has it."""


def resolve(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> Artifact:
    """One artifact is known, and with an older card, too."""
    del parameters, rebuild
    if name not in ("r", "old"):
        raise ArtifactError(f"there is no recipe {name}")
    return ARTIFACT if name == "r" else OLD


def stack(models: Any, **more: Any) -> dict[str, str]:
    """A configuration as Pulumi hands it over."""
    values = {"tf2-models:models": models, **{f"tf2-models:{key}": value for key, value in more.items()}}
    plain = {key: value if isinstance(value, str) else json.dumps(value) for key, value in values.items()}
    return {"gcp:project": "demo", "gcp:region": "us-central1", **plain}


VERSION = {"artifact": "r", "runtimeVersion": "2.21", "machineType": "n1-standard-2"}
MODELS = {"m": {"defaultVersion": "v2", "versions": {"v1": VERSION, "v2": VERSION}}}


def wrong(version: dict[str, Any]) -> dict[str, Any]:
    """The models with one version edited."""
    return {"m": {"defaultVersion": "v1", "versions": {"v1": {**VERSION, **version}}}}


LABELS = {"labels": {f"l{number}": "" for number in range(64)}}

FAILURES = [
    (stack({"m": {}}), "tf2-models:models.m.versions", "is missing"),
    (stack({"m": {}}), "tf2-models:models.m.defaultVersion", "is missing"),
    (stack({"m": {**MODELS["m"], "version": VERSION}}), "tf2-models:models.m.versions", "excludes version"),
    (stack({"m": {"version": {**VERSION, "machineType": "x"}}}), "tf2-models:models.m.version.machineType", "must be"),
    (stack([]), "tf2-models:models", "must be a mapping"),
    (stack({"m": 5}), "tf2-models:models.m", "must be a mapping; it is 5"),
    (stack({"m": None}), "tf2-models:models.m", "must be a mapping; it is empty"),
    (stack(wrong({"description": None})), "tf2-models:models.m.versions.v1.description", "a string; it is empty"),
    (stack({"m-1": MODELS["m"]}), "tf2-models:models.m-1", "letters, digits and underscores"),
    (stack({"m": {**MODELS["m"], "descripton": "x"}}), "tf2-models:models.m.descripton", "is not a key here"),
    (
        stack({"m": {**MODELS["m"], "versoins": {}}}),
        "tf2-models:models.m.versoins",
        "did you mean versions? The keys are",
    ),
    (stack(wrong({"artefact": "q"})), "tf2-models:models.m.versions.v1.artefact", "did you mean artifact?"),
    (stack(wrong({"machine_type": "q"})), "tf2-models:models.m.versions.v1.machine_type", "did you mean machineType?"),
    (
        stack(wrong({"artifact": "gs://bucket/folder", "parameters": {"width": 2}})),
        "tf2-models:models.m.versions.v1.parameters",
        "are only for a recipe",
    ),
    (stack({"m": {**MODELS["m"], "name": "x"}}), "tf2-models:models.m.name", "set by the program"),
    (stack({"m": {**MODELS["m"], "owner": "x"}}), "tf2-models:models.m.owner", "set by the program"),
    (stack(wrong({"owner": "x"})), "tf2-models:models.m.versions.v1.owner", "set by the program"),
    (
        stack(wrong({"labels": {"tf2-models-owner": "x"}})),
        "tf2-models:models.m.versions.v1.labels.tf2-models-owner",
        "own",
    ),
    (stack(wrong(LABELS)), "tf2-models:models.m.versions.v1.labels", "and the stack adds tf2-models-owner"),
    (stack({"m": {**MODELS["m"], **LABELS}}), "tf2-models:models.m.labels", "has 64 labels; at most 63 may be given"),
    (stack(MODELS, bucket=LABELS), "tf2-models:bucket.labels", "the API allows 64, and the stack adds"),
    (stack(wrong({"container": {"image": "i", "env": 5}})), "tf2-models:models.m.versions.v1.container.env", "a list"),
    (stack({"m": {**MODELS["m"], "gate": {"tolerance": -1}}}), "tf2-models:models.m.gate.tolerance", "0 or more"),
    (stack({"m": {**MODELS["m"], "gate": {"samples": "no"}}}), "tf2-models:models.m.gate.samples", "file not found"),
    (stack({"m": {**MODELS["m"], "timeouts": {"delete": 0}}}), "tf2-models:models.m.timeouts.delete", "more than 0"),
    (stack(MODELS, bucket={"project": "x"}), "tf2-models:bucket.project", "set by the program"),
    (stack({"m": {**MODELS["m"], "trafficSplit": {"v1": 90, "v2": 9}}}), "tf2-models:models.m.trafficSplit", "99"),
    (stack({"m": {**MODELS["m"], "trafficSplit": {}}}), "tf2-models:models.m.trafficSplit", "add up to 100"),
    (stack({"m": {**MODELS["m"], "trafficSplit": [1]}}), "tf2-models:models.m.trafficSplit", "must be a mapping"),
    (stack({"m": {**MODELS["m"], "trafficSplit": {"v3": 100}}}), "tf2-models:models.m.trafficSplit.v3", "not among"),
    (stack({"m": {**MODELS["m"], "trafficSplit": {"v1": "100"}}}), "tf2-models:models.m.trafficSplit.v1", "a number"),
    (
        stack({"m": {"version": VERSION, "trafficSplit": {}}}),
        "tf2-models:models.m.trafficSplit",
        "needs named versions",
    ),
    (stack({"m": {**MODELS["m"], "defaultVersion": "v9"}}), "tf2-models:models.m.defaultVersion", "not among"),
    (
        stack({"m": {"defaultVersion": "v", "versions": {"v-1": VERSION}}}),
        "tf2-models:models.m.versions.v-1",
        "letters",
    ),
    (stack(wrong({"artifact": "q"})), "tf2-models:models.m.versions.v1.artifact", "no recipe q"),
    (stack(wrong({"artifact": "gs://x"})), "tf2-models:models.m.versions.v1.artifact", "must be gs://BUCKET/FOLDER"),
    (stack(wrong({"artifact": 7})), "tf2-models:models.m.versions.v1.artifact", "must be a string"),
    (stack(wrong({"parameters": 7})), "tf2-models:models.m.versions.v1.parameters", "must be a mapping"),
    (stack(wrong({"minNodes": 7})), "tf2-models:models.m.versions.v1.minNodes", "is not a key here"),
    (stack(wrong({"runtimeVersion": 2.21})), "tf2-models:models.m.versions.v1.runtimeVersion", "must be a string"),
    (stack(wrong({"runtimeVersion": "2.10"})), "tf2-models:models.m.versions.v1.runtimeVersion", "older than"),
    (
        stack(wrong({"runtimeVersion": "2.11", "artifact": "old"})),
        "tf2-models:models.m.versions.v1.runtimeVersion",
        "its card lacks the operations of the graph",
    ),
    (
        stack(wrong({"autoScaling": {"minNodes": "1"}})),
        "tf2-models:models.m.versions.v1.autoScaling.minNodes",
        "must be a whole number",
    ),
    (
        stack(wrong({"autoScaling": {"minNodes": 0}})),
        "tf2-models:models.m.versions.v1.autoScaling.minNodes",
        "0 only on mls1",
    ),
    (stack(MODELS, bucket={"name": "Bucket"}), "tf2-models:bucket.name", "small letters"),
    (stack(MODELS, bucket={"storage": 1}), "tf2-models:bucket.storage", "is not a key here"),
    (stack(MODELS, modles={}), "tf2-models:modles", "is not a key here"),
    (stack(MODELS, allowRebuild="yes"), "tf2-models:allowRebuild", "must be true or false"),
    (stack(MODELS, concurrentOperations=0), "tf2-models:concurrentOperations", "1 or more"),
    (stack(MODELS, retrySeconds=-1), "tf2-models:retrySeconds", "0 or more"),
    (stack(MODELS, retrySeconds="NaN"), "tf2-models:retrySeconds", "3600 at most"),
    (stack(MODELS, retrySeconds="long"), "tf2-models:retrySeconds", "must be a number"),
    (stack(MODELS, callsPerMinute=0), "tf2-models:callsPerMinute", "1 or more"),
    (stack(MODELS, callsPerMinute=0.5), "tf2-models:callsPerMinute", "a whole number"),
    (stack(MODELS, endpoint="http://example.com"), "tf2-models:endpoint", "must be https"),
    (stack(MODELS, endpoint="example.com"), "tf2-models:endpoint", "must be global, regional or a URL"),
    ({**stack(MODELS), "gcp:project": ""}, "gcp:project", "is missing"),
    ({**stack(MODELS, endpoint="regional"), "gcp:region": ""}, "tf2-models:endpoint", "needs a region"),
]


def _name_of(**fields: Any) -> str:
    """The name that the program gives a version that has none."""
    model = platforms.read(stack({"m": {"version": {**VERSION, **fields}}}), resolve).models[0]
    assert model.default == model.versions[0].inputs["name"]
    return str(model.default)


def test_a_version_without_a_name_is_named_by_what_cannot_be_changed_in_place() -> None:
    """Another artifact, machine or kind of scaling is another version; a patch is not."""
    scaled = [_name_of(autoScaling={"minNodes": 1, "maxNodes": most}, description="x" * most) for most in (1, 2)]
    others = [
        _name_of(),
        _name_of(artifact="gs://models/other/"),
        _name_of(machineType="n1-standard-4"),
        _name_of(manualScaling={"nodes": 1}),
        _name_of(autoScaling={"minNodes": 1, "metrics": [{"name": "CPU_USAGE", "target": 50}]}),
    ]

    assert scaled[0] == scaled[1]
    assert len({scaled[0], *others}) == 6


@pytest.mark.parametrize(("values", "path", "reason"), FAILURES, ids=[f"{path} {why}" for _, path, why in FAILURES])
def test_a_wrong_key_is_named_by_its_full_path(values: dict[str, str], path: str, reason: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(values, resolve)

    assert any(found == path and reason in why for found, why in caught.value.failures), caught.value.failures


def test_all_failures_are_told_at_once() -> None:
    """One run shows everything that is to be mended."""
    values = stack(wrong({"artifact": "q", "nodes": 1, "machineType": "x"}), bucket={"name": "B"}, other=1)

    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read(values, resolve)

    assert sorted(path for path, _ in caught.value.failures) == [
        "tf2-models:bucket.name",
        "tf2-models:models.m.versions.v1.artifact",
        "tf2-models:models.m.versions.v1.machineType",
        "tf2-models:models.m.versions.v1.nodes",
        "tf2-models:other",
    ]


@pytest.mark.parametrize("name", ["Vertex", "vertexai", "1", "true", " "])
def test_an_unknown_platform_is_reported_alone(name: str) -> None:
    """It decides which other keys are valid, so advice about these would be wrong."""
    values = stack(wrong({"vertex": {}, "nodes": 1}), platform=name, servingImage="image", resourcePools={})

    with pytest.raises(errors.InvalidInput) as caught:
        platforms.read({**values, "gcp:project": ""}, resolve)

    assert caught.value.failures == ((platforms.KEY, f"must be one of ml, vertex; it is {name!r}"),)


def test_the_default_version_comes_first() -> None:
    """It is made first, so that it is what serves from the first moment on."""
    [model] = platforms.read(stack(MODELS), resolve).models

    assert [version.inputs["name"] for version in model.versions] == ["v2", "v1"]


def test_what_is_not_said_is_filled_in() -> None:
    """Bucket, region, artifact URI: known at preview on any machine."""
    read = platforms.read(stack(MODELS), resolve)

    assert read.bucket == {"project": "demo", "name": "demo-tf2-models", "location": "us-central1"}
    [model] = read.models
    assert model.inputs == {"project": "demo", "name": "m", "regions": ["us-central1"]}
    assert model.versions[0].inputs["deploymentUri"] == f"gs://demo-tf2-models/r/{'2' * 16}/"


def test_versions_of_the_same_content_share_one_saved_model() -> None:
    """Under the lowest limit of the machines that take it."""
    versions = {"v1": VERSION, "v2": {**VERSION, "machineType": "mls1-c1-m2"}}

    read = platforms.read(stack({"m": {"defaultVersion": "v1", "versions": versions}}), resolve)

    [(name, inputs)] = read.saved_models.items()
    assert name == f"r-{'2' * 16}"
    assert inputs["sizeLimit"] == 500 * 2**20


def test_a_regional_endpoint_takes_no_regions() -> None:
    """There the endpoint says where; the API refuses both."""
    [model] = platforms.read(stack(MODELS, endpoint="regional"), resolve).models

    assert "regions" not in model.inputs


def test_a_uri_is_deployed_as_it_is() -> None:
    """An artifact that is in a bucket already is not managed."""
    read = platforms.read(stack(wrong({"artifact": "gs://other/model/"})), resolve)

    assert read.saved_models == {}
    assert read.models[0].versions[0].inputs["deploymentUri"] == "gs://other/model/"


def test_a_reviewer_reads_signatures_in_one_line_each() -> None:
    """Data type and shape; an unknown size is a question mark."""
    shown = signatures.displayed(ARTIFACT.signatures["serving_default"])

    assert shown == {"inputs": {"image": "float32[?, 28, 28]"}, "outputs": {"softmax": "float32[...]"}}


def test_a_stack_says_adopt_once_for_every_resource() -> None:
    """Each resource that takes it gets it, unless its own entry says otherwise; false says nothing."""
    models = {"m": {"defaultVersion": "v1", "versions": {"v1": VERSION, "v2": {**VERSION, "adopt": False}}}}
    read = platforms.read(stack(models, adopt=True), resolve)

    [model] = read.models
    said = {str(version.inputs["name"]): version.inputs["adopt"] for version in model.versions}
    assert (read.bucket["adopt"], model.inputs["adopt"], said) == (True, True, {"v1": True, "v2": False})
    assert "adopt" not in platforms.read(stack(models, adopt=False), resolve).bucket


def test_shares_of_users_stand_in_the_outputs_and_make_no_call() -> None:
    """As they were declared; a model without them says nothing of them, and no input of any resource knows them."""
    split = {"v1": 90, "v2": 10}
    declared, silent = (
        platforms.read(stack({"m": {**MODELS["m"], **more}}), resolve) for more in ({"trafficSplit": split}, {})
    )

    assert plan.summary(declared, declared.models[0], "v1")["trafficSplit"] == split
    assert "trafficSplit" not in plan.summary(silent, silent.models[0], "v1")
    inputs = [[model.inputs, *(version.inputs for version in model.versions)] for model in declared.models]
    assert inputs == [[model.inputs, *(version.inputs for version in model.versions)] for model in silent.models]
