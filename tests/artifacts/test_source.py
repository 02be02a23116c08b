"""Artifacts copied from another bucket: what is copied, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from resources.deploy_errors import ArtifactError
from resources.storage.transfer import copies, folder
from tests.artifacts.conftest import ALL_FILES, PREFIX, Shared, Stack
from tests.running import RunningEmulator

DIGEST = "1" * 16


class Pair:
    """Staging's bucket with an artifact in it, and production's empty bucket.

    Attributes:
        staging, production: the buckets.
    """

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.production = Shared(emulator, project, folder)
        self.staging = Shared(emulator, f"{project}-staging", folder / "staging")
        self.staging.stack("staging", contentDigest=DIGEST).create()

    def stack(self, **more: Any) -> Stack:
        """Production's stack; this machine does not have its bytes."""
        facts = {"source": "not/here", "artifactSource": self.staging.bucket, "contentDigest": DIGEST, **more}
        return self.production.stack("production", **facts)

    def write(self, name: str, content: bytes) -> None:
        """Writes a file of staging's artifact, as a user outside Pulumi does."""
        media = MediaInMemoryUpload(content, mimetype="application/octet-stream")
        insert = self.staging.emulator.storage().objects().insert
        insert(bucket=self.staging.bucket, name=f"{PREFIX}/{name}", media_body=media).execute()


@pytest.fixture
def pair(emulator: RunningEmulator, project: str, tmp_path: Path) -> Pair:
    """The two buckets."""
    return Pair(emulator, project, tmp_path)


def test_all_files_and_the_manifest_are_copied(pair: Pair) -> None:
    """Every object is copied on the server; only the claim is uploaded."""
    stack = pair.stack()
    pair.production.emulator.reset_calls()

    stack.create()

    calls = pair.production.emulator.calls()
    assert (calls["storage.objects.rewrite"], calls["storage.objects.insert"]) == (len(ALL_FILES), 1)
    assert stack.is_complete()
    get = pair.production.emulator.storage().objects().get_media
    one, two = (get(bucket=each.bucket, object=f"{PREFIX}/manifest.json") for each in (pair.staging, pair.production))
    assert one.execute() == two.execute()


def test_the_folder_of_the_other_platform_is_a_source_too(pair: Pair) -> None:
    """Stacks on Vertex AI lay files into a numbered folder: what an `ml` stack has is copied there, and back."""
    numbered = f"{PREFIX}/1"
    pair.stack(prefix=numbered).create()
    emulator, bucket = pair.production.emulator, pair.production.bucket
    listed = emulator.storage().objects().list(bucket=bucket, prefix=f"{numbered}/").execute()["items"]
    assert {item["name"].removeprefix(f"{numbered}/") for item in listed} == set(ALL_FILES)

    third = Shared(emulator, f"{pair.production.project}-third", pair.production.folder.parent / "third")
    third.stack("ml", source="not/here", artifactSource=bucket, contentDigest=DIGEST).create()
    listed = emulator.storage().objects().list(bucket=third.bucket, prefix=f"{PREFIX}/").execute()["items"]
    assert {item["name"].removeprefix(f"{PREFIX}/") for item in listed} == set(ALL_FILES)


def _same_size(pair: Pair) -> None:
    pair.write("notes.txt", b"NOTES")


def _other_size(pair: Pair) -> None:
    pair.write("notes.txt", b"longer notes")


def _missing(pair: Pair) -> None:
    pair.staging.remove(f"{PREFIX}/notes.txt")


def _other_digest(pair: Pair) -> None:
    pair.write("manifest.json", json.dumps({"contentDigest": "2" * 16}).encode())


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (_same_size, r"notes\.txt: expected 5 bytes, crc32c \S+; found 5 bytes, crc32c \S+: push it there again"),
        (_other_size, r"notes\.txt: expected 5 bytes, crc32c \S+; found 12 bytes, crc32c"),
        (_missing, r"notes\.txt: expected 5 bytes, crc32c \S+; found no such object"),
        (_other_digest, r"manifest\.json: expected content digest 1{16}; found 2{16}"),
    ],
    ids=["same size", "other size", "missing", "other digest"],
)
def test_a_damaged_source_is_reported_and_nothing_is_copied(
    pair: Pair, damage: Callable[[Pair], None], said: str
) -> None:
    """One line has the object, the expected and the found value. Neither objects nor a claim are left."""
    damage(pair)

    with pytest.raises(ArtifactError, match=rf"gs://{pair.staging.bucket}/{PREFIX}/{said}") as caught:
        pair.stack().create()

    assert "\n" not in str(caught.value)
    assert pair.production.names() == set()


def test_the_source_bucket_must_exist(pair: Pair) -> None:
    """The error names the key and the bucket."""
    with pytest.raises(ArtifactError, match=r"artifactSource: bucket gs://nobody-made-this not found"):
        pair.stack(artifactSource="nobody-made-this").create()


def test_an_incomplete_source_is_replaced_by_this_machines_build(pair: Pair) -> None:
    """Without a manifest the source does not count; a build that matches the card is uploaded."""
    pair.staging.remove(f"{PREFIX}/manifest.json")
    stack = pair.stack(source=str(pair.production.folder))

    stack.create()

    assert stack.is_complete()


def test_a_file_altered_in_the_stacks_own_bucket_is_copied_again(pair: Pair) -> None:
    """A refresh notices it, and the next `up` copies it from the source."""
    stack = pair.stack()
    stack.create()
    pair.production.remove(f"{PREFIX}/notes.txt")
    read = stack.call("read", "", dict(stack.inputs))
    assert "notes.txt" not in read.outs["files"]

    stack.call("update", "", read.outs, dict(stack.inputs))

    assert stack.is_complete()


def test_a_large_object_is_copied_in_several_calls(
    emulator: RunningEmulator, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between two locations the API copies one part per call and continues by a token."""
    monkeypatch.setattr(copies, "PART", 2**20)
    near = Shared(emulator, f"{project}-near", tmp_path / "near", location="US")
    far = Shared(emulator, project, tmp_path / "far", location="EU")
    for each in (near, far):
        (each.folder / "large").write_bytes(bytes(5 * 2**19))
    near.stack("near").create()
    stack = far.stack("far", source="not/here", artifactSource=near.bucket)
    emulator.reset_calls()

    stack.create()

    assert emulator.calls()["storage.objects.rewrite"] == len(ALL_FILES) + 3
    assert stack.is_complete()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        (
            {"recipe": "line", "inputDigest": "0"},
            "machine: run `python -m models build`, or set artifactSource to a bucket",
        ),
        ({}, "machine: import the SavedModel on this machine (`python -m models import PATH --name NAME`), or set art"),
        ({"inputDigest": "0"}, "machine: set artifactSource to a bucket that has them (`python -m models push NAME"),
    ],
    ids=["recipe", "SavedModel", "Keras file"],
)
def test_the_error_says_how_to_get_the_bytes_of_each_kind_of_artifact(facts: dict[str, str], said: str) -> None:
    """It does not suggest importing a Keras file again, since a new export would have other bytes."""
    with pytest.raises(ArtifactError) as caught:
        folder.find({"source": "build/none/0", **facts})

    assert said in str(caught.value)
