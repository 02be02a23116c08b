"""Holds, retention policies and retention configurations: what protects an object."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import pytest
from googleapiclient.errors import HttpError

from tests.emulator.ml.caller import until
from tests.emulator.storage.support import data, refused, send

_HELD = "Object '{}/o' is under active {} hold and cannot be deleted, overwritten or archived until hold is removed."
_RETAINED = "is subject to bucket's retention policy or object retention and cannot be deleted or overwritten until "
_YEAR = timedelta(days=365)

Ending = Callable[[Any, str, str], tuple[int, str]]
"""Tries to delete or replace the object `o` of a bucket; returns the status and the message."""


def _by_client(call: Callable[[Any, str], Any]) -> Ending:
    def ending(storage: Any, bucket: str, _: str) -> tuple[int, str]:
        try:
            call(storage.objects(), bucket).execute()
        except HttpError as error:
            return error.status_code, error.reason
        return 200, ""

    return ending


def _resumable(_: Any, bucket: str, endpoint: str) -> tuple[int, str]:
    begun = send("POST", f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&name=o")
    assert begun.status == 200
    ended = send("PUT", begun.headers["location"], b"new", {"content-range": "bytes 0-2/3"})
    return ended.status, ended.json["error"]["message"] if ended.status >= 400 else ""


def _xml_parts(_: Any, bucket: str, endpoint: str) -> tuple[int, str]:
    url = f"{endpoint}/{bucket}/o"
    session = "".join(re.findall("<UploadId>(.*)</UploadId>", send("POST", f"{url}?uploads").content.decode()))
    part = send("PUT", f"{url}?partNumber=1&uploadId={session}", b"new").headers["etag"]
    listed = f"<x><Part><PartNumber>1</PartNumber><ETag>{part}</ETag></Part></x>".encode()
    ended = send("POST", f"{url}?uploadId={session}", listed)
    codes = re.findall("<Code>(.*)</Code>", ended.content.decode())
    assert codes in ([], ["ObjectUnderActiveHold"], ["RetentionPolicyNotMet"])
    if codes:  # the upload is left open, to be given up
        assert send("DELETE", f"{url}?uploadId={session}").status == 204
    details = ended.content.decode().partition("<Details>")[2].partition("</Details>")[0]
    return ended.status, details.replace("&#x27;", "'")


def _to(bucket: str) -> dict[str, str]:
    other = {"sourceBucket": bucket, "sourceObject": "other"}
    return {**other, "destinationBucket": bucket, "destinationObject": "o"}


_COMPOSED = {"sourceObjects": [{"name": "o"}], "deleteSourceObjects": True}
ENDINGS: dict[str, Ending] = {
    "delete": _by_client(lambda objects, bucket: objects.delete(bucket=bucket, object="o")),
    "upload": _by_client(lambda objects, bucket: objects.insert(bucket=bucket, name="o", media_body=data(b"new"))),
    "resumable upload": _resumable,
    "multipart upload by XML": _xml_parts,
    "copy": _by_client(lambda objects, bucket: objects.copy(**_to(bucket), body={})),
    "rewrite": _by_client(lambda objects, bucket: objects.rewrite(**_to(bucket), body={})),
    "compose": _by_client(
        lambda objects, bucket: objects.compose(
            destinationBucket=bucket, destinationObject="o", body={"sourceObjects": [{"name": "other"}]}
        )
    ),
    "compose of it, which deletes it": _by_client(
        lambda objects, bucket: objects.compose(destinationBucket=bucket, destinationObject="new", body=_COMPOSED)
    ),
    "move away": _by_client(
        lambda objects, bucket: objects.move(bucket=bucket, sourceObject="o", destinationObject="new")
    ),
    "move over it": _by_client(
        lambda objects, bucket: objects.move(bucket=bucket, sourceObject="other", destinationObject="o")
    ),
}


def _insert(storage: Any, bucket: str, **body: Any) -> dict[str, Any]:
    insert = storage.objects().insert(bucket=bucket, name="o", body=body, media_body=data(b"kept"))
    made: dict[str, Any] = insert.execute()
    return made


def _patch(storage: Any, bucket: str, **body: Any) -> Any:
    override = body.pop("override", None)
    return storage.objects().patch(bucket=bucket, object="o", body=body, overrideUnlockedRetention=override)


def _later(by: timedelta = _YEAR) -> str:
    return (datetime.now(timezone.utc) + by).isoformat(timespec="seconds").replace("+00:00", "Z")


@pytest.fixture
def lockable(storage: Any, new_name: Callable[[], str]) -> str:
    """A bucket whose objects may have a retention configuration."""
    name = new_name()
    made = storage.buckets().insert(project="p-one", body={"name": name}, enableObjectRetention=True).execute()
    assert made["objectRetention"] == {"mode": "Enabled"}
    return name


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize(("field", "kind"), [("temporaryHold", "Temporary"), ("eventBasedHold", "Event-Based")])
def test_a_held_object_is_kept(endpoint: str, storage: Any, bucket: str, field: str, kind: str, ending: str) -> None:
    """A held object cannot be deleted or replaced in any way until its hold is released."""
    storage.objects().insert(bucket=bucket, name="other", media_body=data(b"new")).execute()
    made = _insert(storage, bucket, **{field: True})

    held = ENDINGS[ending](storage, bucket, endpoint)
    assert held == (403, _HELD.format(bucket, kind))
    assert storage.objects().get(bucket=bucket, object="o").execute() == made
    assert "items" not in storage.objects().list(bucket=bucket, prefix="new").execute()

    _patch(storage, bucket, **{field: False}).execute()
    assert ENDINGS[ending](storage, bucket, endpoint) == (200, "")


@pytest.mark.parametrize("ending", ENDINGS)
def test_an_object_is_kept_for_the_period_of_its_bucket(endpoint: str, storage: Any, bucket: str, ending: str) -> None:
    """A retention policy also protects older objects; removing it releases all of them."""
    made = _insert(storage, bucket)
    storage.objects().insert(bucket=bucket, name="other", media_body=data(b"new")).execute()
    storage.buckets().patch(bucket=bucket, body={"retentionPolicy": {"retentionPeriod": "3600"}}).execute()

    status, text = ENDINGS[ending](storage, bucket, endpoint)
    found = storage.objects().get(bucket=bucket, object="o").execute()

    until_ = datetime.fromisoformat(made["timeCreated"][:-1]) + timedelta(hours=1)
    assert datetime.fromisoformat(found.pop("retentionExpirationTime")[:-1]) == until_
    if ending == "move over it":  # its source is kept as well, and which of the two is named is open
        assert (status, _RETAINED in text) == (403, True)
    else:
        assert (status, text) == (403, f"Object '{bucket}/o' {_RETAINED}{until_.isoformat(timespec='milliseconds')}Z")
    assert found == made
    storage.buckets().patch(bucket=bucket, body={"retentionPolicy": None}).execute()
    assert ENDINGS[ending](storage, bucket, endpoint) == (200, "")


def test_the_reason_of_an_error(endpoint: str, storage: Any, bucket: str) -> None:
    """The error's reason distinguishes retention from a missing permission."""
    _insert(storage, bucket)
    storage.buckets().patch(bucket=bucket, body={"retentionPolicy": {"retentionPeriod": "60"}}).execute()

    answer = send("DELETE", f"{endpoint}/storage/v1/b/{bucket}/o/o")

    assert json.loads(answer.content)["error"]["errors"][0]["reason"] == "retentionPolicyNotMet"


