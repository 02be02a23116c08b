"""The fields of a batch prediction job: name, type and what a change does.

Source: the discovery document of `aiplatform` v1 (projects.locations.batchPredictionJobs); a test compares names and
types with it. The API has no patch: other inputs are another job.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from typing_extensions import Required

from resources.schema.fields import Schema, fixed, local, output, path
from resources.schema.labels import LABEL
from resources.schema.shared_fields import Secrets, Timeouts
from resources.schema.types import Input, Int64, Texts
from resources.vertex.fields.container import ModelContainerSpec
from resources.vertex.fields.machine import MachineSpec
from resources.vertex.fields.model import PredictSchemata
from resources.vertex.fields.shared import BigQueryDestination, Drift, EncryptionSpec, GcsDestination, Location, Project
from resources.vertex.jobs import rules

JOB_LABEL = "tf2-models-job"
"""Key of the label with the hash of a job's inputs. The service chooses IDs, so jobs are found by this label."""


class GcsSource(TypedDict):
    """`gs://` files, where `*` stands for part of a name."""

    uris: list[Input[str]]


class BigQuerySource(TypedDict):
    """`bq://PROJECT.DATASET.TABLE`."""

    input_uri: Input[str]


class InputConfig(TypedDict, total=False):
    """The input: files or a table. `jsonl` has one JSON value per line."""

    instances_format: Required[Literal["jsonl", "csv", "tf-record", "tf-record-gzip", "file-list", "bigquery"]]
    gcs_source: GcsSource
    bigquery_source: BigQuerySource


class InstanceConfig(TypedDict, total=False):
    """How a row becomes an instance of the model.

    `key_field`: its value replaces the row in the results, as `key`; it is not sent to the model. Of the other fields
    the model gets `included_fields`, or all but `excluded_fields`. `instance_type`: `object`, `array` or `string`.
    """

    instance_type: str
    key_field: str
    included_fields: list[str]
    excluded_fields: list[str]


class OutputConfig(TypedDict, total=False):
    """Where predictions go. A line of `jsonl` has `instance`, or `key`, and `prediction`.

    The job creates its own folder, `prediction-MODEL-TIME`, in the folder of `gcs_destination`.
    """

    predictions_format: Required[Literal["jsonl", "csv", "bigquery"]]
    gcs_destination: GcsDestination
    bigquery_destination: BigQueryDestination


class BatchDedicatedResources(TypedDict, total=False):
    """Machines of a job. `max_replica_count`: default 10. `starting_replica_count`: by default the service decides."""

    machine_spec: Required[MachineSpec]
    starting_replica_count: int
    max_replica_count: int


class ManualBatchTuningParameters(TypedDict, total=False):
    """`batch_size`: rows per call of the model; default 64."""

    batch_size: int


class UnmanagedContainerModel(TypedDict, total=False):
    """A model that is not in the registry."""

    artifact_uri: str
    container_spec: Required[ModelContainerSpec]
    predict_schemata: PredictSchemata


class OutputInfo(TypedDict, total=False):
    """Where the results are: a `gs://` folder, or a dataset and table of BigQuery."""

    gcs_output_directory: str
    bigquery_output_dataset: str
    bigquery_output_table: str


class CompletionStats(TypedDict, total=False):
    """Rows predicted, rejected and left; -1 if the service does not know."""

    successful_count: Int64
    failed_count: Int64
    incomplete_count: Int64


class ResourcesConsumed(TypedDict, total=False):
    """Replica hours in total."""

    replica_hours: float


class BatchPredictionJobArgs(TypedDict, total=False):
    """Arguments of a batch prediction job. Other inputs are another job: it runs again."""

    project: Project
    location: Location
    display_name: Required[Annotated[Input[str], path("Display name, 128 characters at most.")]]
    model: Annotated[Input[str], path("Model that predicts: `projects/P/locations/L/models/M@V`.")]
    version: Annotated[Input[str], path("Name of the version: preview can show it before the number is known.")]
    unmanaged_container_model: Annotated[
        UnmanagedContainerModel, path("Model that is not in the registry; in place of `model`.")
    ]
    input_config: Required[Annotated[Input[InputConfig], path("The input.")]]
    instance_config: Annotated[InstanceConfig, path("How a row becomes an instance.")]
    output_config: Required[Annotated[Input[OutputConfig], path("Where predictions go.")]]
    dedicated_resources: Annotated[
        Input[BatchDedicatedResources], path("Machines and replicas; required for models with a container.")
    ]
    manual_batch_tuning_parameters: Annotated[ManualBatchTuningParameters, path("Rows per call of the model.")]
    model_parameters: Annotated[Any, path("Parameters that go with each call of the model.")]
    service_account: Annotated[Input[str], path("Service account that the container runs as.", default="Google's")]
    encryption_spec: Annotated[EncryptionSpec, path("Key that encrypts the job.", default="Google's")]
    disable_container_logging: Annotated[Input[bool], path("Turn off the container's logs.", default="false")]
    trigger: Annotated[Input[str], path("Any text; change it to run the job again over the same inputs.")]
    labels: Annotated[Input[Texts], fixed("Labels, at most 62.")]
    wait: Annotated[bool, local("Whether create waits until the job ends, and fails if the job fails.", default="true")]
    timeouts: Annotated[
        Timeouts, local("Timeouts of create, update and delete, in seconds.", default="86400, 60, 600", lasting=True)
    ]
    owner: Annotated[
        Input[str], path("`stack.Identity.token`: part of the job's hash, so that each stack has its own jobs.")
    ]
    secrets: Secrets


class BatchPredictionJobOutputs(TypedDict, total=False):
    """Outputs of a batch prediction job."""

    name: Annotated[str, output("Full name of the job, `projects/P/locations/L/batchPredictionJobs/NUMBER`.")]
    state: Annotated[str, output("`JOB_STATE_SUCCEEDED`; may be another one with `wait: false`.")]
    model_version_id: Annotated[str, output("Number of the version that predicts.")]
    create_time: Annotated[str, output("When it was created, RFC 3339.")]
    start_time: Annotated[str, output("When it started, RFC 3339.")]
    end_time: Annotated[str, output("When it ended, RFC 3339.")]
    output_info: Annotated[OutputInfo, output("Where the results are.")]
    completion_stats: Annotated[CompletionStats, output("How many rows were predicted and rejected.")]
    partial_failures: Annotated[list[Any], output("What is missing of the results; at most 20 entries.")]
    resources_consumed: Annotated[ResourcesConsumed, output("Replica hours.")]
    drift: Drift


_GOOGLES_OWN = "set by Google"

BATCH_PREDICTION_JOB = Schema(
    "batch prediction job",
    "GoogleCloudAiplatformV1BatchPredictionJob",
    BatchPredictionJobArgs,
    BatchPredictionJobOutputs,
    left_out={
        "error": "a job that does not succeed fails the create, which reports it",
        "explanationSpec": "explanations are not managed here",
        "generateExplanation": "explanations are not managed here",
        "satisfiesPzi": _GOOGLES_OWN,
        "satisfiesPzs": _GOOGLES_OWN,
        "updateTime": "changes while the job runs",
    },
    rules=rules.job_failures,
    added_labels=(LABEL, JOB_LABEL),
)
