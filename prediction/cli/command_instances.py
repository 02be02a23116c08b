"""What a command asks: instances that were given, or samples of the very artifact that is deployed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from gcp import api as _api
from gcp import errors
from prediction import online
from prediction.instances import deployed_samples, request_bodies
from prediction.instances.deployed_samples import Deployed
from prediction.instances.instance_files import Given
from prediction.manifest import Manifest
from prediction.output.prediction_values import Case
from resources.schema import signatures

_GIVE = "give your own with --instances FILE"


@dataclass(frozen=True, kw_only=True)
class Question:
    """Everything that is known before the model is asked.

    Attributes:
        name: full name of the model or version that is asked.
        given: the instances.
        labels: what is true of them, as far as it is known.
        version: the version that answers, where these credentials may know it.
        manifest: of its artifact.
    """

    name: str
    given: Given
    labels: Sequence[Any] = ()
    version: Deployed | None = None
    manifest: Manifest = field(default_factory=Manifest)

    def ask(self, api: _api.Api) -> list[Any]:
        """The predictions. Raises as `prediction.predict_json` does; a failed prediction says what does not fit."""
        key = self.given.signature_name
        bodies = request_bodies.pack(self.given.instances, key)
        predictions: list[Any] = []
        for body in bodies:
            predictions += online.ask(
                api, self.name, body, among=len(bodies), signature_name=key, manifest=lambda: self.manifest
            )
        return predictions

    def cases(self, predictions: Sequence[Any]) -> list[Case]:
        """The instances with predictions and truth."""
        labels = [*self.labels, *[None] * (len(predictions) - len(self.labels))]
        return [Case(*row) for row in zip(self.given.instances, predictions, labels, strict=True)]


def about_samples(
    api: _api.Api, project: str, model: str, version: str | None, count: int, signature_name: str | None = None
) -> Question:
    """The first samples of what is deployed, for the version that they belong to, whatever becomes the default.

    Raises:
        ArtifactError: the artifact has no samples, or none for this signature, or it has no such signature.
        ApiError: the API's own refusal.
    """
    found = deployed_samples.deployed(api, project, model, version)
    try:
        manifest = deployed_samples.manifest(api, found)
    except errors.ArtifactError as error:
        raise errors.ArtifactError(f"no sample instances: {error}: {_GIVE}") from None
    if signature_name and manifest.lacks(signature_name):
        raise errors.ArtifactError(
            f"there is no signature {signature_name} in {found.uri}; it has {', '.join(sorted(manifest.signatures))}: "
            "name one of them with --signature"
        )
    chosen = manifest.samples[:count]
    if not chosen:
        raise errors.ArtifactError(f"no sample instances in {found.uri}: {_GIVE}")
    sampled = signatures.default_key(manifest.signatures)
    if signature_name not in (None, sampled):
        raise errors.ArtifactError(
            f"no sample instances for the signature {signature_name}, only for {sampled}: {_GIVE}"
        )
    given = Given([sample.instance for sample in chosen], signature_name)
    labels = [sample.label for sample in chosen]
    return Question(name=found.name, given=given, labels=labels, version=found, manifest=manifest)


def about_given(api: _api.Api, project: str, model: str, version: str | None, given: Given) -> Question:
    """Given instances. What is deployed gives names to the answers."""
    found, manifest = deployed_samples.known(api, project, model, version)
    given = given.with_inputs(manifest.inputs(given.signature_name))
    name = found.name if found else online.resource_name(project, model, version)
    return Question(name=name, given=given, labels=given.labels, version=found, manifest=manifest)
