"""Buckets: names, defaults, what a change does, conditions, lists."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.storage.support import data, refused, send


def test_a_new_bucket_has_googles_defaults(storage: Any, new_name: Callable[[], str]) -> None:
    """A bucket created with only a name has Google's default location, class, access and soft-delete settings."""
    name = new_name()

    made = storage.buckets().insert(project="p-one", body={"name": name}).execute()

    assert {key: made[key] for key in ("kind", "id", "name", "location", "locationType", "storageClass")} == {
        "kind": "storage#bucket",
        "id": name,
        "name": name,
        "location": "US",
        "locationType": "multi-region",
        "storageClass": "STANDARD",
    }
    assert made["iamConfiguration"] == {
        "bucketPolicyOnly": {"enabled": False},
        "uniformBucketLevelAccess": {"enabled": False},
        "publicAccessPrevention": "inherited",
    }
    assert made["softDeletePolicy"] == {"retentionDurationSeconds": "604800", "effectiveTime": made["timeCreated"]}
    assert (made["metageneration"], made["etag"]) == ("1", "CAE=")
    assert made["projectNumber"].isdigit()
    assert storage.buckets().get(bucket=name).execute() == made


def test_fields_are_returned_as_they_were_sent(storage: Any, new_name: Callable[[], str]) -> None:
    """Fields without effect in the emulator are stored and returned."""
    given = {
        "location": "europe-west4",
        "storageClass": "NEARLINE",
        "labels": {"team": "vision"},
        "versioning": {"enabled": True},
        "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 30}}]},
        "cors": [{"origin": ["*"], "method": ["GET"], "maxAgeSeconds": 60}],
        "website": {"mainPageSuffix": "index.html"},
        "logging": {"logBucket": "logs"},
        "billing": {"requesterPays": True},
        "autoclass": {"enabled": True},
        "encryption": {"defaultKmsKeyName": "projects/p/locations/l/keyRings/r/cryptoKeys/k"},
        "defaultEventBasedHold": True,
    }

    made = storage.buckets().insert(project="p-one", body={"name": new_name(), **given}).execute()

    assert {key: made[key] for key in given} == {**given, "location": "EUROPE-WEST4"}
    assert made["locationType"] == "region"


def test_life_of_a_bucket(storage: Any, new_name: Callable[[], str]) -> None:
    """A deleted bucket is 404, and its name can be used again, with a new generation."""
    name = new_name()
    first = storage.buckets().insert(project="p-one", body={"name": name}).execute()

    assert storage.buckets().delete(bucket=name).execute() == ""

    assert refused(storage.buckets().get(bucket=name)) == (404, "The specified bucket does not exist.")
    assert refused(storage.buckets().delete(bucket=name))[0] == 404
    second = storage.buckets().insert(project="p-one", body={"name": name}).execute()
    assert int(second["generation"]) > int(first["generation"])


@pytest.mark.parametrize("project", ["p-one", "p-two"])
def test_names_are_unique_across_projects(storage: Any, bucket: str, project: str) -> None:
    """A name in use is 409, in the project that has it and in every other."""
    code, message = refused(storage.buckets().insert(project=project, body={"name": bucket}))

    own = "Your previous request to create the named bucket succeeded and you already own it."
    assert code == 409
    assert (message == own) == (project == "p-one")


def test_a_bucket_with_objects_is_not_deleted(storage: Any, bucket: str) -> None:
    """Deleting a bucket with objects, also noncurrent ones, is 409 until they are deleted."""
    storage.buckets().patch(bucket=bucket, body={"versioning": {"enabled": True}}).execute()
    made = storage.objects().insert(bucket=bucket, name="a", media_body=data(b"1")).execute()
    not_empty = (409, "The bucket you tried to delete is not empty.")

    assert refused(storage.buckets().delete(bucket=bucket)) == not_empty
    storage.objects().delete(bucket=bucket, object="a").execute()
    assert refused(storage.buckets().delete(bucket=bucket)) == not_empty
    storage.objects().delete(bucket=bucket, object="a", generation=made["generation"]).execute()
    storage.buckets().delete(bucket=bucket).execute()


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("ab", "shorter than 3"),
        ("a" * 64, "a component longer than 63"),
        (".".join(["a" * 50] * 5), "longer than 222"),
        ("Upper", "upper case"),
        ("under_score_", "ends in an underscore"),
        ("-dash", "begins with a dash"),
        ("two..dots", "an empty component"),
        ("dash-.dot", "a component that ends in a dash"),
        ("192.168.5.4", "an IP address"),
        ("goog-models", "begins with goog"),
        ("my-google-models", "contains google"),
        ("my-g00gle", "looks like google"),
        ("späße", "not ASCII"),
        ("line\nbreak", "a control character"),
    ],
)
def test_bad_bucket_names(storage: Any, name: str, reason: str) -> None:
    """Names that break one of Google's rules get 400."""
    assert refused(storage.buckets().insert(project="p-one", body={"name": name}))[0] == 400, reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"location": "the moon"}, "no location"),
        ({"storageClass": "FAST"}, "no storage class"),
        ({"labels": {"Upper": "a"}}, "a label key in upper case"),
        ({"labels": {"1a": "a"}}, "a label key that begins with a digit"),
        ({"labels": {"a": "x" * 64}}, "a label value longer than 63"),
        ({"labels": {f"k{i}": "" for i in range(65)}}, "more than 64 labels"),
        ({"iamConfiguration": {"publicAccessPrevention": "sometimes"}}, "no kind of prevention"),
        ({"colour": "red"}, "no field of the document"),
        ({"lifecycle": {"rule": [{"condition": {"createdBefore": "May"}}]}}, "no date"),
    ],
)
def test_bad_bucket_fields(storage: Any, new_name: Callable[[], str], body: dict[str, Any], reason: str) -> None:
    """Values that Google rejects get 400, and no bucket is created."""
    name = new_name()

    assert refused(storage.buckets().insert(project="p-one", body={"name": name, **body}))[0] == 400, reason
    assert refused(storage.buckets().get(bucket=name))[0] == 404


