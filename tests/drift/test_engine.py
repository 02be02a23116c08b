"""Drift with the real engine: several changes from outside at once, and a second person at the same time."""

from __future__ import annotations

from pathlib import Path

import pytest
from googleapiclient.http import MediaInMemoryUpload

from tests.emulator.ml.caller import Caller, until
from tests.engine import Engine, summary
from tests.program.test_lifecycle import configuration
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]
_VERSIONS = "ml.projects.models.versions"


def changing(emulator: RunningEmulator) -> dict[str, int]:
    """The calls since `reset_calls` that change something: method id -> how often."""
    asking = ("get", "list", "predict")
    return {method: count for method, count in emulator.calls().items() if method.rpartition(".")[2] not in asking}


def test_several_drifts_are_shown_by_refresh_and_mended_by_one_up(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """One call for each, none for anything else; what the stack does not say stays; then nothing is left to do."""
    engine = Engine(tmp_path / "engine")
    config = configuration(emulator, project, tmp_path)
    config["tf2-models:bucket"] = {"labels": {"team": "a"}}
    model = config["tf2-models:models"]["mult"]
    model |= {"description": "Multiplies", "labels": {"team": "a"}}
    model["versions"]["v3"] = dict(model["versions"]["v2"])
    engine.write(config)
    engine.up()
    damaged = _everything_is_changed(emulator, project)

    assert summary(engine.stack("refresh", "--suppress-progress")) == {"updated": 5, "deleted": 1, "unchanged": 4}
    assert engine.preview() == {
        f"Bucket {project}-tf2-models": "update",
        f"SavedModel {damaged}": "update",
        "Model mult": "update",
        "Version mult-v1": "update",
        "Version mult-v3": "create",
        "DefaultVersion mult": "update",
    }
    emulator.reset_calls()
    _a_second_person_is_told_of_the_lock(engine, emulator)

    assert changing(emulator) == {
        "storage.buckets.patch": 1,
        "storage.objects.insert": 2,  # the stack's claim, so that nobody removes the artifact meanwhile, and the file
        "ml.projects.models.patch": 1,
        f"{_VERSIONS}.patch": 1,
        f"{_VERSIONS}.create": 1,
        f"{_VERSIONS}.setDefault": 1,
    }
    _what_is_not_declared_is_left_alone(emulator, project)
    emulator.reset_calls()
    assert engine.up() == {"unchanged": 10}
    assert emulator.calls() == {}


def _everything_is_changed(emulator: RunningEmulator, project: str) -> str:
    """Somebody changes a field of each resource, and some that nobody declared; the name of a damaged SavedModel."""
    caller, bucket = Caller(emulator, project), f"{project}-tf2-models"
    storage, name = emulator.storage(), f"projects/{project}/models/mult"
    storage.buckets().patch(bucket=bucket, body={"labels": {"team": "x"}, "storageClass": "NEARLINE"}).execute()
    items = storage.objects().list(bucket=bucket).execute()["items"]
    file = next(item["name"] for item in items if item["name"].endswith("/saved_model.pb"))
    media = MediaInMemoryUpload(b"other bytes", mimetype="application/octet-stream")
    storage.objects().insert(bucket=bucket, name=file, media_body=media).execute()

    described = {"description": "?", "labels": {"team": "a", "cost": "theirs"}}
    caller.wait(caller.models.patch(name=name, updateMask="description,labels", body=described).execute())
    scaled = {"autoScaling": {"minNodes": 2}}
    patch = caller.versions.patch(name=f"{name}/versions/v1", updateMask="autoScaling.minNodes", body=scaled)
    caller.wait(patch.execute())
    caller.wait(caller.versions.delete(name=f"{name}/versions/v3").execute())
    caller.versions.setDefault(name=f"{name}/versions/v2", body={}).execute()
    return str(file).rpartition("/")[0].replace("/", "-")


def _a_second_person_is_told_of_the_lock(engine: Engine, emulator: RunningEmulator) -> None:
    """While an `up` runs, a second one fails at once, by the engine's own plain line; the first goes on."""
    emulator.faults({"method": "ml.projects.models.patch", "operation": "never"})
    first = engine.begin("up", "--skip-preview")
    until(lambda: emulator.calls().get("ml.projects.models.patch"), "the first `up` is at work")

    text = engine.stack("up", "--skip-preview", fails=True)

    emulator.faults()
    printed, _ = first.communicate(timeout=BOUND)
    assert "the stack is currently locked by 1 lock(s)" in text
    assert "pulumi cancel" in text
    assert "Traceback" not in text
    assert first.returncode == 0, printed


def _what_is_not_declared_is_left_alone(emulator: RunningEmulator, project: str) -> None:
    model = emulator.ml().projects().models().get(name=f"projects/{project}/models/mult").execute()
    assert model["labels"].items() >= {"team": "a", "cost": "theirs"}.items()
    assert model["description"] == "Multiplies"
    assert model["defaultVersion"]["name"].endswith("/v1")
    assert model["defaultVersion"]["autoScaling"] == {"minNodes": 1, "maxNodes": 2}
    bucket = emulator.storage().buckets().get(bucket=f"{project}-tf2-models").execute()
    assert (bucket["labels"]["team"], bucket["storageClass"]) == ("a", "NEARLINE")
