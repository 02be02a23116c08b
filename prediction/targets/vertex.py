"""Vertex AI, `aiplatform` v1: an endpoint, whose traffic split decides which version predicts."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from gcp import errors, operations
from gcp import settings as gcp_settings
from gcp.clock import Clock
from prediction.errors import PredictionFailed
from prediction.predictions import Predictions
from prediction.targets import vertex_lookups
from prediction.targets.target import Deployed, Envelope, JobLimits, JobRequest, JobStatus, Target
from resources.config import entries
from resources.vertex import names, quotas
from resources.vertex.jobs import job_formats, job_states, rules
from resources.vertex.rules import DEFAULT, ENDPOINT_ID
from resources.vertex.service import VERTEX

_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")
_PREDICT_URL = re.compile(r"(https?://[^/]+)/v1/projects/([^/]+)/locations/([^/]+)/endpoints/([^/:]+):predict")
_JOB_LABEL = "tf2-models-batch"
"""Key of the label that identifies a job of the command line: the service chooses IDs."""
_MOST_LABEL, _MOST_NAME = 63, 128
_JOB_FILES = {
    "prediction.results-": "results",
    "predictions_": "results",
    "prediction.errors_stats-": "errors",
    "errors_": "errors",
    "prediction.rejected_rows-": "rejected",
}
"""Prefix of a job's output files -> what they hold. The API's documentation has the shorter names."""


class VertexTarget(Target):
    """A project on Vertex AI."""

    API = VERTEX.name
    CLIENTS_SPLIT = False
    JOB_LIMITS: ClassVar[JobLimits] = JobLimits(
        batch_size=rules.DEFAULT_BATCH,
        most_batch_size=rules.MOST_BATCH,
        workers=rules.DEFAULT_WORKERS,
        most_workers=rules.MOST_WORKERS,
    )
    RESULTS_HOLD_ROWS = True
    ERROR_HINTS: ClassVar[Mapping[type[errors.ApiError], str]] = {
        errors.PermissionDenied: "these credentials need roles/aiplatform.user and, for samples, "
        "roles/storage.objectViewer",
        errors.FailedPrecondition: "check the deployed models of the endpoint, and its traffic split",
    }

    @property
    def url(self) -> str:
        """See `Target`."""
        return VERTEX.url(self.settings)

    @classmethod
    def client_arguments(cls, predict_url: str) -> dict[str, Any] | None:
        """See `Target`."""
        found = _PREDICT_URL.fullmatch(predict_url)
        if not found:
            return None
        url, project, region, endpoint = found.groups()
        regional = gcp_settings.Settings(endpoint=gcp_settings.REGIONAL, region=region)
        is_regional = url == VERTEX.url(regional) or url.endswith(gcp_settings.DEDICATED_HOST)
        given = gcp_settings.REGIONAL if is_regional else url
        return {"project": project, "model": endpoint, "region": region, "endpoint": given}

    def resource_name(self, model: str, version: str | None = None) -> str:
        """`projects/P/locations/L/endpoints/E`: `endpointId` in the stack file, else the model's name as an id."""
        endpoint = names.endpoint_id(model, self._options(model))
        failures = (
            [] if _PROJECT.match(self.project) else [("project", f"{self.project!r} is not a valid project name")]
        )
        if not ENDPOINT_ID.match(endpoint):
            failures.append(("model", f"{model!r} is not a valid model name"))
        if version is not None:
            failures.append(("version", "cannot be chosen on Vertex AI: the traffic split of the endpoint decides"))
        if not self.settings.region:
            failures.append(("region", "is missing: Vertex AI serves in regions"))
        if failures:
            raise errors.InvalidInput(failures)
        return f"{self._location}/endpoints/{endpoint}"

    def _options(self, model: str) -> dict[str, Any]:
        """The `vertex` block of a model in the stack file; empty if it has none."""
        return entries.mapping(entries.mapping(self.models.get(model)).get("vertex"))

    @property
    def _location(self) -> str:
        return names.location(self.project, self.settings.region)

    @staticmethod
    def envelope(signature_name: str | None) -> Envelope:
        """`{"instances": [...]}`, with `signature_name` for `:rawPredict`, whose body goes to TensorFlow Serving."""
        signature = b"" if signature_name is None else b',"signature_name":' + json.dumps(signature_name).encode()
        return Envelope(b'{"instances":[', b"]" + signature + b"}", quotas.PREDICT_BYTES)

    def predict(self, name: str, body: bytes, signature_name: str | None) -> Predictions:
        """Calls `endpoints.predict`, or `endpoints.rawPredict` for a signature, which `predict` does not pass on."""
        api = vertex_lookups.api_of(self.api, name)
        endpoints = api.methods(VERTEX, "projects.locations.endpoints")
        method = endpoints.predict if signature_name is None else endpoints.rawPredict
        request = method(endpoint=name, body={})
        request.body, request.body_size = body, len(body)  # already JSON, because its size had to be known
        try:
            answer = api.call(request, repeatable=True)
        except errors.InvalidArgument as error:
            raise PredictionFailed(error.message) from None
        predictions = answer.get("predictions") if isinstance(answer, dict) else None
        if not isinstance(predictions, list):
            raise PredictionFailed(f'the answer has no list "predictions": {str(answer)[:200]}')
        return Predictions(predictions, [self._name_of(answer)] * len(predictions))

    def _name_of(self, answer: Mapping[str, Any]) -> str | None:
        """The name of the version that predicted, or its number if it has no name. `rawPredict` does not return it."""
        model, number = names.last(str(answer.get("model", ""))), answer.get("modelVersionId")
        return (
            vertex_lookups.version_name(self.api, f"{self._location}/models/{model}@{number}")
            if model and number
            else None
        )

    def deployed(self, model: str, version: str | None = None) -> Deployed | None:
        """Calls `endpoints.get` and `models.get`: the version with the largest share of the requests."""
        name = self.resource_name(model, version)
        endpoint = self.api.call(self.api.methods(VERTEX, "projects.locations.endpoints").get(name=name))
        split = endpoint.get("trafficSplit") or {}
        running = [each for each in endpoint.get("deployedModels", []) if int(split.get(each["id"], 0))]
        if not running:
            return None
        most = max(running, key=lambda each: int(split[each["id"]]))
        of = f"{self._location}/models/{names.last(most['model'])}@{most['modelVersionId']}"
        found = self.api.call(self.api.methods(VERTEX, "projects.locations.models").get(name=of))
        return Deployed(name, vertex_lookups.name_of(found), vertex_lookups.folder_of(found), is_default=True)

    @property
    def keeps_order(self) -> bool:
        """False: the service documents no order. Instead, each result holds its row."""
        return False

    def job_version(self, model: str, version: str | None = None) -> Deployed | None:
        """Calls `models.listVersions`: a job needs no endpoint, so it can use any version; default: alias `default`."""
        name = f"{self._location}/models/{names.model_id(model, self._options(model))}"
        request = self._models.listVersions(name=name)
        while request is not None:
            answer = self.api.call(request)
            for found in answer.get("models", []):
                is_default = DEFAULT in (found.get("versionAliases") or [])
                if (
                    is_default
                    if version is None
                    else version in (vertex_lookups.name_of(found), found.get("versionId"))
                ):
                    of = f"{name}@{found['versionId']}"
                    return Deployed(
                        of, vertex_lookups.name_of(found), vertex_lookups.folder_of(found), is_default=is_default
                    )
            request = self._models.listVersions_next(request, answer)
        if version is None:
            return None
        raise errors.NotFound(f"{name} has no version {version}")

    def job_failures(self, *, machine_type: str | None, signature: str | None, csv: bool) -> list[tuple[str, str]]:
        """See `Target`."""
        wrong = {
            "--machine-type": "is required on Vertex AI, for example n1-standard-2" if machine_type is None else "",
            "--signature": "cannot be chosen on Vertex AI: leave it out, or use --local" if signature else "",
            "--output-format": "must be JSON on Vertex AI" if csv else "",
            "--region": "" if self.settings.region else "is missing: Vertex AI runs jobs in regions",
        }
        return [(option, reason) for option, reason in wrong.items() if reason]

    def start_job(self, request: JobRequest) -> str:
        """Calls `batchPredictionJobs.create`. A job whose response was lost is found by its label.

        If the connection breaks, the call may be sent twice; then the second job is cancelled.
        """
        counts = {"maxReplicaCount": request.workers} if request.workers else {}
        tuning = {"manualBatchTuningParameters": {"batchSize": request.batch_size}} if request.batch_size else {}
        body = {
            "displayName": request.job_id[-_MOST_NAME:],
            "labels": {_JOB_LABEL: _label(request.job_id)},
            "model": request.version_name,
            "inputConfig": {
                "instancesFormat": job_formats.INPUT[request.row_format],
                "gcsSource": {"uris": list(request.inputs)},
            },
            "outputConfig": {"predictionsFormat": "jsonl", "gcsDestination": {"outputUriPrefix": request.output}},
            "dedicatedResources": {"machineSpec": {"machineType": request.machine_type}, **counts},
            **tuning,
        }
        try:
            job = self.api.call(self._jobs.create(parent=self._location, body=body), repeatable=False)
        except errors.UNKNOWN_EFFECT:
            found = self._found_jobs(request.job_id)
            if not found:
                raise
            job = {"name": found[0]}
        started = names.last(job["name"])
        for other in self._found_jobs(request.job_id):
            if other != started:
                with contextlib.suppress(errors.FailedPrecondition):  # it has ended
                    self.cancel_job(other)
        return started

    def find_job(self, job_id: str) -> str | None:
        """Calls `batchPredictionJobs.list`."""
        return next(iter(self._found_jobs(job_id)), None)

    def _found_jobs(self, job_id: str) -> list[str]:
        """The platform's IDs of the running or succeeded jobs of one request, oldest first."""
        wanted = f"labels.{_JOB_LABEL}={_label(job_id)}"
        listed = self.api.listed(self._jobs, "batchPredictionJobs", parent=self._location, filter=wanted)
        found = sorted(filter(job_states.counts, listed), key=job_states.age)
        return [names.last(job["name"]) for job in found]

    @staticmethod
    def job_file_kind(name: str) -> str:
        """See `Target`. The job's own folder is the first part of the name."""
        file = name.rpartition("/")[2]
        return next((kind for start, kind in _JOB_FILES.items() if file.startswith(start)), "")

    @staticmethod
    def split_result(result: Mapping[str, Any]) -> tuple[Any, Any]:
        """`{"instance": ROW, "prediction": VALUE}`."""
        return result.get("instance"), result.get("prediction")

    def wait_for_job(self, job_id: str, report: Callable[[JobStatus], None], *, clock: Clock) -> JobStatus:
        """Polls `batchPredictionJobs.get`."""

        def read() -> dict[str, Any]:
            job: dict[str, Any] = self.api.call(self._jobs.get(name=self._job_name(job_id)))
            report(_job_status(job))
            return job

        return _job_status(operations.poll(read, job_states.has_ended, clock=clock))

    def cancel_job(self, job_id: str) -> None:
        """Calls `batchPredictionJobs.cancel`."""
        self.api.call(self._jobs.cancel(name=self._job_name(job_id), body={}), repeatable=True)

    def cancel_command(self, job_id: str) -> str:
        """See `Target`. gcloud has no command for batch prediction jobs."""
        token = "" if self.settings.anonymous else '-H "Authorization: Bearer $(gcloud auth print-access-token)" '
        return f"curl -X POST {token}{self.url}/v1/{self._job_name(job_id)}:cancel"

    def _job_name(self, job_id: str) -> str:
        return f"{self._location}/batchPredictionJobs/{job_id}"

    @property
    def _jobs(self) -> Any:
        return self.api.methods(VERTEX, "projects.locations.batchPredictionJobs")

    @property
    def _models(self) -> Any:
        return self.api.methods(VERTEX, "projects.locations.models")


def _label(job_id: str) -> str:
    """The value of a job's label: the end of the ID, which is unique, in characters that labels allow."""
    return job_id.lower()[-_MOST_LABEL:]


def _job_status(job: Mapping[str, Any]) -> JobStatus:
    predicted, rejected = job_states.rows(job)
    error = job_states.failure(job) or job_states.partial_failures(job)
    return JobStatus(job_states.short(job), predicted, rejected, error, job_states.folder(job))
