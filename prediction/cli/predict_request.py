"""What the predict command sends: the user's instances, or samples of the deployed artifact."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from artifact_format import signatures
from artifact_format.manifest import Manifest
from gcp import errors
from prediction import deployed, online
from prediction.evaluation.cases import Case
from prediction.instances.instance_files import GivenInstances
from prediction.predictions import Predictions
from prediction.targets.target import Deployed, Target
from resources.deploy_errors import ArtifactError

_GIVE_INSTANCES = "give your own with --instances FILE"


@dataclass(frozen=True, kw_only=True)
class PredictRequest:
    """The instances to predict, and what is known about the model.

    Attributes:
        name: full name of the model or version.
        given: the instances.
        labels: the true label of each instance, as far as known.
        version: the version that answers, if these credentials may read it.
        manifest: of its artifact.
        look_up: reads the manifest when an answer needs it, if `manifest` was not read before.
    """

    name: str
    given: GivenInstances
    labels: Sequence[Any] = ()
    version: Deployed | None = None
    manifest: Manifest = field(default_factory=Manifest)
    look_up: Callable[[], Manifest] | None = None

    def send(self, target: Target) -> Predictions:
        """The predictions, by output name if it is known, as of `Client`.

        Raises like `predict_json`; a failed prediction names the instance that does not match.
        """
        signature, manifest = self.given.signature_name, self.look_up or (lambda: self.manifest)
        found = online.predict(target, self.name, self.given.instances, signature, manifest=manifest)
        return found.by_name(lambda: manifest().outputs(signature))

    def cases(self, predictions: Sequence[Any]) -> list[Case]:
        """The instances with predictions and labels."""
        labels = [*self.labels, *[None] * (len(predictions) - len(self.labels))]
        return [Case(*row) for row in zip(self.given.instances, predictions, labels, strict=True)]


def of_samples(
    target: Target, model: str, version: str | None, count: int, signature_name: str | None = None
) -> PredictRequest:
    """The first samples of a deployed version. The request names that version, even if the default changes meanwhile.

    Raises:
        ArtifactError: the artifact has no such signature, or no samples for it.
        ApiError: the API refused.
    """
    found = deployed.deployed(target, model, version)
    try:
        manifest = deployed.manifest(target, found)
    except ArtifactError as error:
        raise ArtifactError(f"no sample instances: {error}: {_GIVE_INSTANCES}") from None
    if signature_name and manifest.lacks(signature_name):
        raise ArtifactError(
            f"{found.uri} has no signature {signature_name}; --signature must be one of "
            f"{', '.join(sorted(manifest.signatures))}"
        )
    chosen = manifest.samples[:count]
    if not chosen:
        raise ArtifactError(f"no sample instances in {found.uri}: {_GIVE_INSTANCES}")
    sampled = signatures.default_key(manifest.signatures)
    if signature_name not in (None, sampled):
        raise ArtifactError(
            f"no sample instances for the signature {signature_name}, only for {sampled}: {_GIVE_INSTANCES}"
        )
    given = GivenInstances([sample["instance"] for sample in chosen], signature_name)
    labels = [sample.get("label") for sample in chosen]
    return PredictRequest(name=found.name, given=given, labels=labels, version=found, manifest=manifest)


def of_given(target: Target, model: str, version: str | None, given: GivenInstances) -> PredictRequest:
    """The user's instances, with the manifest of the deployed version if it can be read."""
    found, manifest = deployed.known(target, model, version)
    given = given.with_inputs(manifest.inputs(given.signature_name))
    name = found.name if found else target.resource_name(model, version)
    return PredictRequest(name=name, given=given, labels=given.labels, version=found, manifest=manifest)


def of_given_lazily(target: Target, model: str, version: str | None, given: GivenInstances) -> PredictRequest:
    """The user's instances, without a call before the prediction: named predictions need no manifest."""

    @cache
    def look_up() -> Manifest:
        try:
            return deployed.known(target, model, version)[1]
        except errors.Error:  # the predictions, or the error of the model, must not be lost
            return Manifest()

    return PredictRequest(name=target.resource_name(model, version), given=given, look_up=look_up)
