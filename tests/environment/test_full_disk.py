"""A disk that is full: one clear line, nothing that looks whole and is not, and all goes on when there is space."""

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
    """A disk of eight megabytes."""
    with small(tmp_path / "disk", 8) as folder:
        yield folder


@pytest.fixture
def cramped(disk: Path) -> Iterator[RunningEmulator]:
    """An emulator whose data is on that disk, with a bucket."""
    with RunningEmulator(disk / "data") as running:
        running.storage().buckets().insert(project="p-one", body={"name": BUCKET}).execute()
        yield running


def put(running: RunningEmulator, name: str, content: bytes, **how: Any) -> dict[str, Any]:
    """Writes an object."""
    media = data(content, **how)
    answer: dict[str, Any] = running.storage().objects().insert(bucket=BUCKET, name=name, media_body=media).execute()
    return answer


def names(running: RunningEmulator) -> list[str]:
    """The objects that are there."""
    return [item["name"] for item in running.storage().objects().list(bucket=BUCKET).execute().get("items", [])]


def until_refused(running: RunningEmulator) -> list[str]:
    """Makes buckets until there is no space for one more; returns their names."""
    made: list[str] = []

    def make() -> None:
        while len(made) < 10_000:
            name = f"bucket-{len(made):04}"
            body = {"name": name, "labels": {"a": "b" * 60}}
            running.storage().buckets().insert(project="p-one", body=body).execute()
            made.append(name)

    refused(make)
    return made


def buckets(running: RunningEmulator) -> list[str]:
    """What `until_refused` made."""
    listed = running.storage().buckets().list(project="p-one", prefix="bucket-").execute()
    return [item["name"] for item in listed.get("items", [])]


def refused(call: Any) -> errors.ApiError:
    """The refusal of a write that does not fit: one line, in the API's shape, to be tried again."""
    with pytest.raises(HttpError) as caught:
        call()
    found = error_of(caught.value)
    assert isinstance(found, errors.Unavailable), found
    assert "data folder: No space left on device. Free space there" in found.message
    return found


def test_an_object_that_does_not_fit(cramped: RunningEmulator, disk: Path) -> None:
    """It is refused and leaves neither an object nor bytes; what is there is read; the next one that fits is taken."""
    put(cramped, "before", b"b" * 1000)
    blobs = set((cramped.data / "objects").glob("??/*"))

    refused(lambda: put(cramped, "large", b"x" * (12 << 20)))

    assert names(cramped) == ["before"]
    assert set((cramped.data / "objects").glob("??/*")) == blobs
    put(cramped, "after", b"a")
    assert names(cramped) == ["after", "before"]
    assert cramped.storage().objects().get_media(bucket=BUCKET, object="before").execute() == b"b" * 1000


def test_an_upload_in_parts_goes_on_when_there_is_space(cramped: RunningEmulator, disk: Path) -> None:
    """The bytes that arrived are kept, and the session says how many they are."""
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


def test_the_database_too_and_nothing_acknowledged_is_lost(cramped: RunningEmulator, disk: Path) -> None:
    """Small writes are refused where its log cannot grow, each as a whole, until there is space; kill -9 after that."""
    with filled(disk):
        taken = until_refused(cramped)
        assert buckets(cramped) == taken
    put(cramped, "after", b"a")
    cramped.kill()

    with RunningEmulator(cramped.data) as again:
        found = buckets(again), names(again)

    assert found == (taken, ["after"])


@pytest.mark.tensorflow
def test_an_operation_ends_when_there_is_space(cramped: RunningEmulator, disk: Path) -> None:
    """What was done while the disk was full is written then; predictions are answered all the time."""
    ml = Caller(cramped, "p-two")
    model = ml.model()
    ml.version(model)
    cramped.faults({"method": "ml.projects.models.versions.create", "operation": "never"})
    ml.begin(model, "v2", 3.0)
    with filled(disk):
        until_refused(cramped)
        cramped.faults()
        until(lambda: cramped.status()["versions"][1]["nodes"], "what the operation does")
        assert ml.predict(model, [1.0]) == {"predictions": [{"y": 2.0}]}
        assert ml.versions.get(name=f"{model}/versions/v2").execute()["state"] == "CREATING"

    until(lambda: ml.versions.get(name=f"{model}/versions/v2").execute()["state"] == "READY", "the end")
