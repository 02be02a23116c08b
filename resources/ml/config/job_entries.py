"""The batch prediction jobs of a stack file: an entry names a model of the same file, input and output."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypedDict

from typing_extensions import Required

from resources.config import entries
from resources.config.job_entries import KEY, version_of
from resources.ml.config.entries import under_file_keys, valid_name
from resources.ml.config.plan import Job, Model
from resources.ml.jobs.rules import DEFAULT_REGION
from resources.ml.jobs.schema import BATCH_PREDICTION_JOB, PredictionInput
from resources.schema import types
from resources.schema.fields import INPUTS
from resources.schema.types import Failure, join

_SET, _ASKED = ("project", "name", "owner", "secrets", "predictionInput"), ("modelName", "versionName", "uri")
"""The fields that the program sets: those of the job, and those that select the model."""


class JobExtras(TypedDict, total=False):
    """Keys of a job's entry that replace `modelName`, `versionName` and `uri`."""

    model: Required[str]
    version: str


@dataclass
class Reader:
    """Reads the entries; `failures` collects what is wrong, by the path of the key.

    Args:
        project: id of the project.
        region: default region of a job; empty for `us-central1`.
        models: those of the stack file.
    """

    project: str
    region: str
    models: Mapping[str, Model]
    failures: list[Failure] = field(default_factory=list)

    def jobs(self, section: Any) -> list[Job]:
        """The jobs of a stack file."""
        jobs = [self._job(name, entry) for name, entry in entries.mapping(section).items()]
        self._refuse_shared(jobs)
        return jobs

    def _refuse_shared(self, jobs: list[Job]) -> None:
        """Two jobs must not share an output folder: result files have the same names in every job."""
        seen: dict[str, str] = {}
        for job in jobs:
            path, name = job.inputs["predictionInput"].get("outputPath"), str(job.inputs["name"])
            if not isinstance(path, str):
                continue  # reported elsewhere
            other = seen.setdefault(path.rstrip("/"), name)
            if other != name:
                reason = f"is also the folder of {other}, whose results would be overwritten: use another folder"
                self.failures.append((join(join(KEY, name), "outputPath"), reason))

    def _job(self, name: str, entry: Any) -> Job:
        where = join(KEY, name)
        names = {*types.members(PredictionInput), *BATCH_PREDICTION_JOB.names(*INPUTS)}
        extras, fields, failures = entries.split_checked(entry, JobExtras, names, (*_SET, *_ASKED), where)
        self.failures += failures
        wanted, more = entries.split(fields, PredictionInput)
        versions = {name: [version.name for version in model.versions] for name, model in self.models.items()}
        version, wrong = version_of(extras, versions, where)
        self.failures += wrong
        model = self.models.get(str(extras.get("model")))
        wanted = {"region": self.region or DEFAULT_REGION, **wanted, "versionName": self._asked(model, version)}
        inputs = {**more, "project": self.project, "name": name, "predictionInput": wanted}
        if isinstance(entry, Mapping):  # otherwise that is reported already
            self.failures += _flat(under_file_keys(BATCH_PREDICTION_JOB.program_failures(inputs, where), where), where)
        return Job(inputs=inputs, model=str(extras.get("model")), version=version)

    def _asked(self, model: Model | None, version: str) -> str:
        """The version's full name; a placeholder if it is unknown or invalid, which is reported elsewhere."""
        name = valid_name(model.inputs["name"] if model else "", "m")
        return f"projects/{self.project}/models/{name}/versions/{valid_name(version, 'v')}"


def _flat(failures: Iterable[Failure], where: str) -> Iterator[Failure]:
    """Failures with the keys of the stack file, where the fields of `predictionInput` are at the top of the entry."""
    inner = join(where, "predictionInput")
    for path, reason in failures:
        yield path.replace(inner, where, 1) if path.startswith(inner) else path, reason
