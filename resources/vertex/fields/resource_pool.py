"""The fields of a deployment resource pool: name, type and what a change does.

Source: the discovery document of `aiplatform` v1 (projects.locations.deploymentResourcePools); a test compares names
and types with it. The service can patch replicas, metrics and container logging of a pool.
"""

from __future__ import annotations

from typing import Annotated, TypedDict

from typing_extensions import Required

from resources.schema.fields import Schema, fixed, mutable, output, path
from resources.schema.shared_fields import Adopt, Owner, Secrets
from resources.schema.types import Input
from resources.vertex import rules
from resources.vertex.fields.machine import MACHINES_LEFT_OUT, SCALING_LEAVES, DedicatedResources
from resources.vertex.fields.shared import Drift, Encryption, Location, Preview, Project, Waits


class DeploymentResourcePoolArgs(TypedDict, total=False):
    """Arguments of a pool: machines that several deployed models share."""

    project: Project
    location: Location
    deployment_resource_pool: Required[
        Annotated[Input[str], path("Id: small letters, digits and -, a letter first; 63 at most.")]
    ]
    dedicated_resources: Required[
        Annotated[Input[DedicatedResources], mutable("Machines and replicas.", *SCALING_LEAVES)]
    ]
    disable_container_logging: Annotated[Input[bool], mutable("Turn off the containers' logs.", default="false")]
    service_account: Annotated[Input[str], fixed("Service account that the containers run as.", default="Google's")]
    encryption_spec: Encryption
    preview: Preview
    timeouts: Waits
    owner: Owner
    secrets: Secrets
    adopt: Adopt


class DeploymentResourcePoolOutputs(TypedDict, total=False):
    """Outputs of a pool."""

    create_time: Annotated[str, output("When it was created, RFC 3339.")]
    drift: Drift


_GOOGLES_OWN = "set by Google"

DEPLOYMENT_RESOURCE_POOL = Schema(
    "resource pool",
    "GoogleCloudAiplatformV1DeploymentResourcePool",
    DeploymentResourcePoolArgs,
    DeploymentResourcePoolOutputs,
    left_out={
        **MACHINES_LEFT_OUT,
        "name": "made of project, location and deploymentResourcePool",
        "satisfiesPzi": _GOOGLES_OWN,
        "satisfiesPzs": _GOOGLES_OWN,
    },
    rules=rules.resource_pool_failures,
    added_labels=(),
)
