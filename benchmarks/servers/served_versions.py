"""Versions of one SavedModel on an emulator, deployed by this checkout's program, and request bodies for them."""

from __future__ import annotations

import json
import random
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import models
from benchmarks.figures import BenchmarkError
from benchmarks.pulumi_engine import Engine
from benchmarks.servers import multiplier_model
from benchmarks.servers.emulator import Emulator
from benchmarks.workspace import ROOT, World

ONE_NODE = {"machineType": "n1-standard-2", "manualScaling": {"nodes": 1}}
"""The fields of a version that does not scale."""

_SIDE = 28


class Served:
    """The model `served`, without versions before `deploy`.

    Args:
        world: ends its processes.
        emulator: the emulator to deploy on.
        saved_model: the folder of the SavedModel that its versions serve.
    """

    def __init__(self, world: World, emulator: Emulator, saved_model: Path) -> None:
        self._engine = Engine(world, ROOT)
        self._saved_model, self._endpoint = saved_model, emulator.endpoint

    def deploy(self, versions: Mapping[str, Mapping[str, Any]], default: str) -> None:
        """Deploys exactly these versions, name -> fields, with one of them as the default."""
        declared = {name: {"artifact": str(self._saved_model), **fields} for name, fields in versions.items()}
        config: dict[str, Any] = {
            "gcp:project": "bench",
            "gcp:region": "us-central1",
            "tf2-models:endpoint": self._endpoint,
            "tf2-models:runtimeVersion": multiplier_model.runtime(),
            "tf2-models:models": {"served": {"defaultVersion": default, "versions": declared}},
        }
        self._engine.configure(config)
        self._engine.up("--skip-preview")

    def url(self, version: str = "") -> str:
        """The predict URL of a version, or without one of the default."""
        return f"{self._endpoint}/v1/projects/bench/models/served{f'/versions/{version}' if version else ''}:predict"


def fashion_mnist(world: World) -> Path:
    """The folder of the local stack's Fashion-MNIST classifier, built if needed."""
    build = [sys.executable, "-m", "models", "build", "--stack", "local"]
    if world.start(build, stdout=subprocess.DEVNULL).wait():
        raise BenchmarkError(f"`python {' '.join(build[1:])}` failed:\n{world.logged_errors()}")
    folder = models.resolve("fashion_mnist", root=ROOT, allow_rebuild=True).folder
    assert folder is not None  # it was built
    return folder


def images(world: World, count: int) -> Path:
    """A file with a request body of `count` images, 6 KB each; no pixel is 0, which would be faster to parse."""
    draw = random.Random(count)  # the same images in every run
    instances = [_rows(draw.random() for _ in range(_SIDE * _SIDE)) for _ in range(count)]
    file = world.folder("images") / f"{count}.json"
    file.write_text(json.dumps({"instances": instances}), encoding="utf-8")
    return file


def _rows(pixels: Iterable[float]) -> list[list[float]]:
    flat = [round(pixel, 4) for pixel in pixels]
    return [flat[start : start + _SIDE] for start in range(0, len(flat), _SIDE)]
