"""google-cloud-storage, unmodified."""

from __future__ import annotations

import gzip
import io
import secrets
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest
from google.api_core.exceptions import BadRequest, NotFound, NotModified, PreconditionFailed
from google.cloud.storage import transfer_manager

from tests.emulator.storage.support import NAMES, REFUSED_NAMES

_LARGE = secrets.token_bytes(3 * 2**20 + 5)


def test_objects_are_uploaded_and_downloaded(made: Any) -> None:
    """Uploads are simple, resumable or streamed; downloads are whole, partial or streamed."""
    made.blob("a b/ü").upload_from_string(b"hello", content_type="text/plain")
    made.blob("large", chunk_size=2**20).upload_from_file(io.BytesIO(_LARGE))
    with made.blob("stream").open("wb", chunk_size=2**18) as file:
        file.write(_LARGE)

    assert made.blob("a b/ü").download_as_bytes(start=1, end=2) == b"el"
    assert made.blob("large").download_as_bytes() == _LARGE
    with made.blob("stream").open("rb", chunk_size=2**18) as file:
        assert file.read() == _LARGE
    assert (made.blob("large").exists(), made.blob("none").exists(), made.exists()) == (True, False, True)


def test_preconditions_are_checked_and_old_generations_stay(client: Any, made: Any) -> None:
    """Every method checks its conditions; with versioning the earlier generations still exist."""
    blob = made.blob("o")
    blob.upload_from_string(b"1", if_generation_match=0)
    first = blob.generation
    made.versioning_enabled = True
    made.patch()

    attempts: list[Callable[[], Any]] = [
        lambda: made.blob("o").upload_from_string(b"2", if_generation_match=0),
        lambda: made.blob("o").download_as_bytes(if_generation_match=1),
        lambda: made.blob("o").reload(if_metageneration_match=9),
        lambda: made.blob("o").delete(if_generation_match=1),
        lambda: made.copy_blob(blob, made, "copy", if_source_generation_match=1),
        lambda: made.blob("c").compose([blob], if_generation_match=1),
        lambda: blob.patch(if_metageneration_match=9),
        lambda: made.patch(if_metageneration_match=9),
    ]
    for attempt in attempts:
        with pytest.raises(PreconditionFailed):
            attempt()
    made.blob("o").upload_from_string(b"2", if_generation_match=first)

    assert made.blob("o", generation=first).download_as_bytes() == b"1"
    assert [found.generation == first for found in client.list_blobs(made, versions=True)] == [True, False]


def test_conditions_can_name_an_etag(client: Any, made: Any) -> None:
    """A read can require a state by its ETag, or one that differs from the caller's."""
    made.blob("o").upload_from_string(b"1")
    blob = made.get_blob("o")
    bucket = client.get_bucket(made.name)

    assert made.blob("o").download_as_bytes(if_etag_match={blob.etag, "another"}) == b"1"
    assert made.blob("o").download_as_bytes(if_etag_not_match="another") == b"1"
    with pytest.raises(PreconditionFailed):
        made.blob("o").download_as_bytes(if_etag_match="another")
    with pytest.raises(PreconditionFailed):
        blob.reload(if_etag_match="another")
    known: list[Callable[[], Any]] = [
        lambda: blob.reload(if_etag_not_match=[f'"{blob.etag}"', "another"]),
        lambda: bucket.reload(if_etag_not_match=bucket.etag),
    ]
    for attempt in known:
        with pytest.raises(NotModified):
            attempt()
    blob.metadata = {"k": "v"}
    blob.patch()
    blob.reload(if_etag_not_match=bucket.etag)
    bucket.reload(if_etag_match=bucket.etag)


def test_the_custom_time_only_moves_forward(made: Any) -> None:
    """`customTime` cannot be set back or removed."""
    blob = made.blob("o")
    blob.custom_time = datetime(2024, 5, 6, 7, 8, 7, 500000, tzinfo=timezone.utc)
    blob.upload_from_string(b"1")
    later = datetime(2025, 1, 1, tzinfo=timezone.utc)
    for change, said in (
        (None, "not removed"),
        (datetime(2020, 1, 1, tzinfo=timezone.utc), "not set back before 2024"),
    ):
        blob.custom_time = change
        with pytest.raises(BadRequest, match=said):
            blob.patch()
    assert made.get_blob("o").custom_time == datetime(2024, 5, 6, 7, 8, 7, 500000, tzinfo=timezone.utc)
    blob.custom_time = later
    blob.patch()

    assert made.get_blob("o").custom_time == later


def test_objects_are_copied_moved_composed_and_rewritten(client: Any, made: Any, project: str) -> None:
    """A rewrite between locations takes several calls if each is bounded."""
    made.blob("a").upload_from_string(b"a")
    made.blob("large").upload_from_string(_LARGE)
    far = client.create_bucket(f"{project}-far", location="europe-west1")

    made.blob("ab").compose([made.blob("a"), made.blob("a")])
    made.move_blob(made.blob("ab"), "moved")
    made.rename_blob(made.blob("moved"), "renamed")
    made.blob("large").update_storage_class("NEARLINE")
    token, _, total = far.blob("large").rewrite(made.blob("large"))

    assert made.blob("renamed").download_as_bytes() == b"aa"
    assert made.get_blob("large").storage_class == "NEARLINE"
    assert (token, total, far.blob("large").download_as_bytes()) == (None, len(_LARGE), _LARGE)
    far.delete(force=True)
    assert not far.exists()


