"""What Vertex AI knows of an endpoint and of a model version, beside the predictions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any

from gcp import errors
from gcp.api import Api, shared
from gcp.settings import DEDICATED_HOST
from resources.storage.rules import SERVING_FOLDER
from resources.vertex import names
from resources.vertex.service import VERTEX

_NUMBERED_BELOW = "--model_base_path="
"""An argument of TensorFlow Serving. If present, the SavedModel is in a numbered folder below the artifact's URI."""


@lru_cache(maxsize=1024)
def api_of(api: Api, endpoint: str) -> Api:
    """The host at which an endpoint, `projects/P/locations/L/endpoints/E`, predicts: `endpoints.get`, once per process.

    A dedicated endpoint of Google's has its own host, which takes the same credentials. Any other server has one host
    for all. If these credentials may not read the endpoint, the region's host is used.
    """
    if not api.settings.is_google:
        return api
    try:
        found = api.call(api.methods(VERTEX, "projects.locations.endpoints").get(name=endpoint))
    except errors.PermissionDenied:
        return api
    host = str(found.get("dedicatedEndpointDns") or "")
    if not host.endswith(DEDICATED_HOST):
        return api
    return shared(replace(api.settings, endpoint=f"https://{host}"))


@lru_cache(maxsize=1024)
def version_name(api: Api, of: str) -> str:
    """The name of a model version, `projects/P/locations/L/models/M@V`: `models.get`, once per process.

    Returns its number if it has no name, or if these credentials may only predict.
    """
    try:
        return name_of(api.call(api.methods(VERTEX, "projects.locations.models").get(name=of)))
    except errors.ApiError:
        return of.rpartition("@")[2]


def name_of(version: Mapping[str, Any]) -> str:
    """The name of a version, as the API has it; its number if it has none."""
    return str((version.get("labels") or {}).get(names.VERSION_LABEL) or version.get("versionId", ""))


def folder_of(version: Mapping[str, Any]) -> str:
    """The folder of a version's SavedModel; empty if it has none."""
    uri, arguments = str(version.get("artifactUri", "")), (version.get("containerSpec") or {}).get("args") or []
    below = any(str(argument).startswith(_NUMBERED_BELOW) for argument in arguments)
    return f"{uri.rstrip('/')}/{SERVING_FOLDER}/" if uri and below else uri
