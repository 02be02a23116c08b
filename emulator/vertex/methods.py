"""The list of emulated `aiplatform` methods. The documents in this folder hold exactly these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import orjson

from emulator.rest import discovery
from emulator.rest.discovery import Method

API = "aiplatform"
STABLE, BETA = "v1", "v1beta1"
VERSIONS = (STABLE, BETA)
_POLLED = "ui"
"""Google's clients poll operations below this path, which is in no document."""

_OF_OPERATIONS = ("cancel", "delete", "get", "list", "wait")
_NAMES: Mapping[str, Sequence[str]] = {
    "": ("get",),
    "operations": _OF_OPERATIONS,
    "models": (
        *("copy", "delete", "deleteVersion", "get", "getIamPolicy", "list", "listVersions", "mergeVersionAliases"),
        *("patch", "setIamPolicy", "testIamPermissions", "upload"),
    ),
    "models.operations": _OF_OPERATIONS,
    "endpoints": (
        *("create", "delete", "deployModel", "get", "list", "mutateDeployedModel", "patch", "predict", "rawPredict"),
        *("streamRawPredict", "undeployModel", "update"),
    ),
    "endpoints.operations": _OF_OPERATIONS,
    "deploymentResourcePools": ("create", "delete", "get", "list", "patch", "queryDeployedModels"),
    "deploymentResourcePools.operations": _OF_OPERATIONS,
    "batchPredictionJobs": ("cancel", "create", "delete", "get", "list"),
    "migratableResources": ("batchMigrate", "search"),
    "migratableResources.operations": _OF_OPERATIONS,
    "modelDeploymentMonitoringJobs": ("create", "delete", "get", "list", "patch", "pause", "resume"),
    "modelDeploymentMonitoringJobs.operations": _OF_OPERATIONS,
}
LOCATIONS = f"{API}.projects.locations"
EMULATED = frozenset(
    ".".join(part for part in (LOCATIONS, collection, name) if part)
    for collection, names in _NAMES.items()
    for name in names
)
"""Ids of the methods, the same in both versions of the API."""

PREDICT = f"{LOCATIONS}.endpoints.predict"
RAW_PREDICT = f"{LOCATIONS}.endpoints.rawPredict"
STREAM_RAW_PREDICT = f"{LOCATIONS}.endpoints.streamRawPredict"


@cache
def document(version: str) -> dict[str, Any]:
    """The part of a version's discovery document that holds the emulated methods and what they refer to."""
    found: dict[str, Any] = orjson.loads((Path(__file__).parent / "documents" / f"{version}.json").read_bytes())
    return found


def polled() -> list[Method]:
    """The methods of operations and locations at the paths that Google's clients poll."""
    found = discovery.methods(document(STABLE), proto_json=True)
    return [
        replace(method, path=method.path.replace(STABLE, _POLLED, 1))
        for method in found
        if ".operations." in method.id or method.id == f"{LOCATIONS}.get"
    ]
