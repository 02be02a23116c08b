"""A minimal SavedModel, `y = 2 x`, exported by TensorFlow in a separate process (`python -m`)."""

from __future__ import annotations

import subprocess
import sys
from importlib import metadata
from pathlib import Path

from benchmarks.figures import BenchmarkError
from benchmarks.workspace import World


def exported(world: World) -> Path:
    """Exports the SavedModel; returns its folder."""
    folder = world.folder("multiplier")
    process = world.start(
        [sys.executable, "-m", "benchmarks.servers.multiplier_model", str(folder)], stdout=subprocess.DEVNULL
    )
    if process.wait():
        raise BenchmarkError(f"TensorFlow did not export a SavedModel:\n{world.logged_errors()}")
    return folder


def runtime() -> str:
    """The runtime version of the installed TensorFlow, such as "2.21"."""
    return ".".join(metadata.version("tensorflow").split(".")[:2])


def _export(folder: str) -> None:
    import tensorflow as tf

    module = tf.Module()
    vector = tf.TensorSpec([None], tf.float32, name="x")
    module.double = tf.function(lambda x: {"y": 2.0 * x}, input_signature=[vector])
    tf.saved_model.save(module, folder, signatures={"serving_default": module.double})


if __name__ == "__main__":
    _export(sys.argv[1])
