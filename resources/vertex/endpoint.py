"""`vertex.Endpoint`: a stable address on which models are deployed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import dynamic
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages, ownership, patch_bodies
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.vertex import names
from resources.vertex.fields.endpoint import ENDPOINT, EndpointArgs
from resources.vertex.service import VERTEX
from resources.vertex.shared_state import alone

_SHOWN = 5
_ALREADY_EXISTS = 6
"""google.rpc.Code of an operation's error."""
_BY_UPDATE = "clientConnectionConfig"
"""The only field that needs `endpoints.update`; `endpoints.patch` does not change it."""
_replaced: set[str] = set()
"""Full names of the endpoints that this run replaces, because a fixed field changes."""


def methods(call: Call) -> Any:
    """The methods of `projects.locations.endpoints`."""
    return call.methods("projects.locations.endpoints")


def read(call: Call, inputs: State) -> State:
    """`endpoints.get`, from inputs with project, location and endpoint. Raises `NotFound`."""
    live: State = call.api.call(methods(call).get(name=names.endpoint(inputs)))
    return live


def is_replaced(inputs: Mapping[str, Any]) -> bool:
    """Whether this run deletes and recreates the endpoint, which `allowDowntime` permits."""
    return names.endpoint(inputs) in _replaced


class EndpointProvider(Provider):
    """`projects.locations.endpoints` of `aiplatform` v1."""

    schema = ENDPOINT
    service = VERTEX

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/endpoints/E`."""
        return names.endpoint(inputs)

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """The common `diff`. Also records a replacement: the split has to be cleared before the deletion."""
        found = super().check(_olds, news)
        if _olds and not found.failures and self._changes(_olds, news).fixed:
            _replaced.add(names.endpoint(news))
        return found

    def observe(self, call: Call, inputs: State) -> State:
        """`endpoints.get`."""
        return read(call, inputs)

    def await_creation(self, call: Call, inputs: State) -> None:
        """Waits for the operation that creates it."""
        with alone(call, names.endpoint(inputs)):
            return

    def make(self, call: Call, inputs: State) -> State:
        """`endpoints.create`, awaited."""
        parent = names.location(inputs["project"], inputs["location"])
        request = methods(call).create(parent=parent, endpointId=inputs["endpoint"], body=self.schema.body(inputs))
        try:
            call.operate(request, repeatable=ownership.bears_mark(inputs))
        except errors.OperationFailed as error:
            if error.code != _ALREADY_EXISTS:
                raise
            self._refuse_existing(call, inputs, error)
        return read(call, inputs)

    def _refuse_existing(self, call: Call, inputs: State, error: errors.OperationFailed) -> None:
        """Raises `AlreadyExists` if the endpoint exists, otherwise the operation's own error."""
        try:
            read(call, inputs)
        except errors.NotFound:
            raise error from None
        exists = errors.AlreadyExists(str(error))
        exists.method = error.method
        raise exists

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`endpoints.patch`, and `endpoints.update` for `clientConnectionConfig`; labels that others set stay."""
        with alone(call, names.endpoint(news)):
            live, name = read(call, news), names.endpoint(news)
            fields = [path for path in mask if path != _BY_UPDATE]
            if fields:
                body = patch_bodies.patch_body(self.schema, live, olds, news, fields)
                request = methods(call).patch(name=name, updateMask=",".join(fields), body=body)
                call.api.call(request, repeatable=True)
            if _BY_UPDATE in mask:
                body = {"endpoint": self.schema.pick(news, [_BY_UPDATE])}
                call.operate(methods(call).update(name=name, body=body), repeatable=True)
        return read(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`endpoints.delete`, awaited; the service refuses while models are deployed."""
        with alone(call, names.endpoint(inputs)):
            try:
                call.operate(methods(call).delete(name=names.endpoint(inputs)), repeatable=True)
            except errors.FailedPrecondition:
                self._refuse_full(call, inputs)
                raise

    def _refuse_full(self, call: Call, inputs: State) -> None:
        """Raises `FailedPrecondition` with the list of deployed models, or `NotFound` if it was deleted meanwhile."""
        deployed = read(call, inputs).get("deployedModels", [])
        listed = [f"{each['id']} ({names.last(each.get('model', ''))})" for each in deployed]
        if listed:
            more = " and more" if len(listed) > _SHOWN else ""
            again = f". {error_messages.UNTAINT}" if ownership.declared(call.urn) else ""
            raise errors.FailedPrecondition(
                f"models are deployed on it: {', '.join(listed[:_SHOWN])}{more}; undeploy them first{again}"
            )


class Endpoint(Resource, module="vertex", name="Endpoint"):
    """A stable address on which models are deployed."""

    provider = EndpointProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[EndpointArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
