"""Which model or version an operation of this API is about."""

from __future__ import annotations

import json
import re
import sqlite3
from collections.abc import Mapping
from typing import Any

from emulator.core.operations import NewOperation, Operations
from emulator.rest.router import Match

API = "ml"
_SHARED = "ml.projects.locations.operations."
"""Methods at addresses where other APIs have operations, too."""
_OF_ANY_NAME = ("ml.projects.predict", "ml.projects.explain")
"""Methods whose names may be anything, according to the document."""
_LOCATED = re.compile(r"projects/[^/]+/locations/")
"""How the names of other APIs begin: a model of this one belongs to no location."""


def new(
    type_: str,
    ids: tuple[str, ...],
    request: Mapping[str, Any],
    *,
    labels: Mapping[str, str] | None,
    resource: Mapping[str, Any] | None = None,
) -> NewOperation:
    """An operation to begin.

    Args:
        type_: `CREATE_VERSION`, ...
        ids: project and model, or project, model and version.
        request: what its work needs to know.
        labels: of the model or version.
        resource: the version at the start of the operation.
    """
    project, *names = ids
    model, version = (*names, None)[:2]
    return NewOperation(
        api=API,
        type=type_,
        project=project,
        name="_".join([type_.partition("_")[0].lower(), *names]),
        subject={"model": model, "version": version, "resource": resource, "labels": labels or {}},
        request=request,
    )


def model_of(operation: sqlite3.Row) -> tuple[str, str]:
    """Project and model of an operation."""
    subject = json.loads(operation["subject"])
    return operation["project"], subject["model"]


def version_of(operation: sqlite3.Row) -> tuple[str, str, str]:
    """Project, model and version of an operation about a version."""
    subject = json.loads(operation["subject"])
    return operation["project"], subject["model"], subject["version"]


def answers(operations: Operations, match: Match) -> bool:
    """Whether a call is one for this API: not if it is about an operation, or asks an endpoint, of another one."""
    if match.method.id in _OF_ANY_NAME:
        return _LOCATED.match(match.params["name"]) is None
    if not match.method.id.startswith(_SHARED):
        return True
    _, project, *_, id_ = match.params["name"].split("/")
    row = operations.find(project, id_)
    return row is None or bool(row["api"] == API)
