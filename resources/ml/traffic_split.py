"""`ml.TrafficSplit`: shares a model's users among its versions, each of which must pass its gate.

`ml` v1 has no traffic split: clients read the shares from the stack's outputs. It changes nothing at the API.
"""

from __future__ import annotations

from dataclasses import replace

import pulumi
from pulumi import dynamic
from typing_extensions import Unpack

from gcp import errors
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.gate import admission
from resources.ml import default_handover, names
from resources.ml.predictor import gate_of
from resources.ml.service import ML
from resources.ml.split_schema import TRAFFIC_SPLIT, TrafficSplitArgs
from resources.schema import shares
from resources.schema.fields import Changes
from resources.schema.types import table

_SPLIT = "trafficSplit"
_USERS = "the users, and clients choose the version of each"


class TrafficSplitProvider(Provider):
    """The gate before a version gets users."""

    schema = TRAFFIC_SPLIT
    service = ML
    create_adopts_existing = True

    def identity(self, inputs: State) -> str:
        """`projects/P/models/M/trafficSplit`."""
        return f"{names.model(inputs['project'], inputs['model'])}/trafficSplit"

    def judge(self, olds: State, news: State) -> admission.Verdict:
        """Refuses versions that are known to break clients, or a gate without samples; says what the shares mean."""
        verdict = admission.judge_split(olds, news)
        verdict = verdict._replace(notes=shares.change(table(olds, _SPLIT), table(news, _SPLIT), _USERS))
        if verdict.refusals:
            _keep(olds, news)
        return verdict

    def compared(self, olds: State, news: State) -> Changes:
        """As the schema says; also, a version that enters the split needs a patch, in which it passes its gate."""
        found = super().compared(olds, news)
        asks = bool(found.local) and bool(admission.entering(olds, news))
        return replace(found, patch=[_SPLIT]) if asks else found

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.models.get`. Raises `NotFound` if the model is gone."""
        call.api.call(call.methods("projects.models").get(name=names.model(inputs["project"], inputs["model"])))
        return {"servedSplit": inputs[_SPLIT]}

    def make(self, call: Call, inputs: State) -> State:
        """Like `patch`, without a state."""
        return self.patch(call, {}, inputs, [_SPLIT])

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Raises `GateFailed` unless each version that enters the split may serve.

        A version that this run created must pass the gate even if one of its name was in the split before.
        """
        del mask
        wanted = admission.users(table(news, _SPLIT)) - {news.get("defaultVersion")}
        made = {name for name in wanted if names.version(news["project"], news["model"], name) in default_handover.made}
        gate = gate_of(call, olds, news, str(news.get("defaultVersion") or ""))
        try:
            for version in sorted({*admission.entering(olds, news), *made}):
                gate.admit(version)
        except errors.Error:
            _keep(olds, news)
            raise
        return {"servedSplit": news[_SPLIT]}

    def update(self, _id: str, _olds: State, _news: State) -> dynamic.UpdateResult:
        """As for every resource; new shares of the same versions need no call."""
        outs = super().update(_id, _olds, _news).outs or {}
        return dynamic.UpdateResult({**outs, "servedSplit": _news[_SPLIT]})

    def remove(self, call: Call, inputs: State) -> None:
        """Does nothing: the shares are in the stack's outputs."""


def _keep(olds: State, news: State) -> None:
    """Notes that the new split was refused, so clients still call the versions of the previous one."""
    default_handover.keep(news, admission.users(admission.previous_split(olds, news)))


class TrafficSplit(Resource, module="ml", name="TrafficSplit"):
    """Shares a model's users among its versions, which must pass the gate first. Deleting it changes nothing."""

    provider = TrafficSplitProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[TrafficSplitArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
