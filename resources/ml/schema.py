"""The fields of the `ml` v1 Model and Version: name, type and what a change does, one line each.

Source: the discovery document of `ml` v1 (projects.models, projects.models.versions). A test compares names and types
with it. What may be patched is from the methods' documentation and from what `gcloud` sends.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal, TypedDict

from typing_extensions import Required

from resources.ml import rules
from resources.schema.fields import Schema, fixed, local, mutable, output, path
from resources.schema.serving_fields import AutoScaling, ContainerSpec, ManualScaling, RouteMap
from resources.schema.shared_fields import Adopt, AllowDowntime, Owner, Secrets, Timeouts
from resources.schema.types import Free, Input, Int64, Texts

Accelerator = Literal[
    "NVIDIA_TESLA_K80",
    "NVIDIA_TESLA_P100",
    "NVIDIA_TESLA_V100",
    "NVIDIA_TESLA_P4",
    "NVIDIA_TESLA_T4",
    "NVIDIA_TESLA_A100",
    "TPU_V2",
    "TPU_V3",
    "TPU_V2_POD",
    "TPU_V3_POD",
    "TPU_V4_POD",
]
Framework = Literal["TENSORFLOW", "SCIKIT_LEARN", "XGBOOST"]


class AcceleratorConfig(TypedDict):
    """GPUs or TPUs of each node; N1 machines only."""

    count: Int64
    type: Accelerator


class RequestLoggingConfig(TypedDict, total=False):
    """Logs a share (0 to 1) of requests and responses to an existing BigQuery table `PROJECT.DATASET.TABLE`."""

    bigquery_table_name: Required[str]
    sampling_percentage: float


class IntegratedGradientsAttribution(TypedDict):
    """Attribution by integrated gradients, in this many steps."""

    num_integral_steps: int


class SampledShapleyAttribution(TypedDict):
    """Attribution by sampled Shapley values, over this many paths."""

    num_paths: int


class XraiAttribution(TypedDict):
    """Attribution by XRAI, in this many steps."""

    num_integral_steps: int


class ExplanationConfig(TypedDict, total=False):
    """How `projects.explain` attributes a prediction to its features; exactly one of the three."""

    integrated_gradients_attribution: IntegratedGradientsAttribution
    sampled_shapley_attribution: SampledShapleyAttribution
    xrai_attribution: XraiAttribution


class ModelArgs(TypedDict, total=False):
    """Arguments of a model."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    name: Required[Annotated[Input[str], path("Name: letters, digits, underscores, a letter first; at most 128.")]]
    description: Annotated[Input[Free], mutable("What the model is for.")]
    labels: Annotated[Input[Texts], mutable("Labels, at most 63; labels set by others are kept.")]
    regions: Annotated[Input[list[str]], fixed("The one region that serves.", default="`us-central1`")]
    online_prediction_logging: Annotated[Input[bool], fixed("Log each prediction.", default="false")]
    online_prediction_console_logging: Annotated[Input[bool], fixed("Log the nodes' stderr.", default="false")]
    timeouts: Annotated[Timeouts, local("Bounds in seconds on create, update, delete.", default="600", lasting=True)]
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class ModelOutputs(TypedDict, total=False):
    """Outputs of a model."""

    etag: Annotated[str, output("Changes with every change of the model.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside: field -> what the API has now.")]


AllowBreakingChange = Annotated[Input[str], local("The version that may break clients.", quiet=True)]


