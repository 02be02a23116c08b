"""Random stack files: each gives a plan that the API accepts, or errors that name the keys."""

from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

import models
from gcp import errors
from resources import platforms
from resources.deploy_errors import ArtifactError
from resources.ml.config import plan
from resources.ml.schema import DEFAULT_VERSION, MODEL, VERSION
from resources.schema.types import join
from resources.storage.schema import BUCKET, SAVED_MODEL
from tests.properties import emulated
from tests.properties.values import JSON, STRANGE, mutated, places
from tests.running import ROOT

LONGEST = 1000
"""The most characters of a line of an error."""

FILES = [
    yaml.safe_load((ROOT / f"Pulumi.{name}.yaml").read_text(encoding="utf-8"))["config"] for name in ("local", "legacy")
]
FULL = {
    **FILES[-1],
    "tf2-models:bucket": {"lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 3}}]}},
    "tf2-models:models": {
        "m": {
            "defaultVersion": "v1",
            "gate": {"tolerance": 0.1, "maxLatency": 2, "skip": True},
            "versions": {
                "v1": {
                    "artifact": "gs://bucket/folder",
                    "runtimeVersion": "2.11",
                    "pythonVersion": "3.7",
                    "machineType": "n1-standard-2",
                    "acceleratorConfig": {"count": 1, "type": "NVIDIA_TESLA_T4"},
                    "requestLoggingConfig": {"bigqueryTableName": "p.d.t", "samplingPercentage": 0.5},
                    "explanationConfig": {"xraiAttribution": {"numIntegralSteps": 3}},
                    "timeouts": {"create": 60},
                },
                "v2": {
                    "artifact": "gs://bucket/folder",
                    "machineType": "n1-standard-2",
                    "container": {"image": "i", "env": [{"name": "A", "value": "b"}], "ports": [{"containerPort": 80}]},
                    "routes": {"predict": "/p"},
                    "manualScaling": {"nodes": 2},
                },
            },
        }
    },
}
"""A stack file with fields that the examples lack."""

DOCUMENTS = [*FILES, FULL]


def as_pulumi_passes(document: Mapping[str, Any]) -> dict[str, str]:
    """A stack file's mapping as Pulumi passes it: strings unchanged, everything else as JSON."""
    return {str(key): value if isinstance(value, str) else json.dumps(value) for key, value in document.items()}


@cache
def _resolved(name: str, parameters: str, rebuild: bool) -> models.Artifact | ArtifactError:
    try:
        return models.resolve(name, json.loads(parameters), root=ROOT, allow_rebuild=rebuild)
    except models.ModelsError as error:
        return ArtifactError(str(error))


def resolve(name: str, parameters: Mapping[str, Any] | None, rebuild: bool) -> models.Artifact:
    """Resolves an artifact as the program does, with a cache."""
    found = _resolved(name, json.dumps(parameters), rebuild)
    if isinstance(found, Exception):
        raise found
    return found


def paths(value: Any, path: str) -> Iterator[str]:
    """Every path of a document."""
    yield path
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in items:
        yield from paths(item, join(path, key))


def keys(document: Mapping[str, Any]) -> set[str]:
    """Every path of a stack file, under the keys' full names."""
    return {path for key, value in document.items() for path in paths(value, str(key))}


def assert_clear(error: errors.InvalidInput, document: Mapping[str, Any]) -> None:
    """Asserts one short printable line per failure, under an existing key or a missing child of one."""
    existing = keys(document)
    lines = str(error).split("\n")
    assert len(lines) == len(error.failures)
    for line, (path, reason) in zip(lines, error.failures, strict=True):
        assert line.isprintable(), line
        assert len(line) <= LONGEST, line
        assert reason
        parent = path.rpartition(".")[0]
        assert path in existing or parent in existing or path in TOP, (path, reason)


TOP = {"gcp:project", "gcp:region", *(f"tf2-models:{key}" for key in ("endpoint", "models", "bucket", "bucket.name"))}
"""Keys that may be missing, and a field with a default that depends on another key."""


def assert_valid(stack: plan.Stack) -> None:
    """Asserts that its inputs pass the resources' checks, and the request bodies those of the emulator."""
    assert list(BUCKET.failures(stack.bucket)) == []
    emulated.check_bucket_request({**BUCKET.body(stack.bucket), "name": stack.bucket["name"]})
    for saved in stack.saved_models.values():
        assert list(SAVED_MODEL.failures(saved)) == []
    for model in stack.models:
        name = model.inputs["name"]
        emulated.check_model_request(stack.project, {**MODEL.body(model.inputs), "name": name})
        default = {"project": stack.project, "model": name, "version": model.default, "gate": model.gate}
        assert list(DEFAULT_VERSION.failures(default)) == []
        for version in model.versions:
            body = {**VERSION.body(version.inputs), "name": version.inputs["name"]}
            emulated.check_version_request(stack.project, name, body)


def check(document: Mapping[str, Any]) -> None:
    """Reads a stack file as the program does, and asserts that its plan is valid or its errors are clear."""
    try:
        stack = platforms.read(as_pulumi_passes(document), resolve)
    except errors.InvalidInput as error:
        assert_clear(error, document)
    else:
        assert_valid(stack)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_the_original_documents_are_valid(document: Mapping[str, Any]) -> None:
    """Otherwise the tests with changed documents prove little."""
    assert_valid(platforms.read(as_pulumi_passes(document), resolve))


@given(document=mutated(DOCUMENTS))
def test_a_stack_file_with_random_changes_is_read_or_reported(document: Any) -> None:
    """A key is removed, renamed or duplicated, or gets another value."""
    check(document)


@given(key=st.sampled_from(sorted({key for file in DOCUMENTS for key in file})), text=st.text(max_size=40))
def test_any_text_of_a_key_is_read_or_reported(key: str, text: str) -> None:
    """Pulumi passes text: if it is not JSON, it is the value itself."""
    check({**FULL, key: text})


@pytest.mark.parametrize("text", ["[" * 100_000, "1" * 10_000, "NaN", '{"a": Infinity}', "\ud800", "{} {}"])
def test_extreme_text_is_read_or_reported(text: str) -> None:
    """It is nested too deeply, too long for a number, or almost JSON."""
    check({**FULL, "tf2-models:models": text})


@given(name=st.sampled_from(["bucket", "models", "allowRebuild", "concurrentOperations", "endpoint"]), value=JSON)
def test_any_value_of_a_key_is_read_or_reported(name: str, value: Any) -> None:
    """The values are any that JSON can express."""
    check({**FULL, f"tf2-models:{name}": value})


SHARE = 12
"""`make test` takes one in so many values; the rest are marked `faults`."""


@pytest.mark.parametrize("share", [0, *(pytest.param(number, marks=pytest.mark.faults) for number in range(1, SHARE))])
def test_every_strange_value_at_every_path_is_read_or_reported(share: int) -> None:
    """They are inserted one by one into the file with the most fields."""
    cells = list(itertools.product(range(len(places(FULL))), STRANGE))
    for index, value in cells[share::SHARE]:
        document = copy.deepcopy(FULL)
        where, key = places(document)[index]
        where[key] = value
        check(document)
