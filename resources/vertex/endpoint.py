"""`vertex.Endpoint`: the stable address behind which models are deployed."""

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
"""The one field that `endpoints.update` changes, and `endpoints.patch` does not."""
_replaced: set[str] = set()
"""Full names of the endpoints that this run deletes and makes again, since a fixed field changes."""


def methods(call: Call) -> Any:
    """The methods of `projects.locations.endpoints`."""
    return call.methods("projects.locations.endpoints")


def read(call: Call, inputs: State) -> State:
    """`endpoints.get`, of inputs that say project, location and endpoint. Raises `NotFound`."""
    live: State = call.api.call(methods(call).get(name=names.endpoint(inputs)))
    return live


def is_replaced(inputs: Mapping[str, Any]) -> bool:
    """Whether this run deletes the endpoint and makes it again, as `allowDowntime` has it."""
    return names.endpoint(inputs) in _replaced


class EndpointProvider(Provider):
    """`projects.locations.endpoints` of `aiplatform` v1."""

    schema = ENDPOINT
    service = VERTEX

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/endpoints/E`."""
        return names.endpoint(inputs)

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """As every resource; notes a replacement, before which the endpoint must lose its traffic split."""
        found = super().check(_olds, news)
        if _olds and not found.failures and self._changes(_olds, news).fixed:
            _replaced.add(names.endpoint(news))
        return found

    def observe(self, call: Call, inputs: State) -> State:
        """`endpoints.get`."""
        return read(call, inputs)

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
        """Raises `AlreadyExists` if the endpoint is there, else the operation's own error."""
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
        """Raises `FailedPrecondition` that says what is deployed, or `NotFound` if it is gone in the meantime."""
        deployed = read(call, inputs).get("deployedModels", [])
        listed = [f"{each['id']} ({names.last(each.get('model', ''))})" for each in deployed]
        if listed:
            more = " and more" if len(listed) > _SHOWN else ""
            again = f". {error_messages.UNTAINT}" if ownership.declared(call.urn) else ""
            raise errors.FailedPrecondition(
                f"models are deployed on it: {', '.join(listed[:_SHOWN])}{more}; undeploy them first{again}"
            )


class Endpoint(Resource, module="vertex", name="Endpoint"):
    """The stable address behind which models are deployed."""

    provider = EndpointProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[EndpointArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
