"""What a batch job does, and the protocol that endpoint jobs and local jobs share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from artifact_format.manifest import Manifest
from gcp import errors
from prediction.batch.outcome import SIDE_FILES, side_file
from prediction.instances.row_files import CSV, JSON, RowFile, format_of
from prediction.targets.target import JobStatus

GS = "gs://"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a batch job does.

    Attributes:
        model: name of the model.
        version: name of the version. Default: the model's default version.
        inputs: local files, or `gs://` paths with wildcards; not both.
        output: a local file, or a `gs://` folder.
        staging: a `gs://` folder for uploads and results on their way; empty for `batch/` beside the model.
        row_format: `JSON`, `CSV`, `TF_RECORD` or `TF_RECORD_GZIP`; empty to infer it from the names of the inputs.
        output_format: `JSON` or `CSV`; None for JSON.
        signature: key of the signature; None for the model's default signature.
        batch_size: rows per call of the model; None for the default.
        workers: maximum number of workers; None for the default.
        machine_type: of the workers; None where the platform chooses.
    """

    model: str
    version: str | None
    inputs: list[str]
    output: str
    staging: str = ""
    row_format: str = ""
    output_format: str | None = None
    signature: str | None = None
    batch_size: int | None = None
    workers: int | None = None
    machine_type: str | None = None

    @property
    def local_inputs(self) -> list[RowFile]:
        """The inputs on this machine."""
        return [RowFile(path, self.row_format) for path in self.inputs if not path.startswith(GS)]

    @property
    def bucket_inputs(self) -> list[str]:
        """The inputs in a bucket."""
        return [path for path in self.inputs if path.startswith(GS)]

    @property
    def local_output(self) -> Path | None:
        """The file for the results; None if they stay in a bucket."""
        return None if self.output.startswith(GS) else Path(self.output)

    @property
    def local_outputs(self) -> list[Path]:
        """Every local file that may be written: the results and the files beside them."""
        output = self.local_output
        return [output, *(side_file(output, ending) for ending in SIDE_FILES)] if output else []

    @property
    def sent_format(self) -> str:
        """The format that the job reads; a local CSV file is sent as JSON lines. Raises `InvalidInput`."""
        found = {JSON if file.row_format == CSV else file.row_format for file in self.local_inputs}
        found |= {self.row_format or format_of(path) for path in self.bucket_inputs}
        if len(found) > 1:
            reason = "all files of a job must have the same format: name it with --format"
            raise errors.InvalidInput([("--input", reason)])
        if found == {CSV}:
            raise errors.InvalidInput([("--input", "jobs cannot read CSV from a bucket: use a local file")])
        return found.pop()

    @property
    def csv_output(self) -> bool:
        """Whether results are CSV."""
        return self.output_format == "CSV"


class Job(Protocol):
    """A batch job, at an endpoint or on this machine."""

    job_id: str
    """Unique; empty for a job on this machine."""
    is_resumed: bool
    """Whether an earlier run, which was killed, started it."""
    keeps_order: bool
    """Whether results come in the order of the input, with each rejected row named."""
    holds_rows: bool
    """Whether each result holds its row."""

    @property
    def file_names(self) -> list[str]:
        """The job's names for the input files, once it is submitted."""

    def check(self) -> None:
        """Raises an error if the job cannot start, whatever its rows are."""

    def manifest(self) -> Manifest:
        """The model's manifest; empty if there is none."""

    def submit(self, paths: Sequence[Path]) -> None:
        """Starts the job. `paths` are sent in place of the plan's local inputs."""

    def wait(self, report: Callable[[JobStatus], None]) -> JobStatus:
        """Waits until the job has ended. `report` gets its status after each poll."""

    def stop(self) -> str:
        """Stops the job; returns its new state, for a message."""

    def fetch(self, path: Path) -> None:
        """Downloads the results to a local file, with the side files beside it."""

    def mark_complete(self) -> None:
        """Records that the results are in place, so that `clean_up` may delete the originals."""

    def kept(self) -> str:
        """Where results are that were not fetched, for a message."""

    def clean_up(self) -> None:
        """Deletes temporary files, but not results that were not fetched."""
