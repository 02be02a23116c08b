"""What the values of a Version, a Model and a Bucket may be."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from resources.ml import rules
from resources.storage import rules as storage_rules

VERSION: dict[str, Any] = {
    "name": "v1",
    "deploymentUri": "gs://bucket/model/",
    "runtimeVersion": "2.11",
    "pythonVersion": "3.7",
    "machineType": "n1-standard-2",
}
CONTAINER: dict[str, Any] = {"name": "v1", "machineType": "n1-standard-2", "container": {"image": "i"}}
MLS1 = {**VERSION, "machineType": "mls1-c1-m2"}

RIGHT = [
    VERSION,
    CONTAINER,
    {**VERSION, "autoScaling": {"minNodes": 1, "maxNodes": 1}},
    {**MLS1, "autoScaling": {"minNodes": 0}},
    {name: value for name, value in MLS1.items() if name != "machineType"},
    {**VERSION, "runtimeVersion": "1.15", "pythonVersion": "2.7"},
    {**VERSION, "runtimeVersion": "1.14", "pythonVersion": "3.5"},
    {name: value for name, value in {**VERSION, "runtimeVersion": "2.21"}.items() if name != "pythonVersion"},
    {**MLS1, "predictionClass": "m.C", "packageUris": ["gs://bucket/p.tar.gz"], "serviceAccount": "a@b"},
    {**VERSION, "acceleratorConfig": {"count": 1, "type": "NVIDIA_TESLA_T4"}, "manualScaling": {"nodes": 1}},
    {**VERSION, "requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 1}},
    {**VERSION, "machineType": pulumi.Output.from_input("mls1-c1-m2"), "autoScaling": {"minNodes": 0}},
]
WRONG = [
    ({**VERSION, "name": "v-1"}, "name", "API names have no hyphens"),
    ({**VERSION, "name": "1v"}, "name", "a letter comes first"),
    ({**VERSION, "name": "v" * 129}, "name", "128 characters at most"),
    ({**VERSION, "name": "v1\n"}, "name", "no line end slips through"),
    ({**VERSION, "deploymentUri": "bucket/model"}, "deploymentUri", "only Cloud Storage"),
    ({"name": "v1", "runtimeVersion": "2.21"}, "deploymentUri", "a SavedModel or a container"),
    ({**VERSION, "runtimeVersion": "2"}, "runtimeVersion", "major and minor"),
    ({**VERSION, "pythonVersion": "3.11"}, "pythonVersion", "Google's runtimes have their own Python"),
    ({**VERSION, "runtimeVersion": "1.14", "pythonVersion": "3.7"}, "pythonVersion", "3.5 up to 1.14"),
    ({**VERSION, "pythonVersion": None, "machineType": "n2-x"}, "machineType", "no such machine"),
    ({**VERSION, "autoScaling": {"minNodes": 0}}, "autoScaling.minNodes", "N1 does not scale to zero"),
    ({**MLS1, "autoScaling": {"minNodes": -1}}, "autoScaling.minNodes", "no negative nodes"),
    ({**VERSION, "autoScaling": {"minNodes": 3, "maxNodes": 2}}, "autoScaling.maxNodes", "not below minNodes"),
    ({**VERSION, "autoScaling": {"maxNodes": 0}}, "autoScaling.maxNodes", "1 or more"),
    (
        {**VERSION, "autoScaling": {"metrics": [{"name": "CPU_USAGE", "target": 95}]}},
        "autoScaling.metrics[0].target",
        "10 to 90 percent",
    ),
    ({**VERSION, "manualScaling": {"nodes": 0}}, "manualScaling.nodes", "1 or more"),
    ({**MLS1, "manualScaling": {"nodes": 1}}, "manualScaling", "N1 only"),
    ({**MLS1, "acceleratorConfig": {"count": 1, "type": "TPU_V2"}}, "acceleratorConfig", "N1 only"),
    ({**VERSION, "acceleratorConfig": {"count": 0, "type": "TPU_V2"}}, "acceleratorConfig.count", "1 or more"),
    ({**VERSION, "predictionClass": "m.C"}, "predictionClass", "mls1 only"),
    ({**MLS1, "packageUris": ["gs://b-b/p"]}, "packageUris", "goes with predictionClass"),
    ({**MLS1, "predictionClass": "m.C", "packageUris": ["/p"]}, "packageUris[0]", "only Cloud Storage"),
    ({**VERSION, "serviceAccount": "a@b"}, "serviceAccount", "goes with container or predictionClass"),
    ({**VERSION, "routes": {"predict": "/p"}}, "routes", "goes with container"),
    ({**CONTAINER, "runtimeVersion": "2.11"}, "runtimeVersion", "not with container"),
    ({**CONTAINER, "framework": "TENSORFLOW"}, "framework", "not with container"),
    ({"name": "v1", "container": {"image": "i"}}, "machineType", "a container needs N1"),
    (
        {**CONTAINER, "container": {"image": "i", "env": [{"name": "AIP_X", "value": ""}]}},
        "container.env[0].name",
        "AIP_ is taken",
    ),
    (
        {**CONTAINER, "container": {"image": "i", "ports": [{"containerPort": 0}]}},
        "container.ports[0].containerPort",
        "1 to 65535",
    ),
    (
        {**VERSION, "requestLoggingConfig": {"bigqueryTableName": "d.t"}},
        "requestLoggingConfig.bigqueryTableName",
        "project, data set, table",
    ),
    (
        {**VERSION, "requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 50}},
        "requestLoggingConfig.samplingPercentage",
        "a share, not percent",
    ),
    ({**VERSION, "explanationConfig": {}}, "explanationConfig", "exactly one method"),
    ({**VERSION, "labels": {"Team": "a"}}, "labels.Team", "small letters"),
    ({**VERSION, "labels": {"team": "A B"}}, "labels.team", "small letters"),
    ({**VERSION, "timeouts": {"create": 0}}, "timeouts.create", "more than nothing"),
]


@pytest.mark.parametrize("values", RIGHT, ids=range(len(RIGHT)))
def test_what_the_api_takes_is_not_refused(values: dict[str, Any]) -> None:
    """A refusal of ours that Google does not make would keep people from what works."""
    assert list(rules.version_failures(values)) == []


@pytest.mark.parametrize(("values", "path", "reason"), WRONG, ids=[reason for *_, reason in WRONG])
def test_what_the_api_refuses_is_named_by_its_full_path(values: dict[str, Any], path: str, reason: str) -> None:
    """Before anything is sent."""
    assert f"here.{path}" in [found for found, _ in rules.version_failures(values, "here")], reason


def test_labels_may_be_of_any_script() -> None:
    """As Google takes them: small letters, and letters that have no capitals."""
    labels = {"équipe": "données_2", "組": "画像"}

    assert list(rules.model_failures({"name": "m", "labels": labels})) == []
    assert list(storage_rules.bucket_failures({"name": "a-bucket", "labels": labels})) == []
    assert [path for path, _ in rules.model_failures({"name": "m", "labels": {"Équipe": "É"}})] == ["labels.Équipe"] * 2


def test_a_model_has_one_region() -> None:
    """The API takes a list, of one."""
    assert [path for path, _ in rules.model_failures({"name": "m", "regions": ["us-east1", "us-west1"]})] == ["regions"]
    assert [path for path, _ in rules.model_failures({"name": "m", "regions": ["x/y"]})] == ["regions[0]"]


@pytest.mark.parametrize("name", ["abc", "a-b_c", "0" * 63, "my.bucket.example", "a" * 60 + "." + "b" * 60])
def test_names_that_a_bucket_can_have(name: str) -> None:
    """By Google's naming guidelines."""
    assert storage_rules.bucket_name_failure(name) == ""


