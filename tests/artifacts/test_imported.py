"""Imported artifacts, and folders with junk files, with the real engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from models.saved_model.folder_content import read_content
from tests.artifacts import checkout
from tests.emulator import saved_models
from tests.engine import Engine
from tests.models.conftest import models_command
from tests.models.saved_models import graph
from tests.program.clients import predict
from tests.running import ROOT, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


class Program:
    """A checkout with a SavedModel made elsewhere, `exports/x`, and a stack that deploys it.

    Attributes:
        root: the checkout.
        engine: the stack's engine.
    """

    def __init__(self, emulator: RunningEmulator, project: str, folder: Path) -> None:
        self.emulator, self.project, self._folder = emulator, project, folder
        self.root = checkout.program(folder / "program")
        self.export = saved_models.write(self.root / "exports/x")
        self.engine = Engine(folder / "engine", self.root)

    def declare(self, artifact: str, *, engine: Engine | None = None, bucket: str = "", **more: Any) -> None:
        """Writes a stack file with one version of this artifact."""
        versions = {"v1": {"artifact": artifact, "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}}
        keys = {
            "endpoint": self.emulator.endpoint,
            "bucket": {"name": bucket or f"{self.project}-models"},
            "runtimeVersion": "2.21",
            "models": {"m" if engine is None else "other": {"defaultVersion": "v1", "versions": versions}},
            **more,
        }
        config = {f"tf2-models:{key}": value for key, value in keys.items()}
        (engine or self.engine).write({"gcp:project": self.project, "gcp:region": "us-central1", **config})

    def import_export(self) -> str:
        """Imports the SavedModel as `churn`, with a sample; returns its content digest."""
        samples = self.root / "samples.json"
        samples.write_text(json.dumps([{"instance": 1.5, "prediction": 3.0}]), encoding="utf-8")
        done = models_command(self.root, "import", str(self.export), "--name", "churn", "--samples", str(samples))
        assert done.returncode == 0, done.stderr
        [card] = (self.root / "models/cards/churn").iterdir()
        return card.stem

    def manifest(self, bucket: str, digest: str) -> bytes:
        """The manifest of the artifact in a bucket."""
        name = f"saved_model/{digest}/manifest.json"
        found: bytes = self.emulator.storage().objects().get_media(bucket=bucket, object=name).execute()
        return found


@pytest.fixture
def program(emulator: RunningEmulator, project: str, tmp_path: Path) -> Program:
    """A program that is not deployed yet."""
    return Program(emulator, project, tmp_path)


def test_importing_a_deployed_folder_changes_nothing(program: Program, tmp_path: Path) -> None:
    """Preview is empty in this checkout, and in a clone with only the card, where `up` needs no bytes."""
    program.declare("./exports/x")
    program.engine.up()
    digest = program.import_export()

    for artifact in ("churn", f"churn@{digest}"):
        program.declare(artifact)
        assert program.engine.preview() == {}
    for place in ("exports", "build"):
        shutil.rmtree(program.root / place)
    assert program.engine.preview() == {}
    program.emulator.reset_calls()
    assert program.engine.up() == {"unchanged": 7}
    assert program.emulator.calls() == {}
    program.engine.stack("refresh", "--suppress-progress")
    assert program.engine.preview() == {}
    assert program.engine.resources()[f"SavedModel saved_model-{digest}"]["outputs"]["uri"].endswith(f"{digest}/")


def test_a_pushed_import_is_deployed_from_its_bucket(program: Program, tmp_path: Path) -> None:
    """`push NAME` uploads it with its samples; a clone without the bytes deploys it with `artifactSource`."""
    digest, shared, own = program.import_export(), f"{program.project}-shared", f"{program.project}-own"
    program.emulator.storage().buckets().insert(project=program.project, body={"name": shared}).execute()
    where = ("--to", f"gs://{shared}", "--endpoint", program.emulator.endpoint)
    pushed = models_command(program.root, "push", "churn", *where, PYTHONPATH=str(ROOT))
    assert (pushed.returncode, pushed.stderr) == (0, "")
    assert f"churn: pushed to gs://{shared}/saved_model/{digest}/ (1 file, " in pushed.stdout
    shutil.rmtree(program.root / "exports")
    shutil.rmtree(program.root / "build")
    program.emulator.storage().buckets().insert(project=program.project, body={"name": f"{own}-2"}).execute()
    elsewhere = ("--to", f"gs://{own}-2", "--endpoint", program.emulator.endpoint)
    failed = models_command(program.root, "push", "churn", *elsewhere, PYTHONPATH=str(ROOT))
    assert failed.returncode == 1
    said = f"churn: neither gs://{own}-2/saved_model/{digest}/ nor this machine has its bytes; push it from the"
    assert said in failed.stderr
    other = Engine(tmp_path / "other", program.root)
    program.declare("churn", engine=other, bucket=own)
    text = other.stack("up", "--skip-preview", "--suppress-progress", fails=True)
    assert f"its files are neither in the bucket nor in build/churn/{digest} on this machine: import the" in text
    assert "SavedModel on this machine (`python -m models import PATH --name NAME`), or set artifactSource" in text
    assert "to a bucket that has them (`python -m models push NAME --to gs://BUCKET`, on a machine that has" in text

    program.declare("churn", engine=other, bucket=own, artifactSource=f"gs://{shared}")
    other.up()

    assert predict(other.outputs()["models"]["other"]["predictUrl"], 2.0)
    sent = json.loads(program.manifest(own, digest))
    assert sent["samples"] == [{"instance": 1.5, "prediction": {"y": 3.0}}]
    assert sent["signatures"]["serving_default"]["inputs"] == {"x": {"dtype": "float32", "shape": [None]}}


@pytest.mark.faults
def test_a_version_deployed_with_junk_files_can_stay(program: Program) -> None:
    """Junk is now left out, which changes the content digest; the bucket's manifest restores the old digest."""
    (program.export / ".DS_Store").write_bytes(b"junk")
    digest = _with_junk(program)
    program.declare("./exports/x")
    program.engine.up()
    files = program.engine.resources()[f"SavedModel saved_model-{digest}"]["outputs"]["files"]
    assert files.keys() == {".DS_Store", "saved_model.pb"}
    (program.export / "manifest.json").unlink()

    text = program.engine.stack("preview", fails=True)

    left_out = "./exports/x: files left out, since they are not part of a SavedModel: .DS_Store"
    assert _diagnostics(text).count(left_out) == 1
    assert f"deploymentUri of version projects/{program.project}/models/m/versions/v1 cannot be changed" in text
    assert ".DS_Store is no longer part of the artifact (junk), so its content digest differs from that of an" in text
    assert "copy manifest.json from its current bucket folder into the SavedModel's folder; files it lists are" in text
    assert "kept. Otherwise: Deploy it under a new version name beside v1" in text

    (program.export / "manifest.json").write_bytes(program.manifest(f"{program.project}-models", digest))
    assert program.engine.preview() == {}


