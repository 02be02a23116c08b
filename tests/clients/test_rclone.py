"""rclone, which sends large files in chunks and reads by `mediaLink`."""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clients import installed
from tests.running import BOUND, RunningEmulator

pytestmark = pytest.mark.faults

Rclone = Callable[..., bytes]


@pytest.fixture
def rclone(emulator: RunningEmulator, tmp_path: Path) -> Rclone:
    """Runs a command of rclone without the user's configuration; returns its output."""
    program = installed.go("rclone")
    settings = {
        "RCLONE_CONFIG": str(tmp_path / "rclone.conf"),
        "RCLONE_GCS_ENDPOINT": f"{emulator.endpoint}/storage/v1/",
        "RCLONE_GCS_ANONYMOUS": "true",
        "RCLONE_GCS_BUCKET_POLICY_ONLY": "true",
        "RCLONE_GCS_CHUNK_SIZE": "256k",
        "RCLONE_RETRIES": "1",
        "RCLONE_LOW_LEVEL_RETRIES": "1",
    }
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}

    def run(*words: str) -> bytes:
        done = subprocess.run(
            [str(program), *words], env={**kept, **settings}, capture_output=True, timeout=BOUND, check=False
        )
        assert done.returncode == 0, f"rclone {' '.join(words)}:\n{done.stderr.decode()}"
        return done.stdout

    return run


def test_a_folder_is_uploaded_and_downloaded(rclone: Rclone, bucket: str, tmp_path: Path) -> None:
    """A large file in chunks, a small and an empty one keep their names, bytes and checksums."""
    content = {"large": secrets.token_bytes(2**20 + 5), "sub/b c/ü.txt": b"two", "empty": b""}
    for name, data in content.items():
        (tmp_path / "up" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "up" / name).write_bytes(data)

    rclone("sync", str(tmp_path / "up"), f":gcs:{bucket}/tree")
    rclone("check", str(tmp_path / "up"), f":gcs:{bucket}/tree")
    rclone("sync", f":gcs:{bucket}/tree", str(tmp_path / "down"))

    down = tmp_path / "down"
    assert {name: (down / name).read_bytes() for name in content} == content
    assert rclone("cat", f":gcs:{bucket}/tree/large", "--offset", "5", "--count", "10") == content["large"][5:15]


def test_a_stream_of_unknown_length_is_uploaded(
    rclone: Rclone, emulator: RunningEmulator, bucket: str, tmp_path: Path
) -> None:
    """Only the last chunk has the total size; a second copy changes nothing."""
    (tmp_path / "file").write_bytes(secrets.token_bytes(3 * 2**18))

    rclone("copyto", str(tmp_path / "file"), f":gcs:{bucket}/copied", "--streaming-upload-cutoff", "0")
    first = emulator.storage().objects().get(bucket=bucket, object="copied").execute()
    rclone("copyto", str(tmp_path / "file"), f":gcs:{bucket}/copied")

    assert emulator.storage().objects().get(bucket=bucket, object="copied").execute() == first
    assert first["size"] == str(3 * 2**18)
