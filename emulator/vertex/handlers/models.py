"""`aiplatform.projects.locations.models.*`, except versions and IAM policies."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from typing import Any

from emulator.core.clock import Clock
from emulator.core.operations import Operations
from emulator.core.store import Store
from emulator.hosting import update_masks
from emulator.rest.request import Request, Response
from emulator.vertex import names, operation_subjects, tables
from emulator.vertex.requests import deletions, lists, model_patches, request_checks
from emulator.vertex.resource_json import ResourceView, named_model, version_of
from gcp import errors

_FILTERED: Mapping[str, Callable[[dict[str, Any]], str]] = {"model": lambda item: names.last(item["name"])}


class Models:
    """The methods of models.

    Args:
        store: the database.
        clock: gives the times of changes.
        view: writes answers.
        operations: runs uploads and deletions.
        warm_up: called for each upload, because a deployment may follow.
    """

    def __init__(
        self, store: Store, clock: Clock, view: ResourceView, operations: Operations, warm_up: Callable[[], None]
    ) -> None:
        self._store, self._clock, self._view = store, clock, view
        self._operations, self._warm_up = operations, warm_up

    async def projects_locations_models_upload(self, request: Request) -> Response:
        """Creates a model, or a version of `parentModel`; returns an operation. It exists once the operation has ended.

        The operation copies the artifact, so later changes in the bucket do not affect the version.
        """
        place, given = names.place(request.params["parent"]), request.body.get("model", {})
        parent = request.body.get("parentModel", "")
        copied = {
            "model": {} if parent else request_checks.model_fields(given),
            "version": request_checks.version_fields(given),
            "aliases": request_checks.aliases(given.get("versionAliases", [])),
            "uri": given.get("artifactUri", ""),
        }
        id_ = self._free_id(place.name, request.body.get("modelId", ""), parent)
        self._warm_up()
        return self._begin("UPLOAD_MODEL", f"{place.name}/models/{id_}", request, {**copied, "parent": bool(parent)})

    async def projects_locations_models_copy(self, request: Request) -> Response:
        """Copies a version of a model of any project or location into a new model, or a version of `parentModel`."""
        place, body = names.place(request.params["parent"]), request.body
        source = tables.version(self._store, body.get("sourceModel", ""))
        view = self._view.version(source)
        parent = body.get("parentModel", "")
        id_ = self._free_id(place.name, body.get("modelId", ""), parent)
        copied = {
            "model": {} if parent else request_checks.model_fields(view),
            "version": request_checks.version_fields(view),
            "aliases": [],
            "source": source["folder"],
        }
        return self._begin("COPY_MODEL", f"{place.name}/models/{id_}", request, {**copied, "parent": bool(parent)})

    async def projects_locations_models_get(self, request: Request) -> Response:
        """A version of a model: the id or alias after the `@`, or else the default version."""
        name = request.params["name"]
        return Response(body=named_model(self._view.version(tables.version(self._store, name)), name))

    async def projects_locations_models_list(self, request: Request) -> Response:
        """The models of a location, each with its default version, the latest first. See `lists` for filters."""
        place = names.place(request.params["parent"])
        query = "SELECT * FROM vertex_models WHERE project = ? AND location = ? ORDER BY created DESC, id"
        items = [self._view.model(row) for row in self._store.all(query, *place)]
        return Response(body=lists.page("models", request, items, _FILTERED))

    async def projects_locations_models_patch(self, request: Request) -> Response:
        """Changes a model (`M`, `M@-`), or a version (`M@V`): display name and description, or the version's; labels.

        A mask with fields of both is rejected.
        """
        name, mask = request.params["name"], update_masks.leaves(request.params.get("updateMask"))
        with self._store.transaction():
            row = tables.model(self._store, name)
            now, shared = self._clock.now().isoformat(), names.split_version(names.last(name))[1] in ("", "-")
            read = tables.versions(self._store, row) if shared else [tables.version(self._store, name)]
            if request.body.get("etag") not in (None, "", *(tables.version_etag(row, each) for each in read)):
                raise errors.Aborted("The etag does not match: the model was changed since it was read. Read it again.")
            if shared:
                model_patches.patch_model(self._store, row, request.body, mask, now)
            else:
                model_patches.patch_version(self._store, row, name, request.body, mask, now)
        return Response(body=self._json(name.removesuffix("@-")))

    async def projects_locations_models_delete(self, request: Request) -> Response:
        """Deletes a model with all its versions, unless one is deployed; returns an operation."""
        name = request.params["name"]
        row = tables.model(self._store, name)
        deletions.refuse_deployed(self._store, row)
        place = names.place(name)
        return self._begin("DELETE_MODEL", tables.model_name(row), request, {}, parent=place.name)

    def _free_id(self, place: str, wanted: str, parent: str) -> str:
        """The id of the model that an upload creates or extends."""
        if parent:
            row = tables.model(self._store, parent)
            if names.place(parent).name != place or wanted:
                raise request_checks.field_error("parentModel", "must be in this location, and excludes modelId.")
            return str(row["id"])
        if not wanted:
            return names.new_id()
        request_checks.model_id(wanted)
        query = "SELECT 1 FROM vertex_models WHERE project = ? AND location = ? AND id = ?"
        if self._store.one(query, *names.place(place), wanted):
            raise errors.AlreadyExists(f"Model {place}/models/{wanted} already exists.")
        return wanted

    def _json(self, name: str) -> dict[str, Any]:
        return named_model(self._view.version(tables.version(self._store, name)), name)

    def _begin(
        self, type_: str, resource: str, request: Request, content: Mapping[str, Any], *, parent: str | None = None
    ) -> Response:
        content = {**content, "folder": secrets.token_hex(16)}
        new = operation_subjects.new(type_, resource, version_of(request.path), content, parent=parent)
        with self._store.transaction():
            number = self._operations.begin(new)
        return Response(body=self._operations.start(number))
