"""Reads the manifest of a deployed artifact from its bucket."""

from __future__ import annotations

from typing import Any

from artifact_format import manifest
from artifact_format.manifest import MANIFEST
from gcp import errors
from gcp.api import Api
from resources.deploy_errors import ArtifactError
from resources.storage import rules
from resources.storage.service import STORAGE


def read(api: Api, uri: str, generation: str | None = None) -> dict[str, Any]:
    """The content of the manifest in an artifact's folder: `storage.objects.get`.

    Args:
        api: the seam to Google.
        uri: `gs://BUCKET/FOLDER/`, a version's `deploymentUri`.
        generation: of the manifest. Default: the live one.

    Raises:
        NotFound: it does not exist.
        ArtifactError: the URI is not a folder of a bucket, or the manifest is invalid.
        ApiError: the API returned another error.
    """
    bucket, folder = rules.split_uri(uri)
    if not bucket:
        raise ArtifactError(f"{uri!r} is not a folder of a bucket")
    path = f"{folder.rstrip('/')}/{MANIFEST}".lstrip("/")
    try:
        return manifest.facts(content(api, bucket, path, generation))
    except errors.NotFound:
        raise errors.NotFound(f"gs://{bucket}/{path} not found") from None
    except manifest.InvalidManifest as error:
        raise ArtifactError(
            f"gs://{bucket}/{path} is not a valid manifest (storage.objects.get: {error}). Run the same command again, "
            "since a proxy may have responded. If that fails, check and delete the object, run `pulumi refresh`, then "
            "`pulumi up`"
        ) from None


def content(api: Api, bucket: str, name: str, generation: str | None = None) -> bytes:
    """The bytes of a manifest. Raises `NotFound`."""
    found: bytes = api.call(
        api.methods(STORAGE, "objects").get_media(bucket=bucket, object=name, generation=generation)
    )
    return found


def is_one(name: str) -> bool:
    """Whether this is the name of an artifact's manifest."""
    return name.endswith(f"/{MANIFEST}")
