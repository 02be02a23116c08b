"""Other model servers in a separate environment: MLflow and BentoML, each serving the same SavedModel.

The environment is made once, in the user's cache folder: `tf2-models/peers-...`, 2.5 GB, named after its packages.
The programs are the shortest that serve a SavedModel as each project's documentation shows: both call its
signature, and BentoML batches with its own dispatcher.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from benchmarks.figures import BenchmarkError
from benchmarks.servers import other_servers
from benchmarks.workspace import World

PINS = ("mlflow==3.17.2", "bentoml==1.4.39", "tensorflow-cpu==2.21.0")
_INSTALL_SECONDS = 900
_START_SECONDS = 180
_WHOLE = "complete"

_MLFLOW = """\
import mlflow.pyfunc
import numpy as np


class Served(mlflow.pyfunc.PythonModel):
    def load_context(self, context):
        import tensorflow as tf

        self.loaded = tf.saved_model.load(context.artifacts["saved_model"])
        self.signature = self.loaded.signatures["serving_default"]
        ((self.name, _),) = self.signature.structured_input_signature[1].items()

    def predict(self, context, model_input, params=None):
        import tensorflow as tf

        outputs = self.signature(**{self.name: tf.constant(np.asarray(model_input, np.float32))})
        return next(iter(outputs.values())).numpy()


if __name__ == "__main__":
    import sys

    mlflow.pyfunc.save_model(
        sys.argv[1], python_model=Served(), artifacts={"saved_model": sys.argv[2]}, pip_requirements=[]
    )
"""
_BENTOML = """\
import os

import bentoml
import numpy as np


@bentoml.service(workers=1, traffic={"timeout": 60, "max_concurrency": 512})
class Served:
    def __init__(self):
        import tensorflow as tf

        self.tf = tf
        self.loaded = tf.saved_model.load(os.environ["SAVED_MODEL"])
        self.signature = self.loaded.signatures["serving_default"]
        ((self.name, _),) = self.signature.structured_input_signature[1].items()

    @bentoml.api(batchable=True, max_batch_size=256, max_latency_ms=60000)
    def predict(self, instances: np.ndarray) -> np.ndarray:
        outputs = self.signature(**{self.name: self.tf.constant(instances.astype(np.float32))})
        return next(iter(outputs.values())).numpy()
"""


@dataclass(frozen=True)
class Peer:
    """A server that runs until the world ends.

    Attributes:
        name: its project's name, with the version.
        url: where to post `{"instances": [...]}`.
    """

    name: str
    url: str


def mlflow(world: World, saved_model: Path) -> Peer:
    """`mlflow models serve` of a SavedModel. Raises `BenchmarkError` if it cannot be installed or started."""
    python = _environment(world)
    folder, port = world.folder("mlflow"), other_servers.free_port()
    (folder / "served.py").write_text(_MLFLOW, encoding="utf-8")
    world.say("serve: a model for MLflow")
    saving = [str(python), "served.py", "model", str(saved_model)]
    if world.start(saving, cwd=folder, env=_variables(python), stdout=subprocess.DEVNULL).wait():
        raise BenchmarkError(f"MLflow did not save the model:\n{world.logged_errors()}")
    serving = ["-m", "mlflow", "models", "serve", "-m", "model", "--env-manager", "local", "-p", str(port)]
    _start(world, [str(python), *serving], folder, _variables(python), f"http://127.0.0.1:{port}/ping")
    return Peer(_named("mlflow", "MLflow"), f"http://127.0.0.1:{port}/invocations")


def bentoml(world: World, saved_model: Path) -> Peer:
    """`bentoml serve` of a SavedModel, with adaptive batching. Raises as `mlflow` does."""
    python = _environment(world)
    folder, port = world.folder("bentoml"), other_servers.free_port()
    (folder / "service.py").write_text(_BENTOML, encoding="utf-8")
    variables = {**_variables(python), "SAVED_MODEL": str(saved_model), "BENTOML_HOME": str(folder / "home")}
    serving = ["-m", "bentoml", "serve", "service:Served", "--host", "127.0.0.1", "--port", str(port)]
    _start(world, [str(python), *serving], folder, variables, f"http://127.0.0.1:{port}/readyz")
    return Peer(_named("bentoml", "BentoML"), f"http://127.0.0.1:{port}/predict")


def _named(package: str, name: str) -> str:
    pins = dict(pin.split("==") for pin in PINS)
    return f"{name} {pins[package]}"


@cache
def _environment(world: World) -> Path:
    """The Python of the peers' environment, which is made if it is missing."""
    folder = _folder()
    python = folder / "bin" / "python"
    if (folder / _WHOLE).exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    world.say(f"serve: installing {', '.join(PINS)} into the cache folder, some minutes")
    folder.parent.mkdir(parents=True, exist_ok=True)
    other_servers.run([sys.executable, "-m", "venv", str(folder)], "make a virtual environment", _INSTALL_SECONDS)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    other_servers.run([*pip, *PINS], "install the peers", _INSTALL_SECONDS)
    (folder / _WHOLE).touch()
    return python


def _folder() -> Path:
    """The environment's folder, named after its packages and the version of Python."""
    key = hashlib.sha256(repr((PINS, sys.version_info[:2])).encode()).hexdigest()[:12]
    return other_servers.kept(f"peers-{key}")


def _variables(python: Path) -> dict[str, str]:
    """A peer's environment variables: its programs first, no telemetry, TensorFlow's threads as in our nodes."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "MLFLOW", "BENTOML"))}
    return {
        **kept,
        "PATH": f"{python.parent}:{os.environ['PATH']}",
        "CUDA_VISIBLE_DEVICES": "-1",
        "TF_NUM_INTRAOP_THREADS": "1",
        "TF_NUM_INTEROP_THREADS": "1",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "BENTOML_DO_NOT_TRACK": "true",
    }


def _start(world: World, command: Sequence[str], folder: Path, variables: dict[str, str], ready: str) -> None:
    """Starts a server and waits until it is ready."""
    name = command[2]
    world.say(f"serve: starting {name}")
    process = world.start(command, cwd=folder, env=variables, stdout=subprocess.DEVNULL)
    end = time.monotonic() + _START_SECONDS
    while not other_servers.answers(ready):
        if process.poll() is not None:
            raise BenchmarkError(f"{name} ended:\n{world.logged_errors()}")
        if time.monotonic() > end:
            raise BenchmarkError(f"{name} was not ready within {_START_SECONDS} s:\n{world.logged_errors()}")
        time.sleep(0.2)
