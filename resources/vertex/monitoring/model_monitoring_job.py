"""`vertex.ModelMonitoringJob`: watches the requests of an endpoint for skew and drift."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import ownership
from resources.engine.provider import Call, Provider, State
from resources.engine.resource import Resource
from resources.schema.labels import LABEL
from resources.vertex import names
from resources.vertex.fields.monitoring import MODEL_MONITORING_JOB, ModelMonitoringJobArgs
from resources.vertex.service import VERTEX
from resources.vertex.shared_state import alone

_JOBS = "modelDeploymentMonitoringJobs"
_PENDING, _FAILED = "JOB_STATE_PENDING", "JOB_STATE_FAILED"
_OBJECTIVES = "modelDeploymentMonitoringObjectiveConfigs"


class ModelMonitoringJobProvider(Provider):
    """`projects.locations.modelDeploymentMonitoringJobs` of `aiplatform` v1.

    The service numbers jobs, so a job is found by its endpoint; among several, by this resource's ownership label.
    """

    schema = MODEL_MONITORING_JOB
    service = VERTEX
    timeouts = {"create": 1800.0, "read": 600.0, "update": 1800.0, "delete": 1800.0}  # noqa: RUF012 - a ClassVar above

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/endpoints/E/modelDeploymentMonitoringJob`: our own ID; the service numbers jobs."""
        return f"{names.endpoint(inputs)}/modelDeploymentMonitoringJob"

    def observe(self, call: Call, inputs: State) -> State:
        """`modelDeploymentMonitoringJobs.list`: the job of the endpoint."""
        found = [live for live in _listed(call, inputs) if names.is_same(live["endpoint"], names.endpoint(inputs))]
        if not found:
            raise errors.NotFound(f"the endpoint {inputs['endpoint']} has no monitoring job")
        mark = ownership.mark(self.schema, inputs, call.urn)
        own = (live for live in found if ownership.is_of_declaration(live, mark))
        return _as_declared(next(own, found[0]), inputs)

    def make(self, call: Call, inputs: State) -> State:
        """`modelDeploymentMonitoringJobs.create`; returns once the job runs."""
        with alone(call, names.endpoint(inputs)):
            if self._found(call, inputs) is not None:
                raise errors.AlreadyExists(
                    f"the endpoint {inputs['endpoint']} has a monitoring job, which is not in this stack's state: "
                    "adopt: true takes it over"
                )
            body = {**self.schema.body(inputs), "endpoint": names.endpoint(inputs)}
            parent = names.location(inputs["project"], inputs["location"])
            try:
                live: State | None = call.api.call(_methods(call).create(parent=parent, body=body), repeatable=False)
            except errors.EndpointUnreachable:  # a retry could create a second one
                live = self._found(call, inputs)
                if live is None:
                    raise
        return self.wait_until_stable(call, inputs, live or {})

    def wait_until_stable(self, call: Call, inputs: State, live: State) -> State:
        """The job once it is no longer pending.

        Raises:
            OperationFailed: the service could not set it up.
            OperationTimeout: it is still pending.
        """
        if live.get("state") == _PENDING:
            live = self._awaited(call, live)
        if live.get("state") == _PENDING:
            raise errors.OperationTimeout(
                f"{call.what}: {live['name']} is still pending after {call.timeout:g} s. It goes on: rerun the command "
                "later, or give more time with `timeouts`"
            )
        if live.get("state") == _FAILED:
            why = " ".join(str((live.get("error") or {}).get("message") or "the API gave no reason").split())
            failed = errors.OperationFailed(
                f"{live['name']} failed: {why.rstrip('.')}. Correct it, then rerun the command"
            )
            failed.method = f"aiplatform.projects.locations.{_JOBS}.create"
            raise failed
        return _as_declared(live, inputs)

    def _awaited(self, call: Call, live: State) -> State:
        with call.polling() as least:
            for elapsed in call.pauses(least=least):
                live = call.api.call(_methods(call).get(name=live["name"]))
                if live.get("state") != _PENDING:
                    break
                call.report(f"waiting for the monitoring job, {elapsed:.0f} s")
        return live

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`modelDeploymentMonitoringJobs.patch`, awaited. Labels that others set stay. The API has no etag for jobs."""
        name = self.observe(call, news)["name"]
        with alone(call, name):
            live = call.api.call(_methods(call).get(name=name))
            body = self.schema.pick(news, mask)
            if "labels" in body:
                others = {key: item for key, item in (live.get("labels") or {}).items() if key not in _labels(olds)}
                body["labels"] = {**others, **body["labels"]}
            call.operate(_methods(call).patch(name=name, updateMask=",".join(mask), body=body), repeatable=True)
            return _as_declared(call.api.call(_methods(call).get(name=name)), news)

    def remove(self, call: Call, inputs: State) -> None:
        """`modelDeploymentMonitoringJobs.delete`, awaited. A job that another stack created in its place stays."""
        live = self.observe(call, inputs)
        mark, theirs = ownership.mark(self.schema, inputs, call.urn), LABEL in _labels(live)
        if mark and theirs and not ownership.is_of_stack(live, mark):
            raise errors.NotFound("it is gone, and another stack has made one")
        with alone(call, live["name"]):
            call.operate(_methods(call).delete(name=live["name"]), repeatable=True)


def _methods(call: Call) -> Any:
    return call.methods(f"projects.locations.{_JOBS}")


def _listed(call: Call, inputs: State) -> list[State]:
    parent = names.location(inputs["project"], inputs["location"])
    return list(call.api.listed(_methods(call), _JOBS, parent=parent))


def _labels(values: Mapping[str, Any]) -> Mapping[str, Any]:
    return values.get("labels") or {}


def _as_declared(live: State, inputs: State) -> State:
    """A job as the API has it, with its objectives in the declared order: they are a map by deployed model."""
    declared = [each["deployedModelId"] for each in inputs.get(_OBJECTIVES) or [] if isinstance(each, Mapping)]
    places = {id_: place for place, id_ in enumerate(declared)}
    objectives = live.get(_OBJECTIVES) or []
    ordered = sorted(objectives, key=lambda each: places.get(each.get("deployedModelId"), len(places)))
    return {**live, _OBJECTIVES: ordered} if objectives else live


class ModelMonitoringJob(Resource, module="vertex", name="ModelMonitoringJob"):
    """Watches the requests of an endpoint for skew against the training data, and for drift."""

    provider = ModelMonitoringJobProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[ModelMonitoringJobArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
