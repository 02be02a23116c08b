"""Batch prediction: `ml.projects.jobs`, from files here or in a bucket to files here or in a bucket."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

from prediction import files, samples
from resources import errors
from resources._api import Api
from resources._clock import Clock
from resources.ml import _jobs
from resources.ml.job_rules import DEFAULT_REGION
from resources.storage.rules import split_uri

_RESULTS = "prediction.results-"
_BESIDE = {"prediction.errors_stats-": "errors", "prediction.keys-": "keys"}
"""What goes to a file beside the results, unless it is empty: how objects' names begin, how the file's name ends."""
_FORMATS = {".tfrecord": "TF_RECORD", ".tfrecords": "TF_RECORD", ".gz": "TF_RECORD_GZIP"}


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a job is to do.

    Attributes:
        project, model, version: who predicts; without a version the model's default.
        sources: files here, or `gs://` paths with wildcards; not both.
        target: a file here, or a `gs://` folder.
        staging: a `gs://` folder for what goes between this machine and the job; empty for one beside the model.
        form: `JSON`, `TF_RECORD` or `TF_RECORD_GZIP`; empty to tell it by the names of the sources.
        settings: further fields of `predictionInput`: `batchSize`, `maxWorkerCount`, `signatureName`, `region`,
            `outputDataFormat`.
    """

    project: str
    model: str
    version: str | None
    sources: list[str]
    target: str
    staging: str
    form: str
    settings: dict[str, Any]

    @property
    def local_sources(self) -> list[Path]:
        """The files of this machine among the sources."""
        return [Path(source) for source in self.sources if not source.startswith("gs://")]

    @property
    def local_target(self) -> Path | None:
        """Where results go on this machine; None where they stay in a bucket."""
        return None if self.target.startswith("gs://") else Path(self.target)

    @property
    def local_targets(self) -> list[Path]:
        """Every file of this machine that may be written: the target and what goes beside it."""
        target = self.local_target
        return [target, *(target.with_name(f"{target.name}.{end}") for end in _BESIDE.values())] if target else []


def format_of(names: list[str]) -> str:
    """The format that the names of input files tell: `JSON`, unless they end as TFRecords do. Raises `InvalidInput`."""
    found = {_FORMATS.get(Path(name).suffix, "JSON") for name in names}
    if len(found) > 1:
        raise errors.InvalidInput([("--input", "files of one job have one format: say it with --format")])
    return found.pop()


class Batch:
    """One job, from its input to its results.

    Args:
        api: the endpoint.
        plan: what to do.
        clock: `time`, or a test's own.

    Attributes:
        job_id: of the job; unique.
    """

    def __init__(self, api: Api, plan: Plan, *, clock: Clock = time) -> None:
        self._api, self._plan, self._clock = api, plan, clock
        now = datetime.now(timezone.utc)
        self.job_id = f"{plan.model[:80]}_{now:%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"
        self._staging, self._kept = "", False
        self._jobs = api.ml("projects.jobs")

    @property
    def name(self) -> str:
        """The job's full name."""
        return _jobs.name(self._plan.project, self.job_id)

    def submit(self) -> None:
        """Uploads what is local and begins the job. Raises `ApiError`, `InvalidInput`."""
        version = samples.deployed(self._api, self._plan.project, self._plan.model, self._plan.version)
        self._staging = self._plan.staging.rstrip("/") or _beside(version.uri)
        self._staging += f"/{self.job_id}"
        sources = [source for source in self._plan.sources if source.startswith("gs://")]
        for number, path in enumerate(self._plan.local_sources):
            target = f"{self._staging}/input/{number:05}{path.suffix}"
            files.upload(self._api, path, target)
            sources.append(target)
        wanted = {
            "versionName": version.name,
            "dataFormat": self._plan.form or format_of(self._plan.sources),
            "inputPaths": sources,
            "outputPath": f"{self._staging}/output/" if self._plan.local_target else self._plan.target,
            "region": DEFAULT_REGION,
            **self._plan.settings,
        }
        body = {"jobId": self.job_id, "predictionInput": wanted}
        # Not repeated where no answer came: a second one of the same id would be refused, and says nothing.
        self._api.call(self._jobs.create(parent=f"projects/{self._plan.project}", body=body))

    def wait(self, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The job once it has ended; each look at it is told."""
        return _jobs.wait(self._api, self.name, told, clock=self._clock)

    def stop(self) -> str:
        """Asks the job to stop, as far as there is one; says what became of it."""
        try:
            self._cancel()
        except errors.NotFound:
            return "no job was begun"
        except errors.FailedPrecondition:
            return f"the job {self.job_id} had ended"
        except errors.Error as error:
            command = f"gcloud ai-platform jobs cancel {self.job_id}"
            return f"the job {self.job_id} may go on: `{command}` stops it ({error})"
        return f"the job {self.job_id} is cancelled"

    def _cancel(self) -> None:
        self._api.call(self._jobs.cancel(name=self.name, body={}), repeatable=True)

    def fetch(self) -> None:
        """Downloads the results where the target is here: to FILE, errors' counts to FILE.errors, keys to FILE.keys.

        Raises `PredictionFailed` where that fails: the results then stay in the bucket, and it names their folder.
        """
        target = self._plan.local_target
        if target is None:
            return
        self._kept = True  # whatever ends it
        try:
            self._download(target)
        except (OSError, errors.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise errors.PredictionFailed(f"{target}: results were not fetched ({reason}): {self.left()}") from error
        self._kept = False

    def left(self) -> str:
        """Where results are that were not fetched."""
        return f"they are kept in {self._staging}/output/"

    def _download(self, target: Path) -> None:
        files.download(self._api, self._written(_RESULTS), target)
        for prefix, ending in _BESIDE.items():
            beside = target.with_name(f"{target.name}.{ending}")
            files.download(self._api, self._written(prefix), beside)
            if not beside.stat().st_size:
                beside.unlink()

    def clean(self) -> None:
        """Removes what was staged; of a job whose results could not be fetched only its input."""
        if self._staging:
            files.delete(self._api, f"{self._staging}/{'input/' if self._kept else ''}")

    def _written(self, prefix: str) -> Iterator[dict[str, Any]]:
        return files.listed(self._api, f"{self._staging}/output/{prefix}")


def _beside(uri: str) -> str:
    if not uri:
        raise errors.InvalidInput([("--staging", "say which gs:// folder: the version has no SavedModel in a bucket")])
    return f"gs://{split_uri(uri)[0]}/batch"
