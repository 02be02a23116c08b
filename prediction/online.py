"""Online prediction: instances in, predictions out, in as many requests as needed."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from artifact_format.manifest import Manifest
from command_line import pluralize
from prediction import settings
from prediction.errors import PredictionFailed
from prediction.instances import request_bodies, signature_mismatch
from prediction.predictions import Predictions
from prediction.targets.target import Target


def predict_json(
    project: str,
    model: str,
    instances: Iterable[Any],
    version: str | None = None,
    *,
    endpoint: str | None = None,
    region: str | None = None,
    signature_name: str | None = None,
    platform: str = "ml",
) -> Predictions:
    """The predictions of a deployed model, one per instance, in the order of the instances.

    Name and positional arguments are those of Google's own sample. Instances that do not fit into one request
    (1,572,864 bytes of JSON) are sent in several, one after the other. Transient failures (429, 5xx, no answer) are
    retried for up to 30 s: predicting is safe to repeat.

    Args:
        project: id or number of the Google Cloud project.
        model: name of the model.
        instances: one item per instance, as the model's signature takes it: with one input its value or
            `{input: value}`, with several a dict. Values are JSON values, numpy arrays and scalars, or bytes, which are
            sent as `{"b64": ...}`. A numpy array of shape (n, ...) is n instances.
        version: name of the version. Default: the model's default version.
        endpoint: "global", "regional" or the URL of a server with the same API. Default: the environment variable
            TF2_MODELS_ENDPOINT, else Google: the regional endpoint if `region` is given, else the global one.
        region: for Google's regional endpoint, such as "us-central1"; always needed on Vertex AI.
        signature_name: key of the SavedModel's signature. Default: its only one, else "serving_default".
        platform: "ml" (AI Platform Prediction) or "vertex" (Vertex AI, where `model` is also the endpoint's id).

    Returns:
        The predictions as the endpoint returns them, a list: a dict `{output: value}` per instance. On Vertex AI, and
        from the emulator with `--single-output bare`, a signature with one output gives the bare value; `Client` adds
        the name.

    Raises:
        InvalidInput: a name or the endpoint is invalid, there are no instances, or an instance cannot be written as
            JSON or exceeds the limit by itself. Nothing was sent.
        PredictionFailed: the model refused or failed, or returned more or fewer predictions than there were instances.
        ApiError: the API refused; the subclass says why: `NotFound`, `PermissionDenied`, ...
        EndpointUnreachable: no answer came.
    """
    target = settings.target_at(project, settings.settings_of(endpoint, region), platform)
    return predict(target, target.resource_name(model, version), instances, signature_name)


def predict(
    target: Target,
    name: str,
    instances: Iterable[Any],
    signature_name: str | None = None,
    manifest: Callable[[], Manifest] = Manifest,
) -> Predictions:
    """Like `predict_json`, for the full name of a model or version. `manifest`: see `ask`."""
    bodies = request_bodies.pack(instances, target.envelope(signature_name))
    requests = len(bodies)
    return Predictions.joined(
        ask(target, name, body, requests=requests, signature_name=signature_name, manifest=manifest) for body in bodies
    )


def ask(
    target: Target,
    name: str,
    body: request_bodies.Body,
    *,
    requests: int = 1,
    signature_name: str | None = None,
    manifest: Callable[[], Manifest] = Manifest,
) -> Predictions:
    """The predictions of one request. If it fails, the error says which instance does not match the signature.

    If the manifest says that a request takes one instance (a signature whose input has no dimension for instances), a
    refused request is repeated instance by instance.

    Args:
        target: where to predict.
        name: full name of a model or version.
        body: one request.
        requests: the number of requests that hold all instances. If there are several, errors name the instances.
        signature_name: key of the signature, as in the body's envelope.
        manifest: returns the artifact's manifest. Called only if the model refuses.
    """
    prefix = f"{name}: " if requests == 1 else f"{name}, {body.instances}: "
    try:
        return _matched(target.predict(name, body.content, signature_name), body.count)
    except PredictionFailed as error:
        failure = PredictionFailed(f"{prefix}{error}")
    if body.count == 1 or not manifest().takes_one(signature_name):
        raise signature_mismatch.explained(failure, body, manifest(), signature_name)
    ones = request_bodies.split(body, target.envelope(signature_name))
    return Predictions.joined(
        ask(target, name, one, requests=len(ones), signature_name=signature_name, manifest=manifest) for one in ones
    )


def _matched(predictions: Predictions, count: int) -> Predictions:
    """The predictions, if there is one for each instance."""
    if len(predictions) != count:
        got, expected = pluralize(len(predictions), "prediction"), pluralize(count, "instance")
        raise PredictionFailed(
            f"got {got} for {expected}, which cannot be matched: send this model one instance at a time"
        )
    return predictions
