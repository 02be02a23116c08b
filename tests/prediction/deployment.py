"""Real models on an emulator, each with a manifest beside its SavedModel, like those of the build step."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.emulator.ml.caller import N1, Caller
from tests.running import BOUND, ROOT, RunningEmulator

CLASSES = ["T-shirt/top", "Trouser", "[red]Bag", "Boot"]


def image(column: int, brightness: float = 1.0) -> list[list[float]]:
    """4 x 4 pixels with one bright column."""
    return [[brightness if place == column else 0.0 for place in range(4)] for _ in range(4)]


def patient(age: float, thal: str = "normal") -> dict[str, Any]:
    """An instance of the model `risk`."""
    return {"age": [age], "thal": [thal]}


MANIFESTS: dict[str, dict[str, Any]] = {
    "clothes": {
        "classes": CLASSES,
        # The third label is not what the model says.
        "samples": [{"instance": image(column), "label": label} for column, label in ((3, 3), (2, 2), (1, 0))],
        "signatures": {
            "serving_default": {
                "inputs": {"image": {"dtype": "float32", "shape": [None, 4, 4]}},
                "outputs": {"softmax": {"dtype": "float32", "shape": [None, 4]}},
            }
        },
    },
    "risk": {
        "classes": [],
        "samples": [{"instance": patient(63, "fixed"), "label": 0}, {"instance": patient(96), "label": 1}],
        "signatures": {
            "serving_default": {
                "inputs": {
                    "age": {"dtype": "float32", "shape": [None, 1]},
                    "thal": {"dtype": "string", "shape": [None, 1]},
                },
                "outputs": {"prediction_probability": {"dtype": "float32", "shape": [None, 1]}},
            }
        },
    },
    "keyed": {
        "samples": [],
        "signatures": {
            "serving_default": {
                "inputs": {
                    "id": {"dtype": "int64", "shape": [None]},
                    "x": {"dtype": "float32", "shape": [None]},
                },
                "outputs": {"id": {"dtype": "int64", "shape": [None]}, "y": {"dtype": "float32", "shape": [None]}},
            }
        },
    },
    "scalar": {
        "samples": [{"instance": 1.5}, {"instance": 2.5}, {"instance": 3.5}],
        "signatures": {
            "serving_default": {
                "inputs": {"s": {"dtype": "float32", "shape": []}},
                "outputs": {"twice": {"dtype": "float32", "shape": []}},
            },
            "other": {
                "inputs": {"s": {"dtype": "float32", "shape": []}},
                "outputs": {"thrice": {"dtype": "float32", "shape": []}},
            },
        },
    },
}


class Deployment:
    """Version v1 of the models in `MANIFESTS` and of `numbers` (without a manifest), in their own project."""

    def __init__(self, emulator: RunningEmulator, project: str, models: Path) -> None:
        self.emulator, self.project = emulator, project
        self._caller = Caller(emulator, project)
        begun = [self._deploy(name, models / name) for name in (*MANIFESTS, "numbers")]
        for operation in begun:
            self._caller.response(operation)

    def _deploy(self, name: str, folder: Path) -> dict[str, Any]:
        for path in sorted(path for path in folder.rglob("*") if path.is_file()):
            self._caller.upload(name, path.read_bytes(), path.relative_to(folder).as_posix())
        if name in MANIFESTS:
            self._caller.upload(name, json.dumps(MANIFESTS[name]).encode(), "manifest.json")
        body = {"name": "v1", "deploymentUri": f"gs://{self._caller.bucket}/{name}", **N1}
        model = self._caller.model(name)
        operation: dict[str, Any] = self._caller.versions.create(parent=model, body=body).execute()
        return operation

    def run(
        self, *arguments: str, given: str | None = None, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Runs `python -m prediction` for this project at this endpoint."""
        where = ["--project", self.project, "--endpoint", self.emulator.endpoint]
        return run(*arguments, *where, given=given, env=env)


_OF_THE_SHELL = ("TF2_MODELS_ENDPOINT", "PULUMI_STACK", "FORCE_COLOR", "NO_COLOR")


def run(
    *arguments: str, given: str | None = None, cwd: Path = ROOT, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs `python -m prediction` with these arguments and this standard input."""
    clean = {name: value for name, value in os.environ.items() if name not in _OF_THE_SHELL}
    return subprocess.run(
        [sys.executable, "-m", "prediction", *arguments],
        input=given,
        cwd=cwd,
        env={**clean, "PYTHONPATH": str(ROOT), **(env or {})},
        capture_output=True,
        text=True,
        timeout=BOUND,
        check=False,
    )


def file_of(folder: Path, name: str, content: str) -> str:
    """The path of a new file with this content."""
    (folder / name).write_text(content, encoding="utf-8")
    return str(folder / name)


def json_lines(file: Path) -> list[Any]:
    """The values of a file with one JSON value per line."""
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]