def _diagnostics(text: str) -> str:
    """The end of a command's output, which has each line once."""
    return text.rpartition("Diagnostics:\n")[2]


def _with_junk(program: Program) -> str:
    """Writes a manifest that includes junk, as older releases did; returns the content digest with it."""
    manifest = program.export / "manifest.json"
    manifest.write_text(json.dumps({"files": {".DS_Store": {}}}), encoding="utf-8")
    found = read_content(program.export)
    facts = {"format": 1, "recipe": None, "contentDigest": found.digest, "size": found.size, "files": found.files}
    more = {"tensorflow": "2.21.0", "signatures": {}, "samples": []}
    manifest.write_text(json.dumps({**facts, **more}), encoding="utf-8")
    return found.digest


def test_preview_lists_the_signatures_if_there_is_no_default_one(program: Program) -> None:
    """One line, not an error: a request can name a signature."""
    content = graph({"x": (1, (-1,))}, {"y": (1, (-1,))}, names=("predict", "train"))
    (program.export / "saved_model.pb").write_bytes(content.replace(b"2.99.0", b"2.21.0"))
    program.declare("./exports/x")

    text = program.engine.stack("preview")

    line = "./exports/x: has no signature serving_default; it has predict, train: a request"
    assert _diagnostics(text).count(line) == 1
