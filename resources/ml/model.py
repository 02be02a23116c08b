"""`ml.Model`: a named container of versions."""

from __future__ import annotations

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages, ownership, patch_bodies
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.ml import names
from resources.ml.schema import MODEL, ModelArgs
from resources.ml.service import ML

_SHOWN = 5
_DELETES = "DELETE_MODEL"
"""`operationType` in an operation's metadata."""


class ModelProvider(Provider):
    """`projects.models` of `ml` v1."""

    schema = MODEL
    service = ML

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M`."""
        return names.model(inputs["project"], inputs["name"])

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.get`."""
        live: State = call.api.call(call.methods("projects.models").get(name=self.identity(inputs)))
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`projects.models.create`, which is not an operation."""
        body = {**self.schema.body(inputs), "name": inputs["name"]}
        models = call.methods("projects.models")
        request = models.create(parent=f"projects/{inputs['project']}", body=body)
        live: State = call.api.call(request, repeatable=ownership.bears_mark(inputs))
        return live

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.models.patch` with the etag of a fresh read. Labels set by others stay."""
        live = self.observe(call, news)
        body = patch_bodies.patch_body(self.schema, live, olds, news, mask)
        models = call.methods("projects.models")
        # With the etag, a repeated patch does not undo a change that was made in between.
        call.operate(models.patch(name=self.identity(news), updateMask=",".join(mask), body=body), repeatable=True)
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`projects.models.delete`. The API refuses while the model has versions or is already being deleted."""
        name = self.identity(inputs)
        try:
            call.operate(call.methods("projects.models").delete(name=name), repeatable=True)
        except errors.FailedPrecondition:
            operation = _deletion(call, inputs["project"], name)
            if operation is None:
                self._refuse_full(call, name)
                raise
            call.wait(operation, "ml.projects.models.delete")

    def _refuse_full(self, call: Call, name: str) -> None:
        """Raises `FailedPrecondition` with its versions, or `NotFound` if it has been deleted in the meantime."""
        found = call.api.call(call.methods("projects.models.versions").list(parent=name, pageSize=_SHOWN + 1))
        versions = [names.last(item["name"]) for item in found.get("versions", [])]
        if versions:
            more = " and more" if len(versions) > _SHOWN else ""
            again = f". {error_messages.UNTAINT}" if ownership.declared(call.urn) else ""
            raise errors.FailedPrecondition(
                f"it has versions: {', '.join(versions[:_SHOWN])}{more}; delete them first{again}"
            )


def _deletion(call: Call, project: str, name: str) -> State | None:
    """The running operation that deletes this model, started by an earlier process or a call without a response."""
    for operation in call.api.listed(call.methods("projects.operations"), "operations", name=f"projects/{project}"):
        about = operation.get("metadata", {})
        if not operation.get("done") and (about.get("operationType"), about.get("modelName")) == (_DELETES, name):
            return operation
    return None


class Model(Resource, module="ml", name="Model"):
    """A named container of versions."""

    provider = ModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[ModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
