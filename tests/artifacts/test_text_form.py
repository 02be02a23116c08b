"""`saved_model.pbtxt`, the text form of a graph, is refused everywhere, with the way to convert it."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from googleapiclient.errors import HttpError

import models
from resources.storage import rules
from tests.emulator import saved_models
from tests.emulator.ml.caller import N1, Caller
from tests.running import BOUND, ROOT, RunningEmulator

SAID = r"no saved_model\.pb.*saved_model\.pbtxt, its text form, must be converted.*docs/reference/artifacts\.md"


def test_preview_refuses_the_text_form(tmp_path: Path) -> None:
    """It is refused in a stack file's folder, and in the files that a user's own program declares."""
    (tmp_path / "x").mkdir()
    (tmp_path / "x/saved_model.pbtxt").write_text("saved_model_schema_version: 1", encoding="utf-8")

    with pytest.raises(models.ModelsError, match=SAID):
        models.resolve("./x", root=tmp_path)
    [(path, reason)] = rules.saved_model_failures({"files": {"saved_model.pbtxt": {"size": 1, "crc32c": "x"}}})
    assert path == "files"
    assert re.search(SAID, reason)


def test_a_version_refuses_the_text_form_in_a_bucket(emulator: RunningEmulator, project: str) -> None:
    """`gs://BUCKET/FOLDER/` is checked when the version is created."""
    ml = Caller(emulator, project)
    uri = ml.upload("x", b"saved_model_schema_version: 1", name="saved_model.pbtxt")

    with pytest.raises(HttpError, match=r"expected to contain exactly one of: \[saved_model\.pb\]"):
        ml.versions.create(parent=ml.model(), body={"name": "v1", "deploymentUri": uri, **N1}).execute()


@pytest.mark.tensorflow
def test_the_documented_command_converts_the_text_form(tmp_path: Path) -> None:
    """The code in docs/reference/artifacts.md restores the artifact from which the text form was written."""
    folder = saved_models.write(tmp_path / "x")
    known = models.resolve("./x", root=tmp_path)
    write = (
        "from google.protobuf import text_format; from tensorflow.core.protobuf.saved_model_pb2 import SavedModel; "
        "text = text_format.MessageToString(SavedModel.FromString(open('saved_model.pb', 'rb').read())); "
        "open('saved_model.pbtxt', 'w').write(text)"
    )
    page = (ROOT / "docs/reference/artifacts.md").read_text(encoding="utf-8")
    [documented] = re.findall(r"```python\n(from google\.protobuf.*?)```", page, re.DOTALL)
    for code in (write, documented):
        subprocess.run([sys.executable, "-c", code], cwd=folder, check=True, timeout=BOUND, capture_output=True)
        (folder / "saved_model.pb").unlink() if code == write else (folder / "saved_model.pbtxt").unlink()

    assert models.resolve("./x", root=tmp_path).signatures == known.signatures
