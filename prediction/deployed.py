"""The deployed version, and the manifest of its artifact with sample instances."""

from __future__ import annotations

from collections.abc import Mapping

from artifact_format.manifest import MANIFEST, InvalidManifest, Manifest
from gcp import errors
from prediction.targets.target import Deployed, Target
from resources.deploy_errors import ArtifactError
from resources.storage import manifests

DEPLOY = "`pulumi up` deploys what the stack declares; after a change outside of Pulumi, run `pulumi refresh` first"
"""`pulumi up` trusts its state: it reports no change for a version that was deleted outside Pulumi."""


def deployed(target: Target, model: str, version: str | None = None) -> Deployed:
    """The version, or the model's default version.

    Raises:
        ApiError: the API refused.
        Error: the model has no default version.
    """
    return _required(target.deployed(model, version), model)


def for_job(target: Target, model: str, version: str | None = None) -> Deployed:
    """The version that a batch job asks, or the model's default version. Raises like `deployed`."""
    return _required(target.job_version(model, version), model)


def _required(found: Deployed | None, model: str) -> Deployed:
    if found is None:
        raise errors.Error(f"{model} has no default version: name a version with --version; {DEPLOY}")
    return found


def manifest(target: Target, version: Deployed) -> Manifest:
    """The manifest in the version's folder of the bucket: `storage.objects.get`.

    Raises:
        ArtifactError: there is none, or it is not valid.
        ApiError: the API refused.
    """
    if not version.uri:
        raise ArtifactError(f"{version.name} has no SavedModel in a bucket")
    try:
        return Manifest.parse(manifests.read(target.api, version.uri))
    except errors.NotFound as error:
        raise ArtifactError(error.message) from None
    except InvalidManifest as error:
        file = f"{version.uri.rstrip('/')}/{MANIFEST}"
        raise ArtifactError(f"{file} is not a valid manifest: {error}") from None


def known(target: Target, model: str, version: str | None = None) -> tuple[Deployed | None, Manifest]:
    """The version and its manifest, as far as these credentials may read them.

    The version is None, or the manifest empty, if the credentials only allow predicting; the manifest is also empty if
    the version was deployed without one. Predictions work without either; they give names to the answers.

    Raises:
        ApiError: the API refused, except for `PermissionDenied`.
    """
    try:
        found = deployed(target, model, version)
    except errors.PermissionDenied:
        return None, Manifest()
    return found, manifest_or_empty(target, found)


def manifest_or_empty(target: Target, version: Deployed) -> Manifest:
    """The manifest of a version; empty if it does not exist or these credentials may not read it."""
    try:
        return manifest(target, version)
    except (ArtifactError, errors.PermissionDenied):
        return Manifest()


def describe_version(found: Deployed | None, version: str | None) -> str:
    """The version that answers, for people: `version v2 (default)`.

    Args:
        found: the version, if these credentials may read it.
        version: the name that the user gave.
    """
    if found is None:
        return f"version {version}" if version else "default version"
    return f"version {found.version}{' (default)' if found.is_default else ''}"


def describe_answers(counts: Mapping[str, int]) -> str:
    """The versions that answered, for people: `version v2`, or `versions v1 (3) and v2 (1)`; empty for none.

    Args:
        counts: name of a version -> how many of the predictions it gave.
    """
    if len(counts) < 2:
        return "".join(f"version {name}" for name in counts)
    return f"versions {' and '.join(f'{name} ({count})' for name, count in counts.items())}"
