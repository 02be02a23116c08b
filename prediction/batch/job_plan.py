"""What a job is to do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from gcp import errors
from prediction.batch.outcome import BESIDE, beside
from prediction.instances.row_files import CSV, JSON, Source, form_of
from prediction.manifest import Manifest

GS = "gs://"


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a job is to do.

    Attributes:
        project, model, version: who predicts; without a version the model's default.
        sources: files here, or `gs://` paths with wildcards; not both.
        target: a file here, or a `gs://` folder.
        staging: a `gs://` folder for what goes between this machine and the job; empty for one beside the model.
        form: `JSON`, `CSV`, `TF_RECORD` or `TF_RECORD_GZIP`; empty to tell it by the names of the sources.
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
    def local_sources(self) -> list[Source]:
        """The files of this machine among the sources."""
        return [Source(source, self.form) for source in self.sources if not source.startswith(GS)]

    @property
    def local_target(self) -> Path | None:
        """Where results go on this machine; None where they stay in a bucket."""
        return None if self.target.startswith(GS) else Path(self.target)

    @property
    def local_targets(self) -> list[Path]:
        """Every file of this machine that may be written: the target and what goes beside it."""
        target = self.local_target
        return [target, *(beside(target, ending) for ending in BESIDE)] if target else []

    @property
    def sent_form(self) -> str:
        """The format that the job reads: CSV of this machine is sent as JSON lines. Raises `InvalidInput`."""
        found = {JSON if source.form == CSV else source.form for source in self.local_sources}
        found |= {self.form or form_of(source) for source in self.sources if source.startswith(GS)}
        if len(found) > 1:
            raise errors.InvalidInput(
                [("--input", "all files of a job must have the same format: name it with --format")]
            )
        if found == {CSV}:
            raise errors.InvalidInput([("--input", "jobs do not read CSV from a bucket: give a file of this machine")])
        return found.pop()

    @property
    def csv_output(self) -> bool:
        """Whether results are CSV."""
        return self.settings.get("outputDataFormat") == "CSV"

    @property
    def signature(self) -> str | None:
        """Key of the signature; None for the default."""
        return self.settings.get("signatureName")


class Job(Protocol):
    """A job, at an endpoint or on this machine."""

    job_id: str
    """Unique; empty where no endpoint knows the job."""
    ordered: bool
    """Whether results come in the order of the input, and rejected rows are named."""

    @property
    def names(self) -> list[str]:
        """The input files of this machine as the job knows them, once it is submitted."""

    def check(self) -> None:
        """Raises where the job cannot be begun, whatever its rows are."""

    def manifest(self) -> Manifest:
        """What is known of the model; empty where nothing is."""

    def submit(self, paths: Sequence[Path]) -> None:
        """Starts the job with these files instead of the plan's local ones."""

    def wait(self, told: Callable[[dict[str, Any]], None]) -> dict[str, Any]:
        """Waits until the job has ended, and returns it; `told` gets its state after each poll."""

    def stop(self) -> str:
        """Stops the job; returns what became of it, for messages."""

    def fetch(self, target: Path) -> None:
        """Brings the results to a file of this machine, and what belongs to them beside it."""

    def done(self) -> None:
        """Notes that all results are in place."""

    def left(self) -> str:
        """Where results are that were not fetched."""

    def clean(self) -> None:
        """Removes what nobody needs any more."""
