"""Online prediction: `ml.projects.predict`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from gcp import api as _api
from gcp import errors
from prediction.instances import request_bodies, signature_mismatch
from prediction.manifest import Manifest
from prediction.output.wording import counted
from prediction.settings import settings_of
from resources.ml.rules import NAME

_PROJECT = re.compile(r"[a-z0-9][a-z0-9.:-]*\Z")


def predict_json(
    project: str,
    model: str,
    instances: Iterable[Any],
    version: str | None = None,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    signature_name: str | None = None,
) -> list[Any]:
    """The predictions of a deployed model, one per instance, in the order of the instances.

    Name and positional arguments are those of Google's own sample. Calls `ml.projects.predict`, once per 1,572,864
    bytes of JSON: more instances than one request holds are sent in several, one after the other. Predicting is safe
    to repeat, so what fails for a passing reason (429, 5xx, no answer) is repeated for up to 30 s.

    Args:
        project: id or number of the Google Cloud project.
        model: name of the model.
        instances: what the model's signature takes, per instance: with one input its bare value or `{input: value}`,
            with several a dict. Values are whatever JSON can say, numpy arrays and scalars, and bytes, which are sent
            as `{"b64": ...}`. A numpy array of shape (n, ...) is n instances.
        version: name of the version. Default: the model's default version.
        endpoint: "global", "regional" or the URL of a server that speaks `ml` v1. Default: the environment variable
            TF2_MODELS_ENDPOINT, else Google: the regional endpoint if `region` is given, else the global one.
        region: for Google's regional endpoint, such as "us-central1".
        signature_name: key of the SavedModel's signature. Default: its only one, else "serving_default".

    Returns:
        `predictions` of the answer, as the endpoint has them: a dict `{output: value}` per instance. Some servers
        answer the bare value of a signature with one output (the emulator with `--single-output bare`).

    Raises:
        InvalidInput: wrong names or endpoint, no instances, an instance that JSON cannot say or that alone is over the
            limit; nothing was sent.
        PredictionFailed: the model refused or failed: the API answered 200 with `{"error": "..."}`. Or it gave more or
            fewer predictions than there were instances.
        ApiError: the API's own refusal, by its class: `NotFound`, `PermissionDenied`, ...
        EndpointUnreachable: no answer came.
    """
    name = resource_name(project, model, version)
    return predict(_api.shared(settings_of(endpoint, region)), name, instances, signature_name)


def predict(api: _api.Api, name: str, instances: Iterable[Any], signature_name: str | None = None) -> list[Any]:
    """As `predict_json`, for the full name of a model or a version."""
    bodies = request_bodies.pack(instances, signature_name)
    return [each for body in bodies for each in ask(api, name, body, among=len(bodies))]


def ask(
    api: _api.Api,
    name: str,
    body: request_bodies.Body,
    *,
    among: int = 1,
    signature_name: str | None = None,
    manifest: Callable[[], Manifest] = Manifest,
) -> list[Any]:
    """The predictions of one request; a failed one says what does not fit.

    A model that takes one instance in a request is asked again, about each instance: a signature whose input has no
    dimension for instances is such a model, where the manifest says so.

    Args:
        api: where.
        name: full name of a model or a version.
        body: one request.
        among: how many requests the instances go in: of one alone, an error does not say which instances it held.
        signature_name: key of the signature that the body asks, as `packing.pack` was given it.
        manifest: gives that of the artifact; it is called only where the model refuses.
    """
    what = f"{name}: " if among == 1 else f"{name}, {body.instances}: "
    try:
        return _predictions(_send(api, name, body.content), body.count, what)
    except errors.PredictionFailed as error:
        if body.count == 1 or not manifest().takes_one(signature_name):
            raise signature_mismatch.explained(error, body, manifest(), signature_name) from None
    ones = request_bodies.singles(body, signature_name)
    told: dict[str, Any] = {"among": len(ones), "signature_name": signature_name, "manifest": manifest}
    return [prediction for one in ones for prediction in ask(api, name, one, **told)]


def resource_name(project: str, model: str, version: str | None = None) -> str:
    """`projects/P/models/M` or `projects/P/models/M/versions/V`. Raises `InvalidInput` for what cannot be a name."""
    rules = [("project", _PROJECT, project), ("model", NAME, model)]
    rules += [] if version is None else [("version", NAME, version)]
    failures = [(what, f"is no {what} name: {given!r}") for what, rule, given in rules if not rule.match(str(given))]
    if failures:
        raise errors.InvalidInput(failures)
    return f"projects/{project}/models/{model}" + ("" if version is None else f"/versions/{version}")


def _send(api: _api.Api, name: str, content: bytes) -> Any:
    request = api.ml("projects").predict(name=name, body={})
    # The body is encoded already, since its size had to be known: the client library would do it a second time.
    request.body, request.body_size = content, len(content)
    return api.call(request, repeatable=True)


def _predictions(answer: Any, count: int, what: str) -> list[Any]:
    if isinstance(answer, dict) and "error" in answer:
        raise errors.PredictionFailed(f"{what}{answer['error']}")
    predictions = answer.get("predictions") if isinstance(answer, dict) else None
    if not isinstance(predictions, list):
        raise errors.PredictionFailed(f'{what}the answer has no list of "predictions": {str(answer)[:200]}')
    if len(predictions) != count:
        came, asked = counted(len(predictions), "prediction"), counted(count, "instance")
        reason = f"{came} came for {asked}, so which is whose is not known"
        raise errors.PredictionFailed(f"{what}{reason}: send such a model one instance at a time")
    return predictions
