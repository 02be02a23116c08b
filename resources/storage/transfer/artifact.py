"""Transfers an artifact into a bucket: uploads or copies what is missing, the manifest last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from artifact_format.manifest import MANIFEST
from resources.deploy_errors import ArtifactError
from resources.engine.provider import Call, State
from resources.storage import rules
from resources.storage.transfer import copies, folder, parallel, source_bucket


class Origin(Protocol):
    """Where the bytes come from."""

    def verify(self, call: Call, files: Mapping[str, State]) -> None:
        """Raises `ArtifactError` unless every file exists with the declared length and checksum."""

    def send(self, call: Call, places: Mapping[str, int]) -> None:
        """Sends files to the bucket. Each replaces exactly the given generation; 0 if there is none."""

    def send_manifest(self, call: Call) -> None:
        """Sends the manifest to the bucket, which has none."""


def ensure(call: Call, inputs: State, *, mend: bool = False) -> bool:
    """Sends what the bucket lacks of the artifact; returns whether anything was missing.

    Everything is checked before the first byte is sent.

    Args:
        call: the provider's call.
        inputs: of a SavedModel.
        mend: whether to replace files that differ, each only if it still has the generation that was seen.

    Raises:
        ArtifactError: the files were not found, or those on this machine or in the bucket differ from the declared.
    """
    found = parallel.below(call, inputs["bucket"], inputs["prefix"])
    wanted = {name: parallel.facts(facts) for name, facts in inputs["files"].items()}
    other = {name for name, facts in wanted.items() if name in found and parallel.facts(found[name]) != facts}
    if other and not mend:
        raise ArtifactError(
            f"{rules.folder_uri(inputs)}{min(other)} differs from this artifact's file; it was changed outside: "
            "delete it and run again"
        )
    lacking = other | (wanted.keys() - found.keys())
    whole = MANIFEST in found
    if not lacking and whole:
        return False
    _send(call, inputs, wanted, lacking, found)
    return True


def _send(
    call: Call, inputs: State, wanted: Mapping[str, State], lacking: set[str], found: Mapping[str, State]
) -> None:
    for path, reason in rules.saved_model_failures({"files": wanted, "sizeLimit": inputs.get("sizeLimit")}):
        raise ArtifactError(f"{path}: {reason}")
    origin: Origin = source_bucket.find(call, inputs) or folder.find(inputs)
    origin.verify(call, wanted)
    if MANIFEST in found:
        origin.send(call, {name: _generation(found, name) for name in lacking})
        return
    there = {name: found[name] for name in wanted.keys() - lacking}
    gone = copies.renew(call, inputs["bucket"], list(there.values()))  # another stack may be deleting it: decision 007
    lost = {name for name, item in there.items() if item["name"] in gone}
    origin.send(call, {**{name: _generation(found, name) for name in lacking}, **dict.fromkeys(lost, 0)})
    origin.send_manifest(call)


def _generation(found: Mapping[str, State], name: str) -> int:
    return int(found[name]["generation"]) if name in found else 0
