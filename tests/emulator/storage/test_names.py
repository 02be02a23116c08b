"""Hostile object names: all work as names, and none becomes a path."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from tests.emulator.storage.support import NAMES, REFUSED_NAMES, client, data, refused, send
from tests.running import RunningEmulator


def _outside(data: Path) -> set[Path]:
    """Lists an emulator's folder, without the files of objects."""
    return {file for file in data.rglob("*") if data / "objects" not in file.parents}


def test_hostile_names_are_only_names(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """Every allowed name in one bucket is kept, listed, read and deleted, and no file is named after it."""
    emulator = emulator_factory()
    with client(emulator.endpoint) as storage:
        storage.buckets().insert(project="p-one", body={"name": "hostile"}).execute()
        _names_are_only_names(storage, "hostile", emulator.data)


def _names_are_only_names(storage: Any, bucket: str, data_folder: Path) -> None:
    objects, outside = storage.objects(), _outside(data_folder)
    for number, name in enumerate(NAMES):
        made = objects.insert(bucket=bucket, name=name, media_body=data(f"content {number}".encode())).execute()
        assert made["name"] == name

    listed = [item["name"] for item in objects.list(bucket=bucket).execute()["items"]]
    contents = [objects.get_media(bucket=bucket, object=name).execute() for name in NAMES]
    files = [file for file in data_folder.rglob("*") if file.is_file()]
    blobs = [file for file in files if data_folder / "objects" in file.parents]

    assert listed == sorted(NAMES, key=str.encode)
    assert contents == [f"content {number}".encode() for number in range(len(NAMES))]
    assert _outside(data_folder) == outside
    assert all(len(file.name) == 32 and set(file.name) <= set("0123456789abcdef") for file in blobs)
    for name in NAMES:
        objects.delete(bucket=bucket, object=name).execute()
    assert "items" not in objects.list(bucket=bucket).execute()


@pytest.mark.parametrize("name", REFUSED_NAMES)
@pytest.mark.parametrize("where", ["query", "body"])
def test_invalid_names(storage: Any, bucket: str, name: str, where: str) -> None:
    """Names that Google rejects get 400, in every parameter."""
    place = {"name": name} if where == "query" else {"body": {"name": name}}

    assert refused(storage.objects().insert(bucket=bucket, media_body=data(b""), **place))[0] == 400
    assert "items" not in storage.objects().list(bucket=bucket).execute()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b'{"name": "\\ud800"}', "half a surrogate pair"),
        (b'{"name": "\xff"}', "not UTF-8"),
        (b'{"name": 5}', "a number"),
        (b'{"name": null}', "null"),
        (b'{"name": ""}', "empty"),
    ],
)
def test_names_that_are_not_text(endpoint: str, bucket: str, body: bytes, reason: str) -> None:
    """A name that is not valid text gets 400."""
    url = f"{endpoint}/upload/storage/v1/b/{bucket}/o?uploadType=resumable"

    assert send("POST", url, body, {"content-type": "application/json"}).status == 400, reason


@pytest.mark.parametrize("name", ["..", "../..", "../../../../etc/passwd", "%00", "\ud800"])
def test_absent_hostile_names(endpoint: str, bucket: str, name: str) -> None:
    """Reading an absent object with a hostile name is 404, never a file of this machine."""
    path = quote(name.encode("utf-8", "surrogatepass"), safe="")

    answer = send("GET", f"{endpoint}/storage/v1/b/{bucket}/o/{path}?alt=media")

    assert answer.status in {400, 404}
    assert answer.headers["content-type"].startswith(("text/plain", "application/json"))
    assert b"root:" not in answer.content
