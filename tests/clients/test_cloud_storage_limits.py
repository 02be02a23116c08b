"""google-cloud-storage, unmodified: holds and retention, refused calls, signed and public URLs."""

from __future__ import annotations

import gzip
import secrets
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from google.api_core.exceptions import BadRequest, Forbidden, MethodNotAllowed, NotFound
from google.cloud.storage import transfer_manager
from google.cloud.storage.exceptions import InvalidResponse
from google.oauth2 import service_account

from tests.running import BOUND, RunningEmulator

_SIGNED = "X-Goog-Algorithm=x&X-Goog-Credential=x&X-Goog-SignedHeaders=host&X-Goog-Signature=0"
_RETRYING_SECONDS = 20
"""The least time of a client that retries a 5xx."""


@pytest.fixture(scope="module")
def signer() -> Any:
    """Credentials of an unknown service account."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    info = {"client_email": "signer@example.com", "token_uri": "https://example.com/token"}
    return service_account.Credentials.from_service_account_info(  # type: ignore[no-untyped-call]  # no annotations
        {**info, "private_key": key.private_bytes(*form).decode()}
    )


def _fetch(url: str, headers: dict[str, str] | None = None) -> bytes:
    request = urllib.request.Request(url, headers=headers or {})  # noqa: S310 - loopback
    with urllib.request.urlopen(request, timeout=BOUND) as answer:  # noqa: S310 - loopback
        content: bytes = answer.read()
        return content


def _refusal(url: str, headers: dict[str, str] | None = None) -> tuple[int, str]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        _fetch(url, headers)
    return caught.value.code, caught.value.read().decode().partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize("version", ["v2", "v4"])
def test_signed_urls_work_until_they_expire(emulator: RunningEmulator, made: Any, signer: Any, version: str) -> None:
    """They return the bytes and the requested headers."""
    blob = made.blob("a b/ü")
    blob.upload_from_string(b"hello", content_type="text/plain")
    how = {"api_access_endpoint": emulator.endpoint, "credentials": signer, "version": version}

    url = blob.generate_signed_url(expiration=timedelta(minutes=5), response_disposition="attachment", **how)
    with urllib.request.urlopen(url, timeout=BOUND) as answer:  # noqa: S310 - loopback
        assert (answer.read(), answer.headers["content-disposition"]) == (b"hello", "attachment")
    assert _fetch(url, {"range": "bytes=1-2"}) == b"el"
    past = datetime.now(timezone.utc) - timedelta(seconds=1)
    stale = url.replace("X-Goog-Date=20", "X-Goog-Date=19")
    if version == "v2":
        stale = blob.generate_signed_url(expiration=past, **how)
    assert _refusal(stale) == (400, "ExpiredToken")


@pytest.mark.parametrize(
    "query",
    [
        "X-Goog-Algorithm=GOOG4-RSA-SHA256",
        "X-Goog-Signature=0",
        f"{_SIGNED}&X-Goog-Date=x&X-Goog-Expires=1",
        f"{_SIGNED}&X-Goog-Date=20240506T070809Z&X-Goog-Expires=604801",
        f"{_SIGNED}&X-Goog-Date=20241306T070809Z&X-Goog-Expires=1",
        "GoogleAccessId=x&Signature=x",
        "GoogleAccessId=x&Signature=x&Expires=soon",
        "GoogleAccessId=x&Signature=x&Expires=999999999999",
        "Signature=x&Expires=1893456000",
    ],
)
def test_malformed_signatures_are_refused(emulator: RunningEmulator, made: Any, query: str) -> None:
    """A signature with a missing or malformed part is not ignored."""
    made.blob("o").upload_from_string(b"hello")

    assert _refusal(f"{emulator.endpoint}/{made.name}/o?{query}") == (400, "InvalidArgument")


def test_signed_urls_are_refused_beyond_loopback(
    emulator_factory: Callable[..., RunningEmulator], tmp_path: Path, signer: Any
) -> None:
    """They are refused with and without the token, because signatures are not verified."""
    (tmp_path / "token").write_text("correct-horse-battery")
    host = ("--host", "0.0.0.0", "--token-file", str(tmp_path / "token"))  # noqa: S104  # it has a token
    open_ = emulator_factory(*host)
    token = {"authorization": "Bearer correct-horse-battery"}
    signed = "Signature=x&GoogleAccessId=x&Expires=4102444800"

    assert _refusal(f"{open_.endpoint}/bucket/o?{signed}", token) == (403, "SignatureDoesNotMatch")
    assert _refusal(f"{open_.endpoint}/bucket/o", token) == (404, "NoSuchBucket")
    assert _refusal(f"{open_.endpoint}/bucket/o?{signed}")[0] == 401


def test_public_urls_are_readable(emulator: RunningEmulator, made: Any) -> None:
    """An object's public URL is that of the XML API, percent-encoded."""
    blob = made.blob("a b/ü")
    blob.upload_from_string(b"hello")

    assert blob.public_url.startswith(f"{emulator.endpoint}/{made.name}/")
    assert _fetch(blob.public_url) == b"hello"


