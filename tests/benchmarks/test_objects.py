"""The processes that send and fetch objects for the figures of Cloud Storage."""

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


class Asked:
    """A module of the benchmarks as a process, without the `World` that ends every process below this one."""

    def __init__(self, module: str, *arguments: str) -> None:
        command = [sys.executable, "-m", module, *arguments]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, stderr=pipe, text=True)
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == "ready\n"

    def ask(self, line: str) -> str:
        """The answer to a line; empty where the job failed."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        print(line, file=self.process.stdin, flush=True)
        return self.process.stdout.readline()

    def end(self) -> str:
        """Ends it; what it complained of."""
        return self.process.communicate(timeout=BOUND)[1]


@pytest.fixture
def bucket(emulator: RunningEmulator, project: str) -> str:
    """A new bucket."""
    name = f"{project}-bench"
    timed_process.make_bucket(emulator.endpoint, name)
    return name


def sizes(emulator: RunningEmulator, bucket: str) -> dict[str, int]:
    """Name -> bytes of what is in the bucket."""
    found: dict[str, Any] = emulator.storage().objects().list(bucket=bucket).execute()
    return {item["name"]: int(item["size"]) for item in found.get("items", [])}


def test_objects_go_up_and_come_down(emulator: RunningEmulator, bucket: str) -> None:
    """As many as were asked for, small and large; one that is not there is told."""
    client = Asked("benchmarks.workers.transfers", emulator.endpoint, bucket)

    sent = [client.ask("up small 3 2000 2"), client.ask("up large 1 2000000 1")]
    there = sizes(emulator, bucket)
    fetched = [client.ask("down small 3 2000 2"), client.ask("down large 1 2000000 1")]
    none = client.ask("down none 1 2000 1")

    assert there == {"large-0": 2_000_000, "small-0": 2000, "small-1": 2000, "small-2": 2000}
    assert all(float(seconds) > 0 for seconds in sent + fetched)
    assert none == ""
    assert "No such object" in client.end()


@pytest.mark.parametrize("kind", ["provider", "manager"])
def test_a_sender_sends_all_and_leaves_nothing(
    kind: str, emulator: RunningEmulator, bucket: str, tmp_path: Path
) -> None:
    """Each file is written; a second time it works as well, since the first left nothing."""
    files = written(tmp_path, Load("x", 3, 1000))
    job = Job(folder=str(tmp_path), files=files, prefix="p", processes=False).to_line()
    sender = Asked("benchmarks.workers.senders", kind, emulator.endpoint, bucket)
    emulator.reset_calls()

    times = [sender.ask(job), sender.ask(job)]
    complaints = sender.end()

    assert all(float(seconds) > 0 for seconds in times), complaints
    assert emulator.calls()["storage.objects.insert"] >= 2 * len(files)
    assert sizes(emulator, bucket) == {}
