"""The worker processes that upload and download objects for the figures of Cloud Storage."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measures.upload import Load, written
from benchmarks.workers import timed_process
from benchmarks.workers.senders import Job
from tests.running import BOUND, ROOT, RunningEmulator


class Worker:
    """A worker module of the benchmarks as a process, without a `World`, which would end all child processes."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def run(self, line: str) -> str:
        """The response to a line; empty if the job failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline()

    def end(self) -> str:
        """Ends the process; returns its standard error."""
        return self.process.communicate(timeout=BOUND)[1]


@pytest.fixture
def bucket(emulator: RunningEmulator, project: str) -> str:
    """A new bucket."""
    name = f"{project}-bench"
    timed_process.make_bucket(emulator.endpoint, name)
    return name


def sizes(emulator: RunningEmulator, bucket: str) -> dict[str, int]:
    """Name -> size in bytes of each object in the bucket."""
    found: dict[str, Any] = emulator.storage().objects().list(bucket=bucket).execute()
    return {item["name"]: int(item["size"]) for item in found.get("items", [])}


def test_objects_are_uploaded_and_downloaded(emulator: RunningEmulator, bucket: str) -> None:
    """The requested number of small and large objects is transferred; a missing one is an error."""
    client = Worker("benchmarks.workers.transfers", emulator.endpoint, bucket)

    sent = [client.run("up small 3 2000 2"), client.run("up large 1 2000000 1")]
    there = sizes(emulator, bucket)
    fetched = [client.run("down small 3 2000 2"), client.run("down large 1 2000000 1")]
    missing = client.run("down none 1 2000 1")

    assert there == {"large-0": 2_000_000, "small-0": 2000, "small-1": 2000, "small-2": 2000}
    assert all(float(seconds) > 0 for seconds in sent + fetched)
    assert missing == ""
    assert "No such object" in client.end()


@pytest.mark.parametrize("kind", ["provider", "manager"])
def test_a_sender_uploads_all_files_and_then_deletes_them(
    kind: str, emulator: RunningEmulator, bucket: str, tmp_path: Path
) -> None:
    """Each file is written; a second run works too, since the first left nothing."""
    files = written(tmp_path, Load("x", 3, 1000))
    job = Job(folder=str(tmp_path), files=files, prefix="p", processes=False).to_line()
    sender = Worker("benchmarks.workers.senders", kind, emulator.endpoint, bucket)
    emulator.reset_calls()

    times = [sender.run(job), sender.run(job)]
    complaints = sender.end()

    assert all(float(seconds) > 0 for seconds in times), complaints
    assert emulator.calls()["storage.objects.insert"] >= 2 * len(files)
    assert sizes(emulator, bucket) == {}
