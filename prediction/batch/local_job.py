"""A batch job on this machine, without an endpoint: runs the emulator's job code in a separate process."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from artifact_format.manifest import MANIFEST, InvalidManifest, Manifest, facts_in
from gcp import errors
from prediction.batch.job_plan import Plan
from prediction.errors import PredictionFailed
from prediction.targets.target import JobStatus
from resources.deploy_errors import ArtifactError

_ROOT = Path(__file__).parents[2]
_MODEL_FILE = "saved_model.pb"
_USAGE = 2
_ENDED = ("SUCCEEDED", "FAILED")


class LocalJob:
    """One batch job on this machine; see `Job`.

    Args:
        plan: what the job does; its inputs are local files.
        folder: of the SavedModel.
        output: the file for the results.

    Attributes:
        job_id: empty.
        is_resumed: False.
        keeps_order: True.
        holds_rows: False.
        file_names: the files that the job reads.
    """

    job_id = ""
    is_resumed = False
    keeps_order = True
    holds_rows = False

    def __init__(self, plan: Plan, folder: Path, output: Path) -> None:
        self._plan, self._folder, self._output = plan, folder, output
        self.file_names: list[str] = []
        self._process: subprocess.Popen[str] | None = None
        self._stderr = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")  # noqa: SIM115 - `clean_up` closes it

    def check(self) -> None:
        """See `Job`. Does nothing: the folder exists."""

    def manifest(self) -> Manifest:
        """See `Job`."""
        return manifest_in(self._folder)

    def submit(self, paths: Sequence[Path]) -> None:
        """See `Job`."""
        plan = self._plan
        self.file_names = [str(path.absolute()) for path in paths]
        order: dict[str, Any] = {
            "model": str(self._folder.absolute()),
            "sources": self.file_names,
            "target": str(self._output.absolute()),
            "form": plan.sent_format,
            "output": plan.output_format or "JSON",
            "signature": plan.signature or "",
        }
        numbers = {"batch": plan.batch_size, "workers": plan.workers}
        order |= {name: number for name, number in numbers.items() if number is not None}
        self._process = subprocess.Popen(
            [sys.executable, "-m", "emulator.local_job", json.dumps(order)],
            cwd=_ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=self._stderr,
            text=True,
        )

    def wait(self, report: Callable[[JobStatus], None]) -> JobStatus:
        """See `Job`; each finished part is reported. Raises `PredictionFailed` if the process crashed."""
        assert self._process is not None
        assert self._process.stdout is not None
        status = JobStatus("")
        for line in self._process.stdout:
            status = _status(json.loads(line))
            report(status)
        code = self._process.wait()
        if status.state not in _ENDED:
            self._stderr.seek(0)
            last = self._stderr.read().strip().rpartition("\n")[2] or f"exit code {code}"
            raise PredictionFailed(f"the prediction process crashed: {last}")
        return status

    def stop(self) -> str:
        """See `Job`."""
        self.clean_up()
        return "nothing was written"

    def fetch(self, path: Path) -> None:
        """See `Job`. Does nothing: the results are written there."""
        assert path == self._output

    def mark_complete(self) -> None:
        """See `Job`. Does nothing: no results are elsewhere."""

    def kept(self) -> str:
        """See `Job`."""
        return "they are on this machine"

    def clean_up(self) -> None:
        """See `Job`. Stops the process if it still runs; unfinished results are deleted."""
        if self._process:
            self._process.terminate()
            self._process.wait()
            assert self._process.stdout is not None
            self._process.stdout.close()
        self._stderr.close()


def _status(line: Mapping[str, Any]) -> JobStatus:
    """The status in one line of output of the job's process."""
    counts = line.get("predictionOutput") or {}
    predicted, rejected = (int(counts.get(name, 0)) for name in ("predictionCount", "errorCount"))
    return JobStatus(line["state"], predicted, rejected, line.get("errorMessage", ""))


def manifest_in(folder: Path) -> Manifest:
    """The manifest in the folder of a SavedModel; empty if it does not exist or is not valid."""
    try:
        return Manifest.parse(facts_in(folder / MANIFEST))
    except InvalidManifest:
        return Manifest()


def folder(model: str, version: str | None, stack: str) -> Path:
    """The folder of a SavedModel: `model` itself if it is a path, else the build that a stack file's version uses.

    Raises:
        InvalidInput: the path is not a SavedModel, or the stack file has no such model or version.
        ArtifactError: the SavedModel is not on this machine.
    """
    if "/" in model or (Path(model) / _MODEL_FILE).is_file():
        if not (Path(model) / _MODEL_FILE).is_file():
            raise errors.InvalidInput([("MODEL", f"{model} is not a SavedModel: {_MODEL_FILE} not found in it")])
        return Path(model)
    command = [sys.executable, "-m", "models", "where", model, "--stack", stack]
    command += ["--version", version] if version else []
    done = subprocess.run(command, cwd=_ROOT, capture_output=True, text=True, check=False)
    reason = done.stderr.strip().removeprefix("models: ")
    if done.returncode == _USAGE:
        raise errors.InvalidInput([("MODEL", reason)])
    if done.returncode:
        raise ArtifactError(reason)
    return Path(done.stdout.strip())
