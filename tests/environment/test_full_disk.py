"""The emulator on a full disk: clear errors, no partial objects, and everything works again once there is space."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.errors import HttpError

from gcp import errors
from tests.emulator.ml.caller import Caller, error_of, until
from tests.emulator.storage.support import data, send
from tests.environment.disks import filled, small
from tests.running import RunningEmulator

BUCKET = "full-disk-bucket"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    with small(tmp_path / "disk", 8) as folder:
        yield folder


@pytest.fixture
def cramped(disk: Path) -> Iterator[RunningEmulator]:
    """An emulator with its data on that disk, and with a bucket."""
    with RunningEmulator(disk / "data") as running:
        running.storage().buckets().insert(project="p-one", body={"name": BUCKET}).execute()
        yield running


def put(running: RunningEmulator, name: str, content: bytes, **how: Any) -> dict[str, Any]:
    """Writes an object."""
    media = data(content, **how)
    answer: dict[str, Any] = running.storage().objects().insert(bucket=BUCKET, name=name, media_body=media).execute()
    return answer


def names(running: RunningEmulator) -> list[str]:
    """The names of the existing objects."""
    return [item["name"] for item in running.storage().objects().list(bucket=BUCKET).execute().get("items", [])]


def fill_with_buckets(running: RunningEmulator) -> list[str]:
    """Creates buckets until there is no space for one more; returns their names."""
    made: list[str] = []

    def make() -> None:
        while len(made) < 10_000:
            name = f"bucket-{len(made):04}"
            body = {"name": name, "labels": {"a": "b" * 60}}
            running.storage().buckets().insert(project="p-one", body=body).execute()
            made.append(name)

    assert_refused(make)
    return made


def buckets(running: RunningEmulator) -> list[str]:
    """The existing buckets that `fill_with_buckets` created."""
    listed = running.storage().buckets().list(project="p-one", prefix="bucket-").execute()
    return [item["name"] for item in listed.get("items", [])]


def assert_refused(call: Any) -> errors.ApiError:
    """Asserts that a write fails for lack of space with a retryable API error; returns the error."""
    with pytest.raises(HttpError) as caught:
        call()
    found = error_of(caught.value)
    assert isinstance(found, errors.Unavailable), found
    assert "data folder: No space left on device. Free space there" in found.message
    return found


def test_an_object_that_does_not_fit_is_refused(cramped: RunningEmulator, disk: Path) -> None:
    """It leaves neither an object nor bytes; existing objects can be read, and smaller ones written."""
    put(cramped, "before", b"b" * 1000)
    blobs = set((cramped.data / "objects").glob("??/*"))

    assert_refused(lambda: put(cramped, "large", b"x" * (12 << 20)))

    assert names(cramped) == ["before"]
    assert set((cramped.data / "objects").glob("??/*")) == blobs
    put(cramped, "after", b"a")
    assert names(cramped) == ["after", "before"]
    assert cramped.storage().objects().get_media(bucket=BUCKET, object="before").execute() == b"b" * 1000


def test_a_resumable_upload_continues_once_there_is_space(cramped: RunningEmulator, disk: Path) -> None:
    """The received bytes are kept, and the session reports their number."""
    start = send(
        "POST",
        f"{cramped.endpoint}/upload/storage/v1/b/{BUCKET}/o?uploadType=resumable&name=parts",
        b"{}",
        {"content-type": "application/json"},
    )
    session, content = start.headers["location"], b"p" * (2 << 20)
    with filled(disk, but=1 << 20):
        short = send("PUT", session, content, {"content-range": f"bytes 0-{len(content) - 1}/{len(content)}"})
    state = send("PUT", session, b"", {"content-range": f"bytes */{len(content)}"})
    arrived = int(state.headers["range"].rpartition("-")[2]) + 1

    assert (short.status, state.status) == (503, 308)
    assert 0 < arrived < len(content)
    rest = {"content-range": f"bytes {arrived}-{len(content) - 1}/{len(content)}"}
    assert send("PUT", session, content[arrived:], rest).status == 200
    assert cramped.storage().objects().get_media(bucket=BUCKET, object="parts").execute() == content


def test_no_acknowledged_write_is_lost_if_the_database_is_full(cramped: RunningEmulator, disk: Path) -> None:
    """Writes fail as a whole while the database's log cannot grow; acknowledged ones survive a kill -9 later."""
    with filled(disk):
        taken = fill_with_buckets(cramped)
        assert buckets(cramped) == taken
    put(cramped, "after", b"a")
    cramped.kill()

    with RunningEmulator(cramped.data) as again:
        found = buckets(again), names(again)

    assert found == (taken, ["after"])


@pytest.mark.tensorflow
def test_an_operation_ends_once_there_is_space(cramped: RunningEmulator, disk: Path) -> None:
    """The result of its work is written then; predictions work all the time."""
    ml = Caller(cramped, "p-two")
    model = ml.model()
    ml.version(model)
    cramped.faults({"method": "ml.projects.models.versions.create", "operation": "never"})
    ml.begin(model, "v2", 3.0)
    with filled(disk):
        fill_with_buckets(cramped)
        cramped.faults()
        until(lambda: cramped.status()["versions"][1]["nodes"], "the nodes of the new version")
        assert ml.predict(model, [1.0]) == {"predictions": [{"y": 2.0}]}
        assert ml.versions.get(name=f"{model}/versions/v2").execute()["state"] == "CREATING"

    until(
        lambda: ml.versions.get(name=f"{model}/versions/v2").execute()["state"] == "READY", "the end of the operation"
    )
