"""Vertex AI, `aiplatform` v1: an endpoint, whose traffic split decides which version answers."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar, NoReturn

from gcp import errors
from gcp import settings as gcp_settings
from gcp.api import Api, shared
from gcp.clock import Clock
from prediction.errors import PredictionFailed
from prediction.predictions import Predictions
from prediction.targets.target import Deployed, Envelope, JobLimits, JobRequest, JobStatus, Target
from resources.storage.rules import SERVING_FOLDER
from resources.vertex import names, quotas
from resources.vertex.rules import ENDPOINT_ID
from resources.vertex.service import VERTEX

_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")
_PREDICT_URL = re.compile(r"(https?://[^/]+)/v1/projects/([^/]+)/locations/([^/]+)/endpoints/([^/:]+):predict")
_DEDICATED_HOST = ".prediction.vertexai.goog"
_NUMBERED_BELOW = "--model_base_path="
"""An argument of TensorFlow Serving: the SavedModel lies in a numbered folder below the artifact's address."""
_NO_JOBS = "batch jobs are not on Vertex AI yet: use --local, or the `ml` platform"


class VertexTarget(Target):
    """A project on Vertex AI."""

    API = VERTEX.name
    CLIENTS_SPLIT = False
    JOB_LIMITS: ClassVar[JobLimits] = JobLimits(batch_size=64, most_batch_size=1_000_000, workers=10, most_workers=1000)
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
        is_regional = url == VERTEX.url(regional) or url.endswith(_DEDICATED_HOST)
        given = gcp_settings.REGIONAL if is_regional else url
        return {"project": project, "model": endpoint, "region": region, "endpoint": given}

    def resource_name(self, model: str, version: str | None = None) -> str:
        """`projects/P/locations/L/endpoints/E`, of the endpoint that a stack gives a model of this name."""
        endpoint = names.endpoint_id(model)
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

    @property
    def _location(self) -> str:
        return names.location(self.project, self.settings.region)

    @staticmethod
    def envelope(signature_name: str | None) -> Envelope:
        """`{"instances": [...]}`; `:rawPredict` hands TensorFlow Serving its `signature_name` too."""
        signature = b"" if signature_name is None else b',"signature_name":' + json.dumps(signature_name).encode()
        return Envelope(b'{"instances":[', b"]" + signature + b"}", quotas.PREDICT_BYTES)

    def predict(self, name: str, body: bytes, signature_name: str | None) -> Predictions:
        """Calls `endpoints.predict`; for a signature, which that does not pass on, `endpoints.rawPredict`."""
        api = api_of(self.api, name)
        endpoints = api.methods(VERTEX, "projects.locations.endpoints")
        method = endpoints.predict if signature_name is None else endpoints.rawPredict
        request = method(endpoint=name, body={})
        request.body, request.body_size = body, len(body)  # JSON already: its size had to be known
        try:
            answer = api.call(request, repeatable=True)
        except errors.InvalidArgument as error:
            raise PredictionFailed(error.message) from None
        predictions = answer.get("predictions") if isinstance(answer, dict) else None
        if not isinstance(predictions, list):
            raise PredictionFailed(f'the answer has no list "predictions": {str(answer)[:200]}')
        return Predictions(predictions, [self._name_of(answer)] * len(predictions))

    def _name_of(self, answer: Mapping[str, Any]) -> str | None:
        """The name of the version that gave an answer; its number if it has none. `rawPredict` does not say."""
        model, number = names.last(str(answer.get("model", ""))), answer.get("modelVersionId")
        return version_name(self.api, f"{self._location}/models/{model}@{number}") if model and number else None

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
        return Deployed(name, _named(found), _folder(found), is_default=True)

    @property
    def keeps_order(self) -> bool:
        """Not known of Google's service."""
        return not self.settings.is_google

    def start_job(self, request: JobRequest) -> NoReturn:
        """Raises `Error`."""
        del request
        raise errors.Error(_NO_JOBS)

    @staticmethod
    def job_file_kind(name: str) -> str:
        """See `Target`."""
        return "results" if "prediction.results-" in name else ""

    def wait_for_job(self, job_id: str, report: Callable[[JobStatus], None], *, clock: Clock) -> JobStatus:
        """Raises `Error`."""
        del job_id, report, clock
        raise errors.Error(_NO_JOBS)

    def cancel_job(self, job_id: str) -> None:
        """Raises `Error`."""
        del job_id
        raise errors.Error(_NO_JOBS)

    def cancel_command(self, job_id: str) -> str:
        """See `Target`."""
        return f"gcloud ai batch-predict cancel {job_id}"


@lru_cache(maxsize=1024)
def api_of(api: Api, endpoint: str) -> Api:
    """Where an endpoint, `projects/P/locations/L/endpoints/E`, predicts: `endpoints.get`, once per process.

    A dedicated endpoint of Google's is not served at the region's address, but at its own, which gets the same
    credentials. Another server has one address for all. An endpoint that these credentials may not read is asked at
    the region's address.
    """
    if not api.settings.is_google:
        return api
    try:
        found = api.call(api.methods(VERTEX, "projects.locations.endpoints").get(name=endpoint))
    except errors.PermissionDenied:
        return api
    host = str(found.get("dedicatedEndpointDns") or "")
    if not host.endswith(_DEDICATED_HOST):
        return api
    return shared(replace(api.settings, endpoint=f"https://{host}"))


@lru_cache(maxsize=1024)
def version_name(api: Api, of: str) -> str:
    """The name of a model version, `projects/P/locations/L/models/M@V`: `models.get`, once per process.

    Its number stands for it if it has no name, or if these credentials may only predict.
    """
    try:
        return _named(api.call(api.methods(VERTEX, "projects.locations.models").get(name=of)))
    except errors.ApiError:
        return of.rpartition("@")[2]


def _named(version: Mapping[str, Any]) -> str:
    return str((version.get("labels") or {}).get(names.VERSION_LABEL) or version.get("versionId", ""))


def _folder(version: Mapping[str, Any]) -> str:
    """The folder of a version's SavedModel; empty if it has none."""
    uri, arguments = str(version.get("artifactUri", "")), (version.get("containerSpec") or {}).get("args") or []
    below = any(str(argument).startswith(_NUMBERED_BELOW) for argument in arguments)
    return f"{uri.rstrip('/')}/{SERVING_FOLDER}/" if uri and below else uri
