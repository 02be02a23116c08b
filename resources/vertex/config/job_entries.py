"""Reads the batch prediction jobs of a stack file. Their keys are those of `ml` v1 where Vertex AI allows it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal, TypedDict

from typing_extensions import Required

from resources.config import entries
from resources.config.job_entries import KEY, version_of
from resources.config.shared_entries import SharedReader
from resources.schema import types
from resources.schema.shared_fields import Timeouts
from resources.schema.types import Input, Texts, join, table
from resources.vertex import names
from resources.vertex.config import field_keys, replicas
from resources.vertex.config.entries import AcceleratorConfig, refusals
from resources.vertex.config.plan import Job, Model, facts
from resources.vertex.fields.batch_prediction_job import BATCH_PREDICTION_JOB, InstanceConfig
from resources.vertex.fields.machine import ReservationAffinity
from resources.vertex.fields.shared import EncryptionSpec
from resources.vertex.jobs import job_formats


class JobOptions(TypedDict, total=False):
    """A job's `vertex` block."""

    instance_config: InstanceConfig
    model_parameters: dict[str, Any]
    starting_replica_count: int
    disable_container_logging: bool
    encryption_spec: EncryptionSpec
    gpu_partition_size: str
    tpu_topology: str
    reservation_affinity: ReservationAffinity


class JobEntry(TypedDict, total=False):
    """A batch prediction job of a stack file."""

    model: Required[str]
    version: str
    data_format: Required[Literal["JSON", "TF_RECORD", "TF_RECORD_GZIP"]]
    output_data_format: Literal["JSON", "CSV"]
    input_paths: Required[list[Input[str]]]
    output_path: Required[Input[str]]
    machine_type: Required[str]
    accelerator_config: AcceleratorConfig
    max_worker_count: int
    batch_size: int
    service_account: str
    trigger: str
    labels: Input[Texts]
    wait: bool
    timeouts: Timeouts
    vertex: JobOptions


_MODEL = "name a model of this file with model, and a version with version"
REFUSED_OF_JOBS = {
    "region": "jobs run in gcp:region: leave it out",
    "runtimeVersion": "the image of the version's container decides: leave it out",
    "signatureName": "the container predicts with its default signature: leave it out",
    "modelName": _MODEL,
    "versionName": _MODEL,
    "uri": _MODEL,
}
_ALIKE = ("serviceAccount", "trigger", "labels", "wait", "timeouts")
_OPTIONS = ("instanceConfig", "modelParameters", "disableContainerLogging", "encryptionSpec")
_RESOURCES = "dedicatedResources"
_KEYS: field_keys.Keys = {
    **field_keys.PLACE,
    "displayName": "",
    "inputConfig.gcsSource.uris": "inputPaths",
    "inputConfig.instancesFormat": "dataFormat",
    "outputConfig.gcsDestination.outputUriPrefix": "outputPath",
    "outputConfig.predictionsFormat": "outputDataFormat",
    "manualBatchTuningParameters.batchSize": "batchSize",
    **replicas.keys({}),
    f"{_RESOURCES}.maxReplicaCount": "maxWorkerCount",
    **{name: f"vertex.{name}" for name in _OPTIONS},
}


class Reader:
    """Reads the entries; errors are added to the shared reader.

    Args:
        shared: the reader of the stack file.
        models: the models of the stack file.
    """

    def __init__(self, shared: SharedReader, models: list[Model]) -> None:
        self._shared = shared
        self._models = {model.name: model for model in models}

    def jobs(self, section: Any) -> list[Job]:
        """The jobs of a stack file."""
        found = [self._job(name, entry) for name, entry in entries.mapping(section).items()]
        return [job for job in found if job]

    def _job(self, name: str, given: Any) -> Job | None:
        where, entry = join(KEY, name), entries.mapping(given)
        self._shared.note((join(where, key), reason) for key, reason in refusals(entry, REFUSED_OF_JOBS))
        kept = {key: item for key, item in entry.items() if key not in REFUSED_OF_JOBS}
        wrong = list(types.failures(kept if isinstance(given, Mapping) else given, JobEntry, where))
        versions = {model.name: [version.name for version in model.versions] for model in self._models.values()}
        version, unknown = version_of(kept, versions, where)
        self._shared.note([*wrong, *unknown])
        if wrong or unknown or not version:
            return None
        self._shared.warnings += replicas.warnings(kept, where)
        model = self._models[kept["model"]]
        place = {key: model.registry[key] for key in ("project", "location")}
        inputs = facts(place, {"displayName": name, "version": version}, _fields(kept))
        checked = {**inputs, "model": f"{names.model(model.registry)}@1"}  # the service chooses the number
        failures = BATCH_PREDICTION_JOB.program_failures(checked, where)
        self._shared.note(field_keys.renamed(failures, where, _KEYS))
        return Job(inputs=inputs, model=model.name, version=version)


def _fields(entry: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of the job that its entry sets."""
    options = table(entry, "vertex")
    resources = facts(
        {"machineSpec": replicas.machine(entry), "maxReplicaCount": entry.get("maxWorkerCount")},
        {"startingReplicaCount": options.get("startingReplicaCount")},
    )
    source, target = {"uris": entry["inputPaths"]}, {"outputUriPrefix": entry["outputPath"]}
    form = job_formats.OUTPUT[entry.get("outputDataFormat", "JSON")]
    size = entry.get("batchSize")
    return facts(
        {key: entry.get(key) for key in _ALIKE},
        {key: options.get(key) for key in _OPTIONS},
        {"inputConfig": {"instancesFormat": job_formats.INPUT[entry["dataFormat"]], "gcsSource": source}},
        {"outputConfig": {"predictionsFormat": form, "gcsDestination": target}},
        {_RESOURCES: resources},
        {"manualBatchTuningParameters": None if size is None else {"batchSize": size}},
    )
