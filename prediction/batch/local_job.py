"""A job of this machine, without an endpoint: the emulator's own job code, in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from gcp import errors
from prediction.batch.job_plan import Plan
from prediction.manifest import Manifest
from resources.ml.jobs import polling
from resources.storage import manifests

_ROOT = Path(__file__).parents[2]
_MODEL_FILE = "saved_model.pb"
_USAGE = 2


class LocalBatch:
    """One job on this machine.

    Args:
        plan: what to do; sources are files here.
        folder: of the SavedModel.
        target: the file that the results are written to.

    Attributes:
        job_id: empty: no endpoint knows it.
        ordered: results come in the order of the input, and rejected rows are named.
        names: the files that are read.
    """

    job_id = ""
    ordered = True

    def __init__(self, plan: Plan, folder: Path, target: Path) -> None:
        self._plan, self._folder, self._target = plan, folder, target
        self.names: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._complaints = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - `clean` closes it

    def check(self) -> None:
        """Nothing: the folder is there."""

    def manifest(self) -> Manifest:
        """What is known of the model."""
        return manifest_in(self._folder)

    def submit(self, paths: Sequence[Path]) -> None:
        """Begins."""
        given = self._plan.settings
        self.names = [str(path.absolute()) for path in paths]
        order = {
            "model": str(self._folder.absolute()),
            "sources": self.names,
            "target": str(self._target.absolute()),
            "form": self._plan.sent_form,
            "output": given.get("outputDataFormat", "JSON"),
            "signature": given.get("signatureName", ""),
        }
        numbers = {"batch": "batchSize", "workers": "maxWorkerCount"}
        order |= {name: int(given[field]) for name, field in numbers.items() if field in given}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "emulator.local_job", json.dumps(order)],
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
        if job.get("state") not in polling.ENDED:
            self._complaints.seek(0)
            last = self._complaints.read().strip().rpartition("\n")[2] or f"exit code {code}"
            raise errors.PredictionFailed(f"the process that predicts ended: {last}")
        return job

    def stop(self) -> str:
        """Ends it; says what became of it."""
        self.clean()
        return "nothing was written"

    def fetch(self, target: Path) -> None:
        """Nothing: the results are there."""
        assert target == self._target

    def done(self) -> None:
        """Nothing."""

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


def manifest_in(folder: Path) -> Manifest:
    """What the manifest in the folder of a SavedModel says; empty where there is none, or it is not one."""
    try:
        return Manifest.parse(json.loads((folder / manifests.NAME).read_bytes()))
    except (OSError, KeyError, TypeError, AttributeError, ValueError):
        return Manifest()


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
