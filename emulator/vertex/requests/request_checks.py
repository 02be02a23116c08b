"""Checks models, versions and endpoints in requests, and returns the bodies to store.

The rules come from the discovery document's descriptions of `Model`, `ModelContainerSpec` and `Endpoint`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

from emulator.core.google_names import snake
from emulator.hosting import proto_values
from emulator.rest.error_body import bad_request, violation
from gcp import errors
from resources.schema import labels

MODEL_FIELDS = ("displayName", "description", "encryptionSpec")
"""Fields that the versions of a model share. Both models and versions have labels."""
VERSION_FIELDS = (
    *("artifactUri", "baseModelSource", "containerSpec", "dataStats", "defaultCheckpointId", "explanationSpec"),
    *("labels", "metadata", "metadataSchemaUri", "pipelineJob", "predictSchemata", "versionDescription"),
)
ENDPOINT_FIELDS = (
    *("clientConnectionConfig", "dedicatedEndpointEnabled", "description", "displayName", "encryptionSpec"),
    *("enablePrivateServiceConnect", "gdcConfig", "genAiAdvancedFeaturesConfig", "labels", "network"),
    *("predictRequestResponseLoggingConfig", "privateServiceConnectConfig", "publisherModelConfig"),
)
_MOST_NAME = 128
_MOST_TIMEOUT = 3600
_MODEL_ID = r"[a-z_][a-z0-9_-]{0,62}"
_ENDPOINT_ID = r"[a-z]([a-z0-9-]{0,61}[a-z0-9])?|[1-9][0-9]{0,9}"
_ALIAS = r"[a-z][a-zA-Z0-9-]{0,126}[a-z0-9]"
_REGISTRIES = r"([a-z0-9-]+-docker\.pkg\.dev|([a-z]+\.)?gcr\.io)/[^/]+/.+"


def field_error(path: str, text: str) -> errors.ApiError:
    """An error that names the field."""
    path = snake(path)
    return errors.InvalidArgument(f"{path}: {text}", bad_request([violation(path, text)]))


def seconds(path: str, text: str, least: float, most: float) -> float:
    """The seconds of a duration, `300s`. Raises `InvalidArgument` if it is invalid or out of bounds."""
    found = re.fullmatch(r"([0-9]{1,9}(?:\.[0-9]{1,9})?)s", text)
    if found is None or not least <= float(found[1]) <= most:
        raise field_error(path, f"must be {least:g}s to {most:g}s; got {text!r}.")
    return float(found[1])


def display_name(body: Mapping[str, Any], resource: str) -> None:
    """Rejects a display name that is missing or too long. Raises `InvalidArgument`."""
    name = body.get("displayName", "")
    if not 0 < len(name) <= _MOST_NAME:
        raise field_error(f"{resource}.displayName", f"must have 1 to {_MOST_NAME} characters; it has {len(name)}.")


def check_labels(body: Mapping[str, Any], resource: str) -> None:
    """Rejects invalid labels. Raises `InvalidArgument`."""
    for path, reason in labels.label_failures(body.get("labels", {})):
        raise field_error(f"{resource}.{path}", f"{reason}.")


def model_id(given: str) -> None:
    """Rejects an invalid id of a new model. Raises `InvalidArgument`."""
    if not re.fullmatch(_MODEL_ID, given):
        raise field_error("modelId", "must have up to 63 of a-z, 0-9, _ and -, and start with neither digit nor -.")


def endpoint_id(given: str) -> None:
    """Rejects an invalid id of a new endpoint. Raises `InvalidArgument`."""
    if not re.fullmatch(_ENDPOINT_ID, given):
        text = (
            "must have up to 63 of a-z, 0-9 and - and start with a letter, or be up to 10 digits without a leading 0."
        )
        raise field_error("endpointId", text)


def aliases(given: Iterable[str]) -> list[str]:
    """The aliases of a version, without duplicates. Raises `InvalidArgument` for an invalid one."""
    found = list(dict.fromkeys(given))
    for alias in found:
        if not re.fullmatch(_ALIAS, alias):
            text = f"{alias!r} must have 2 to 128 letters, digits and -, start with a small letter, not end with -."
            raise field_error("versionAliases", text)
    return found


def model_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The body to store for a new model: fields that its versions share. Raises `InvalidArgument`."""
    display_name(given, "model")
    return proto_values.stored({name: given[name] for name in MODEL_FIELDS if name in given})


def version_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The body to store for a new version. Output-only fields are ignored. Raises `InvalidArgument`."""
    check_labels(given, "model")
    uri, image = given.get("artifactUri", ""), given.get("containerSpec", {}).get("imageUri", "")
    if uri and not re.fullmatch(r"gs://[^/]+(/.*)?", uri):
        raise field_error("model.artifactUri", f"must begin with gs:// and the name of a bucket; got {uri!r}.")
    if not image:
        raise field_error("model.containerSpec.imageUri", "is required: this endpoint serves containers only.")
    if not re.fullmatch(_REGISTRIES, image):
        raise field_error("model.containerSpec.imageUri", f"must be in Artifact Registry; got {image!r}.")
    body = {name: given[name] for name in VERSION_FIELDS if name in given}
    return proto_values.stored(body, ("labels", "metadata"))


def endpoint_fields(given: Mapping[str, Any]) -> dict[str, Any]:
    """The body to store for a new endpoint. Output-only fields are ignored. Raises `InvalidArgument`."""
    display_name(given, "endpoint")
    check_labels(given, "endpoint")
    if given.get("trafficSplit"):
        raise field_error("endpoint.trafficSplit", "must be empty: a new endpoint has no deployed models.")
    private = given.get("privateServiceConnectConfig") or given.get("enablePrivateServiceConnect")
    if given.get("network") and private:
        raise field_error("endpoint.network", "excludes Private Service Connect.")
    client_connection(given)
    return proto_values.stored({name: given[name] for name in ENDPOINT_FIELDS if name in given})


def client_connection(given: Mapping[str, Any]) -> None:
    """Rejects an invalid timeout of predictions. Raises `InvalidArgument`."""
    timeout = given.get("clientConnectionConfig", {}).get("inferenceTimeout")
    if timeout is not None:
        seconds("endpoint.clientConnectionConfig.inferenceTimeout", timeout, 1, _MOST_TIMEOUT)
