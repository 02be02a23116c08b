"""What tests of the `ml` API do often: upload a SavedModel, create a version, wait for its operation."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from googleapiclient.http import MediaInMemoryUpload

from gcp import error_responses, errors
from tests.emulator import saved_models
from tests.running import BOUND, RunningEmulator

N1 = {"runtimeVersion": "2.11", "pythonVersion": "3.7", "machineType": "n1-standard-2"}


def until(condition: Callable[[], Any], what: str) -> Any:
    """What `condition` gives as soon as it is true; fails after `BOUND` seconds."""
    end = time.monotonic() + BOUND
    while time.monotonic() < end:
        found = condition()
        if found:
            return found
        time.sleep(0.01)
    raise AssertionError(f"not within {BOUND:g} s: {what}")


class Caller:
    """Google's client, bound to one project of an emulator."""

    def __init__(self, emulator: RunningEmulator, project: str) -> None:
        self.emulator = emulator
        self.project = f"projects/{project}"
        self.bucket = f"{project}-models"
        self.models = emulator.ml().projects().models()
        self.versions = self.models.versions()
        self.operations = emulator.ml().projects().operations()

    def upload(self, folder: str, content: bytes = saved_models.multiplier(2.0), name: str = "saved_model.pb") -> str:
        """Writes one object; returns the folder's URI."""
        buckets, objects = self.emulator.storage().buckets(), self.emulator.storage().objects()
        listed = buckets.list(project=self.bucket).execute().get("items")
        if not listed:
            buckets.insert(project=self.bucket, body={"name": self.bucket}).execute()
        media = MediaInMemoryUpload(content, mimetype="application/octet-stream")
        objects.insert(bucket=self.bucket, name=f"{folder}/{name}", media_body=media).execute()
        return f"gs://{self.bucket}/{folder}"

    def model(self, name: str = "m", **body: Any) -> str:
        """Creates a model; returns its full name."""
        made = self.models.create(parent=self.project, body={"name": name, **body}).execute()
        full: str = made["name"]
        return full

    def begin(self, model: str, name: str = "v1", factor: float = 2.0, **body: Any) -> dict[str, Any]:
        """Creates a version; returns the operation as it was answered."""
        uri = self.upload(f"x{factor}", saved_models.multiplier(factor))
        whole = {"name": name, "deploymentUri": uri, **N1, **body}
        operation: dict[str, Any] = self.versions.create(parent=model, body=whole).execute()
        return operation

    def version(self, model: str, name: str = "v1", factor: float = 2.0, **body: Any) -> dict[str, Any]:
        """Creates a version and waits until it is READY; returns it."""
        return self.response(self.begin(model, name, factor, **body))

    def wait(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The operation once it is done."""

        def done() -> dict[str, Any] | None:
            found: dict[str, Any] = self.operations.get(name=operation["name"]).execute()
            return found if found.get("done") else None

        found: dict[str, Any] = until(done, f"the end of {operation['name']}")
        return found

    def response(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The response of an operation that succeeds."""
        ended = self.wait(operation)
        assert "error" not in ended, ended
        response: dict[str, Any] = ended["response"]
        return response

    def predict(self, name: str, instances: list[Any]) -> dict[str, Any]:
        """What `predict` answers for a model or a version."""
        call = self.emulator.ml().projects().predict(name=name, body={"instances": instances})
        answer: dict[str, Any] = call.execute()
        return answer


def error_of(exc: Any) -> errors.ApiError:
    """The error that a client's `HttpError` means."""
    return error_responses.from_response(int(exc.resp.status), exc.content)
