"""What is deployed: the version, and the manifest of the very artifact behind it, with its sample instances."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from prediction.fitting import Inputs
from prediction.online import resource_name
from resources import _api, errors
from resources.storage import manifests


@dataclass(frozen=True)
class Deployed:
    """A version.

    Attributes:
        name: its full name.
        uri: folder of its SavedModel, `gs://...`; empty where it has none (a container).
        is_default: whether it answers for its model.
    """

    name: str
    uri: str
    is_default: bool


@dataclass(frozen=True)
class Sample:
    """An instance, and what is true of it: `label` is None where that is not known."""

    instance: Any
    label: Any = None


@dataclass(frozen=True)
class Manifest:
    """What an artifact's manifest says that predictions need. Empty where there is no manifest."""

    samples: list[Sample] = field(default_factory=list)
    classes: list[str] = field(default_factory=list)
    signatures: dict[str, Any] = field(default_factory=dict)

    def output(self, signature_name: str | None = None) -> str | None:
        """The name of a signature's only output."""
        names = list(self._signature(signature_name).get("outputs") or ())
        return names[0] if len(names) == 1 else None

    def inputs(self, signature_name: str | None = None) -> Inputs:
        """A signature's inputs; empty if they are not known."""
        return self._signature(signature_name).get("inputs") or {}

    def _signature(self, name: str | None) -> dict[str, Any]:
        only = next(iter(self.signatures)) if len(self.signatures) == 1 else "serving_default"
        found: dict[str, Any] = self.signatures.get(name or only) or {}
        return found


def deployed(api: _api.Api, project: str, model: str, version: str | None = None) -> Deployed:
    """The version, or the model's default version: `ml.projects.models.versions.get`, `ml.projects.models.get`.

    Raises:
        ApiError: the API's own refusal.
        Error: the model has no default version.
    """
    name = resource_name(project, model, version)
    models = api.ml("projects.models")
    if version is None:
        found = api.call(models.get(name=name)).get("defaultVersion")
        if not found:
            raise errors.Error(f"{name} has no default version: deploy one, or name a version with --version")
        return Deployed(found["name"], found.get("deploymentUri", ""), is_default=True)
    found = api.call(models.versions().get(name=name))
    return Deployed(found["name"], found.get("deploymentUri", ""), is_default=bool(found.get("isDefault")))


def manifest(api: _api.Api, version: Deployed) -> Manifest:
    """The manifest in the version's folder of the bucket: `storage.objects.get`.

    Raises:
        ArtifactError: there is none, or it is no manifest.
        ApiError: the API's own refusal.
    """
    if not version.uri:
        raise errors.ArtifactError(f"{version.name} has no SavedModel in a bucket")
    try:
        return _parsed(manifests.read(api, version.uri))
    except errors.NotFound as error:
        raise errors.ArtifactError(error.message) from None
    except (KeyError, TypeError, AttributeError) as error:
        reason = f"{type(error).__name__}: {error}"
        file = f"{version.uri.rstrip('/')}/{manifests.NAME}"
        raise errors.ArtifactError(f"{file} is no manifest: {reason}") from None


def _parsed(facts: Mapping[str, Any]) -> Manifest:
    samples = [Sample(each["instance"], each.get("label")) for each in facts.get("samples") or ()]
    classes = [str(each) for each in facts.get("classes") or ()]
    return Manifest(samples, classes, dict(facts.get("signatures") or {}))


def known(api: _api.Api, project: str, model: str, version: str | None = None) -> tuple[Deployed | None, Manifest]:
    """What can be known of what is deployed: it gives names to answers, and is welcome, not needed.

    Who may only predict, and what was not deployed from a bucket with a manifest, gets less.

    Raises:
        ApiError: the API's own refusal, but for `PermissionDenied`.
    """
    try:
        found = deployed(api, project, model, version)
    except errors.PermissionDenied:
        return None, Manifest()
    try:
        return found, manifest(api, found)
    except (errors.ArtifactError, errors.PermissionDenied):
        return found, Manifest()