@pytest.mark.parametrize(
    "name", ["ab", "A-b", "-ab", "ab-", "a" * 64, "1.2.3.4", "googles", "xgooglex", "my-g00gle", "a..b", "a b", ""]
)
def test_names_that_a_bucket_cannot_have(name: str) -> None:
    """By Google's naming guidelines."""
    assert storage_rules.bucket_name_failure(name) != ""


RULES = [
    ({"action": {"type": "SetStorageClass"}, "condition": {"age": 1}}, "action.storageClass"),
    ({"action": {"type": "Delete", "storageClass": "NEARLINE"}, "condition": {"age": 1}}, "action.storageClass"),
    ({"action": {"type": "Delete"}, "condition": {}}, "condition"),
    ({"action": {"type": "Delete"}, "condition": {"createdBefore": "2026"}}, "condition.createdBefore"),
]


@pytest.mark.parametrize(("rule", "path"), RULES, ids=[path for _, path in RULES])
def test_a_lifecycle_rule_that_cannot_be_meant_is_refused(rule: dict[str, Any], path: str) -> None:
    """An empty condition would delete every object."""
    found = list(storage_rules.bucket_failures({"name": "bucket", "lifecycle": {"rule": [rule]}}))

    assert [failed for failed, _ in found] == [f"lifecycle.rule[0].{path}"]


FILE = {"size": 1, "crc32c": "x"}
ARTIFACTS = [
    ({"variables/variables.index": FILE}, "no saved_model.pb"),
    ({"saved_model.pbtxt": FILE}, "saved_model.pbtxt, its text form, must be converted"),
    ({"saved_model.pb": FILE, **{f"{number}": FILE for number in range(1000)}}, "at most 1000 files; it is 1001"),
    ({"saved_model.pb": FILE, "../x": FILE}, "leaves the folder"),
    ({"saved_model.pb": FILE, "/x": FILE}, "leaves the folder"),
    ({"saved_model.pb": FILE, "a//x": FILE}, "leaves the folder"),
    ({"saved_model.pb": {"size": 11 * 2**30, "crc32c": "x"}}, "bytes"),
]


@pytest.mark.parametrize(("files", "reason"), ARTIFACTS, ids=[reason for _, reason in ARTIFACTS])
def test_an_artifact_beyond_the_apis_limits_is_refused(files: dict[str, Any], reason: str) -> None:
    """At preview, before a byte is sent."""
    assert any(reason in found for _, found in storage_rules.saved_model_failures({"files": files}))
