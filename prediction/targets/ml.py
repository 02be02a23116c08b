"""AI Platform Prediction, `ml` v1."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from gcp import errors
from gcp import settings as gcp_settings
from gcp.clock import Clock
from prediction.errors import PredictionFailed
from prediction.predictions import Predictions
from prediction.targets.target import Deployed, Envelope, JobLimits, JobRequest, JobStatus, Target
from resources.ml import quotas
from resources.ml.jobs import polling, rules
from resources.ml.rules import NAME
from resources.ml.service import ML

_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")
_PREDICT_URL = re.compile(r"(https?://[^/]+)/v1/projects/([^/]+)/models/([^/:]+):predict")
_REGIONAL_URL = re.compile(ML.regional_root.rstrip("/").replace(".", r"\.").format(region="([a-z0-9-]+)"))
_JOB_FILES = {
    "prediction.results-": "results",
    "prediction.errors_stats-": "errors",
    "prediction.keys-": "keys",
    "prediction.rejected_rows-": "rejected",
}
"""Prefix of a job's output files -> what they hold."""


class MlTarget(Target):
    """A project on `ml` v1."""

    API = ML.name
    CLIENTS_SPLIT = True
    JOB_LIMITS: ClassVar[JobLimits] = JobLimits(
        batch_size=rules.DEFAULT_BATCH,
        most_batch_size=rules.MOST_BATCH,
        workers=rules.DEFAULT_WORKERS,
        most_workers=rules.MOST_WORKERS,
    )
    ERROR_HINTS: ClassVar[Mapping[type[errors.ApiError], str]] = {
        errors.Sunset: "set tf2-models:endpoint to a server that speaks ml v1 (the emulator: `python -m emulator up`)",
        errors.PermissionDenied: "these credentials need roles/ml.developer and, for samples, "
        "roles/storage.objectViewer",
    }

    @property
    def url(self) -> str:
        """See `Target`."""
        return ML.url(self.settings)

    @classmethod
    def client_arguments(cls, predict_url: str) -> dict[str, Any] | None:
        """See `Target`."""
        found = _PREDICT_URL.fullmatch(predict_url)
        if not found:
            return None
        url, project, model = found.groups()
        arguments = {"project": project, "model": model}
        if url == ML.url(gcp_settings.Settings()):
            return {**arguments, "endpoint": gcp_settings.GLOBAL}
        if region := _REGIONAL_URL.fullmatch(url):
            return {**arguments, "endpoint": gcp_settings.REGIONAL, "region": region[1]}
        return {**arguments, "endpoint": url}

    def resource_name(self, model: str, version: str | None = None) -> str:
        """`projects/P/models/M` or `projects/P/models/M/versions/V`."""
        names = [("project", _PROJECT, self.project), ("model", NAME, model)]
        names += [] if version is None else [("version", NAME, version)]
        failures = [
            (what, f"{name!r} is not a valid {what} name") for what, rule, name in names if not rule.match(str(name))
        ]
        if failures:
            raise errors.InvalidInput(failures)
        return f"projects/{self.project}/models/{model}" + ("" if version is None else f"/versions/{version}")

    @staticmethod
    def envelope(signature_name: str | None) -> Envelope:
        """`{"instances": [...], "signature_name": ...}`."""
        signature = b"" if signature_name is None else b',"signature_name":' + json.dumps(signature_name).encode()
        return Envelope(b'{"instances":[', b"]" + signature + b"}", quotas.PREDICT_BYTES)

    def predict(self, name: str, body: bytes, signature_name: str | None) -> Predictions:
        """Calls `ml.projects.predict`, which answers 200 with `{"error": ...}` when a model fails."""
        del signature_name
        request = self.api.methods(ML, "projects").predict(name=name, body={})
        # The body is already JSON, because its size had to be known: the client library must not encode it again.
        request.body, request.body_size = body, len(body)
        answer = self.api.call(request, repeatable=True)
        if isinstance(answer, dict) and "error" in answer:
            raise PredictionFailed(str(answer["error"]))
        predictions = answer.get("predictions") if isinstance(answer, dict) else None
        if not isinstance(predictions, list):
            raise PredictionFailed(f'the answer has no list "predictions": {str(answer)[:200]}')
        return Predictions(predictions)

    def deployed(self, model: str, version: str | None = None) -> Deployed | None:
        """Calls `ml.projects.models.versions.get` or `ml.projects.models.get`."""
        name = self.resource_name(model, version)
        models = self.api.methods(ML, "projects.models")
        if version is None:
            found = self.api.call(models.get(name=name)).get("defaultVersion")
            return _deployed(found, is_default=True) if found else None
        found = self.api.call(models.versions().get(name=name))
        return _deployed(found, is_default=bool(found.get("isDefault")))

    @property
    def keeps_order(self) -> bool:
        """True on the emulator. Google's service splits files into parts and only counts errors."""
        return not self.settings.is_google

    def job_failures(self, *, machine_type: str | None, signature: str | None, csv: bool) -> list[tuple[str, str]]:
        """See `Target`."""
        del signature, csv
        return [] if machine_type is None else [("--machine-type", "is for Vertex AI: leave it out")]

    def start_job(self, request: JobRequest) -> str:
        """Calls `ml.projects.jobs.create`."""
        settings = {
            "versionName": request.version_name,
            "dataFormat": request.row_format,
            "inputPaths": list(request.inputs),
            "outputPath": request.output,
            "region": self.settings.region or rules.DEFAULT_REGION,
            "signatureName": request.signature,
            "outputDataFormat": request.output_format,
            "batchSize": request.batch_size and str(request.batch_size),
            "maxWorkerCount": request.workers and str(request.workers),
        }
        wanted = {name: value for name, value in settings.items() if value is not None}
        body = {"jobId": request.job_id, "predictionInput": wanted}
        # Not retried after a lost response: the API would reject the same id, which does not say whose job it is.
        self.api.call(self.api.methods(ML, "projects.jobs").create(parent=f"projects/{self.project}", body=body))
        return request.job_id

    def find_job(self, job_id: str) -> str | None:
        """Calls `ml.projects.jobs.get`."""
        try:
            job = self.api.call(self.api.methods(ML, "projects.jobs").get(name=polling.name(self.project, job_id)))
        except errors.NotFound:
            return None
        return None if job.get("state") in polling.LOST else job_id

    @staticmethod
    def job_file_kind(name: str) -> str:
        """See `Target`."""
        return next((kind for start, kind in _JOB_FILES.items() if name.startswith(start)), "")

    def wait_for_job(self, job_id: str, report: Callable[[JobStatus], None], *, clock: Clock) -> JobStatus:
        """Polls `ml.projects.jobs.get`."""
        name = polling.name(self.project, job_id)
        return job_status(polling.wait(self.api, name, lambda job: report(job_status(job)), clock=clock))

    def cancel_job(self, job_id: str) -> None:
        """Calls `ml.projects.jobs.cancel`."""
        name = polling.name(self.project, job_id)
        self.api.call(self.api.methods(ML, "projects.jobs").cancel(name=name, body={}), repeatable=True)

    def cancel_command(self, job_id: str) -> str:
        """See `Target`."""
        return f"gcloud ai-platform jobs cancel {job_id}"


def _deployed(found: Mapping[str, Any], *, is_default: bool) -> Deployed:
    name = str(found["name"])
    return Deployed(name, name.rpartition("/")[2], found.get("deploymentUri", ""), is_default=is_default)


def job_status(job: Mapping[str, Any]) -> JobStatus:
    """The status of a job resource of the API."""
    predicted, rejected = polling.counts(dict(job))
    return JobStatus(str(job.get("state", "")), predicted, rejected, str(job.get("errorMessage", "")))
