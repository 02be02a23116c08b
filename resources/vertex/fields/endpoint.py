"""The fields of an endpoint, of a model deployed on it, and of its traffic split: name, type and what a change does.

Source: the discovery document of `aiplatform` v1 (projects.locations.endpoints); a test compares names and types with
it. What `mutateDeployedModel` changes is from `MutateDeployedModelRequest`.
"""

from __future__ import annotations

from typing import Annotated, Any, TypedDict

from typing_extensions import Required

from resources.schema.fields import Schema, fixed, local, mutable, output, path
from resources.schema.shared_fields import Adopt, AllowDowntime, Owner, Secrets
from resources.schema.types import Free, Input, Texts
from resources.vertex import rules
from resources.vertex.fields.machine import MACHINES_LEFT_OUT, SCALING_LEAVES, DedicatedResources
from resources.vertex.fields.shared import BigQueryDestination, Drift, Encryption, Location, Preview, Project, Waits


class RequestLogging(TypedDict, total=False):
    """Logs a share of the requests and responses, above 0 and at most 1, to a table of BigQuery."""

    enabled: Required[bool]
    sampling_rate: float
    bigquery_destination: BigQueryDestination


class ClientConnectionConfig(TypedDict):
    """How long a request may take: a duration in seconds, "600s". Only for dedicated endpoints."""

    inference_timeout: str


class PSCAutomationConfig(TypedDict):
    """A project and its network, in which the service creates the address of a private endpoint."""

    project_id: str
    network: str


class PrivateServiceConnectConfig(TypedDict, total=False):
    """Makes the endpoint private: only the listed projects reach it, through Private Service Connect."""

    enable_private_service_connect: Required[bool]
    project_allowlist: list[str]
    psc_automation_configs: list[PSCAutomationConfig]


class EndpointArgs(TypedDict, total=False):
    """Arguments of an endpoint: a stable address."""

    project: Project
    location: Location
    endpoint: Required[Annotated[Input[str], path("Id: small letters, digits and -; or up to 10 digits.")]]
    display_name: Required[Annotated[Input[str], mutable("Display name, 128 characters at most.")]]
    description: Annotated[Input[Free], mutable("What the endpoint is for.")]
    labels: Annotated[Input[Texts], mutable("Labels; those that others set stay.")]
    predict_request_response_logging_config: Annotated[RequestLogging, mutable("Logs requests to BigQuery.")]
    client_connection_config: Annotated[
        ClientConnectionConfig, mutable("How long a request may take.", default="60 s; dedicated: 10 minutes")
    ]
    dedicated_endpoint_enabled: Annotated[Input[bool], fixed("Gives the endpoint its own host.", default="false")]
    private_service_connect_config: Annotated[
        PrivateServiceConnectConfig, fixed("Reachable only through Private Service Connect.")
    ]
    network: Annotated[Input[str], fixed("Network to peer with: `projects/NUMBER/global/networks/N`.")]
    encryption_spec: Encryption
    timeouts: Waits
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class EndpointOutputs(TypedDict, total=False):
    """Outputs of an endpoint."""

    dedicated_endpoint_dns: Annotated[str, output("Host name of a dedicated endpoint.")]
    create_time: Annotated[str, output("When it was created, RFC 3339.")]
    drift: Drift


class DeployedModelArgs(TypedDict, total=False):
    """Arguments of a deployed model: a version deployed on an endpoint."""

    project: Project
    location: Location
    endpoint: Required[Annotated[Input[str], path("Id of the endpoint.")]]
    deployed_model_id: Required[
        Annotated[Input[str], path("Id within the endpoint: 1 to 10 digits, the first of them no 0.")]
    ]
    model: Required[Annotated[Input[str], fixed("Id of the model.")]]
    version: Required[Annotated[Input[str], local("Name of the version, for messages.")]]
    model_version_id: Required[Annotated[Input[str], fixed("Number of the version: `ModelVersion.version_id`.")]]
    display_name: Annotated[Input[str], fixed("Display name.", default="the model's")]
    dedicated_resources: Annotated[Input[DedicatedResources], mutable("Machines and replicas.", *SCALING_LEAVES)]
    shared_resources: Annotated[Input[str], fixed("Pool that it runs on.", excludes="dedicatedResources")]
    service_account: Annotated[Input[str], fixed("Service account that the container runs as.", default="Google's")]
    enable_access_logging: Annotated[Input[bool], fixed("Log each prediction.", default="false")]
    disable_container_logging: Annotated[Input[bool], mutable("Turn off the container's logs.", default="false")]
    preview: Preview
    timeouts: Waits
    owner: Owner
    secrets: Secrets


