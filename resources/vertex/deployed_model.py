"""`vertex.DeployedModel`: a version deployed on an endpoint, with its machines and replicas."""

from __future__ import annotations

from typing import Any

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import error_messages
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.types import table
from resources.vertex import endpoint, names, traffic_split
from resources.vertex.fields.endpoint import DEPLOYED_MODEL, DeployedModelArgs
from resources.vertex.service import VERTEX
from resources.vertex.shared_state import alone, versioned

_RESOURCES, _INITIAL, _LOGGING = "dedicatedResources", "initialReplicaCount", "disableContainerLogging"
_REDEPLOY = "set vertex.redeploy: TEXT at its version"


class DeployedModelProvider(Provider):
    """`projects.locations.endpoints.deployModel` of `aiplatform` v1, or v1beta1 with `preview`.

    A deployed model has no labels. A stack recognizes its own by the id, which is computed from the version and from
    every field that cannot be changed in place.
    """

    schema = DEPLOYED_MODEL
    service = VERTEX
    deletion_goes_on = True
    create_adopts_existing = True
    timeouts = {"create": 7200.0, "read": 600.0, "update": 3600.0, "delete": 1800.0}  # noqa: RUF012 - a ClassVar above

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/endpoints/E/deployedModels/ID`."""
        return f"{names.endpoint(inputs)}/deployedModels/{inputs['deployedModelId']}"

    def observe(self, call: Call, inputs: State) -> State:
        """`endpoints.get`: the one with this id."""
        live = _of(endpoint.read(versioned(call, inputs), inputs), inputs["deployedModelId"])
        if live is None:
            raise errors.NotFound(f"the endpoint {inputs['endpoint']} has no deployed model with this id")
        return _as_declared(live, inputs)

    def make(self, call: Call, inputs: State) -> State:
        """`endpoints.deployModel`, awaited, without traffic. An existing deployed model with this id is updated."""
        call = versioned(call, inputs)
        with alone(call, names.endpoint(inputs)):
            found = _of(endpoint.read(call, inputs), inputs["deployedModelId"])
            if found is None:
                try:
                    call.operate(self._deploy(call, inputs), repeatable=False)
                except errors.EndpointUnreachable:  # it may have begun
                    with alone(call, names.endpoint(inputs)):
                        if _of(endpoint.read(call, inputs), inputs["deployedModelId"]) is None:
                            raise
                return self.observe(call, inputs)
        return self._taken_over(call, inputs, _as_declared(found, inputs))

    def _deploy(self, call: Call, inputs: State) -> Any:
        place = names.location(inputs["project"], inputs["location"])
        body = {key: item for key, item in self.schema.body(inputs).items() if key != "modelVersionId"}
        model = f"{place}/models/{inputs['model']}@{inputs['modelVersionId']}"
        deployed = {**body, "id": inputs["deployedModelId"], "model": model}
        return endpoint.methods(call).deployModel(endpoint=names.endpoint(inputs), body={"deployedModel": deployed})

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`endpoints.mutateDeployedModel`, awaited; one call for each version of the API that changes a field."""
        changed = [*mask, *_cleared(olds, news, mask)]
        deployed: State = {"id": news["deployedModelId"], **self.schema.pick(news, mask)}
        of_v1 = [path for path in changed if path == _LOGGING]  # v1beta1 can read and deploy it, but not change it
        of_any = [path for path in changed if path not in of_v1]
        preview = versioned(call, olds, news)
        calls = [(call, changed)] if preview is call else [(preview, of_any), (call, of_v1)]
        with alone(call, names.endpoint(news)):
            for version, paths in calls:
                if paths:
                    self._mutate(version, news, deployed, paths)
        return self.observe(call, news)

    def _mutate(self, call: Call, news: State, deployed: State, paths: list[str]) -> None:
        tops = {"id", *(path.partition(".")[0] for path in paths)}
        sent = {key: item for key, item in deployed.items() if key in tops}
        body = {"deployedModel": sent, "updateMask": ",".join(paths)}
        request = endpoint.methods(call).mutateDeployedModel(endpoint=names.endpoint(news), body=body)
        call.operate(request, repeatable=True)

    def remove(self, call: Call, inputs: State) -> None:
        """`endpoints.undeployModel`, awaited. If it still has traffic, the call also sets the declared split.

        Raises:
            FailedPrecondition: it has traffic, and this run declares no split that leaves it out.
        """
        with alone(call, names.endpoint(inputs)):
            live, id_ = endpoint.read(call, inputs), inputs["deployedModelId"]
            if _of(live, id_) is None:
                raise errors.NotFound("it is gone")
            body: State = {"deployedModelId": id_}
            if share := (live.get("trafficSplit") or {}).get(id_):
                body |= _without_traffic(call, inputs, share)
            request = endpoint.methods(call).undeployModel(endpoint=names.endpoint(inputs), body=body)
            try:
                call.operate(request, repeatable=True)
            except errors.FailedPrecondition:
                with alone(call, names.endpoint(inputs)):  # an operation whose response was lost may be undeploying it
                    if _of(endpoint.read(call, inputs), id_) is not None:
                        raise

    def replacement_hint(self, news: State, path: str) -> str:
        """How to replace a deployed model: under another id."""
        del news, path
        return (
            "Give it another deployedModelId: a second one is deployed, traffic moves there, and this one goes. In a "
            f"stack file, leave out vertex.deployedModelId, or {_REDEPLOY}"
        )


def _of(live: State, id_: str) -> State | None:
    """The deployed model with this id, from an endpoint that the API returned. `model` is the id, not the full name."""
    for each in live.get("deployedModels", []):
        if each.get("id") == id_:
            return {**each, "model": names.last(each.get("model", ""))}
    return None


def _cleared(olds: State, news: State, mask: list[str]) -> list[str]:
    """Fields that the service rejects when the minimum is above 0: leftovers of a model that scaled to zero."""
    path = f"{_RESOURCES}.{_INITIAL}"
    least = table(news, _RESOURCES).get("minReplicaCount")
    known = _INITIAL in table(olds, _RESOURCES)
    return [path] if least and known and path not in mask and _INITIAL not in table(news, _RESOURCES) else []


def _as_declared(live: State, inputs: State) -> State:
    """A deployed model as the API has it, with its pool as declared: the API's names have the project's number."""
    pool, declared = live.get("sharedResources"), inputs.get("sharedResources")
    same = pool and declared and names.is_same(pool, declared)
    return {**live, "sharedResources": declared} if same else live


def _without_traffic(call: Call, inputs: State, share: Any) -> State:
    """The `trafficSplit` to send when it is undeployed. If the endpoint is being deleted, its split is cleared first.

    Raises:
        FailedPrecondition: this run declares no split that leaves it out. The service may undeploy the last model of an
            endpoint anyway; requests to the endpoint would then fail.
    """
    if traffic_split.endpoint_goes(inputs):
        traffic_split.put(call, inputs, {})
        return {}
    split = traffic_split.declared(inputs)
    if split and inputs["deployedModelId"] not in split:
        return {"trafficSplit": split}
    raise errors.FailedPrecondition(
        f"it has {share} % of the traffic, whose users would have no answers until it is deployed again. Without that, "
        f"{_REDEPLOY}: a second one is deployed, traffic moves there, and this one goes. {error_messages.UNTAINT}"
    )


class DeployedModel(Resource, module="vertex", name="DeployedModel"):
    """A version deployed on an endpoint, with its machines and replicas."""

    provider = DeployedModelProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[DeployedModelArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
