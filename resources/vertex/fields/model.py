"""The fields of a model version, and of the registry's model that holds it: name, type and what a change does.

Source: the discovery document of `aiplatform` v1 (projects.locations.models); a test compares names and types with it.
What can be patched is from `UpdateModelRequest`. The API has one schema, Model, for both resources.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from typing_extensions import Required

from resources.schema.fields import Schema, fixed, local, mutable, output, path
from resources.schema.labels import LABEL
from resources.schema.shared_fields import Adopt, AllowDowntime, Owner, Secrets
from resources.schema.types import Free, Input, Texts
from resources.vertex import names, rules
from resources.vertex.fields.container import ModelContainerSpec
from resources.vertex.fields.shared import Drift, Encryption, Location, Project, Waits


class PredictSchemata(TypedDict, total=False):
    """`gs://` addresses of OpenAPI files that describe instances, parameters and predictions."""

    instance_schema_uri: str
    parameters_schema_uri: str
    prediction_schema_uri: str


class ModelVersionArgs(TypedDict, total=False):
    """Arguments of a model version: one upload."""

    project: Project
    location: Location
    model: Required[Annotated[Input[str], path("Id of the model: small letters, digits, - and _, 63 at most.")]]
    name: Required[Annotated[Input[str], path("Its name. The service numbers versions: a label holds the name.")]]
    display_name: Annotated[Input[str], local("Display name of a model that this upload creates.", quiet=True)]
    artifact_uri: Annotated[Input[str], fixed("`gs://` folder of the SavedModel, or its parent; copied at upload.")]
    container_spec: Required[Annotated[Input[ModelContainerSpec], fixed("The container that serves it.")]]
    version_description: Annotated[Input[Free], mutable("What is special about this version.")]
    version_aliases: Annotated[Input[list[str]], mutable("Aliases, `default` excepted; those of others stay.")]
    labels: Annotated[Input[Texts], mutable("Labels of the version; those that others set stay.")]
    predict_schemata: Annotated[PredictSchemata, fixed("What instances and predictions look like.")]
    encryption_spec: Encryption
    service_account: Annotated[Input[str], local("Reads the artifact and the image at upload.")]
    timeouts: Waits
    allow_downtime: AllowDowntime
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class ModelVersionOutputs(TypedDict, total=False):
    """Outputs of a model version."""

    version_id: Annotated[str, output("Its number, in decimal.")]
    version_create_time: Annotated[str, output("When it was uploaded, RFC 3339.")]
    drift: Drift


class ModelArgs(TypedDict, total=False):
    """Arguments of the registry's model, which the first upload of a version creates."""

    project: Project
    location: Location
    model: Required[Annotated[Input[str], path("Id of the model.")]]
    display_name: Annotated[Input[str], mutable("Display name, 128 characters at most.")]
    description: Annotated[Input[Free], mutable("What the model is for.")]
    labels: Annotated[Input[Texts], mutable("Labels, which show on every version; those that others set stay.")]
    default_version: Annotated[Input[str], mutable("Name of the version with the alias `default`.")]
    secrets: Secrets


class ModelOutputs(TypedDict, total=False):
    """It has no outputs beyond its inputs."""


_GOOGLES_OWN = "set by Google"
_LEFT_OUT = {
    "baseModelSource": "of models that Google tunes or offers",
    "checkpoints": _GOOGLES_OWN,
    "createTime": "of the model, beside the version's own time",
    "dataStats": "written by Google's pipelines",
    "defaultCheckpointId": "of tuned models",
    "deployedModels": "changes with every deployment: vertex.DeployedModel",
    "etag": "changes with every change; patches are masked",
    "explanationSpec": "explanations are not managed here",
    "metadata": "belongs to metadataSchemaUri",
    "metadataArtifact": _GOOGLES_OWN,
    "metadataSchemaUri": "of models that Google's pipelines made; the API answers another address than the one sent",
    "modelSourceInfo": _GOOGLES_OWN,
    "originalModelInfo": _GOOGLES_OWN,
    "pipelineJob": "written by Google's pipelines",
    "satisfiesPzi": _GOOGLES_OWN,
    "satisfiesPzs": _GOOGLES_OWN,
    "supportedDeploymentResourcesTypes": _GOOGLES_OWN,
    "supportedExportFormats": _GOOGLES_OWN,
    "supportedInputStorageFormats": _GOOGLES_OWN,
    "supportedOutputStorageFormats": _GOOGLES_OWN,
    "trainingPipeline": _GOOGLES_OWN,
    "updateTime": "changes with every change",
    "versionUpdateTime": "changes with every change",
}
_OF_THE_MODEL = "of the model, which its versions share: vertex.Model"

MODEL_VERSION = Schema(
    "model version",
    "GoogleCloudAiplatformV1Model",
    ModelVersionArgs,
    ModelVersionOutputs,
    left_out={**_LEFT_OUT, "description": _OF_THE_MODEL, "displayName": _OF_THE_MODEL},
    rules=rules.model_version_failures,
    added_labels=(LABEL, names.VERSION_LABEL),
)
MODEL = Schema("model", "", ModelArgs, ModelOutputs, rules=rules.model_failures, added_labels=())
"""The fields that MODEL_VERSION leaves to the registry's model, and the default version."""