def test_patch_merges_and_null_removes(storage: Any, bucket: str) -> None:
    """A patch keeps fields that it does not name: labels and nested objects merge, null removes a key."""
    storage.buckets().patch(
        bucket=bucket,
        body={
            "labels": {"keep": "1", "drop": "2"},
            "website": {"mainPageSuffix": "index.html", "notFoundPage": "404.html"},
            "lifecycle": {"rule": [{"action": {"type": "Delete"}, "condition": {"age": 1}}]},
        },
    ).execute()

    body = {"labels": {"drop": None, "new": "3"}, "website": {"notFoundPage": None}, "lifecycle": None}
    patched = storage.buckets().patch(bucket=bucket, body=body).execute()

    assert patched["labels"] == {"keep": "1", "new": "3"}
    assert patched["website"] == {"mainPageSuffix": "index.html"}
    assert "lifecycle" not in patched
    assert patched["metageneration"] == "3"
    assert "labels" not in storage.buckets().patch(bucket=bucket, body={"labels": None}).execute()


def test_update_replaces(storage: Any, bucket: str) -> None:
    """An update with the resource as it was read changes nothing; missing fields get their defaults."""
    storage.buckets().patch(bucket=bucket, body={"labels": {"a": "b"}, "storageClass": "COLDLINE"}).execute()
    read = storage.buckets().get(bucket=bucket).execute()

    same = storage.buckets().update(bucket=bucket, body=read).execute()
    bare = storage.buckets().update(bucket=bucket, body={"name": bucket}).execute()

    changing = {"metageneration", "etag", "updated"}
    assert {k: v for k, v in same.items() if k not in changing} == {k: v for k, v in read.items() if k not in changing}
    assert "labels" not in bare
    assert (bare["storageClass"], bare["location"]) == ("STANDARD", read["location"])


def test_location_and_name_are_fixed(storage: Any, bucket: str) -> None:
    """Changing location or name is 400; the current location in another letter case is not a change."""
    assert refused(storage.buckets().patch(bucket=bucket, body={"location": "EU"}))[0] == 400
    assert refused(storage.buckets().patch(bucket=bucket, body={"name": "another-name"}))[0] == 400
    assert storage.buckets().patch(bucket=bucket, body={"location": "us"}).execute()["location"] == "US"


def test_uniform_access_is_locked_after_90_days(storage: Any, bucket: str) -> None:
    """Switching uniform access on sets a time 90 days ahead under both names, and later changes keep it."""
    body = {"iamConfiguration": {"uniformBucketLevelAccess": {"enabled": True}}}
    on = storage.buckets().patch(bucket=bucket, body=body).execute()
    enforced = {"iamConfiguration": {"publicAccessPrevention": "enforced"}}
    later = storage.buckets().patch(bucket=bucket, body=enforced).execute()["iamConfiguration"]

    access = on["iamConfiguration"]["uniformBucketLevelAccess"]
    times = [datetime.fromisoformat(text.replace("Z", "+00:00")) for text in (access["lockedTime"], on["updated"])]
    assert times[0] - times[1] == timedelta(days=90)
    assert later["uniformBucketLevelAccess"] == later["bucketPolicyOnly"] == access
    assert later["publicAccessPrevention"] == "enforced"


