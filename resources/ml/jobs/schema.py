"""The fields of a batch prediction job, a Job of `ml` v1 with a `predictionInput`: name, type, what a change does.

Source: the discovery document of `ml` v1 (projects.jobs). A test compares names and types with it.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from typing_extensions import Required

from resources.ml.jobs import rules
from resources.schema.fields import Schema, local, mutable, output, path
from resources.schema.labels import LABEL
from resources.schema.shared_fields import Secrets, Timeouts
from resources.schema.types import Input, Int64, Texts

RELEASED = "tf2-models-released"
"""Label of a job whose resource was deleted. The API keeps the job, but it no longer belongs to the stack."""

DataFormat = Literal["JSON", "TEXT", "TF_RECORD", "TF_RECORD_GZIP", "CSV"]


class PredictionInput(TypedDict, total=False):
    """What a batch prediction job reads, calls and writes.

    It calls `model_name` (its default version), `version_name` or `uri`. `input_paths` are `gs://` objects, where `*`
    matches part of a name; `output_path` is a `gs://` folder. `batch_size`: rows per call of the model, default 64.
    `max_worker_count`: default 10. `signature_name`: default `serving_default`.
    """

    model_name: str
    version_name: str
    uri: str
    data_format: Required[DataFormat]
    output_data_format: DataFormat
    input_paths: Required[list[Input[str]]]
    output_path: Required[Input[str]]
    region: Required[str]
    max_worker_count: Int64
    batch_size: Int64
    signature_name: str
    runtime_version: str


class PredictionOutput(TypedDict, total=False):
    """A job's result: `prediction_count` and `error_count` are rows."""

    output_path: str
    prediction_count: Int64
    error_count: Int64
    node_hours: float


class BatchPredictionJobArgs(TypedDict, total=False):
    """Arguments of a batch prediction job. Other inputs are another job: it runs again."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    name: Required[
        Annotated[
            Input[str], path("How the job's id starts: letters, digits, underscores, a letter first; at most 100.")
        ]
    ]
    prediction_input: Required[Annotated[Input[PredictionInput], path("Input, model and output.")]]
    trigger: Annotated[Input[str], path("Any text; change it to run the job again over the same inputs.")]
    labels: Annotated[Input[Texts], mutable("Labels, at most 62; labels set by others are kept.")]
    wait: Annotated[bool, local("Whether create waits for the end of the job, and fails if it fails.", default="true")]
    timeouts: Annotated[
        Timeouts, local("Bounds in seconds on create, update, delete.", default="86400, 60, 600", lasting=True)
    ]
    owner: Annotated[
        Input[str], path("`stack.Identity.token`: part of the job's id, so that each stack has its own jobs.")
    ]
    secrets: Secrets


class BatchPredictionJobOutputs(TypedDict, total=False):
    """Outputs of a batch prediction job."""

    job_id: Annotated[str, output("The job's id: `name`, a hash of the inputs, the number of the try from the second.")]
    state: Annotated[str, output("SUCCEEDED, unless nobody waited for the end.")]
    create_time: Annotated[str, output("When it was made, RFC 3339.")]
    start_time: Annotated[str, output("When it began to run, RFC 3339.")]
    end_time: Annotated[str, output("When it ended, RFC 3339.")]
    prediction_output: Annotated[
        PredictionOutput, output("Where the results are, and how many rows were predicted and refused.")
    ]
    etag: Annotated[str, output("Changes with every change of the job.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside: field -> what the API has now.")]


BATCH_PREDICTION_JOB = Schema(
    "batch prediction job",
    "GoogleCloudMlV1__Job",
    BatchPredictionJobArgs,
    BatchPredictionJobOutputs,
    left_out={
        "trainingInput": "a job that trains: models are trained by the build step",
        "trainingOutput": "a job that trains: models are trained by the build step",
        "jobPosition": "present only while the job waits",
        "errorMessage": "a job that does not succeed fails the create, which tells it",
    },
    rules=rules.declared_failures,
    added_labels=(LABEL, RELEASED),
)
