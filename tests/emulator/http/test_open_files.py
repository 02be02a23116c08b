"""How many files the emulator's process may have open, and how few it needs."""

from __future__ import annotations

import re
import resource
from collections.abc import Callable
from pathlib import Path

from tests.emulator.storage.support import send
from tests.running import RunningEmulator

_PART = "<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>"


def _limits(pid: int) -> tuple[int, int]:
    """The soft and the hard one."""
    return resource.prlimit(pid, resource.RLIMIT_NOFILE)


def test_the_soft_limit_is_raised_at_the_start(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """To what the system lets it have: shells often give 1024, and a large answer takes three."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (256, hard))
    try:
        running = emulator_factory()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))

    raised = _limits(running.pid)
    assert raised[0] > 256
    assert raised == (raised[1] if 0 <= raised[1] < 1 << 16 else 1 << 16, hard)


def test_parts_of_an_upload_are_opened_one_by_one(emulator_factory: Callable[..., RunningEmulator]) -> None:
    """There may be ten thousand of them."""
    running = emulator_factory()
    running.storage().buckets().insert(project="p", body={"name": "parts"}).execute()
    url = f"{running.endpoint}/parts/o"
    found = re.search("<UploadId>(.*)</UploadId>", send("POST", f"{url}?uploads").content.decode())
    assert found
    upload = f"{url}?uploadId={found[1]}"
    tags = [send("PUT", f"{upload}&partNumber={n}", b"%d " % n).headers["etag"] for n in range(1, 61)]
    few = len(list(Path(f"/proc/{running.pid}/fd").iterdir())) + 20
    resource.prlimit(running.pid, resource.RLIMIT_NOFILE, (few, few))

    listed = "".join(_PART.format(number, tag) for number, tag in enumerate(tags, 1))
    ended = send("POST", upload, f"<CompleteMultipartUpload>{listed}</CompleteMultipartUpload>".encode())

    assert ended.status == 200
    assert send("GET", url).content == b"".join(b"%d " % n for n in range(1, 61))


def test_a_part_that_is_gone_ends_the_upload(emulator: RunningEmulator, project: str) -> None:
    """As where another request ends it, or sends the part again, while the object is made."""
    emulator.storage().buckets().insert(project=project, body={"name": f"{project}-b"}).execute()
    url, folder = f"{emulator.endpoint}/{project}-b/o", emulator.data / "objects"
    found = re.search("<UploadId>(.*)</UploadId>", send("POST", f"{url}?uploads").content.decode())
    assert found
    content = f"part of {project}".encode()
    upload = f"{url}?uploadId={found[1]}"
    tag = send("PUT", f"{upload}&partNumber=1", content).headers["etag"]
    for file in folder.glob("??/*"):
        if file.stat().st_size == len(content) and file.read_bytes() == content:
            file.unlink()

    listed = f"<CompleteMultipartUpload>{_PART.format(1, tag)}</CompleteMultipartUpload>"
    ended = send("POST", upload, listed.encode())

    assert (ended.status, b"<Code>NoSuchUpload</Code>" in ended.content) == (404, True)
