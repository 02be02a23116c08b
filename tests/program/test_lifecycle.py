"""The life of a stack, from its deployment to its end, with the real engine on the emulator."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from googleapiclient.http import MediaInMemoryUpload

from tests.emulator import saved_models
from tests.emulator.ml.caller import Caller
from tests.engine import Engine
from tests.program.clients import predict
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


def configuration(emulator: RunningEmulator, project: str, folder: Path) -> dict[str, Any]:
    """A model with two versions, the first with automatic and the second with manual scaling."""
    one, two = (saved_models.write(folder / name, factor) for name, factor in (("one", 2.0), ("two", 3.0)))
    return {
        "gcp:project": project,
        "gcp:region": "us-central1",
        "tf2-models:endpoint": emulator.endpoint,
        "tf2-models:runtimeVersion": "2.21",
        "tf2-models:models": {
            "mult": {
                "defaultVersion": "v1",
                "versions": {
                    "v1": {
                        "artifact": str(one),
                        "machineType": "n1-standard-2",
                        "autoScaling": {"minNodes": 1, "maxNodes": 2},
                    },
                    "v2": {"artifact": str(two), "machineType": "n1-standard-2", "manualScaling": {"nodes": 1}},
                },
            }
        },
    }


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path) -> Engine:
    """A stack that is not deployed yet."""
    engine = Engine(tmp_path / "engine")
    engine.write(configuration(emulator, project, tmp_path))
    return engine


def test_a_stack_is_deployed_changed_repaired_and_destroyed(
    engine: Engine, emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """The whole life of a stack: up, no-op, each kind of change, refresh after drift, destroy."""
    assert engine.up() == {"created": 9}
    outputs = engine.outputs()
    model = outputs["models"]["mult"]
    assert outputs["bucket"] == f"{project}-tf2-models"
    assert (model["defaultVersion"], model["versions"]) == ("v1", ["v1", "v2"])
    assert predict(model["predictUrl"], 1.0, 2.5) == [2.0, 5.0]

    _no_path_of_this_machine_is_in_the_state(engine, tmp_path.name)
    _nothing_changes(engine, emulator)
    _new_bytes_are_refused_under_the_old_name(engine)
    _changes_are_patched(engine, emulator)
    _a_new_version_takes_over(engine, model["predictUrl"])
    _drift_is_reverted(engine, emulator, f"projects/{project}/models/mult")

    _other_objects_in_the_bucket_stay(engine, emulator, outputs["bucket"])
    assert engine.stack("destroy", "--suppress-progress", "--parallel", "1")
    assert engine.resources() == {}
    assert emulator.ml().projects().models().list(parent=f"projects/{project}").execute() == {}
    assert "items" not in emulator.storage().buckets().list(project=project).execute()


def _no_path_of_this_machine_is_in_the_state(engine: Engine, folder: str) -> None:
    """No input or output holds an absolute path; the provider is a short reference."""
    ours = {name: entry for name, entry in engine.resources().items() if "dynamic/" in entry["type"]}
    assert len(ours) == 8
    for name, entry in ours.items():
        facts = json.dumps([entry.get("inputs"), entry.get("outputs")])
        assert folder not in facts, name
        assert str(Path.home()) not in facts, name
        assert len(entry["inputs"]["__provider"]) < 120, name


def _nothing_changes(engine: Engine, emulator: RunningEmulator) -> None:
    emulator.reset_calls()
    assert engine.preview() == {}
    assert engine.up() == {"unchanged": 9}
    assert emulator.calls() == {}


def _new_bytes_are_refused_under_the_old_name(engine: Engine) -> None:
    """Preview refuses new bytes in the same folder under the same version name."""
    folder = Path(engine.config["tf2-models:models"]["mult"]["versions"]["v2"]["artifact"])
    saved_models.write(folder, 9.0)
    assert "deploymentUri of version" in engine.stack("preview", fails=True)
    saved_models.write(folder, 3.0)


def _changes_are_patched(engine: Engine, emulator: RunningEmulator) -> None:
    engine.edit("mult.versions.v1.autoScaling", {"minNodes": 2, "maxNodes": 2})
    engine.edit("mult.versions.v2.manualScaling", {"nodes": 2})
    engine.edit("mult.description", "Multiplies")
    assert engine.preview() == {"Version mult-v1": "update", "Version mult-v2": "update", "Model mult": "update"}

    emulator.reset_calls()
    assert engine.up() == {"updated": 3, "unchanged": 6}
    calls = emulator.calls()
    assert (calls["ml.projects.models.versions.patch"], calls["ml.projects.models.patch"]) == (2, 1)
    assert "ml.projects.models.versions.create" not in calls


def _a_new_version_takes_over(engine: Engine, url: str) -> None:
    versions = engine.config["tf2-models:models"]["mult"]["versions"]
    engine.edit("mult.versions.v3", {**versions["v2"], "artifact": versions["v1"]["artifact"]})
    engine.edit("mult.versions.v1", None)
    engine.edit("mult.versions.v2.artifact", versions["v3"]["artifact"])
    engine.edit("mult.defaultVersion", "v3")
    text = engine.stack("preview", fails=True)
    assert "Deploy it under a new version name beside v2 and move the default, pin the artifact" in text
    assert re.search(r"cannot be changed in place: deploymentUri was '\S+, wanted '\S+\. Deploy", text), text

    engine.edit("mult.versions.v2", None)
    assert engine.up() == {"created": 1, "updated": 1, "deleted": 3, "unchanged": 5}
    assert predict(url, 1.0) == [2.0]


def _drift_is_reverted(engine: Engine, emulator: RunningEmulator, model: str) -> None:
    versions, name = emulator.ml().projects().models().versions(), f"{model}/versions/v3"
    scaled = versions.patch(name=name, updateMask="manualScaling.nodes", body={"manualScaling": {"nodes": 1}}).execute()
    models = emulator.ml().projects().models()
    described = models.patch(name=model, updateMask="description", body={"description": "?"}).execute()
    for operation in (scaled, described):
        Caller(emulator, model.split("/")[1]).wait(operation)

    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {"Version mult-v3": "update", "Model mult": "update"}
    engine.up()

    assert versions.get(name=name).execute()["manualScaling"] == {"nodes": 2}
    assert emulator.ml().projects().models().get(name=model).execute()["description"] == "Multiplies"


def _other_objects_in_the_bucket_stay(engine: Engine, emulator: RunningEmulator, bucket: str) -> None:
    """`destroy` deletes everything but the bucket and names the object in it; without it, the next one finishes."""
    objects = emulator.storage().objects()
    objects.insert(bucket=bucket, name="notes.txt", media_body=MediaInMemoryUpload(b"?", "text/plain")).execute()
    text = engine.stack("destroy", "--suppress-progress", fails=True)
    assert f"delete bucket {bucket}: it contains notes.txt; delete them, or set forceDestroy: true" in text
    assert not [name for name in engine.resources() if name.startswith(("Version", "Model", "SavedModel"))]
    objects.delete(bucket=bucket, object="notes.txt").execute()


def test_the_default_that_is_made_again_is_the_default(engine: Engine, emulator: RunningEmulator, project: str) -> None:
    """After somebody else deleted it (runtimes expire), and replaced with `allowDowntime`, which deletes it first."""
    engine.up()
    caller, model = Caller(emulator, project), f"projects/{project}/models/mult"
    caller.versions.setDefault(name=f"{model}/versions/v2", body={}).execute()
    caller.wait(caller.versions.delete(name=f"{model}/versions/v1").execute())

    engine.stack("refresh", "--suppress-progress")
    assert engine.preview() == {"Version mult-v1": "create", "DefaultVersion mult": "update"}
    assert engine.up() == {"created": 1, "updated": 1, "unchanged": 7}
    served = caller.versions.get(name=f"{model}/versions/v1").execute()
    assert (served["state"], served["isDefault"]) == ("READY", True)

    engine.edit("mult.versions.v1.machineType", "n1-standard-4")
    engine.edit("mult.versions.v1.allowDowntime", value=True)

    engine.up()

    model = emulator.ml().projects().models().get(name=f"projects/{project}/models/mult").execute()
    assert model["defaultVersion"]["name"].endswith("/v1")
    assert model["defaultVersion"]["machineType"] == "n1-standard-4"
    assert engine.preview() == {}


@pytest.mark.parametrize("way", ["downtime", pytest.param("new name", marks=pytest.mark.faults)])
@pytest.mark.faults
def test_a_version_that_somebody_replaced_is_reported(
    engine: Engine, emulator: RunningEmulator, project: str, way: str
) -> None:
    """Refresh finds the drift, the next preview says what to do, and both ways work; nothing is deleted unasked."""
    engine.up()
    caller = Caller(emulator, project)
    model = f"projects/{project}/models/mult"
    name = f"{model}/versions/v2"
    uri = caller.versions.get(name=name).execute()["deploymentUri"]
    caller.wait(caller.versions.delete(name=name).execute())
    body = {"name": "v2", "deploymentUri": uri, "runtimeVersion": "2.21", "machineType": "n1-standard-4"}
    caller.wait(caller.versions.create(parent=model, body=body).execute())

    engine.stack("refresh", "--suppress-progress")
    text = engine.stack("preview", fails=True)
    for field in ("machineType", "manualScaling"):
        assert f"{field} of version {name} was changed outside" in text
    declared = engine.config["tf2-models:models"]["mult"]["versions"]["v2"]
    if way == "new name":
        engine.edit("mult.versions.v2", None)
        engine.edit("mult.versions.v3", declared)
    else:
        engine.edit("mult.versions.v2.allowDowntime", value=True)
    engine.up()

    made = {item["name"][-2:]: item for item in caller.versions.list(parent=model).execute()["versions"]}
    again = made["v3" if way == "new name" else "v2"]
    assert (again["machineType"], again["manualScaling"]) == ("n1-standard-2", {"nodes": 1})
    assert len(made) == 2
    assert engine.preview() == {}


def test_a_secret_at_an_unknown_path_is_refused(engine: Engine) -> None:
    """With `--config-file` the stack file is not beside the program, so the secret's path in it is unknown."""
    engine.write_secret("tf2-models:models.mult.description", "hidden")

    text = engine.stack("preview", fails=True)

    assert "tf2-models:models: contains a secret, but Pulumi.test.yaml in this folder does not show where" in text
    assert "hidden" not in text
