"""Every schema against the discovery document that google-api-python-client bundles."""

from __future__ import annotations

import json
from functools import cache
from typing import Any, Literal, get_args, get_origin

import pytest
from googleapiclient import discovery_cache
from typing_extensions import is_typeddict

from resources.ml.jobs.schema import BATCH_PREDICTION_JOB
from resources.ml.schema import MODEL, VERSION
from resources.schema import types
from resources.schema.fields import Schema
from resources.storage.schema import BUCKET
from resources.vertex.fields.batch_prediction_job import BATCH_PREDICTION_JOB as VERTEX_BATCH_PREDICTION_JOB
from resources.vertex.fields.endpoint import DEPLOYED_MODEL, ENDPOINT
from resources.vertex.fields.model import MODEL_VERSION
from resources.vertex.fields.monitoring import MODEL_MONITORING_JOB
from resources.vertex.fields.resource_pool import DEPLOYMENT_RESOURCE_POOL

NUMBERS = {"int32": int, "int64": types.Int64, "double": float}
OWN_OUTPUTS = {"drift"}


STABLE, PREVIEW = "v1", "v1beta1"


@cache
def document(api: str, version: str = STABLE) -> dict[str, Any]:
    """The bundled discovery document of an API."""
    found: dict[str, Any] = json.loads(discovery_cache.get_static_doc(api, version))
    return found


def published_fields(api: str, schema: Schema) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields of a schema, and all schemas of their document: of the preview, if the resource has a way to it."""
    if "preview" not in schema.types:
        schemas = document(api)["schemas"]
        return schemas[schema.discovery]["properties"], schemas
    schemas = document(api, PREVIEW)["schemas"]
    return schemas[schema.discovery.replace("V1", "V1beta1")]["properties"], schemas


def mismatches(kind: Any, described: dict[str, Any], schemas: dict[str, Any], path: str) -> list[str]:
    """Where a type of ours says something else than the document."""
    described = schemas[described["$ref"]] if "$ref" in described else described
    if kind is Any:
        return []
    kind = types.plain_type(kind)
    if is_typeddict(kind):
        return _object_mismatches(kind, described, schemas, path)
    if get_origin(kind) is list:
        return mismatches(get_args(kind)[0], described["items"], schemas, f"{path}[]")
    if get_origin(kind) is dict:
        return mismatches(get_args(kind)[1], described["additionalProperties"], schemas, f"{path}{{}}")
    if get_origin(kind) is Literal:
        known = set(described.get("enum") or get_args(kind))
        return [] if {name for name in known if "UNSPECIFIED" not in name} == set(get_args(kind)) else [path]
    expected = {"string": str, "boolean": bool}.get(described["type"])
    expected = NUMBERS.get(described.get("format", ""), expected)
    return [] if kind is expected else [f"{path}: {kind} is not {expected}"]


def _object_mismatches(kind: Any, described: dict[str, Any], schemas: dict[str, Any], path: str) -> list[str]:
    found = []
    for name, member in types.members(kind).items():
        if name not in described["properties"]:
            found.append(f"{path}.{name} is not in the document")
        else:
            found += mismatches(member, described["properties"][name], schemas, f"{path}.{name}")
    return found


@pytest.mark.parametrize(
    ("api", "schema"),
    [
        ("ml", MODEL),
        ("ml", VERSION),
        ("ml", BATCH_PREDICTION_JOB),
        ("storage", BUCKET),
        ("aiplatform", MODEL_VERSION),
        ("aiplatform", ENDPOINT),
        ("aiplatform", DEPLOYED_MODEL),
        ("aiplatform", DEPLOYMENT_RESOURCE_POOL),
        ("aiplatform", MODEL_MONITORING_JOB),
        ("aiplatform", VERTEX_BATCH_PREDICTION_JOB),
    ],
    ids=[
        *("model", "version", "job", "bucket", "model version", "endpoint", "deployed model", "resource pool"),
        *("monitoring job", "vertex job"),
    ],
)
class TestSchema:
    """Held to the document that Google publishes."""

    def test_every_field_of_the_api_is_there_or_left_out_with_a_reason(self, api: str, schema: Schema) -> None:
        """A field that Google adds fails here, until somebody decides."""
        published = set(published_fields(api, schema)[0])
        ours = set(schema.names("path", "fixed", "mutable", "output")) & published
        left_out = {name for name in schema.left_out if "." not in name}

        assert published == ours | left_out
        assert ours.isdisjoint(schema.left_out)
        assert all(schema.left_out.values())

    def test_no_field_is_ours_alone_that_is_sent(self, api: str, schema: Schema) -> None:
        """A wrong name would be refused by the API at the first `up`."""
        published = set(published_fields(api, schema)[0])

        assert set(schema.names("fixed", "mutable")) <= published
        assert set(schema.names("output")) - OWN_OUTPUTS <= published

    def test_types_are_those_of_the_document(self, api: str, schema: Schema) -> None:
        """Nested objects, numbers and enumerations alike."""
        published, schemas = published_fields(api, schema)
        sent = [name for name in schema.names("path", "fixed", "mutable", "output") if name in published]

        assert set(schema.names("fixed", "mutable", "output")) - OWN_OUTPUTS <= set(sent)
        assert [bad for name in sent for bad in mismatches(schema.types[name], published[name], schemas, name)] == []

    def test_leaves_that_may_be_patched_exist(self, api: str, schema: Schema) -> None:
        """A misspelt leaf would make every change of it a refusal."""
        for name in schema.names("mutable"):
            for leaf in schema.fields[name].leaves:
                assert leaf in types.members(schema.types[name])


@pytest.mark.parametrize("schema", [DEPLOYED_MODEL, DEPLOYMENT_RESOURCE_POOL], ids=["deployed model", "resource pool"])
class TestPreview:
    """Resources that v1beta1 is called for."""

    def test_every_field_of_their_machines_is_there_or_left_out(self, schema: Schema) -> None:
        """Objects within objects, too."""
        published, schemas = published_fields("aiplatform", schema)
        kind = schema.types["dedicatedResources"]
        found = set(missing(kind, published["dedicatedResources"], schemas, "dedicatedResources"))

        assert found == {name for name in schema.left_out if "." in name}

    def test_the_stable_version_has_no_field_beside_those_of_the_preview(self, schema: Schema) -> None:
        """So that the preview's document describes both."""
        stable = document("aiplatform")["schemas"][schema.discovery]["properties"]

        assert set(stable) <= set(published_fields("aiplatform", schema)[0])


def missing(kind: Any, described: dict[str, Any], schemas: dict[str, Any], path: str) -> list[str]:
    """The fields of a document's object that a type of ours does not have."""
    described = schemas[described["$ref"]] if "$ref" in described else described
    kind = types.plain_type(kind)
    if get_origin(kind) is list:
        return missing(get_args(kind)[0], described["items"], schemas, path)
    if not is_typeddict(kind):
        return []
    found, ours = [], types.members(kind)
    for name, inner in described["properties"].items():
        below = missing(ours[name], inner, schemas, f"{path}.{name}") if name in ours else [f"{path}.{name}"]
        found += below
    return found
