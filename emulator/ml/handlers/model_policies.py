"""IAM policies of models, stored only."""

from __future__ import annotations

from typing import TYPE_CHECKING

from emulator.core import iam_policies
from emulator.ml import tables
from emulator.rest.request import Request, Response
from gcp import errors

if TYPE_CHECKING:
    from emulator.app import Emulator


async def projects_models_get_iam_policy(emulator: Emulator, request: Request) -> Response:
    """The policy of a model; empty until one is set."""
    name = request.params["resource"]
    tables.model(emulator, *tables.split(name))
    return Response(body=iam_policies.read(emulator.store, name, {}))


async def projects_models_set_iam_policy(emulator: Emulator, request: Request) -> Response:
    """Replaces the policy of a model; 409 where `etag` is not the current one."""
    name = request.params["resource"]
    tables.model(emulator, *tables.split(name))
    iam_policies.write(emulator.store, name, (request.body or {}).get("policy") or {}, errors.Aborted)
    return Response(body=iam_policies.read(emulator.store, name, {}))


async def projects_models_test_iam_permissions(_emulator: Emulator, request: Request) -> Response:
    """Gives back all permissions that are asked about."""
    return Response(body={"permissions": (request.body or {}).get("permissions") or []})
