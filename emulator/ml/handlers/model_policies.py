"""IAM policies of models, stored only."""

from __future__ import annotations

from emulator.core import iam_policies
from emulator.core.store import Store
from emulator.ml import tables
from emulator.rest.request import Request, Response
from gcp import errors


class ModelPolicies:
    """The methods of policies.

    Args:
        store: the database.
    """

    def __init__(self, store: Store) -> None:
        self._store = store

    async def projects_models_get_iam_policy(self, request: Request) -> Response:
        """The policy of a model; empty until one is set."""
        name = request.params["resource"]
        tables.model(self._store, *tables.split(name))
        return Response(body=iam_policies.read(self._store, name, {}))

    async def projects_models_set_iam_policy(self, request: Request) -> Response:
        """Replaces the policy of a model; 409 where `etag` is not the current one."""
        name = request.params["resource"]
        tables.model(self._store, *tables.split(name))
        iam_policies.write(self._store, name, (request.body or {}).get("policy") or {}, errors.Aborted)
        return Response(body=iam_policies.read(self._store, name, {}))

    async def projects_models_test_iam_permissions(self, request: Request) -> Response:
        """Gives back all permissions that are asked about."""
        return Response(body={"permissions": (request.body or {}).get("permissions") or []})
