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
from prediction.batch import bucket_files, echoed_rows, job_record
from prediction.batch.job_plan import Plan
from prediction.batch.outcome import SIDE_FILES, side_file
from prediction.errors import PredictionFailed
from prediction.targets.target import Deployed, JobRequest, JobStatus, Target
from resources.storage.rules import split_uri


class EndpointJob:
    """One batch job of an endpoint; see `Job`.

    From before the start of the job until `clean_up`, an empty object in the bucket is named after what the job does
    and after the job. So a command that was killed, run again with the same files and options, finds the job.

    Args:
        target: where to predict.
        plan: what the job does.
        clock: `time`, or a test's own clock.

    Attributes:
        job_id: the platform's, once the job has started; before that a name of our own, which is unique too.
        is_resumed: whether an earlier run, which was killed, started it.
        keeps_order: whether results come in the order of the input, with each rejected row named.
        holds_rows: whether each result holds its row.
        file_names: the URIs of uploaded files.
    """

    def __init__(self, target: Target, plan: Plan, *, clock: Clock = time) -> None:
        self._target, self._plan, self._clock = target, plan, clock
        now = datetime.now(timezone.utc)
        self.job_id = self._name = f"{plan.model[:80]}_{now:%Y%m%d_%H%M%S}_{secrets.token_hex(4)}"
        self.is_resumed, self._has_started = False, False
        self.keeps_order, self.holds_rows = target.keeps_order, target.RESULTS_HOLD_ROWS
        self.file_names: list[str] = []
        self._folder, self._record, self._results, self._results_kept = "", "", "", False

    def manifest(self) -> Manifest:
        """See `Job`. Raises `ApiError`."""
        return deployed.manifest_or_empty(self._target, self.version)

    @cached_property
    def version(self) -> Deployed:
        """The version that predicts. Raises `ApiError`."""
        return deployed.for_job(self._target, self._plan.model, self._plan.version)

    def check(self) -> None:
        """See `Job`. Raises `ApiError` if the version does not exist, `InvalidInput` for what cannot be done."""
        plan = self._plan
        failures = self._target.job_failures(
            machine_type=plan.machine_type, signature=plan.signature, csv=plan.csv_output
        )
        if failures:
            raise errors.InvalidInput(failures)
        self._folder = plan.staging.rstrip("/") or _folder_beside(self.version.uri)

    @property
    def _staging(self) -> str:
        """The folder of this job's uploads and results."""
        return f"{self._folder}/{self._name}"

    @property
    def _output(self) -> str:
        """The folder of the results: the job's own below the one that was asked for, if the platform makes one."""
        return self._results or f"{self._staging}/output/"

    def submit(self, paths: Sequence[Path] = ()) -> None:
        """See `Job`. Raises like `check`."""
        self.check()
        records = f"{self._folder}/{job_record.digest(self._plan, self._target.url, self.version, paths)}."
        found = self._earlier(records)
        self._record = f"{records}{self._name}"
        self.file_names = [f"{self._staging}/input/{number:05}{path.suffix}" for number, path in enumerate(paths)]
        if found:
            self.job_id, self.is_resumed, self._has_started = found, True, True
            return
        bucket_files.write_empty(self._target.api, self._record)
        for path, name in zip(paths, self.file_names, strict=True):
            bucket_files.upload(self._target.api, path, name)
        self.job_id = self._target.start_job(self._request())
        self._has_started = True

    def _earlier(self, records: str) -> str | None:
        """The platform's ID of the job of a run that was killed, whose name becomes this job's; None without one."""
        for item in bucket_files.listed(self._target.api, records):
            name = str(item["name"]).rpartition("/")[2].partition(".")[2]
            if found := self._target.find_job(name):
                self._name = name
                return found
        return None

    def _request(self) -> JobRequest:
        plan = self._plan
        return JobRequest(
            job_id=self._name,
            version_name=self.version.name,
            inputs=[*plan.bucket_inputs, *self.file_names],
            output=f"{self._staging}/output/" if plan.local_output else plan.output,
            row_format=plan.sent_format,
            output_format=plan.output_format,
            signature=plan.signature,
            batch_size=plan.batch_size,
            workers=plan.workers,
            machine_type=plan.machine_type,
        )

    def wait(self, report: Callable[[JobStatus], None]) -> JobStatus:
        """See `Job`."""
        status = self._target.wait_for_job(self.job_id, report, clock=self._clock)
        self._results = f"{status.folder.rstrip('/')}/" if status.folder else ""
        return status

    def stop(self) -> str:
        """See `Job`."""
        try:
            found = self.job_id if self._has_started else self._target.find_job(self._name)
            if found is None:
                return "no job was started"
            self.job_id = found
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
        return f"they are kept in {self._output}"

    def _download(self, path: Path) -> None:
        files = self._output_files()
        bucket_files.download(self._target.api, files["results"], path)
        if self.holds_rows:
            echoed_rows.separate(path, self._target.split_result, self.manifest().outputs(self._plan.signature))
        for kind in SIDE_FILES:
            other = side_file(path, kind)
            bucket_files.download(self._target.api, files[kind], other)
            if not other.stat().st_size:
                other.unlink()

    def _output_files(self) -> defaultdict[str, list[dict[str, Any]]]:
        """The objects that the job wrote, in order, by kind."""
        folder, found = self._output, defaultdict[str, list[dict[str, Any]]](list)
        start = len(split_uri(folder)[1])
        for item in bucket_files.listed(self._target.api, folder):
            found[self._target.job_file_kind(item["name"][start:])].append(item)
        return found

    def mark_complete(self) -> None:
        """See `Job`."""
        self._results_kept = False

    def clean_up(self) -> None:
        """See `Job`."""
        if self._folder:
            bucket_files.delete(self._target.api, f"{self._staging}/{'input/' if self._results_kept else ''}")
        if self._record:
            bucket_files.delete(self._target.api, self._record)


def _folder_beside(uri: str) -> str:
    if not uri:
        raise errors.InvalidInput([("--staging", "is required: the version has no SavedModel in a bucket")])
    return f"gs://{split_uri(uri)[0]}/batch"