def test_soft_delete_keeps_its_time_until_it_changes(storage: Any, bucket: str) -> None:
    """The time of a policy is that of its last change."""
    before = storage.buckets().get(bucket=bucket).execute()["softDeletePolicy"]
    other = storage.buckets().patch(bucket=bucket, body={"labels": {"a": "b"}}).execute()["softDeletePolicy"]
    body = {"softDeletePolicy": {"retentionDurationSeconds": "0"}}
    changed = storage.buckets().patch(bucket=bucket, body=body).execute()["softDeletePolicy"]

    assert other == before
    assert changed["retentionDurationSeconds"] == "0"
    assert changed["effectiveTime"] > before["effectiveTime"]


@pytest.mark.parametrize(
    ("method", "conditions", "code", "reason"),
    [
        ("get", {"ifMetagenerationMatch": 1}, 200, "it is the first"),
        ("get", {"ifMetagenerationMatch": 2}, 412, "it is another"),
        ("get", {"ifMetagenerationNotMatch": 1}, 304, "a read of what the caller has"),
        ("get", {"ifMetagenerationNotMatch": 2}, 200, "a read of something else"),
        ("patch", {"ifMetagenerationMatch": 1}, 200, "it is the first"),
        ("patch", {"ifMetagenerationMatch": 2}, 412, "it is another"),
        ("patch", {"ifMetagenerationNotMatch": 1}, 412, "a write is not done"),
        ("update", {"ifMetagenerationMatch": 2}, 412, "it is another"),
        ("delete", {"ifMetagenerationMatch": 2}, 412, "it is another"),
        ("delete", {"ifMetagenerationNotMatch": 1}, 412, "a write is not done"),
        ("delete", {"ifMetagenerationMatch": 1}, 200, "it is the first"),
    ],
)
def test_conditions(storage: Any, bucket: str, method: str, conditions: dict[str, int], code: int, reason: str) -> None:
    """Conditions on the metageneration allow or reject a call, and a rejected call changes nothing."""
    before = storage.buckets().get(bucket=bucket).execute()
    body = {"body": {"labels": {"a": "b"}}} if method in {"patch", "update"} else {}
    call = getattr(storage.buckets(), method)(bucket=bucket, **conditions, **body)

    if code == 200:
        call.execute()
    else:
        assert refused(call)[0] == code, reason
        assert storage.buckets().get(bucket=bucket).execute() == before


def test_lists_by_project_prefix_and_page(storage: Any, new_name: Callable[[], str]) -> None:
    """A list holds the buckets of one project with one prefix, by name, in pages."""
    stem = new_name()
    for number in range(5):
        storage.buckets().insert(project="p-list", body={"name": f"{stem}-{number}"}).execute()
    storage.buckets().insert(project="p-other", body={"name": f"{stem}-other"}).execute()
    listed, pages = [], 0

    call = storage.buckets().list(project="p-list", prefix=stem, maxResults=2)
    while call is not None:
        page = call.execute()
        listed += [item["name"] for item in page["items"]]
        pages += 1
        call = storage.buckets().list_next(call, page)

    assert listed == [f"{stem}-{number}" for number in range(5)]
    assert pages == 3
    assert storage.buckets().list(project="p-list", prefix=f"{stem}-x").execute() == {"kind": "storage#buckets"}
    assert refused(storage.buckets().list(project="p-list", pageToken="?"))[0] == 400


def test_a_slash_at_the_end_of_a_collection(endpoint: str, storage: Any, new_name: Callable[[], str]) -> None:
    """`/storage/v1/b/` is `/storage/v1/b`; a slash at the end of a name is part of the name."""
    name, project = new_name(), new_name()

    made = send("POST", f"{endpoint}/storage/v1/b/?project={project}", json.dumps({"name": name}).encode())
    listed = send("GET", f"{endpoint}/storage/v1/b/?project={project}")
    objects = send("GET", f"{endpoint}/storage/v1/b/{name}/o/")

    assert (made.status, [item["name"] for item in listed.json["items"]]) == (200, [name])
    assert objects.json == {"kind": "storage#objects"}
    assert send("DELETE", f"{endpoint}/storage/v1/b/{name}/").status == 404
    assert storage.buckets().get(bucket=name).execute()["name"] == name


def test_the_layout_and_managed_folders_of_command_lines(storage: Any, bucket: str) -> None:
    """What command lines request before they work on trees is answered: a flat namespace without managed folders."""
    layout = storage.buckets().getStorageLayout(bucket=bucket).execute()

    assert (layout["bucket"], layout["hierarchicalNamespace"]) == (bucket, {"enabled": False})
    assert "items" not in storage.managedFolders().list(bucket=bucket).execute()
    with pytest.raises(HttpError) as caught:
        storage.managedFolders().insert(bucket=bucket, body={"name": "f/"}).execute()
    assert caught.value.status_code == 405
