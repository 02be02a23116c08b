"""What survives when the emulator is killed and started again."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from tests.emulator.storage.support import KIB_256, client, data, md5, refused, send
from tests.running import RunningEmulator

_CONTENT = bytes(index * 13 % 241 for index in range(3 * KIB_256 + 77))


def _files(running: RunningEmulator) -> set[Path]:
    return set((running.data / "objects").glob("??/*"))


def test_a_half_done_upload_is_finished_after_a_kill(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """A session, its conditions and its bytes survive kill -9; the object is complete and its checksums are right."""
    first = emulator_factory()
    with client(first.endpoint) as storage:
        storage.buckets().insert(project="p-one", body={"name": "kept-bucket"}).execute()
    url = f"{first.endpoint}/upload/storage/v1/b/kept-bucket/o?uploadType=resumable&name=o&ifGenerationMatch=0"
    session = send("POST", url, headers={"x-upload-content-type": "text/x-test"}).headers["location"]
    head = {"content-range": f"bytes 0-{2 * KIB_256 - 1}/{len(_CONTENT)}"}
    assert send("PUT", session, _CONTENT[: 2 * KIB_256], head).status == 308

    first.kill()
    second = emulator_factory(data=first.data)
    session = session.replace(first.endpoint, second.endpoint)

    state = send("PUT", session, headers={"content-range": f"bytes */{len(_CONTENT)}"})
    assert (state.status, state.headers["range"]) == (308, f"bytes=0-{2 * KIB_256 - 1}")
    rest = {"content-range": f"bytes {2 * KIB_256}-{len(_CONTENT) - 1}/{len(_CONTENT)}"}
    made = send("PUT", session, _CONTENT[2 * KIB_256 :], rest)
    assert (made.status, made.json["md5Hash"], made.json["contentType"]) == (200, md5(_CONTENT), "text/x-test")
    with client(second.endpoint) as storage:
        assert storage.objects().get_media(bucket="kept-bucket", object="o").execute() == _CONTENT


def test_buckets_and_objects_survive_a_kill(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """Buckets and objects survive kill -9 unchanged, and new generations are still greater."""
    first = emulator_factory()
    with client(first.endpoint) as storage:
        bucket = storage.buckets().insert(project="p-one", body={"name": "kept-bucket"}).execute()
        made = storage.objects().insert(bucket="kept-bucket", name="o", media_body=data(_CONTENT)).execute()

    first.kill()
    second = emulator_factory(data=first.data)

    with client(second.endpoint) as storage:
        links = {"selfLink", "mediaLink"}
        for before, after in (
            (bucket, storage.buckets().get(bucket="kept-bucket").execute()),
            (made, storage.objects().get(bucket="kept-bucket", object="o").execute()),
        ):
            assert {k: v for k, v in after.items() if k not in links} == {
                k: v for k, v in before.items() if k not in links
            }
        assert storage.objects().get_media(bucket="kept-bucket", object="o").execute() == _CONTENT
        newer = storage.objects().insert(bucket="kept-bucket", name="o", media_body=data(b"")).execute()
    assert int(newer["generation"]) > int(made["generation"])


def test_files_of_no_object_are_removed_at_the_start(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """Files that a crash left without an object are removed at the next start; all others stay."""
    first = emulator_factory()
    with client(first.endpoint) as storage:
        storage.buckets().insert(project="p-one", body={"name": "kept-bucket"}).execute()
        storage.objects().insert(bucket="kept-bucket", name="o", media_body=data(b"1")).execute()
    send("POST", f"{first.endpoint}/upload/storage/v1/b/kept-bucket/o?uploadType=resumable&name=open")
    known = _files(first)
    first.kill()
    orphan = first.data / "objects" / "00" / ("0" * 32)
    orphan.parent.mkdir(exist_ok=True)
    orphan.write_bytes(b"half an object")

    second = emulator_factory(data=first.data)

    assert len(known) == 2
    assert _files(second) == known
    with client(second.endpoint) as storage:
        assert storage.objects().get_media(bucket="kept-bucket", object="o").execute() == b"1"
        assert refused(storage.objects().get(bucket="kept-bucket", object="open"))[0] == 404


def test_an_unfinished_upload_is_removed_after_a_week(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """Its bytes are removed when the next upload begins, without a restart; a newer upload stays."""
    running = emulator_factory()
    with client(running.endpoint) as storage:
        storage.buckets().insert(project="p-one", body={"name": "kept-bucket"}).execute()
    place = f"{running.endpoint}/upload/storage/v1/b/kept-bucket/o?uploadType=resumable&name="
    head = {"content-range": f"bytes 0-{KIB_256 - 1}/*"}
    old, young = (send("POST", f"{place}{name}").headers["location"] for name in ("old", "young"))
    for session in (old, young):
        assert send("PUT", session, _CONTENT[:KIB_256], head).status == 308
    with closing(sqlite3.connect(running.data / "state.sqlite3")) as state, state:
        state.execute("UPDATE storage_uploads SET started = '2020-01-01T00:00:00.000Z' WHERE name = 'old'")

    send("POST", f"{place}next")

    assert sorted(file.stat().st_size for file in _files(running)) == [0, KIB_256]
    assert send("PUT", old, headers={"content-range": "bytes */*"}).status == 410
    assert send("PUT", young, headers={"content-range": "bytes */*"}).status == 308
