"""`vertex.TrafficSplit`: the share of an endpoint's requests that each deployed model gets."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from pulumi import dynamic
from typing_extensions import Unpack

from gcp import errors
from resources.engine import ownership
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.gate.admission import Verdict
from resources.schema import shares
from resources.schema.types import table
from resources.vertex import endpoint, names
from resources.vertex.fields.endpoint import TRAFFIC_SPLIT, TrafficSplitArgs
from resources.vertex.service import VERTEX
from resources.vertex.shared_state import alone

_REQUESTS = "the requests, and the endpoint chooses the version of each"
_declared: dict[str, dict[str, int]] = {}
"""Full name of an endpoint -> the split that this run declares for it: id of a deployed model -> percent."""


def declared(inputs: Mapping[str, Any]) -> dict[str, int]:
    """The split that this run declares for the endpoint of these inputs, by id; empty if it declares none."""
    return _declared.get(names.endpoint(inputs), {})


class TrafficSplitProvider(Provider):
    """The `trafficSplit` of `projects.locations.endpoints` of `aiplatform` v1."""

    schema = TRAFFIC_SPLIT
    service = VERTEX
    create_adopts_existing = True

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/endpoints/E/trafficSplit`."""
        return f"{names.endpoint(inputs)}/trafficSplit"

    def check(self, _olds: State, news: State) -> dynamic.CheckResult:
        """The common `check`. Also records the split: a deployed model with traffic is undeployed together with it."""
        found = super().check(_olds, news)
        if not found.failures:
            _declared[names.endpoint(news)] = by_id(news)
        return found

    def judge(self, olds: State, news: State) -> Verdict:
        """Warns about what a change of the shares means for users."""
        return Verdict([], [], shares.change(table(olds, "shares"), table(news, "shares"), _REQUESTS))

    def observe(self, call: Call, inputs: State) -> State:
        """`endpoints.get`. A deployed model that the inputs do not name is listed by its id."""
        split = endpoint.read(call, inputs).get("trafficSplit") or {}
        ids = inputs.get("deployedModels") or {}
        known = {id_: version for version, id_ in ids.items()}
        shares = {known.get(id_, id_): int(share) for id_, share in split.items()}
        return {"shares": shares, "deployedModels": ids, "trafficSplit": split}

    def make(self, call: Call, inputs: State) -> State:
        """Sets the split, whatever it is."""
        return self.patch(call, {}, inputs, ["shares"])

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`endpoints.patch`. It returns at once, but the split may take effect a few seconds later."""
        del olds, mask
        self._set(call, news, by_id(news))
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """Clears the split if the endpoint is being deleted. An endpoint that this run keeps continues to serve."""
        if _is_declared(inputs) and not endpoint.is_replaced(inputs):
            return
        self._set(call, inputs, {})

    def _set(self, call: Call, inputs: State, split: Mapping[str, int]) -> None:
        with alone(call, names.endpoint(inputs)):
            try:
                put(call, inputs, split)
            except errors.InvalidArgument:
                _require_deployed(endpoint.read(call, inputs), split)
                raise


def put(call: Call, inputs: State, split: Mapping[str, int]) -> None:
    """`endpoints.patch` of the whole split, by ids; an empty split stops all traffic."""
    name = names.endpoint(inputs)
    body = {"trafficSplit": dict(split)}
    call.api.call(endpoint.methods(call).patch(name=name, updateMask="trafficSplit", body=body), repeatable=True)


def endpoint_goes(inputs: Mapping[str, Any]) -> bool:
    """Whether this run deletes the endpoint of these inputs, for good or to replace it.

    The engine deletes the endpoint's dependents in any order, so its split may still exist.
    """
    return endpoint.is_replaced(inputs) or not (ownership.is_destroy() or _is_declared(inputs))


def _is_declared(inputs: Mapping[str, Any]) -> bool:
    return any(is_endpoint(each, inputs) for each in ownership.all_declared())


def by_id(inputs: Mapping[str, Any]) -> dict[str, int]:
    """The shares by id of deployed model, without zeros; empty while they are not known."""
    ids, shares = table(inputs, "deployedModels"), table(inputs, "shares")
    return {str(ids.get(version)): int(share) for version, share in shares.items() if share}


def _require_deployed(live: State, split: Mapping[str, int]) -> None:
    """Raises `FailedPrecondition` if a split names a model that is no longer deployed on this endpoint."""
    there = {str(each.get("id")) for each in live.get("deployedModels") or []}
    missing = [id_ for id_ in split if id_ not in there]
    if missing:
        raise errors.FailedPrecondition(
            f"the endpoint has no deployed model {', '.join(missing)}, which is to get traffic: run `pulumi refresh`, "
            "which finds what is gone, then `pulumi up`"
        )


def is_endpoint(declared_inputs: Mapping[str, Any], inputs: Mapping[str, Any]) -> bool:
    """Whether the first inputs are those of the endpoint that the second inputs name."""
    place = ("project", "location", "endpoint")
    same = all(declared_inputs.get(key) == inputs.get(key) for key in place)
    return same and "displayName" in declared_inputs and "deployedModelId" not in declared_inputs


class TrafficSplit(Resource, module="vertex", name="TrafficSplit"):
    """The share of an endpoint's requests that each deployed model gets."""

    provider = TrafficSplitProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[TrafficSplitArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
