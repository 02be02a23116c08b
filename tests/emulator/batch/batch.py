"""What tests of jobs do often: upload input, begin a job, wait for its state, read its results."""

from __future__ import annotations

import ast
import json
from pathlib import Path
from typing import Any

from tests.emulator.ml.caller import Caller, until
from tests.running import RunningEmulator

ENDED = ("SUCCEEDED", "FAILED", "CANCELLED")


class Batch:
    """Google's client, bound to one project of an emulator."""

    def __init__(self, emulator: RunningEmulator, project: str) -> None:
        self.ml = Caller(emulator, project)
        self.jobs = emulator.ml().projects().jobs()
        self._objects = emulator.storage().objects()
        self._count = 0

    def folder(self, folder: Path) -> str:
        """Uploads a SavedModel; returns its URI."""
        for file in sorted(path for path in folder.rglob("*") if path.is_file()):
            self.ml.upload(folder.name, file.read_bytes(), file.relative_to(folder).as_posix())
        return f"gs://{self.ml.bucket}/{folder.name}"

    def input(self, content: bytes, name: str = "rows.json") -> str:
        """Uploads an input file; returns its path."""
        return f"{self.ml.upload('in', content, name)}/{name}"

    def begin(self, *paths: str, **given: Any) -> str:
        """Begins a job with the model `y = 2 x` unless another one is given; returns its full name."""
        self._count += 1
        if not given.keys() & {"uri", "modelName", "versionName"}:
            given["uri"] = self.ml.upload("x2.0")
        wanted = {
            "dataFormat": "JSON",
            "inputPaths": list(paths),
            "outputPath": f"gs://{self.ml.bucket}/out{self._count}/",
            "region": "us-central1",
            **given,
        }
        body = {"jobId": f"job{self._count}", "predictionInput": wanted}
        made = self.jobs.create(parent=self.ml.project, body=body).execute()
        return f"{self.ml.project}/jobs/{made['jobId']}"

    def get(self, name: str) -> dict[str, Any]:
        """The job."""
        job: dict[str, Any] = self.jobs.get(name=name).execute()
        return job

    def ended(self, name: str) -> dict[str, Any]:
        """The job once it has ended."""

        def job() -> dict[str, Any] | None:
            found = self.get(name)
            return found if found["state"] in ENDED else None

        ended: dict[str, Any] = until(job, f"the end of {name}")
        return ended

    def done(self, *paths: str, **given: Any) -> dict[str, Any]:
        """A job that succeeds."""
        job = self.ended(self.begin(*paths, **given))
        assert job["state"] == "SUCCEEDED", job
        return job

    def files(self, job: dict[str, Any]) -> list[str]:
        """The names of the files that a job has written."""
        prefix = f"out{job['jobId'].removeprefix('job')}/"
        listed = self._objects.list(bucket=self.ml.bucket, prefix=prefix).execute()
        return [item["name"].removeprefix(prefix) for item in listed.get("items", [])]

    def content(self, job: dict[str, Any], name: str) -> bytes:
        """A file that a job has written."""
        place = f"out{job['jobId'].removeprefix('job')}/{name}"
        content: bytes = self._objects.get_media(bucket=self.ml.bucket, object=place).execute()
        return content

    def results(self, job: dict[str, Any]) -> list[Any]:
        """All results of a job, in the order of their files."""
        files = [name for name in self.files(job) if name.startswith("prediction.results-")]
        return [json.loads(line) for name in files for line in self.content(job, name).splitlines()]

    def errors(self, job: dict[str, Any]) -> dict[str, int]:
        """The errors of a job's rows, with their counts."""
        lines = self.content(job, "prediction.errors_stats-00000-of-00001").decode().splitlines()
        return dict(map(ast.literal_eval, lines))


def counts(job: dict[str, Any]) -> tuple[int, int]:
    """Predictions and errors."""
    output = job["predictionOutput"]
    return int(output["predictionCount"]), int(output["errorCount"])
