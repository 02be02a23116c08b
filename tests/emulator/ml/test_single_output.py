"""Predictions of a signature with one output, bare."""

from __future__ import annotations

import pytest

from tests.emulator.ml.caller import Caller
from tests.running import RunningEmulator

pytestmark = pytest.mark.tensorflow


def test_the_only_output_stands_alone_on_demand(tmp_path_factory: pytest.TempPathFactory, project: str) -> None:
    """With `--single-output bare` a prediction is the value, and the status says so."""
    with RunningEmulator(tmp_path_factory.mktemp("bare"), "--single-output", "bare") as running:
        ml = Caller(running, project)
        name = ml.version(ml.model())["name"]

        assert ml.predict(name, [1.0, 2.5]) == {"predictions": [2.0, 5.0]}
        assert running.status()["settings"]["singleOutput"] == "bare"
