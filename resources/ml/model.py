"""`ml.Model`: a named container of versions."""

from __future__ import annotations

import pulumi
from typing_extensions import Unpack

from resources._provider import Call, Provider, Resource, State
from resources.ml import _names
from resources.ml.schema import MODEL, ModelArgs


class ModelProvider(Provider):
    """`projects.models` of `ml` v1."""

    schema = MODEL

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M`."""
        return _names.model(inputs["project"], inputs["name"])

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.get`."""
        live: State = call.api.call(call.api.ml.projects().models().get(name=self.identity(inputs)))
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`projects.models.create`, which answers at once."""
        body = {**self.schema.body(inputs), "name": inputs["name"]}
        models = call.api.ml.projects().models()
        live: State = call.api.call(models.create(parent=f"projects/{inputs['project']}", body=body))
        return live

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.models.patch` with the etag of a fresh read; labels that others set stay."""
        live = self.observe(call, news)
        body = _names.patch_body(self.schema, live, olds, news, mask)
        models = call.api.ml.projects().models()
        call.operate(models.patch(name=self.identity(news), updateMask=",".join(mask), body=body))
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`projects.models.delete`; the API refuses while versions are left."""
        call.operate(call.api.ml.projects().models().delete(name=self.identity(inputs)))


class Model(Resource, module="ml", name="Model"):
    """A named container of versions."""

    provider = ModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[ModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
