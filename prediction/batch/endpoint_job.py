"""A batch job of an endpoint: uploads local files, starts and watches the job, downloads the results."""

from __future__ import annotations

import secrets
import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import datetime, timezone
from functools import cached_property
from pathlib import Path
from typing import Any

from artifact_format.manifest import Manifest
from gcp import errors
from gcp.clock import Clock
from prediction import deployed
from prediction.batch import bucket_files
from prediction.batch.job_plan import Plan
from prediction.batch.outcome import SIDE_FILES, side_file
from prediction.errors import PredictionFailed
from prediction.targets.target import Deployed, JobRequest, JobStatus, Target
from resources.storage.rules import split_uri


class EndpointJob:
    """One batch job of an endpoint; see `Job`.

    Args:
        target: where to predict.
        plan: what the job does.
        clock: `time`, or a test's own clock.

    Attributes:
        job_id: unique.
        keeps_order: whether results come in the order of the input, with each rejected row named.
        file_names: the URIs of uploaded files.
    """

    def __init__(self, target: Target, plan: Plan, *, clock: Clock = time) -> None:
        self._target, self._plan, self._clock = target, plan, clock
        now = datetime.now(timezone.utc)
        self.job_id = f"{plan.model[:80]}_{now:%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"
        self.keeps_order = target.keeps_order
        self.file_names: list[str] = []
        self._staging, self._results_kept = "", False

    def manifest(self) -> Manifest:
        """See `Job`. Raises `ApiError`."""
        return deployed.manifest_or_empty(self._target, self.version)

    @cached_property
    def version(self) -> Deployed:
        """The version that predicts. Raises `ApiError`."""
        return deployed.deployed(self._target, self._plan.model, self._plan.version)

    def check(self) -> None:
        """See `Job`. Raises `ApiError` if the version does not exist, `InvalidInput` without a folder for uploads."""
        self._staging = self._plan.staging.rstrip("/") or _folder_beside(self.version.uri)
        self._staging += f"/{self.job_id}"

    def submit(self, paths: Sequence[Path] = ()) -> None:
        """See `Job`. Raises like `check`."""
        self.check()
        for number, path in enumerate(paths):
            self.file_names.append(f"{self._staging}/input/{number:05}{path.suffix}")
            bucket_files.upload(self._target.api, path, self.file_names[-1])
        plan = self._plan
        self._target.start_job(
            JobRequest(
                job_id=self.job_id,
                version_name=self.version.name,
                inputs=[*plan.bucket_inputs, *self.file_names],
                output=f"{self._staging}/output/" if plan.local_output else plan.output,
                row_format=plan.sent_format,
                output_format=plan.output_format,
                signature=plan.signature,
                batch_size=plan.batch_size,
                workers=plan.workers,
            )
        )

    def wait(self, report: Callable[[JobStatus], None]) -> JobStatus:
        """See `Job`."""
        return self._target.wait_for_job(self.job_id, report, clock=self._clock)

    def stop(self) -> str:
        """See `Job`."""
        try:
            self._target.cancel_job(self.job_id)
        except errors.NotFound:
            return "no job was started"
        except errors.FailedPrecondition:
            return f"the job {self.job_id} had ended"
        except errors.Error as error:
            command = self._target.cancel_command(self.job_id)
            return f"the job {self.job_id} may still run: `{command}` stops it ({error})"
        return f"the job {self.job_id} is cancelled"

    def fetch(self, path: Path) -> None:
        """See `Job`. Raises `PredictionFailed`, which names the folder in the bucket where the results are kept."""
        self._results_kept = True  # even if the download is interrupted
        try:
            self._download(path)
        except (OSError, errors.Error) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            text = f"{self._plan.output}: the results were not fetched ({reason}): {self.kept()}"
            raise PredictionFailed(text) from error

    def kept(self) -> str:
        """See `Job`."""
        return f"they are kept in {self._staging}/output/"

    def _download(self, path: Path) -> None:
        files = self._output_files()
        bucket_files.download(self._target.api, files["results"], path)
        for kind in SIDE_FILES:
            other = side_file(path, kind)
            bucket_files.download(self._target.api, files[kind], other)
            if not other.stat().st_size:
                other.unlink()

    def _output_files(self) -> defaultdict[str, list[dict[str, Any]]]:
        """The objects that the job wrote, in order, by kind."""
        folder, found = f"{self._staging}/output/", defaultdict[str, list[dict[str, Any]]](list)
        start = len(split_uri(folder)[1])
        for item in bucket_files.listed(self._target.api, folder):
            found[self._target.job_file_kind(item["name"][start:])].append(item)
        return found

    def mark_complete(self) -> None:
        """See `Job`."""
        self._results_kept = False

    def clean_up(self) -> None:
        """See `Job`."""
        if self._staging:
            bucket_files.delete(self._target.api, f"{self._staging}/{'input/' if self._results_kept else ''}")


def _folder_beside(uri: str) -> str:
    if not uri:
        raise errors.InvalidInput([("--staging", "is required: the version has no SavedModel in a bucket")])
    return f"gs://{split_uri(uri)[0]}/batch"
