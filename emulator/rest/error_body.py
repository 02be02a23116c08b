"""Which fields of a request are wrong, as Google's errors tell it: `google.rpc.BadRequest`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

Violation = dict[str, str]


def violation(field: str, description: str) -> Violation:
    """One wrong field; empty for the request as a whole."""
    return {"field": field, "description": description} if field else {"description": description}


def bad_request(violations: Sequence[Violation]) -> list[dict[str, Any]]:
    """The `details` of an error about these fields."""
    return [{"@type": "type.googleapis.com/google.rpc.BadRequest", "fieldViolations": list(violations)}]