class DeployedModelOutputs(TypedDict, total=False):
    """Outputs of a deployed model."""

    create_time: Annotated[str, output("When it was deployed, RFC 3339.")]
    drift: Drift


class TrafficSplitArgs(TypedDict, total=False):
    """Arguments of an endpoint's traffic split."""

    project: Project
    location: Location
    endpoint: Required[Annotated[Input[str], path("Id of the endpoint.")]]
    shares: Required[Annotated[Input[dict[str, int]], mutable("Name of a version -> percent of the requests.")]]
    deployed_models: Required[
        Annotated[Input[dict[str, str]], mutable("Name of a version -> id of its deployed model.")]
    ]
    secrets: Secrets


class TrafficSplitOutputs(TypedDict, total=False):
    """Outputs of a traffic split."""

    traffic_split: Annotated[dict[str, Any], output("Id of a deployed model -> percent of the requests.")]


_GOOGLES_OWN = "set by Google"

ENDPOINT = Schema(
    "endpoint",
    "GoogleCloudAiplatformV1Endpoint",
    EndpointArgs,
    EndpointOutputs,
    left_out={
        "deployedModels": "resources of their own: vertex.DeployedModel",
        "enablePrivateServiceConnect": "deprecated: privateServiceConnectConfig",
        "etag": "changes with every change; patches are masked",
        "gdcConfig": "Google Distributed Cloud only",
        "genAiAdvancedFeaturesConfig": "Google's own models only",
        "modelDeploymentMonitoringJob": "set by Google once a monitoring job exists",
        "name": "made of project, location and endpoint",
        "satisfiesPzi": _GOOGLES_OWN,
        "satisfiesPzs": _GOOGLES_OWN,
        "trafficSplit": "a resource of its own, vertex.TrafficSplit: it changes later than the endpoint",
        "updateTime": "changes with every change",
    },
    rules=rules.endpoint_failures,
)
DEPLOYED_MODEL = Schema(
    "deployed model",
    "GoogleCloudAiplatformV1DeployedModel",
    DeployedModelArgs,
    DeployedModelOutputs,
    left_out={
        **MACHINES_LEFT_OUT,
        "automaticResources": "not for models with a container of their own",
        "checkpointId": "of tuned models",
        "disableExplanations": "explanations are not managed here",
        "enableContainerLogging": "v1beta1 only: disableContainerLogging",
        "explanationSpec": "explanations are not managed here",
        "fasterDeploymentConfig": "Google's own models only",
        "fullFineTunedResources": "v1beta1 only: models that Google tunes",
        "gdcConnectedModel": "Google Distributed Cloud only",
        "id": "deployedModelId: every resource of Pulumi has an id of its own",
        "privateEndpoints": "set by Google for endpoints in a network",
        "rolloutOptions": "v1beta1 only: the service would move the traffic by itself, beside vertex.TrafficSplit",
        "speculativeDecodingSpec": "Google's own models only",
        "status": "changes with the load",
        "systemLabels": _GOOGLES_OWN,
    },
    rules=rules.deployed_model_failures,
    added_labels=(),
)
TRAFFIC_SPLIT = Schema(
    "traffic split", "", TrafficSplitArgs, TrafficSplitOutputs, rules=rules.traffic_split_failures, added_labels=()
)
