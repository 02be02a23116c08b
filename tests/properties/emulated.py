"""The emulator's own checks of a new resource, without its HTTP: the discovery document's, then each API's."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from emulator.ml import api as ml_api
from emulator.ml import request_checks
from emulator.rest.parsing import json_body
from emulator.storage import api as storage_api
from emulator.storage import names
from emulator.storage.fields import bucket_fields
from gcp import errors

_METHODS = {method.id: method for method in (*ml_api.methods(), *storage_api.methods())}
_ONLY_GOOGLE = ("is not supported. This endpoint has", "his endpoint serves TensorFlow SavedModels only")
"""What the emulator says of a version that Google would take."""

_NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)


def _sent(method: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as it arrives. Raises `ValueError` for what is no JSON, such as NaN."""
    return json_body.parse(_METHODS[method], json.dumps(body, allow_nan=False).encode())


def take_bucket(body: Mapping[str, Any]) -> None:
    """`storage.buckets.insert`. Raises `ApiError`."""
    arrived = bucket_fields.given(_sent("storage.buckets.insert", body))
    names.check_bucket(arrived["name"])
    bucket_fields.completed(arrived, {}, _NOW)


def take_model(project: str, body: Mapping[str, Any]) -> None:
    """`ml.projects.models.create`. Raises `ApiError`."""
    request_checks.model_body(project, _sent("ml.projects.models.create", body))


def take_version(project: str, model: str, body: Mapping[str, Any]) -> None:
    """`ml.projects.models.versions.create`. Raises `ApiError`, but for what only Google serves."""
    arrived = _sent("ml.projects.models.versions.create", body)
    try:
        request_checks.version_body(project, model, arrived)
    except errors.InvalidArgument as error:
        if not any(text in error.message for text in _ONLY_GOOGLE):
            raise
