"""cloudpathlib and smart_open, which use google-cloud-storage; each runs in its own process."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.clients import installed
from tests.running import BOUND, RunningEmulator

pytestmark = pytest.mark.faults

_START = """
import sys
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

endpoint, bucket = sys.argv[1:]
client = storage.Client(project="p", credentials=AnonymousCredentials(), client_options={"api_endpoint": endpoint})
"""
_CLOUDPATHLIB = """
from cloudpathlib import GSClient

paths = GSClient(storage_client=client)
root = paths.CloudPath(f"gs://{bucket}/tree")
for name in ("x", "a/x", "a/b/x", "a/y"):
    (root / name).write_text(name)
print(sorted(str(path.relative_to(root)) for path in root.glob("**/x")))
(root / "a" / "x").rename(root / "a" / "moved")
print((root / "a" / "moved").read_text(), (root / "a" / "x").exists(), (root / "a").is_dir())
client.bucket(bucket).blob("tree/held").upload_from_string("kept")
held = client.bucket(bucket).get_blob("tree/held")
held.temporary_hold = True
held.patch()
try:
    (root / "held").unlink()
except Exception as error:
    print("under active Temporary hold" in str(error))
"""
_SMART_OPEN = """
from smart_open import open as stream

how = {"client": client, "min_part_size": 2**18}
content = bytes(range(256)) * 4096
with stream(f"gs://{bucket}/large", "wb", transport_params=how) as file:
    file.write(content)
with stream(f"gs://{bucket}/large", "rb", transport_params={"client": client}) as file:
    print(file.read() == content, file.seek(1000), file.read(3) == content[1000:1003])
with stream(f"gs://{bucket}/rows.gz", "wt", transport_params=how) as file:
    file.write("1\\n2\\n")
with stream(f"gs://{bucket}/rows.gz", "rt", transport_params={"client": client}) as file:
    print(file.readlines())
try:
    stream(f"gs://{bucket}/absent", "rb", transport_params={"client": client}).read()
except Exception as error:
    print(type(error).__name__)
"""


@pytest.mark.parametrize(
    ("program", "said"),
    [
        (_CLOUDPATHLIB, "['a/b/x', 'a/x', 'x']\na/x False True\nTrue\n"),
        (_SMART_OPEN, "True 1000 True\n['1\\n', '2\\n']\nNotFound\n"),
    ],
    ids=["cloudpathlib", "smart_open"],
)
def test_paths_and_streams_work(emulator: RunningEmulator, bucket: str, program: str, said: str) -> None:
    """Files are written, found, read and moved; a held or missing file is an error."""
    path = os.pathsep.join([str(installed.python()), *filter(None, [os.environ.get("PYTHONPATH")])])

    ran = subprocess.run(
        [sys.executable, "-c", _START + program, emulator.endpoint, bucket],
        env={**os.environ, "PYTHONPATH": path},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )

    assert (ran.stdout, ran.returncode) == (said, 0), ran.stderr
