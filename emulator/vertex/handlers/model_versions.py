"""`aiplatform.projects.locations.models`: methods for versions and IAM policies."""

from __future__ import annotations

from emulator.core import iam_policies
from emulator.core.clock import Clock
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.rest.request import Request, Response
from emulator.vertex import names, operation_subjects, tables
from emulator.vertex.requests import deletions, lists, model_patches, request_checks
from emulator.vertex.resource_json import ResourceView, version_of
from gcp import errors


class ModelVersions:
    """The methods of versions.

    Args:
        store: the database.
        clock: gives the times of changes.
        view: writes answers.
        operations: runs deletions.
        release_seconds: for how long after undeploying it a version cannot be deleted.
    """

    def __init__(
        self, store: Store, clock: Clock, view: ResourceView, operations: Operations, *, release_seconds: float
    ) -> None:
        self._store, self._clock, self._view = store, clock, view
        self._operations, self._release_seconds = operations, release_seconds

    async def projects_locations_models_list_versions(self, request: Request) -> Response:
        """The versions of a model, the latest first. See `lists` for filters."""
        parent = tables.model(self._store, request.params["name"])
        rows = reversed(tables.versions(self._store, parent))
        return Response(body=lists.page("models", request, (self._view.version(row, parent) for row in rows), {}))

    async def projects_locations_models_merge_version_aliases(self, request: Request) -> Response:
        """Adds aliases to a version, or removes those with a leading `-`; returns the version.

        An alias of another version moves here, also `default`.
        """
        name = request.params["name"]
        _require_id(name)
        given = request.body.get("versionAliases", [])
        if not given:
            raise request_checks.field_error("versionAliases", "is required.")
        with self._store.transaction():
            row = tables.version(self._store, name)
            model_patches.merge_aliases(self._store, row, given, self._clock.now().isoformat())
        return Response(body=self._view.version(tables.version(self._store, name)))

    async def projects_locations_models_delete_version(self, request: Request) -> Response:
        """Deletes a version, unless it is the only one, the default one, or deployed; returns an operation."""
        name = request.params["name"]
        _require_id(name)
        with self._store.transaction():
            row = tables.version(self._store, name)
            deletions.refuse_needed(self._store, row, self._clock.now(), self._release_seconds)
            new = operation_subjects.new(
                "DELETE_MODEL_VERSION",
                tables.version_name(row),
                version_of(request.path),
                {},
                parent=names.place(name).name,
            )
            number = self._operations.begin(new)
        return Response(body=self._operations.start(number))

    async def projects_locations_models_get_iam_policy(self, request: Request) -> Response:
        """The policy of a model; empty until one is set."""
        row = tables.model(self._store, request.params["resource"])
        return Response(body=iam_policies.read(self._store, tables.model_name(row), {}))

    async def projects_locations_models_set_iam_policy(self, request: Request) -> Response:
        """Replaces the policy of a model; 409 if `etag` is not the current one."""
        name = tables.model_name(tables.model(self._store, request.params["resource"]))
        iam_policies.write(self._store, name, (request.body or {}).get("policy") or {}, errors.Aborted)
        return Response(body=iam_policies.read(self._store, name, {}))

    async def projects_locations_models_test_iam_permissions(self, request: Request) -> Response:
        """Returns all permissions in the request."""
        return Response(body={"permissions": request.params.get("permissions") or []})


def _require_id(name: str) -> None:
    """Rejects a name without a version's id: an alias may move between two calls. Raises `InvalidArgument`."""
    if not names.split_version(names.last(name))[1].isdecimal():
        raise request_checks.field_error("name", f"must end with @ and the id of a version; got {name}.")