def test_a_batch_is_one_request(client: Any, made: Any) -> None:
    """All its calls are made; an error of one is raised after the others."""
    for name in ("a", "b"):
        made.blob(name).upload_from_string(name.encode())
    blob = made.blob("b")
    blob.metadata = {"k": "v"}

    def make_calls() -> None:
        with client.batch():
            made.delete_blob("none")
            made.delete_blob("a")
            blob.patch()

    with pytest.raises(NotFound):
        make_calls()

    assert [(found.name, found.metadata) for found in client.list_blobs(made)] == [("b", {"k": "v"})]


def test_lists_have_pages_prefixes_globs_and_fields(client: Any, made: Any) -> None:
    """Each option gives the objects that the client expects."""
    for name in ("a/1.txt", "a/2.bin", "b/c/3.txt", "d"):
        made.blob(name).upload_from_string(b"")

    assert [found.name for found in client.list_blobs(made, page_size=1)] == ["a/1.txt", "a/2.bin", "b/c/3.txt", "d"]
    assert [found.name for found in client.list_blobs(made, match_glob="**.txt")] == ["a/1.txt", "b/c/3.txt"]
    folders = client.list_blobs(made, delimiter="/")
    assert ([found.name for found in folders], folders.prefixes) == (["d"], {"a/", "b/"})
    few = client.list_blobs(made, fields="items(name),nextPageToken", page_size=2)
    assert [(found.name, found.size) for found in few][-1] == ("d", None)


def test_compressed_objects_and_policies_work(made: Any, client: Any) -> None:
    """A gzip object is decompressed unless raw bytes are requested; a bucket keeps its policy."""
    packed = gzip.compress(b"plain" * 1000)
    blob = made.blob("packed")
    blob.content_encoding = "gzip"
    blob.upload_from_string(packed)
    policy = made.get_iam_policy(requested_policy_version=3)
    policy.bindings.append({"role": "roles/storage.objectViewer", "members": {"allUsers"}})
    made.set_iam_policy(policy)

    assert blob.download_as_bytes() == b"plain" * 1000
    assert blob.download_as_bytes(raw_download=True) == packed
    assert policy.bindings[-1] in made.get_iam_policy(requested_policy_version=3).bindings
    assert made.test_iam_permissions(["storage.objects.get"]) == ["storage.objects.get"]
    assert "@gs-project-accounts." in client.get_service_account_email()


def test_the_transfer_manager_sends_and_fetches_many_files(made: Any, tmp_path: Path) -> None:
    """Its threads also fetch one file in ranges."""
    names = [f"f{number}" for number in range(20)]
    for name in names:
        (tmp_path / name).write_bytes(secrets.token_bytes(2048))
    made.blob("large").upload_from_string(_LARGE)

    sent = transfer_manager.upload_many_from_filenames(
        made, names, source_directory=str(tmp_path), worker_type="thread"
    )
    (tmp_path / "back").mkdir()
    fetched = transfer_manager.download_many_to_path(
        made, names, destination_directory=str(tmp_path / "back"), worker_type="thread"
    )
    transfer_manager.download_chunks_concurrently(
        made.blob("large"), str(tmp_path / "large"), chunk_size=2**20, worker_type="thread"
    )

    assert sent == fetched == [None] * len(names)
    assert all((tmp_path / "back" / name).read_bytes() == (tmp_path / name).read_bytes() for name in names)
    assert (tmp_path / "large").read_bytes() == _LARGE


def test_the_transfer_manager_sends_one_file_in_parts(made: Any, tmp_path: Path) -> None:
    """It sends the parts at the same time, in any order, through the XML API."""
    (tmp_path / "large").write_bytes(_LARGE)
    blob = made.blob("a b/ü")
    blob.metadata, blob.content_language = {"k": "v"}, "de"

    transfer_manager.upload_chunks_concurrently(
        str(tmp_path / "large"), blob, chunk_size=2**18, max_workers=4, worker_type="thread"
    )

    found = made.get_blob("a b/ü")
    assert found.download_as_bytes() == _LARGE
    assert (found.metadata, found.content_language, found.md5_hash) == ({"k": "v"}, "de", None)


def test_unusual_names_are_kept_or_refused(client: Any, made: Any) -> None:
    """A valid name is kept unchanged; an invalid one is refused with 400, for objects and for buckets."""
    for name in NAMES:
        made.blob(name).upload_from_string(name.encode())
    for name in REFUSED_NAMES:
        with pytest.raises(BadRequest):
            made.blob(name).upload_from_string(b"")
    for name in ("UPPER", "a b", "192.168.0.1", "goog-x", "x" * 64, "a\n\nb", "a/../b"):
        with pytest.raises(BadRequest):
            client.create_bucket(name)

    assert [found.name for found in client.list_blobs(made)] == sorted(NAMES, key=str.encode)
    assert [made.blob(name).download_as_bytes() for name in NAMES] == [name.encode() for name in NAMES]
    made.delete_blobs([made.blob(name) for name in NAMES])
    assert list(client.list_blobs(made)) == []
