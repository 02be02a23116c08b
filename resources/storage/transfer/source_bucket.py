"""The bucket that an artifact is copied from: found and compared with the declaration before anything is copied."""

from __future__ import annotations

from collections.abc import Mapping

from artifact_format.manifest import MANIFEST
from gcp import errors
from resources.deploy_errors import ArtifactError
from resources.engine.provider import Call, State
from resources.storage import manifests, rules
from resources.storage.transfer import parallel
from resources.storage.transfer.copies import Copy, copy_all


class Source:
    """A complete artifact in another bucket.

    Args:
        bucket: the other bucket.
        folder: where it is there.
        inputs: of the SavedModel that it is copied for.
        found: path below the folder -> the object there.
    """

    def __init__(self, bucket: str, folder: str, inputs: State, found: Mapping[str, State]) -> None:
        self._bucket, self._folder, self._inputs, self._found = bucket, folder, inputs, found

    def verify(self, call: Call, files: Mapping[str, State]) -> None:
        """Raises `ArtifactError` unless every file is as declared, and the manifest has the declared digest."""
        for name, facts in files.items():
            found = parallel.facts(self._found[name]) if name in self._found else None
            if found != facts:
                held = f"{found['size']} bytes, crc32c {found['crc32c']}" if found else "no such object"
                raise ArtifactError(
                    f"{self._where(name)}: expected {facts['size']} bytes, crc32c {facts['crc32c']}; found {held}: "
                    "push it there again, or leave artifactSource out"
                )
        declared = self._inputs.get("contentDigest")
        generation = self._found[MANIFEST]["generation"]
        written = manifests.read(call.api, self._where(""), generation).get("contentDigest")
        if declared and written != declared:
            raise ArtifactError(
                f"{self._where(MANIFEST)}: expected content digest {declared}; found {written}: "
                "push it there again, or leave artifactSource out"
            )

    def send(self, call: Call, places: Mapping[str, int]) -> None:
        """Copies files. Each replaces exactly the given generation."""
        copies = [
            Copy(
                bucket=self._bucket, item=self._found[name], name=f"{self._inputs['prefix']}/{name}", replaces=replaces
            )
            for name, replaces in sorted(places.items())
        ]
        copy_all(call, self._inputs["bucket"], copies)

    def send_manifest(self, call: Call) -> None:
        """Copies the manifest."""
        self.send(call, {MANIFEST: 0})

    def _where(self, name: str) -> str:
        return f"gs://{self._bucket}/{self._folder}/{name}"


def find(call: Call, inputs: State) -> Source | None:
    """The artifact in `artifactSource`; None without this input, or if it is incomplete there.

    A stack of another platform may have stored it in another folder: looks into both, its own first.

    Raises:
        ArtifactError: the bucket does not exist.
    """
    bucket = inputs.get("artifactSource")
    if not bucket:
        return None
    for folder in (inputs["prefix"], rules.other_layout(inputs["prefix"])):
        try:
            found = parallel.below(call, bucket, folder)
        except errors.NotFound:
            raise ArtifactError(f"artifactSource: bucket gs://{bucket} not found") from None
        if MANIFEST in found:
            return Source(bucket, folder, inputs, found)
    return None
