"""Secrets are encrypted in the state and hidden in all output of the real engine."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import saved_models
from tests.engine import Engine, write_program
from tests.running import ROOT, RunningEmulator

pytestmark = [pytest.mark.engine]

SECRET = "planted-one"  # noqa: S105 - must not appear in any output
OTHER = "planted-two"
PROGRAM = """
import json, pathlib
import pulumi
from resources import ml, storage

said = json.loads(pathlib.Path("said.json").read_text())
hidden = pulumi.Output.secret(said["secret"])
labels = {"team": hidden, "stage": "plain"}
storage.Bucket("bucket", name=said["bucket"], labels=pulumi.Output.secret({"team": said["secret"]}))
model = ml.Model("model", name="m", description=hidden, labels=labels, adopt=True)
if "machine" in said:
    uri, machine = "gs://other/model/", pulumi.Output.secret(said["machine"])
    ml.Version("version", model="m", name="v", deployment_uri=uri, runtime_version="2.21", machine_type=machine)
pulumi.export("description", model.description)
pulumi.export("name", model.name)
"""


class RecordingEngine(Engine):
    """An engine that records all its output."""

    def __init__(self, folder: Path, program: Path = ROOT) -> None:
        self.recorded: list[str] = []
        super().__init__(folder, program)

    def run(self, *command: str, fails: bool = False, folder: Path | None = None) -> str:
        """Runs a command as an `Engine` does, and records the output unless it sets a configuration value."""
        text = super().run(*command, fails=fails, folder=folder)
        if command[:2] != ("config", "set"):
            self.recorded.append(text)
        return text


@pytest.fixture
def program(tmp_path: Path, emulator: RunningEmulator, project: str) -> RecordingEngine:
    """A user's own program, with a secret in a description and in labels."""
    engine = RecordingEngine(tmp_path / "engine", write_program(tmp_path / "program", PROGRAM))
    engine.write({"gcp:project": project, "tf2-models:endpoint": emulator.endpoint})
    set_values(tmp_path, secret=SECRET, bucket=f"{project}-secrets")
    return engine


def set_values(folder: Path, **said: str) -> None:
    """Sets the values that the program declares."""
    (folder / "program/said.json").write_text(json.dumps(said), encoding="utf-8")


def is_encrypted(entry: dict[str, Any], side: str, name: str) -> bool:
    """Whether the state has ciphertext in this input or output."""
    return "ciphertext" in json.dumps(entry[side].get(name))


