"""The manifest of a deployed artifact, read from where the artifact lies."""

from __future__ import annotations

from typing import Any

from artifact_format import manifest
from artifact_format.manifest import MANIFEST
from gcp import api as _api
from gcp import errors
from resources.deploy_errors import ArtifactError
from resources.storage import rules
from resources.storage.service import STORAGE


def read(api: _api.Api, uri: str, generation: str | None = None) -> dict[str, Any]:
    """What the manifest in an artifact's folder says: `storage.objects.get`.

    Args:
        api: the seam to Google.
        uri: `gs://BUCKET/FOLDER/`, a version's `deploymentUri`.
        generation: of the manifest. Default: the one that is live.

    Raises:
        NotFound: there is none.
        ArtifactError: the URI names no folder of a bucket, or what is there is no manifest.
        ApiError: the API's own refusal.
    """
    bucket, folder = rules.split_uri(uri)
    if not bucket:
        raise ArtifactError(f"{uri!r} is no folder of a bucket")
    path = f"{folder.rstrip('/')}/{MANIFEST}".lstrip("/")
    try:
        return manifest.facts(content(api, bucket, path, generation))
    except errors.NotFound:
        raise errors.NotFound(f"there is no gs://{bucket}/{path}") from None
    except manifest.InvalidManifest as error:
        raise ArtifactError(
            f"gs://{bucket}/{path} is not a valid manifest (storage.objects.get: {error}). Run the same command again, "
            "since a proxy may have answered; else look at that object and delete it, run `pulumi refresh`, then "
            "`pulumi up`"
        ) from None


def content(api: _api.Api, bucket: str, name: str, generation: str | None = None) -> bytes:
    """The bytes of a manifest. Raises `NotFound`."""
    found: bytes = api.call(
        api.methods(STORAGE, "objects").get_media(bucket=bucket, object=name, generation=generation)
    )
    return found


def is_one(name: str) -> bool:
    """Whether an object of this name is an artifact's manifest."""
    return name.endswith(f"/{MANIFEST}")
