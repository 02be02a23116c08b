"""The JSON of errors, as Google's APIs write it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from emulator.http.early_errors import EarlyError
from gcp.errors import ApiError

ErrorBody = Callable[[ApiError], dict[str, Any]]
"""Writes the body of an error response in the form of one API."""

Violation = dict[str, str]


def canonical(error: ApiError) -> dict[str, Any]:
    """The form of most APIs: code, message, the canonical name of the code, and details if there are any."""
    body: dict[str, Any] = {"code": error.code, "message": error.message, "status": error.status}
    if error.details:
        body["details"] = error.details
    return {"error": body}


def with_reasons(error: ApiError) -> dict[str, Any]:
    """The older form, with a list of errors that each have a reason."""
    reasons = [{"message": error.message, "domain": "global", "reason": error.reason}]
    return {"error": {"code": error.code, "message": error.message, "errors": reasons}}


def early(error: EarlyError) -> bytes:
    """Both forms in one: before there is a request, the API is not known."""
    reasons = [{"message": error.message, "domain": "global", "reason": error.reason}]
    code = int(error.line[:3])
    body = {"code": code, "message": error.message, "status": error.status, "errors": reasons}
    return json.dumps({"error": body}).encode()


def violation(field: str, description: str) -> Violation:
    """One wrong field; empty for the request as a whole."""
    return {"field": field, "description": description} if field else {"description": description}


def bad_request(violations: Sequence[Violation]) -> list[dict[str, Any]]:
    """The `details` of an error about these fields: `google.rpc.BadRequest`."""
    return [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list(violations)}]
