"""Copies, rewrites and compositions."""

from __future__ import annotations

from typing import Any

import pytest

from tests.emulator.ml.caller import until
from tests.emulator.storage.support import crc32c, data, refused


@pytest.fixture
def source(storage: Any, bucket: str) -> dict[str, Any]:
    """An object `source` with metadata."""
    body = {"name": "source", "metadata": {"k": "v"}, "contentLanguage": "en"}
    made: dict[str, Any] = (
        storage.objects().insert(bucket=bucket, body=body, media_body=data(b"bytes", "text/plain")).execute()
    )
    return made


def _places(bucket: str, to: str = "target", bucket_to: str | None = None) -> dict[str, str]:
    return {
        "sourceBucket": bucket,
        "sourceObject": "source",
        "destinationBucket": bucket_to or bucket,
        "destinationObject": to,
    }


def test_a_copy_has_bytes_and_metadata(storage: Any, bucket: str, source: dict[str, Any]) -> None:
    """A copy without a body has its source's bytes, checksums and metadata, and its own generation."""
    made = storage.objects().copy(**_places(bucket), body={}).execute()

    same = ("size", "crc32c", "md5Hash", "contentType", "contentLanguage", "metadata")
    assert [made[key] for key in same] == [source[key] for key in same]
    assert int(made["generation"]) > int(source["generation"])
    assert storage.objects().get_media(bucket=bucket, object="target").execute() == b"bytes"


def test_a_body_replaces_metadata(storage: Any, bucket: str, source: dict[str, Any]) -> None:
    """Metadata in the body replaces all of the source's."""
    body = {"contentType": "text/html", "storageClass": "NEARLINE"}
    made = storage.objects().rewrite(**_places(bucket), body=body).execute()["resource"]

    assert (made["contentType"], made["storageClass"]) == ("text/html", "NEARLINE")
    assert "metadata" not in made
    assert made["md5Hash"] == source["md5Hash"]


def test_a_rewrite_is_done_in_one_call(storage: Any, bucket: str, new_name: Any, source: dict[str, Any]) -> None:
    """A rewrite into another bucket reports that all bytes are copied."""
    other = new_name()
    storage.buckets().insert(project="p-one", body={"name": other, "storageClass": "COLDLINE"}).execute()

    answer = storage.objects().rewrite(**_places(bucket, bucket_to=other), body={}).execute()

    assert {key: answer[key] for key in ("kind", "done", "objectSize", "totalBytesRewritten")} == {
        "kind": "storage#rewriteResponse",
        "done": True,
        "objectSize": "5",
        "totalBytesRewritten": "5",
    }
    assert (answer["resource"]["bucket"], answer["resource"]["storageClass"]) == (other, "COLDLINE")


def test_the_copy_outlives_its_source(storage: Any, bucket: str, blobs: Any, source: dict[str, Any]) -> None:
    """Deleting one of two objects with the same bytes leaves the other; deleting the last one removes the file."""
    objects, before = storage.objects(), blobs()
    assert len(before) == 1
    objects.copy(**_places(bucket), body={}).execute()
    assert blobs() == before

    objects.delete(bucket=bucket, object="source").execute()
    assert objects.get_media(bucket=bucket, object="target").execute() == b"bytes"
    objects.delete(bucket=bucket, object="target").execute()

    assert blobs() == set()


def test_a_rewrite_onto_itself_changes_metadata(storage: Any, bucket: str, source: dict[str, Any]) -> None:
    """An object can be rewritten in place: a new generation with the same bytes."""
    made = storage.objects().rewrite(**_places(bucket, "source"), body={"storageClass": "ARCHIVE"}).execute()

    assert int(made["resource"]["generation"]) > int(source["generation"])
    assert storage.objects().get_media(bucket=bucket, object="source").execute() == b"bytes"


def test_a_generation_of_the_source(storage: Any, bucket: str, source: dict[str, Any]) -> None:
    """`sourceGeneration` copies a noncurrent generation, which is how one is restored."""
    storage.buckets().patch(bucket=bucket, body={"versioning": {"enabled": True}}).execute()
    storage.objects().insert(bucket=bucket, name="source", media_body=data(b"newer")).execute()

    places = _places(bucket, "source")
    storage.objects().copy(**places, sourceGeneration=source["generation"], body={}).execute()

    assert storage.objects().get_media(bucket=bucket, object="source").execute() == b"bytes"


def test_absent_and_badly_named(storage: Any, bucket: str, source: dict[str, Any]) -> None:
    """An absent source or destination bucket is 404, an invalid name 400."""
    objects = storage.objects()
    absent = {**_places(bucket), "sourceObject": "absent"}

    assert refused(objects.copy(**absent, body={}))[0] == 404
    assert refused(objects.rewrite(**_places(bucket, bucket_to="no-such-bucket-here"), body={}))[0] == 404
    assert refused(objects.copy(**_places(bucket, "a\nb"), body={}))[0] == 400


def _parts(storage: Any, bucket: str, count: int) -> list[dict[str, Any]]:
    for number in range(count):
        body = data(f"part {number};".encode(), "text/plain")
        storage.objects().insert(bucket=bucket, name=f"part-{number}", media_body=body).execute()
    return [{"name": f"part-{number}"} for number in range(count)]


