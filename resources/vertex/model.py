"""`vertex.Model`: a model of the registry, its display name, labels and default version.

It creates and deletes nothing: the first upload of a version creates the model, and deleting the last version deletes
it.
"""

from __future__ import annotations

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import patch_bodies
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.vertex import names, versions
from resources.vertex.fields.model import MODEL, ModelArgs
from resources.vertex.rules import DEFAULT
from resources.vertex.service import VERTEX

_DEFAULT = "defaultVersion"


class ModelProvider(Provider):
    """`projects.locations.models.patch` of `aiplatform` v1."""

    schema = MODEL
    service = VERTEX
    create_adopts_existing = True

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/models/M`."""
        return names.model(inputs)

    def observe(self, call: Call, inputs: State) -> State:
        """`models.get`, which returns the default version: by the name in its label, or else by its number."""
        live = call.api.call(versions.methods(call).get(name=names.model(inputs)))
        return {**live, _DEFAULT: versions.name_of(live) or str(live.get("versionId", ""))}

    def make(self, call: Call, inputs: State) -> State:
        """Patches the model that the first upload created."""
        wanted = [name for name in self.schema.names("mutable") if inputs.get(name) is not None]
        return self.patch(call, {}, inputs, wanted)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`models.patch`; `models.mergeVersionAliases` for the default. Labels that others set stay."""
        fields = [path for path in mask if path != _DEFAULT]
        if fields:
            body = patch_bodies.patch_body(self.schema, self.observe(call, news), olds, news, fields)
            if "labels" in fields:
                body["labels"] = _of_model(body["labels"], versions.listed(call, news), news)
            shared = body.get("labels", {}).keys() - (news.get("labels") or {}).keys()
            versions.patch(call, names.model(news), fields, body, shared)
        if _DEFAULT in mask:
            found = versions.named(versions.listed(call, news), news[_DEFAULT])
            if found is None:
                raise errors.NotFound(f"the model {news['model']} has no version {news[_DEFAULT]}")
            versions.merge_aliases(call, news, found, [DEFAULT])
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """Does nothing: the model is deleted with its last version."""


def _of_model(labels: State, there: list[State], news: State) -> State:
    """Removes the labels that belong to one version only: a label of the model shows on every version."""
    kept = versions.labels_of_all(there) | (news.get("labels") or {}).keys()
    return {key: item for key, item in labels.items() if key in kept}


class Model(Resource, module="vertex", name="Model"):
    """The properties that all versions of a model share. Deleting this resource changes nothing."""

    provider = ModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[ModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
