"""`vertex.BatchPredictionJob`: a batch prediction job that has run over its inputs."""

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

    The service chooses the ID, so a create that was killed finds its own job by a label, which holds a hash of the
    inputs. Of several jobs with that hash the oldest stays, and the others are cancelled and deleted.
    """

    schema = BATCH_PREDICTION_JOB
    service = VERTEX

    def identity(self, inputs: State) -> str:
        """`projects/P/locations/L/batchPredictionJobs/NAME/HASH`: the service chooses IDs, so this one is our own."""
        place = names.location(inputs["project"], inputs["location"])
        return f"{place}/batchPredictionJobs/{inputs['displayName']}/{self._hash(inputs)}"

    def observe(self, call: Call, inputs: State) -> State:
        """`batchPredictionJobs.list`: the one with the hash. Raises `NotFound` if it failed or was cancelled."""
        live = _oldest(self._listed(call, inputs))
        if live is None:
            raise errors.NotFound("there is no such job, or it was cancelled, or it failed")
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`batchPredictionJobs.create`, awaited unless `wait` is false. Continues a job of an earlier process.

        Raises:
            OperationFailed: it failed, or was cancelled.
            OperationTimeout: it still runs.
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
        """The job as it is: the API changes none."""
        del olds, mask
        return self.observe(call, news)

    def remove(self, call: Call, inputs: State) -> None:
        """`batchPredictionJobs.cancel` if it runs, awaited, and `batchPredictionJobs.delete`. Results stay.

        A job that stayed would be taken for that of a later declaration of the same inputs, which is to run again: the
        API cannot change the labels of a job.
        """
        self._remove_others(call, inputs, ownership.mark(self.schema, inputs, call.urn))
        there = self._listed(call, inputs)
        if not there:
            raise errors.NotFound("there is no such job")
        self._gone(call, inputs, there)

    def replacement_hint(self, news: State, path: str) -> str:
        """Labels are set at the start of a job."""
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
        """The jobs with the hash of these inputs, or with another condition, the oldest first."""
        parent = names.location(inputs["project"], inputs["location"])
        wanted = condition or f"labels.{JOB_LABEL}={self._hash(inputs)}"
        return sorted(
            call.api.listed(_methods(call), "batchPredictionJobs", parent=parent, filter=wanted), key=job_states.age
        )

    def _created(self, call: Call, inputs: State) -> State:
        """A new job. If it is not known whether it was made, the one that is found."""
        labels = {**(inputs.get("labels") or {}), JOB_LABEL: self._hash(inputs)}
        parent = names.location(inputs["project"], inputs["location"])
        request = _methods(call).create(parent=parent, body={**self._body(inputs), "labels": labels})
        try:
            live: State = call.api.call(request, repeatable=False)  # repeated, it would make a second job
        except errors.UNKNOWN_EFFECT:
            found = _oldest(self._listed(call, inputs))
            if found is None:
                raise
            return found
        return live

    def _alone(self, call: Call, inputs: State, live: State) -> State:
        """The oldest of the jobs with this hash, after the others are cancelled and deleted.

        There are several if two processes started one at the same time, or if a request was sent twice. All of them
        keep the same one.
        """
        there = [each for each in self._listed(call, inputs) if job_states.counts(each)]
        first = min([live, *there], key=job_states.age)
        self._gone(call, inputs, [each for each in there if each["name"] != first["name"]])
        return first

    def _remove_others(self, call: Call, inputs: State, mark: str) -> None:
        """Deletes jobs that this declaration started with other inputs in a killed `up`: they are not in the state."""
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
    """The job that belongs to the resource, of jobs with its hash; None if all of them failed or were cancelled."""
    return next(filter(job_states.counts, jobs), None)


class BatchPredictionJob(Resource, module="vertex", name="BatchPredictionJob"):
    """A batch prediction job. Changed inputs run it again; results stay. Deleting the resource deletes the job."""

    provider = BatchPredictionJobProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[BatchPredictionJobArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
