"""A job of an endpoint, `ml.projects.jobs`: from files here or in a bucket to files here or in a bucket."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from gcp import errors
from gcp.api import Api
from gcp.clock import Clock
from prediction.batch import bucket_files
from prediction.batch.job_plan import GS, Plan
from prediction.batch.outcome import beside
from prediction.instances import deployed_samples
from prediction.manifest import Manifest
from resources.ml.jobs import polling
from resources.ml.jobs.rules import DEFAULT_REGION
from resources.storage.rules import split_uri

_RESULTS = "prediction.results-"
_BESIDE = {
    "prediction.errors_stats-": "errors",
    "prediction.keys-": "keys",
    "prediction.rejected_rows-": "rejected",
}
"""What goes to a file beside the results, unless it is empty: how objects' names begin, how the file's name ends."""


class Batch:
    """One job, from its input to its results.

    Args:
        api: the endpoint.
        plan: what to do.
        clock: `time`, or a test's own.

    Attributes:
        job_id: of the job; unique.
        ordered: whether results come in the order of the input, and rejected rows are named: not by Google's service.
        names: the URIs of files of this machine, once they are uploaded.
    """

    def __init__(self, api: Api, plan: Plan, *, clock: Clock = time) -> None:
        self._api, self._plan, self._clock = api, plan, clock
        now = datetime.now(timezone.utc)
        self.job_id = f"{plan.model[:80]}_{now:%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"
        self.ordered = not api.settings.is_google
        self.names: list[str] = []
        self._staging, self._kept = "", False
        self._jobs = api.ml("projects.jobs")

    @property
    def name(self) -> str:
        """The job's full name."""
        return polling.name(self._plan.project, self.job_id)

    def manifest(self) -> Manifest:
        """What is known of the version's artifact; empty where nothing is. Raises `ApiError`."""
        return deployed_samples.manifest_or_none(self._api, self.version)

    @cached_property
    def version(self) -> deployed_samples.Deployed:
        """The version that predicts. Raises `ApiError`."""
        return deployed_samples.deployed(self._api, self._plan.project, self._plan.model, self._plan.version)

    def check(self) -> None:
        """Raises `ApiError`, `InvalidInput` where there is no such version, or no place for files."""
        self._staging = self._plan.staging.rstrip("/") or _beside(self.version.uri)
        self._staging += f"/{self.job_id}"

    def submit(self, paths: Sequence[Path] = ()) -> None:
        """Uploads files of this machine and begins the job. Raises as `check` does."""
        self.check()
        for number, path in enumerate(paths):
            self.names.append(f"{self._staging}/input/{number:05}{path.suffix}")
            bucket_files.upload(self._api, path, self.names[-1])
        wanted = {
            "versionName": self.version.name,
            "dataFormat": self._plan.sent_form,
            "inputPaths": [*(source for source in self._plan.sources if source.startswith(GS)), *self.names],
            "outputPath": f"{self._staging}/output/" if self._plan.local_target else self._plan.target,
            "region": DEFAULT_REGION,
            **self._plan.settings,
        }
        body = {"jobId": self.job_id, "predictionInput": wanted}
        # Not repeated where no answer came: a second one of the same id would be refused, and says nothing.
        self._api.call(self._jobs.create(parent=f"projects/{self._plan.project}", body=body))

    def wait(self, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """The job once it has ended; each look at it is told."""
        return polling.wait(self._api, self.name, told, clock=self._clock)

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

    def fetch(self, target: Path) -> None:
        """Downloads the results to a file, and to files beside it the errors' counts, the keys and the rejected rows.

        Raises `PredictionFailed` where that fails: the results then stay in the bucket, and it names their folder.
        """
        self._kept = True  # whatever ends it
        try:
            self._download(target)
        except (OSError, errors.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            text = f"{self._plan.target}: results were not fetched ({reason}): {self.left()}"
            raise errors.PredictionFailed(text) from error

    def left(self) -> str:
        """Where results are that were not fetched."""
        return f"they are kept in {self._staging}/output/"

    def _download(self, target: Path) -> None:
        bucket_files.download(self._api, self._written(_RESULTS), target)
        for prefix, ending in _BESIDE.items():
            other = beside(target, ending)
            bucket_files.download(self._api, self._written(prefix), other)
            if not other.stat().st_size:
                other.unlink()

    def done(self) -> None:
        """Says that all results are where they belong: the bucket's are not needed any more."""
        self._kept = False

    def clean(self) -> None:
        """Removes what was staged; of a job whose results have not reached their file only its input."""
        if self._staging:
            bucket_files.delete(self._api, f"{self._staging}/{'input/' if self._kept else ''}")

    def _written(self, prefix: str) -> Iterator[dict[str, Any]]:
        return bucket_files.listed(self._api, f"{self._staging}/output/{prefix}")


def _beside(uri: str) -> str:
    if not uri:
        raise errors.InvalidInput([("--staging", "say which gs:// folder: the version has no SavedModel in a bucket")])
    return f"gs://{split_uri(uri)[0]}/batch"