class VersionArgs(TypedDict, total=False):
    """Arguments of a version."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    model: Required[Annotated[Input[str], path("Name of the model that the version belongs to.")]]
    name: Required[Annotated[Input[str], path("Name: letters, digits, underscores, a letter first; at most 128.")]]
    deployment_uri: Annotated[Input[str], fixed("`gs://` folder of the SavedModel; copied at create.")]
    description: Annotated[Input[Free], mutable("What the version is for.")]
    labels: Annotated[Input[Texts], mutable("Labels, at most 63; not patchable on mls1 machines.")]
    runtime_version: Annotated[Input[str], fixed("Runtime, `2.11`. Not with `container`.")]
    python_version: Annotated[
        Input[str],
        fixed(
            "Python of the runtime, `3.7`. Not with `container`.", default="that of the runtime, if it is not Google's"
        ),
    ]
    framework: Annotated[Input[Framework], fixed("Framework. Not with `container`.", default="by the files")]
    machine_type: Annotated[
        Input[str], fixed("Machine of a node.", default="`mls1-c1-m2`; regional endpoint: `n1-standard-2`")
    ]
    accelerator_config: Annotated[Input[AcceleratorConfig], fixed("GPUs or TPUs of a node; N1 machines only.")]
    auto_scaling: Annotated[Input[AutoScaling], mutable("Nodes by load.", "minNodes", "maxNodes")]
    manual_scaling: Annotated[
        Input[ManualScaling], mutable("A fixed number of nodes; N1 machines only.", "nodes", excludes="autoScaling")
    ]
    container: Annotated[Input[ContainerSpec], fixed("Your own serving container.")]
    routes: Annotated[Input[RouteMap], fixed("Paths of the container; needs `container`.")]
    package_uris: Annotated[Input[list[str]], fixed("`gs://` packages of a custom prediction routine.")]
    prediction_class: Annotated[Input[str], fixed("`module.Class` of a custom prediction routine; mls1 only.")]
    service_account: Annotated[Input[str], fixed("Identity of a container or a custom prediction routine.")]
    explanation_config: Annotated[Input[ExplanationConfig], fixed("How `explain` attributes.")]
    request_logging_config: Annotated[
        Input[RequestLoggingConfig], mutable("Request log in BigQuery; patched after create.", create=False)
    ]
    timeouts: Annotated[
        Timeouts, local("Bounds in seconds on create, update, delete.", default="3600, 600, 600", lasting=True)
    ]
    signatures: Annotated[
        dict[str, Any],
        local("Its signatures, if known: a recreated version must not break its clients.", quiet=True),
    ]
    allow_breaking_change: AllowBreakingChange
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class VersionOutputs(TypedDict, total=False):
    """Outputs of a version."""

    state: Annotated[str, output("READY once it serves.")]
    error_message: Annotated[str, output("Why it is FAILED.")]
    create_time: Annotated[str, output("When it was made, RFC 3339.")]
    etag: Annotated[str, output("Changes with every change of the version.")]
    drift: Annotated[dict[str, Any], output("Fixed fields changed outside: field -> what the API has now.")]


class Gate(TypedDict, total=False):
    """What a version must prove before it becomes the default or enters the traffic split.

    Its predictions must match its samples: those of its artifact's manifest, or of a JSON file `samples`, a list of
    `{"instance": ..., "prediction": ...}`. Classes and integers must be equal, floating-point numbers within
    `tolerance` (relative or absolute, default 0.001). If `max_latency` is given, the median of one call per sample must
    not exceed it, in seconds. Predictions are compared by output name; with a signature of one output, either side may
    be a bare value. A declared gate without samples is an error. `skip` turns it off.
    """

    samples: Free
    tolerance: float
    max_latency: float
    skip: bool


class KnownArtifact(TypedDict, total=False):
    """What a stack file knows about a version's artifact.

    `samples` is how many samples it has, 0 or more. `content_digest` is set for a version without a name in the stack
    file, so that `allow_breaking_change` can refer to it.
    """

    samples: int
    content_digest: str


# What a gate needs besides `gate`, for all versions that it may compare.
KnownSignatures = Annotated[
    dict[str, Any],
    local("Version -> its signatures, if known: a new version must not break clients.", quiet=True),
]
KnownArtifacts = Annotated[dict[str, KnownArtifact], local("Version -> what is known about its artifact.", quiet=True)]


class DefaultVersionArgs(TypedDict, total=False):
    """Arguments of a default version."""

    project: Annotated[Input[str], path("Project id.", default="`gcp:project`")]
    model: Required[Annotated[Input[str], path("Name of the model.")]]
    version: Required[Annotated[Input[str], mutable("Name of the version; it must be READY.")]]
    gate: Annotated[Gate, local("What a version must prove before it serves.", lasting=True)]
    signatures: KnownSignatures
    artifacts: KnownArtifacts
    allow_breaking_change: AllowBreakingChange
    secrets: Secrets


class DefaultVersionOutputs(TypedDict, total=False):
    """No outputs besides the inputs."""


MODEL = Schema(
    "model",
    "GoogleCloudMlV1__Model",
    ModelArgs,
    ModelOutputs,
    left_out={"defaultVersion": "a resource of its own, DefaultVersion: it changes later than the model"},
    rules=rules.model_failures,
)
VERSION = Schema(
    "version",
    "GoogleCloudMlV1__Version",
    VersionArgs,
    VersionOutputs,
    left_out={
        "isDefault": "a resource of its own, DefaultVersion; here it would change when another version becomes default",
        "lastUseTime": "changes with every prediction, so every refresh would show a difference",
        "lastMigrationModelId": "written by the migration to Vertex AI, which is not managed here",
        "lastMigrationTime": "written by the migration to Vertex AI, which is not managed here",
    },
    rules=rules.version_failures,
)
DEFAULT_VERSION = Schema(
    "default version", "", DefaultVersionArgs, DefaultVersionOutputs, rules=rules.default_version_failures
)