def test_a_retention_period_ends(storage: Any, bucket: str) -> None:
    """After the period the object can be deleted."""
    storage.buckets().patch(bucket=bucket, body={"retentionPolicy": {"retentionPeriod": "1"}}).execute()
    _insert(storage, bucket)
    delete = ENDINGS["delete"]

    assert delete(storage, bucket, "")[0] == 403
    assert until(lambda: delete(storage, bucket, "") == (200, ""), "the end of the period")


def test_an_event_based_hold_restarts_the_period(storage: Any, bucket: str) -> None:
    """The retention period starts when the hold is released, and other changes do not restart it."""
    body = {"retentionPolicy": {"retentionPeriod": "3600"}, "defaultEventBasedHold": True}
    storage.buckets().patch(bucket=bucket, body=body).execute()
    made = _insert(storage, bucket)
    assert made["eventBasedHold"] is True
    assert "retentionExpirationTime" not in made

    released = _patch(storage, bucket, eventBasedHold=False).execute()
    changed = _patch(storage, bucket, metadata={"k": "v"}).execute()

    start = datetime.fromisoformat(released["retentionExpirationTime"][:-1]) - timedelta(hours=1)
    assert start == datetime.fromisoformat(released["updated"][:-1])
    assert start > datetime.fromisoformat(made["timeCreated"][:-1])
    assert changed["retentionExpirationTime"] == released["retentionExpirationTime"]
    assert changed.keys() - made.keys() == {"metadata", "retentionExpirationTime"}


def test_versions_that_are_kept(storage: Any, bucket: str) -> None:
    """With versioning a retained object becomes noncurrent and is kept; a held one stays current."""
    body = {"versioning": {"enabled": True}, "retentionPolicy": {"retentionPeriod": "3600"}}
    storage.buckets().patch(bucket=bucket, body=body).execute()
    first = _insert(storage, bucket)
    second = _insert(storage, bucket, temporaryHold=True)

    assert refused(storage.objects().delete(bucket=bucket, object="o", generation=first["generation"]))[0] == 403
    assert refused(storage.objects().delete(bucket=bucket, object="o"))[0] == 403
    found = storage.objects().list(bucket=bucket, versions=True).execute()["items"]
    assert [item["generation"] for item in found] == [first["generation"], second["generation"]]


