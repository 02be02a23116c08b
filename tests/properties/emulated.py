"""The emulator's checks of a new resource, without HTTP: those of the discovery document, then each API's."""

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
_GOOGLE_ONLY = ("is not supported. This endpoint has", "his endpoint serves TensorFlow SavedModels only")
"""Parts of the emulator's errors about versions that Google accepts."""

_NOW = datetime(2026, 1, 31, tzinfo=timezone.utc)


def _sent(method: str, body: Mapping[str, Any]) -> dict[str, Any]:
    """A body as a handler gets it. Raises `ValueError` for a value that JSON does not have, such as NaN."""
    return json_body.parse(_METHODS[method], json.dumps(body, allow_nan=False).encode())


def check_bucket_request(body: Mapping[str, Any]) -> None:
    """Checks a body of `storage.buckets.insert`. Raises `ApiError`."""
    arrived = bucket_fields.given(_sent("storage.buckets.insert", body))
    names.check_bucket(arrived["name"])
    bucket_fields.completed(arrived, {}, _NOW)


def check_model_request(project: str, body: Mapping[str, Any]) -> None:
    """Checks a body of `ml.projects.models.create`. Raises `ApiError`."""
    request_checks.model_body(project, _sent("ml.projects.models.create", body))


def check_version_request(project: str, model: str, body: Mapping[str, Any]) -> None:
    """Checks a body of `ml.projects.models.versions.create`. Raises `ApiError`, except for what only Google serves."""
    arrived = _sent("ml.projects.models.versions.create", body)
    try:
        request_checks.version_body(project, model, arrived)
    except errors.InvalidArgument as error:
        if not any(text in error.message for text in _GOOGLE_ONLY):
            raise
