"""`vertex.DeploymentResourcePool`: machines that the deployed models of several endpoints share."""

from __future__ import annotations

from typing import Any

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages, ownership
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.vertex import names
from resources.vertex.fields.resource_pool import DEPLOYMENT_RESOURCE_POOL, DeploymentResourcePoolArgs
from resources.vertex.service import VERTEX
from resources.vertex.shared_state import alone, versioned

_SHOWN = 5
_RESOURCES, _INITIAL = "dedicatedResources", "initialReplicaCount"


class DeploymentResourcePoolProvider(Provider):
    """`projects.locations.deploymentResourcePools` of `aiplatform` v1, or v1beta1 with `preview`.

    A pool has no labels. A stack recognizes its pool by the id, which is computed from the pool's name and from every
    field that cannot be changed in place.
    """

    schema = DEPLOYMENT_RESOURCE_POOL
    service = VERTEX
    deletion_goes_on = True
    create_adopts_existing = True
    timeouts = {"create": 3600.0, "read": 600.0, "update": 3600.0, "delete": 1800.0}  # noqa: RUF012 - a ClassVar above

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/deploymentResourcePools/ID`."""
        return names.resource_pool(inputs)

    def observe(self, call: Call, inputs: State) -> State:
        """`deploymentResourcePools.get`."""
        live: State = call.api.call(_methods(versioned(call, inputs)).get(name=names.resource_pool(inputs)))
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`deploymentResourcePools.create`, awaited. An existing pool with this id is updated."""
        call = versioned(call, inputs)
        with alone(call, names.resource_pool(inputs)):
            found = self._found(call, inputs)
            if found is None:
                try:
                    call.operate(self._create(call, inputs), repeatable=False)
                except errors.EndpointUnreachable:  # it may have begun
                    with alone(call, names.resource_pool(inputs)):
                        if self._found(call, inputs) is None:
                            raise
                return self.observe(call, inputs)
        if not inputs.get("adopt"):
            _require_no_strangers(call, inputs, ownership.mark(self.schema, inputs, call.urn))
        return self._taken_over(call, inputs, found)

    def _create(self, call: Call, inputs: State) -> Any:
        parent, id_ = names.location(inputs["project"], inputs["location"]), inputs["deploymentResourcePool"]
        body = {"deploymentResourcePoolId": id_, "deploymentResourcePool": self.schema.body(inputs)}
        return _methods(call).create(parent=parent, body=body)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`deploymentResourcePools.patch`, awaited. The mask names whole fields; undeclared parts are sent back.

        A field of the mask that the body lacks is cleared. The API has no etag for pools.
        """
        version = versioned(call, olds, news)
        with alone(call, names.resource_pool(news)):
            body = self.schema.pick(news, mask)
            if _RESOURCES in body:
                live = version.api.call(_methods(version).get(name=names.resource_pool(news)))
                body[_RESOURCES] = _merged(live[_RESOURCES], body[_RESOURCES])
            request = _methods(version).patch(name=names.resource_pool(news), updateMask=",".join(body), body=body)
            version.operate(request, repeatable=True)
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`deploymentResourcePools.delete`, awaited; the service refuses while models are deployed on it."""
        with alone(call, names.resource_pool(inputs)):
            try:
                call.operate(_methods(call).delete(name=names.resource_pool(inputs)), repeatable=True)
            except errors.FailedPrecondition:
                _refuse_used(call, inputs)
                raise

    def replacement_hint(self, news: State, path: str) -> str:
        """How to replace a pool: other machines need another id."""
        del news, path
        return (
            "Give it another deploymentResourcePool: a second pool is made, what is on this one is deployed there, and "
            "this one goes. In a stack file, leave out vertex.resourcePoolId"
        )


def _methods(call: Call) -> Any:
    return call.methods("projects.locations.deploymentResourcePools")


def _merged(live: State, wanted: State) -> State:
    """The resources to send, without fields that the service rejects when the minimum is above 0."""
    found = {**live, **wanted}
    return {key: item for key, item in found.items() if key != _INITIAL or not found.get("minReplicaCount")}


def _users(call: Call, inputs: State) -> list[State]:
    """`deploymentResourcePools.queryDeployedModels`: endpoint and id of each model that is deployed on the pool."""
    collection, found = _methods(call), list[State]()
    request = collection.queryDeployedModels(deploymentResourcePool=names.resource_pool(inputs))
    while request is not None:
        answer = call.api.call(request)
        found += answer.get("deployedModelRefs", [])
        request = collection.queryDeployedModels_next(request, answer)
    return found


def _require_no_strangers(call: Call, inputs: State, mark: str) -> None:
    """Raises `FailedPrecondition` if an endpoint of another stack uses the pool; without an owner, if any uses it.

    A change of the pool would affect those endpoints, too.
    """
    used = sorted({user["endpoint"] for user in _users(call, inputs)})
    others = [name for name in used if not _is_ours(call, name, mark)]
    if others:
        raise errors.FailedPrecondition(
            f"the pool exists, and endpoints that are not this stack's use it: {_listed(map(names.last, others))}; "
            "give this pool another name, or say adopt: true to take it over"
        )


def _is_ours(call: Call, endpoint: str, mark: str) -> bool:
    try:
        live = call.api.call(call.methods("projects.locations.endpoints").get(name=endpoint))
    except errors.NotFound:  # deleted in the meantime
        return True
    return ownership.is_of_stack(live, mark)


def _refuse_used(call: Call, inputs: State) -> None:
    """Raises `FailedPrecondition` with the models deployed on the pool, or `NotFound` if it was deleted meanwhile."""
    users = [f"{user['deployedModelId']} (endpoint {names.last(user['endpoint'])})" for user in _users(call, inputs)]
    if users:
        again = f". {error_messages.UNTAINT}" if ownership.declared(call.urn) else ""
        raise errors.FailedPrecondition(f"models are deployed on it: {_listed(users)}; undeploy them first{again}")


def _listed(items: Any) -> str:
    found = list(items)
    return f"{', '.join(found[:_SHOWN])}{' and more' if len(found) > _SHOWN else ''}"


class DeploymentResourcePool(Resource, module="vertex", name="DeploymentResourcePool"):
    """Machines that deployed models share. Only models with Google's prebuilt images can be deployed on a pool."""

    provider = DeploymentResourcePoolProvider

    def __init__(
        self,
        resource_name: str,
        opts: pulumi.ResourceOptions | None = None,
        **args: Unpack[DeploymentResourcePoolArgs],
    ) -> None:
        super().__init__(resource_name, args, opts)