@pytest.mark.parametrize("seconds", ["0", "3155760001", "-1"])
def test_invalid_periods(storage: Any, bucket: str, seconds: str) -> None:
    """A retention policy lasts a second to a hundred years."""
    policy = {"retentionPolicy": {"retentionPeriod": seconds}}

    assert refused(storage.buckets().patch(bucket=bucket, body=policy))[0] == 400


def test_a_policy_is_not_locked_here(storage: Any, bucket: str) -> None:
    """The method that locks a policy is not emulated, and a body with `isLocked` locks nothing."""
    policy = {"retentionPolicy": {"retentionPeriod": "60", "isLocked": True}}
    made = storage.buckets().patch(bucket=bucket, body=policy).execute()

    assert made["retentionPolicy"].keys() == {"retentionPeriod", "effectiveTime"}
    lock = storage.buckets().lockRetentionPolicy(bucket=bucket, ifMetagenerationMatch=made["metageneration"])
    assert refused(lock)[0] == 405


def test_a_retention_configuration_keeps_its_object(storage: Any, lockable: str) -> None:
    """The object is kept until the configured time; metadata may change."""
    time = _later()
    made = _insert(storage, lockable, retention={"mode": "Unlocked", "retainUntilTime": time})

    assert (made["retention"]["retainUntilTime"], made["retentionExpirationTime"][:19]) == (time, time[:19])
    assert refused(storage.objects().delete(bucket=lockable, object="o"))[0] == 403
    _patch(storage, lockable, metadata={"k": "v"}).execute()
    _patch(storage, lockable, retention=None, override=True).execute()
    storage.objects().delete(bucket=lockable, object="o").execute()


@pytest.mark.parametrize("mode", ["Unlocked", "Locked"])
def test_a_retention_is_loosened_only_on_purpose(storage: Any, lockable: str, mode: str) -> None:
    """Reducing an unlocked one needs `overrideUnlockedRetention`, a locked one cannot be reduced; both can grow."""
    _insert(storage, lockable, retention={"mode": mode, "retainUntilTime": _later()})
    _patch(storage, lockable, retention={"mode": mode, "retainUntilTime": _later(2 * _YEAR)}).execute()
    other = {"Unlocked": "Locked", "Locked": "Unlocked"}[mode]
    looser: list[dict[str, Any] | None] = [
        {"mode": mode, "retainUntilTime": _later()},
        {"mode": other, "retainUntilTime": _later(3 * _YEAR)},
        {"mode": None, "retainUntilTime": None},
        None,
    ]

    plain = [refused(_patch(storage, lockable, retention=wanted))[0] for wanted in looser]
    assert plain == [403] * len(looser)
    if mode == "Locked":
        assert [refused(_patch(storage, lockable, retention=wanted, override=True))[0] for wanted in looser] == plain
    else:
        _patch(storage, lockable, retention=looser[0], override=True).execute()
        assert "retention" not in _patch(storage, lockable, retention=None, override=True).execute()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"retention": {"mode": "Unlocked"}}, "no time"),
        ({"retention": {"retainUntilTime": _later()}}, "no mode"),
        ({"retention": {"mode": "Open", "retainUntilTime": _later()}}, "another mode"),
        ({"retention": {"mode": "Locked", "retainUntilTime": _later(-_YEAR)}}, "in the past"),
        ({"retention": {"mode": "Locked", "retainUntilTime": _later(101 * _YEAR)}}, "too long"),
        ({"retention": {"mode": "Locked", "retainUntilTime": _later()}, "eventBasedHold": True}, "a hold beside it"),
    ],
)
def test_invalid_retention_configurations(storage: Any, lockable: str, body: dict[str, Any], reason: str) -> None:
    """Invalid retention configurations are rejected for new and existing objects."""
    insert = storage.objects().insert(bucket=lockable, name="new", body=body, media_body=data(b""))
    _insert(storage, lockable)

    assert (refused(insert)[0], refused(_patch(storage, lockable, **body))[0]) == (400, 400), reason


def test_a_bucket_has_to_allow_retention_configurations(endpoint: str, storage: Any, bucket: str) -> None:
    """Only a bucket created for it accepts a configuration; others reject it, also by the XML API."""
    retention = {"mode": "Unlocked", "retainUntilTime": _later()}
    _insert(storage, bucket)
    lock = {"x-goog-object-lock-mode": "GOVERNANCE", "x-goog-object-lock-retain-until-date": _later()}

    assert "not enabled" in refused(_patch(storage, bucket, retention=retention))[1]
    begun = send("POST", f"{endpoint}/{bucket}/{quote('new')}?uploads", headers=lock)
    assert (begun.status, b"x-goog-object-lock-mode" in begun.content) == (400, True)
