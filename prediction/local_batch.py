"""Batch prediction on this machine, without an endpoint: the emulator's own job code, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from prediction.batch import Plan, format_of
from resources import errors
from resources.ml import _jobs

_ROOT = Path(__file__).parents[1]
_MODEL_FILE = "saved_model.pb"
_USAGE = 2


class LocalBatch:
    """One job on this machine.

    Args:
        plan: what to do; sources and target are files here.
        folder: of the SavedModel.

    Attributes:
        job_id: empty: no endpoint knows it.
    """

    job_id = ""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self._plan, self._folder = plan, folder
        self._process: subprocess.Popen[str] | None = None
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - `clean` closes it

    def submit(self) -> None:
        """Begins."""
        plan, given = self._plan, self._plan.settings
        order = {
            "model": str(self._folder.absolute()),
            "sources": [str(path.absolute()) for path in plan.local_sources],
            "target": str(Path(plan.target).absolute()),
            "form": plan.form or format_of(plan.sources),
            "output": given.get("outputDataFormat", "JSON"),
            "signature": given.get("signatureName", ""),
        }
        numbers = {"batch": "batchSize", "workers": "maxWorkerCount"}
        order |= {name: int(given[field]) for name, field in numbers.items() if field in given}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "emulator.jobs.local", json.dumps(order)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._complaints,
            text=True,
        )

    def wait(self, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The job once it has ended; each part that is done is told. Raises `PredictionFailed` where it crashed."""
        assert self._process is not None
        assert self._process.stdout is not None
        job: dict[str, Any] = {}
        for line in self._process.stdout:
            job = json.loads(line)
            told(job)
        code = self._process.wait()
        if job.get("state") not in _jobs.ENDED:
            self._complaints.seek(0)
            last = self._complaints.read().strip().rpartition("\n")[2] or f"exit code {code}"
            raise errors.PredictionFailed(f"the process that predicts ended: {last}")
        return job

    def stop(self) -> str:
        """Ends it; says what became of it."""
        self.clean()
        return "nothing was written"

    def fetch(self) -> None:
        """Nothing: the results are here."""

    def left(self) -> str:
        """Nothing is left to be fetched."""
        return "they are here"

    def clean(self) -> None:
        """Ends what still runs, with all that it has not finished."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self._complaints.close()


def folder(model: str, version: str | None, stack: str) -> Path:
    """The folder of a SavedModel: `model` itself, if it is a path, or what a version of the stack file names.

    Raises:
        InvalidInput: it is no SavedModel, or there is no such model or version.
        ArtifactError: the SavedModel is not on this machine.
    """
    if "/" in model or (Path(model) / _MODEL_FILE).is_file():
        if not (Path(model) / _MODEL_FILE).is_file():
            raise errors.InvalidInput([("MODEL", f"{model} is no SavedModel: it has no {_MODEL_FILE}")])
        return Path(model)
    command = [sys.executable, "-m", "models", "where", model, "--stack", stack]
    command += ["--version", version] if version else []
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    reason = done.stderr.strip().removeprefix("models: ")
    if done.returncode == _USAGE:
        raise errors.InvalidInput([("MODEL", reason)])
    if done.returncode:
        raise errors.ArtifactError(reason)
    return Path(done.stdout.strip())