def test_a_composition_joins_in_order(storage: Any, bucket: str) -> None:
    """Up to 32 objects become one, in the order given, with a CRC32C and a count; it has no MD5 hash, and no type."""
    parts = _parts(storage, bucket, 32)
    place = {"destinationBucket": bucket, "destinationObject": "whole"}

    made = storage.objects().compose(**place, body={"sourceObjects": parts}).execute()
    body = {"sourceObjects": [{"name": "whole"}, {"name": "part-0"}], "destination": {"contentType": "x/y"}}
    longer = storage.objects().compose(**place, body=body).execute()

    content = b"".join(f"part {number};".encode() for number in range(32))
    assert (made["crc32c"], made["componentCount"]) == (crc32c(content), 32)
    assert made.keys().isdisjoint({"md5Hash", "contentType"})
    assert (longer["componentCount"], longer["contentType"]) == (33, "x/y")
    assert storage.objects().get_media(bucket=bucket, object="whole").execute() == content + b"part 0;"


@pytest.mark.parametrize(
    ("body", "how", "code", "reason"),
    [
        ({"sourceObjects": []}, {}, 400, "nothing to join"),
        ({"sourceObjects": [{"name": "part-0"}] * 33}, {}, 400, "more than 32"),
        ({"sourceObjects": [{"name": "absent"}]}, {}, 404, "an absent source"),
        ({"sourceObjects": [{"name": "part-0", "generation": "1"}]}, {}, 404, "an absent generation"),
        (
            {"sourceObjects": [{"name": "part-0", "objectPreconditions": {"ifGenerationMatch": "1"}}]},
            {},
            412,
            "another generation of the source",
        ),
        ({"sourceObjects": [{"name": "part-0"}]}, {"ifGenerationMatch": 0}, 412, "the destination is there"),
    ],
)
def test_refused_compositions(
    storage: Any, bucket: str, blobs: Any, body: dict[str, Any], how: dict[str, int], code: int, reason: str
) -> None:
    """A rejected composition leaves the destination and the files unchanged."""
    _parts(storage, bucket, 1)
    storage.objects().insert(bucket=bucket, name="whole", media_body=data(b"before")).execute()
    before = blobs()

    call = storage.objects().compose(destinationBucket=bucket, destinationObject="whole", body=body, **how)

    assert refused(call)[0] == code, reason
    assert storage.objects().get_media(bucket=bucket, object="whole").execute() == b"before"
    until(lambda: blobs() == before, "the end of what came meanwhile")


def test_a_token_belongs_to_its_own_rewrite(storage: Any, bucket: str, new_name: Any) -> None:
    """Between locations a bounded rewrite takes several calls; another object's token, or a bound of 1 byte, is 400."""
    other = new_name()
    storage.buckets().insert(project="p-one", body={"name": other, "location": "EU"}).execute()
    storage.objects().insert(bucket=bucket, name="source", media_body=data(bytes(2**20 + 1))).execute()
    rewrite = storage.objects().rewrite
    first = rewrite(**_places(bucket, bucket_to=other), body={}, maxBytesRewrittenPerCall=2**20).execute()

    assert (first["done"], first["totalBytesRewritten"]) == (False, str(2**20))
    assert "items" not in storage.objects().list(bucket=other).execute()
    more = {"body": {}, "maxBytesRewrittenPerCall": 2**20, "rewriteToken": first["rewriteToken"]}
    assert refused(rewrite(**_places(bucket, "elsewhere", other), **more))[0] == 400
    assert refused(rewrite(**_places(bucket, bucket_to=other), body={}, maxBytesRewrittenPerCall=1))[0] == 400
    last = rewrite(**_places(bucket, bucket_to=other), **more).execute()
    assert (last["done"], last["resource"]["size"]) == (True, str(2**20 + 1))


def test_a_composition_may_delete_its_sources(storage: Any, bucket: str) -> None:
    """`deleteSourceObjects` keeps the result if it has a source's name; a source may be listed twice."""
    for name in ("a", "b"):
        storage.objects().insert(bucket=bucket, name=name, media_body=data(name.encode())).execute()
    body = {"sourceObjects": [{"name": "a"}, {"name": "b"}, {"name": "b"}], "deleteSourceObjects": True}

    storage.objects().compose(destinationBucket=bucket, destinationObject="a", body=body).execute()

    assert storage.objects().get_media(bucket=bucket, object="a").execute() == b"abb"
    assert [item["name"] for item in storage.objects().list(bucket=bucket).execute()["items"]] == ["a"]


def test_checksums_of_a_composed_resource_are_ignored(storage: Any, bucket: str) -> None:
    """Gcloud sends the checksum of the first source in the new object's resource: it is ignored."""
    storage.objects().insert(bucket=bucket, name="a", media_body=data(b"a")).execute()
    body = {"sourceObjects": [{"name": "a"}, {"name": "a"}], "destination": {"crc32c": "AAAAAA=="}}

    made = storage.objects().compose(destinationBucket=bucket, destinationObject="aa", body=body).execute()

    assert made["crc32c"] == crc32c(b"aa")
