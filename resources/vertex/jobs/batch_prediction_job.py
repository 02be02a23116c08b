"""`vertex.BatchPredictionJob`: a batch prediction job over given inputs."""

from __future__ import annotations

import contextlib
import hashlib
import json
from collections.abc import Iterable
from typing import Any

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import ownership
from resources.engine.provider import Call, State
from resources.engine.resource import Resource
from resources.job_provider import JobProvider
from resources.schema import types
from resources.schema.labels import LABEL
from resources.vertex import names
from resources.vertex.fields.batch_prediction_job import BATCH_PREDICTION_JOB, JOB_LABEL, BatchPredictionJobArgs
from resources.vertex.jobs import job_states
from resources.vertex.service import VERTEX

_OF_THE_STACK = ("project", "location", "version", "trigger", "owner")
"""Fields that identify the job and are not sent."""
_DIGITS = 16


class BatchPredictionJobProvider(JobProvider):
    """`projects.locations.batchPredictionJobs` of `aiplatform` v1.

    The service chooses the ID. A label with a hash of the inputs lets a create that was killed find its job again. If
    several jobs have that hash, the oldest stays; the others are cancelled and deleted.
    """

    schema = BATCH_PREDICTION_JOB
    service = VERTEX

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/batchPredictionJobs/NAME/HASH`: our own ID, since the service chooses its own."""
        place = names.location(inputs["project"], inputs["location"])
        return f"{place}/batchPredictionJobs/{inputs['displayName']}/{self._hash(inputs)}"

    def observe(self, call: Call, inputs: State) -> State:
        """`batchPredictionJobs.list`: the job with the hash. Raises `NotFound` if it failed or was cancelled."""
        live = _oldest(self._listed(call, inputs))
        if live is None:
            raise errors.NotFound("there is no such job, or it was cancelled, or it failed")
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`batchPredictionJobs.create`, awaited unless `wait` is false. Continues a job of an earlier process.

        Raises:
            OperationFailed: it failed, or was cancelled.
            OperationTimeout: it is still running.
        """
        mark = str((inputs.get("labels") or {}).get(LABEL, ""))
        self._remove_others(call, inputs, mark)
        live = _oldest(self._listed(call, inputs)) or self._created(call, inputs)
        ownership.require(live, mark, None)
        live = self._alone(call, inputs, live)
        if inputs.get("wait") is False:
            return live
        live = self.finished(call, inputs, live)
        if missing := job_states.partial_failures(live):
            call.warn(f"the results of the job {names.last(live['name'])} are not complete: {missing}")
        return live

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """Returns the job unchanged: the API has no patch for jobs."""
        del olds, mask
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`batchPredictionJobs.cancel` if it is running, awaited, then `batchPredictionJobs.delete`. Results stay.

        Why it is deleted: if the same inputs are declared again later, the job has to run again, but a job that stayed
        would be found by its label, which the API cannot change.
        """
        self._remove_others(call, inputs, ownership.mark(self.schema, inputs, call.urn))
        there = self._listed(call, inputs)
        if not there:
            raise errors.NotFound("there is no such job")
        self._gone(call, inputs, there)

    def replacement_hint(self, news: State, path: str) -> str:
        """Labels can only be set when a job is created."""
        del news, path
        return "Change trigger too: the job runs again, with these labels"

    def job_name(self, inputs: State, live: State) -> str:
        """`projects/P/locations/L/batchPredictionJobs/NUMBER`."""
        return f"{names.location(inputs['project'], inputs['location'])}/batchPredictionJobs/{names.last(live['name'])}"

    def read_job(self, call: Call, name: str) -> State:
        """`batchPredictionJobs.get`."""
        found: State = call.api.call(_methods(call).get(name=name))
        return found

    def cancel_job(self, call: Call, name: str) -> None:
        """`batchPredictionJobs.cancel`."""
        call.api.call(_methods(call).cancel(name=name, body={}), repeatable=True)

    def has_ended(self, live: State) -> bool:
        """See `job_states.ENDED`."""
        return job_states.has_ended(live)

    def has_succeeded(self, live: State) -> bool:
        """See `job_states.SUCCEEDED`."""
        return live.get("state") in job_states.SUCCEEDED

    def failure_of(self, live: State) -> str:
        """The message of its `error`."""
        return job_states.failure(live)

    def progress_of(self, live: State) -> str:
        """State and rows."""
        done, refused = job_states.rows(live)
        text = f"{names.last(live['name'])} is {job_states.short(live).lower()}, {done} rows predicted"
        return text + f", {refused} refused" * bool(refused)

    def _hash(self, inputs: State) -> str:
        """The value of the job's label: 16 hexadecimal digits."""
        facts = {**self._body(inputs), **{name: inputs.get(name) for name in _OF_THE_STACK}}
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:_DIGITS]

    def _body(self, inputs: State) -> State:
        """The JSON of `create`, without labels."""
        sent = [name for name in self.schema.names("path") if name not in _OF_THE_STACK]
        kinds = self.schema.types
        return {name: types.to_api(inputs[name], kinds[name]) for name in sent if inputs.get(name) is not None}

    def _listed(self, call: Call, inputs: State, condition: str = "") -> list[State]:
        """The jobs with the hash of these inputs, or those that match another condition; oldest first."""
        parent = names.location(inputs["project"], inputs["location"])
        wanted = condition or f"labels.{JOB_LABEL}={self._hash(inputs)}"
        return sorted(
            call.api.listed(_methods(call), "batchPredictionJobs", parent=parent, filter=wanted), key=job_states.age
        )

    def _created(self, call: Call, inputs: State) -> State:
        """Creates a job. If it is unknown whether the request succeeded, returns the job that is found."""
        labels = {**(inputs.get("labels") or {}), JOB_LABEL: self._hash(inputs)}
        parent = names.location(inputs["project"], inputs["location"])
        request = _methods(call).create(parent=parent, body={**self._body(inputs), "labels": labels})
        try:
            live: State = call.api.call(request, repeatable=False)  # a retry would create a second job
        except errors.UNKNOWN_EFFECT:
            found = _oldest(self._listed(call, inputs))
            if found is None:
                raise
            return found
        return live

    def _alone(self, call: Call, inputs: State, live: State) -> State:
        """Cancels and deletes all jobs with this hash except the oldest, which it returns.

        There are several if two processes created one at the same time, or if a request was sent twice. Every process
        keeps the same one.
        """
        there = [each for each in self._listed(call, inputs) if job_states.counts(each)]
        first = min([live, *there], key=job_states.age)
        self._gone(call, inputs, [each for each in there if each["name"] != first["name"]])
        return first

    def _remove_others(self, call: Call, inputs: State, mark: str) -> None:
        """Deletes jobs that a killed `up` started for this resource with other inputs: the state does not have them."""
        if not mark:
            return
        own, others = self._hash(inputs), self._listed(call, inputs, f"labels.{JOB_LABEL}:*")
        ours = (live for live in others if ownership.is_of_declaration(live, mark))
        self._gone(call, inputs, [live for live in ours if live["labels"].get(JOB_LABEL) != own])

    def _gone(self, call: Call, inputs: State, jobs: Iterable[State]) -> None:
        """Cancels and deletes jobs."""
        for live in jobs:
            with contextlib.suppress(errors.NotFound):  # another process has just deleted it
                if not job_states.has_ended(live):
                    self.cancelled(call, inputs, live)
                call.operate(_methods(call).delete(name=self.job_name(inputs, live)), repeatable=True)


def _methods(call: Call) -> Any:
    return call.methods("projects.locations.batchPredictionJobs")


def _oldest(jobs: list[State]) -> State | None:
    """The resource's job among those with its hash; None if all of them failed or were cancelled."""
    return next(filter(job_states.counts, jobs), None)


class BatchPredictionJob(Resource, module="vertex", name="BatchPredictionJob"):
    """A batch prediction job. If inputs change, it runs again; results stay. Deleting the resource deletes the job."""

    provider = BatchPredictionJobProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[BatchPredictionJobArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