def test_a_programs_secrets_are_never_shown(
    program: RecordingEngine, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """This covers adoption, creation, drift, refresh, update, an API error that repeats a secret, and destroy."""
    models = emulator.ml().projects().models()
    name = f"projects/{project}/models/m"
    models.create(parent=f"projects/{project}", body={"name": "m", "description": "another's"}).execute()

    program.stack("preview", "--diff")
    assert program.up() == {"created": 3}
    assert models.get(name=name).execute()["description"] == SECRET
    models.patch(name=name, updateMask="description", body={"description": f"{OTHER}, outside"}).execute()
    program.stack("refresh", "--diff")
    _assert_encrypted(program)

    set_values(tmp_path, secret=OTHER, bucket=f"{project}-secrets")
    emulator.faults({"method": "ml.projects.models.patch", "status": 400, "message": f"'{OTHER}' is no description"})
    text = program.stack("up", "--diff", "--skip-preview", fails=True)
    assert "'[secret]' is no description" in text
    emulator.faults()
    program.stack("up", "--diff")
    _assert_encrypted(program)
    assert program.outputs()["name"] == "m"
    program.stack("destroy")

    recorded = "\n".join(program.recorded)
    assert SECRET not in recorded
    assert OTHER not in recorded


def _assert_encrypted(program: RecordingEngine) -> None:
    found = program.resources()
    for side in ("inputs", "outputs"):
        assert is_encrypted(found["Model model"], side, "description"), side
        assert is_encrypted(found["Model model"], side, "labels"), side
        assert is_encrypted(found["Bucket bucket"], side, "labels"), side
    assert found["Model model"]["outputs"]["labels"]["stage"] == "plain"


def test_a_secret_that_would_be_shown_is_refused(program: RecordingEngine, tmp_path: Path, project: str) -> None:
    """The error names the key, not the value."""
    set_values(tmp_path, secret=SECRET, bucket=f"{project}-secrets", machine="n1-standard-2")

    text = program.stack("preview", fails=True)

    assert "version.machineType must not be secret" in text
    assert "n1-standard-2" not in text
    assert "Traceback" not in text


@pytest.mark.faults
def test_a_value_that_becomes_secret_is_encrypted_from_then_on(
    program: RecordingEngine, tmp_path: Path, project: str
) -> None:
    """Its value is unchanged, and nothing is sent."""
    main = tmp_path / "program/__main__.py"
    main.write_text(PROGRAM.replace("hidden = pulumi.Output.secret(said", "hidden = str(said"), encoding="utf-8")
    set_values(tmp_path, secret="plain", bucket=f"{project}-secrets")  # noqa: S106 - not a secret yet
    program.up()
    assert not is_encrypted(program.resources()["Model model"], "outputs", "description")

    main.write_text(PROGRAM, encoding="utf-8")
    program.up()

    _assert_encrypted(program)
    assert program.preview() == {}


@pytest.fixture
def stack(tmp_path: Path, emulator: RunningEmulator, project: str) -> RecordingEngine:
    """This project's program in a separate folder, with the stack file beside it as users have it."""
    folder = tmp_path / "program"
    folder.mkdir()
    for name in ("Pulumi.yaml", "__main__.py"):
        shutil.copyfile(ROOT / name, folder / name)
    saved_models.write(folder / "model")
    version = {"artifact": "./model", "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}
    engine = RecordingEngine(folder, folder)
    engine.write(
        {
            "gcp:project": project,
            "gcp:region": "us-central1",
            "tf2-models:endpoint": emulator.endpoint,
            "tf2-models:runtimeVersion": "2.21",
            "tf2-models:bucket": {},
            "tf2-models:models": {"mult": {"defaultVersion": "v1", "versions": {"v1": version}}},
        }
    )
    return engine


@pytest.mark.tensorflow
def test_a_stack_file_can_have_secret_descriptions_and_labels(stack: RecordingEngine) -> None:
    """`pulumi config set --secret --path` sets them; other fields stay readable in the state."""
    stack.write_secret("tf2-models:models.mult.description", f"{SECRET}, the description")
    stack.write_secret("tf2-models:models.mult.versions.v1.labels.team", SECRET)
    stack.write_secret("tf2-models:bucket.labels.team", SECRET)

    stack.stack("preview", "--diff")
    stack.up()

    found = stack.resources()
    for side in ("inputs", "outputs"):
        assert is_encrypted(found["Model mult"], side, "description"), side
        assert is_encrypted(found["Version mult-v1"], side, "labels"), side
        assert found["Version mult-v1"][side]["machineType"] == "n1-standard-2"
    assert stack.preview() == {}
    stack.stack("destroy")
    assert SECRET not in "\n".join(stack.recorded)


def test_an_error_names_the_key_of_a_secret_and_not_its_value(stack: RecordingEngine) -> None:
    """This holds for a field that must not be secret and for an invalid secret; nothing is registered."""
    stack.write_secret("tf2-models:models.mult.versions.v1.machineType", SECRET)
    text = stack.stack("up", "--skip-preview", fails=True)
    assert "tf2-models:models.mult.versions.v1.machineType: must not be secret" in text

    stack.edit("mult.versions.v1.machineType", "n1-standard-2")
    stack.write_secret("tf2-models:models.mult.labels.team", f"{SECRET} Wrong")
    text = stack.stack("up", "--skip-preview", fails=True)
    assert "tf2-models:models.mult.labels.team: its value must be small letters" in text

    assert SECRET not in "\n".join(stack.recorded)
    assert stack.resources().keys() <= {"Stack tf2-models-test"}
