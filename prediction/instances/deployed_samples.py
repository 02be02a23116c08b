"""What is deployed: the version, and the manifest of the very artifact behind it, with its sample instances."""

from __future__ import annotations

from dataclasses import dataclass

from gcp import api as _api
from gcp import errors
from prediction.cli import error_hints
from prediction.manifest import Manifest
from prediction.online import resource_name
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
            raise errors.Error(f"{name} has no default version: name a version with --version; {error_hints.DEPLOY}")
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
        return Manifest.parse(manifests.read(api, version.uri))
    except errors.NotFound as error:
        raise errors.ArtifactError(error.message) from None
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        reason = f"{type(error).__name__}: {error}"
        file = f"{version.uri.rstrip('/')}/{manifests.NAME}"
        raise errors.ArtifactError(f"{file} is no manifest: {reason}") from None


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
    return found, manifest_or_none(api, found)


def manifest_or_none(api: _api.Api, version: Deployed) -> Manifest:
    """The manifest of a version; empty where there is none, or where these credentials may not read it."""
    try:
        return manifest(api, version)
    except (errors.ArtifactError, errors.PermissionDenied):
        return Manifest()