def test_encryption_keys_are_refused(made: Any) -> None:
    """Every call with a customer-supplied key fails, so nothing meant to be encrypted is stored unencrypted."""
    made.blob("o").upload_from_string(b"plain")
    keyed, new = made.blob("o", encryption_key=bytes(32)), made.blob("new", encryption_key=bytes(32))
    attempts: list[Callable[[], Any]] = [
        keyed.download_as_bytes,
        keyed.reload,
        lambda: new.upload_from_string(b"secret"),
        lambda: new.rewrite(made.blob("o")),
        lambda: made.blob("new").rewrite(keyed),
        new.create_resumable_upload_session,
    ]

    for attempt in attempts:
        with pytest.raises(BadRequest, match="Customer-supplied encryption keys are not emulated"):
            attempt()
    assert [blob.name for blob in made.list_blobs()] == ["o"]


def test_an_upload_in_parts_with_a_key_is_refused(made: Any, tmp_path: Path) -> None:
    """The first call of the upload fails."""
    (tmp_path / "large").write_bytes(secrets.token_bytes(2**18))

    with pytest.raises(InvalidResponse, match="400"):
        transfer_manager.upload_chunks_concurrently(
            str(tmp_path / "large"), made.blob("new", encryption_key=bytes(32)), worker_type="thread"
        )

    assert list(made.list_blobs()) == []


def test_an_upload_in_parts_keeps_its_fields(made: Any, tmp_path: Path) -> None:
    """The object has the client's content encoding and custom time."""
    packed = gzip.compress(secrets.token_bytes(2**19))
    (tmp_path / "large").write_bytes(packed)
    blob, moment = made.blob("packed"), datetime(2024, 5, 6, 7, 8, 9, tzinfo=timezone.utc)
    blob.content_encoding, blob.custom_time = "gzip", moment

    transfer_manager.upload_chunks_concurrently(str(tmp_path / "large"), blob, chunk_size=2**18, worker_type="thread")

    found = made.get_blob("packed")
    assert (found.content_encoding, found.custom_time) == ("gzip", moment)
    assert found.download_as_bytes(raw_download=True) == packed


def test_an_object_under_a_hold_cannot_be_changed(made: Any) -> None:
    """It can be deleted and overwritten again once the hold is released."""
    blob = made.blob("o")
    blob.upload_from_string(b"1")
    for hold, kind in (("temporary_hold", "Temporary"), ("event_based_hold", "Event-Based")):
        setattr(blob, hold, True)
        blob.patch()
        for attempt in (blob.delete, lambda: blob.upload_from_string(b"2")):
            with pytest.raises(Forbidden, match=f"under active {kind} hold"):
                attempt()
        setattr(blob, hold, False)
        blob.patch()
    blob.delete()

    assert not blob.exists()


def test_retention_protects_objects(client: Any, project: str) -> None:
    """A bucket with retention keeps its objects until their time, which reads return."""
    bucket = client.create_bucket(f"{project}-kept", enable_object_retention=True)
    blob, until = bucket.blob("o"), datetime.now(timezone.utc).replace(microsecond=0) + timedelta(hours=1)
    blob.upload_from_string(b"1")
    blob.retention.mode, blob.retention.retain_until_time = "Unlocked", until
    blob.patch()
    kept = bucket.get_blob("o")

    assert bucket.object_retention_mode == "Enabled"
    assert (kept.retention.mode, kept.retention.retain_until_time) == ("Unlocked", until)
    assert kept.retention_expiration_time == until
    blob.retention.mode = blob.retention.retain_until_time = None
    for attempt in (blob.delete, blob.patch):
        with pytest.raises(Forbidden):
            attempt()
    blob.retention.mode = blob.retention.retain_until_time = None
    blob.patch(override_unlocked_retention=True)
    assert "retention" not in bucket.get_blob("o")._properties
    bucket.retention_period = 3600
    bucket.patch()
    assert bucket.get_blob("o").retention_expiration_time is not None
    with pytest.raises(Forbidden, match="subject to bucket's retention policy"):
        blob.delete()
    bucket.retention_period = None
    bucket.patch()
    bucket.delete(force=True)


def test_a_call_that_is_not_emulated_fails_at_once(client: Any, made: Any) -> None:
    """The client does not retry it, and lists of such resources are empty."""
    made.retention_period = 60
    made.patch()
    began = time.monotonic()
    attempts: list[Callable[[], Any]] = [
        lambda: client.create_hmac_key("nobody@example.com", project_id=client.project),
        lambda: made.notification(topic_name="t").create(),
        made.acl.reload,
        made.default_object_acl.reload,
        made.lock_retention_policy,
    ]
    for attempt in attempts:
        with pytest.raises(MethodNotAllowed, match=r"is not emulated; see docs/reference/emulator-methods\.md"):
            attempt()

    assert time.monotonic() - began < _RETRYING_SECONDS
    assert (list(made.list_notifications()), list(client.list_hmac_keys(project_id=client.project))) == ([], [])


def test_the_error_names_a_missing_object(made: Any) -> None:
    """The error is plain text, which the client shows unchanged."""
    with pytest.raises(NotFound, match=r"No such object: .*/absent") as caught:
        made.blob("absent").download_as_bytes()

    assert '"error"' not in str(caught.value)


def test_patterns_match_and_compositions_have_no_type(client: Any, made: Any) -> None:
    """`**/` also matches the empty path; an object composed without a content type has none."""
    for name in ("x", "a/x", "a/b/x", "ax"):
        made.blob(name).upload_from_string(name.encode(), content_type="text/plain")

    made.blob("joined").compose([made.blob("x"), made.blob("ax")])

    assert [found.name for found in client.list_blobs(made, match_glob="**/x")] == ["a/b/x", "a/x", "x"]
    assert (made.get_blob("joined").content_type, made.blob("joined").download_as_bytes()) == (None, b"xax")
