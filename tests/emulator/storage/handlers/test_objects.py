"""Objects: metadata, conditions on every verb, versioning, deletion."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.storage.support import crc32c, data, md5, refused


def _insert(storage: Any, bucket: str, name: str = "o", content: bytes = b"1", **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = (
        storage.objects().insert(bucket=bucket, name=name, media_body=data(content), **more).execute()
    )
    return made


def test_a_new_object_is_described(storage: Any, bucket: str) -> None:
    """The answer has size, checksums, generations and links; reading the object returns the same."""
    made = _insert(storage, bucket, "folder/é.txt", b"hello", body={"metadata": {"k": "v"}, "cacheControl": "no-store"})

    expected = {
        "kind": "storage#object",
        "id": f"{bucket}/folder/é.txt/{made['generation']}",
        "name": "folder/é.txt",
        "bucket": bucket,
        "size": "5",
        "crc32c": crc32c(b"hello"),
        "md5Hash": md5(b"hello"),
        "metageneration": "1",
        "contentType": "application/octet-stream",
        "storageClass": "STANDARD",
        "metadata": {"k": "v"},
        "cacheControl": "no-store",
    }
    assert {key: made[key] for key in expected} == expected
    assert made["selfLink"].endswith(f"/storage/v1/b/{bucket}/o/folder%2F%C3%A9.txt")
    assert made["timeCreated"] == made["updated"]
    assert storage.objects().get(bucket=bucket, object="folder/é.txt").execute() == made


def test_an_object_takes_the_class_of_its_bucket(storage: Any, bucket: str) -> None:
    """An object's storage class defaults to its bucket's; an unknown one is 400."""
    storage.buckets().patch(bucket=bucket, body={"storageClass": "ARCHIVE"}).execute()

    assert _insert(storage, bucket)["storageClass"] == "ARCHIVE"
    assert _insert(storage, bucket, body={"storageClass": "NEARLINE"})["storageClass"] == "NEARLINE"
    wrong = storage.objects().insert(bucket=bucket, name="w", body={"storageClass": "X"}, media_body=data(b""))
    assert refused(wrong)[0] == 400


def test_absent_things(storage: Any, bucket: str) -> None:
    """An absent object, generation or bucket is 404."""
    made = _insert(storage, bucket)
    objects = storage.objects()

    assert refused(objects.get(bucket=bucket, object="none")) == (404, f"No such object: {bucket}/none")
    assert refused(objects.get(bucket=bucket, object="o", generation=int(made["generation"]) - 1))[0] == 404
    assert refused(objects.get(bucket="no-such-bucket-here", object="o"))[1] == "The specified bucket does not exist."
    assert refused(objects.insert(bucket="no-such-bucket-here", name="o", media_body=data(b"")))[0] == 404
    assert refused(objects.list(bucket="no-such-bucket-here"))[0] == 404


def test_patch_merges_and_update_replaces(storage: Any, bucket: str) -> None:
    """A patch merges metadata and removes nulls, an update replaces all; size and checksums stay."""
    made = _insert(storage, bucket, body={"metadata": {"keep": "1", "drop": "2"}, "contentLanguage": "en"})

    body = {"metadata": {"drop": None, "new": "3"}, "contentType": "text/plain", "size": "99", "crc32c": "AAAAAA=="}
    patched = storage.objects().patch(bucket=bucket, object="o", body=body).execute()
    updated = storage.objects().update(bucket=bucket, object="o", body={"metadata": {"only": "4"}}).execute()

    assert patched["metadata"] == {"keep": "1", "new": "3"}
    assert (patched["contentType"], patched["contentLanguage"]) == ("text/plain", "en")
    assert updated["metadata"] == {"only": "4"}
    assert "contentLanguage" not in updated
    assert [m["metageneration"] for m in (made, patched, updated)] == ["1", "2", "3"]
    unchanging = ("size", "crc32c", "md5Hash", "generation", "timeCreated", "storageClass")
    assert all(updated[key] == made[key] for key in unchanging)


def test_times_are_kept_in_utc(storage: Any, bucket: str) -> None:
    """A `customTime` with an offset is returned in UTC; an update without it keeps it."""
    made = _insert(storage, bucket, body={"customTime": "2024-05-06t09:08:07.5+02:00"})
    updated = storage.objects().update(bucket=bucket, object="o", body={}).execute()
    assert made["customTime"] == updated["customTime"] == "2024-05-06T07:08:07.500000Z"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"storageClass": "COLDLINE"}, "the class belongs to the bytes"),
        ({"contentType": "a\r\nx-evil: 1"}, "a header in a header"),
        ({"contentDisposition": "a\x00b"}, "a control character in a header"),
        ({"metadata": {"k": "x" * 9000}}, "more than 8 KiB of metadata"),
        ({"customTime": "yesterday"}, "no time"),
        ({"customTime": "2024-02-30T00:00:00Z"}, "no day of the calendar"),
        ({"customTime": "0001-01-01T00:00:00+12:00"}, "before the first year"),
        ({"retention": {"mode": "Unlocked", "retainUntilTime": "2024-05-06"}}, "a day, and no time"),
    ],
)
def test_refused_changes(storage: Any, bucket: str, body: dict[str, Any], reason: str) -> None:
    """A change that Google rejects is 400, and changes nothing."""
    made = _insert(storage, bucket)

    assert refused(storage.objects().patch(bucket=bucket, object="o", body=body))[0] == 400, reason
    assert storage.objects().get(bucket=bucket, object="o").execute() == made


def _call(storage: Any, bucket: str, verb: str, conditions: dict[str, Any]) -> Any:
    objects, there = storage.objects(), {"bucket": bucket, "object": "o"}
    elsewhere = {"sourceBucket": bucket, "sourceObject": "source", "destinationBucket": bucket, "body": {}}
    calls = {
        "get": lambda: objects.get(**there, **conditions),
        "media": lambda: objects.get_media(**there, **conditions),
        "patch": lambda: objects.patch(**there, body={"metadata": {"a": "b"}}, **conditions),
        "update": lambda: objects.update(**there, body={"metadata": {"a": "b"}}, **conditions),
        "delete": lambda: objects.delete(**there, **conditions),
        "media upload": lambda: objects.insert(bucket=bucket, name="o", media_body=data(b"2"), **conditions),
        "multipart": lambda: objects.insert(bucket=bucket, body={"name": "o"}, media_body=data(b"2"), **conditions),
        "resumable": lambda: objects.insert(
            bucket=bucket, name="o", media_body=data(b"2", resumable=True), **conditions
        ),
        "copy": lambda: objects.copy(**elsewhere, destinationObject="o", **conditions),
        "rewrite": lambda: objects.rewrite(**elsewhere, destinationObject="o", **conditions),
    }
    return calls[verb]()


_READS = ("get", "media")
_CHANGES = ("patch", "update", "delete")
_WRITES = ("media upload", "multipart", "resumable", "copy", "rewrite")


@pytest.mark.parametrize("verb", [*_READS, *_CHANGES, *_WRITES])
@pytest.mark.parametrize(
    ("condition", "same", "holds"),
    [
        ("ifGenerationMatch", True, True),
        ("ifGenerationMatch", False, False),
        ("ifGenerationNotMatch", True, False),
        ("ifGenerationNotMatch", False, True),
        ("ifMetagenerationMatch", True, True),
        ("ifMetagenerationMatch", False, False),
        ("ifMetagenerationNotMatch", True, False),
        ("ifMetagenerationNotMatch", False, True),
    ],
)
def test_conditions_on_an_object_that_is_there(
    storage: Any, bucket: str, verb: str, condition: str, *, same: bool, holds: bool
) -> None:
    """Each condition allows each verb or stops it with 412 (304 for NotMatch on reads), and then nothing changes."""
    _insert(storage, bucket, "source")
    before = _insert(storage, bucket)
    number = int(before["generation" if "Generation" in condition else "metageneration"])

    call = _call(storage, bucket, verb, {condition: number if same else number + 5})

    if holds:
        call.execute()
        return
    code = 304 if verb in _READS and "Not" in condition else 412
    assert refused(call)[0] == code
    assert storage.objects().get(bucket=bucket, object="o").execute() == before


@pytest.mark.parametrize("verb", _WRITES)
@pytest.mark.parametrize(
    ("conditions", "exists", "holds", "reason"),
    [
        ({"ifGenerationMatch": 0}, False, True, "0 means: must not exist"),
        ({"ifGenerationMatch": 0}, True, False, "0 means: must not exist"),
        ({"ifGenerationMatch": 7}, False, False, "no generation at all"),
        ({"ifGenerationNotMatch": 0}, False, False, "must exist"),
        ({"ifGenerationNotMatch": 0}, True, True, "must exist"),
        ({"ifMetagenerationMatch": 1}, False, False, "no metageneration at all"),
        ({"ifGenerationMatch": 0, "ifMetagenerationMatch": 1}, True, False, "one of two does not hold"),
    ],
)
def test_conditions_on_an_object_that_may_be_absent(
    storage: Any, bucket: str, verb: str, conditions: dict[str, int], *, exists: bool, holds: bool, reason: str
) -> None:
    """Generation 0 stands for an object that does not exist, on every verb that writes one."""
    _insert(storage, bucket, "source")
    if exists:
        _insert(storage, bucket)

    call = _call(storage, bucket, verb, conditions)

    if holds:
        call.execute()
    else:
        assert refused(call)[0] == 412, reason


@pytest.mark.parametrize("verb", ["copy", "rewrite"])
@pytest.mark.parametrize(
    ("condition", "offset"), [("ifSourceGenerationMatch", 1), ("ifSourceMetagenerationNotMatch", 0)]
)
def test_conditions_on_the_source(storage: Any, bucket: str, verb: str, condition: str, offset: int) -> None:
    """Copies also have conditions on their source."""
    source = _insert(storage, bucket, "source")
    number = int(source["generation" if "SourceGeneration" in condition else "metageneration"]) + offset

    assert refused(_call(storage, bucket, verb, {condition: number}))[0] == 412


def test_generations_grow(storage: Any, bucket: str) -> None:
    """Each write of a name has a greater generation, near the time in microseconds."""
    generations = [int(_insert(storage, bucket)["generation"]) for _ in range(20)]

    assert generations == sorted(set(generations))


def test_overwriting_without_versioning_leaves_one_generation(storage: Any, bucket: str) -> None:
    """Without versioning, overwriting deletes the old generation."""
    old = _insert(storage, bucket, content=b"old")
    new = _insert(storage, bucket, content=b"new")

    assert refused(storage.objects().get(bucket=bucket, object="o", generation=old["generation"]))[0] == 404
    listed = storage.objects().list(bucket=bucket, versions=True).execute()["items"]
    assert [item["generation"] for item in listed] == [new["generation"]]


def test_versioning_keeps_noncurrent_generations(storage: Any, bucket: str) -> None:
    """With versioning, overwritten and deleted generations stay readable by number until they are deleted by number."""
    storage.buckets().patch(bucket=bucket, body={"versioning": {"enabled": True}}).execute()
    objects = storage.objects()
    made = [_insert(storage, bucket, content=content)["generation"] for content in (b"one", b"two")]

    objects.delete(bucket=bucket, object="o").execute()

    assert refused(objects.get(bucket=bucket, object="o"))[0] == 404
    assert "items" not in objects.list(bucket=bucket).execute()
    listed = objects.list(bucket=bucket, versions=True).execute()["items"]
    assert [item["generation"] for item in listed] == made
    assert all("timeDeleted" in item for item in listed)
    assert objects.get_media(bucket=bucket, object="o", generation=made[0]).execute() == b"one"
    patched = objects.patch(bucket=bucket, object="o", generation=made[0], body={"metadata": {"a": "b"}}).execute()
    assert patched["metageneration"] == "2"
    objects.delete(bucket=bucket, object="o", generation=made[0]).execute()
    remaining = objects.list(bucket=bucket, versions=True).execute()["items"]
    assert [item["generation"] for item in remaining] == made[1:]


def test_deleting_the_live_generation_by_number_is_for_good(storage: Any, bucket: str) -> None:
    """Deleting the live generation by number leaves no noncurrent one, even with versioning."""
    storage.buckets().patch(bucket=bucket, body={"versioning": {"enabled": True}}).execute()
    made = _insert(storage, bucket)

    storage.objects().delete(bucket=bucket, object="o", generation=made["generation"]).execute()

    assert "items" not in storage.objects().list(bucket=bucket, versions=True).execute()


def test_what_is_not_emulated_says_so(storage: Any, bucket: str) -> None:
    """A parameter that is not emulated is 400, not a wrong result."""
    assert refused(storage.objects().list(bucket=bucket, filter="contexts.a:*"))[0] == 400


def test_nothing_is_kept_after_its_deletion(storage: Any, bucket: str) -> None:
    """Requests for soft-deleted objects and buckets are valid, and find none."""
    _insert(storage, bucket)
    storage.objects().delete(bucket=bucket, object="o").execute()

    assert "items" not in storage.objects().list(bucket=bucket, softDeleted=True).execute()
    assert "items" not in storage.buckets().list(project="p-one", softDeleted=True).execute()
    assert refused(storage.objects().get(bucket=bucket, object="o", softDeleted=True))[0] == 404
    assert refused(storage.buckets().get(bucket=bucket, softDeleted=True))[0] == 404


def test_an_object_is_moved(storage: Any, bucket: str) -> None:
    """A move keeps bytes and metadata under the new name, and checks conditions on both names."""
    objects = storage.objects()
    made = _insert(storage, bucket)
    objects.patch(bucket=bucket, object="o", body={"metadata": {"k": "v"}}).execute()
    move = {"bucket": bucket, "sourceObject": "o", "destinationObject": "moved/to"}

    assert refused(objects.move(**move, ifSourceGenerationMatch=1))[0] == 412
    moved = objects.move(**move, ifGenerationMatch=0, ifSourceGenerationMatch=made["generation"]).execute()

    assert (moved["name"], moved["metadata"], moved["crc32c"]) == ("moved/to", {"k": "v"}, made["crc32c"])
    assert [item["name"] for item in objects.list(bucket=bucket).execute()["items"]] == ["moved/to"]
    assert refused(objects.move(**move))[0] == 404


def test_policies_are_stored(storage: Any, bucket: str) -> None:
    """A bucket's policy is returned as it was set; an outdated `etag` is rejected."""
    buckets = storage.buckets()
    first = buckets.getIamPolicy(bucket=bucket).execute()
    binding = {"role": "roles/storage.objectViewer", "members": ["allUsers"]}

    wanted = {"bindings": [*first["bindings"], binding], "etag": first["etag"]}
    stored = buckets.setIamPolicy(bucket=bucket, body=wanted).execute()

    assert stored["bindings"] == wanted["bindings"]
    assert refused(buckets.setIamPolicy(bucket=bucket, body=wanted))[0] == 412
    assert buckets.getIamPolicy(bucket=bucket).execute() == stored
    asked = ["storage.objects.get", "storage.buckets.delete"]
    assert buckets.testIamPermissions(bucket=bucket, permissions=asked).execute()["permissions"] == asked
