"""`ml.BatchPredictionJob`: a batch prediction job that has run over its inputs."""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
from collections.abc import Iterator

import pulumi
from typing_extensions import Unpack

from gcp import errors
from resources.engine import ownership, patch_bodies
from resources.engine.provider import Call, State
from resources.engine.resource import Resource
from resources.job_provider import JobProvider
from resources.ml import names
from resources.ml.jobs import polling
from resources.ml.jobs.schema import BATCH_PREDICTION_JOB, RELEASED, BatchPredictionJobArgs
from resources.ml.service import ML
from resources.schema import types
from resources.schema.labels import LABEL

_IDENTITY = ("owner", "project", "name", "predictionInput", "trigger")


class BatchPredictionJobProvider(JobProvider):
    """`projects.jobs` of `ml` v1, with a `predictionInput`.

    The id is a hash of the inputs, so a create that was killed finds its own job. The API never deletes jobs or reuses
    ids: if the job with that id failed, or was cancelled or released, the next try appends its number to the id.
    """

    schema = BATCH_PREDICTION_JOB
    service = ML

    def identity(self, inputs: State) -> str:
        """`projects/P/jobs/NAME_HASH`, which is also the name of the first try."""
        return next(self._names(inputs))

    def observe(self, call: Call, inputs: State) -> State:
        """`projects.jobs.get` of the last try. Raises `NotFound` if it failed, or was cancelled or released."""
        live = self._last(call, inputs)
        if live is None or not _counts(live):
            raise errors.NotFound("there is no such job, or it was cancelled, or it failed")
        return live

    def make(self, call: Call, inputs: State) -> State:
        """`projects.jobs.create`, awaited unless `wait` is false. Continues a job that an earlier process started.

        Raises:
            OperationFailed: it failed, or was cancelled.
            OperationTimeout: it still runs.
        """
        self._stop_others(call, inputs, (inputs.get("labels") or {}).get(LABEL, ""))
        live = self._begun(call, inputs)
        if inputs.get("wait") is False:
            return live
        return self.finished(call, inputs, live)

    def patch(self, call: Call, olds: State, news: State, mask: list[str]) -> State:
        """`projects.jobs.patch` of the labels, with the etag of a fresh read. Labels set by others stay."""
        live = self.observe(call, news)
        return self._relabelled(call, news, live, patch_bodies.patch_body(self.schema, live, olds, news, mask))

    def remove(self, call: Call, inputs: State) -> None:
        """`projects.jobs.cancel` if it runs, awaited. A job that has succeeded stays, and is labelled as released."""
        self._stop_others(call, inputs, ownership.mark(self.schema, inputs, call.urn))
        live = self._last(call, inputs)
        if live is None:
            raise errors.NotFound("there is no such job")
        if live.get("state") not in polling.ENDED:
            live = self.cancelled(call, inputs, live)
        if _counts(live):
            labels = {**(live.get("labels") or {}), RELEASED: "true"}
            self._relabelled(call, inputs, live, {"labels": labels, "etag": live.get("etag")})

    def job_name(self, inputs: State, live: State) -> str:
        """`projects/P/jobs/J`."""
        return polling.name(inputs["project"], live["jobId"])

    def read_job(self, call: Call, name: str) -> State:
        """`projects.jobs.get`."""
        found: State = call.api.call(call.methods("projects.jobs").get(name=name))
        return found

    def cancel_job(self, call: Call, name: str) -> None:
        """`projects.jobs.cancel`."""
        call.api.call(call.methods("projects.jobs").cancel(name=name, body={}), repeatable=True)

    def has_ended(self, live: State) -> bool:
        """SUCCEEDED, FAILED or CANCELLED."""
        return polling.has_ended(live)

    def has_succeeded(self, live: State) -> bool:
        """SUCCEEDED."""
        return live.get("state") == "SUCCEEDED"

    def failure_of(self, live: State) -> str:
        """Its `errorMessage`."""
        return str(live.get("errorMessage") or "")

    def progress_of(self, live: State) -> str:
        """State and rows, or its place in the queue."""
        done, refused = polling.counts(live)
        state = str(live.get("state")).lower()
        if state == "queued":
            return f"{live['jobId']} is queued, {live.get('jobPosition', 0)} ahead of it"
        return f"{live['jobId']} is {state}, {done} rows predicted" + f", {refused} refused" * bool(refused)

    def _stop_others(self, call: Call, inputs: State, mark: str) -> None:
        """Cancels jobs that this declaration started with other inputs in a killed `up`: they are not in the state."""
        if not mark:
            return
        own, parent = names.last(self.identity(inputs)), f"projects/{inputs['project']}"
        for live in list(call.api.listed(call.methods("projects.jobs"), "jobs", parent=parent)):
            is_own = live["jobId"] == own or live["jobId"].startswith(f"{own}_")
            if live.get("state") in polling.ENDED or is_own or not ownership.is_of_declaration(live, mark):
                continue
            self.cancelled(call, inputs, live)

    def _names(self, inputs: State) -> Iterator[str]:
        """The full names of all tries, in order."""
        facts = {name: inputs.get(name) for name in _IDENTITY}
        facts["predictionInput"] = self._wanted(inputs)
        digest = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:12]
        first = polling.name(inputs["project"], f"{inputs['name']}_{digest}")
        yield first
        yield from (f"{first}_{number}" for number in itertools.count(2))

    def _begun(self, call: Call, inputs: State) -> State:
        """The job to wait for: started now, or by an earlier process that did not see its end."""
        body = {**self.schema.body(inputs), "predictionInput": self._wanted(inputs)}
        jobs, parent = call.methods("projects.jobs"), f"projects/{inputs['project']}"
        for name in self._names(inputs):
            request = jobs.create(parent=parent, body={**body, "jobId": names.last(name)})
            try:
                live: State = call.api.call(request, repeatable=True)  # a second one of the same id is refused
            except errors.AlreadyExists:
                live = call.api.call(jobs.get(name=name))
                ownership.require(live, (inputs.get("labels") or {}).get(LABEL, ""), None)
            if _counts(live):
                break
        return live

    def _wanted(self, inputs: State) -> State:
        wanted: State = types.to_api(inputs["predictionInput"], self.schema.types["predictionInput"])
        return wanted

    def _last(self, call: Call, inputs: State) -> State | None:
        """The last try; None if there was none."""
        live: State | None = None
        with contextlib.suppress(errors.NotFound):
            for name in self._names(inputs):
                live = call.api.call(call.methods("projects.jobs").get(name=name))
        return live

    def _relabelled(self, call: Call, inputs: State, live: State, body: State) -> State:
        name = self.job_name(inputs, live)
        # With the etag, a repeated patch does not undo a change that was made in between.
        request = call.methods("projects.jobs").patch(name=name, updateMask="labels", body=body)
        patched: State = call.api.call(request, repeatable=True)
        return patched


def _counts(live: State) -> bool:
    """Whether a job is a valid result of the resource, or may still become one."""
    return live.get("state") not in polling.LOST and RELEASED not in (live.get("labels") or {})


class BatchPredictionJob(Resource, module="ml", name="BatchPredictionJob"):
    """A batch prediction job. Changed inputs run it again; results stay. Deleting the resource cancels the job."""

    provider = BatchPredictionJobProvider

    def __init__(
        self, resource_name: str, opts: pulumi.ResourceOptions | None = None, **args: Unpack[BatchPredictionJobArgs]
    ) -> None:
        super().__init__(resource_name, args, opts)
