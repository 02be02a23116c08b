"""gcsfs, which pandas and other libraries use for `gs://`."""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
from pathlib import Path

import pytest
from gcsfs.core import GCSFileSystem

from tests.running import BOUND, RunningEmulator

_FRAMES = """
import json, sys
import pandas

place, options = sys.argv[1], json.loads(sys.argv[2])
frame = pandas.DataFrame({"age": [63, 37], "thal": ["fixed", "normal"]})
frame.to_csv(f"{place}/frame.csv", index=False, storage_options=options)
frame.to_json(f"{place}/rows.json", orient="records", lines=True, storage_options=options)
table = pandas.read_csv(f"{place}/frame.csv", storage_options=options)
rows = pandas.read_json(f"{place}/rows.json", lines=True, storage_options=options)
print(table.equals(frame), rows.equals(frame))
"""
_LARGE = secrets.token_bytes(2**20 - 3)


@pytest.fixture
def files(emulator: RunningEmulator, project: str) -> GCSFileSystem:
    """The base class of gcsfs; the package's default class first asks for the bucket's type by gRPC."""
    how = {"token": "anon", "endpoint_url": emulator.endpoint}
    return GCSFileSystem(project=project, skip_instance_cache=True, **how)


def test_the_file_system_works(files: GCSFileSystem, bucket: str, tmp_path: Path) -> None:
    """Files are written, listed, read from an offset, moved, joined and removed."""
    files.pipe(f"{bucket}/a/b.txt", b"hello")
    with files.open(f"{bucket}/large", "wb", block_size=2**18) as file:
        file.write(_LARGE)
    (tmp_path / "up" / "sub").mkdir(parents=True)
    (tmp_path / "up" / "sub" / "1").write_bytes(b"1")

    files.put(str(tmp_path / "up"), f"{bucket}/up", recursive=True)
    files.merge(f"{bucket}/joined", [f"{bucket}/a/b.txt"] * 2)
    files.mv(f"{bucket}/joined", f"{bucket}/moved")

    assert files.ls(bucket, detail=False) == [f"{bucket}/{name}" for name in ("a", "large", "moved", "up")]
    assert files.glob(f"{bucket}/**/*.txt") == [f"{bucket}/a/b.txt"]
    assert files.cat(f"{bucket}/moved") == b"hellohello"
    with files.open(f"{bucket}/large", "rb") as file:
        file.seek(100)
        assert file.read(10) == _LARGE[100:110]
    assert files.cat(f"{bucket}/up/sub/1") == b"1"
    with pytest.raises(FileExistsError):
        files.pipe(f"{bucket}/moved", b"x", mode="create")
    files.rm(bucket, recursive=True)
    assert not files.exists(bucket)


def test_pandas_reads_and_writes(emulator: RunningEmulator, bucket: str) -> None:
    """A frame needs only `storage_options` with the endpoint; its JSON lines are valid rows of a batch job."""
    pytest.importorskip("pandas", reason="requirements-dev.txt has it")
    options = {"token": "anon", "endpoint_url": emulator.endpoint}

    ran = subprocess.run(
        [sys.executable, "-c", _FRAMES, f"gs://{bucket}", json.dumps(options)],
        env={**os.environ, "GCSFS_EXPERIMENTAL_ZB_HNS_SUPPORT": "false"},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert (ran.stdout, ran.returncode) == ("True True\n", 0), ran.stderr
    rows = emulator.storage().objects().get_media(bucket=bucket, object="rows.json").execute()
    assert rows == b'{"age":63,"thal":"fixed"}\n{"age":37,"thal":"normal"}\n'


def test_held_files_are_protected_and_joined_files_have_no_type(
    files: GCSFileSystem, emulator: RunningEmulator, bucket: str
) -> None:
    """A file under a hold cannot be removed or overwritten; a joined file has no content type."""
    objects = emulator.storage().objects()
    files.pipe(f"{bucket}/held", b"held", content_type="text/plain")
    objects.patch(bucket=bucket, object="held", body={"temporaryHold": True}).execute()

    with pytest.raises(OSError, match="under active Temporary hold"):
        files.rm(f"{bucket}/held")
    with pytest.raises(OSError, match="under active Temporary hold"):
        files.pipe(f"{bucket}/held", b"other")
    files.merge(f"{bucket}/joined", [f"{bucket}/held"] * 2)

    assert files.cat(f"{bucket}/held") == b"held"
    assert "contentType" not in objects.get(bucket=bucket, object="joined").execute()
    with pytest.raises(FileNotFoundError, match="absent"):
        files.cat(f"{bucket}/absent")
