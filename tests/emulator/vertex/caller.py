"""What tests of the `aiplatform` API do often: upload a model, make an endpoint, wait for an operation."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator import saved_models
from tests.emulator.ml.caller import Caller, error_of, until
from tests.running import BOUND, RunningEmulator

__all__ = ["PREBUILT", "SERVING", "VertexCaller", "error_of", "refusal", "until"]

LOCATION = "us-central1"
PREBUILT = {"imageUri": "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"}
SERVING: dict[str, Any] = {
    "imageUri": "europe-docker.pkg.dev/some-project/images/serving:2.21.0",
    "args": [
        *("--rest_api_port=8080", "--port=8500", "--model_name=model"),
        "--model_base_path=$(AIP_STORAGE_URI)",
    ],
    "ports": [{"containerPort": 8080}],
    "predictRoute": "/v1/models/model:predict",
    "healthRoute": "/v1/models/model",
}


def refusal(call: Any) -> errors.ApiError:
    """The error that a call is answered with."""
    try:
        answer = call.execute()
    except HttpError as exc:
        return error_of(exc)
    raise AssertionError(f"not refused: {answer}")


class VertexCaller:
    """Google's client, bound to one location of one project of an emulator.

    Attributes:
        place: `projects/P/locations/L`.
    """

    def __init__(self, emulator: RunningEmulator, project: str, *, version: str = "v1") -> None:
        self.emulator, self.project = emulator, project
        self.place = f"projects/{project}/locations/{LOCATION}"
        self.files = Caller(emulator, project)
        self.locations = emulator.vertex(version).projects().locations()
        self.models, self.endpoints = self.locations.models(), self.locations.endpoints()

    def artifact(self, factor: float = 2.0, folder: str = "") -> str:
        """Writes a SavedModel that multiplies by `factor`; returns the URI of its folder, or of the one above."""
        name = folder or f"x{factor:g}"
        self.files.upload(name, saved_models.multiplier(factor))
        return f"gs://{self.files.bucket}/{name.partition('/')[0]}"

    def begin_upload(self, factor: float = 2.0, *, uri: str = "", **request: Any) -> dict[str, Any]:
        """Uploads a model; returns the operation as it was answered. `model` is merged into its fields."""
        model = {
            "displayName": "m",
            "artifactUri": uri or self.artifact(factor),
            "containerSpec": PREBUILT,
            **request.pop("model", {}),
        }
        operation: dict[str, Any] = self.models.upload(parent=self.place, body={"model": model, **request}).execute()
        return operation

    def upload(self, factor: float = 2.0, **request: Any) -> str:
        """Uploads a model and waits; returns the version's name, `projects/.../models/M@V`."""
        response = self.response(self.begin_upload(factor, **request))
        return f"{response['model']}@{response['modelVersionId']}"

    def endpoint(self, **body: Any) -> str:
        """Makes an endpoint; returns its name."""
        call = self.endpoints.create(parent=self.place, body={"displayName": "e", **body})
        name: str = self.response(call.execute())["name"]
        return name

    def ask(self, verb: str, target: str, body: bytes | None = None) -> tuple[int, Any]:
        """Status and JSON of a plain call."""
        connection = http.client.HTTPConnection(urlsplit(self.emulator.endpoint).netloc, timeout=BOUND)
        connection.request(verb, target, body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, json.loads(content) if content else None

    def wait(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The operation once it is done, by `wait` at its flat name."""
        name = f"{self.place}/operations/{operation['name'].rpartition('/')[2]}"
        call = self.locations.operations().wait(name=name, timeout="20s")

        def done() -> dict[str, Any] | None:
            found: dict[str, Any] = call.execute()
            return found if found.get("done") else None

        found: dict[str, Any] = until(done, f"the end of {operation['name']}")
        return found

    def response(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The response of an operation that succeeds."""
        ended = self.wait(operation)
        assert "error" not in ended, ended
        response: dict[str, Any] = ended["response"]
        return response

    def failure(self, operation: dict[str, Any]) -> dict[str, Any]:
        """The error of an operation that fails."""
        error: dict[str, Any] = self.wait(operation)["error"]
        return error

    def deploy_call(self, endpoint: str, model: str, *, split: dict[str, int] | None = None, **deployed: Any) -> Any:
        """The call that deploys a model with one replica; fields of `deployed` that are None are left out."""
        whole = {"model": model, "dedicatedResources": {"minReplicaCount": 1}, **deployed}
        given = {name: value for name, value in whole.items() if value is not None}
        return self.endpoints.deployModel(
            endpoint=endpoint, body={"deployedModel": given, **({"trafficSplit": split} if split else {})}
        )

    def begin_deploy(self, endpoint: str, model: str, **given: Any) -> dict[str, Any]:
        """Deploys a model; returns the operation as it was answered."""
        operation: dict[str, Any] = self.deploy_call(endpoint, model, **given).execute()
        return operation

    def deploy(self, endpoint: str, model: str, **given: Any) -> str:
        """Deploys a model and waits; returns the id of the deployed model."""
        id_: str = self.response(self.begin_deploy(endpoint, model, **given))["deployedModel"]["id"]
        return id_

    def split(self, endpoint: str, split: dict[str, int]) -> None:
        """Sets the traffic split."""
        self.endpoints.patch(name=endpoint, updateMask="trafficSplit", body={"trafficSplit": split}).execute()

    def predict_call(self, endpoint: str, instances: Sequence[Any] = (1.0,)) -> Any:
        """The call that predicts."""
        return self.endpoints.predict(endpoint=endpoint, body={"instances": list(instances)})

    def predict(self, endpoint: str, instances: Sequence[Any] = (1.0,)) -> dict[str, Any]:
        """What `predict` answers for an endpoint."""
        answer: dict[str, Any] = self.predict_call(endpoint, instances).execute()
        return answer

    def undeploy_all(self) -> None:
        """Deletes every endpoint of the location: its nodes are processes that tests share, the console shows it."""
        for endpoint in self.endpoints.list(parent=self.place).execute().get("endpoints", []):
            name = endpoint["name"]
            if endpoint.get("deployedModels"):
                self.endpoints.patch(name=name, updateMask="trafficSplit", body={}).execute()
            for deployed in endpoint.get("deployedModels", []):
                with contextlib.suppress(HttpError):  # an operation of a failed test may still run
                    body = {"deployedModelId": deployed["id"]}
                    self.response(self.endpoints.undeployModel(endpoint=name, body=body).execute())
            with contextlib.suppress(HttpError):
                self.endpoints.delete(name=name).execute()
