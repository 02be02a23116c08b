"""A stack that lost its state file is rebuilt by `tf2-models:adopt` without touching what serves."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drift.test_engine import changing
from tests.engine import Engine
from tests.program.clients import predicting
from tests.program.test_lifecycle import configuration
from tests.running import RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]


def touched(emulator: RunningEmulator) -> dict[str, int]:
    """The calls since `reset_calls` that change a bucket, a model or a version."""
    return {name: count for name, count in changing(emulator).items() if not name.startswith("storage.objects.")}


def artifacts(emulator: RunningEmulator, project: str) -> dict[str, str]:
    """The objects of every SavedModel, each with its generation, which a rewrite changes."""
    items = emulator.storage().objects().list(bucket=f"{project}-tf2-models", prefix="saved_model/").execute()["items"]
    return {item["name"]: item["generation"] for item in items}


def test_a_stack_is_rebuilt_from_its_file_and_what_is_there(
    emulator: RunningEmulator, project: str, tmp_path: Path
) -> None:
    """A version that differs is reported with every difference; no call changes anything else, and `destroy` works."""
    lost, engine = Engine(tmp_path / "lost"), Engine(tmp_path / "engine")
    config = configuration(emulator, project, tmp_path)
    models = config["tf2-models:models"]
    other = {"v1": models["mult"]["versions"]["v2"]}
    models["other"] = {"defaultVersion": "v1", "labels": {"team": "a"}, "versions": other}
    lost.write(config)
    lost.up()
    url = lost.outputs()["models"]["mult"]["predictUrl"]

    engine.write({**config, "tf2-models:adopt": True})
    before = artifacts(emulator, project)
    emulator.reset_calls()
    with predicting({"default": url}) as clients:
        _another_one_is_told(engine, emulator, f"projects/{project}/models/mult/versions/v1")
        engine.up()
        assert touched(emulator) == {}
        assert engine.preview() == {}
        engine.write(config)
        assert engine.preview() == {}
    assert artifacts(emulator, project) == before
    assert clients["default"].results == ([2.0], [])

    engine.stack("destroy", "--suppress-progress")
    assert emulator.ml().projects().models().list(parent=f"projects/{project}").execute() == {}
    assert "items" not in emulator.storage().buckets().list(project=project).execute()


def _another_one_is_told(engine: Engine, emulator: RunningEmulator, version: str) -> None:
    before = {"machineType": "n1-standard-2", "autoScaling": {"minNodes": 1, "maxNodes": 2}}
    engine.edit("mult.versions.v1.machineType", "n1-standard-4")
    engine.edit("mult.versions.v1.autoScaling", {"minNodes": 2, "maxNodes": 2})

    text = engine.stack("up", "--skip-preview", "--suppress-progress", fails=True)

    assert f"create version {version}: it already exists and differs: " in text
    assert "machineType is 'n1-standard-2', wanted 'n1-standard-4'" in text
    assert "autoScaling.minNodes is 1, wanted 2" in text
    assert "taking over claims: 100 %" in text
    assert "deleting" not in text, "nothing that anybody uses goes"
    assert touched(emulator) == {}
    for name, value in before.items():
        engine.edit(f"mult.versions.v1.{name}", value)
