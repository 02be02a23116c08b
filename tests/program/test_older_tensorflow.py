"""Previews of artifacts that a newer TensorFlow exported than the one that shall serve them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.emulator import saved_models
from tests.engine import Engine
from tests.running import BOUND, RunningEmulator

pytestmark = [pytest.mark.engine, pytest.mark.tensorflow]

EXPORT = """
import sys

import tensorflow as tf

module = tf.Module()


@tf.function(input_signature=[tf.TensorSpec([None, 1], tf.int32, "x"), tf.TensorSpec([], tf.string, "webp")])
def look_up(x, webp):
    found = tf.raw_ops.GatherNd(params=tf.constant([1.0, 2.0]), indices=x, bad_indices_policy="IGNORE")
    return {"y": found, "image": tf.raw_ops.DecodeWebP(contents=webp)}


module.look_up = look_up
tf.saved_model.save(module, sys.argv[1], signatures={"serving_default": look_up})
"""
"""Exports a model with an operation and an attribute that TensorFlow 2.15 does not have."""
UNKNOWN = "does not have DecodeWebP and the attribute bad_indices_policy of GatherNd, which the artifact uses"
IMAGE = "us-docker.pkg.dev/vertex-ai/prediction/tf2-cpu.2-15:latest"
ON: dict[str, dict[str, Any]] = {
    "ml": {"runtimeVersion": "2.11", "pythonVersion": "3.7"},
    "vertex": {"container": {"image": IMAGE}},
}
"""Platform -> the keys of a version that choose an older TensorFlow."""
KEY = {"ml": ("runtimeVersion", "2.11"), "vertex": ("container.image", "2.15")}
"""Platform -> the key that an error names, and the TensorFlow."""


@pytest.fixture(scope="module")
def newer(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a model that TensorFlow 2.11 and 2.15 cannot serve."""
    folder = tmp_path_factory.mktemp("newer") / "model"
    command = [sys.executable, "-c", EXPORT, str(folder)]
    subprocess.run(command, capture_output=True, timeout=BOUND, check=True)
    return folder


@pytest.fixture(params=ON)
def platform(request: pytest.FixtureRequest) -> str:
    """Each platform."""
    return str(request.param)


@pytest.fixture
def engine(emulator: RunningEmulator, project: str, tmp_path: Path, platform: str) -> Engine:
    """A stack whose only version has no artifact yet."""
    engine = Engine(tmp_path / "engine")
    version: dict[str, Any] = {"machineType": "n1-standard-2", "manualScaling": {"nodes": 1}, **ON[platform]}
    engine.write(
        {
            "gcp:project": project,
            "gcp:region": "us-central1",
            "tf2-models:platform": platform,
            "tf2-models:endpoint": emulator.endpoint,
            "tf2-models:models": {"m": {"defaultVersion": "v1", "versions": {"v1": version}}},
        }
    )
    return engine


def test_an_artifact_is_refused_by_the_names_of_what_the_older_tensorflow_lacks(
    engine: Engine, platform: str, newer: Path
) -> None:
    """`preview` fails with one line; with `allowNewerTensorFlow: true` it does not."""
    engine.edit("m.versions.v1.artifact", str(newer))

    refused = engine.stack("preview", fails=True)
    engine.edit("m.versions.v1.allowNewerTensorFlow", value=True)
    allowed = engine.preview()

    key, runtime = KEY[platform]
    assert f"tf2-models:models.m.versions.v1.{key}: TensorFlow {runtime} {UNKNOWN}" in refused, refused
    assert "Traceback" not in refused
    assert "create" in [operation for name, operation in allowed.items() if name.startswith("SavedModel ")]


def test_an_artifact_that_the_older_tensorflow_can_load_is_previewed(
    engine: Engine, platform: str, tmp_path: Path
) -> None:
    """From a card or a folder, without `allowNewerTensorFlow`. On Vertex AI a warning says when the image ends."""
    for artifact in ("fashion_mnist", "heart_disease", str(saved_models.write(tmp_path / "mult"))):
        engine.edit("m.versions.v1.artifact", artifact)

        text = engine.stack("preview")

        warning = "container.image: has TensorFlow 2.15, and Google removes it on 2027-01-14"
        assert (warning in text) is (platform == "vertex"), text
