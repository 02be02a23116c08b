"""An artifact that is copied from another bucket: what is copied, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from resources.deploy_errors import ArtifactError
from resources.storage.transfer import copies, folder
from tests.artifacts.conftest import PREFIX, WHOLE, Shared, Stack
from tests.running import RunningEmulator

DIGEST = "1" * 16


class Pair:
    """The bucket of staging, with an artifact in it, and that of production, empty.

    Attributes:
        staging, production: the buckets.
    """

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.production = Shared(emulator, project, folder)
        self.staging = Shared(emulator, f"{project}-staging", folder / "staging")
        self.staging.stack("staging", contentDigest=DIGEST).create()

    def stack(self, **more: Any) -> Stack:
        """Production's stack; its bytes are not on this machine."""
        facts = {"source": "not/here", "artifactSource": self.staging.bucket, "contentDigest": DIGEST, **more}
        return self.production.stack("production", **facts)

    def write(self, name: str, content: bytes) -> None:
        """Somebody writes a file of staging's artifact."""
        media = MediaInMemoryUpload(content, mimetype="application/octet-stream")
        insert = self.staging.emulator.storage().objects().insert
        insert(bucket=self.staging.bucket, name=f"{PREFIX}/{name}", media_body=media).execute()


@pytest.fixture
def pair(emulator: RunningEmulator, project: str, tmp_path: Path) -> Pair:
    """Two buckets."""
    return Pair(emulator, project, tmp_path)


def test_the_bytes_and_the_manifest_are_those_of_the_source(pair: Pair) -> None:
    """Every object is copied on the server's side; nothing but the claim is sent."""
    stack = pair.stack()
    pair.production.emulator.reset_calls()

    stack.create()

    calls = pair.production.emulator.calls()
    assert (calls["storage.objects.rewrite"], calls["storage.objects.insert"]) == (len(WHOLE), 1)
    assert stack.is_served()
    get = pair.production.emulator.storage().objects().get_media
    one, two = (get(bucket=each.bucket, object=f"{PREFIX}/manifest.json") for each in (pair.staging, pair.production))
    assert one.execute() == two.execute()


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
def test_what_differs_is_named_and_nothing_is_copied(pair: Pair, damage: Callable[[Pair], None], said: str) -> None:
    """One line: the object, what was expected, what was found. Neither an object nor a claim is left."""
    damage(pair)

    with pytest.raises(ArtifactError, match=rf"gs://{pair.staging.bucket}/{PREFIX}/{said}") as caught:
        pair.stack().create()

    assert "\n" not in str(caught.value)
    assert pair.production.names() == set()


def test_a_bucket_that_is_not_there_is_told(pair: Pair) -> None:
    """The line names the key and the bucket."""
    with pytest.raises(ArtifactError, match=r"artifactSource: there is no bucket gs://nobody-made-this"):
        pair.stack(artifactSource="nobody-made-this").create()


def test_what_is_not_whole_there_comes_from_this_machine(pair: Pair) -> None:
    """Without a manifest it is no artifact; a build that matches the card serves as well."""
    pair.staging.remove(f"{PREFIX}/manifest.json")
    stack = pair.stack(source=str(pair.production.folder))

    stack.create()

    assert stack.is_served()


def test_a_file_altered_in_the_stacks_own_bucket_is_copied_again(pair: Pair) -> None:
    """Refresh shows it, and the next `up` puts it right from the source."""
    stack = pair.stack()
    stack.create()
    pair.production.remove(f"{PREFIX}/notes.txt")
    read = stack.ask("read", "", dict(stack.inputs))
    assert "notes.txt" not in read.outs["files"]

    stack.ask("update", "", read.outs, dict(stack.inputs))

    assert stack.is_served()


def test_a_large_object_is_copied_in_several_calls(
    emulator: RunningEmulator, project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From one location to another the API copies a part at a time, and goes on by its token."""
    monkeypatch.setattr(copies, "PART", 2**20)
    near = Shared(emulator, f"{project}-near", tmp_path / "near", location="US")
    far = Shared(emulator, project, tmp_path / "far", location="EU")
    for each in (near, far):
        (each.folder / "large").write_bytes(bytes(5 * 2**19))
    near.stack("near").create()
    stack = far.stack("far", source="not/here", artifactSource=near.bucket)
    emulator.reset_calls()

    stack.create()

    assert emulator.calls()["storage.objects.rewrite"] == len(WHOLE) + 3
    assert stack.is_served()


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
def test_each_kind_of_artifact_says_how_its_bytes_come_here(facts: dict[str, str], said: str) -> None:
    """A Keras file that was imported elsewhere is not to be imported again: its export would have other bytes."""
    with pytest.raises(ArtifactError) as caught:
        folder.find({"source": "build/none/0", **facts})

    assert said in str(caught.value)
